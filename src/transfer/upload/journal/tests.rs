//! Upload journals: what they prove, what invalidates them, and how many are kept.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

fn journals(directory: &Path) -> UploadJournals {
    UploadJournals::new(directory.join("uploads"), "u@h:21".to_owned())
}

fn path(path: &str) -> RemotePath {
    RemotePath::new(path).unwrap()
}

fn source(identity: &str) -> Source {
    Source { identity: identity.to_owned(), racy: false }
}

#[test]
fn a_stopped_upload_is_known_by_its_source_account_and_path() {
    let dir = tempfile::tempdir().unwrap();
    let ours = journals(dir.path());
    assert_eq!(ours.for_path(&path("/a")).earlier_attempt(&source("1")), EarlierAttempt::Unknown);
    let journal = ours.for_path(&path("/a"));
    journal.record_begin(&source("1"), WORTH, 0);
    let sent = || match ours.for_path(&path("/a")).earlier_attempt(&source("1")) {
        EarlierAttempt::Same { sent, racy: false, .. } => sent,
        other => panic!("{other:?}"),
    };
    assert_eq!(sent(), None);
    journal.record_stop(&source("1"), 500);
    assert_eq!(sent(), Some(500));
    assert!(matches!(
        ours.for_path(&path("/a")).earlier_attempt(&source("2")),
        EarlierAttempt::Other(_)
    ));
    assert_eq!(ours.for_path(&path("/b")).earlier_attempt(&source("1")), EarlierAttempt::Unknown);
    let theirs = UploadJournals::new(dir.path().join("uploads"), "v@h:21".to_owned());
    assert_eq!(theirs.for_path(&path("/a")).earlier_attempt(&source("1")), EarlierAttempt::Unknown);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let directory = dir.path().join("uploads");
    assert_eq!(mode(&directory), 0o700);
    let file = std::fs::read_dir(&directory).unwrap().next().unwrap().unwrap().path();
    assert_eq!(mode(&file), 0o600);
    journal.remove();
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn two_uploads_to_one_path_at_the_same_time_leave_nothing_to_resume() {
    let dir = tempfile::tempdir().unwrap();
    let journals = journals(dir.path());
    for first_ends_well in [true, false] {
        let (one, other) = (journals.for_path(&path("/a")), journals.for_path(&path("/a")));
        one.record_begin(&source("1"), WORTH, 0);
        other.record_begin(&source("1"), WORTH, 0);
        if first_ends_well {
            one.remove();
        } else {
            one.record_stop(&source("1"), 10);
        }
        other.record_stop(&source("1"), 20);
        assert!(matches!(
            journals.for_path(&path("/a")).earlier_attempt(&source("1")),
            EarlierAttempt::Other(_)
        ));
        // A later single upload can be resumed again.
        let third = journals.for_path(&path("/a"));
        third.record_begin(&source("1"), WORTH, 0);
        third.record_stop(&source("1"), 30);
        assert!(matches!(
            journals.for_path(&path("/a")).earlier_attempt(&source("1")),
            EarlierAttempt::Same { .. }
        ));
    }
}

#[test]
fn damaged_and_foreign_journals_are_none_and_old_ones_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let journals = journals(dir.path());
    let journal = journals.for_path(&path("/a"));
    journal.record_stop(&source("1"), 10);
    let file = journal.journal_entry(false).unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    std::fs::hard_link(&file, dir.path().join("second name")).unwrap();
    assert_eq!(journal.earlier_attempt(&source("1")), EarlierAttempt::Unknown);
    std::fs::remove_file(dir.path().join("second name")).unwrap();
    assert_ne!(journal.earlier_attempt(&source("1")), EarlierAttempt::Unknown);
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(journal.earlier_attempt(&source("1")), EarlierAttempt::Unknown);
    for n in 0..MOST + 20 {
        journals.for_path(&path(&format!("/{n}"))).record_stop(&source("1"), 10);
    }
    assert!(std::fs::read_dir(dir.path().join("uploads")).unwrap().count() <= MOST);
    let last = journals.for_path(&path(&format!("/{}", MOST + 19)));
    assert_ne!(last.earlier_attempt(&source("1")), EarlierAttempt::Unknown);
}

#[test]
fn a_file_that_changed_just_now_is_racy_and_each_change_is_another_source() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x");
    std::fs::write(&file, "one").unwrap();
    let before = Source::of_file(&file.metadata().unwrap());
    assert!(before.racy);
    while Source::of_file(&file.metadata().unwrap()).racy {
        std::thread::yield_now();
    }
    assert_eq!(Source::of_file(&file.metadata().unwrap()).identity, before.identity);
    // The same size and time, set back by somebody.
    let time = file.metadata().unwrap().modified().unwrap();
    std::fs::write(&file, "two").unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    assert_ne!(Source::of_file(&file.metadata().unwrap()).identity, before.identity);
}
