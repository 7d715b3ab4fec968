//! Uploads to a remote side in memory.

use super::*;
use crate::transfer::NoProgress;
use crate::transfer::fake::{Fake, Fault};

fn store(fake: &mut Fake, content: &[u8]) -> Result<Outcome> {
    let dir = tempfile::tempdir().unwrap();
    let local = dir.path().join("x");
    std::fs::write(&local, content).unwrap();
    if fake.fault == Some(Fault::LocalChanges) {
        fake.touch_on_store = Some(local.clone());
    }
    let job = Upload {
        local,
        dir: None,
        remote: RemotePath::new("x").unwrap(),
        options: TransferOptions::default(),
    };
    upload_from_file(fake, &job, &NoProgress, &Cancel::new())
}

#[test]
fn a_whole_file_is_stored_with_its_time() {
    let mut fake = Fake::default();
    let data: Vec<u8> = (0..700_001u32).map(|i| (i % 251) as u8).collect();
    assert_eq!(store(&mut fake, &data).unwrap().bytes, data.len() as u64);
    assert!(fake.content("x") == data);
    assert!(fake.times_set > 0);
}

#[test]
fn a_fault_on_either_side_is_a_failure() {
    for (fault, kind) in [
        (Fault::Reply(426), Kind::Incomplete),
        (Fault::Reply(552), Kind::Refused),
        (Fault::NoReply, Kind::Incomplete),
        (Fault::ResetAt(3000), Kind::Incomplete),
        (Fault::StoredShortBy(1), Kind::Incomplete),
        (Fault::LocalChanges, Kind::Incomplete),
    ] {
        let mut fake = Fake { fault: Some(fault), ..Fake::default() };
        let error = store(&mut fake, &[7; 10_000]).unwrap_err();
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
    }
}

fn store_how(fake: &mut Fake, content: &[u8], options: TransferOptions) -> Result<Outcome> {
    let dir = tempfile::tempdir().unwrap();
    let local = dir.path().join("x");
    std::fs::write(&local, content).unwrap();
    let job = Upload { local, dir: None, remote: RemotePath::new("x").unwrap(), options };
    upload_from_file(fake, &job, &NoProgress, &Cancel::new())
}

#[test]
fn an_interrupted_upload_goes_on_where_it_stopped() {
    let data: Vec<u8> = (0..500_001u32).map(|i| (i % 251) as u8).collect();
    let resume = || TransferOptions { resume: Resume::Asked, ..TransferOptions::default() };
    let mut fake = Fake::with("x", &data[..300_000]);
    // Another program has just started to upload it.
    fake.modified = chrono::Utc::now().naive_utc() + chrono::TimeDelta::minutes(1);
    let outcome = store_how(&mut fake, &data, resume()).unwrap();
    assert_eq!((outcome.bytes, outcome.resumed_from), (200_001, Some(300_000)));
    assert!(fake.content("x") == data);
    assert_eq!(fake.places, [UploadMode::End]);
    // Already complete: nothing is sent.
    assert_eq!(store_how(&mut fake, &data, resume()).unwrap().bytes, 0);
    assert_eq!(fake.places.len(), 1);
    // An older file is another version, whatever its end looks like.
    let older = Fake::default().modified;
    let mut fake = Fake { modified: older, ..Fake::with("x", &data[..300_000]) };
    assert_eq!(store_how(&mut fake, &data, resume()).unwrap().resumed_from, None);
    // Different content: uploaded again from 0.
    let modified = chrono::Utc::now().naive_utc() + chrono::TimeDelta::minutes(1);
    let mut fake = Fake { modified, ..Fake::with("x", &[9; 300_000]) };
    assert_eq!(store_how(&mut fake, &data, resume()).unwrap().resumed_from, None);
    assert!(fake.content("x") == data);
}

#[test]
fn an_atomic_upload_appears_only_when_it_is_whole() {
    let atomic = || TransferOptions { atomic: Atomic::Yes, ..TransferOptions::default() };
    let mut fake = Fake::with("x", b"old");
    fake.fault = Some(Fault::Reply(426));
    assert!(store_how(&mut fake, b"new content", atomic()).is_err());
    assert_eq!(fake.content("x"), b"old");
    fake.fault = None;
    store_how(&mut fake, b"new content", atomic()).unwrap();
    assert_eq!(fake.content("x"), b"new content");
    assert_eq!(fake.files.lock().unwrap().len(), 1);
}

#[test]
fn an_upload_whose_checksum_differs_is_a_failure() {
    let mut fake = Fake { fault: Some(Fault::WrongChecksum), ..Fake::default() };
    let options = TransferOptions { verify: Verify::Hash, ..TransferOptions::default() };
    assert_eq!(store_how(&mut fake, b"data", options).unwrap_err().kind(), Kind::Incomplete);
}
