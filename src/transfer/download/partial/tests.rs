//! Partial files: names, locks, links in the way, and how they become their target.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::*;

fn open(target: &Path) -> Result<PartialFile> {
    PartialFile::open(&EntryAt::at(target)?)
}

fn look(target: &Path) -> Result<Target> {
    examine_target(&EntryAt::at(target)?)
}

#[test]
fn a_target_of_255_bytes_has_a_partial_file_that_fits() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = std::collections::HashSet::new();
    for last in ["a", "b"] {
        let target = dir.path().join(format!("{}{last}", "n".repeat(254)));
        let partial = open(&target).unwrap();
        assert!(partial.entry().path().file_name().unwrap().len() <= 255);
        assert!(seen.insert(partial.entry().path().to_owned()), "two targets, one partial file");
        partial.rename_to_target(None, Existing::Replace, SyncFiles::Auto).unwrap();
        assert!(target.is_file());
    }
}

#[test]
fn the_old_file_stays_until_the_new_one_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("x");
    std::fs::write(&target, "old").unwrap();
    let mut partial = open(&target).unwrap();
    partial.write_all(b"new").unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), b"old");
    let time = chrono::DateTime::from_timestamp(1_000_000_000, 0).unwrap().naive_utc();
    partial.rename_to_target(Some(time), Existing::Replace, SyncFiles::Auto).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), b"new");
    assert_eq!(std::fs::metadata(&target).unwrap().mtime(), 1_000_000_000);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn the_permissions_of_the_replaced_file_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("x");
    std::fs::write(&target, "old").unwrap();
    std::fs::set_permissions(&target, PermissionsExt::from_mode(0o600)).unwrap();
    open(&target).unwrap().rename_to_target(None, Existing::Replace, SyncFiles::Auto).unwrap();
    assert_eq!(std::fs::metadata(&target).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn links_and_fifos_in_the_way_are_neither_followed_nor_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    std::fs::write(&outside, "untouched").unwrap();
    let target = dir.path().join("x");
    std::os::unix::fs::symlink(&outside, partial_path(&target).unwrap()).unwrap();
    assert_eq!(open(&target).unwrap_err().kind(), Kind::Local);

    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    let mut partial = open(&link).unwrap();
    partial.write_all(b"new").unwrap();
    partial.rename_to_target(None, Existing::Replace, SyncFiles::Auto).unwrap();
    assert_eq!(std::fs::read(&outside).unwrap(), b"untouched");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_file());

    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert_eq!(look(&fifo).unwrap_err().kind(), Kind::Local);
    assert_eq!(look(Path::new("/dev/null")).unwrap(), Target::Device);
    // Whatever it points to here.
    assert_eq!(look(Path::new("/dev/stdout")).unwrap(), Target::Link);
    let sink = dir.path().join("sink");
    std::os::unix::fs::symlink("/dev/null", &sink).unwrap();
    assert_eq!(look(&sink).unwrap(), Target::Link);
    assert_eq!(open_through_link(&EntryAt::at(&sink).unwrap()).unwrap_err().kind(), Kind::Local);
    assert_eq!(look(&link).unwrap(), Target::Replaceable);
    assert_eq!(look(dir.path()).unwrap_err().kind(), Kind::Local);
}

#[test]
fn two_downloads_of_one_file_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("x");
    let first = open(&target).unwrap();
    let error = open(&target).unwrap_err();
    assert!(error.message().contains("another ftpsh"), "{error}");
    first.discard();
    assert!(open(&target).is_ok());
}
