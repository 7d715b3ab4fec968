//! Copies between two remote sides in memory.

use super::*;
use crate::transfer::NoProgress;
use crate::transfer::fake::{Fake, Fault};

fn carry(source: &mut Fake, target: &mut Fake) -> Result<Outcome, Failed> {
    let path = |path| RemotePath::new(path).unwrap();
    let job = ServerCopy {
        from: path("x"),
        to: path("y"),
        info: None,
        options: TransferOptions::default(),
    };
    copy_between_servers(source, target, &job, &NoProgress, &Cancel::new())
}

#[test]
fn a_file_goes_from_server_to_server_with_its_time() {
    let data: Vec<u8> = (0..900_001u32).map(|i| (i % 251) as u8).collect();
    let (mut source, mut target) = (Fake::with("x", &data), Fake::default());
    assert_eq!(carry(&mut source, &mut target).unwrap().bytes, data.len() as u64);
    assert!(target.content("y") == data);
    assert_eq!(target.times_set, 1);
}

#[test]
fn a_fault_at_either_end_is_a_failure() {
    for fault in [Fault::CutAt(500), Fault::ShortBy(1), Fault::Reply(426), Fault::ResetAt(500)] {
        let (mut source, mut target) = (Fake::with("x", &[7; 1000]), Fake::default());
        source.fault = Some(fault);
        let failed = carry(&mut source, &mut target).unwrap_err();
        assert_eq!(failed.side, Side::Source, "{fault:?}: {}", failed.error);
    }
    for fault in [Fault::Reply(552), Fault::StoredShortBy(1), Fault::ResetAt(500)] {
        let (mut source, mut target) = (Fake::with("x", &[7; 1000]), Fake::default());
        target.fault = Some(fault);
        let failed = carry(&mut source, &mut target).unwrap_err();
        assert_eq!(failed.side, Side::Target, "{fault:?}: {}", failed.error);
    }
}
