//! POSIX extended regular expressions (POSIX.1-2017 XBD 9.4) with the additions of glibc, as lftp
//! takes them, written out as the `regex` crate takes them.
//!
//! What both read differently is translated: `\` in brackets is a character, `a+?` is two
//! repetitions. What cannot be translated, or is most likely a mistake, is refused.

use regex::Regex;

/// Compiles an extended regular expression; it matches anywhere in a text, in linear time.
///
/// # Errors
///
/// Why it is none.
pub fn extended_regex(text: &str) -> Result<Regex, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut translation = Translation { chars: &chars, at: 0, out: String::new(), atom: None };
    translation.alternatives(0)?;
    Regex::new(&format!("(?s){}", translation.out)).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
    })
}

/// The classes of POSIX.
const CLASSES: [&str; 12] = [
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "xdigit",
];

/// Groups that are nested deeper are refused.
const MAX_GROUPS: usize = 100;

struct Translation<'a> {
    chars: &'a [char],
    at: usize,
    out: String,
    /// Where in `out` that begins to which a repetition would apply.
    atom: Option<usize>,
}

impl Translation<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    /// Translates to the end, or to the `)` of the group that it is in.
    fn alternatives(&mut self, depth: usize) -> Result<(), String> {
        if depth > MAX_GROUPS {
            return Err("its groups are nested too deeply".into());
        }
        self.atom = None;
        while let Some(c) = self.next() {
            let begin = self.out.len();
            match c {
                '(' => {
                    self.out.push_str("(?:");
                    self.alternatives(depth + 1)?;
                    self.out.push(')');
                    self.atom = Some(begin);
                }
                ')' if depth > 0 => return Ok(()),
                '|' | '^' | '$' => {
                    self.out.push(c);
                    self.atom = None;
                }
                '*' | '+' | '?' => self.repeat(&c.to_string())?,
                '{' => {
                    let bounds = self.bounds()?;
                    self.repeat(&bounds)?;
                }
                _ => {
                    match c {
                        '[' => self.bracket()?,
                        '\\' => self.escape()?,
                        '.' => self.out.push('.'),
                        c => push_literal(&mut self.out, c),
                    }
                    self.atom = Some(begin);
                }
            }
        }
        if depth > 0 { Err("`(` without `)`".into()) } else { Ok(()) }
    }

    fn repeat(&mut self, how: &str) -> Result<(), String> {
        let Some(atom) = self.atom else {
            return Err(format!("nothing before `{how}` to repeat; for a wildcard use a GLOB"));
        };
        // Alone, a second sign would change the meaning of the first.
        self.out.insert_str(atom, "(?:");
        self.out.push(')');
        self.out.push_str(how);
        Ok(())
    }

    /// `N}`, `N,}`, `,M}` or `N,M}`.
    fn bounds(&mut self) -> Result<String, String> {
        let rest = &self.chars[self.at..];
        let wrong = || Err("`{` begins no repetition; write `\\{` for the character".to_owned());
        let Some(length) = rest.iter().position(|c| *c == '}') else { return wrong() };
        let inner: String = rest[..length].iter().collect();
        let (low, high) = inner.split_once(',').unwrap_or((&inner, &inner));
        let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        if !is_number(low) || !is_number(high) || inner.is_empty() || inner == "," {
            return wrong();
        }
        self.at += length + 1;
        Ok(if low.is_empty() { format!("{{0,{high}}}") } else { format!("{{{inner}}}") })
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.next() {
            None => return Err("it ends with a `\\`".into()),
            Some('<') => self.out.push_str(r"\b{start}"),
            Some('>') => self.out.push_str(r"\b{end}"),
            Some('`') => self.out.push_str(r"\A"),
            Some('\'') => self.out.push_str(r"\z"),
            Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => self.out.extend(['\\', c]),
            Some('d') => return Err("`\\d` is the letter d here; for a digit write `[0-9]`".into()),
            Some(c) if c.is_ascii_digit() => {
                return Err(format!("`\\{c}` would refer back to a group, which is not supported"));
            }
            Some(c) => push_literal(&mut self.out, c),
        }
        Ok(())
    }

    /// A bracket expression, after its `[`.
    fn bracket(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.chars.get(self.at) == Some(&'^') {
            self.at += 1;
            self.out.push('^');
        }
        let begin = self.at;
        loop {
            match self.next() {
                None => return Err("`[` without `]`".into()),
                Some(']') if self.at > begin + 1 => break,
                Some('[') if self.chars.get(self.at) == Some(&':') => {
                    let class: String =
                        self.chars[self.at..].iter().take_while(|c| **c != ']').collect();
                    if !CLASSES.contains(&class.trim_matches(':')) || !class.ends_with(':') {
                        return Err(format!("`[{class}]` is no class of characters"));
                    }
                    self.at += class.chars().count() + 1;
                    self.out.push_str(&format!("[{class}]"));
                }
                Some('-')
                    if self.at > begin + 1
                        && self.chars.get(self.at).is_some_and(|c| *c != ']') =>
                {
                    self.out.push('-');
                }
                Some(c) => push_literal(&mut self.out, c),
            }
        }
        self.out.push(']');
        Ok(())
    }
}

fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
        out.push('\\');
    }
    out.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_means_what_it_means_to_regcomp() {
        for (expression, yes, no) in [
            (r"\.git/", &["a/.git/", ".git/"][..], &["xgit/", ".git"][..]),
            (r"^tmp/$", &["tmp/"], &["a/tmp/", "tmp"]),
            (r"(^|/)(\.in\.|\.nfs)", &[".in.x", "a/.nfs01"], &["a.in.x", "nfs"]),
            (r"\.(jpe?g|png)$", &["a.jpg", "b.jpeg", "c.png"], &["a.gif", "jpg"]),
            (r"[\.]x", &[".x", "\\x"], &["ax"]),
            (r"[]a]b", &["]b", "ab"], &["bb"]),
            (r"[^]a]b", &["xb"], &["]b", "ab"]),
            (r"[a-c-]x", &["bx", "-x"], &["dx"]),
            (r"[[:digit:]]{2,}", &["a12"], &["a1"]),
            (r"[a&&b]x", &["&x"], &["x"]),
            (r"^a+?$", &["", "a", "aa"], &["b"]),
            (r"^a{,2}$", &["", "aa"], &["aaa"]),
            (r"\<ab\>", &["x ab y"], &["xaby"]),
            (r"a)", &["a)"], &["a"]),
            (r"~$", &["a~"], &["a"]),
            (r"a.b", &["a\nb", "aéb"], &["ab"]),
            (r"a-b#c d&e", &["a-b#c d&e"], &["ab"]),
            (r"\/x\-y", &["/x-y"], &["xy"]),
        ] {
            let compiled = extended_regex(expression).unwrap();
            let is_match = |text: &&&str| compiled.is_match(text);
            assert_eq!(yes.iter().filter(is_match).count(), yes.len(), "{expression}");
            assert_eq!(no.iter().filter(is_match).count(), 0, "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused_with_the_reason() {
        for (expression, why) in [
            ("*.o", "nothing before `*`"),
            ("a|*", "nothing before `*`"),
            ("(?i)x", "nothing before `?`"),
            ("a{x}", "begins no repetition"),
            ("(a", "`(` without `)`"),
            ("[a", "`[` without `]`"),
            ("a\\", "ends with a `\\`"),
            (r"\d+", "write `[0-9]`"),
            (r"(a)\1", "refer back"),
            ("[[:nothing:]]", "no class"),
            ("(((a{1000}){1000}){1000})", "too large"),
        ] {
            let error = extended_regex(expression).unwrap_err();
            assert!(error.contains(why), "{expression}: {error}");
        }
        assert!(extended_regex(&"(".repeat(100_000)).is_err());
        assert!(extended_regex(&"a".repeat(100_000)).is_ok());
    }
}
