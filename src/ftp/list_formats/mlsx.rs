//! MLSD and MLST lines (RFC 3659 section 7): facts, one space, the name.
//!
//! The only standardised listing: sizes are exact, times are UTC. A line with malformed facts is
//! not understood at all; a number that does not fit is treated as a missing fact.

use super::date::time_val;
use super::fields::{number, octal_mode};
use super::{Entry, EntryKind, Line, Modified, Precision, Zone};
use crate::ftp::path::decode_name;

/// The position of an entry relative to the listed directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    /// `cdir`: the directory itself.
    Itself,
    /// `pdir`: a directory above it.
    Above,
}

/// Parses one line of an MLSD listing, without its line end. The directory itself (`cdir`) is
/// [`Line::Itself`], its parent (`pdir`) [`Line::Skip`].
pub fn parse_mlsx(line: &[u8]) -> Line {
    match parse(line) {
        _ if line.is_empty() => Line::Skip,
        Some((entry, Place::Itself)) => Line::Itself(entry.perm),
        Some((_, Place::Above)) => Line::Skip,
        Some((entry, Place::Inside)) => Some(entry).into(),
        None => Line::Unknown,
    }
}

/// Parses the inner line of the reply to MLST; its name is usually a whole path. The space before
/// the facts, which RFC 3659 section 7.2 requires, may be missing.
pub fn parse_mlst(line: &[u8]) -> Option<Entry> {
    parse(line.strip_prefix(b" ").unwrap_or(line)).map(|(entry, _)| entry)
}

fn parse(line: &[u8]) -> Option<(Entry, Place)> {
    let mut entry = Entry::new("", EntryKind::Other);
    let mut facts = Facts::default();
    let mut rest = line;
    let name = loop {
        match rest.split_first()? {
            // The standard requires a space; one server sends a tab.
            (b' ' | b'\t', name) => break name,
            _ => {
                let end = rest.iter().position(|b| *b == b';')?;
                facts.take(&rest[..end], &mut entry)?;
                rest = &rest[end + 1..];
            }
        }
    };
    if name.is_empty() {
        return None;
    }
    entry.name = decode_name(name);
    entry.owner = facts.owner_name.or(facts.owner).map(decode_name);
    entry.group = facts.group_name.or(facts.group).map(decode_name);
    let mut place = Place::Inside;
    entry.kind = match facts.kind {
        Some(Type::File) => EntryKind::File,
        Some(Type::Directory) => EntryKind::Directory,
        Some(Type::Around(around)) => {
            place = around;
            EntryKind::Directory
        }
        Some(Type::Link) => EntryKind::Link,
        Some(Type::Other) => EntryKind::Other,
        None => kind_by_permission(entry.perm.as_deref().unwrap_or_default(), entry.size.is_some()),
    };
    Some((entry, place))
}

/// The kind of an entry without `type`: `a`, `r` and `w` apply to files only, `c`, `e`, `l`, `m`
/// and `p` to directories only (RFC 3659 section 7.5.5), and only files have a `size`.
fn kind_by_permission(perm: &str, has_size: bool) -> EntryKind {
    if perm.contains(['a', 'r', 'w']) {
        EntryKind::File
    } else if perm.contains(['c', 'e', 'l', 'm', 'p']) {
        EntryKind::Directory
    } else if has_size {
        EntryKind::File
    } else {
        EntryKind::Other
    }
}

/// The values of the fact `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    File,
    Directory,
    Around(Place),
    Link,
    Other,
}

/// Facts that are meaningful only together with others.
#[derive(Default)]
struct Facts<'a> {
    kind: Option<Type>,
    owner: Option<&'a [u8]>,
    owner_name: Option<&'a [u8]>,
    group: Option<&'a [u8]>,
    group_name: Option<&'a [u8]>,
}

impl<'a> Facts<'a> {
    /// Parses one `fact=value`; `None` if it is not one, or `modify` is not a time value.
    fn take(&mut self, fact: &'a [u8], entry: &mut Entry) -> Option<()> {
        let equals = fact.iter().position(|b| *b == b'=')?;
        let (name, value) = (&fact[..equals], &fact[equals + 1..]);
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let text = || Some(decode_name(value));
        if value.is_empty() && !is("perm") {
            // Present without a value: treated as missing.
        } else if is("type") {
            let (kind, target) = kind_of(value);
            self.kind = Some(kind);
            entry.target = target;
        } else if is("size") || is("sizd") {
            entry.size = number(value);
        } else if is("modify") {
            let time = time_val(value).ok()?;
            entry.modified =
                time.map(|time| Modified { time, precision: Precision::Second, zone: Zone::Utc });
        } else if is("perm") {
            entry.perm = text().map(|perm| perm.to_ascii_lowercase());
        } else if is("unique") {
            entry.unique = text();
        } else if is("unix.mode") {
            // pyftpdlib writes octal as Python does: `0o644`.
            entry.mode = octal_mode(value.strip_prefix(b"0o").unwrap_or(value));
        } else if is("unix.owner") || is("unix.uid") {
            self.owner = Some(value);
        } else if is("unix.ownername") {
            self.owner_name = Some(value);
        } else if is("unix.group") || is("unix.gid") {
            self.group = Some(value);
        } else if is("unix.groupname") {
            self.group_name = Some(value);
        }
        Some(())
    }
}

