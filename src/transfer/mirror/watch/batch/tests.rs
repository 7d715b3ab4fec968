//! Batches over a local tree in memory.

use super::*;
use crate::error::Kind;
use crate::transfer::mirror::filter::FilterRule;

/// A local tree: files with their size and time, directories without.
#[derive(Default)]
struct Memory(BTreeMap<String, Option<(u64, i64)>>);

impl LocalView for Memory {
    fn look_at(&mut self, path: &str) -> Result<Local> {
        if path.ends_with("unreadable") {
            return Err(Error::new(Kind::Local, "permission denied"));
        }
        Ok(match self.0.get(path) {
            None => Local::Missing,
            Some(None) => Local::Directory(0o755),
            Some(Some((size, time))) => Local::File(Stamp::listed(*size, *time), 0o644),
        })
    }

    fn list(&mut self, directory: &str) -> Result<Vec<String>> {
        let parent = |path: &str| path.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
        Ok(self.0.keys().filter(|path| parent(path) == directory).cloned().collect())
    }
}

/// `a=3@7` is a file of 3 bytes and time 7, `d/` a directory.
fn tree(entries: &[&str]) -> Memory {
    let entry = |entry: &&str| match entry.split_once('=') {
        Some((path, state)) => {
            let (size, time) = state.split_once('@').unwrap();
            (path.to_owned(), Some((size.parse().unwrap(), time.parse().unwrap())))
        }
        None => (entry.trim_end_matches('/').to_owned(), None),
    };
    Memory(entries.iter().map(entry).collect())
}

fn index(entries: &[&str]) -> ServerIndex {
    let mut index = ServerIndex::default();
    for (path, state) in tree(entries).0 {
        match state {
            Some((size, time)) => index.add_file(&path, Some(Stamp::listed(size, time))),
            None => index.add_directory(&path),
        }
    }
    index
}

fn changed(paths: &[&str], moves: &[(&str, &str)]) -> ChangedPaths {
    let ends = moves.iter().flat_map(|(from, to)| [*from, *to]);
    let paths: BTreeSet<&str> = paths.iter().copied().chain(ends).collect();
    ChangedPaths {
        paths: paths.into_iter().map(str::to_owned).collect(),
        origins: moves.iter().map(|(from, to)| ((*to).to_owned(), (*from).to_owned())).collect(),
    }
}

fn rules() -> MirrorRules {
    MirrorRules { delete: true, ..MirrorRules::default() }
}

/// What a batch does, a line each.
fn lines(batch: &WatchBatch) -> Vec<String> {
    let way = batch.in_the_way.files.iter().map(|path| format!("first {path}"));
    let ways = batch.in_the_way.directories.iter().map(|path| format!("first {path}/"));
    let made = batch.directories.keys().map(|path| format!("mkdir {path}"));
    let moved = batch.renames.iter().map(|(to, from)| format!("mv {from} {to}"));
    let sent = batch.files.keys().filter(|path| !batch.renames.contains_key(*path));
    let sent = sent.map(|path| format!("send {path}"));
    let gone = batch.gone.files.iter().map(|path| format!("rm {path}"));
    let gones = batch.gone.directories.iter().map(|path| format!("rmdir {path}"));
    way.chain(ways).chain(made).chain(moved).chain(sent).chain(gone).chain(gones).collect()
}

#[track_caller]
fn check(local: &[&str], known: &[&str], changed: &ChangedPaths, expected: &[&str]) {
    let batch = plan_batch(changed, &index(known), &rules(), &mut tree(local));
    assert_eq!(lines(&batch), expected);
}

#[test]
fn what_is_new_or_changed_is_sent_and_what_is_as_it_was_is_not() {
    let local = ["new=1@1", "same=2@2", "size=3@3", "time=4@5", "d/", "d/deep=1@1"];
    let known = ["same=2@2", "size=2@3", "time=4@4"];
    let all = changed(&["new", "same", "size", "time", "d/deep"], &[]);
    check(&local, &known, &all, &["mkdir d", "send d/deep", "send new", "send size", "send time"]);
}

#[test]
fn a_directory_that_came_with_its_content_is_sent_with_it() {
    let local = ["d/", "d/a=1@1", "d/e/", "d/e/b=1@1", "d/empty/"];
    check(
        &local,
        &[],
        &changed(&["d"], &[]),
        &["mkdir d", "mkdir d/e", "mkdir d/empty", "send d/a", "send d/e/b"],
    );
}

#[test]
fn what_came_and_went_is_nothing_and_what_is_not_known_is_never_deleted() {
    check(&[], &["a=1@1"], &changed(&["4913", "foreign"], &[]), &[]);
    check(
        &[],
        &["d/", "d/a=1@1", "d/e/", "d/e/b=1@1", "d-other=1@1"],
        &changed(&["d"], &[]),
        &["rm d/a", "rm d/e/b", "rmdir d", "rmdir d/e"],
    );
}

