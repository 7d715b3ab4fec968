//! The text of the prompt, from the setting `cmd:prompt`.
//!
//! Names in it come from a server or the user: they are escaped.

use crate::commands::Context;
use crate::ftp::path::RemotePath;
use crate::local_path;
use crate::output::{Style, escape};
use crate::settings::CMD_PROMPT;

/// The prompt of continuation lines.
pub const CONTINUATION: &str = "> ";

/// The prompt without a connection.
const UNCONNECTED: &str = "ftpsh> ";

/// Prefix of the prompt if the server is trusted for this run only.
const FLEETING: &str = "! ";

/// The values of the escapes in a prompt.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `\u`.
    pub user: String,
    /// `\h`; empty without a connection.
    pub host: String,
    /// `\w`, and its last component `\W`.
    pub remote: String,
    /// `\l`.
    pub local: String,
    /// Whether the server is trusted for this run only.
    pub fleeting: bool,
}

impl Facts {
    /// The values for a context.
    pub fn values_of(ctx: &Context) -> Self {
        let connection = &ctx.client.connection;
        let local = std::env::current_dir()
            .map(|path| local_path::word_from_path(&path))
            .unwrap_or_default();
        let Some((site, login)) = connection.site.as_ref().zip(connection.login.as_ref()) else {
            return Self { local, ..Self::default() };
        };
        Self {
            user: login.user.clone(),
            host: site.host.clone(),
            remote: connection.remote_directory().map_or("", RemotePath::as_str).to_owned(),
            local,
            fleeting: connection.trusted_for_this_run,
        }
    }
}

/// The prompt for a context, without and with styles.
pub fn render_prompt(ctx: &Context) -> (String, String) {
    let facts = Facts::values_of(ctx);
    let text = expand_template(&ctx.client.settings.get(CMD_PROMPT, None), &facts);
    if !facts.fleeting {
        return (text.clone(), text);
    }
    (format!("{FLEETING}{text}"), format!("{}{text}", Style::Warning.paint(FLEETING)))
}

/// Expands the escapes of a template: `\u \h \w \W \l`, and `\\` for a backslash. Anything else is
/// unchanged. Without a connection, a template that refers to a server is replaced.
pub fn expand_template(template: &str, facts: &Facts) -> String {
    if facts.host.is_empty() && ["\\u", "\\h", "\\w", "\\W"].iter().any(|e| template.contains(e)) {
        return UNCONNECTED.to_owned();
    }
    let mut text = String::new();
    let mut characters = template.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match characters.next() {
            Some('u') => text.push_str(&escape(&facts.user)),
            Some('h') => text.push_str(&escape(&facts.host)),
            Some('w') => text.push_str(&escape(&facts.remote)),
            Some('W') => text.push_str(&escape(last_part(&facts.remote))),
            Some('l') => text.push_str(&escape(&facts.local)),
            Some('\\') => text.push('\\'),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}

fn last_part(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some(part) if !part.is_empty() => part,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            user: "ann".into(),
            host: "ftp.example.org".into(),
            remote: "/pub/a b".into(),
            local: "/home/ann".into(),
            fleeting: false,
        }
    }

    #[test]
    fn every_escape_is_written_out() {
        for (template, want) in [
            (r"ftpsh \u@\h:\w> ", "ftpsh ann@ftp.example.org:/pub/a b> "),
            (r"\W \l$ ", "a b /home/ann$ "),
            (r"\\u \x \", r"\u \x \"),
            ("", ""),
            ("plain", "plain"),
        ] {
            assert_eq!(expand_template(template, &facts()), want, "{template}");
        }
        assert_eq!(expand_template(r"\W", &Facts { remote: "/".into(), ..facts() }), "/");
    }

    #[test]
    fn without_a_server_nothing_is_said_of_one() {
        let nowhere = Facts { local: "/tmp".into(), ..Facts::default() };
        assert_eq!(expand_template(r"ftpsh \u@\h:\w> ", &nowhere), "ftpsh> ");
        assert_eq!(expand_template(r"[\l] ", &nowhere), "[/tmp] ");
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        let hostile = Facts { remote: "/\x1b]0;x\x07\n".into(), ..facts() };
        let text = expand_template(r"\u:\w:\W> ", &hostile);
        assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    }
}
