//! The text of `known_servers` as lines: entries, damaged lines, comments.
//!
//! Unmodified lines are written back byte for byte. A server with two lines has no entry, because
//! it is not clear which one is right. No file access here.

use std::collections::HashMap;

use super::entry::{self, Entry, Line};
use super::store::DamagedLine;

/// All lines of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownServersFile(Vec<(Vec<u8>, Line)>);

impl KnownServersFile {
    /// Parses the whole file.
    pub fn parse(bytes: &[u8]) -> Self {
        let raw = bytes.split_inclusive(|byte| *byte == b'\n');
        let raw = raw.map(|line| line.strip_suffix(b"\n").unwrap_or(line));
        let mut lines = Self(raw.map(|line| (line.to_vec(), entry::parse_line(line))).collect());
        lines.mark_repeated();
        lines
    }

    fn mark_repeated(&mut self) {
        let mut count: HashMap<(String, u16), usize> = HashMap::new();
        for entry in self.entries() {
            *count.entry((entry.host.clone(), entry.port)).or_default() += 1;
        }
        for (_, line) in &mut self.0 {
            let Line::Entry(entry) = line else { continue };
            let name = (entry.host.clone(), entry.port);
            if count.get(&name).is_some_and(|count| *count > 1) {
                let why = "the server stands in more than one line";
                *line = Line::Corrupt { host: Some(name.0), port: Some(name.1), why };
            }
        }
    }

    /// The file's text, every line with its line end.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(raw, _)| raw.iter().chain(b"\n")).copied().collect()
    }

    /// The valid entries.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter_map(|(_, line)| match line {
            Line::Entry(entry) => Some(&**entry),
            Line::Empty | Line::Corrupt { .. } => None,
        })
    }

    /// The damaged lines.
    pub fn problems(&self) -> impl Iterator<Item = DamagedLine> {
        self.0.iter().enumerate().filter_map(|(index, (_, line))| match line {
            Line::Corrupt { host, why, .. } => {
                Some(DamagedLine { line: index + 1, host: host.clone(), why })
            }
            Line::Empty | Line::Entry(_) => None,
        })
    }

    /// The entry of a server (host normalised), or the damaged line that concerns it.
    pub fn find_entry(&self, host: &str, port: u16) -> Result<Option<&Entry>, DamagedLine> {
        let damaged = |line: &Line| matches!(line, Line::Corrupt { .. });
        let bad = self.0.iter().position(|(_, line)| damaged(line) && concerns(line, host, port));
        match bad.and_then(|bad| self.problems().find(|problem| problem.line == bad + 1)) {
            Some(problem) => Err(problem),
            None => Ok(self.entries().find(|entry| entry.host == host && entry.port == port)),
        }
    }

    /// Replaces the entry of the same server, or appends.
    pub fn put_entry(&mut self, mut entry: Entry) {
        let same = |line: &Line| match line {
            Line::Entry(old) => old.host == entry.host && old.port == entry.port,
            Line::Empty | Line::Corrupt { .. } => false,
        };
        match self.0.iter().position(|(_, line)| same(line)) {
            Some(index) => {
                let place = &mut self.0[index];
                if let Line::Entry(old) = &place.1
                    && entry.extra.is_empty()
                {
                    entry.extra.clone_from(&old.extra);
                }
                *place = (entry.to_string().into_bytes(), Line::Entry(Box::new(entry)));
            }
            None => self.0.push((entry.to_string().into_bytes(), Line::Entry(Box::new(entry)))),
        }
    }

    /// Removes all lines that concern a host and returns their number.
    pub fn remove_lines(&mut self, host: &str, port: Option<u16>) -> usize {
        let before = self.0.len();
        self.0.retain(|(_, line)| match port {
            Some(port) => !concerns(line, host, port),
            None => host_of(line) != Some(host),
        });
        before - self.0.len()
    }
}

fn host_of(line: &Line) -> Option<&str> {
    match line {
        Line::Entry(entry) => Some(&entry.host),
        Line::Corrupt { host, .. } => host.as_deref(),
        Line::Empty => None,
    }
}

/// Whether a line concerns this server. A damaged line without a readable port concerns all ports.
fn concerns(line: &Line, host: &str, port: u16) -> bool {
    let of = match line {
        Line::Entry(entry) => Some(entry.port),
        Line::Corrupt { port, .. } => *port,
        Line::Empty => None,
    };
    host_of(line) == Some(host) && of.is_none_or(|of| of == port)
}
