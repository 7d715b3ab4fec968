//! The written sections of the man page, in the small markup of `page`.

/// The shell language.
pub(super) const LANGUAGE: &str = r#"
The same language is read at the prompt, from `-c`, `-e`, `-f` and standard input, by `source`,
and in aliases. A script is read as a whole first: unknown commands, options and settings are
reported with line and column before anything is run or connected. It then stops at its first
failed command (setting `cmd:fail-exit`); the prompt goes on.

* `;` and the end of a line :: end a command.

* `a && b`, `a || b` :: run b only if a succeeded, or only if it failed. Both bind equally, from
left to right. A failure that `||` catches does not count: `rm old || true` tolerates one.

* `( a; b )` :: is a group: one step for `&&`, `||` and redirections.

* `a &` :: runs a in the background, as does `a && b &` for all of them and `( a; b ) &` for a
group. A job has a connection of its own, keeps the directories and settings with which it began,
and never asks. A script waits for its jobs at its end, and their failures count; Ctrl-C stops
them then. One that was stopped by `kill` does not count.

* `> FILE`, `>> FILE` :: write a command's standard output to a local file, or append it.

* `| COMMAND` :: gives a command's standard output to a command of your shell. Everything behind
the `|` is that shell's, its own pipes, quotes and redirections included, up to the end of the
line or the first `;`, `&`, `&&`, `||` or `)` outside its quotes.

* `! COMMAND` :: runs a command of your shell, and fails if that does. It takes the whole rest of
its line, `;` and `&&` included. `!` alone starts a shell.

* `# text` :: is a comment, from the beginning of a word to the end of the line.

* `'text'`, `"text"`, `\x` :: take the text, or one character, as it is. Between double
quotes a backslash keeps its meaning before a double quote and a backslash. A quote that is not
closed is an error.

* `*`, `?`, `[a-z]` :: match names on the server, or local names in commands that take local
files. A name that begins with a dot needs a dot in the pattern. A pattern that matches nothing is
an error (setting `glob:nomatch`).

* `{a,b}` :: stands for one word for each part, whether such a file exists or not.

* `~` :: is your home directory, for local paths only.

There are no variables and no command substitution: what a server sends is never read as commands.
"#;

/// The sections between the settings and the output.
pub(super) const BEHAVIOUR: &[(&str, &str)] = &[
    (
        "Passwords",
        r#"
There is no option and no command argument that takes a password: other users can see command
lines, and histories keep them. A password comes from `--password-file`, `--password-command` or
`--password-env`; else from the URL, with a warning; else from the netrc file; else, in a program
that was built with it, from the desktop's keyring, where a password that was typed is kept only
after a question; else it is asked for at the terminal. Without any of these the login fails with
exit status 7. `anonymous` is used only where it is asked for. The login for a proxy (`net:proxy`)
comes from the proxy's URL, the netrc file or a question, and is given only if the proxy wants it.
"#,
    ),
    (
        "Trust",
        r#"
First TLS is set up, then the certificate is judged, and only then are the user name and the
password sent. There is no login without TLS. A host and port that are known are judged by what is
remembered of them:

* the same certificate :: is accepted.

* a new certificate with the same public key :: is a renewal: accepted, remembered, and told.

* anything else :: has `changed`. Nobody is asked, the connection ends, and the exit status is 6.
If the change is as it should be, `trust remove HOST:PORT` forgets the old certificate.

A host that is not known is accepted and remembered if the system's roots vouch for its certificate
and its name. If such a host later shows a certificate that they do not vouch for, that is a
change. Any other certificate is `unknown`: at a terminal its names, validity and SHA-256
fingerprint are shown, and the answer is `yes` (accept and remember), `once` (accept for this run),
`no`, or the fingerprint typed back. Without a terminal the exit status is 5.

Every data connection must resume the TLS session of the control connection, or show the very same
certificate; otherwise the transfer fails before a byte of the file moves. Once one has resumed the
session, all of that control connection must: where the server has forgotten it, the connection is
made anew.

The servers are remembered in `known_servers`, one line each:

    [HOST]:PORT cert=SHA256:... key=SHA256:... first=TIME last=TIME why=WORD

`cert` and `key` are the SHA-256 of the certificate and of its public key, in DER, as unpadded
base64. WORD is `ca`, `yes`, `accept-new`, `fingerprint`, `add` or `import`. A certificate that had
expired, was not yet valid or was for another name when it was accepted has `except=` with the
words `expired`, `early` and `name`. What becomes wrong later with a remembered certificate is
warned about, until `trust add` notes that it is meant, and so is, two weeks ahead, that it will
expire. Other fields are kept.
A line that cannot be read makes the connection to its host fail, and to no other. Fingerprints may
be given in hexadecimal as well, with or without colons.

An administrator may keep such a file for all users, `/etc/ftpsh/known_servers`. It stands behind
the user's own, is only read, and must not be writable by others than its owner. `trust list` says
which entry is from where; `trust add` puts one of the user's own before it.

Hosts that show one certificate share an entry under the name that `trust:alias` gives them:

    set trust:alias/ftp*.example.org ftp.example.org
"#,
    ),
    (
        "Transfers",
        r#"
A transfer has succeeded when the data stream ended with a proper end of TLS, as many bytes came
as the file is long (where that is known), and the server's completion reply is 226 or 250.
Anything else is a failure that says what was missing. One exception: a whole file by its known
size, with reply 226, on a stream that was not properly ended, is a success with a warning.

A download is written to `.NAME.ftpsh-part` beside its target (shortened where that name would be
too long) and renamed when it is whole: the target holds the old file, nothing, or the whole new
one. The modification time is kept in both directions where the server can tell or take it.

An existing local file is asked about at the prompt and refused in a script; `--overwrite` and the
setting `xfer:overwrite` decide otherwise. Uploads replace remote files, unless
`xfer:overwrite-remote` says otherwise.

A lost connection is made again after a pause that doubles each time, at most `net:max-retries`
times; the certificate is judged again, and the transfer goes on where it stopped. Replies 4yz may
be tried again, replies 5yz are final. Ctrl-C stops the command that runs and leads back to the
prompt.

Names that a server sends are one component of a path: no `..`, no slash and no control character.
One that is not is refused, shown escaped, and makes the command fail. Nothing is written outside
the target directory: directories are held open while they are worked in, and a link in the place
of one is refused, whenever it appears. Two names that the disk takes for one file (`Same` and `same`)
are an error, and so is a name that FAT would change. Names need not be UTF-8: their bytes survive a round trip. A server that does
not name UTF8 among its features (`feat`) is read and written in `net:charset`, and what that
character set cannot hold is refused before it is sent. Local names are UTF-8.
"#,
    ),
];

