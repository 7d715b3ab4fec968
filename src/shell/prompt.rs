//! The text of the prompt, from the setting `cmd:prompt`.
//!
//! Names in it come from a server or the user: they are escaped.

use crate::commands::Context;
use crate::error::Kind;
use crate::ftp::path::RemotePath;
use crate::local_path;
use crate::output::{Style, escape};
use crate::settings::CMD_PROMPT;
use crate::target::Site;

/// The prompt of continuation lines.
pub const CONTINUATION: &str = "> ";

/// The template without a connection.
const UNCONNECTED: &str = r"\?ftpsh> ";

/// Prefix of the prompt if the server is trusted for this run only.
const FLEETING: &str = "! ";

/// The values of the escapes in a prompt.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `\u`.
    pub user: String,
    /// `\h`, with an unusual port; empty without a connection.
    pub host: String,
    /// `\w`, and its last component `\W`.
    pub remote: String,
    /// `\l`.
    pub local: String,
    /// Whether the server is trusted for this run only.
    pub fleeting: bool,
    /// `\?`: the exit status of the last input, if it failed.
    pub failure: Option<u8>,
}

impl Facts {
    /// The values for a context, after an input with this result.
    pub fn values_of(ctx: &Context, failure: Option<Kind>) -> Self {
        let failure = failure.map(Kind::exit);
        let connection = &ctx.client.connection;
        let local = std::env::current_dir()
            .map(|path| local_path::word_from_path(&path))
            .unwrap_or_default();
        let Some((site, login)) = connection.site.as_ref().zip(connection.login.as_ref()) else {
            return Self { local, failure, ..Self::default() };
        };
        Self {
            user: login.user.clone(),
            host: host_and_unusual_port(site),
            remote: connection.remote_directory().map_or("", RemotePath::as_str).to_owned(),
            local,
            fleeting: connection.trusted_for_this_run,
            failure,
        }
    }
}

/// The host, and the port if it is not the usual one of the mode.
fn host_and_unusual_port(site: &Site) -> String {
    match &site.host {
        host if site.port == site.mode.default_port() => host.clone(),
        host if host.contains(':') => format!("[{host}]:{}", site.port),
        host => format!("{host}:{}", site.port),
    }
}

/// The prompt for a context, without and with styles, after an input with this result.
pub fn render_prompt(ctx: &Context, failure: Option<Kind>) -> (String, String) {
    let facts = Facts::values_of(ctx, failure);
    let template = ctx.client.settings.get(CMD_PROMPT, None);
    let render = |color| {
        let start = if facts.fleeting { FLEETING } else { "" };
        paint(color, Style::Warning, start) + &expand_template(&template, &facts, color)
    };
    (render(false), render(ctx.out.has_color()))
}

/// Expands the escapes of a template: `\u \h \w \W \l \?`, and `\\` for a backslash. Anything else
/// is unchanged. Without a connection, a template that refers to a server is replaced.
pub fn expand_template(template: &str, facts: &Facts, color: bool) -> String {
    let refers_to_server = ["\\u", "\\h", "\\w", "\\W"].iter().any(|e| template.contains(e));
    let template = match facts.host.is_empty() && refers_to_server {
        true if template.contains("\\?") => UNCONNECTED,
        true => UNCONNECTED.trim_start_matches("\\?"),
        false => template,
    };
    let mut text = String::new();
    let mut characters = template.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        let mut push = |style, value: &str| text.push_str(&paint(color, style, &escape(value)));
        match characters.next() {
            Some('u') => push(Style::Good, &facts.user),
            Some('h') => push(Style::Good, &facts.host),
            Some('w') => push(Style::Strong, &facts.remote),
            Some('W') => push(Style::Strong, last_part(&facts.remote)),
            Some('l') => push(Style::Strong, &facts.local),
            Some('?') => {
                let mark = facts.failure.map(|status| format!("[{status}] "));
                push(Style::Bad, &mark.unwrap_or_default());
            }
            Some('\\') => text.push('\\'),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}

fn paint(color: bool, style: Style, text: &str) -> String {
    if color && !text.is_empty() { style.paint(text) } else { text.to_owned() }
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
    use crate::target::parse_target;

    fn facts() -> Facts {
        Facts {
            user: "ann".into(),
            host: "ftp.example.org".into(),
            remote: "/pub/a b".into(),
            local: "/home/ann".into(),
            fleeting: false,
            failure: None,
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
            assert_eq!(expand_template(template, &facts(), false), want, "{template}");
        }
        assert_eq!(expand_template(r"\W", &Facts { remote: "/".into(), ..facts() }, false), "/");
    }

    #[test]
    fn without_a_server_nothing_is_said_of_one() {
        let nowhere = Facts { local: "/tmp".into(), ..Facts::default() };
        assert_eq!(expand_template(r"ftpsh \u@\h:\w> ", &nowhere, false), "ftpsh> ");
        assert_eq!(expand_template(r"[\l] ", &nowhere, false), "[/tmp] ");
    }

    #[test]
    fn a_failed_command_leaves_its_status_and_an_unusual_port_is_shown() {
        let failed = Facts { failure: Some(4), ..facts() };
        let text = |facts, color| expand_template(r"\?\h:\w> ", facts, color);
        assert_eq!(text(&failed, false), "[4] ftp.example.org:/pub/a b> ");
        assert_eq!(
            text(&failed, true),
            "\x1b[31m[4] \x1b[0m\x1b[32mftp.example.org\x1b[0m:\x1b[1m/pub/a b\x1b[0m> "
        );
        let nowhere = Facts { failure: Some(4), ..Facts::default() };
        assert_eq!(text(&nowhere, false), "[4] ftpsh> ");
        for (url, want) in [
            ("ftp://example.org", "example.org"),
            ("ftp://example.org:990", "example.org:990"),
            ("ftps://example.org:990", "example.org"),
            ("ftps://example.org:21", "example.org:21"),
            ("ftp://[::1]:2121", "[::1]:2121"),
            ("ftp://[::1]", "::1"),
        ] {
            let site = parse_target(url).unwrap().site;
            assert_eq!(host_and_unusual_port(&site), want, "{url}");
        }
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        let hostile = Facts { remote: "/\x1b]0;x\x07\n".into(), ..facts() };
        let text = expand_template(r"\u:\w:\W> ", &hostile, false);
        assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    }
}
