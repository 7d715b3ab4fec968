//! Downloads over several connections from a remote side in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::cancel::Reason;
use crate::error::Kind;
use crate::ftp::path::RemotePath;
use crate::transfer::download::journal::PartialJournal;
use crate::transfer::download::partial::partial_path;
use crate::transfer::fake::{Fake, Fault, Files};
use crate::transfer::{NoProgress, TransferOptions, Verify, download};

const SIZE: usize = 13 * 1024 * 1024 + 77;

fn big() -> Vec<u8> {
    (0..SIZE as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A server: each connection to it has its own fake.
#[derive(Default)]
struct Server {
    files: Files,
    fault: Option<Fault>,
    /// How many connections misbehave; `None`: all.
    liars: Mutex<Option<usize>>,
    tells_size: bool,
    offsets: Mutex<Vec<usize>>,
    /// Called before each connection is used.
    meanwhile: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Server {
    fn new() -> Self {
        let files = Fake::with("x", &big()).files;
        Self { files, tells_size: true, ..Self::default() }
    }

    fn connect(&self) -> Fake {
        let (files, fault) = (Arc::clone(&self.files), self.fault);
        Fake { files, fault, tells_size: self.tells_size, ..Fake::default() }
    }
}

impl RemoteSource for Server {
    fn with_remote(
        &self,
        _: &Cancel,
        work: &mut dyn FnMut(&mut dyn Remote) -> Result<()>,
    ) -> Result<()> {
        if let Some(meanwhile) = &self.meanwhile {
            meanwhile();
        }
        let mut fake = self.connect();
        match &mut *self.liars.lock().unwrap() {
            Some(0) => fake.fault = None,
            Some(left) => *left -= 1,
            None => {}
        }
        let result = work(&mut fake);
        self.offsets.lock().unwrap().extend(fake.offsets);
        result
    }
}

fn job(dir: &Path, resume: bool) -> Download {
    let options =
        TransferOptions { resume: Resume::if_asked(resume), ..TransferOptions::default() };
    Download::new(RemotePath::new("x").unwrap(), dir.join("x"), options)
}

fn fetch_with(
    server: &Server,
    job: &Download,
    retries: u32,
    cancel: &Cancel,
) -> Result<Option<Outcome>> {
    let retries = Retries::new(retries, Duration::from_millis(1));
    let several =
        SegmentedDownload { remotes: server, count: 4, retries, progress: &NoProgress, cancel };
    several.download_to_file(job)
}

fn fetch(server: &Server, dir: &Path, resume: bool) -> Result<Option<Outcome>> {
    fetch_with(server, &job(dir, resume), 0, &Cancel::new())
}

fn is_whole(dir: &Path) -> bool {
    std::fs::read(dir.join("x")).unwrap() == big() && std::fs::read_dir(dir).unwrap().count() == 1
}

#[test]
fn a_file_comes_in_parts_and_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::new();
    let outcome = fetch(&server, dir.path(), false).unwrap().unwrap();
    assert_eq!((outcome.bytes, outcome.resumed_from), (SIZE as u64, None));
    assert!(is_whole(dir.path()));
    assert_eq!(server.offsets.lock().unwrap().len(), 3);
}

#[test]
fn what_is_not_worth_it_or_of_unknown_size_is_for_one_connection() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::new();
    server.tells_size = false;
    assert_eq!(fetch(&server, dir.path(), false).unwrap(), None);
    server.tells_size = true;
    server.files.lock().unwrap().insert("x".into(), vec![1; 5_000_000]);
    assert_eq!(fetch(&server, dir.path(), false).unwrap(), None);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_interrupted_one_goes_on_in_parts_or_over_one_connection() {
    for several in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Server::new();
        server.fault = Some(Fault::ResetAt(1_500_000));
        assert_eq!(fetch(&server, dir.path(), false).unwrap_err().kind(), Kind::Incomplete);
        assert!(!dir.path().join("x").exists());
        server.fault = None;
        server.offsets.lock().unwrap().clear();
        let outcome = if several {
            fetch(&server, dir.path(), true).unwrap().unwrap()
        } else {
            let job = job(dir.path(), true);
            download::download_to_file(&mut server.connect(), &job, &NoProgress, &Cancel::new())
                .unwrap()
        };
        assert!(is_whole(dir.path()), "several: {several}");
        let from = outcome.resumed_from.unwrap();
        assert!(from >= 1_400_000 && outcome.bytes == SIZE as u64 - from, "{outcome:?}");
    }
}

#[test]
fn a_kill_at_any_moment_leaves_what_can_be_gone_on_with() {
    // What a killed run leaves: segments slightly longer than the journal says.
    for (journal, written) in [
        ([0, 5 << 20, 10 << 20], [0, 0, 0]),
        ([1 << 20, 5 << 20, 10 << 20], [1_200_000, 0, 100]),
        ([5 << 20, 6 << 20, 11 << 20], [5 << 20, 1 << 20, 1 << 20]),
        ([5 << 20, 10 << 20, SIZE], [5 << 20, 5 << 20, SIZE - (10 << 20)]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::new();
        let info = server.connect().file_info(&RemotePath::new("x").unwrap()).unwrap();
        let partial = partial_path(&dir.path().join("x")).unwrap();
        let mut content = vec![0; SIZE];
        let ranges = [(0, 5 << 20), (5 << 20, 10 << 20), (10 << 20, SIZE)];
        let mut segments = Vec::new();
        for (((from, to), at), count) in ranges.into_iter().zip(journal).zip(written) {
            let count = count.max(at - from);
            content[from..from + count].copy_from_slice(&big()[from..from + count]);
            segments.push((from as u64, to as u64, at as u64));
        }
        std::fs::write(&partial, content).unwrap();
        PartialJournal { segments, ..PartialJournal::for_file(info) }
            .write(&EntryAt::at(&partial).unwrap());
        let outcome = fetch(&server, dir.path(), true).unwrap().unwrap();
        assert!(is_whole(dir.path()), "{journal:?}: {outcome:?}");
    }
}

#[test]
fn a_download_from_front_to_back_is_gone_on_with_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::new();
    let (mut fake, cancel) = (server.connect(), Cancel::new());
    fake.fault = Some(Fault::ResetAt(2_000_000));
    assert!(
        download::download_to_file(&mut fake, &job(dir.path(), false), &NoProgress, &cancel)
            .is_err()
    );
    server.fault = Some(Fault::ResetAt(3_000_000));
    assert!(fetch(&server, dir.path(), true).is_err());
    server.fault = None;
    assert!(fetch(&server, dir.path(), true).unwrap().unwrap().resumed_from > Some(2_000_000));
    assert!(is_whole(dir.path()));
}

#[test]
fn holes_are_not_taken_for_content_when_the_journal_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::new();
    server.fault = Some(Fault::ResetAt(1_500_000));
    assert!(fetch(&server, dir.path(), false).is_err());
    let partial = partial_path(&dir.path().join("x")).unwrap();
    PartialJournal::remove(&EntryAt::at(&partial).unwrap());
    let (mut fake, cancel) = (Server::new().connect(), Cancel::new());
    let outcome =
        download::download_to_file(&mut fake, &job(dir.path(), true), &NoProgress, &cancel);
    assert_eq!(outcome.unwrap().resumed_from, None);
    assert!(is_whole(dir.path()));
}

