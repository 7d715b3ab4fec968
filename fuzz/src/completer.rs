//! Completion: what is offered can stand in the line, steers no terminal, and is read again as one
//! word.

use std::collections::BTreeMap;

use ftpsh::commands::COMMANDS;
use ftpsh::shell::complete::{Name, Nature, Sources, complete_line};

/// The bytes are a name on the server, a line feed, and a line; the cursor is at its end and in its
/// middle.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (name, line) = text.split_once('\n').unwrap_or(("notes.txt", text));
    let names = |_: &str| {
        let natures = [Nature::File, Nature::Directory, Nature::Unclear];
        natures.map(|nature| Name { name: name.to_owned(), nature }).into()
    };
    let words = || vec![name.to_owned(), "work".to_owned()];
    let sources = Sources {
        commands: COMMANDS,
        aliases: &BTreeMap::from([
            ("gg".to_owned(), "cd x; get -c".to_owned()),
            ("loop".to_owned(), "queue loop".to_owned()),
        ]),
        remote: &names,
        local: &names,
        sites: &words,
        bookmarks: &words,
        jobs: &|| vec![(1, name.to_owned())],
    };
    for pos in [line.len(), line.len() / 2, 0] {
        let (start, found) = complete_line(line, pos, &sources);
        assert!(start <= pos, "{line:?} at {pos}: {start}");
        assert!(found.is_empty() || line.is_char_boundary(start), "{line:?} at {pos}: {start}");
        for candidate in found {
            assert!(!candidate.display.chars().any(char::is_control), "{candidate:?}");
        }
    }
}