/// What goes where, before the table of JSON objects.
pub(super) const OUTPUT: &str = r#"
Standard output holds data only. Prompts, notices, warnings, progress and errors go to standard
error. Progress bars appear only on a terminal. Whatever a server sends is escaped before it
reaches a terminal, and passed on as it is into files and pipes.

With `--json` each line of standard output is one object with a `type`. Times are RFC 3339 in UTC,
sizes are integers, what is not known is `null`. A name whose bytes are not UTF-8 has U+FFFD in
their place and a second field, `name_base64` for `name`, with the bytes. Later versions may add
fields and never take any away. The types are:
"#;

/// The sections at the end.
pub(super) const CLOSING: &[(&str, &str)] = &[
    (
        "Audit log",
        r#"
The option `--log-file` and the setting `log:file` name a file to which one JSON object is added
for each `event`: `connect`, `trust`, `login`, `transfer`, `delete`, `mkdir`, `rename`, `chmod`,
`touch`, and `command` for what `quote`, `site` and `ln` send that may change something; also of
background jobs and of the connections of `mirror` and `-P`. Each has `time`, `pid` and, as far as
they are known, `host`, `port` and `user`; `status` is `ok` or the name of a cause (see EXIT
STATUS), and then `error` says more. Paths are absolute, and a file that is shown instead of stored
has the local name `-`. A transfer's `resumed` says whether its data connection resumed the TLS
session of the control connection; where it is false the same certificate vouched for it. Passwords
never come into it. New files have mode 0600.

Rotation is left to others: after the file was moved away, SIGHUP makes the program open it anew.
"#,
    ),
    (
        "Signals",
        r#"
* `SIGINT` (Ctrl-C) :: stops the command that runs; a second one leaves.

* `SIGTERM` :: stops everything and leaves with status 143. What is unfinished can be resumed.

* `SIGHUP` :: opens the audit log anew, if there is one. Where there is none, and when the terminal
has gone, it is as SIGTERM; under `nohup` it is ignored then.
"#,
    ),
    (
        "Environment",
        r#"
* `FTPSH_HOME` :: One directory for configuration, data and state.

* `FTPSH_SYSTEM` :: The directory of the system's `known_servers`, instead of `/etc/ftpsh`; empty for none.

* `NO_COLOR`, `CLICOLOR_FORCE` :: No colours, or colours without a terminal too. `--color` comes
before both.

* `LS_COLORS` :: Colours of names in listings.

* `PAGER`, `VISUAL`, `EDITOR`, `SHELL` :: The programs for paging and editing, and the shell for
`!` and `|`.

* `SSL_CERT_FILE`, `SSL_CERT_DIR` :: Where the system's roots are, instead of OpenSSL's own places.

* `NETRC` :: The netrc file, instead of `~/.netrc`.
"#,
    ),
    (
        "Files",
        r#"
The directories are those of the platform; under Linux `~/.config`, `~/.local/share` and
`~/.local/state` or what the XDG variables say. `FTPSH_HOME` moves all files together.

* `~/.config/ftpsh/ftpshrc` :: The start-up file: a script, run before everything else.

* `~/.config/ftpsh/bookmarks` :: The bookmarks, `NAME URL` on each line, without passwords.

* `~/.local/share/ftpsh/known_servers` :: The trust store, see TRUST.

* `/etc/ftpsh/known_servers` :: The administrator's trust store, only read.

* `~/.local/state/ftpsh/history` :: The prompt's history, without secrets.

* `~/.netrc` :: User names and passwords for hosts. It is read only if nobody else can read it.
Its `default` entry goes only to a host whose certificate the system's roots vouch for.
"#,
    ),
    (
        "Examples",
        r#"
A shell on a server, asking for what is missing:

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
