//! Downloads from a remote side in memory.

use super::*;
use crate::transfer::fake::{Fake, Fault};
use crate::transfer::{NoProgress, SyncFiles};
use std::path::Path;

fn fetch(fake: &mut Fake, dir: &Path) -> Result<Outcome> {
    let job =
        Download::new(RemotePath::new("x").unwrap(), dir.join("x"), TransferOptions::default());
    download_to_file(fake, &job, &NoProgress, &Cancel::new())
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_whole_file_arrives_with_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let data: Vec<u8> = (0..1_000_003u32).map(|i| (i % 251) as u8).collect();
    let mut fake = Fake::with("x", &data);
    let outcome = fetch(&mut fake, dir.path()).unwrap();
    assert_eq!(outcome.bytes, data.len() as u64);
    assert_eq!(outcome.warning, None);
    assert!(std::fs::read(dir.path().join("x")).unwrap() == data);
    let modified = std::fs::metadata(dir.path().join("x")).unwrap().modified().unwrap();
    let expected = crate::transfer::download::partial::system_time(fake.modified).unwrap();
    assert_eq!(modified, expected);
    assert_eq!(files(dir.path()), ["x"]);
}

#[test]
fn no_fault_leaves_a_file_under_the_final_name_or_harms_the_old_one() {
    for fault in [
        Fault::CutAt(5000),
        Fault::ShortBy(1),
        Fault::LongBy(1),
        Fault::Reply(426),
        Fault::Reply(451),
        Fault::NoReply,
        Fault::ResetAt(5000),
        Fault::StallAt(5000),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut fake = Fake::with("x", &[7; 10_000]);
        fake.fault = Some(fault);
        let error = fetch(&mut fake, dir.path()).unwrap_err();
        let expected = if fault == Fault::StallAt(5000) { Kind::Connect } else { Kind::Incomplete };
        assert_eq!(error.kind(), expected, "{fault:?}: {error}");
        assert!(!dir.path().join("x").exists(), "{fault:?}");

        std::fs::write(dir.path().join("x"), "old").unwrap();
        assert!(fetch(&mut fake, dir.path()).is_err());
        assert_eq!(std::fs::read(dir.path().join("x")).unwrap(), b"old", "{fault:?}");
    }
}

#[test]
fn a_cut_after_the_last_byte_of_a_known_size_is_a_success_with_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let mut fake = Fake::with("x", &[7; 10_000]);
    fake.fault = Some(Fault::CutAt(10_000));
    let outcome = fetch(&mut fake, dir.path()).unwrap();
    assert!(outcome.warning.is_some_and(|warning| warning.contains("not closed properly")));
    assert_eq!(std::fs::read(dir.path().join("x")).unwrap(), [7; 10_000]);

    fake.tells_size = false;
    assert_eq!(fetch(&mut fake, dir.path()).unwrap_err().kind(), Kind::Incomplete);
}

#[test]
fn a_missing_file_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut fake = Fake::with("y", b"");
    assert_eq!(fetch(&mut fake, dir.path()).unwrap_err().kind(), Kind::Refused);
    assert!(files(dir.path()).is_empty());
}

#[test]
fn an_unwritable_directory_fails_before_anything_is_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let mut fake = Fake::with("x", &[7; 100]);
    let error = fetch(&mut fake, &dir.path().join("absent")).unwrap_err();
    assert_eq!(error.kind(), Kind::Local);
    assert_eq!(fake.fetched, 0);
}

fn big() -> Vec<u8> {
    (0..2_000_003u32).map(|i| (i % 251) as u8).collect()
}

fn resume(fake: &mut Fake, dir: &Path) -> Result<Outcome> {
    let options = TransferOptions { resume: Resume::Asked, ..TransferOptions::default() };
    let job = Download::new(RemotePath::new("x").unwrap(), dir.join("x"), options);
    download_to_file(fake, &job, &NoProgress, &Cancel::new())
}

#[test]
fn an_interrupted_download_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let mut fake = Fake::with("x", &big());
    fake.fault = Some(Fault::ResetAt(1_500_000));
    assert!(fetch(&mut fake, dir.path()).is_err());
    fake.fault = None;
    let outcome = resume(&mut fake, dir.path()).unwrap();
    assert_eq!(outcome.resumed_from, Some(1_500_000));
    assert_eq!(outcome.bytes, 500_003);
    // Only the overlap is transferred twice.
    assert_eq!(fake.offsets, [0, 1_500_000 - 65_536]);
    assert!(std::fs::read(dir.path().join("x")).unwrap() == big());
    assert_eq!(files(dir.path()), ["x"]);
}

#[test]
fn a_remote_file_that_changed_meanwhile_is_fetched_again_from_the_start() {
    for change in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        let mut fake = Fake::with("x", &big());
        fake.fault = Some(Fault::ResetAt(1_500_000));
        assert!(fetch(&mut fake, dir.path()).is_err());
        fake.fault = None;
        let mut content = big();
        match change {
            // Another time, the same size.
            0 => fake.modified += chrono::TimeDelta::seconds(1),
            // Another size.
            1 => content.push(7),
            // The same size and time, but different bytes at the end of the partial file.
            _ => content[1_499_999] ^= 1,
        }
        fake.files.lock().unwrap().insert("x".into(), content.clone());
        let outcome = resume(&mut fake, dir.path()).unwrap();
        assert_eq!(outcome.resumed_from, None, "change {change}");
        assert!(std::fs::read(dir.path().join("x")).unwrap() == content, "change {change}");
    }
}

