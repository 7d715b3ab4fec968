# Gets the servers' programs. Needs lib.sh.
#
# The Debian packages conflict with each other, so they are unpacked into $PACKAGES with the
# libraries that the machine lacks; nothing is installed.
# shellcheck shell=bash

SERVER_PACKAGES=(vsftpd libpam-pwdfile proftpd-core proftpd-mod-crypto pure-ftpd pure-ftpd-common)
LIBRARIES=$PACKAGES/usr/lib/$(uname -m)-linux-gnu:$PACKAGES/lib/$(uname -m)-linux-gnu

# find_program NAME: its path among the unpacked packages.
find_program() { echo "$PACKAGES/usr/sbin/$1"; }

# unpack PACKAGE...: downloads and unpacks, without installing.
unpack() {
    local archive
    mkdir -p "$PACKAGES/archives"
    (cd "$PACKAGES/archives" && apt-get -o APT::Sandbox::User=root download -q "$@") \
        >>"$PACKAGES/log" 2>&1 || return 1
    for archive in "$PACKAGES"/archives/*.deb; do
        dpkg -x "$archive" "$PACKAGES"
    done
    rm -rf "$PACKAGES/archives"
}

# direct_libraries PACKAGE: the library packages that it depends on, by name.
direct_libraries() {
    apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances "$1" | sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p'
}

# lacking: the shared libraries that the servers do not find, a name a line.
lacking() {
    LD_LIBRARY_PATH=$LIBRARIES \
        ldd "$(find_program vsftpd)" "$(find_program proftpd)" "$(find_program pure-ftpd)" \
        "$PACKAGES/usr/lib/proftpd/mod_tls.so" | sed -n 's/^[[:space:]]*\(.*\) => not found/\1/p' |
        sort -u
}

# unpack_all PACKAGE...: with the libraries that the machine lacks, and those that they need in turn.
unpack_all() {
    local package library wanted missing unpacked=()
    # Package lists may be missing (containers) or out of date (404): then fetch them once.
    if ! unpack "$@"; then
        apt-get update -q >>"$PACKAGES/log" 2>&1 || die "apt-get update: see $PACKAGES/log"
        unpack "$@" || die "cannot download $*: see $PACKAGES/log"
    fi
    wanted=("$@")
    while [ ${#wanted[@]} -gt 0 ]; do
        missing=()
        for package in "${wanted[@]}"; do
            for library in $(direct_libraries "$package"); do
                if dpkg -s "$library" >/dev/null 2>&1; then continue; fi
                [[ " ${unpacked[*]} " == *" $library "* ]] || missing+=("$library")
                unpacked+=("$library")
            done
        done
        if [ ${#missing[@]} -gt 0 ]; then
            unpack "${missing[@]}" || die "cannot download ${missing[*]}: see $PACKAGES/log"
        fi
        wanted=("${missing[@]}")
    done
}

get_packages() {
    if [ -e "$PACKAGES/complete" ]; then return; fi
    mkdir -p "$PACKAGES"
    unpack_all "${SERVER_PACKAGES[@]}"
    [ -z "$(lacking)" ] || die "the servers lack libraries: $(lacking | tr '\n' ' ')"
    touch "$PACKAGES/complete"
}

get_pyftpdlib() {
    if [ -x "$STATE/venv/bin/python" ] &&
        "$STATE/venv/bin/python" -c 'import pyftpdlib, OpenSSL' 2>/dev/null; then
        return
    fi
    rm -rf "$STATE/venv"
    python3 -m venv "$STATE/venv" || die "python3 -m venv failed: is python3-venv installed?"
    "$STATE/venv/bin/pip" install -q --disable-pip-version-check pyftpdlib pyOpenSSL \
        >"$STATE/pip.log" 2>&1 || die "cannot install pyftpdlib: see $STATE/pip.log"
}
