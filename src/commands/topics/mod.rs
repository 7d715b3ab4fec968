//! The topics of `help`, which are sections of the man page as well: one text, shown in both.
//!
//! The markup is small: `backticks` mark what is typed, a blank line ends a paragraph; one that begins
//! with `* TERM :: ` is an item, and one that is indented by four blanks is an example. The man page
//! makes roff of it; here it is wrapped for the terminal.

mod text;

use super::help::KEYS;

/// A topic of `help`.
pub struct Topic {
    /// What is typed after `help`.
    pub name: &'static str,
    /// The heading of its section in the man page.
    pub title: &'static str,
    /// What it is about.
    pub about: &'static str,
    text: &'static str,
}

/// Every topic, in the order of `help topics`.
pub const TOPICS: &[Topic] = &[
    topic("tour", "Tour", "a first session, line by line", text::TOUR),
    topic("trust", "Trust", "when a certificate is accepted, and what is remembered", text::TRUST),
    topic("passwords", "Passwords", "where a password comes from", text::PASSWORDS),
    topic(
        "transfers",
        "Transfers",
        "when a transfer is complete; resuming; existing files",
        text::TRANSFERS,
    ),
    topic(
        "manifests",
        "Manifests",
        "`mirror -R --manifest`: uploads of what differs, by content",
        text::MANIFESTS,
    ),
    topic(
        "scripts",
        "The shell language",
        "quotes, wildcards, `&&`, jobs, redirection",
        text::SCRIPTS,
    ),
    topic("settings", "Settings", "how to change them, for a host or for good", text::SETTINGS),
    topic("keys", "Keys", "the keys of the prompt, and its marks", text::KEYS),
    topic(
        "lftp",
        "Coming from lftp",
        "for users of lftp: what is the same, and what differs",
        text::LFTP,
    ),
    topic(
        "sftp",
        "Coming from sftp and ftp",
        "the same for users of sftp, ftp and WinSCP",
        text::SFTP,
    ),
    topic("gaps", "Known gaps", "what other clients can do and this one cannot", text::GAPS),
];

const fn topic(
    name: &'static str,
    title: &'static str,
    about: &'static str,
    text: &'static str,
) -> Topic {
    Topic { name, title, about, text }
}

/// The topic of this name.
pub fn find_topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

impl Topic {
    /// The text in the small markup.
    pub fn text(&self) -> String {
        let mut text = self.text.trim_matches('\n').to_owned();
        if self.name == "keys" {
            for (key, explanation) in KEYS {
                text.push_str(&format!("\n\n* `{}` :: {explanation}", key.trim_end()));
            }
        }
        text
    }

    /// The text for a terminal of this width.
    pub fn lines(&self, width: usize) -> Vec<String> {
        let text = self.text();
        let mut lines = vec![self.title.to_uppercase()];
        let mut was_item = false;
        for part in text.split("\n\n") {
            let item = part.strip_prefix("* ").and_then(|item| item.split_once(" :: "));
            if !(was_item && item.is_some()) {
                lines.push(String::new());
            }
            was_item = item.is_some();
            if let Some((term, rest)) = item {
                push_item(&mut lines, &term.replace('`', ""), rest, width);
            } else if part.starts_with("    ") {
                lines.extend(part.lines().map(|line| line.replacen("    ", "  ", 1)));
            } else {
                lines.extend(wrap(part, width));
            }
        }
        lines
    }
}

/// Columns before the explanation of a term.
const INDENT: usize = 11;

/// A term, with its explanation beside it where there is room, else below it.
fn push_item(lines: &mut Vec<String>, term: &str, text: &str, width: usize) {
    let mut first = format!("{term:INDENT$}");
    if unicode_width::UnicodeWidthStr::width(term) >= INDENT {
        lines.extend(wrap(term, width));
        first = " ".repeat(INDENT);
    }
    for line in wrap(text, width.saturating_sub(INDENT).max(20)) {
        lines.push(first + &line);
        first = " ".repeat(INDENT);
    }
}

/// Words in lines of at most this width, if none is longer.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{COMMANDS, find_command};

    #[test]
    fn every_topic_is_shown_in_the_width_of_the_terminal_unless_it_is_an_example() {
        for topic in TOPICS {
            for width in [40, 80, 120] {
                let lines = topic.lines(width);
                assert!(lines.len() > 5, "{}: {lines:#?}", topic.name);
                let is_long = |line: &&String| line.chars().count() > width.max(INDENT + 30);
                let long = lines.iter().filter(is_long).find(|line| !line.starts_with("  "));
                assert_eq!(long, None, "{} at {width}", topic.name);
                assert!(!lines.iter().any(|line| line.contains(" :: ")), "{}", topic.name);
            }
        }
    }

    #[test]
    fn no_topic_hides_a_command_and_only_trust_is_both() {
        let both = |topic: &&Topic| find_command(COMMANDS, topic.name).is_ok();
        let both: Vec<_> = TOPICS.iter().filter(both).map(|topic| topic.name).collect();
        assert_eq!(both, ["trust"]);
    }
}
