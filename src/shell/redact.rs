//! Removes secrets from a line before it enters the history.
//!
//! If in doubt, a word too many is removed or the line is dropped: an incomplete history is a
//! nuisance, a password in it is a leak. The line need not be valid: typing errors contain secrets
//! too.

use crate::ftp::control::trace::visible_words;
use crate::shell::syntax::{Element, Lexed, Lexer, Open, Script, Token, Word, parse_script};
use crate::shell_quote::{Quote, quote_for};
use crate::target::without_url_passwords;
use std::ops::Range;

#[cfg(test)]
mod tests;

/// Maximum length of a stored line, in bytes: longer ones are rarely reused, and scanning them
/// takes time.
pub const MAX_LINE: usize = 16 * 1024;

/// The line without its secrets; `None` if it must not be stored: it begins with a blank, is longer
/// than [`MAX_LINE`], or a secret cannot be located.
///
/// Removed are what follows the name in `user NAME PASSWORD`, the password in `open -u
/// NAME,PASSWORD` and in URLs, what follows `quote PASS`, `quote ACCT`, `site PSWD`, `site ADDUSER`
/// and every SITE command not known to be harmless, and the value in `set` of any setting called a
/// password; also in quoted commands (`alias`, `queue`, `open -e`), in comments and in text for the
/// user's shell.
pub fn redact_line(line: &str) -> Option<String> {
    if line.starts_with([' ', '\t']) || line.len() > MAX_LINE {
        return None;
    }
    // First as plain text: an unquoted `&` or `;` in a password splits a URL into two commands.
    let line = without_url_passwords(line, char::is_whitespace).0;
    let line = redact_nested(&line, MAX_NESTING)?;
    let (line, all_found) = without_url_passwords(&line, char::is_whitespace);
    all_found.then_some(line)
}

/// Whether a command of this script holds a password. What is sent as it is (`site`) is not looked
/// at: it may be one.
pub fn holds_password(source: &str) -> bool {
    parse_script(source, "").is_ok_and(|script| script_holds_password(&script))
}

fn script_holds_password(script: &Script) -> bool {
    let holds = |words: &[Word]| {
        let line = words.iter().map(Word::to_source).collect::<Vec<_>>().join(" ");
        let raw = words
            .first()
            .is_some_and(|word| abbreviates_any(&word.unquoted_text(), &["quote", "site"]));
        !raw && redact_line(&line).is_none_or(|kept| kept != line)
    };
    script.items.iter().flat_map(|item| &item.steps).any(|step| match &step.element {
        Element::Simple(words) => holds(words),
        Element::Group(inner) => script_holds_password(inner),
        Element::Local(_) => false,
    })
}

/// Maximum depth of quoted commands; deeper ones are not scanned, so the line is not stored.
const MAX_NESTING: usize = 4;

/// A word of the line, and what to do with it.
struct Part {
    /// Its new text, without quotes.
    text: String,
    /// Its position in the line.
    span: Range<usize>,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Keep,
    Replace,
    Remove,
}

/// Replacements for pieces of the line, in order.
type Edits = Vec<(Range<usize>, String)>;

fn redact_nested(line: &str, depth: usize) -> Option<String> {
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
                parts.push(Part { text: word.unquoted_text(), span: start..end, fate: Fate::Keep });
                continue;
            }
            // They do not end a command: `user bob > x secret`.
            Token::Into | Token::Append => continue,
            _ => {}
        }
        remove_secrets(&mut parts)?;
        if is_secretive(&parts) && is_followed_by_operator(line, &parts) {
            return None;
        }
        collect_edits(&mut parts, line, depth, &mut edits)?;
        match token {
            Token::Pipe(text) | Token::Local(text) => {
                parts = shell_words(text, end - text.len());
                remove_from_user_option(&mut parts);
                collect_edits(&mut parts, line, depth, &mut edits)?;
            }
            Token::Comment(text) => {
                // Possibly a command that was commented out.
                let inner = text.trim_start_matches(['#', ' ', '\t']);
                edits.push((end - inner.len()..end, redact_nested(inner, depth.checked_sub(1)?)?));
            }
            Token::End => return Some(apply_edits(line, edits)),
            _ => {}
        }
    }
}

/// Whether a line with an open quote, which cannot be split into words, might contain a secret.
fn may_hide_secrets(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["us", "log", "pass", "acct", "pswd", "pwd", "-u", "@", ","].iter().any(|s| line.contains(s))
}

