//! Mirrors between two trees in memory, whose transfers and listings fail as a test wants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::cancel::Reason as CancelReason;
use crate::transfer::mirror::delete::delete_extraneous;
use crate::transfer::mirror::plan::CompareBy;
use crate::transfer::mirror::transfer_file::MirrorSides;
use crate::transfer::mirror::tree::{Followed, Item, ItemKind, ListResult, Tree, join_path};
use crate::transfer::{NoProgress, Outcome, Progress, Resume};

/// Paths, and the content of files; a directory has none.
#[derive(Default)]
struct MemoryTree {
    entries: Mutex<BTreeMap<String, Option<String>>>,
    /// Directories whose listing has a line that was not understood.
    complaints: BTreeSet<&'static str>,
    /// Directories that can not be listed.
    unreadable: BTreeSet<&'static str>,
}

impl MemoryTree {
    /// Names with a `/` at the end are directories.
    fn of(paths: &[&str]) -> Self {
        let entries = paths.iter().map(|path| match path.strip_suffix('/') {
            Some(directory) => (directory.to_owned(), None),
            None => ((*path).to_owned(), Some(format!("content of {path}"))),
        });
        Self { entries: Mutex::new(entries.collect()), ..Self::default() }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.entries.lock().unwrap()
    }

    fn paths(&self) -> Vec<String> {
        self.locked().keys().cloned().collect()
    }
}

impl Tree for MemoryTree {
    fn list_directory(&self, path: &str, _cancel: &Cancel) -> Result<ListResult> {
        let entries = self.locked();
        if self.unreadable.contains(path) {
            return Err(Error::new(Kind::Refused, format!("{path}: permission denied")));
        }
        if !path.is_empty() && entries.get(path) != Some(&None) {
            let error = Error::new(Kind::Refused, format!("{path}: no such directory"));
            return Ok(ListResult::Nothing(error));
        }
        let mut listing = CompactListing::default();
        for (entry, content) in entries.iter() {
            let (directory, name) = entry.rsplit_once('/').unwrap_or(("", entry));
            if directory == path {
                let kind = if content.is_some() { ItemKind::File } else { ItemKind::Directory };
                let size = content.as_ref().map(|content| content.len() as u64);
                listing.push(Item { name, kind, size, modified: None, unique: None, mode: None });
            }
        }
        listing.sort();
        if self.complaints.contains(path) {
            listing.complaints.push(format!("{path}: line not understood"));
        }
        Ok(ListResult::Directory(listing))
    }

