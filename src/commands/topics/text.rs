//! The texts of the topics, in the markup of [`super`].

/// A first session.
pub(super) const TOUR: &str = r#"
A first session on the temporary server of `ftpsh demo`; for a server of your own it is `ftpsh HOST`.
The certificate is shown at the first visit: compare the fingerprint with what the server's
administrator says, and type `yes`.

    The certificate of 127.0.0.1, port 40107, is not trusted:
      it is self-signed
    Subject:     CN=localhost
    Names:       localhost, 127.0.0.1
    Issuer:      CN=localhost
    Valid:       2026-11-20 to 2026-12-21
    Key:         EC P-256
    Fingerprint: SHA256:tCIXFI+VMYCKBnoREJ2wiIgmi9nX8RCvs2IdV6VeuMs
    Trust this server (yes/once/no/fingerprint) [no]? yes
    127.0.0.1:40107: remembered in /tmp/playground/ftpsh/known_servers
    Password for guest@127.0.0.1:
    ftpsh guest@127.0.0.1:40107:/> ls data
    Mode      Size  Modified          Name
    ─────────────────────────────────────────────
    -     67108864  2026-11-22 07:05  big.bin
    -        19591  2026-11-22 07:05  numbers.csv
    ftpsh guest@127.0.0.1:40107:/> get data/numbers.csv
    data/numbers.csv -> numbers.csv: 19.1 KiB in 0.0s
    ftpsh guest@127.0.0.1:40107:/> cat data/numbers.csv | head -2
    n,square,cube
    1,1,1
    ftpsh guest@127.0.0.1:40107:/> mirror docs
    docs: 6 files (209 B) in 0.1s, 2 directories created
    ftpsh guest@127.0.0.1:40107:/> mirror docs
    docs: up to date (6 files)
    ftpsh guest@127.0.0.1:40107:/> cd docs && ls -1
    guide
    index.md
    ftpsh guest@127.0.0.1:40107:/docs> exit

At the next visit the certificate is known: nothing is asked, and a change is refused. `get -c` resumes
a download, `put` and `mirror -R` upload, Ctrl-C stops a command. Tab completes names on both sides,
`help` lists the commands, and `help get` explains one.

The same language runs in scripts, where nothing is asked, and each cause of failure has its exit
status:

    ftpsh -u guest --password-file FILE -c 'get data/numbers.csv' HOST
"#;

/// The shell language.
pub(super) const SCRIPTS: &str = r#"
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
pub(super) const KEYS: &str = r#"
The prompt is set by `cmd:prompt` and coloured where colour is on (`--color`, `NO_COLOR`). These are its
keys, and the marks that it and the output can have:
"#;

/// Settings in general.
pub(super) const SETTINGS: &str = r#"
`set NAME VALUE` changes a setting, `--set NAME=VALUE` changes it for one run, `set` in the start-up
file for every run. `set` shows the settings that differ from their defaults, `set -a` all of them,
`set -u NAME` resets one to its default, `help NAME` explains one. Names can be abbreviated as long as
they are unique. Some settings can have values for certain hosts: `set NAME/HOST VALUE`, where HOST may
contain `*` and `?`; in the man page they are marked with +.

Yes and no can also be written as on and off, true and false, 1 and 0. Times take the units `ms`, `s`,
`m` and `h` (default: seconds), sizes and rates `k`, `M` and `G` (default: bytes).
"#;

/// Where passwords come from.
pub(super) const PASSWORDS: &str = r#"
A password comes from `--password-file`, `--password-command` or `--password-env`; else from the
URL or `-u NAME,PASSWORD`; else from the netrc file; else, if built with keyring support, from the
desktop's keyring, where a typed password is stored only after a question; else it is asked for at
the terminal. Without any of these the login fails with exit status 7. `user NAME PASSWORD` and
`open -u NAME,PASSWORD` log in with that password. A password is never shown, logged or kept in the
history; but other users can see the arguments of a process, so one line warns of a password in
them (not with `-q`). `anonymous` is used only if it is given. The login for a proxy (`net:proxy`) comes from
the proxy's URL, the netrc file or a question, and is given only if the proxy wants it.
"#;

/// Certificates.
pub(super) const TRUST: &str = r#"
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
"#;

/// Transfers.
pub(super) const TRANSFERS: &str = r#"
A transfer has succeeded when the data stream ended with a proper end of TLS, as many bytes came
as the file is long (where that is known), and the server's completion reply is 226 or 250.
Anything else is a failure that says what was missing. One exception: if the file has its known
size and the reply is 226, but the stream did not end properly, the transfer succeeds with a
warning.

