//! What of a line may be kept in the history: everything but the secrets.
//!
//! A line as it was typed in, the same line without passwords out, or nothing. When in doubt a
//! line loses a word too many, or is not kept: a history that is not complete is a nuisance, a
//! password in it is a leak. The line need not be in the language: typing errors hold secrets too.

use crate::shell::syntax::{Lexed, Lexer, Open, Token};
use crate::shell::words::{Quote, quote_for};
use std::ops::Range;

/// The line without its secrets; `None` if it is not to be kept: it begins with a blank, or a
/// secret cannot be told from the rest.
///
/// Taken out are what follows the name in `user NAME PASSWORD`, the password in `open -u
/// NAME,PASSWORD` and in URLs, what follows `quote PASS`, `quote ACCT` and the like, and the value
/// in `set` of anything called a password; also in quoted commands (`alias`, `queue`, `open -e`),
/// in comments and in text for the user's shell.
pub fn redact_line(line: &str) -> Option<String> {
    if line.starts_with([' ', '\t']) {
        return None;
    }
    redact(line, MAX_NESTING).and_then(|line| without_passwords(&line))
}

/// Commands inside quotes inside quotes: deeper ones are not looked at, and so not kept.
const MAX_NESTING: usize = 4;

/// A word as it stands in the line, and what becomes of it.
struct Part {
    /// Without quotes, as it is to be.
    text: String,
    /// Where it stands in the line.
    span: Range<usize>,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Keep,
    Replace,
    Remove,
}

/// Pieces of the line and what to put in their place, in order.
type Edits = Vec<(Range<usize>, String)>;

fn redact(line: &str, depth: usize) -> Option<String> {
    let mut edits = Edits::new();
    let mut parts = Vec::new();
    let mut lexer = Lexer::new(line);
    loop {
        let Lexed { token, start, end, open, .. } = lexer.next();
        if matches!(open, Some((Open::Quote(_), _))) && may_hide_secrets(line) {
            return None;
        }
        match token {
            Token::Word(word) => {
                parts.push(Part { text: word.text(), span: start..end, fate: Fate::Keep });
                continue;
            }
            // These do not end a command: `user bob > x secret`.
            Token::Into | Token::Append => continue,
            _ => {}
        }
        remove_secrets(&mut parts);
        settle(&mut parts, line, depth, &mut edits)?;
        match token {
            Token::Pipe(text) | Token::Local(text) => {
                parts = shell_words(text, end - text.len());
                settle(&mut parts, line, depth, &mut edits)?;
            }
            Token::Comment(text) => {
                // Perhaps a command that was commented out.
                let inner = text.trim_start_matches(['#', ' ', '\t']);
                edits.push((end - inner.len()..end, redact(inner, depth.checked_sub(1)?)?));
            }
            Token::End => return Some(applied(line, edits)),
            _ => {}
        }
    }
}

/// Whether a line with an open quote, where words cannot be told apart, could hold a secret.
fn may_hide_secrets(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["us", "log", "pass", "acct", "pswd", "pwd", "-u", "@", ","].iter().any(|s| line.contains(s))
}

fn shell_words(text: &str, base: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lexer = Lexer::in_shell(text);
    loop {
        let Lexed { token, start, end, .. } = lexer.next();
        match token {
            Token::Word(word) => {
                let span = base + start..base + end;
                parts.push(Part { text: word.text(), span, fate: Fate::Keep });
            }
            Token::End => return parts,
            _ => {}
        }
    }
}

/// Takes the secrets out of one command.
fn remove_secrets(parts: &mut [Part]) {
    let Some((name, arguments)) = parts.split_first_mut() else { return };
    let is = |full: &[&str]| is_one_of(&name.text, full);
    if is(&["queue", "repeat", "alias"]) {
        let secretive = ["user", "login", "open", "connect", "quote", "site", "set"];
        if let Some(at) = arguments.iter().position(|part| is_one_of(&part.text, &secretive)) {
            remove_secrets(&mut arguments[at..]);
        }
    }
    if is(&["user", "login"]) {
        let name = arguments.iter().position(|part| !part.text.starts_with('-'));
        remove_from(arguments, name.map_or(arguments.len(), |at| at + 1));
    }
    if is(&["quote", "site"]) {
        remove_from_verb(arguments);
    }
    if is(&["set"]) {
        let secret = |part: &Part| {
            let name = part.text.to_ascii_lowercase();
            name.contains("pass") || name.contains("secret")
        };
        if let Some(at) = arguments.iter().position(secret) {
            remove_from(arguments, at + 1);
        }
    }
    if is(&["open", "connect", "set", "bookmark"]) {
        for part in arguments.iter_mut() {
            replace(part, without_bare_password(&part.text));
        }
    }
    if is(&["open", "connect"]) {
        remove_from_user_option(arguments);
    }
}

/// Whether `word` is one of these names or the beginning of one.
fn is_one_of(word: &str, names: &[&str]) -> bool {
    let word = word.to_ascii_lowercase();
    !word.is_empty() && names.iter().any(|name| name.starts_with(&word))
}

