//! The tree of a scripted server: paths and contents in memory, names as bytes.

use chrono::{NaiveDateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// The time of everything that the script makes, as MDTM gives it (UTC).
pub const TIME: &str = "20240102030405";

/// A file (with content) or a directory (without).
#[derive(Debug, Clone)]
pub struct Node {
    pub(super) content: Option<Vec<u8>>,
    pub(super) time: String,
    pub(super) mode: String,
    /// The text of a link that leads to such a file.
    pub(super) link: Option<String>,
}

/// How a server spells the names that it is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Spelling {
    /// As they are.
    #[default]
    Exact,
    /// Names that differ in case alone are one: the first one's (IIS, FileZilla Server on Windows).
    FoldCase,
    /// Without blanks at their ends (Windows).
    TrimBlanks,
    /// With `_` for a blank at their ends (Pure-FTPd).
    ReplaceBlank,
    /// What is not UTF-8 becomes U+FFFD (pyftpdlib).
    Lossy,
}

/// The tree: absolute paths without a slash at the end; the root is empty.
#[derive(Debug, Clone, Default)]
pub struct Files {
    nodes: BTreeMap<Vec<u8>, Node>,
    pub(super) spelling: Spelling,
}

impl Files {
    /// The path under which something is kept, or would be.
    fn spelled(&self, path: &[u8]) -> Vec<u8> {
        if self.spelling == Spelling::Exact {
            return path.to_vec();
        }
        let mut spelled = Vec::new();
        for name in path.split(|byte| *byte == b'/').skip(1) {
            let name = match self.spelling {
                Spelling::Exact => name.to_vec(),
                Spelling::TrimBlanks => name.trim_ascii_end().to_vec(),
                Spelling::ReplaceBlank => match name.strip_suffix(b" ") {
                    Some(name) => [name, b"_"].concat(),
                    None => name.to_vec(),
                },
                Spelling::Lossy => String::from_utf8_lossy(name).into_owned().into_bytes(),
                Spelling::FoldCase => {
                    let known = self.below(&spelled).into_iter().map(|(known, _)| known);
                    let same = known.into_iter().find(|known| known.eq_ignore_ascii_case(name));
                    same.unwrap_or(name).to_vec()
                }
            };
            spelled.push(b'/');
            spelled.extend(name);
        }
        spelled
    }

    /// Puts a file there, with the directories above it.
    pub fn put(&mut self, path: &[u8], content: Vec<u8>) {
        let path = self.spelled(&absolute(b"", path));
        self.make_dirs(parent(&path));
        self.nodes.insert(path, Node::new(Some(content)));
    }

    /// Puts a link there that leads to a file with this content. Facts list it as ProFTPD does: as a
    /// file with the length of the link's text and the permissions of a link.
    pub fn link(&mut self, path: &[u8], text: &str, content: Vec<u8>) {
        self.put(path, content);
        let path = self.spelled(&absolute(b"", path));
        if let Some(node) = self.nodes.get_mut(&path) {
            (node.link, node.mode) = (Some(text.to_owned()), "0777".to_owned());
        }
    }

    /// Takes a file away.
    pub fn drop_file(&mut self, path: &[u8]) {
        self.remove(&absolute(b"", path), false);
    }

    /// Takes an empty directory away.
    pub fn drop_dir(&mut self, path: &[u8]) {
        self.remove(&absolute(b"", path), true);
    }

    /// Makes a directory, with those above it.
    pub fn make_dirs(&mut self, path: &[u8]) {
        let path = self.spelled(&absolute(b"", path));
        if !path.is_empty() {
            self.make_dirs(parent(&path));
            self.nodes.entry(path).or_insert_with(|| Node::new(None));
        }
    }

    /// The content of the file there.
    pub fn content(&self, path: &[u8]) -> Option<&[u8]> {
        self.get(&absolute(b"", path))?.content.as_deref()
    }

    /// Gives what is there another time (YYYYMMDDHHMMSS, UTC).
    pub fn set_time(&mut self, path: &[u8], time: &str) -> bool {
        let path = self.spelled(&absolute(b"", path));
        let node = self.nodes.get_mut(&path);
        node.map(|node| time.clone_into(&mut node.time)).is_some()
    }

    /// The time of a file or directory, as [`Files::set_time`] takes it.
    pub fn time(&self, path: &[u8]) -> Option<&str> {
        self.get(path).map(|node| node.time.as_str())
    }

    /// Gives what is there another mode (octal digits).
    pub fn set_mode(&mut self, path: &[u8], mode: &str) -> bool {
        let path = self.spelled(&absolute(b"", path));
        let node = self.nodes.get_mut(&path);
        node.map(|node| mode.clone_into(&mut node.mode)).is_some()
    }

