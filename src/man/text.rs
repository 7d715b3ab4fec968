//! The written sections of the man page, in the small markup of `page`.

/// The shell language.
pub(super) const LANGUAGE: &str = r#"
The same language is used at the prompt, with `-c`, `-e`, `-f` and standard input, by `source`,
and in aliases. A script is first validated as a whole: unknown commands, options and settings
are reported with line and column before anything is run or connected. It stops at its first
failed command (setting `cmd:fail-exit`); the prompt continues.

* `;` and the end of a line :: end a command.

* `a && b`, `a || b` :: run b only if a succeeded, or only if it failed. Both have the same
precedence and group from left to right. A failure handled by `||` does not count: `rm old ||
true` ignores one.

* `( a; b )` :: is a group: a single command for `&&`, `||` and redirections.

* `a &` :: runs a in the background; `a && b &` and `( a; b ) &` run a list or a group. A job has
its own connection, keeps the directories and settings in effect when it was started, and never
asks. At its end a script waits for its jobs and their failures count; Ctrl-C then stops them. A
job stopped by `kill` does not count as a failure.

* `> FILE`, `>> FILE` :: write a command's standard output to a local file, or append it.

* `| COMMAND` :: pipes a command's standard output to a command of your shell. Everything after
the `|` is passed to that shell, including its pipes, quotes and redirections, up to the end of
the line or the first `;`, `&`, `&&`, `||` or `)` outside quotes.

* `! COMMAND` :: runs a command of your shell, and fails if it fails. It takes the rest of the
line, `;` and `&&` included. `!` alone starts a shell.

* `# text` :: is a comment, from the beginning of a word to the end of the line.

* `'text'`, `"text"`, `\x` :: quote text, or one character, literally. Inside double quotes a
backslash escapes a double quote or a backslash. An unclosed quote is an error.

* `*`, `?`, `[a-z]` :: match names on the server, or local names in commands that take local
files. A name that begins with a dot needs a dot in the pattern. A pattern that matches nothing is
an error (setting `glob:nomatch`).

* `{a,b}` :: expands to one word for each part, whether or not such a file exists.

* `~` :: is your home directory, for local paths only.

There are no variables and no command substitution: what a server sends is never read as commands.
"#;

/// The prompt, before its keys.
pub(super) const PROMPT: &str = r#"
The prompt is set by `cmd:prompt` and coloured where colour is on (`--color`, `NO_COLOR`). `help keys`
shows these keys and marks:
"#;