/// Whether this command ended with a secret, or might have.
fn is_secretive(parts: &[Part]) -> bool {
    let named = |part: &Part| {
        let text = part.text.to_ascii_lowercase();
        matches!(text.as_str(), "user" | "login" | "pass" | "acct" | "pswd")
    };
    parts.first().is_some_and(|part| abbreviates_any(&part.text, &["user", "login"]))
        || parts.iter().any(|part| part.fate != Fate::Keep || named(part))
}

/// Whether an operator without a blank after it follows: in `user bob pass;word`, half of the
/// password is in the next command.
fn is_followed_by_operator(line: &str, parts: &[Part]) -> bool {
    let end = parts.last().map_or(0, |part| part.span.end);
    let rest = line[end..].trim_start_matches([' ', '\t']);
    let behind = rest.trim_start_matches([';', '&', '|', '>', '#', '(', ')']);
    behind.len() < rest.len() && behind.starts_with(|c: char| !c.is_whitespace())
}

fn shell_words(text: &str, base: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lexer = Lexer::for_shell_text(text);
    loop {
        let Lexed { token, start, end, .. } = lexer.next();
        match token {
            Token::Word(word) => {
                let span = base + start..base + end;
                parts.push(Part { text: word.unquoted_text(), span, fate: Fate::Keep });
            }
            Token::End => return parts,
            _ => {}
        }
    }
}

/// Removes the secrets from a command and from the one that it runs; `None` if there may be too
/// many commands in it.
fn remove_secrets(parts: &mut [Part]) -> Option<()> {
    let Some((name, arguments)) = parts.split_first() else { return Some(()) };
    let mut starts = vec![0];
    if abbreviates_any(&name.text, &["queue", "repeat", "alias"]) {
        let secretive = ["user", "login", "open", "connect", "quote", "site", "set"];
        let inner =
            arguments.iter().enumerate().filter(|(_, p)| abbreviates_any(&p.text, &secretive));
        starts.extend(inner.map(|(at, _)| at + 1).take(MAX_CANDIDATES));
    }
    for start in &starts {
        remove_secrets_at(&mut parts[*start..]);
    }
    (starts.len() < MAX_CANDIDATES).then_some(())
}

/// Maximum words of `queue`, `repeat` and `alias` that may look like a command with secrets.
const MAX_CANDIDATES: usize = 16;

fn remove_secrets_at(parts: &mut [Part]) {
    let Some((name, arguments)) = parts.split_first_mut() else { return };
    let is = |full: &[&str]| abbreviates_any(&name.text, full);
    if is(&["user", "login"]) {
        let name = arguments.iter().position(|part| !part.text.starts_with('-'));
        if let Some(name) = name {
            remove_from(arguments, name + 1);
            let shown = arguments[name].text.split_once(',').map(|(name, _)| name.to_owned());
            replace_text(&mut arguments[name], shown);
        }
    }
    if is(&["quote", "site"]) {
        remove_from_verb(arguments);
        remove_from_command(arguments, name.text.to_ascii_lowercase().starts_with("si"));
    }
    if is(&["set"]) {
        let secret = |part: &Part| {
            let name = part.text.to_ascii_lowercase();
            let secretive = ["pass", "secret", "acct"].iter().any(|word| name.contains(word));
            secretive && !name.contains("passive")
        };
        if let Some(at) = arguments.iter().position(secret) {
            remove_from(arguments, at + 1);
        }
    }
    if is(&["open", "connect", "set", "bookmark"]) {
        for part in arguments.iter_mut() {
            replace_text(part, without_bare_password(&part.text));
        }
    }
    // In any command: `lftp -u NAME,PASSWORD HOST` is typed at the prompt, too.
    remove_from_user_option(arguments);
}

/// Whether `word` is one of these names or a prefix of one.
fn abbreviates_any(word: &str, names: &[&str]) -> bool {
    let word = word.to_ascii_lowercase();
    !word.is_empty() && names.iter().any(|name| name.starts_with(&word))
}

fn remove_from(parts: &mut [Part], at: usize) {
    parts.iter_mut().skip(at).for_each(|part| part.fate = Fate::Remove);
}

