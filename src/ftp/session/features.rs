//! The features of a server (FEAT, RFC 2389 section 3).
//!
//! Parses the whole reply, in any form that servers send, into names and arguments. A feature that
//! is not listed may still be supported: absence is never a failure.

use crate::ftp::control::reply::Reply;
use crate::ftp::path::decode_name;

/// Checksum commands of some servers, with the algorithm, weakest last.
const CHECKSUM_COMMANDS: [(&str, &str); 8] = [
    ("XSHA512", "SHA-512"),
    ("XSHA256", "SHA-256"),
    ("XSHA1", "SHA-1"),
    ("XSHA", "SHA-1"),
    ("XMD5", "MD5"),
    ("MD5", "MD5"),
    ("MMD5", "MD5"),
    ("XCRC", "CRC32"),
];

/// Features that some servers put on the first line, where others have a heading.
const FIRST_LINE_FEATURES: [&str; 12] = [
    "AUTH", "EPRT", "EPSV", "MDTM", "MFMT", "MLST", "PBSZ", "PROT", "REST", "SIZE", "TVFS", "UTF8",
];

/// The facts of MLST and MLSD that ftpsh reads.
const FACTS: [&str; 13] = [
    "type",
    "size",
    "sizd",
    "modify",
    "perm",
    "unique",
    "unix.mode",
    "unix.owner",
    "unix.uid",
    "unix.ownername",
    "unix.group",
    "unix.gid",
    "unix.groupname",
];

/// One feature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// The name in upper case.
    pub name: String,
    /// The text after the name, as sent; often empty.
    pub argument: String,
}

/// The features of one server, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    list: Vec<Feature>,
    answered: bool,
}

impl Features {
    /// Parses the reply to FEAT. Any code but 211 (500, 502, 530) means that the features are
    /// unknown; a 211 of one line means that there are none.
    pub fn parse(reply: &Reply) -> Self {
        if reply.code != 211 {
            return Self::default();
        }
        let mut list = Vec::new();
        if let [first, inner @ .., _] = reply.lines.as_slice() {
            let heading = feature(first).filter(|f| FIRST_LINE_FEATURES.contains(&f.name.as_str()));
            list.extend(heading);
            // RFC 2389 requires one space before each name; some send none, a tab, or `211-`.
            list.extend(inner.iter().filter_map(|line| feature(reply.without_code(line))));
        }
        Self { list, answered: true }
    }

    /// Whether the server supports FEAT. If not, any command may be tried.
    pub fn is_supported(&self) -> bool {
        self.answered
    }

    /// All features in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = &Feature> {
        self.list.iter()
    }

    /// Whether the feature is listed, ignoring case.
    pub fn has(&self, name: &str) -> bool {
        self.argument(name).is_some()
    }

    /// The text after the name of a feature; `None` if it is not listed.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.argument.as_str())
    }

    /// The facts of MLST in lower case, and whether each is on by default (RFC 3659 section 7.8);
    /// empty without MLST.
    pub fn mlst_facts(&self) -> Vec<(String, bool)> {
        starred(self.argument("MLST")).map(|(fact, on)| (fact.to_ascii_lowercase(), on)).collect()
    }

    /// The argument of `OPTS MLST` (RFC 3659 section 7.9) that enables all facts we read; `None` if
    /// nothing needs to be enabled. pyftpdlib has permissions and owner off by default.
    pub fn facts_to_ask_for(&self) -> Option<String> {
        let facts = self.mlst_facts();
        let wanted = |fact: &&(String, bool)| FACTS.contains(&fact.0.as_str());
        if facts.iter().filter(wanted).all(|(_, on)| *on) {
            return None;
        }
        Some(facts.iter().filter(wanted).map(|(fact, _)| format!("{fact};")).collect())
    }

    /// MLST and MLSD (RFC 3659 section 7). Some servers list only MLSD.
    pub fn mlst(&self) -> bool {
        self.has("MLST") || self.has("MLSD")
    }

    /// Names in UTF-8 (RFC 2640).
    pub fn utf8(&self) -> bool {
        self.has("UTF8")
    }

    /// MFMT, which sets a modification time.
    pub fn mfmt(&self) -> bool {
        self.has("MFMT")
    }

    /// The algorithms of HASH (draft-bryan-ftpext-hash), as in `HASH SHA-256*;SHA-1`: the name in
    /// upper case and whether it is selected.
    pub fn hash_algorithms(&self) -> Vec<(String, bool)> {
        starred(self.argument("HASH")).map(|(name, on)| (name.to_ascii_uppercase(), on)).collect()
    }

    /// The older checksum commands, as (command, algorithm), strongest first.
    pub fn checksum_commands(&self) -> Vec<(&'static str, &'static str)> {
        CHECKSUM_COMMANDS.into_iter().filter(|(verb, _)| self.has(verb)).collect()
    }
}