#[test]
fn nothing_is_deleted_unless_asked_for_nor_hidden_names_nor_what_cannot_be_looked_at() {
    let gone = changed(&["a", ".hidden", ".d/b", "unreadable"], &[]);
    let known = index(&["a=1@1", ".hidden=1@1", ".d/b=1@1", "unreadable=1@1"]);
    for (delete, delete_hidden, expected) in [
        (false, false, &[][..]),
        (true, false, &["rm a"]),
        (true, true, &["rm .d/b", "rm .hidden", "rm a"]),
    ] {
        let rules = MirrorRules { delete, delete_hidden, ..MirrorRules::default() };
        let batch = plan_batch(&gone, &known, &rules, &mut tree(&[]));
        assert_eq!(lines(&batch), expected);
        assert_eq!(batch.failures.len(), 1);
    }
}

#[test]
fn a_file_with_another_name_is_renamed_if_it_is_what_was_put_there() {
    let moved = changed(&[], &[("a", "b")]);
    check(&["b=1@1"], &["a=1@1"], &moved, &["mv a b"]);
    // Over another one, through a third name, and in a directory.
    check(&["b=1@1"], &["a=1@1", "b=2@2"], &moved, &["mv a b"]);
    let chain = changed(&[], &[("a", "t"), ("t", "b")]);
    check(&["b=1@1"], &["a=1@1"], &chain, &["mv a b"]);
    check(
        &["e/", "e/a=1@1", "e/f/", "e/f/new=3@3"],
        &["d/", "d/a=1@1", "d/f/", "d/f/old=2@2"],
        &changed(&[], &[("d", "e")]),
        &[
            "mkdir e",
            "mkdir e/f",
            "mv d/a e/a",
            "send e/f/new",
            "rm d/f/old",
            "rmdir d",
            "rmdir d/f",
        ],
    );
    // Changed since, not known, or still there.
    check(&["b=1@2"], &["a=1@1"], &moved, &["send b", "rm a"]);
    check(&["b=1@1"], &[], &moved, &["send b"]);
    check(&["a=1@1", "b=1@1"], &["a=1@1"], &moved, &["send b"]);
    // Without --delete, too: the old name is nowhere.
    let local = &mut tree(&["b=1@1"]);
    let batch = plan_batch(&moved, &index(&["a=1@1"]), &MirrorRules::default(), local);
    assert_eq!(lines(&batch), ["mv a b"]);
}

#[test]
fn an_editor_that_saves_by_renaming_sends_one_file() {
    // A backup, a new file, the backup is deleted.
    check(&["a=2@2"], &["a=1@1"], &changed(&["a", "a~"], &[("a", "a~")]), &["send a"]);
    // A temporary file in its place.
    check(&["a=2@2"], &["a=1@1"], &changed(&[], &[("a.tmp.x", "a")]), &["send a"]);
    // What stays while the editor runs.
    let files = [".a.swp=1@1", "a~=1@1", "#a#=1@1", ".#a=1@1", ".a.kate-swp=1@1", "4913=1@1"];
    let names: Vec<&str> = files.iter().map(|file| file.split('=').next().unwrap()).collect();
    check(&files, &[], &changed(&names, &[]), &[]);
    check(&["a~=2@2"], &["a~=1@1"], &changed(&["a~"], &[]), &["send a~"]);
    // Not taken for one.
    let others = [".swirl=1@1", "a.swp=1@1", "#=1@1", "49130=1@1"];
    let names: Vec<&str> = others.iter().map(|file| file.split('=').next().unwrap()).collect();
    let batch = plan_batch(&changed(&names, &[]), &index(&[]), &rules(), &mut tree(&others));
    assert_eq!(batch.files.len(), 4);
}

#[test]
fn what_has_another_kind_makes_way_first() {
    check(
        &["a/", "a/b=1@1"],
        &["a=1@1"],
        &changed(&["a"], &[]),
        &["first a", "mkdir a", "send a/b"],
    );
    check(
        &["d=1@1"],
        &["d/", "d/b=1@1"],
        &changed(&["d", "d/b"], &[]),
        &["first d/b", "first d/", "send d"],
    );
}

#[test]
fn what_the_filter_excludes_is_not_looked_into() {
    let mut rules = rules();
    rules.filter.rules.push(FilterRule::glob(false, ".git/"));
    rules.filter.rules.push(FilterRule::glob(false, "*.o"));
    rules.sizes = Some(0..=5);
    let local = ["a=1@1", "a.o=1@1", ".git/", ".git/x=1@1", "big=9@1", "d/", "d/b.o=1@1"];
    let all = changed(&["a", "a.o", ".git", ".git/x", "big", "d"], &[]);
    let batch = plan_batch(&all, &index(&[]), &rules, &mut tree(&local));
    assert_eq!(lines(&batch), ["mkdir d", "send a"]);
}
