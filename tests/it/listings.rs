//! Every listing format, measured: lines with what a right reading gives, lines that must not
//! become entries, and the table of how each was read.
//!
//! `FTPSH_LISTINGS=FILE` reads more lines in the same form (JSON Lines); `--nocapture` shows the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use chrono::NaiveDate;
use ftpsh::ftp::list_formats::{Entry, EntryKind, Line, ListParser, Precision, parse_mlsx};
use serde_json::Value;
use support::liar::{Script, Step};
use support::scene::Scene;

/// How the lines of one format were read.
#[derive(Default)]
struct Counts {
    right: usize,
    /// Of the right ones, those whose size or date the line says, but not beyond doubt.
    open: usize,
    wrong: usize,
    refused: usize,
    itself: usize,
    taken: usize,
    non_entries: usize,
}

/// One line of a file of lines.
struct Known(Value);

impl Known {
    fn all(path: &Path) -> Vec<Self> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| Self(serde_json::from_str(line).unwrap())).collect()
    }

    fn format(&self) -> &str {
        self.0["format"].as_str().unwrap()
    }

    fn is_entry(&self) -> bool {
        self.0["class"] == "entry"
    }

    fn bytes(&self) -> Vec<u8> {
        let Some(digits) = self.0["bytes_hex"].as_str() else {
            return self.0["line"].as_str().unwrap().as_bytes().to_vec();
        };
        let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(pair).collect()
    }

    /// What a parser makes of it: the entry, whether any part of it was not understood.
    fn read(&self, parser: &mut ListParser) -> (Option<Entry>, bool) {
        let bytes = self.bytes();
        let mut found = None;
        let mut unknown = false;
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let read = if self.format() == "mlsd" { parse_mlsx(line) } else { parser.push(line) };
            match read {
                Line::Entry(entry) => found = Some(entry),
                Line::Skip | Line::Itself(_) => {}
                Line::Unknown => unknown = true,
            }
        }
        (found, unknown)
    }

    /// Whether the entry says what the line says. What the line leaves open may be left open.
    fn is_right(&self, entry: &Entry) -> bool {
        let known = &self.0;
        let names = known["accept_names"].as_array().cloned().unwrap_or_default();
        let name = |name: &Value| name.as_str() == Some(&entry.name);
        let size = known["size"].as_u64();
        let kind = (known["is_dir"] == true, known["is_link"] == true);
        let kind_is = match entry.kind {
            EntryKind::File | EntryKind::Other => kind == (false, false),
            EntryKind::Directory => kind == (true, false),
            EntryKind::Link => kind.1,
        };
        (name(&known["name"]) || names.iter().any(name))
            && (size.is_none() || entry.size.is_none_or(|found| Some(found) == size))
            && kind_is
            && known["target"].as_str().is_none_or(|t| entry.target.as_deref() == Some(t))
            && known["date"].as_str().is_none_or(|date| is_date(entry, date))
    }

    /// Whether a size or date that the line is said to hold was left open.
    fn leaves_open(&self, entry: &Entry) -> bool {
        (self.0["size"].is_u64() && entry.size.is_none() && entry.kind == EntryKind::File)
            || (self.0["date"].is_string() && entry.modified.is_none())
    }
}

/// A date of the line, as exact as the entry says it is. A date that can be read in two ways is none.
fn is_date(entry: &Entry, date: &str) -> bool {
    let Some(modified) = entry.modified else { return true };
    let Some((_, time)) = date.split_once('T') else {
        return modified.time.date() == date.parse::<NaiveDate>().unwrap();
    };
    let form = match (modified.precision, time.len()) {
        (Precision::Day, _) => "%Y-%m-%d",
        (Precision::Second, 8..) => "%Y-%m-%dT%H:%M:%S",
        _ => "%Y-%m-%dT%H:%M",
    };
    date.starts_with(&modified.time.format(form).to_string())
}

fn parser() -> ListParser {
    let now = NaiveDate::from_ymd_opt(2024, 3, 10).unwrap().and_hms_opt(12, 0, 0).unwrap();
    ListParser::new(None, now)
}