fn remove_from(parts: &mut [Part], at: usize) {
    parts.iter_mut().skip(at).for_each(|part| part.fate = Fate::Remove);
}

fn replace(part: &mut Part, text: Option<String>) {
    if let Some(text) = text.filter(|text| *text != part.text) {
        part.text = text;
        part.fate = Fate::Replace;
    }
}

/// `quote PASS x`, `quote "PASS x"`, `site pswd old new`: nothing behind the verb stays.
fn remove_from_verb(arguments: &mut [Part]) {
    let secret = |verb: &str| {
        let verb = verb.to_ascii_uppercase();
        ["PASS", "ACCT", "PSWD", "CPWD"].iter().any(|known| verb.contains(known))
    };
    for at in 0..arguments.len() {
        let text = arguments[at].text.clone();
        let tokens: Vec<&str> = text.split_whitespace().collect();
        if let Some(verb) = tokens.iter().position(|token| secret(token)) {
            replace(&mut arguments[at], Some(tokens[..=verb].join(" ")));
            return remove_from(arguments, at + 1);
        }
    }
}

/// `open -u NAME,PASSWORD` in all its forms.
fn remove_from_user_option(arguments: &mut [Part]) {
    let mut is_value = false;
    for part in arguments {
        let text = part.text.clone();
        let option = text.starts_with("--user") || (is_short(&text) && text.contains('u'));
        if let Some((name, _)) = text.split_once(',').filter(|_| is_value || option) {
            replace(part, Some(name.to_owned()));
        }
        is_value = option;
    }
}

fn is_short(text: &str) -> bool {
    text.starts_with('-') && !text.starts_with("--")
}

/// Looks into the words for URLs and quoted commands, and turns their fates into edits.
fn settle(parts: &mut Vec<Part>, line: &str, depth: usize, edits: &mut Edits) -> Option<()> {
    let mut before = None;
    for mut part in parts.drain(..) {
        let whole = part.text.trim_start();
        if part.fate != Fate::Remove && whole.contains(char::is_whitespace) {
            let inner = redact(whole, depth.checked_sub(1)?)?;
            if inner != whole {
                replace(&mut part, Some(inner));
            }
        }
        if part.fate != Fate::Remove {
            let text = without_passwords(&part.text)?;
            replace(&mut part, Some(text));
        }
        let Range { start, end } = part.span;
        match part.fate {
            Fate::Keep => {}
            Fate::Replace => {
                let quote = match line.as_bytes().get(start) {
                    Some(b'\'') => Quote::Single,
                    Some(b'"') => Quote::Double,
                    _ => Quote::None,
                };
                edits.push((start..end, quote_for(&part.text, quote)));
            }
            // With the blanks before it, and whatever stands there.
            Fate::Remove => edits.push((before.unwrap_or(start)..end, String::new())),
        }
        before = Some(end);
    }
    Some(())
}

fn applied(line: &str, edits: Edits) -> String {
    let mut out = String::with_capacity(line.len());
    let mut copied = 0;
    for (span, text) in edits {
        out.push_str(line.get(copied..span.start).unwrap_or_default());
        out.push_str(&text);
        copied = span.end.max(copied);
    }
    out.push_str(line.get(copied..).unwrap_or_default());
    out
}

/// `text` with every `//name:password@` in it as `//name@`; `None` where a colon begins what is
/// neither a port nor ends in `@`: half a password, perhaps.
fn without_passwords(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        out.push_str(before);
        let url_end = url.find(char::is_whitespace).unwrap_or(url.len());
        let authority_end = url[..url_end].find('/').unwrap_or(url_end);
        let authority = &url[..authority_end];
        let colon = authority.find(':').filter(|_| !authority.starts_with('['));
        let kept = match (colon, authority.rfind('@')) {
            (Some(colon), Some(at)) if colon < at => (colon, at),
            (Some(colon), None) if !is_port(&authority[colon + 1..]) => {
                // A slash in the password.
                (colon, url[..url_end].rfind('@')?)
            }
            _ => (authority_end, authority_end),
        };
        out.push_str(&url[..kept.0]);
        rest = &url[kept.1..];
    }
    out.push_str(rest);
    Some(out)
}

/// Whether this, behind a host and a colon, begins with a port that ends where a URL may end.
fn is_port(text: &str) -> bool {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - behind.len();
    digits <= 5
        && (behind.is_empty() || behind.starts_with(['\'', '"', '`', ')', ';', '&', '|', '>']))
}