/// The value of `type`, and a link's target. Servers write links as `OS.unix=slink:/target` and
/// `OS.unix=symlink`, in any case.
fn kind_of(value: &[u8]) -> (Type, Option<String>) {
    let lower = value.to_ascii_lowercase();
    let link = [b"os.unix=slink".as_slice(), b"os.unix=symlink"]
        .into_iter()
        .find_map(|link| lower.starts_with(link).then(|| &value[link.len()..]));
    match (lower.as_slice(), link) {
        (b"file", _) => (Type::File, None),
        (b"dir", _) => (Type::Directory, None),
        (b"cdir", _) => (Type::Around(Place::Itself), None),
        (b"pdir", _) => (Type::Around(Place::Above), None),
        (_, Some(b"" | b":")) => (Type::Link, None),
        (_, Some([b':', target @ ..])) => (Type::Link, Some(decode_name(target))),
        _ => (Type::Other, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(line: &str) -> Entry {
        match parse_mlsx(line.as_bytes()) {
            Line::Entry(entry) => entry,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn all_facts_of_a_file_in_any_case() {
        let entry = entry(
            "TYPE=file;Size=4711;modify=20210304050607.5;UNIX.MODE=0640;unix.uid=7;unix.ownername=ann;\
             UNIX.gid=8;Perm=adfrw;Unique=fd01g7;x.other=1; a b",
        );
        let time = time_val(b"20210304050607").unwrap().unwrap();
        let expected = Entry {
            size: Some(4711),
            modified: Some(Modified { time, precision: Precision::Second, zone: Zone::Utc }),
            mode: Some(0o640),
            owner: Some("ann".into()),
            group: Some("8".into()),
            perm: Some("adfrw".into()),
            unique: Some("fd01g7".into()),
            ..Entry::new("a b", EntryKind::File)
        };
        assert_eq!(entry, expected);
    }

    #[test]
    fn permissions_in_pythons_octal_are_read() {
        assert_eq!(entry("type=file;unix.mode=0o644; a").mode, Some(0o644));
        assert_eq!(entry("type=file;unix.mode=0x644; a").mode, None);
    }

    #[test]
    fn names_are_kept_exactly() {
        for (line, name) in [
            ("type=file; a", "a"),
            ("type=file;  a ", " a "),
            ("type=file; a=b;c; d", "a=b;c; d"),
            ("type=file;\ttab", "tab"),
            ("type=file; \ttab", "\ttab"),
            ("  ", " "),
            (" no facts", "no facts"),
            ("type=file; ../x", "../x"),
        ] {
            assert_eq!(entry(line).name, name);
        }
        let Line::Entry(bytes) = parse_mlsx(b"type=file; caf\xe9") else { panic!("no entry") };
        assert_eq!(bytes.name, "caf\u{F7E9}");
    }

    #[test]
    fn kinds_are_what_the_facts_say() {
        for (facts, kind) in [
            ("type=dir;", EntryKind::Directory),
            ("type=OS.unix=symlink;", EntryKind::Link),
            ("type=OS.unix=chr-8/1;", EntryKind::Other),
            ("type=OS.unix=slinky;", EntryKind::Other),
            ("perm=r;", EntryKind::File),
            ("perm=el;", EntryKind::Directory),
            ("size=3;", EntryKind::File),
            ("type=;", EntryKind::Other),
            ("", EntryKind::Other),
        ] {
            assert_eq!(entry(&format!("{facts} x")).kind, kind, "{facts}");
        }
        assert_eq!(entry("type=OS.unix=slink:/a b=c; x").target.as_deref(), Some("/a b=c"));
        assert_eq!(entry("type=OS.unix=slink:; x").target, None);
    }

    #[test]
    fn numbers_that_do_not_fit_are_unknown_facts() {
        for facts in [
            "size=18446744073709551616;",
            "size=-1;",
            "size=;",
            "modify=20211304050607;",
            "unix.mode=9;",
        ] {
            let entry = entry(&format!("type=file;{facts} x"));
            assert_eq!((entry.size, entry.modified, entry.mode), (None, None, None), "{facts}");
        }
    }

    #[test]
    fn the_directory_itself_and_its_parent_are_no_entries() {
        for line in ["type=pdir; ..", "type=dir;unix.mode=0777; ..", ""] {
            assert_eq!(parse_mlsx(line.as_bytes()), Line::Skip, "{line}");
        }
        for (line, perm) in [
            ("type=cdir; /a", None),
            ("type=dir; .", None),
            ("type=cdir;perm=FLE; /a", Some("fle")),
            ("type=cdir;perm=; /a", Some("")),
        ] {
            let itself = Line::Itself(perm.map(str::to_owned));
            assert_eq!(parse_mlsx(line.as_bytes()), itself, "{line}");
        }
    }

    #[test]
    fn broken_lines_are_not_understood() {
        for line in [
            "type=file;name",
            "type=file;",
            "type=file; ",
            "type=dir;size; x",
            "type= x",
            "x",
            "modify=20210304050607Z; x",
            "modify=2021; x",
            "drwxr-xr-x 2 a b 7 Jan 1 2020 x",
        ] {
            assert_eq!(parse_mlsx(line.as_bytes()), Line::Unknown, "{line}");
        }
    }

    #[test]
    fn mlst_names_whole_paths_and_the_directory_itself() {
        for line in [" type=cdir;size=3; /a/b", "type=cdir;size=3; /a/b"] {
            let entry = parse_mlst(line.as_bytes()).unwrap();
            assert_eq!((entry.name.as_str(), entry.kind), ("/a/b", EntryKind::Directory));
        }
        assert_eq!(parse_mlst(b" type=file;/a/b"), None);
    }
}