/// Reads each line as a listing of its own: the counts of each format, and what was read wrong,
/// taken, or refused.
fn measure(lines: &[Known]) -> (BTreeMap<String, Counts>, [Vec<String>; 3]) {
    let mut table: BTreeMap<String, Counts> = BTreeMap::new();
    let [mut wrong, mut taken, mut refused] = [Vec::new(), Vec::new(), Vec::new()];
    for known in lines {
        let counts = table.entry(known.format().to_owned()).or_default();
        let (found, unknown) = known.read(&mut parser());
        let shown = format!("{}: {}", known.format(), known.0["line"]);
        match (known.is_entry(), found) {
            (true, Some(entry)) if !unknown && known.is_right(&entry) => {
                counts.right += 1;
                counts.open += usize::from(known.leaves_open(&entry));
            }
            (true, Some(entry)) => {
                counts.wrong += 1;
                wrong.push(format!("{shown}\n    read as {entry:?}"));
            }
            // The directory itself and its parent, which some think of as entries.
            (true, None) if !unknown => counts.itself += 1,
            (true, None) => {
                counts.refused += 1;
                refused.push(shown);
            }
            (false, found) => {
                counts.non_entries += 1;
                counts.taken += usize::from(found.is_some());
                taken.extend(found.map(|entry| format!("{shown}\n    read as {entry:?}")));
            }
        }
    }
    (table, [wrong, taken, refused])
}

/// The counts as Markdown.
fn shown(table: &BTreeMap<String, Counts>) -> String {
    let mut text = String::from(
        "| format | right | … with a fact left open | wrong | refused | `.` and `..` | non-entries taken |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut all = Counts::default();
    let mut row = |name: &str, counts: &Counts| {
        let Counts { right, open, wrong, refused, itself, taken, non_entries } = counts;
        let _ = writeln!(
            text,
            "| {name} | {right} | {open} | {wrong} | {refused} | {itself} | {taken} of {non_entries} |"
        );
    };
    for (format, counts) in table {
        row(format, counts);
        all.right += counts.right;
        all.open += counts.open;
        all.wrong += counts.wrong;
        all.refused += counts.refused;
        all.itself += counts.itself;
        all.taken += counts.taken;
        all.non_entries += counts.non_entries;
    }
    row("**all**", &all);
    text
}

fn fixture() -> Vec<Known> {
    Known::all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings.jsonl"))
}

#[test]
fn every_format_is_read_right_and_nothing_else_is_taken() {
    let (table, problems) = measure(&fixture());
    println!("{}", shown(&table));
    for problem in &problems {
        assert!(problem.is_empty(), "{}", problem.join("\n"));
    }
}

#[test]
fn lines_of_other_systems_are_read_right_or_refused() {
    let Some(path) = std::env::var_os("FTPSH_LISTINGS").filter(|path| !path.is_empty()) else {
        return;
    };
    let (table, [wrong, taken, refused]) = measure(&Known::all(Path::new(&path)));
    println!("{}\nrefused:\n{}", shown(&table), refused.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(taken.is_empty(), "{}", taken.join("\n"));
}

#[test]
fn the_first_entry_decides_the_format_of_the_whole_listing() {
    let lines = fixture();
    let formats = |known: &Known| match known.format().split('-').next().unwrap() {
        "netpresenz" => "unix".to_owned(),
        format => format.to_owned(),
    };
    let all: std::collections::BTreeSet<_> = lines.iter().map(formats).collect();
    for format in all.iter().filter(|format| *format != "mlsd") {
        let own = |known: &&Known| formats(known) == *format;
        let (own, others): (Vec<_>, Vec<_>) = lines.iter().partition(own);
        let mut parser = parser();
        let mut entries = 0;
        for known in &own {
            let (found, unknown) = known.read(&mut parser);
            let right = found.as_ref().is_some_and(|entry| known.is_right(entry));
            assert!(!known.is_entry() || right && !unknown, "{}: {found:?}", known.0);
            entries += usize::from(right);
        }
        assert!(entries > 0, "{format}");
        let others =
            others.into_iter().filter(|known| known.is_entry() && known.format() != "mlsd");
        for known in others {
            let (found, _) = known.read(&mut parser);
            assert!(found.is_none(), "{} in a listing of {format}: {found:?}", known.0);
        }
    }
}

#[test]
fn the_answer_to_syst_decides_what_a_listing_may_be_and_what_is_strange_is_shown_raw() {
    let line = "plans/                -";
    for (syst, known) in [("UNIX Type: L8", true), ("VMS OpenVMS V8.4", false)] {
        let script = Script::new().without("MLSD").listing("LIST", format!("{line}\r\n"));
        let scene = Scene::new(script.always("SYST", Step::reply(format!("215 {syst}"))));
        let ran = scene.run("ls -1").ok();
        assert_eq!(ran.out(), if known { "plans\n" } else { "" }, "{syst}\n{ran}");
        let told = ran.err().contains(&format!("was not understood: {line}"));
        assert_eq!(told, !known, "{syst}\n{ran}");
        // And so it can still be read.
        scene.run("ls --raw").ok().stdout_is(format!("{line}\n"));
    }
}