fn replace_text(part: &mut Part, text: Option<String>) {
    if let Some(text) = text.filter(|text| *text != part.text && part.fate != Fate::Remove) {
        part.text = text;
        part.fate = Fate::Replace;
    }
}

/// `quote PASS x`, `quote "PASS x"`, `site pswd old new`: everything after the verb is removed.
fn remove_from_verb(arguments: &mut [Part]) {
    let secret = |verb: &str| {
        let verb = verb.to_ascii_uppercase();
        ["PASS", "ACCT", "PSWD", "CPWD"].iter().any(|known| verb.contains(known))
    };
    for at in 0..arguments.len() {
        let text = arguments[at].text.clone();
        let tokens: Vec<&str> = text.split_whitespace().collect();
        if let Some(verb) = tokens.iter().position(|token| secret(token)) {
            replace_text(&mut arguments[at], Some(tokens[..=verb].join(" ")));
            return remove_from(arguments, at + 1);
        }
    }
}

/// `site ADDUSER bob x`, `quote SITE CHPASS x`: everything after a command that may take a secret
/// is removed.
fn remove_from_command(arguments: &mut [Part], is_site: bool) {
    let mut words = if is_site { vec!["SITE".to_owned()] } else { Vec::new() };
    let before = words.len();
    let whole = arguments.iter().filter(|part| part.fate != Fate::Remove);
    words.extend(whole.flat_map(|part| part.text.split_whitespace().map(str::to_owned)));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(count) = visible_words(&words) else { return };
    let mut left = count - before;
    for part in arguments {
        let own: Vec<&str> = part.text.split_whitespace().collect();
        match left {
            0 => part.fate = Fate::Remove,
            _ if own.len() > left => {
                let shown = own[..left].join(" ");
                replace_text(part, Some(shown));
                left = 0;
            }
            _ => left -= own.len(),
        }
    }
}

/// `open -u NAME,PASSWORD` in all its forms, and `--password PASSWORD`, which is refused.
fn remove_from_user_option(arguments: &mut [Part]) {
    let (mut is_login, mut is_password) = (false, false);
    for part in arguments {
        let text = part.text.clone();
        let login = text.starts_with("--user") || (is_short_option(&text) && text.contains('u'));
        let password = text == "--pass" || text == "--password";
        if let Some((name, _)) = text.split_once(',').filter(|_| is_login || login) {
            replace_text(part, Some(name.to_owned()));
        }
        if let Some((option, _)) = text.split_once('=').filter(|_| text.starts_with("--pass")) {
            replace_text(part, Some(option.to_owned()));
        }
        if is_password {
            part.fate = Fate::Remove;
        }
        (is_login, is_password) = (login, password);
    }
}

fn is_short_option(text: &str) -> bool {
    text.starts_with('-') && !text.starts_with("--")
}

/// Scans the words for URLs and quoted commands, and converts the results to edits.
fn collect_edits(parts: &mut Vec<Part>, line: &str, depth: usize, edits: &mut Edits) -> Option<()> {
    let mut before = None;
    for mut part in parts.drain(..) {
        if part.fate != Fate::Remove && is_url(&part.text) {
            let text = without_url_passwords(&part.text, |_| false).0;
            replace_text(&mut part, Some(text));
        }
        let whole = part.text.trim_start();
        if part.fate != Fate::Remove && whole.contains(char::is_whitespace) {
            let inner = redact_nested(whole, depth.checked_sub(1)?)?;
            if inner != whole {
                replace_text(&mut part, Some(inner));
            }
        }
        if part.fate != Fate::Remove {
            let text = without_url_passwords(&part.text, char::is_whitespace).0;
            replace_text(&mut part, Some(text));
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
            // With the blanks and anything else before it.
            Fate::Remove => edits.push((before.unwrap_or(start)..end, String::new())),
        }
        before = Some(end);
    }
    Some(())
}

fn apply_edits(line: &str, edits: Edits) -> String {
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

/// Whether a word as a whole is a URL; blanks are then part of it.
fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

/// Rewrites `name:password@host` or `name,password@host`, without a scheme, as `name@host`.
fn without_bare_password(text: &str) -> Option<String> {
    let (name, rest) = text.split_once([':', ','])?;
    let (_, host) = rest.rsplit_once('@')?;
    let bare = !rest.starts_with("//") && !name.contains(['/', '@']);
    bare.then(|| format!("{name}@{host}"))
}
