//! The shell language: errors point into the text, and words come back from the way they are
//! quoted.

use ftpsh::shell::complete::cursor::find_cursor;
use ftpsh::shell::syntax::{Element, Script, Word, parse_script};
use ftpsh::shell_quote::{Quote, quote_for};

/// The bytes are a script, and a word of its own.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse_script(text, "fuzz") {
        Ok(script) => each_word(&script, &mut |word| {
            let again = words(&format!("x {}", word.to_source()));
            assert!(again.len() == 1 && again[0].pieces == word.pieces, "{word:?} {again:?}");
        }),
        Err(error) => {
            let lines: Vec<_> = text.split('\n').collect();
            let line = lines.get(error.pos.line - 1).expect("a line of the text");
            assert!(error.pos.column <= line.chars().count() + 1, "{error}");
        }
    }
    for at in [0, text.len() / 2, text.len()] {
        if let Some(cursor) = find_cursor(text, at) {
            assert!(cursor.start <= at && text.is_char_boundary(cursor.start), "{cursor:?}");
        }
    }
    if !text.contains('\0') {
        for quote in [Quote::None, Quote::Single, Quote::Double] {
            let again = words(&format!("x {}", quote_for(text, quote)));
            assert!(again.len() == 1 && again[0].unquoted_text() == text, "{text:?} {again:?}");
        }
    }
}

/// The words after the first of a text that is one command.
fn words(text: &str) -> Vec<Word> {
    let script = parse_script(text, "again").unwrap_or_else(|error| panic!("{text:?}: {error}"));
    match script.items.as_slice() {
        [item] if item.steps.len() == 1 => match &item.steps[0].element {
            Element::Simple(words) => words[1..].to_vec(),
            other => panic!("{text:?}: {other:?}"),
        },
        other => panic!("{text:?}: {other:?}"),
    }
}

fn each_word(script: &Script, act: &mut dyn FnMut(&Word)) {
    for step in script.items.iter().flat_map(|item| &item.steps) {
        match &step.element {
            Element::Simple(words) => words.iter().for_each(&mut *act),
            Element::Group(script) => each_word(script, act),
            Element::Local(_) => {}
        }
    }
}