#[test]
fn a_server_that_ignores_rest_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut fake = Fake::with("x", &big());
    fake.fault = Some(Fault::ResetAt(1_400_000));
    assert!(fetch(&mut fake, dir.path()).is_err());
    fake.fault = Some(Fault::IgnoresRestart);
    resume(&mut fake, dir.path()).unwrap();
    assert!(std::fs::read(dir.path().join("x")).unwrap() == big());
}

#[test]
fn a_file_cut_short_by_another_program_is_gone_on_with_after_the_same_check() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("x");
    let mut fake = Fake::with("x", &big());
    std::fs::write(&target, &big()[..700_000]).unwrap();
    assert_eq!(resume(&mut fake, dir.path()).unwrap().resumed_from, Some(700_000));
    assert!(std::fs::read(&target).unwrap() == big());
    // Already complete: only its end is compared.
    let outcome = resume(&mut fake, dir.path()).unwrap();
    assert_eq!((outcome.bytes, outcome.resumed_from), (0, Some(2_000_003)));
    // Different content: downloaded again from 0.
    std::fs::write(&target, vec![1; 700_000]).unwrap();
    assert_eq!(resume(&mut fake, dir.path()).unwrap().resumed_from, None);
    assert!(std::fs::read(&target).unwrap() == big());
    assert_eq!(files(dir.path()), ["x"]);
}

#[test]
fn a_checksum_that_differs_is_a_failure_and_leaves_nothing_to_go_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let mut fake = Fake::with("x", &big());
    let options = TransferOptions { verify: Verify::Hash, ..TransferOptions::default() };
    let job = Download::new(RemotePath::new("x").unwrap(), dir.path().join("x"), options);
    let run = |fake: &mut Fake| download_to_file(fake, &job, &NoProgress, &Cancel::new());
    assert!(run(&mut fake).is_ok());
    fake.fault = Some(Fault::WrongChecksum);
    std::fs::remove_file(dir.path().join("x")).unwrap();
    assert_eq!(run(&mut fake).unwrap_err().kind(), Kind::Incomplete);
    assert!(files(dir.path()).is_empty());
}

#[test]
fn on_a_disk_that_does_not_tell_names_apart_the_second_one_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let held = DirHandle::open(dir.path()).unwrap().case_insensitive();
    let fetch = |name: &str, existing| {
        let (remote, local) = (RemotePath::new("x").unwrap(), dir.path().join(name));
        let held = Some(held.clone());
        let job = Download {
            dir: held,
            existing,
            ..Download::new(remote, local, TransferOptions::default())
        };
        download_to_file(&mut Fake::with("x", name.as_bytes()), &job, &NoProgress, &Cancel::new())
    };
    fetch("Same", Existing::Keep).unwrap();
    for existing in [Existing::Keep, Existing::ReplaceSameName] {
        let error = fetch("same", existing).unwrap_err();
        assert_eq!(error.kind(), Kind::Local);
        assert!(error.message().contains("the same file as Same"), "{error}");
    }
    assert_eq!(std::fs::read(dir.path().join("Same")).unwrap(), b"Same");
    for name in ["NUL.txt", "a:b", "dot."] {
        assert_eq!(fetch(name, Existing::Keep).unwrap_err().kind(), Kind::Local, "{name}");
    }
    // A file that was planned to be replaced is replaced.
    fetch("Same", Existing::ReplaceSameName).unwrap();
    fetch("Same", Existing::Replace).unwrap();
    assert_eq!(files(dir.path()), ["Same"]);
}

#[test]
fn what_appears_while_a_file_comes_is_not_replaced_by_it() {
    let dir = tempfile::tempdir().unwrap();
    let entry = EntryAt::at(&dir.path().join("x")).unwrap();
    let mut partial = PartialFile::open(&entry).unwrap();
    partial.write_all(b"came").unwrap();
    std::fs::write(dir.path().join("x"), "appeared").unwrap();
    let error = partial.rename_to_target(None, Existing::Keep, SyncFiles::Auto).unwrap_err();
    assert!(error.message().contains("created by somebody else in the meantime"), "{error}");
    assert_eq!(std::fs::read(dir.path().join("x")).unwrap(), b"appeared");

    // A partial file that now belongs to another download is neither completed nor removed.
    for discard in [false, true] {
        let entry = EntryAt::at(&dir.path().join("y")).unwrap();
        let partial = PartialFile::open(&entry).unwrap();
        let path = partial.entry().path();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "a stranger's").unwrap();
        if discard {
            partial.discard();
        } else {
            assert!(partial.rename_to_target(None, Existing::Replace, SyncFiles::Auto).is_err());
        }
        assert!(!dir.path().join("y").exists());
        assert_eq!(std::fs::read(&path).unwrap(), b"a stranger's");
    }
}
