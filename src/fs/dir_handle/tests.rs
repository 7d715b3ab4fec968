//! Held directories: directories replaced meanwhile, and disks that treat two names as one.

use std::os::unix::fs::symlink;

use super::*;

fn held(path: &Path) -> DirHandle {
    DirHandle::open(path).unwrap()
}

#[test]
fn a_directory_swapped_for_a_link_leads_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("d/e")).unwrap();
    let d = held(dir.path()).open_subdirectory(OsStr::new("d")).unwrap();
    std::fs::rename(dir.path().join("d"), dir.path().join("moved")).unwrap();
    symlink(outside.path(), dir.path().join("d")).unwrap();

    let entry = d.entry("x");
    drop(entry.open_or_create(OFlags::WRONLY, 0o600).unwrap());
    entry.rename(&d.entry("y")).unwrap();
    d.entry("new").make_directory().unwrap();
    d.entry("e").remove_directory().unwrap();
    let mut names = d.entry_names().unwrap();
    names.sort();
    assert_eq!(names, ["new", "y"]);
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(dir.path().join("moved/y").exists());
    // A later attempt is stopped by the link.
    let late = held(dir.path()).open_subdirectory(OsStr::new("d")).unwrap_err();
    assert_eq!(late.kind(), io::ErrorKind::NotADirectory);
    assert!(held(dir.path()).open_subdirectory_or_link(OsStr::new("d")).is_ok());
}

#[test]
fn links_are_not_opened_and_fifos_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let here = held(dir.path());
    std::fs::write(dir.path().join("file"), "untouched").unwrap();
    symlink("file", dir.path().join("link")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    for name in ["link", "dangling"] {
        assert!(here.entry(name).open(OFlags::RDWR).is_err(), "{name}");
        assert!(here.entry(name).open_or_create(OFlags::RDWR, 0o600).is_err(), "{name}");
        assert_eq!(file_type(&here.entry(name).stat().unwrap().unwrap()), FileType::Symlink);
    }
    assert!(!dir.path().join("nowhere").exists());
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(CWD, dir.path().join("fifo"), FileType::Fifo, mode, 0).unwrap();
    assert!(here.entry("fifo").open(OFlags::WRONLY).is_err());
    assert!(here.entry("fifo").open(OFlags::RDONLY).is_ok());
}

#[test]
fn a_new_name_never_replaces_anything() {
    let dir = tempfile::tempdir().unwrap();
    let here = held(dir.path());
    std::fs::write(dir.path().join("a"), "new").unwrap();
    std::fs::write(dir.path().join("b"), "old").unwrap();
    let refused = here.entry("a").rename_no_replace(&here.entry("b")).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(dir.path().join("b")).unwrap(), b"old");
    here.entry("a").rename_no_replace(&here.entry("c")).unwrap();
    assert_eq!(std::fs::read(dir.path().join("c")).unwrap(), b"new");
}

#[test]
fn a_twin_is_found_by_what_the_disk_says_and_hard_links_are_none() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("Same"), "first").unwrap();
    std::fs::hard_link(dir.path().join("Same"), dir.path().join("linked")).unwrap();
    let plain = held(dir.path());
    assert_eq!(plain.entry("same").case_variant(), None);
    assert_eq!(plain.entry("linked").case_variant(), None);
    let folding = held(dir.path()).case_insensitive();
    assert_eq!(folding.entry("Same").case_variant(), None);
    let twin = folding.entry("SAME").case_variant().unwrap();
    assert!(twin == "Same" || twin == "linked");
    let text = folding.entry("SAME").already_exists_error().to_string();
    assert!(text.contains("is the same file as"), "{text}");
}

#[test]
fn names_that_fat_would_change_are_refused_there_only() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["NUL.txt", "a:b", "x.", "x "] {
        assert!(held(dir.path()).entry(name).check_name().is_ok(), "{name}");
        let error = held(dir.path()).case_insensitive().entry(name).check_name().unwrap_err();
        assert_eq!(error.kind(), Kind::Local);
        assert!(error.message().contains(name), "{error}");
    }
    assert!(held(dir.path()).case_insensitive().entry("fine.txt").check_name().is_ok());
}
