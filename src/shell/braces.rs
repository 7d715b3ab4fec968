//! Brace expansion, `{a,b}`, before wildcards.
//!
//! Only an unquoted `{` with a matching unquoted `}` and an unquoted comma on the same level
//! counts; all else is literal. Iterative, not recursive, and limited in the number of words.

use crate::error::{Error, Result, shortened};
use crate::shell::syntax::Word;

/// Maximum words that one word expands to.
pub const MAX_WORDS: usize = 10_000;

/// Maximum characters examined during the expansion.
const MAX_WORK: usize = 5_000_000;

/// A character and whether it is quoted; no character stands for an empty pair of quotes.
type Atom = (Option<char>, bool);

/// Expands `word` to at least one word, in the order as written.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) if there would be more than [`MAX_WORDS`].
pub fn expand_braces(word: &Word) -> Result<Vec<Word>> {
    if !word.pieces.iter().any(|piece| !piece.quoted && piece.text.contains('{')) {
        return Ok(vec![word.clone()]);
    }
    let mut done = Vec::new();
    let mut todo = vec![split_atoms(word)];
    let mut work = 0;
    while let Some(atoms) = todo.pop() {
        work += atoms.len();
        let Some((open, close, commas)) = first_group(&atoms) else {
            done.push(rebuild_word(word, &atoms));
            continue;
        };
        if done.len() + todo.len() + commas.len() >= MAX_WORDS || work > MAX_WORK {
            return Err(Error::usage(format!(
                "{}: `{{…}}` expands to more than {MAX_WORDS} words",
                shortened(&word.unquoted_text())
            )));
        }
        // Last alternative first: the first one is then the next to be popped.
        let mut end = close;
        for start in commas.into_iter().rev().chain([open]) {
            let parts = [&atoms[..open], &atoms[start + 1..end], &atoms[close + 1..]];
            todo.push(parts.concat());
            end = start;
        }
    }
    Ok(done)
}

fn split_atoms(word: &Word) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for piece in &word.pieces {
        if piece.text.is_empty() {
            atoms.push((None, piece.quoted));
        }
        atoms.extend(piece.text.chars().map(|c| (Some(c), piece.quoted)));
    }
    atoms
}

/// The first group: its `{`, its `}` and the commas between its alternatives.
fn first_group(atoms: &[Atom]) -> Option<(usize, usize, Vec<usize>)> {
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut first: Option<(usize, usize, Vec<usize>)> = None;
    for (at, atom) in atoms.iter().enumerate() {
        match atom {
            (Some('{'), false) => open.push((at, Vec::new())),
            (Some(','), false) => {
                if let Some((_, commas)) = open.last_mut() {
                    commas.push(at);
                }
            }
            (Some('}'), false) => {
                let Some((start, commas)) = open.pop() else { continue };
                let earlier = first.as_ref().is_none_or(|(known, ..)| start < *known);
                if earlier && !commas.is_empty() {
                    first = Some((start, at, commas));
                }
            }
            _ => {}
        }
    }
    first
}

/// A word from atoms. An empty word without quotes keeps one empty piece.
fn rebuild_word(word: &Word, atoms: &[Atom]) -> Word {
    let mut out = Word { pieces: Vec::new(), pos: word.pos };
    for (c, quoted) in atoms {
        match c {
            Some(c) => out.push_char(*c, *quoted),
            None => drop(out.piece_for(*quoted)),
        }
    }
    if out.pieces.is_empty() {
        out.piece_for(false);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::syntax::{Element, parse_script};

    fn word(source: &str) -> Word {
        let script = parse_script(&format!("x {source}"), "test").expect(source);
        match &script.items[0].steps[0].element {
            Element::Simple(words) => words[1].clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn alternatives_become_words_in_order() {
        for (source, want) in [
            ("a{b,c}d", "abd acd"),
            ("{a,b}{1,2}", "a1 a2 b1 b2"),
            ("{a,{b,c},d}", "a b c d"),
            ("x{,y}", "x xy"),
            ("{a}", "{a}"),
            ("{a{b,c}}", "{ab} {ac}"),
            ("{}", "{}"),
            ("{a,b", "{a,b"),
            ("a,b}", "a,b}"),
            ("}{a,b", "}{a,b"),
            ("{{a,b}", "{a {b"),
            ("'{a,b}'", "{a,b}"),
            ("\\{a,b}", "{a,b}"),
            ("{a\\,b}", "{a,b}"),
            ("{a,'b,c'}", "a b,c"),
            ("{é,語}.txt", "é.txt 語.txt"),
        ] {
            let words = expand_braces(&word(source)).expect(source);
            let texts: Vec<_> = words.iter().map(Word::unquoted_text).collect();
            assert_eq!(texts.join(" "), want, "{source}");
        }
    }

    #[test]
    fn quotes_survive_for_the_wildcards() {
        let words = expand_braces(&word("{'*',*}.c")).expect("words");
        let patterns: Vec<_> = words.iter().map(Word::glob_pattern).collect();
        assert_eq!(patterns, ["\\*.c", "*.c"]);
        assert!(expand_braces(&word("{'',b}")).expect("words")[0].is_quoted());
    }

    #[test]
    fn too_many_words_are_an_error() {
        let fits = expand_braces(&word(&"{0,1,2,3,4,5,6,7,8,9}".repeat(4))).expect("10 000");
        assert_eq!(fits.len(), MAX_WORDS);
        for hostile in ["{0,1}".repeat(14), "{a,b}".repeat(5000), "{,a{,b".repeat(9) + "}}"] {
            let result = expand_braces(&word(&hostile));
            assert!(result.is_err() || hostile.ends_with("}}"), "{hostile}");
        }
        assert_eq!(expand_braces(&word(&"{".repeat(100_000))).expect("literal").len(), 1);
    }
}
