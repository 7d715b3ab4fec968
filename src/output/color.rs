//! Decides whether to use colour, and which.
//!
//! From the user's choice, the environment and the kind of a stream, one function decides for that
//! stream; `LS_COLORS` gives the styles of names. Nothing is written here.

use std::str::FromStr;

use lscolors::{Indicator, LsColors};

use crate::error::Error;

/// The value of `--color`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a capable terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always, also in pipes and files.
    Always,
    /// Never.
    Never,
}

impl FromStr for ColorChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(Error::usage(format!("{text}: not one of auto, always, never"))),
        }
    }
}

/// The environment variables about terminals and colour. `None` if not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `NO_COLOR` (<https://no-color.org>): set and not empty means no colour.
    pub no_color: Option<String>,
    /// `CLICOLOR_FORCE`: set, not empty and not `0` means colour everywhere.
    pub clicolor_force: Option<String>,
    /// `TERM`: `dumb` can neither show colour nor move the cursor.
    pub term: Option<String>,
    /// `XTERM_VERSION`: set by xterm itself, not by those that call themselves that.
    pub xterm_version: Option<String>,
    /// The locale of characters: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty.
    pub locale: Option<String>,
}

impl Environment {
    /// The process's own environment.
    pub fn of_process() -> Self {
        let get = |name| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(get);
        Self {
            no_color: get("NO_COLOR"),
            clicolor_force: get("CLICOLOR_FORCE"),
            term: get("TERM"),
            xterm_version: get("XTERM_VERSION"),
            locale: { locale }.find(|value| !value.is_empty()),
        }
    }

    /// Whether text may be more than ASCII.
    pub fn is_utf8(&self) -> bool {
        let locale = self.locale.as_deref().unwrap_or_default().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }

    /// Whether a terminal can move its cursor and show colour.
    pub fn is_capable(&self) -> bool {
        self.term.as_deref() != Some("dumb")
    }

    /// Whether the terminal cuts lines off when it becomes narrower; most wrap them again.
    pub fn cuts_lines(&self) -> bool {
        let term = self.term.as_deref().unwrap_or_default();
        let is_xterm = term.starts_with("xterm") && self.xterm_version.is_some();
        is_xterm || ["linux", "rxvt", "st-"].iter().any(|name| term.starts_with(name))
    }
}

/// Whether a stream gets colour. In order of precedence: `--color`, `NO_COLOR`, `CLICOLOR_FORCE`,
/// whether the stream is a capable terminal.
pub fn wants_color(choice: ColorChoice, environment: &Environment, is_terminal: bool) -> bool {
    let set = |value: &Option<String>| value.as_deref().is_some_and(|v| !v.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set(&environment.no_color) => false,
        ColorChoice::Auto if set(&environment.clicolor_force) => {
            environment.clicolor_force.as_deref() != Some("0")
                || (is_terminal && environment.is_capable())
        }
        ColorChoice::Auto => is_terminal && environment.is_capable(),
    }
}

/// The style of a piece of text. Without colour, all styles look the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Style {
    /// Unchanged.
    #[default]
    Plain,
    /// Less important.
    Dim,
    /// A heading or the most important item.
    Strong,
    /// Success.
    Good,
    /// Needs attention.
    Warning,
    /// Failure.
    Bad,
    /// A ready-made escape sequence, from `LS_COLORS`; never from a server.
    Sequence(String),
}

/// Ends every style.
pub(super) const RESET: &str = "\x1b[0m";

impl Style {
    /// The escape sequence that begins this style; empty for [`Style::Plain`].
    pub fn start(&self) -> &str {
        match self {
            Style::Plain => "",
            Style::Dim => "\x1b[2m",
            Style::Strong => "\x1b[1m",
            Style::Good => "\x1b[32m",
            Style::Warning => "\x1b[33m",
            Style::Bad => "\x1b[31m",
            Style::Sequence(sequence) => sequence,
        }
    }

    /// The text in this style, with a reset after it.
    pub fn paint(&self, text: &str) -> String {
        match self.start() {
            "" => text.to_owned(),
            start => format!("{start}{text}{RESET}"),
        }
    }
}

