//! `chmod`: set permission bits.

use clap::Parser;

use super::entries::format;
use super::entries::lookup::Lookup;
use super::entries::walk::{Found, walk_tree};
use super::transfers::Failures;
use super::{Builtin, Context, Example, Globs, Group};
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind};
use crate::ftp::path::RemotePath;

/// Set the permissions of files and directories
///
/// MODE is octal (644) or symbolic (u+x,go-w). A symbolic mode is applied to the permissions in the
/// server's listing.
#[derive(Debug, Parser)]
pub struct Chmod {
    /// Change directories recursively
    #[arg(short = 'R', long)]
    recursive: bool,
    /// 644, u+x, go-w, a=rX
    #[arg(value_name = "MODE", allow_hyphen_values = true, value_parser = parse_mode)]
    mode: Mode,
    /// Files and directories
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

impl Builtin for Chmod {
    const NAME: &'static str = "chmod";
    const GROUP: Group = Group::Change;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[Example {
        line: "chmod 640 notes.txt || echo not on this server",
        about: "octal, where the server has permissions",
    }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let mut failures = Failures::default();
        let mut lookup = Lookup::default();
        for path in &self.paths {
            ctx.client.cancel.check()?;
            let result = self.change_one_path(ctx, path, &mut lookup, &mut failures);
            failures.note_result(ctx, result)?;
        }
        failures.into_result()
    }
}

impl Chmod {
    fn change_one_path(
        &self,
        ctx: &mut Context,
        typed: &str,
        lookup: &mut Lookup,
        failures: &mut Failures,
    ) -> Result<()> {
        if let (Mode::Octal(mode), false) = (&self.mode, self.recursive) {
            return set_mode(ctx, *mode, &RemotePath::new(typed)?);
        }
        let entry = lookup.find_entry(ctx, typed)?;
        if !self.recursive {
            return set_mode(ctx, self.mode.parse_change(&entry)?, &RemotePath::new(typed)?);
        }
        let mut tree = Vec::new();
        walk_tree(ctx, Found::walk_root(typed, entry)?, usize::MAX, failures, &mut |_, found| {
            tree.push(found.clone());
            Ok(())
        })?;
        // What is in a directory comes first: afterwards it may be out of reach.
        for found in tree.iter().rev().filter(|found| found.entry.kind != EntryKind::Link) {
            ctx.client.cancel.check()?;
            let result = self
                .mode
                .parse_change(&found.entry)
                .and_then(|mode| set_mode(ctx, mode, &found.path));
            failures.note_result(ctx, result)?;
        }
        Ok(())
    }
}

fn set_mode(ctx: &mut Context, mode: u32, path: &RemotePath) -> Result<()> {
    let result = ctx.client.session()?.set_permissions(mode, path);
    ctx.audit().log_change_mode(mode, path.as_str(), result.as_ref().err());
    format::invalidate_and_report(ctx, path);
    result
}

/// What MODE says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mode {
    Octal(u32),
    Symbolic(Vec<Change>),
}

/// One change, such as `go-w`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    /// The bits that may change: 0o700, 0o070, 0o007 and their special bits.
    who: u32,
    how: char,
    /// The letters of the permissions.
    what: String,
}

impl Mode {
    /// The new permission bits of an entry.
    fn parse_change(&self, entry: &Entry) -> Result<u32> {
        let changes = match self {
            Mode::Octal(mode) => return Ok(*mode),
            Mode::Symbolic(changes) => changes,
        };
        let Some(mut mode) = entry.mode else {
            let why = format!("chmod {}: the server does not list permissions", entry.name);
            return Err(Error::new(Kind::Refused, why).with_hint("give them in octal: `chmod 644`"));
        };
        for change in changes {
            mode = change.apply_change(mode, entry.kind == EntryKind::Directory);
        }
        Ok(mode)
    }
}

