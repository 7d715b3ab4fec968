//! Causes that the message of a server reveals beyond the code; the message identifies the
//! software.
//!
//! The messages are from the sources and message files of vsftpd 3.0, ProFTPD 1.3, Pure-FTPd 1.0,
//! pyftpdlib 2.0, FileZilla Server 1 and IIS 10, in lower case. The first matching row applies.

/// Codes (none for any), substrings of the message, the cause, and what to do next.
type Row = (&'static [u16], &'static [&'static str], &'static str, &'static str);

const ROWS: &[Row] = &[
    // vsftpd sends it after the password if the user's root directory is writable.
    (
        &[500, 530],
        &["refusing to run with writable root"],
        "vsftpd lets nobody into a root directory that he may write to",
        "its administrator can set `allow_writeable_chroot=YES`, or take that permission away",
    ),
    (
        &[500, 530],
        &["oops: "],
        "vsftpd is not configured right",
        "its administrator finds the cause in these words and in vsftpd.conf",
    ),
    (
        &[421, 426],
        &["timeout", "timed out", "idle"],
        "the server has waited too long and closes the connection",
        "the next command connects again; `set net:idle` to less than the server's patience",
    ),
    (
        &[421],
        &["shutdown", "shutting down", "not available", "restart"],
        "the server is going down or not open for business",
        "try again later, or ask its administrator",
    ),
    (
        &[421, 503, 521, 522, 530, 534, 550],
        &[
            "ssl/tls required",
            "tls required",
            "must use encryption",
            "cleartext sessions",
            "explicit tls",
            "policy requires ssl",
        ],
        "the server wants TLS where there was none",
        "leave `tls:data` at `private`; where that is so, `doctor` shows what it demands",
    ),
    (
        &[425, 426],
        &["operation not permitted"],
        "ProFTPD refuses the data connection, most often because its TLS session was not resumed",
        "`status` shows whether it was; its administrator can set `TLSOptions NoSessionReuseRequired`",
    ),
    (
        &[425, 500],
        &[
            "security: bad ip connecting",
            "illegal port",
            "foreign address",
            "won't open a connection",
        ],
        "the server sees the data connection come from or go to another address than yours",
        "in active mode NAT does this: `set ftp:mode auto`; through a proxy both must use it",
    ),
    (
        &[530],
        &[
            "login incorrect",
            "authentication failed",
            "login or password",
            "cannot log in",
            "not logged in, incorrect",
            "password was rejected",
        ],
        "the user name or the password is wrong",
        "`user NAME` asks again; after several wrong ones servers lock an account for a while",
    ),
    (
        &[530],
        &["home directory", "shell"],
        "the account exists and may not use FTP",
        "its administrator: the home directory must be there, the shell in /etc/shells \
         (ProFTPD: `RequireValidShell off`)",
    ),
    (
        &[550, 553],
        &[
            "prohibited file name",
            "name not allowed",
            "forbidden filename",
            "denied by pathallowfilter",
            "denied by pathdenyfilter",
        ],
        "the server allows no files of this name",
        "try another name; dot files are often refused (Pure-FTPd: `ProhibitDotFilesWrite`)",
    ),
    (&[550], &["file exists", "already exists"], "it is there already", ""),
    (&[550], &["not empty"], "the directory is not empty", "`rm -r` removes it and its contents"),
    (
        &[450, 501, 550, 553],
        &MISSING_FILE,
        "no such file or directory",
        "look with `ls` whether it is there",
    ),
    (
        &[550, 553],
        &[
            "permission denied",
            "access is denied",
            "not enough privileges",
            "operation not permitted",
            "anonymous users",
            "overwrite permission denied",
        ],
        "no permission for this, there",
        "`ls` shows the owner and the permissions; a server may allow no changes at all \
         (vsftpd: `write_enable=YES`, pyftpdlib: the user's `perm`)",
    ),
    (
        &[550, 553],
        &["could not create file", "read-only file system", "is a directory"],
        "no file can be written under this name",
        "a directory may have it, or the directory is not writable: look with `ls`",
    ),
    (
        &[450, 451, 452, 550, 552, 553],
        &["quota"],
        QUOTA_USED_UP,
        "remove something there, or ask the server's administrator for more",
    ),
    (
        &[426, 450, 451, 452, 550, 552],
        &["no space left", "disk full", "insufficient storage", "not enough space"],
        DISK_FULL,
        "its administrator must make room",
    ),
    // What vsftpd and Pure-FTPd say of a full disk, without its name.
    (
        &[451],
        &["failure writing to local file", "error during write to file"],
        CANNOT_WRITE,
        "its administrator: is the disk full?",
    ),
    (
        &[450, 550],
        &["being used by another process", "resource busy", "file busy", "file is locked"],
        "the file is in use on the server",
        "try again in a moment: someone may be writing it",
    ),
    (
        &[451],
        &["append/restart not permitted", "restart not permitted"],
        "the server lets nothing be resumed",
        "begin again, without -c; ProFTPD: `AllowStoreRestart on`",
    ),
];

const QUOTA_USED_UP: &str = "the account's quota is used up";
const DISK_FULL: &str = "the server's disk is full";
const CANNOT_WRITE: &str = "the server cannot write the file; its disk may be full";

/// Whether a refusal says that the disk or the quota is full, or may be.
pub(super) fn is_out_of_space(code: u16, text: &str) -> bool {
    let full = |(cause, _)| [QUOTA_USED_UP, DISK_FULL, CANNOT_WRITE].contains(&cause);
    matches!(code, 452 | 552) || cause_by_message(code, text).is_some_and(full)
}

/// Texts about a file or directory that does not exist.
const MISSING_FILE: [&str; 10] = [
    "no such file",
    "no such directory",
    "no such path",
    "not found",
    "cannot find",
    "does not exist",
    "doesn't exist",
    "non-existing",
    "not a valid pathname",
    "can't check for file existence",
];

/// Whether the text says that the file or directory does not exist.
pub(super) fn is_missing_file(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    MISSING_FILE.iter().any(|words| text.contains(words))
}

/// The cause and the next step for the text of a refusal; an empty next step means none.
pub(super) fn cause_by_message(code: u16, text: &str) -> Option<(&'static str, &'static str)> {
    let text = text.to_ascii_lowercase();
    let fits = |(codes, words, ..): &&Row| {
        codes.contains(&code) && words.iter().any(|words| text.contains(words))
    };
    ROWS.iter().find(fits).map(|(_, _, cause, next)| (*cause, *next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_servers_own_words_have_their_own_cause() {
        for (code, text, cause) in [
            // vsftpd
            (
                500,
                "OOPS: vsftpd: refusing to run with writable root inside chroot()",
                "may write to",
            ),
            (500, "OOPS: cannot change directory:/home/x", "not configured right"),
            (421, "Timeout.", "waited too long"),
            (530, "Login incorrect.", "password is wrong"),
            (550, "Permission denied.", "no permission"),
            (553, "Could not create file.", "no file can be written"),
            (425, "Security: Bad IP connecting.", "another address"),
            (500, "Illegal PORT command.", "another address"),
            // ProFTPD
            (425, "Unable to build data connection: Operation not permitted", "not resumed"),
            (550, "SSL/TLS required on the control channel", "wants TLS"),
            (550, "x: No such file or directory", "no such file"),
            (450, "x: No such file or directory", "no such file"),
            (550, "x: Directory not empty", "not empty"),
            (552, "STOR: notice: quota reached: used 10.0 of 10.0 upload MB", "quota"),
            (550, "x: Forbidden filename", "no files of this name"),
            (451, "x: Append/Restart not permitted, try again", "nothing be resumed"),
            // Pure-FTPd
            (530, "Login authentication failed", "password is wrong"),
            (553, "Prohibited file name: .x", "no files of this name"),
            (550, "Can't check for file existence", "no such file"),
            (552, "Disk full - please upload later", "disk is full"),
            (426, "Timeout (no new data for 900 seconds)", "waited too long"),
            // pyftpdlib
            (530, "Authentication failed.", "password is wrong"),
            (550, "Not enough privileges.", "no permission"),
            (501, "No such directory.", "no such file"),
            (421, "Control connection timed out.", "waited too long"),
            // Apache FtpServer
            (450, "Non-existing file", "no such file"),
            (501, "Not a valid pathname.", "no such file"),
            // FileZilla Server and IIS
            (503, "Use AUTH first; explicit TLS is required", "wants TLS"),
            (550, "Couldn't open the file or directory: file not found", "no such file"),
            (550, "The system cannot find the file specified.", "no such file"),
            (
                550,
                "The process cannot access the file because it is being used by another process.",
                "in use",
            ),
            (534, "Policy requires SSL.", "wants TLS"),
            (530, "User cannot log in.", "password is wrong"),
        ] {
            let (found, _) =
                cause_by_message(code, text).unwrap_or_else(|| panic!("{code} {text}"));
            assert!(found.contains(cause), "{code} {text}: {found}");
        }
        assert_eq!(cause_by_message(550, "no"), None);
        assert_eq!(cause_by_message(226, "quota"), None);
    }
}
