//! Netrc files: what is read comes back when it is written, and an error tells nothing of it.

use ftpsh::credentials::Secret;
use ftpsh::fuzz::{NetrcEntry, netrc};

/// The bytes are a file.
pub fn check(data: &[u8]) {
    let entries = match netrc(data) {
        Ok(entries) => entries,
        Err(why) => {
            // Words of our own and a line's number; the file may hold any word by chance.
            let known = [
                "its last word lacks a value",
                "a word that netrc files do not have",
                "no machine before it",
                "a login with a line break",
                "a quote is not closed",
                "a NUL character",
                "not UTF-8",
                "password: holds a line break or a NUL character",
            ];
            assert!(known.iter().any(|known| why.ends_with(known)), "{why}");
            assert!(why.len() < 80, "{why}");
            return;
        }
    };
    for entry in &entries {
        let smuggles = |text: &str| text.contains(['\r', '\n', '\0']);
        assert!(!entry.login.as_deref().is_some_and(smuggles));
        assert!(!secret(&entry.password).is_some_and(smuggles));
        assert!(!secret(&entry.account).is_some_and(smuggles));
        for secret in [&entry.password, &entry.account].into_iter().flatten() {
            let other = Secret::new("another".to_owned()).expect("a password");
            assert_eq!(format!("{secret:?}"), format!("{other:?}"), "a secret shows");
        }
    }
    // A final dot goes each time.
    if entries.iter().any(|entry| entry.host.as_deref().is_some_and(|host| host.ends_with('.'))) {
        return;
    }
    let written: String = entries.iter().map(line).collect();
    let again = netrc(written.as_bytes()).unwrap();
    assert_eq!(again.len(), entries.len(), "{written:?}");
    for (one, other) in entries.iter().zip(&again) {
        assert_eq!(one.host, other.host);
        assert_eq!(one.login, other.login);
        assert_eq!(secret(&one.password), secret(&other.password));
        assert_eq!(secret(&one.account), secret(&other.account));
    }
}

fn secret(secret: &Option<Secret>) -> Option<&str> {
    secret.as_ref().map(Secret::expose)
}

fn line(entry: &NetrcEntry) -> String {
    let mut line = match &entry.host {
        Some(host) => format!("machine {}", quoted(host)),
        None => "default".to_owned(),
    };
    let words = [
        ("login", entry.login.as_deref()),
        ("password", secret(&entry.password)),
        ("account", secret(&entry.account)),
    ];
    for (keyword, value) in words {
        if let Some(value) = value {
            line += &format!(" {keyword} {}", quoted(value));
        }
    }
    line + "\n"
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n").replace('\r', "\\r"))
}