/// `name:password@host`, which lacks a scheme, as `name@host`.
fn without_bare_password(text: &str) -> Option<String> {
    let (name, rest) = text.split_once(':')?;
    let (_, host) = rest.rsplit_once('@')?;
    let bare = !rest.starts_with("//") && !name.contains(['/', '@']);
    bare.then(|| format!("{name}@{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_of_the_line() {
        for (line, want) in [
            ("user bob hunter2", "user bob"),
            ("user bob", "user bob"),
            ("us bob 'hunter2 x'; ls -l", "us bob; ls -l"),
            ("login bob hunter2 && get a", "login bob && get a"),
            ("user bob > f hunter2", "user bob"),
            ("user -- bob hunter2", "user -- bob"),
            ("USER bob hunter2", "USER bob"),
            ("user ftp://bob@h hunter2", "user ftp://bob@h"),
            ("open -u bob,hunter2 host", "open -u bob host"),
            ("open -ubob,hunter2 host", "open -ubob host"),
            ("open --user bob,hunter2 host", "open --user bob host"),
            ("open --user=bob,hunter2 -p 21 host", "open --user=bob -p 21 host"),
            ("o -u bob,'hunter2 x' host", "o -u bob host"),
            ("open bob:hunter2@host", "open bob@host"),
            ("open ftp://bob:hunter2@host/dir", "open ftp://bob@host/dir"),
            ("open ftp://bob:hunter2@host:21/a@b", "open ftp://bob@host:21/a@b"),
            ("open 'ftp://bob:hunter2 x@host'", "open 'ftp://bob@host'"),
            ("open ftp://bob:hun\\ ter2@host", "open ftp://bob@host"),
            ("open ftp://bob:hunt/er2@host", "open ftp://bob@host"),
            ("open ftp://bob:hunt@er2@host", "open ftp://bob@host"),
            ("open ftp://bob:hunter2;x@host", "open ftp://bob@host"),
            ("open ftp://bob:hunter2&x@host", "open ftp://bob@host"),
            ("get ftps://a:hunter2@x/f -o ftpes://b:hunter2@y", "get ftps://a@x/f -o ftpes://b@y"),
            ("bookmark add w ftp://bob:hunter2@host", "bookmark add w ftp://bob@host"),
            ("set net:proxy http://p:hunter2@px:3128", "set net:proxy http://p@px:3128"),
            ("set net:proxy p:hunter2@px:3128", "set net:proxy p@px:3128"),
            ("set ftp:password hunter2", "set ftp:password"),
            ("quote PASS hunter2", "quote PASS"),
            ("quote 'pass hunter2'", "quote 'pass'"),
            ("quote ACCT hunter2; ls", "quote ACCT; ls"),
            ("quote SITE PSWD hunter2 hunter2", "quote SITE PSWD"),
            ("site pswd hunter2 hunter2", "site pswd"),
            ("queue user bob hunter2", "queue user bob"),
            ("repeat 3 open -u bob,hunter2 h", "repeat 3 open -u bob h"),
            ("alias in 'user bob hunter2'", "alias in 'user bob'"),
            ("open h -e \"user bob hunter2; ls\"", "open h -e \"user bob; ls\""),
            ("alias a \"alias b 'user bob hunter2'\"", "alias a \"alias b 'user bob'\""),
            ("(cd x; user bob hunter2) &", "(cd x; user bob) &"),
            ("cd x\nuser bob hunter2\nls", "cd x\nuser bob\nls"),
            ("ls # user bob hunter2", "ls # user bob"),
            ("# open ftp://bob:hunter2@host", "# open ftp://bob@host"),
            ("! curl 'ftp://bob:hunter2 x@h' -o f", "! curl 'ftp://bob@h' -o f"),
            ("cat f | curl -T - ftp://bob:hunter2@h; ls", "cat f | curl -T - ftp://bob@h; ls"),
            ("! ftpsh -c 'user bob hunter2' h", "! ftpsh -c 'user bob' h"),
        ] {
            assert_eq!(redact_line(line).as_deref(), Some(want), "{line}");
        }
    }

    #[test]
    fn innocent_lines_stay_as_they_are() {
        for line in [
            "",
            "ls -l 'a b' | sort -u > x # it is",
            "get \"user guide.pdf\" -o ftp://host:2121/dir",
            "get ftpes://[::1]:2121/f && echo 'ok'",
            "open -u bob host:21",
            "open ftp://bob@host:21/dir@2",
            "set net:limit-rate 10k:5k",
            "set net:timeout 3m",
            "quote NOOP",
            "site chmod 644 f",
            "! make -j2 && ./run x,y",
            "get it's",
            "a\\",
            "mv a:b@c d",
            "( ls",
            "&& ;; )",
        ] {
            assert_eq!(redact_line(line).as_deref(), Some(line), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_made_safe_is_not_kept() {
        for line in [
            " ls",
            "\tls",
            "user 'bob hunter2",
            "ls 'x; user bob hunter2",
            "quote \"PASS hunter2",
            "open ftp://bob:hunt er2@host",
            "open 'ftp://bob:hunter2@host",
            "open 'host -u bob,hunter2",
        ] {
            assert_eq!(redact_line(line), None, "{line}");
        }
    }

    #[test]
    fn commands_quoted_too_deep_are_not_kept() {
        let mut line = "user bob hunter2".to_owned();
        for depth in 0..12 {
            let kept = redact_line(&line);
            assert!(kept.is_none_or(|kept| !kept.contains("hunter2")), "depth {depth}: {line}");
            line = format!("queue {}", quote_for(&line, Quote::Single));
        }
    }
}