    fn follow_link<'a>(&self, _: &str, link: Item<'a>, _: &Cancel) -> Result<Followed<'a>> {
        Ok((link, None))
    }

    fn set_mode(&self, _path: &str, _mode: u16, _cancel: &Cancel) -> Result<Option<String>> {
        Ok(None)
    }

    fn make_directory(
        &self,
        path: &str,
        _mode: Option<u16>,
        _cancel: &Cancel,
    ) -> Result<Option<String>> {
        self.locked().insert(path.to_owned(), None);
        Ok(None)
    }

    fn remove_entry(&self, path: &str, _kind: ItemKind, _cancel: &Cancel) -> Result<()> {
        let mut entries = self.locked();
        let inside = format!("{path}/");
        if entries.keys().any(|entry| entry.starts_with(&inside)) {
            return Err(Error::new(Kind::Refused, format!("{path}: not empty")));
        }
        entries.remove(path).map(drop).ok_or_else(|| Error::new(Kind::Refused, "no such file"))
    }

    fn display_path(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// The failure of one attempt at a file: the error, and whether bytes were moved before it.
type Failure = (Error, bool);

#[derive(Default)]
struct MemorySides {
    source: MemoryTree,
    target: MemoryTree,
    /// The failures of a file's attempts, in this order.
    failures: Mutex<BTreeMap<&'static str, Vec<Failure>>>,
    unreachable: AtomicBool,
    /// What each attempt was asked for: the path, how to resume, and whether facts were known.
    attempts: Mutex<Vec<(String, Resume, bool)>>,
}

impl MirrorSides for MemorySides {
    fn source(&self) -> &dyn Tree {
        &self.source
    }

    fn target(&self) -> &dyn Tree {
        &self.target
    }

    fn target_is_remote(&self) -> bool {
        true
    }

    fn are_reachable(&self, _cancel: &Cancel) -> bool {
        !self.unreachable.load(Ordering::Relaxed)
    }

    fn connect_ahead(&self) {}

    fn has_same_content(
        &self,
        path: &str,
        _size: Option<u64>,
        _options: &TransferOptions,
        say: &dyn Fn(&str),
        _cancel: &Cancel,
    ) -> Result<bool> {
        self.attempts.lock().unwrap().push((format!("compare {path}"), Resume::No, false));
        let mut failures = self.failures.lock().unwrap();
        if let Some(left) = failures.get_mut(path).filter(|left| !left.is_empty()) {
            return Err(left.remove(0).0);
        }
        say("comparing in memory");
        Ok(self.source.locked()[path] == self.target.locked()[path])
    }

    fn transfer_file(
        &self,
        path: &str,
        Attempt { known, .. }: Attempt,
        options: &TransferOptions,
        progress: &dyn Progress,
        _cancel: &Cancel,
    ) -> Result<Outcome> {
        self.attempts.lock().unwrap().push((path.to_owned(), options.resume, known.is_some()));
        let mut failures = self.failures.lock().unwrap();
        if let Some(left) = failures.get_mut(path).filter(|left| !left.is_empty()) {
            let (error, has_moved) = left.remove(0);
            if has_moved {
                progress.advance(1);
            }
            return Err(error);
        }
        let content = self.source.locked()[path].clone().unwrap();
        let bytes = content.len() as u64;
        self.target.locked().insert(path.to_owned(), Some(content));
        Ok(Outcome {
            bytes,
            elapsed: Duration::ZERO,
            resumed_from: None,
            tls_resumed: None,
            warning: None,
        })
    }
}

/// Everything that the mirror reported, a line each.
#[derive(Default)]
struct Report(Mutex<Vec<String>>);

impl Report {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl MirrorObserver for Report {
    fn add_to_total(&self, _files: u64, _bytes: u64) {}

    fn begin_file(&self, _path: &str, _size: Option<u64>) -> Box<dyn Progress> {
        Box::new(NoProgress)
    }

    fn show_planned(&self, action: &MirrorAction) -> Result<()> {
        let verb = match action {
            MirrorAction::MakeDirectory { .. } => "mkdir",
            MirrorAction::Transfer { .. } => "transfer",
            MirrorAction::Rename { .. } => "rename",
            MirrorAction::RemoveSource { .. } => "remove",
            MirrorAction::Delete { .. } => "delete",
        };
        self.add(format!("{verb} {}", action.path()));
        Ok(())
    }

    fn action_done(&self, action: &MirrorAction, result: Result<Option<&Outcome>, &Error>) {
        if let Err(error) = result {
            self.add(format!("failed {}: {}", action.path(), error.message()));
        }
    }

    fn planning_failed(&self, error: &Error) {
        self.add(error.message().to_owned());
    }

    fn show_note(&self, text: &str) {
        // Pauses before retries have no fixed length.
        if !text.contains("trying again") {
            self.add(text.to_owned());
        }
    }
}

fn settings() -> MirrorSettings {
    MirrorSettings {
        options: TransferOptions::default(),
        rules: MirrorRules { delete: true, ..MirrorRules::default() },
        workers: 4,
        retries: Retries::new(3, Duration::ZERO),
        dry_run: false,
        max_errors: None,
        remove_source: RemoveSource::Nothing,
    }
}

fn run(sides: &MemorySides, settings: &MirrorSettings) -> (Result<MirrorSummary>, Vec<String>) {
    let report = Report::default();
    let result = transfer_all(sides, settings, &report, &Cancel::new());
    (result, report.lines())
}

/// A lost connection.
fn lost() -> Error {
    Error::new(Kind::Connect, "connection lost").as_transient()
}

#[test]
fn workers_transfer_a_whole_tree_and_create_each_directory_once() {
    let mut paths: Vec<String> = vec!["a/".into(), "a/b/".into(), "empty/".into()];
    for directory in ["", "a", "a/b"] {
        paths.extend((0..50).map(|i| join_path(directory, &format!("file-{i}"))));
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let sides = MemorySides { source: MemoryTree::of(&paths), ..MemorySides::default() };
    let summary = run(&sides, &settings()).0.unwrap();
    assert_eq!(sides.target.paths(), sides.source.paths());
    assert_eq!((summary.transferred, summary.directories), (150, 3));
    assert!(summary.clean && summary.failures == 0 && summary.extraneous.is_empty());
    // Once more: there is nothing to do.
    let summary = run(&sides, &settings()).0.unwrap();
    assert_eq!((summary.transferred, summary.directories, summary.unchanged), (0, 0, 150));
}

#[test]
fn a_file_that_fails_is_counted_and_reported_and_the_others_are_transferred() {
    let sides = MemorySides { source: MemoryTree::of(&["a", "b", "c"]), ..MemorySides::default() };
    let refused = (Error::new(Kind::Refused, "550 no"), false);
    sides.failures.lock().unwrap().insert("b", vec![refused]);
    let (summary, lines) = run(&sides, &settings());
    let summary = summary.unwrap();
    assert_eq!(sides.target.paths(), ["a", "c"]);
    assert_eq!((summary.transferred, summary.failures), (2, 1));
    assert_eq!(lines, ["failed b: 550 no"]);
}

#[test]
fn a_retry_asks_for_the_facts_again_and_resumes_only_what_has_moved() {
    let sides = MemorySides { source: MemoryTree::of(&["f"]), ..MemorySides::default() };
    sides.failures.lock().unwrap().insert("f", vec![(lost(), false), (lost(), true)]);
    let summary = run(&sides, &settings()).0.unwrap();
    assert_eq!((summary.transferred, summary.failures), (1, 0));
    let f = || "f".to_owned();
    assert_eq!(
        *sides.attempts.lock().unwrap(),
        [(f(), Resume::No, true), (f(), Resume::No, false), (f(), Resume::Retry, false)]
    );
}

#[test]
fn an_unreachable_server_ends_the_mirror_with_its_error() {
    let paths: Vec<String> = (0..100).map(|i| format!("file-{i:02}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let sides = MemorySides { source: MemoryTree::of(&paths), ..MemorySides::default() };
    let permanent = Error::new(Kind::Connect, "connection refused");
    sides.failures.lock().unwrap().insert("file-00", vec![(permanent, false)]);
    sides.unreachable.store(true, Ordering::Relaxed);
    let settings = MirrorSettings { workers: 1, ..settings() };
    let error = run(&sides, &settings).0.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Connect, "connection refused"));
    assert_eq!(sides.attempts.lock().unwrap().len(), 1);
}

#[test]
fn a_connection_lost_because_of_one_file_does_not_end_the_mirror() {
    let sides = MemorySides { source: MemoryTree::of(&["a", "b"]), ..MemorySides::default() };
    sides.failures.lock().unwrap().insert("a", vec![(Error::new(Kind::Connect, "reset"), false)]);
    let summary = run(&sides, &settings()).0.unwrap();
    assert_eq!((summary.transferred, summary.failures), (1, 1));
}

#[test]
fn a_line_that_was_not_understood_or_a_directory_that_was_not_read_leaves_no_clean_listing() {
    let source = || MemoryTree::of(&["a", "d/", "d/x"]);
    for sides in [
        MemorySides {
            source: MemoryTree { complaints: ["d"].into(), ..source() },
            ..MemorySides::default()
        },
        MemorySides {
            source: MemoryTree { unreadable: ["d"].into(), ..source() },
            ..MemorySides::default()
        },
        MemorySides {
            source: source(),
            target: MemoryTree { unreadable: ["d"].into(), ..MemoryTree::of(&["d/"]) },
            ..MemorySides::default()
        },
    ] {
        let (summary, lines) = run(&sides, &settings());
        let summary = summary.unwrap();
        assert!(!summary.clean, "{lines:?}");
        assert_eq!((summary.failures, lines.len()), (1, 1), "{lines:?}");
        assert!(sides.target.paths().contains(&"a".to_owned()), "the rest is transferred");
    }
}

#[test]
fn a_source_that_is_missing_ends_the_mirror_before_the_target_is_created() {
    let sides = MemorySides {
        source: MemoryTree { unreadable: [""].into(), ..MemoryTree::default() },
        target: MemoryTree::of(&["kept"]),
        ..MemorySides::default()
    };
    assert_eq!(run(&sides, &settings()).0.unwrap_err().kind(), Kind::Refused);
    assert_eq!(sides.target.paths(), ["kept"]);
}

#[test]
fn a_dry_run_shows_the_plan_in_the_order_of_paths_with_the_deepest_deletion_first() {
    let sides = MemorySides {
        source: MemoryTree::of(&["a/", "a/new", "b", "same"]),
        target: MemoryTree::of(&["a/", "old/", "old/deep/", "old/deep/x", "same"]),
        ..MemorySides::default()
    };
    let before = sides.target.paths();
    let (summary, lines) = run(&sides, &MirrorSettings { dry_run: true, ..settings() });
    assert_eq!(summary.unwrap().extraneous.len(), 3);
    assert_eq!(
        lines,
        ["transfer b", "transfer a/new", "delete old/deep/x", "delete old/deep", "delete old"]
    );
    assert_eq!(sides.target.paths(), before);
    assert!(sides.attempts.lock().unwrap().is_empty());
}

#[test]
fn what_is_extraneous_is_returned_and_deleted_only_by_the_second_step() {
    let sides = MemorySides {
        source: MemoryTree::of(&["kept"]),
        target: MemoryTree::of(&["kept", "old/", "old/deep/", "old/deep/x", "old/y"]),
        ..MemorySides::default()
    };
    let settings = settings();
    let mut summary = run(&sides, &settings).0.unwrap();
    assert_eq!(sides.target.paths().len(), 5);
    let report = Report::default();
    delete_extraneous(&sides, &settings, &mut summary, &report, &Cancel::new()).unwrap();
    assert_eq!((sides.target.paths(), summary.deleted), (vec!["kept".to_owned()], 4));
    assert!(report.lines().is_empty());
}

#[test]
fn an_interrupt_ends_the_mirror() {
    let sides = MemorySides { source: MemoryTree::of(&["a"]), ..MemorySides::default() };
    let cancel = Cancel::new();
    cancel.request(CancelReason::Interrupted);
    let report = Report::default();
    let error = transfer_all(&sides, &settings(), &report, &cancel).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
    assert!(sides.target.paths().is_empty());
}

#[test]
fn a_tree_with_too_many_directories_is_given_up() {
    let paths: Vec<String> = (0..20).map(|i| format!("d{i:02}/")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let sides = MemorySides { source: MemoryTree::of(&paths), ..MemorySides::default() };
    let rules = MirrorRules { max_directories: 10, ..MirrorRules::default() };
    let error = run(&sides, &MirrorSettings { rules, ..settings() }).0.unwrap_err();
    assert_eq!(error.kind(), Kind::Incomplete);
    assert!(error.message().contains("10 directories"), "{error:?}");
}

/// Six files on both sides, two of which differ.
fn alike() -> MemorySides {
    let paths = ["a", "b", "c", "d/", "d/e", "d/f", "g"];
    let sides = MemorySides {
        source: MemoryTree::of(&paths),
        target: MemoryTree::of(&paths),
        ..MemorySides::default()
    };
    for path in ["b", "d/f"] {
        let other = format!("CONTENT of {path}");
        sides.target.locked().insert(path.to_owned(), Some(other));
    }
    sides
}

fn by_content() -> MirrorSettings {
    let rules = MirrorRules { compare: CompareBy::Content, ..MirrorRules::default() };
    MirrorSettings { rules, ..settings() }
}

#[test]
fn files_whose_contents_differ_are_transferred_and_no_others() {
    for workers in [1, 4] {
        let sides = alike();
        let (summary, lines) = run(&sides, &MirrorSettings { workers, ..by_content() });
        let summary = summary.unwrap();
        assert_eq!((summary.transferred, summary.unchanged, summary.left), (2, 4, (0, 0)));
        assert_eq!(*sides.target.locked(), *sides.source.locked());
        assert_eq!(lines, ["comparing in memory"], "said once");
    }
}

#[test]
fn a_dry_run_compares_contents_and_keeps_the_order_of_its_plan() {
    for workers in [1, 4] {
        let sides = alike();
        sides.source.locked().insert("d/a".into(), Some("new".into()));
        let settings = MirrorSettings { workers, dry_run: true, ..by_content() };
        let (summary, mut lines) = run(&sides, &settings);
        assert_eq!(summary.unwrap().transferred, 0);
        lines.retain(|line| line != "comparing in memory");
        assert_eq!(lines, ["transfer b", "transfer d/a", "transfer d/f"]);
        // What is the same is removed from the source: the plan says so.
        let rules = MirrorRules { remove_source_files: true, ..settings.rules.clone() };
        let remove_source = RemoveSource::Files;
        let (_, lines) = run(&sides, &MirrorSettings { rules, remove_source, ..settings });
        let removed = lines.iter().filter(|line| line.starts_with("remove"));
        assert_eq!(removed.collect::<Vec<_>>(), ["remove a", "remove c", "remove g", "remove d/e"]);
    }
}

#[test]
fn a_comparison_is_retried_and_one_that_fails_is_a_failure_of_its_file() {
    for dry_run in [false, true] {
        let sides = alike();
        let refused = Error::new(Kind::Refused, "550 no");
        let failures =
            [("a", vec![(lost(), false), (lost(), false)]), ("b", vec![(refused, false)])];
        sides.failures.lock().unwrap().extend(failures);
        let (summary, mut lines) = run(&sides, &MirrorSettings { dry_run, ..by_content() });
        let summary = summary.unwrap();
        assert_eq!(summary.failures, 1);
        lines.retain(|line| line.contains("550"));
        assert_eq!(lines, [if dry_run { "550 no" } else { "failed b: 550 no" }]);
        if !dry_run {
            assert_eq!((summary.transferred, summary.unchanged), (1, 4));
            assert_eq!(sides.target.locked()["b"].as_deref(), Some("CONTENT of b"));
        }
    }
}

#[test]
fn files_with_the_same_content_are_removed_from_the_source_where_that_is_asked_for() {
    let sides = alike();
    let rules = MirrorRules { remove_source_files: true, ..by_content().rules };
    let remove_source = RemoveSource::Files;
    let summary = run(&sides, &MirrorSettings { rules, remove_source, ..by_content() }).0.unwrap();
    assert_eq!((summary.transferred, summary.removed_sources), (2, 6));
    assert_eq!(sides.source.paths(), ["d"]);
}
