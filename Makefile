# make build     the program, optimised             make check    format, lints, tests, documentation
# make demo      ftpsh on a temporary server       make test     check's tests with real servers
# make bench     ftpsh against lftp, curl and rclone, on real servers
# make install   PREFIX=/usr/local, DESTDIR=        make deps     what a build needs (Debian, Ubuntu)
# make lint      shell scripts (shellcheck) and spelling (typos)
# make style     format, lints and documentation: check without its tests
# make check-systems   compiles for macOS and FreeBSD, without linking, and with the oldest Rust
# make deny      licences, sources and known vulnerabilities of dependencies (cargo-deny)
# make dist      what a release has, in target/dist: static programs, .deb, source, sums (needs rustup)
# make fuzz      every parser on random input, FUZZ_SECONDS=600 each (nightly Rust and cargo-fuzz)
# make picture   docs/session.svg, from a session of the program
# make generate  the man page and the completion scripts, as the program prints them; the picture of the results

PREFIX ?= /usr/local
CARGO ?= cargo
TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)
# What is installed and released: the client, and the server of `ftpsh demo`.
PROGRAMS = ftpsh ftpsh-playground
BINARIES = $(PROGRAMS:%=$(TARGET_DIR)/release/%)

bindir = $(DESTDIR)$(PREFIX)/bin
mandir = $(DESTDIR)$(PREFIX)/share/man/man1
bashdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fishdir = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

# What a build needs, and what the tests need on top of it.
BUILD_PACKAGES = libssl-dev pkg-config gcc libc6-dev
# The last line is for disks that fold names, which few kernels mount by themselves.
TEST_PACKAGES = curl less lftp openssl python3 python3-venv zsh fish mandoc \
	fuse3 exfat-fuse exfatprogs ntfs-3g python3-fusepy
# OpenSSL's configuration is a Perl program.
DIST_PACKAGES = perl make xz-utils python3-venv gcc libc6-dev
LINT_PACKAGES = shellcheck python3-venv
# And what the benchmarks compare with.
BENCH_PACKAGES = curl lftp rclone time python3

DENY_VERSION = 0.20.2
# `make deny DENY=all` in CI, which can fetch the list of vulnerabilities.
DENY = bans licenses sources
LINT_TOOLS = $(TARGET_DIR)/lint
TYPOS = $(LINT_TOOLS)/bin/typos
SCRIPTS = $(shell git ls-files | xargs grep -lE '^\#!.*(bash|/sh)$$')

# Systems that the code must compile for, beside the one it is built on.
SYSTEMS = aarch64-apple-darwin x86_64-unknown-freebsd

.PHONY: build dist deny check style test lint check-systems bench demo fuzz generate picture install uninstall deps test-deps ci-deps

build: deps
	$(CARGO) build --release --locked --workspace $(PROGRAMS:%=--bin %)

check: style
	$(CARGO) test --locked --workspace --no-fail-fast

style: deps
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items

# FTPSH_SERVERS is set for the tests: a real server that is missing is then a failure.
test: test-deps
	tests/servers/with $(CARGO) test --locked --workspace --no-fail-fast

lint: $(TYPOS)
	@tests/servers/install-packages $(LINT_PACKAGES)
	shellcheck --external-sources --source-path=SCRIPTDIR $(SCRIPTS)
	$(TYPOS)

$(TYPOS):
	@tests/servers/install-packages $(LINT_PACKAGES)
	python3 -m venv $(LINT_TOOLS)
	$(LINT_TOOLS)/bin/pip install --quiet --disable-pip-version-check typos==1.52.0

deny: deps $(LINT_TOOLS)/bin/cargo-deny
	PATH="$(LINT_TOOLS)/bin:$$PATH" $(CARGO) deny --locked --all-features check $(DENY)

$(LINT_TOOLS)/bin/cargo-deny:
	$(CARGO) install --quiet --locked --root $(LINT_TOOLS) cargo-deny@$(DENY_VERSION)

check-systems: deps
	packaging/check-systems $(SYSTEMS)

# The table goes to standard output; benches/run says what can be set.
bench: deps
	@tests/servers/install-packages $(BENCH_PACKAGES)
	$(CARGO) build --release --locked --bin ftpsh --example limit --example relay
	tests/servers/with benches/run

dist:
	@tests/servers/install-packages $(DIST_PACKAGES)
	packaging/dist $(DIST_TARGETS)

demo: deps
	@$(CARGO) build --locked --workspace $(PROGRAMS:%=--bin %)
	@$(TARGET_DIR)/debug/ftpsh demo

# The short run of the same checks is in tests/it/fuzz.rs. fuzz/run says what can be set.
fuzz:
	@fuzz/run

# Built first: a program that does not compile must not leave empty files behind.
generate:
	$(CARGO) build --quiet --locked --bin ftpsh
	$(CARGO) run --quiet --locked --bin ftpsh -- man > man/ftpsh.1
	$(CARGO) run --quiet --locked --bin ftpsh -- completions bash > completions/ftpsh.bash
	$(CARGO) run --quiet --locked --bin ftpsh -- completions zsh > completions/_ftpsh
	$(CARGO) run --quiet --locked --bin ftpsh -- completions fish > completions/ftpsh.fish
	benches/plot > benches/speed.svg
	benches/plot --readme

picture:
	FTPSH_WRITE_PICTURE=1 $(CARGO) test --quiet --locked --test pty picture

# Nothing is compiled here (it may run as root) unless there is no program yet.
install: $(BINARIES)
	install -d $(bindir)
	install -m755 $(BINARIES) $(bindir)
	install -Dm644 man/ftpsh.1 $(mandir)/ftpsh.1
	install -Dm644 completions/ftpsh.bash $(bashdir)/ftpsh
	install -Dm644 completions/_ftpsh $(zshdir)/_ftpsh
	install -Dm644 completions/ftpsh.fish $(fishdir)/ftpsh.fish

$(BINARIES):
	$(MAKE) build

uninstall:
	rm -f $(PROGRAMS:%=$(bindir)/%) $(mandir)/ftpsh.1 $(bashdir)/ftpsh $(zshdir)/_ftpsh $(fishdir)/ftpsh.fish

deps:
	@CARGO="$(CARGO)" packaging/require-rust
	@tests/servers/install-packages $(BUILD_PACKAGES)

test-deps:
	@CARGO="$(CARGO)" packaging/require-rust
	@tests/servers/install-packages $(sort $(BUILD_PACKAGES) $(TEST_PACKAGES))

# All of .ci/run's at once: who is not root is told one line, not four.
ci-deps:
	@CARGO="$(CARGO)" packaging/require-rust
	@tests/servers/install-packages $(sort $(BUILD_PACKAGES) $(TEST_PACKAGES) $(LINT_PACKAGES))
