//! Reads Rust sources well enough to see what they import.
//!
//! Comments, strings and code for tests become blanks (line ends stay, so that line numbers hold);
//! in what is left, `crate::a` and `crate::{a, b::c}` are looked for.

use std::path::Path;

/// One file of `src`.
pub struct Source {
    /// Its path from the project's directory.
    pub path: String,
    /// The text as it is.
    pub text: String,
    /// The text without comments, strings and code for tests.
    code: String,
}

impl Source {
    /// Every file below `src`.
    pub fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        let mut folders = vec![root.join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let path = path.strip_prefix(root).unwrap().display().to_string();
                    files.push(Self { code: without_tests(&bare(&text)), path, text });
                }
            }
        }
        assert!(files.len() > 50, "{} files: is this the right place?", files.len());
        // What is declared as `#[cfg(test)] mod name;` is for tests as a whole.
        let for_tests: Vec<_> = files.iter().flat_map(Source::modules_for_tests).collect();
        for file in &mut files {
            if for_tests.contains(&file.path) {
                file.code.clear();
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// The top module: `src/tls/mod.rs`, `src/tls/stream.rs` and `src/tls.rs` are `tls`.
    pub fn module(&self) -> &str {
        let inner = self.path.trim_start_matches("src/");
        inner.split(['/', '.']).next().unwrap()
    }

    /// Whether nothing of it is in the program.
    pub fn is_for_tests(&self) -> bool {
        self.code.is_empty()
    }

    /// The top modules that it names after `crate::`, with line numbers.
    pub fn imports(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            let rest = &self.code[at + "crate::".len()..];
            let group = rest.strip_prefix('{').map(first_level);
            let names = group.unwrap_or_else(|| vec![rest]);
            found.extend(names.into_iter().map(|name| (self.line(at), identifier(name))));
        }
        found
    }

    /// The lines that hold `what`, where it does not belong to a longer name.
    pub fn lines_with(&self, what: &str) -> Vec<usize> {
        let begins = |at: usize| !self.code[..at].ends_with(|c: char| is_name(c) || c == '.');
        let module = |at: usize| self.code[..at].ends_with("::") && what.ends_with("::");
        let found = self.code.match_indices(what).map(|(at, _)| at);
        found.filter(|at| begins(*at) && !module(*at)).map(|at| self.line(at)).collect()
    }

    /// The types to which an `impl` block without a trait adds methods here.
    pub fn types_with_methods(&self) -> Vec<String> {
        let heads =
            self.code.lines().filter_map(|line| line.strip_prefix("impl")?.strip_suffix('{'));
        let inherent = heads.filter(|head| !head.contains(" for "));
        inherent.map(|head| identifier(after_generics(head))).collect()
    }

    fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    /// The files of `#[cfg(test)] mod name;` in this one.
    fn modules_for_tests(&self) -> Vec<String> {
        let folder = match self.path.strip_suffix("/mod.rs") {
            Some(folder) => folder.to_owned(),
            None => self.path.trim_end_matches(".rs").to_owned(),
        };
        let bare = bare(&self.text);
        let declared = bare.split("#[cfg(test)]").skip(1).filter_map(|rest| {
            let rest = rest.trim_start().trim_start_matches("pub ");
            let (name, _) = rest.strip_prefix("mod ")?.split_once(';')?;
            name.chars().all(is_name).then(|| format!("{folder}/{name}.rs"))
        });
        declared.collect()
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn identifier(text: &str) -> String {
    text.trim_start().chars().take_while(|c| is_name(*c)).collect()
}

/// What follows the `<…>` at the beginning, if there is one.
fn after_generics(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 && c != '>' {
            return &text[at..];
        }
    }
    text
}

/// The parts of `a::b, c::{d, e}, f}` up to the closing brace.
fn first_level(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&text[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// The text with comments, strings and characters blanked.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = literal(rest, out.chars().next_back());
        if length == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// How many bytes of a comment, string or character begin here, `before` being what precedes.
fn literal(text: &str, before: Option<char>) -> usize {
    let to = |end: &str, from: usize| {
        text[from..].find(end).map_or(text.len(), |at| from + at + end.len())
    };
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return to("*/", 2);
    }
    if text.starts_with('r') && !before.is_some_and(|c| is_name(c) && c != 'b') {
        let marks = text[1..].chars().take_while(|c| *c == '#').count();
        if text[1 + marks..].starts_with('"') {
            return to(&format!("\"{}", "#".repeat(marks)), 2 + marks);
        }
    }
    if text.starts_with('"') {
        let mut escaped = false;
        let end = text.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        return end.map_or(text.len(), |(at, _)| at + 1);
    }
    // 'x' and '\n' are characters, 'static is a lifetime.
    if let Some(inner) = text.strip_prefix('\'') {
        let mut letters = inner.chars();
        return match (letters.next(), letters.next()) {
            (Some('\\'), Some(escape)) => to("'", 2 + escape.len_utf8()),
            (Some(letter), Some('\'')) => 2 + letter.len_utf8(),
            _ => 0,
        };
    }
    0
}

/// The code without items under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = item_end(item);
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out + rest
}

/// Where an item ends: at its `;`, or at the brace that closes its first one.
fn item_end(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[test]
fn imports_are_found_and_strings_comments_and_tests_are_not() {
    let text = "use crate::{\n  tls::{a, b},\n  trust,\n};\n// crate::x\nlet s = \"crate::y {\";\n\
                let c = '\"'; fn f<'a>() { crate::ftp::g(r#\"crate::z \"#) }\n\
                #[cfg(test)]\nmod tests { use crate::shell; fn t() { \"}\" } }\nuse crate::glob;\n";
    let source =
        Source { path: "src/x/mod.rs".into(), text: text.into(), code: without_tests(&bare(text)) };
    let found: Vec<_> = source.imports();
    let found: Vec<_> = found.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(found, [(1, "tls"), (1, "trust"), (7, "ftp"), (10, "glob")]);
}
