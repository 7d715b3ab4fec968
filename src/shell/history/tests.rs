use super::*;
use std::os::unix::ffi::OsStrExt as _;

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state").join("history");
    (directory, path)
}

fn keep(history: &mut History, line: &str) -> Option<String> {
    let (kept, written) = history.add_redacted(line);
    written.unwrap();
    kept
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn lines_come_back_in_order_also_such_as_have_several_lines() {
    let (_directory, path) = place();
    let mut history = History::new(&path, 10);
    assert!(history.load_entries().unwrap().is_empty());
    let lines = ["ls", "get a\\ b", "(cd x\nls\n)", "get 'a\\nb'", "echo é\ttab", "ls"];
    for line in lines {
        assert_eq!(keep(&mut history, line).as_deref(), Some(line));
    }
    assert_eq!(History::new(&path, 10).load_entries().unwrap(), lines);
}

#[test]
fn duplicates_in_a_row_and_lines_with_a_leading_blank_are_not_kept() {
    let (_directory, path) = place();
    let mut history = History::new(&path, 10);
    assert!(keep(&mut history, "ls").is_some());
    assert!(keep(&mut history, "ls").is_none());
    assert!(keep(&mut history, " pwd").is_none());
    assert!(keep(&mut history, "").is_none());
    let mut next = History::new(&path, 10);
    assert_eq!(next.load_entries().unwrap(), ["ls"]);
    assert!(keep(&mut next, "ls").is_none());
}

#[test]
fn secrets_reach_neither_the_file_nor_the_next_line_up() {
    let (_directory, path) = place();
    let mut history = History::new(&path, 10);
    for line in ["open ftp://ann:s3cret@h/", "user ann s3cret", "quote PASS s3cret"] {
        let kept = keep(&mut history, line).unwrap_or_default();
        assert!(!kept.contains("s3cret"), "{kept}");
    }
    assert!(!fs::read_to_string(&path).unwrap().contains("s3cret"));
}

#[test]
fn the_file_and_its_directory_are_private_whatever_they_were() {
    let (_directory, path) = place();
    keep(&mut History::new(&path, 10), "ls");
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let mut history = History::new(&path, 1);
    keep(&mut history, "pwd");
    assert_eq!(mode(&path), 0o600);
    history.trim_file().unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn trimming_keeps_the_last_ones_and_leaves_nothing_behind() {
    let (_directory, path) = place();
    let mut history = History::new(&path, 3);
    for number in 0..10 {
        keep(&mut history, &format!("get {number}"));
    }
    assert_eq!(history.load_entries().unwrap(), ["get 7", "get 8", "get 9"]);
    history.trim_file().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "get 7\nget 8\nget 9\n");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_size_of_zero_keeps_nothing() {
    let (_directory, path) = place();
    assert!(keep(&mut History::new(&path, 0), "ls").is_none());
    assert!(!path.exists());
}

#[test]
fn what_is_forgotten_is_gone_from_the_file() {
    let (_directory, path) = place();
    let mut history = History::new(&path, 3);
    history.clear_all().unwrap();
    assert!(!path.exists());
    keep(&mut history, "ls");
    history.clear_all().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(keep(&mut history, "ls").as_deref(), Some("ls"));
}

#[test]
fn a_linked_history_stays_a_link() {
    let (directory, path) = place();
    create_private_dir(path.parent().unwrap()).unwrap();
    let real = directory.path().join("real");
    fs::write(&real, "a\nb\nc\n").unwrap();
    std::os::unix::fs::symlink(&real, &path).unwrap();
    History::new(&path, 1).trim_file().unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "c\n");
}

#[test]
fn several_shells_append_and_trim_at_once_without_losing_a_line() {
    let (_directory, path) = place();
    create_private_dir(path.parent().unwrap()).unwrap();
    std::thread::scope(|scope| {
        for shell in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let mut history = History::new(path, 1000);
                for line in 0..50 {
                    keep(&mut history, &format!("get {shell}-{line}"));
                }
            });
        }
    });
    let mut entries = History::new(&path, 1000).load_entries().unwrap();
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len(), 400);

    // Each one trims while the others append; what remains are complete lines, the last ones.
    std::thread::scope(|scope| {
        for shell in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let mut history = History::new(path, 20);
                for line in 0..20 {
                    keep(&mut history, &format!("put {shell}-{line}"));
                    history.trim_file().unwrap();
                }
            });
        }
    });
    let entries = History::new(&path, 1000).load_entries().unwrap();
    assert_eq!(entries.len(), 20);
    assert!(entries.iter().all(|entry| entry.starts_with("put ")), "{entries:?}");
}

#[test]
fn a_damaged_file_yields_what_can_be_read_of_it() {
    let (_directory, path) = place();
    create_private_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, b"ls\n\xff\xfe\0binary\n\x1b]0;x\x07\n\nget x\\\npwd").unwrap();
    let mut history = History::new(&path, 10);
    assert_eq!(history.load_entries().unwrap(), ["ls", "get x\\", "pwd"]);
    // An appended entry starts a new line.
    keep(&mut history, "cd /");
    assert_eq!(history.load_entries().unwrap().last().unwrap(), "cd /");
    assert!(history.load_entries().unwrap().contains(&"pwd".to_owned()));
    let mut seed = 7u32;
    let noise: Vec<u8> = (0..100_000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .collect();
    fs::write(&path, noise).unwrap();
    history.load_entries().unwrap();
    history.trim_file().unwrap();
}

#[test]
fn what_is_no_file_is_an_error_and_no_hang() {
    let (directory, path) = place();
    create_private_dir(path.parent().unwrap()).unwrap();
    fs::create_dir(&path).unwrap();
    let mut history = History::new(&path, 10);
    assert_eq!(history.load_entries().unwrap_err().kind(), Kind::Local);
    let (kept, written) = history.add_redacted("ls");
    assert_eq!((kept.as_deref(), written.unwrap_err().kind()), (Some("ls"), Kind::Local));
    let fifo = directory.path().join("fifo");
    let name = std::ffi::CString::new(fifo.as_os_str().as_bytes()).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        name.as_c_str(),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from(0o600),
        0,
    )
    .unwrap();
    assert!(History::new(&fifo, 10).load_entries().is_err());
}