#[test]
fn transient_failures_of_a_part_are_tried_again_from_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::new();
    server.fault = Some(Fault::ResetAt(3_000_000));
    // The one that queries the size, and the first of each segment.
    server.liars = Mutex::new(Some(4));
    let outcome = fetch_with(&server, &job(dir.path(), false), 3, &Cancel::new()).unwrap();
    assert_eq!(outcome.unwrap().bytes, SIZE as u64);
    assert!(is_whole(dir.path()));
    // Which connections misbehave depends on timing; at least one segment was restarted.
    assert!(server.offsets.lock().unwrap().len() > 3);
}

#[test]
fn a_server_that_cannot_begin_at_an_offset_is_found_out() {
    for fault in [Fault::IgnoresRestart, Fault::RefusesRestart] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Server::new();
        server.fault = Some(fault);
        assert_eq!(fetch(&server, dir.path(), false).unwrap(), None, "{fault:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{fault:?}");
    }
}

#[test]
fn a_last_part_that_does_not_end_well_is_a_failure() {
    for fault in [
        Fault::ShortBy(1),
        Fault::Reply(426),
        Fault::Reply(451),
        Fault::NoReply,
        Fault::StallAt(100),
        Fault::CutAt(100),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Server::new();
        server.fault = Some(fault);
        assert!(fetch(&server, dir.path(), false).is_err(), "{fault:?}");
        assert!(!dir.path().join("x").exists(), "{fault:?}");
        // The file is examined again.
        server.fault = None;
        assert!(fetch(&server, dir.path(), true).unwrap().is_some(), "{fault:?}");
        assert!(is_whole(dir.path()), "{fault:?}");
    }
}

#[test]
fn a_file_that_changed_is_not_put_together_from_two() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::new();
    server.fault = Some(Fault::ResetAt(1_500_000));
    assert!(fetch(&server, dir.path(), false).is_err());
    server.fault = None;
    let other: Vec<u8> = big().iter().map(|byte| !byte).collect();
    server.files.lock().unwrap().insert("x".into(), other.clone());
    // The same size and time: detected by the overlap.
    let outcome = fetch(&server, dir.path(), true).unwrap().unwrap();
    assert_eq!(outcome.resumed_from, None);
    assert!(std::fs::read(dir.path().join("x")).unwrap() == other);

    // Truncated after the size was queried.
    let files = Arc::clone(&server.files);
    let asked = Mutex::new(0);
    server.meanwhile = Some(Box::new(move || {
        *asked.lock().unwrap() += 1;
        if *asked.lock().unwrap() == 2 {
            files.lock().unwrap().get_mut("x").unwrap().truncate(SIZE - 5);
        }
    }));
    std::fs::remove_file(dir.path().join("x")).unwrap();
    assert_eq!(fetch(&server, dir.path(), false).unwrap_err().kind(), Kind::Incomplete);
    assert!(!dir.path().join("x").exists());
}

#[test]
fn a_checksum_that_differs_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::new();
    server.fault = Some(Fault::WrongChecksum);
    let mut job = job(dir.path(), false);
    job.options.verify = Verify::Hash;
    let error = fetch_with(&server, &job, 0, &Cancel::new()).unwrap_err();
    assert_eq!(error.kind(), Kind::Incomplete);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_interruption_stops_all_parts_and_keeps_what_came() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::new();
    let cancel = Cancel::new();
    let (flag, asked) = (cancel.clone(), Mutex::new(0));
    server.meanwhile = Some(Box::new(move || {
        *asked.lock().unwrap() += 1;
        if *asked.lock().unwrap() == 4 {
            flag.request(Reason::Interrupted);
        }
    }));
    let error = fetch_with(&server, &job(dir.path(), false), 3, &cancel).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
    assert!(!dir.path().join("x").exists());
    server.meanwhile = None;
    fetch(&server, dir.path(), true).unwrap().unwrap();
    assert!(is_whole(dir.path()));
}