    /// All paths.
    pub fn paths(&self) -> Vec<Vec<u8>> {
        self.nodes.keys().cloned().collect()
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.get(&self.spelled(path))
    }

    pub(super) fn is_dir(&self, path: &[u8]) -> bool {
        path.is_empty() || self.get(path).is_some_and(|node| node.content.is_none())
    }

    /// Removes a file, or an empty directory.
    pub(super) fn remove(&mut self, path: &[u8], dir: bool) -> bool {
        self.get(path).is_some_and(|node| node.content.is_none() == dir)
            && self.children(path).is_empty()
            && self.nodes.remove(&self.spelled(path)).is_some()
    }

    pub(super) fn rename(&mut self, from: &[u8], to: &[u8]) -> bool {
        if self.get(from).is_none() || !self.is_dir(parent(to)) {
            return false;
        }
        let (from, to) = (&self.spelled(from)[..], &self.spelled(to)[..]);
        let under = [from, b"/"].concat();
        let moved: Vec<_> =
            self.nodes.keys().filter(|p| *p == from || p.starts_with(&under)).cloned().collect();
        for path in moved {
            if let Some(node) = self.nodes.remove(&path) {
                self.nodes.insert([to, &path[from.len()..]].concat(), node);
            }
        }
        true
    }

    /// Name and node of everything directly in a directory.
    pub(super) fn children(&self, dir: &[u8]) -> Vec<(&[u8], &Node)> {
        self.below(&self.spelled(dir))
    }

    fn below(&self, dir: &[u8]) -> Vec<(&[u8], &Node)> {
        let under = [dir, b"/"].concat();
        self.nodes
            .iter()
            .filter_map(|(path, node)| {
                let name = path.strip_prefix(under.as_slice())?;
                (!name.contains(&b'/')).then_some((name, node))
            })
            .collect()
    }
}

impl Node {
    /// A directory.
    pub(super) fn directory() -> Self {
        Self::new(None)
    }

    fn new(content: Option<Vec<u8>>) -> Self {
        let mode = if content.is_some() { "0644" } else { "0755" };
        Self { content, time: TIME.to_owned(), mode: mode.to_owned(), link: None }
    }

    /// The facts of MLSD and MLST (RFC 3659, section 7), with the space at their end.
    pub(super) fn facts(&self) -> String {
        let kind = match &self.content {
            Some(content) => {
                let size = self.link.as_ref().map_or(content.len(), String::len);
                format!("type=file;size={size}")
            }
            None => "type=dir".to_owned(),
        };
        format!("{kind};modify={};UNIX.mode={}; ", self.time, self.mode)
    }

    /// What stands before the name in a line of LIST, as `ls -l` writes it on a clock that is
    /// `ahead` minutes ahead of UTC: with the time for what is new, with the year for the rest, unless
    /// it `omits_years`.
    pub(super) fn long(&self, ahead: i64, omits_years: bool) -> String {
        let bits = u32::from_str_radix(&self.mode, 8).unwrap_or(0);
        let mut mode = String::from(if self.content.is_some() { "-" } else { "d" });
        for (place, letter) in "rwxrwxrwx".chars().enumerate() {
            mode.push(if bits >> (8 - place) & 1 == 1 { letter } else { '-' });
        }
        let size = self.content.as_ref().map_or(4096, Vec::len);
        let utc = NaiveDateTime::parse_from_str(&self.time, "%Y%m%d%H%M%S").unwrap();
        let age = Utc::now().naive_utc() - utc;
        let new = age < TimeDelta::days(180) && age > TimeDelta::hours(-1);
        let form = if new || omits_years { "%b %d %H:%M" } else { "%b %d  %Y" };
        let shown = (utc + TimeDelta::minutes(ahead)).format(form);
        format!("{mode}   1 ftp      ftp      {size:>10} {shown} ")
    }
}

/// A time as MDTM gives it, so many minutes later.
pub(super) fn shifted(time: &str, minutes: i64) -> String {
    let form = "%Y%m%d%H%M%S";
    match NaiveDateTime::parse_from_str(time, form) {
        Ok(time) => (time + TimeDelta::minutes(minutes)).format(form).to_string(),
        Err(_) => time.to_owned(),
    }
}

/// The directory above.
pub fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|b| *b == b'/').map_or(b"", |slash| &path[..slash])
}

/// A path as the tree keeps it: from the root, without `.`, `..` and a slash at the end.
pub fn absolute(cwd: &[u8], path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    let start: &[u8] = if path.starts_with(b"/") { b"" } else { cwd };
    for part in start.split(|b| *b == b'/').chain(path.split(|b| *b == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.iter().flat_map(|part| [b"/", *part].concat()).collect()
}