/// The sections between the settings and the output.
pub(super) const BEHAVIOUR: &[(&str, &str)] = &[
    (
        "Passwords",
        r#"
A password comes from `--password-file`, `--password-command` or `--password-env`; else from the
URL or `-u NAME,PASSWORD`; else from the netrc file; else, if built with keyring support, from the
desktop's keyring, where a typed password is stored only after a question; else it is asked for at
the terminal. Without any of these the login fails with exit status 7. `user NAME PASSWORD` and
`open -u NAME,PASSWORD` log in with that password. A password is never shown, logged or kept in the
history; but other users can see the arguments of a process, so one line warns of a password in
them (not with `-q`). `anonymous` is used only if it is given. The login for a proxy (`net:proxy`) comes from
the proxy's URL, the netrc file or a question, and is given only if the proxy wants it.
"#,
    ),
    (
        "Trust",
        r#"
TLS is set up first, then the certificate is verified, and only then are the user name and the
password sent. There is no login without TLS. The certificate of a known host and port is
compared with the remembered one:

* the same certificate :: is accepted.

* a new certificate with the same public key :: is a renewal: accepted, remembered and reported.

* anything else :: has `changed`. Nothing is asked, the connection is closed, and the exit status
is 6. If the change is legitimate, `trust remove HOST:PORT` removes the old certificate.

An unknown host is accepted and remembered if the system's CA roots verify its certificate and
name. If such a host later presents a certificate that they do not verify, that is a change. Any
other certificate is `unknown`: at a terminal its names, validity and SHA-256 fingerprint are
shown, and the answer is `yes` (accept and remember), `once` (accept for this run), `no`, or the
fingerprint, typed in full. Without a terminal the exit status is 5.

Every data connection must resume the TLS session of the control connection, or present the same
certificate; otherwise the transfer fails before any file data is sent. Once a data connection
has resumed the session, all others of that control connection must, too; if the server has
dropped the session, ftpsh reconnects.

The servers are remembered in `known_servers`, one line each:

    [HOST]:PORT cert=SHA256:... key=SHA256:... first=TIME last=TIME why=WORD

`cert` and `key` are the SHA-256 of the certificate and of its public key, in DER, as unpadded
base64. WORD is `ca`, `yes`, `accept-new`, `fingerprint`, `add` or `import`. A certificate that
had expired, was not yet valid or was for another name when it was accepted has `except=` with
the words `expired`, `early` and `name`. If a remembered certificate later expires or does not
match the name, there is a warning until `trust add` accepts it; there is also a warning two
weeks before it expires. `roots=ca-file` means that it was valid with the roots of the setting
`tls:ca-file`. Unknown fields are kept. An unreadable line makes connections to its
host fail, and no others. Fingerprints may also be hexadecimal, with or without colons.

An administrator may keep such a file for all users, `/etc/ftpsh/known_servers`. The user's own
file takes precedence; the system's is only read, and must be writable only by its owner. `trust
list` shows which file an entry is from; `trust add` adds an entry of the user's that takes
precedence.

Hosts with the same certificate can share an entry under a name set with `trust:alias`:

    set trust:alias/ftp*.example.org ftp.example.org
"#,
    ),
    (
        "Transfers",
        r#"
A transfer has succeeded when the data stream ended with a proper end of TLS, as many bytes came
as the file is long (where that is known), and the server's completion reply is 226 or 250.
Anything else is a failure that says what was missing. One exception: if the file has its known
size and the reply is 226, but the stream did not end properly, the transfer succeeds with a
warning.

A download is written to `.NAME.ftpsh-part` beside its target (shortened where that name would be
too long) and renamed when it is complete: the target is always the old file, nothing, or the
complete new file. The modification time is preserved in both directions if the server supports
it. With `xfer:sync always` that survives a power failure, too; `xfer:sync never` also misses errors
that disks of other machines report late.

A file that changes on the server while it is transferred may arrive as parts of two versions. With
`xfer:verify stable` its size and time are asked for before and after, and it is fetched again if
they differ, at most `net:max-retries` times; then it fails. A server that tells no time cannot
show a change of the same size; a warning says so.

A full disk or quota, on the server (replies 452 and 552) or here, ends `mirror`, `put` and `get`
after the third file in a row. The message says what was done and what is left.

If a local file exists, the prompt asks before replacing it and a script fails; `--overwrite` and
the setting `xfer:overwrite` change that. If a remote file exists, the prompt asks as well and a
script replaces it, unless `xfer:overwrite-remote` says otherwise; what is replaced at the prompt
goes up under a temporary name and is renamed (`xfer:atomic`).

After a lost connection ftpsh reconnects with an exponential back-off, at most `net:max-retries`
times; the certificate is verified again, and the transfer is resumed. Commands that fail with a
reply 4yz may be retried, replies 5yz are final. Ctrl-C stops the running command and returns to
the prompt.

A name that a server sends must be a single path component: no `..`, no slash and no control
character. Any other name is refused, shown escaped, and makes the command fail. Nothing is
written outside the target directory: directories are kept open while in use, and a link in place
of a directory is refused, whenever it appears. Two names that are the same file on the local
disk (`Same` and `same`) are an error, and so is a name that FAT would change. Names need not be
UTF-8: their bytes survive a round trip. A server that does not name UTF8 among its features
(`feat`) is accessed in `net:charset`; a name that this character set cannot represent is refused
before it is sent. Local names are UTF-8.
"#,
    ),
];

/// The streams, before the table of JSON objects.
pub(super) const OUTPUT: &str = r#"
Standard output holds data only. Prompts, notices, warnings, progress and errors go to standard
error. Progress bars appear only on a terminal. Text from a server is escaped on a terminal and
passed unchanged into files and pipes.

With `--json` each line of standard output is one object with a `type`. Times are RFC 3339 in
UTC, sizes are integers, what is not known is `null`. In a name that is not UTF-8 the invalid
bytes are replaced with U+FFFD, and a second field, `name_base64` for `name`, has the original
bytes. Later versions may add fields and never remove any. The types are:
"#;

/// The sections at the end.
pub(super) const CLOSING: &[(&str, &str)] = &[
    (
        "Audit log",
        r#"
The option `--log-file` and the setting `log:file` name a file to which one JSON object is added
for each `event`: `connect`, `trust`, `login`, `transfer`, `delete`, `mkdir`, `rename`, `chmod`,
`touch`, and `command` for commands sent by `quote`, `site` and `ln` that may change something;
background jobs and the connections of `mirror` and `-P` included. Each event has `time`, `pid`
and, if known, `host`, `port` and `user`; `status` is `ok` or a kind of failure (see EXIT STATUS)
with details in `error`. Paths are absolute; a file that is displayed instead of stored has the
local name `-`. A transfer's `resumed` says whether its data connection resumed the TLS session
of the control connection; if it is false, the server presented the same certificate. Passwords
are never logged. New files have mode 0600.

For log rotation: after the file has been renamed, SIGHUP makes the program reopen it.
"#,
    ),
    (
        "Signals",
        r#"
* `SIGINT` (Ctrl-C) :: stops the running command; a second one exits.

* `SIGTERM` :: stops everything and exits with status 143. Unfinished transfers can be resumed.

* `SIGHUP` :: reopens the audit log, if there is one. Without one, and after the terminal has
hung up, it is treated as SIGTERM; under `nohup` it is then ignored.
"#,
    ),
    (
        "TLS policy and FIPS",
        r#"
OpenSSL's configuration applies: its file (`OPENSSL_CONF` names another one) can restrict versions,
ciphers, groups and signatures, and load a FIPS provider (`default_properties = fips=yes`). ftpsh
allows nothing that the configuration forbids. `status` shows OpenSSL's version, the providers that are
loaded, whether FIPS is enforced, and the system's policy. With FIPS enforced, connections, resumed
sessions, fingerprints, SHA-2 checksums and client certificates in PEM work. What does not: PKCS#12
files whose protection is not approved (convert them to PEM), keys encrypted in the traditional PEM
format, and `xfer:verify hash` with a server that offers MD5 only, which fails. `doctor` cannot tell
whether a server offers TLS 1.0 and 1.1 then.

`tls:cert-file` is a client certificate: PEM, with the key in the same file or in `tls:key-file`, or
PKCS#12. An encrypted key's passphrase is asked for at the terminal, once a run.
"#,
    ),
    (
        "Times",
        r#"
MDTM, MFMT and MLSD have times in UTC; LIST has the server's local time. vsftpd with
`use_localtime=YES`, the default on Debian, has local time in MDTM, too. `ftp:timezone auto` finds both
out: LIST is compared with MDTM for one file, and MDTM with this machine's clock for a file that was
just uploaded (or written by `doctor --write`). What an upload has shown is remembered, and corrected
by the next one, so also when summer time begins or ends. Nothing is concluded from older files:
before the first upload, such a server's times are taken for UTC. A zone that is set, such as
`set ftp:timezone/HOST +02:00`, applies to LIST, and to MDTM and MFMT on vsftpd and on servers whose
LIST and MDTM agree.
"#,
    ),
    (
        "Environment",
        r#"
* `FTPSH_HOME` :: One directory for configuration, data and state.

* `FTPSH_SYSTEM` :: The directory of the system's `known_servers`, instead of `/etc/ftpsh`; empty for none.

* `NO_COLOR`, `CLICOLOR_FORCE` :: Disable colours, or enable them without a terminal. `--color`
takes precedence over both.

* `LS_COLORS` :: Colours of names in listings.

* `PAGER`, `VISUAL`, `EDITOR`, `SHELL` :: The programs for paging and editing, and the shell for
`!` and `|`.

* `SSL_CERT_FILE`, `SSL_CERT_DIR` :: Where the system's CA roots are, instead of OpenSSL's
defaults; in a program with OpenSSL built in (`ftpsh --version` says so), instead of where the usual
systems have them.

* `OPENSSL_CONF` :: OpenSSL's configuration, instead of the system's `openssl.cnf`. A program with
OpenSSL built in reads no other.

* `NETRC` :: The netrc file, instead of `~/.netrc`.

* `ftp_proxy`, `ftps_proxy`, `all_proxy`, `no_proxy` :: The proxy to use where `net:proxy` is empty
and `net:use-env-proxy` is yes: `ftp_proxy` for ftp:// (explicit TLS), `ftps_proxy` for ftps://, else
`all_proxy`; each also in upper case, lower case first. The value is `http://HOST:PORT` (the default
scheme; CONNECT) or `socks5://HOST:PORT`; the default port is 1080. Any other kind of proxy, such as
`ftp://`, is an error. `no_proxy` lists what is reached directly, separated by commas or blanks: host
names and domains (with or without a leading dot), addresses, networks such as 10.0.0.0/8, or a
single `*` for all.
"#,
    ),
    (
        "Files",
        r#"
The directories are those of the platform; on Linux `~/.config`, `~/.local/share` and
`~/.local/state`, or as set by the XDG variables. `FTPSH_HOME` replaces all of them with one
directory.

* `~/.config/ftpsh/ftpshrc` :: The start-up file: a script that is run first.

* `~/.config/ftpsh/bookmarks` :: The bookmarks, `NAME URL` on each line, without passwords.

* `~/.local/share/ftpsh/known_servers` :: The trust store, see TRUST.

* `/etc/ftpsh/known_servers` :: The administrator's trust store (read-only).

* `~/.local/state/ftpsh/history` :: The prompt's history, without secrets.

* `~/.local/state/ftpsh/server_clocks` :: Servers that report local time in MDTM, with its offset in
minutes, as an upload has shown.

* `~/.netrc` :: User names and passwords for hosts. It is used only if no other user can read it.
Its `default` entry is used only for a host whose certificate the system's CA roots verify.
"#,
    ),
    (
        "Examples",
        r#"
A shell on a server, asking for user name and password:

    ftpsh ftp.example.org

One command in a script. The password comes from a file, and the certificate is the one that
`ftpsh trust scan` printed before:

    ftpsh -u bob --password-file ~/.ftp-pass --fingerprint SHA256:... \
        -c 'get -O /srv/in report.pdf' ftp.example.org

A script on standard input, implicit TLS, stopping at the first failure:

    ftpsh ftps://bob@ftp.example.org/incoming < nightly.ftpsh

A listing for another program:

    ftpsh --json -c 'ls docs' ftp.example.org | jq -r 'select(.type == "entry") | .name'
"#,
    ),
    (
        "See also",
        r#"
`curl`(1), `lftp`(1), `sftp`(1), `netrc`(5); RFC 959 (FTP), RFC 2228 and RFC 4217 (FTP with TLS),
RFC 3659 (MLST, SIZE, MDTM, REST), RFC 2428 (EPSV).
"#,
    ),
];