/// One feature line; `None` if it is empty.
fn feature(line: &[u8]) -> Option<Feature> {
    let line = line.trim_ascii();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (name, argument) = line.split_at(end);
    (!name.is_empty()).then(|| Feature {
        name: decode_name(name).to_ascii_uppercase(),
        argument: decode_name(argument.trim_ascii_start()),
    })
}

/// The items of a list such as `a*;b;`, each with whether an asterisk follows it.
fn starred(argument: Option<&str>) -> impl Iterator<Item = (&str, bool)> {
    let items = argument.unwrap_or_default().split(';').map(str::trim);
    items.filter(|item| !item.is_empty()).map(|item| match item.strip_suffix('*') {
        Some(name) => (name, true),
        None => (item, false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::control::reply::ReplyParser;

    fn features(lines: &[&[u8]]) -> Features {
        let mut parser = ReplyParser::new();
        Features::parse(&lines.iter().find_map(|line| parser.push_line(line).unwrap()).unwrap())
    }

    #[test]
    fn every_form_that_servers_send_is_understood() {
        let forms: [&[&[u8]]; 6] = [
            &[b"211-Extensions supported:", b" MDTM", b" REST STREAM", b"211 End"],
            &[b"211-Features:", b"MDTM", b"REST STREAM", b"211 End"],
            &[b"211-Features:", b"\tMDTM", b"\tREST\tSTREAM", b"211 End"],
            &[b"211-Features:", b"211-MDTM", b"211-REST STREAM", b"211 End"],
            &[b"211-mdtm", b"211- rest stream", b"211"],
            &[b"211-caf\xe9", b"  MDTM  ", b"", b" Rest Stream ", b"211 "],
        ];
        for form in forms {
            let found = features(form);
            assert!(
                found.is_supported() && found.has("MDTM") && found.has("REST"),
                "{form:?}: {found:?}"
            );
            assert_eq!(found.iter().count(), 2, "{form:?}: {found:?}");
        }
    }

    #[test]
    fn no_answer_and_an_answer_without_features_differ() {
        assert!(!features(&[b"500 what"]).is_supported());
        let none = features(&[b"211 no features"]);
        assert!(none.is_supported() && none.iter().next().is_none());
        assert!(features(&[b"211-Features", b"211 End"]).iter().next().is_none());
    }

    #[test]
    fn names_match_in_any_case_and_as_a_whole() {
        let found = features(&[b"211-x", b" MLST type*;", b" Utf8", b"211 x"]);
        assert!(found.has("mlst") && found.mlst() && found.utf8());
        assert!(!found.has("MLS") && !found.has("UTF-8") && !found.has("SIZE"));
        assert_eq!(found.argument("Mlst"), Some("type*;"));
        assert_eq!(found.argument("utf8"), Some(""));
        assert_eq!(found.argument("TVFS"), None);
    }

    #[test]
    fn facts_that_are_off_are_asked_for_once_and_only_those_that_are_read() {
        let ask = |mlst: &[u8]| features(&[b"211-x", mlst, b"211 x"]).facts_to_ask_for();
        let some_off = b" MLST type*;perm*;size*;modify*;unique*;unix.mode;create;";
        assert_eq!(ask(some_off).as_deref(), Some("type;perm;size;modify;unique;unix.mode;"));
        assert_eq!(ask(b" MLST type*;size*;media-type;"), None);
        assert_eq!(ask(b" MLST"), None);
        assert_eq!(ask(b" SIZE"), None);
    }

    #[test]
    fn facts_and_hashes_come_with_their_stars() {
        let found = features(&[
            b"211-x",
            b" MLST Type*;size*;UNIX.mode;",
            b" HASH sha-256*;SHA-1",
            b" XCRC",
            b" XSHA256",
            b"211 x",
        ]);
        let facts = found.mlst_facts();
        assert_eq!(
            facts,
            [("type".into(), true), ("size".into(), true), ("unix.mode".into(), false)]
        );
        assert_eq!(found.hash_algorithms(), [("SHA-256".into(), true), ("SHA-1".into(), false)]);
        assert_eq!(found.checksum_commands(), [("XSHA256", "SHA-256"), ("XCRC", "CRC32")]);
    }
}
