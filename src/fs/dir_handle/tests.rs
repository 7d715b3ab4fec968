//! Held directories: what somebody swaps meanwhile, and disks that take two names for one.

use std::os::unix::fs::symlink;

use super::*;

fn held(path: &Path) -> HeldDir {
    HeldDir::open(path).unwrap()
}

#[test]
fn a_directory_swapped_for_a_link_leads_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("d/e")).unwrap();
    let d = held(dir.path()).enter(OsStr::new("d")).unwrap();
    std::fs::rename(dir.path().join("d"), dir.path().join("moved")).unwrap();
    symlink(outside.path(), dir.path().join("d")).unwrap();

    let spot = d.spot("x");
    drop(spot.open_or_create(OFlags::WRONLY, 0o600).unwrap());
    spot.rename(&d.spot("y")).unwrap();
    d.spot("new").make_directory().unwrap();
    d.spot("e").remove_directory().unwrap();
    let mut names = d.names().unwrap();
    names.sort();
    assert_eq!(names, ["new", "y"]);
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(dir.path().join("moved/y").exists());
    // Who comes only now is stopped by the link.
    let late = held(dir.path()).enter(OsStr::new("d")).unwrap_err();
    assert_eq!(late.kind(), io::ErrorKind::NotADirectory);
    assert!(held(dir.path()).enter_through_link(OsStr::new("d")).is_ok());
}

#[test]
fn links_are_not_opened_and_fifos_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let here = held(dir.path());
    std::fs::write(dir.path().join("file"), "untouched").unwrap();
    symlink("file", dir.path().join("link")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    for name in ["link", "dangling"] {
        assert!(here.spot(name).open(OFlags::RDWR).is_err(), "{name}");
        assert!(here.spot(name).open_or_create(OFlags::RDWR, 0o600).is_err(), "{name}");
        assert_eq!(file_type(&here.spot(name).stat().unwrap().unwrap()), FileType::Symlink);
    }
    assert!(!dir.path().join("nowhere").exists());
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(CWD, dir.path().join("fifo"), FileType::Fifo, mode, 0).unwrap();
    assert!(here.spot("fifo").open(OFlags::WRONLY).is_err());
    assert!(here.spot("fifo").open(OFlags::RDONLY).is_ok());
}

#[test]
fn a_new_name_never_replaces_anything() {
    let dir = tempfile::tempdir().unwrap();
    let here = held(dir.path());
    std::fs::write(dir.path().join("a"), "new").unwrap();
    std::fs::write(dir.path().join("b"), "old").unwrap();
    let refused = here.spot("a").rename_to_new(&here.spot("b")).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(dir.path().join("b")).unwrap(), b"old");
    here.spot("a").rename_to_new(&here.spot("c")).unwrap();
    assert_eq!(std::fs::read(dir.path().join("c")).unwrap(), b"new");
}

#[test]
fn a_twin_is_found_by_what_the_disk_says_and_hard_links_are_none() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("Same"), "first").unwrap();
    std::fs::hard_link(dir.path().join("Same"), dir.path().join("linked")).unwrap();
    let plain = held(dir.path());
    assert_eq!(plain.spot("same").twin(), None);
    assert_eq!(plain.spot("linked").twin(), None);
    let folding = held(dir.path()).folding();
    assert_eq!(folding.spot("Same").twin(), None);
    let twin = folding.spot("SAME").twin().unwrap();
    assert!(twin == "Same" || twin == "linked");
    let text = folding.spot("SAME").is_taken().to_string();
    assert!(text.contains("is the same file as"), "{text}");
}

#[test]
fn names_that_fat_would_change_are_refused_there_only() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["NUL.txt", "a:b", "x.", "x "] {
        assert!(held(dir.path()).spot(name).check_name().is_ok(), "{name}");
        let error = held(dir.path()).folding().spot(name).check_name().unwrap_err();
        assert_eq!(error.kind(), Kind::Local);
        assert!(error.message().contains(name), "{error}");
    }
    assert!(held(dir.path()).folding().spot("fine.txt").check_name().is_ok());
}