impl Change {
    fn apply_change(&self, mode: u32, is_directory: bool) -> u32 {
        let mut bits = 0;
        for letter in self.what.chars() {
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if is_directory || mode & 0o111 != 0 => 0o111,
                's' => 0o6000,
                't' => 0o1000,
                _ => 0,
            };
        }
        bits &= self.who;
        match self.how {
            '+' => mode | bits,
            '-' => mode & !bits,
            // A directory keeps its special bits unless they are named.
            _ => (mode & !(self.who & 0o777)) & !(if is_directory { 0 } else { self.who }) | bits,
        }
    }
}

fn parse_mode(text: &str) -> Result<Mode> {
    let wrong = || Error::usage("neither octal (644) nor symbolic (u+x,go-w)");
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let octal = text.len() <= 5 && text.chars().all(|c| c.is_digit(8));
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| octal && *mode <= 0o7777);
        return mode.map(Mode::Octal).ok_or_else(wrong);
    }
    let mut changes = Vec::new();
    for clause in text.split(',') {
        let start = clause.find(['+', '-', '=']).ok_or_else(wrong)?;
        let (who, mut rest) = clause.split_at(start);
        let mut bits = if who.is_empty() { 0o7777 } else { 0 };
        for letter in who.chars() {
            bits |= match letter {
                'u' => 0o4700,
                'g' => 0o2070,
                'o' => 0o1007,
                'a' => 0o7777,
                _ => return Err(wrong()),
            };
        }
        while let Some(how) = rest.chars().next() {
            let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |at| at + 1);
            let what = rest[1..end].to_owned();
            if what.chars().any(|c| !"rwxXst".contains(c)) {
                return Err(wrong());
            }
            changes.push(Change { who: bits, how, what });
            rest = &rest[end..];
        }
    }
    Ok(Mode::Symbolic(changes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, kind: EntryKind, present: u32) -> u32 {
        let entry = Entry { mode: Some(present), ..Entry::new("x", kind) };
        parse_mode(text).unwrap().parse_change(&entry).unwrap()
    }

    #[test]
    fn symbolic_modes_change_what_is_there() {
        let table = [
            ("u+x", 0o644, 0o744),
            ("u+x,go-w", 0o666, 0o744),
            ("+x", 0o640, 0o751),
            ("-x", 0o755, 0o644),
            ("a=r", 0o4755, 0o444),
            ("go=", 0o755, 0o700),
            ("u=rw,g=r,o=", 0o777, 0o640),
            ("o+w-r", 0o644, 0o642),
            ("a+X", 0o644, 0o644),
            ("a+X", 0o744, 0o755),
            ("u+s", 0o755, 0o4755),
            ("g+s", 0o755, 0o2755),
            ("+t", 0o755, 0o1755),
            ("ug-s", 0o6755, 0o755),
            ("755", 0o600, 0o755),
            ("04755", 0o600, 0o4755),
        ];
        for (text, before, after) in table {
            assert_eq!(of(text, EntryKind::File, before), after, "{text} of {before:o}");
        }
        assert_eq!(of("a+X", EntryKind::Directory, 0o644), 0o755);
        assert_eq!(of("g=rx", EntryKind::Directory, 0o2770), 0o2750);
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for text in ["", "8", "99999", "77777", "u", "u+q", "z+x", "u+x,", "rw", "6 4 4", "644x"] {
            assert!(parse_mode(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_symbolic_mode_needs_the_present_one() {
        let unknown = Entry::new("x", EntryKind::File);
        assert_eq!(
            parse_mode("u+x").unwrap().parse_change(&unknown).unwrap_err().kind(),
            Kind::Refused
        );
        assert_eq!(parse_mode("600").unwrap().parse_change(&unknown).unwrap(), 0o600);
    }

    #[test]
    fn a_mode_may_begin_with_a_dash() {
        let chmod = Chmod::try_parse_from(["chmod", "-R", "-w", "a"]).unwrap();
        assert!(chmod.recursive);
        assert_eq!(chmod.mode, parse_mode("-w").unwrap());
        assert_eq!(chmod.paths, ["a"]);
    }
}
