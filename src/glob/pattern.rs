//! The compiled pattern of one path component, and the matcher.
//!
//! `*` any run of characters, `?` one, `[a-z]` one of a set, `[!a-z]` or `[^a-z]` one not in it,
//! backslash: the next character literally. Sets contain characters, not bytes; matching is
//! case-sensitive. POSIX.1-2017 XCU 2.13, without character classes.

/// A compiled pattern for one name; never matches `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Char(char),
    Any,
    Run,
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Compiles `text`. Never fails: a `[` without `]` is literal, and so is a trailing backslash.
    pub fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut tokens = Vec::with_capacity(chars.len());
        let mut at = 0;
        // If one `[` has no `]`, none after it has: without this check, many would be slow.
        let mut sets = true;
        while let Some(&c) = chars.get(at) {
            at += 1;
            tokens.push(match c {
                '*' => {
                    if tokens.last() != Some(&Token::Run) {
                        tokens.push(Token::Run);
                    }
                    continue;
                }
                '?' => Token::Any,
                '\\' => {
                    at += 1;
                    Token::Char(chars.get(at - 1).copied().unwrap_or('\\'))
                }
                '[' if sets => match parse_set(&chars, at) {
                    Some((set, end)) => {
                        at = end;
                        set
                    }
                    None => {
                        sets = false;
                        Token::Char('[')
                    }
                },
                c => Token::Char(c),
            });
        }
        Self { tokens }
    }

    /// The only name that this pattern matches, if it has no wildcard.
    pub fn literal_name(&self) -> Option<String> {
        let char = |token: &Token| if let Token::Char(c) = token { Some(*c) } else { None };
        self.tokens.iter().map(char).collect()
    }

    /// Whether all of `name` matches, as in shells: a leading dot is matched only by a dot.
    pub fn matches_name(&self, name: &str) -> bool {
        let hidden = name.starts_with('.');
        (!hidden || self.tokens.first() == Some(&Token::Char('.'))) && self.matches_hidden(name)
    }

    /// Like [`Pattern::matches_name`], but leading dots are not special (`find --name`, `mirror
    /// -x`).
    ///
    /// Time is at most the product of both lengths: only the last `*` is backtracked to.
    pub fn matches_hidden(&self, name: &str) -> bool {
        if name.contains('/') {
            return false;
        }
        let mut rest = name.chars();
        let mut at = 0;
        let mut retry = None;
        loop {
            let token = self.tokens.get(at);
            if token == Some(&Token::Run) {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            let matched = match (rest.next(), token) {
                (None, None) => return true,
                (None, Some(_)) => return false,
                (Some(c), Some(token)) => token.matches_char(c),
                (Some(_), None) => false,
            };
            if matched {
                at += 1;
                continue;
            }
            // Backtrack: the last `*` matches one character more.
            let Some((behind, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            at = *behind;
            rest = from.clone();
        }
    }
}

impl Token {
    fn matches_char(&self, c: char) -> bool {
        match self {
            Token::Char(own) => *own == c,
            Token::Any => true,
            Token::Run => false,
            Token::Set { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

/// The set whose `[` is before `at`, and the position after its `]`. A leading `]` is a member.
fn parse_set(chars: &[char], mut at: usize) -> Option<(Token, usize)> {
    let negated = matches!(chars.get(at), Some('!' | '^'));
    at += usize::from(negated);
    let mut ranges = Vec::new();
    loop {
        if chars.get(at) == Some(&']') && !ranges.is_empty() {
            return Some((Token::Set { negated, ranges }, at + 1));
        }
        let (low, behind) = parse_set_member(chars, at)?;
        at = behind;
        let mut high = low;
        if chars.get(at) == Some(&'-') && chars.get(at + 1).is_some_and(|c| *c != ']') {
            (high, at) = parse_set_member(chars, at + 1)?;
        }
        ranges.push((low, high));
    }
}

/// One member of a set, quoted or not, and the position after it.
fn parse_set_member(chars: &[char], at: usize) -> Option<(char, usize)> {
    match chars.get(at)? {
        '\\' => Some((*chars.get(at + 1)?, at + 2)),
        c => Some((*c, at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn patterns_match_what_shells_match() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("*", &["a", "a b", "é", ""], &[".a", "a/b", "/"]),
            ("*.txt", &["a.txt", "a.b.txt"], &["a.txt2", ".txt", ".a.txt", "A.TXT", "d/a.txt"]),
            ("a*b*c", &["abc", "aXbYc", "abbbcc"], &["ab", "acb", "abcd"]),
            ("?", &["a", "é", "語"], &["", "ab", ".", "/"]),
            ("?b", &["ab"], &[".b", "b"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x", "Ax"]),
            ("[!a-c]", &["d", "-"], &["a", "", ".", "/"]),
            ("[^a-c]", &["d", "!"], &["b"]),
            ("[]a]", &["]", "a"], &["b", "[]a]"]),
            ("[!]a]", &["b"], &["]", "a"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("[z-a]", &[], &["a", "z", "-"]),
            ("[à-ü]", &["é"], &["e"]),
            ("[a\\-z]", &["a", "-", "z"], &["b"]),
            ("[\\]]", &["]"], &["\\", "a"]),
            ("[.]a", &[], &[".a"]),
            (".*", &[".", ".a", "..b"], &["a"]),
            ("\\.a", &[".a"], &["a"]),
            ("\\*", &["*"], &["a", "\\*"]),
            ("a\\", &["a\\"], &["a"]),
            ("[", &["["], &["a"]),
            ("[a", &["[a"], &["a"]),
            ("x[!", &["x[!"], &["xa"]),
            ("[][a*", &["[][ab"], &["a"]),
            ("", &[""], &["a"]),
        ];
        for (pattern, yes, no) in table {
            let compiled = Pattern::new(pattern);
            for name in *yes {
                assert!(compiled.matches_name(name), "{pattern} should match {name}");
            }
            for name in *no {
                assert!(!compiled.matches_name(name), "{pattern} should not match {name}");
            }
        }
    }

    #[test]
    fn hidden_names_match_where_asked_for() {
        assert!(Pattern::new("*.txt").matches_hidden(".a.txt"));
        assert!(Pattern::new("?a").matches_hidden(".a"));
        assert!(!Pattern::new("*").matches_hidden("a/b"));
        assert!(!Pattern::new("a*b").matches_hidden("a/xb"));
        assert!(!Pattern::new("a/b").matches_hidden("a/b"));
    }

    #[test]
    fn literals_are_told_from_wildcards() {
        assert_eq!(Pattern::new("a\\*b[c").literal_name().as_deref(), Some("a*b[c"));
        assert_eq!(Pattern::new("a?").literal_name(), None);
        assert_eq!(Pattern::new("[a]").literal_name(), None);
    }

    #[test]
    fn hostile_patterns_end_soon() {
        let begun = Instant::now();
        let name = "a".repeat(255);
        let stars = Pattern::new(&"*".repeat(1000));
        let mixed = Pattern::new(&("*a".repeat(120) + "b"));
        for _ in 0..1000 {
            assert!(stars.matches_name(&name));
            assert!(!mixed.matches_name(&name));
        }
        let brackets = "[".repeat(100_000);
        assert!(Pattern::new(&brackets).matches_name(&brackets));
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