A download is written to `.NAME.ftpsh-part` beside its target (shortened where that name would be
too long) and renamed when it is complete: the target is always the old file, nothing, or the
complete new file. The modification time is preserved in both directions if the server supports
it. With `xfer:sync always` that survives a power failure, too; `xfer:sync never` also misses errors
that network file systems report late.

A file that changes on the server while it is transferred may arrive as parts of two versions. With
`xfer:verify stable` its size and time are asked for before and after, and it is fetched again if
they differ, at most `net:max-retries` times; then it fails. Where the server reports no time, a
change of the same size cannot be seen; a warning says so.

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
"#;

/// Mirrors with a manifest, and its format.
pub(super) const MANIFESTS: &str = r#"
`mirror -R --manifest SOURCE TARGET` keeps a list of what mirrors have put into TARGET: the file
`.ftpsh-manifest` there. A run reads it, transfers the files whose content or permissions differ from
it, whatever their times, and does not list TARGET. With `--delete` it deletes what the manifest has
and SOURCE has not; what is not in the manifest, or has another size now, is never deleted. Directories
are removed when nothing is left in them. A first run, or one that cannot read the manifest, lists
TARGET, compares contents by a checksum of the server, or else sizes and times, and deletes nothing.

`mirror --compare content` without `--manifest` uses a manifest in the remote directory, too, where the
server computes no checksums: a file that it has with the size of the listing is compared with the hash
there. What somebody else has changed there without changing the size is then not noticed.

With `--verify` TARGET is listed all the same, and sizes are compared with the manifest: what somebody
else has changed or removed there is reported and left, with status 10; `--verify --force` replaces and
deletes it like the rest.

With `--watch` the lock is held until the watch ends. A new file is sent at once. Before files are
replaced, renamed or deleted, a manifest is written in which they are in doubt, one for all that changes
together; ten seconds after the last change it says what is there. With another content than the
manifest has, not with another time alone, a file is sent. A watch or a mirror without `--manifest` does
not update a manifest in TARGET.

`--manifest=NAME` is relative to TARGET and may be outside of it (`--manifest=../.ftpsh/site`): a web
server may publish what is in TARGET. On the server the manifest has mode 0600, where SITE CHMOD works.
`--manifest=local:FILE` keeps it on this computer, such as in the cache of a CI system; it must not be
older than what is in TARGET, and it locks nothing on the server.

While files are transferred, and at the end, the manifest is replaced: under a temporary name, which is
renamed. Before the first file is replaced or deleted, it says of all of them that they are in doubt;
a later run transfers those again. What has arrived since is in a journal in the state directory, so
that the same computer sends nothing twice. The hashes of local files are kept there, too, by device,
inode, size, mtime and ctime.

Two mirrors do not run at once: the directory NAME`.lock` on the server says who runs since when, and
the second one ends with status 8. A mirror that was killed leaves its lock; the next one on the same
computer takes it over at once, another one when it has been silent for six minutes by the server's clock.

A manifest is UTF-8, sorted by path, one line for each file:

    # ftpsh manifest 1
    9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 4 644 docs/a b.txt
    - - 644 docs/replaced.txt
    - - - empty/

The fields are SHA-256, bytes, permissions in octal and the path in TARGET; `-` is what is not known.
Neither hash nor size: in doubt. A path that ends in a slash is a directory. In a path, `%` and two
hexadecimal digits stand for a byte: a control byte, `%`, or one that is not UTF-8. A second line
`# unfinished` says that the first run has not ended: the next one lists TARGET again. A manifest with
a line that breaks a rule is not read at all.
"#;

/// For users of lftp.
pub(super) const LFTP: &str = r#"
Scripts, one-liners and habits of lftp 4.9 run here. A line of lftp either has lftp's effect, or it
is refused before anything is connected, with the reason and the line to write instead; everything
that is wrong with a script is reported together (`ftpsh check FILE` does only that).

* `-u NAME,PASSWORD`, `open -u NAME,PASSWORD`, `user NAME PASSWORD` :: log in, and the password is
never shown, logged or kept. Better are `--password-file`, `--password-env` and the netrc file: other
users can see the arguments of a process.

* `-p PORT`, `-d`, `--env-password`, `-e` (more than once), `open -e` :: as in lftp. Standard input
is read after `-e`, unless its commands end with `exit`.

* `open HOST`, then `user NAME` :: the login waits for the first command that needs it.

* `-f 'COMMANDS'` :: is refused: `-c` takes commands.

* `mirror` :: takes the options of lftp: `-x` and `-i` are regular expressions, `-X` and `-I` globs,
directories end in a slash; `mirror SOURCE TARGET/` makes a directory of SOURCE's name in TARGET. In a
script `--delete` needs `--yes`. Names that begin with a dot are not deleted without `--delete-hidden`
or `set ftp:list-options -a`. Symbolic links are skipped and counted: lftp makes them, wherever they
lead; `-L` copies what they lead to. A local file that is newer and of the same size is left, and said;
lftp replaces it, as `--upload-older` does. `mirror ..` needs a TARGET, and `--flat` is refused.

