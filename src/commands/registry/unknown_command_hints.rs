//! Hints for lftp, sftp and ftp commands that ftpsh does not have.
//!
//! A word comes in that is no command, a hint goes out.

/// The words, and what to type instead.
const FOREIGN: [(&[&str], &str); 16] = [
    (&["send"], "`put` stores files"),
    (&["recv"], "`get` fetches files"),
    (&["ascii"], "transfers are binary; `get -a` and `put -a` convert line endings"),
    (&["literal"], "`quote` sends a command as it is"),
    (&["disconnect"], "`close` ends the connection"),
    (&["symlink"], "`ln -s TARGET NAME`"),
    (&["at"], "`sleep`, or cron with `ftpsh -f SCRIPT`"),
    (&["bg", "suspend"], "`COMMAND &` runs a command in the background"),
    (&["eval", "command"], "`source FILE` runs a script; `alias` makes a command"),
    (&["local"], "`!COMMAND` runs a local command"),
    (&["size", "modtime"], "`stat FILE` shows size and time"),
    (&["system", "remotehelp", "rhelp"], "`quote SYST`, `quote HELP`; `status` shows the system"),
    (&["append"], "`put` stores whole files, `put -c` resumes; nothing is appended to a file"),
    (&["df"], "`du` adds up what directories hold; FTP cannot tell how much room is left"),
    (
        &["lumask", "umask"],
        "`chmod` on the server; here the umask is that of the shell before ftpsh",
    ),
    (&["reset"], "`reconnect` begins a new connection"),
];

/// What to type instead of a command of another client.
pub fn hint_for(word: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|(words, _)| words.contains(&word)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{COMMANDS, registry};

    #[test]
    fn a_word_of_another_client_is_no_command_here_and_says_what_is() {
        for (words, hint) in FOREIGN {
            for word in words {
                let error = registry::find_command(COMMANDS, word).unwrap_err();
                assert_eq!(error.hint(), Some(hint), "{word}");
            }
            // What is quoted first begins with a command, or is for another shell.
            let quoted = hint.split('`').nth(1).unwrap_or_default();
            let command = quoted.split(' ').next().unwrap_or_default();
            let is_ours = registry::find_command(COMMANDS, command).is_ok();
            assert!(is_ours || command.starts_with('!') || command == "COMMAND", "{hint}");
        }
    }
}
