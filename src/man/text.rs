//! The written sections of the man page, in the small markup of `page`.

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