* `mirror:exclude-regex` :: excludes, as in lftp 4.9, only where the first pattern of a mirror is `-x`
or `-X`; otherwise a notice says that it does not.

* `rm -r` with a wildcard :: needs `--yes` in a script.

* A failed command :: ends a script, as with `set cmd:fail-exit yes`; `COMMAND || true` continues.

* `net:timeout 0`, `infinity`, `unlimited` :: no limit. `net:max-retries 0` is no retry here.

* `get -d`, `mput -d`, several `-o` in one command, `mls … FILE`, `debug -o`, `zcat`, `repeat -c`, `at`,
`eval`, `command`, `local`, `module`, `NAME,PASSWORD@HOST` :: are refused, with the line to write where
there is one.

* `ascii`, `type ascii`, `ftp:ssl-allow no`, sftp://, http:// :: are refused.

Small differences: each `-e` runs, not the last one only. Wildcards are expanded by all commands (`get
*.txt`, `rm -f *.log`), and a comment may stand behind a command. `find` puts no slash behind
directories, `nlist DIR` names no directory, and `cls` has one name a line where it is not a terminal.
`mirror --loop` ends when nothing is left to do; from vsftpd hidden files come, too, and times are kept
to the second. `get A B` moves nothing where B does not exist.

What was measured with lftp 4.9.2, and is different here: `mirror -c` of lftp joins the old beginning
and the new end of a file that has changed, and exits with 0; here the part that is kept is compared
first. After a failed `cd` lftp goes on, and deletes in the wrong directory; here the script ends. The
exit status of lftp is that of the last command; here it is the first failure's. Debug output and `pwd`
of lftp print the password; here nothing does. For a self-signed certificate lftp can only be told to
check none; here it is accepted once, and a change is noticed.
"#;

/// For users of sftp and ftp.
pub(super) const SFTP: &str = r#"
The commands of `sftp`, `ftp` and WinSCP scripts are known: `get`, `put`, `mget`, `mput`, `reget`,
`reput`, `ls`, `cd`, `lcd`, `lls`, `lpwd`, `mkdir`, `rmdir`, `rename`, `rm`, `delete`, `bye`.

* `get A B`, `put A B` :: every argument is a file here: `get A -o B` gives it another name, `put -O B
A` puts it in a directory. Where B does not exist, nothing is moved and that line is named.

* `-rm x` :: is `rm x || true`.

* `binary`, `prompt`, `hash`, `passive`, `verbose` and the like :: have no effect: transfers are
binary and passive. `get -a` converts line endings here; `get -c` resumes.

* `open HOST PORT`, `quote USER`, `quote PASS` :: are refused, with the line to write: `open
HOST:PORT`, `user NAME PASSWORD`.

* `sftp` batch files :: run with `-f FILE`; the first failure ends them. There is no connection without
TLS, and none over SSH.
"#;

/// What others do and ftpsh does not.
pub(super) const GAPS: &str = r#"
What users of lftp, curl or sftp may miss:

* Protocols :: FTP with TLS only: no plain FTP, SFTP or HTTP. The control connection is never
changed back to clear text (CCC), and there is no Kerberos.

* Copies between two servers :: pass through this machine. Servers are not told to connect to each other
(FXP).

* Compression :: `MODE Z` is not used.

* Proxies :: HTTP CONNECT and SOCKS5, no FTP proxies (`USER user@host`).

* Certificates :: Revocation is not checked (CRL, OCSP). With `tls:backend native-tls` sessions are not
resumed and truncated streams are found by size and reply only.

* Commands of lftp :: there is no `at` (use cron), `torrent`, `slot`, `attach`, `module`, `eval`, `local`,
`zcat` (`cat FILE | zcat`) and no
variables. Of `sftp` and `ftp` there is no `chown`, `chgrp`, `umask`, `df`, `append` and `macdef`.

* Owners :: `mirror` copies times and permissions; owners, hard links, extended attributes and ACLs it does
not. Symbolic links are skipped, and counted; `-L` copies what they lead to.

* Listings :: that a server shortens silently cannot be recognised (`--max-delete` limits the damage).

* Active mode :: Ctrl-C takes effect only when the server connects or `net:timeout` expires.

* Idle connections :: the shell's own is closed by the next command after `net:idle`, not earlier.

* Systems :: tried on Linux; for macOS and FreeBSD it is only checked that the code compiles. There is
no version for Windows.
"#;
