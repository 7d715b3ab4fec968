//! COMING FROM LFTP, COMING FROM SFTP AND FTP: what runs as it is, and what differs.

use super::page::Page;
use crate::settings::{Fate, LFTP_SETTINGS, LftpSetting};

const LFTP: &str = r#"
Scripts, one-liners and habits of lftp 4.9 run here. A line of lftp either has lftp's effect, or it
is refused before anything is connected, with the reason and the line to write instead; everything
that is wrong with a script is told at once (`ftpsh check FILE` does only that).

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

* A failed command :: ends a script, as with `set cmd:fail-exit yes`; `COMMAND || true` goes on.

* `net:timeout 0`, `infinity`, `unlimited` :: no limit. `net:max-retries 0` is no retry here.

* `ascii`, `type ascii`, `ftp:ssl-allow no`, sftp://, http:// :: are refused.
"#;

const BETTER: &str = r#"
What was measured with lftp 4.9.2, and is different here: `mirror -c` of lftp joins the old beginning
and the new end of a file that has changed, and exits with 0; here the part that is kept is compared
first. After a failed `cd` lftp goes on, and deletes in the wrong directory; here the script ends. The
exit status of lftp is that of the last command; here it is the first failure's. Debug output and `pwd`
of lftp print the password; here nothing does. For a self-signed certificate lftp can only be told to
check none; here it is accepted once, and a change is noticed.
"#;

const SFTP: &str = r#"
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

/// Both sections.
pub(super) fn sections(page: &mut Page) {
    page.start_section("Coming from lftp");
    page.write_text(LFTP);
    page.subsection("Settings");
    page.write_text(
        "All settings of lftp 4.9 are known; `help NAME` tells what becomes of one. These set a \
         setting of ftpsh, or are taken for what ftpsh does anyway:",
    );
    for row in LFTP_SETTINGS {
        if !matches!(row.fate, Fate::Same | Fate::NoEffect) {
            page.write_item(&format!("`{}`", row.name), &format!("{}.", row.describe()));
        }
    }
    let names = |wanted: fn(&LftpSetting) -> bool| {
        let rows = LFTP_SETTINGS.iter().filter(|row| wanted(row));
        rows.map(|row| format!("`{}`", row.name)).collect::<Vec<_>>().join(", ")
    };
    let same = names(|row| matches!(row.fate, Fate::Same));
    page.write_text(&format!("Of the same name and meaning: {same}."));
    let without = names(|row| matches!(row.fate, Fate::NoEffect));
    page.write_text(&format!(
        "Without effect, which one notice tells after the script (not with `-q`): {without}."
    ));
    page.subsection("Differences that matter");
    page.write_text(BETTER);
    page.start_section("Coming from sftp and ftp");
    page.write_text(SFTP);
}
