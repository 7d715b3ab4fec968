//! Plans from listings in memory.

use chrono::DateTime;

use super::*;
use crate::transfer::mirror::filter::FilterRule;
use crate::transfer::mirror::tree::Timestamp;

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp::exact(DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap().naive_utc()))
}

fn file(name: &str, size: u64, seconds: i64) -> Item<'_> {
    let modified = at(seconds);
    Item { name, kind: ItemKind::File, size: Some(size), modified, unique: None, mode: None }
}

fn other(name: &str, kind: ItemKind) -> Item<'_> {
    Item { name, kind, size: None, modified: None, unique: None, mode: None }
}

fn at_path(path: &str) -> NextDirectory {
    NextDirectory {
        path: path.into(),
        in_source: true,
        in_target: true,
        trail: Vec::new(),
        mode: None,
    }
}

fn listing(items: &[Item<'_>]) -> CompactListing {
    let mut listing = CompactListing::default();
    items.iter().for_each(|item| listing.push(*item));
    listing.sort();
    listing
}

fn words(plan: &DirectoryPlan, source: &CompactListing) -> Vec<String> {
    let steps = plan.places.iter().zip(&plan.steps).map(|(place, step)| {
        let name = source.get(*place as usize).unwrap().name;
        match step {
            PlannedStep::Make => format!("mkdir {name}"),
            PlannedStep::RemoveSource => format!("remove {name}"),
            PlannedStep::Transfer(reason) => format!("carry {name}: {}", reason.word()),
            PlannedStep::Compare => format!("compare {name}"),
            PlannedStep::Keep => format!("keep {name}"),
        }
    });
    let extraneous = plan.extraneous.iter().map(|item| format!("delete {}", item.path));
    steps.chain(extraneous).collect()
}

#[test]
fn what_is_missing_or_differs_is_carried_and_nothing_else() {
    let source = listing(&[
        file("missing", 1, 0),
        file("same", 1, 0),
        file("size", 2, 0),
        file("newer", 1, 100),
        file("older", 1, -100),
        other("dir", ItemKind::Directory),
        other("link", ItemKind::Link),
    ]);
    let target = listing(&[
        file("same", 1, 0),
        file("size", 1, 0),
        file("newer", 1, 0),
        file("older", 1, 0),
        file("surplus", 1, 0),
    ]);
    let plan = plan_directory(&at_path("d"), Some(&source), Some(&target), &MirrorRules::default());
    assert_eq!(
        words(&plan, &source),
        ["mkdir dir", "carry missing: missing", "carry newer: newer", "carry size: size differs"]
    );
    assert_eq!(plan.links, [1]);
    assert_eq!(plan.unchanged, 2);
    let next = NextDirectory {
        path: "d/dir".into(),
        in_source: true,
        in_target: false,
        trail: Vec::new(),
        mode: None,
    };
    assert_eq!(plan.next, [next]);
}

#[test]
fn only_newer_passes_over_files_of_another_size() {
    let rules = MirrorRules { newer: true, ..MirrorRules::default() };
    let source = listing(&[file("size", 2, 0), file("newer", 1, 100)]);
    let target = listing(&[file("size", 1, 0), file("newer", 1, 0)]);
    let plan = plan_directory(&at_path(""), Some(&source), Some(&target), &rules);
    assert_eq!(words(&plan, &source), ["carry newer: newer"]);
}

#[test]
fn a_coarse_time_does_not_make_a_file_newer() {
    let mut there = file("x", 1, 0);
    // The target's time has only minutes: 40 seconds later may be the same time.
    if let Some(stamp) = &mut there.modified {
        stamp.precision = 60;
    }
    let rules = MirrorRules::default();
    for (seconds, carried) in [(40, false), (59, false), (60, true)] {
        let source = listing(&[file("x", 1, seconds)]);
        let plan = plan_directory(&at_path(""), Some(&source), Some(&listing(&[there])), &rules);
        assert_eq!(!plan.steps.is_empty(), carried, "{seconds}");
    }
}

#[test]
fn surplus_is_deleted_only_if_asked_and_never_what_the_filter_leaves_out() {
    let source = listing(&[file("a", 1, 0)]);
    let target = listing(&[
        file("a", 1, 0),
        file("surplus", 1, 0),
        file("keep.o", 1, 0),
        other("old", ItemKind::Directory),
    ]);
    let mut rules = MirrorRules::default();
    rules.filter.rules.push(FilterRule::glob(false, "*.o"));
    assert_eq!(plan_directory(&at_path(""), Some(&source), Some(&target), &rules).extraneous, []);
    rules.delete = true;
    let plan = plan_directory(&at_path(""), Some(&source), Some(&target), &rules);
    assert_eq!(words(&plan, &source), ["delete old", "delete surplus"]);
    assert_eq!(
        plan.next,
        [NextDirectory {
            path: "old".into(),
            in_source: false,
            in_target: true,
            trail: Vec::new(),
            mode: None,
        }]
    );
}

#[test]
fn a_file_in_the_place_of_a_directory_is_told() {
    let source = listing(&[file("x", 1, 0)]);
    let target = listing(&[other("x", ItemKind::Directory)]);
    let plan = plan_directory(&at_path(""), Some(&source), Some(&target), &MirrorRules::default());
    assert_eq!(words(&plan, &source), ["carry x: not a file"]);
}

#[test]
fn sizes_and_times_can_be_limited() {
    let source = listing(&[file("small", 1, 0), file("large", 100, 0), file("new", 10, 1000)]);
    let rules = MirrorRules { sizes: Some(5..=50), ..MirrorRules::default() };
    assert_eq!(
        words(&plan_directory(&at_path(""), Some(&source), None, &rules), &source),
        ["carry new: missing"]
    );
    let after = at(500).unwrap().time;
    let rules = MirrorRules { newer_than: Some(after), ..MirrorRules::default() };
    assert_eq!(
        words(&plan_directory(&at_path(""), Some(&source), None, &rules), &source),
        ["carry new: missing"]
    );
}

#[test]
fn a_directory_that_is_its_own_ancestor_is_not_looked_into() {
    let directory_of =
        |name, unique| Item { unique: Some(unique), ..other(name, ItemKind::Directory) };
    let source = listing(&[directory_of("loop", "1"), directory_of("fine", "2")]);
    let here = NextDirectory { trail: vec!["1".into()], ..at_path("d") };
    let plan = plan_directory(&here, Some(&source), None, &MirrorRules::default());
    assert_eq!(plan.loops, ["d/loop"]);
    assert_eq!(words(&plan, &source), ["mkdir fine"]);
    assert_eq!(plan.next.len(), 1);
    assert_eq!(plan.next[0].trail, ["1", "2"]);
}

#[test]
fn contents_are_compared_where_sizes_are_equal_whatever_the_times() {
    let unknown = Item { size: None, ..file("unknown", 0, 0) };
    let source = listing(&[
        file("empty", 0, 100),
        file("missing", 1, 0),
        file("newer", 1, 100),
        file("older", 1, -100),
        file("same", 1, 0),
        file("size", 2, 0),
        unknown,
    ]);
    let target = listing(&[
        file("empty", 0, 0),
        file("newer", 1, 0),
        file("older", 1, 0),
        file("same", 1, 0),
        file("size", 1, 0),
        file("unknown", 3, 0),
    ]);
    let here = at_path("");
    let rules = MirrorRules { compare: CompareBy::Content, ..MirrorRules::default() };
    let plan = plan_directory(&here, Some(&source), Some(&target), &rules);
    assert_eq!(
        words(&plan, &source),
        [
            "carry missing: missing",
            "compare newer",
            "compare older",
            "compare same",
            "carry size: size differs",
            "compare unknown"
        ]
    );
    assert_eq!(plan.unchanged, 1);
    let rules = MirrorRules { compare: CompareBy::Size, ..MirrorRules::default() };
    let plan = plan_directory(&here, Some(&source), Some(&target), &rules);
    assert_eq!(words(&plan, &source), ["carry missing: missing", "carry size: size differs"]);
}