/// The kind of a file, as far as it affects the colour of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A file with an executable mode bit.
    Executable,
    /// Any other file: its suffix decides the colour.
    File,
}

/// The colours of names from `LS_COLORS`.
#[derive(Debug, Clone, Default)]
pub struct NameColors(LsColors);

impl NameColors {
    /// `LS_COLORS` of the environment, or the default colours if it is not set.
    pub fn of_process() -> Self {
        Self(LsColors::from_env().unwrap_or_default())
    }

    /// Parses `text` in the format of `LS_COLORS`.
    pub fn parse(text: &str) -> Self {
        Self(LsColors::from_string(text))
    }

    /// The style of a name.
    pub fn style(&self, name: &str, kind: NameKind) -> Style {
        let found = match kind {
            NameKind::Directory => self.0.style_for_indicator(Indicator::Directory),
            NameKind::Link => self.0.style_for_indicator(Indicator::SymbolicLink),
            NameKind::Executable => self.0.style_for_indicator(Indicator::ExecutableFile),
            NameKind::File => self
                .0
                .style_for_str(name)
                .or_else(|| self.0.style_for_indicator(Indicator::RegularFile)),
        };
        let sequence =
            found.map(|s| s.to_nu_ansi_term_style().prefix().to_string()).unwrap_or_default();
        if sequence.is_empty() { Style::Plain } else { Style::Sequence(sequence) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_beats_no_color_beats_clicolor_force_beats_the_terminal() {
        use ColorChoice::{Always, Auto, Never};
        let table = [
            // choice, NO_COLOR, CLICOLOR_FORCE, TERM, terminal -> colour
            (Auto, None, None, Some("xterm"), true, true),
            (Auto, None, None, Some("xterm"), false, false),
            (Auto, None, None, Some("dumb"), true, false),
            (Auto, None, None, None, true, true),
            (Auto, Some("1"), None, Some("xterm"), true, false),
            (Auto, Some(""), None, Some("xterm"), true, true),
            (Auto, Some("0"), None, Some("xterm"), true, false),
            (Auto, None, Some("1"), Some("dumb"), false, true),
            (Auto, None, Some("0"), Some("xterm"), false, false),
            (Auto, None, Some("0"), Some("xterm"), true, true),
            (Auto, None, Some(""), Some("xterm"), false, false),
            (Auto, Some("1"), Some("1"), Some("xterm"), true, false),
            (Always, Some("1"), None, Some("dumb"), false, true),
            (Never, None, Some("1"), Some("xterm"), true, false),
        ];
        for (choice, no_color, force, term, terminal, expected) in table {
            let environment = Environment {
                no_color: no_color.map(str::to_owned),
                clicolor_force: force.map(str::to_owned),
                term: term.map(str::to_owned),
                ..Environment::default()
            };
            assert_eq!(
                wants_color(choice, &environment, terminal),
                expected,
                "{choice:?} {environment:?} terminal {terminal}"
            );
        }
    }

    #[test]
    fn names_take_their_style_from_kind_and_suffix() {
        let colors = NameColors::parse("di=01;34:ln=36:ex=32:*.zip=31:fi=0");
        let start = |name, kind| colors.style(name, kind).start().to_owned();
        assert_eq!(start("pub.zip", NameKind::Directory), "\x1b[1;34m");
        assert_eq!(start("latest", NameKind::Link), "\x1b[36m");
        assert_eq!(start("run.sh", NameKind::Executable), "\x1b[32m");
        assert_eq!(start("a.zip", NameKind::File), "\x1b[31m");
        assert_eq!(colors.style("a.txt", NameKind::File), Style::Plain);
    }

    #[test]
    fn paint_ends_what_it_begins() {
        assert_eq!(Style::Bad.paint("x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Style::Plain.paint("x"), "x");
    }

    #[test]
    fn the_choice_is_read_from_its_name() {
        assert_eq!("never".parse::<ColorChoice>().unwrap(), ColorChoice::Never);
        assert!("sometimes".parse::<ColorChoice>().is_err());
    }
}
