//! Sizes that no file can have.

use support::liar::{Script, Step};
use support::scene::{Scene, noise};

const SIZE: usize = 100_000;

/// 2^63 and more.
const HUGE: [&str; 3] =
    ["9223372036854775808", "18446744073709551615", "99999999999999999999999999"];

#[test]
fn a_size_that_no_file_can_have_is_unknown() {
    for size in HUGE {
        for command in ["pget a", "get --segments 8 a", "get a", "get -c a", "mirror . ."] {
            let facts = format!("type=file;size={size};modify=20240102030405;");
            let script = Script::new()
                .file("/a", noise(SIZE))
                .always("SIZE", Step::reply(format!("213 {size}")))
                .always("MLST", Step::reply(format!("250-\r\n {facts} /a\r\n250 end")))
                .listing("MLSD", format!("{facts} a\r\n"))
                .always("RETR", Step::Opening(format!("150 a ({size} bytes)\r\n").into()));
            let scene = Scene::new(script);
            let ran = scene.run(command).ok();
            assert!(scene.read("a").unwrap() == noise(SIZE), "{size}, {command}\n{ran}");
        }
    }
}

#[test]
fn several_files_of_the_largest_size_do_not_overflow_a_sum() {
    let listed = (0..3)
        .map(|n| format!("type=file;size=9223372036854775807;modify=20240102030405; {n}\r\n"));
    let mut script = Script::new().listing("MLSD", listed.collect::<String>());
    for n in 0..3 {
        script = script.file(format!("/{n}"), "x");
    }
    for command in
        ["du", "du -s", "ls", "mirror --dry-run . .", "mirror . .", "ls; get -P 3 *", "find"]
    {
        let scene = Scene::new(script.clone());
        let ran = scene.call().args(["--set", "net:max-retries=0", "-c", command]).run();
        assert!(!ran.err().contains("panicked") && ran.status <= 10, "{command}\n{ran}");
    }
}

#[test]
fn a_journal_with_absurd_numbers_is_ignored() {
    const MOST: u64 = u64::MAX;
    for segments in [
        format!("[[0,{MOST},{MOST}]]"),
        format!("[[0,50000,50000],[50000,{MOST},50000]]"),
        format!("[[{MOST},0,{MOST}]]"),
        "[[0,100000,100000]]".to_owned(),
    ] {
        for size in [MOST, SIZE as u64] {
            let scene = Scene::new(Script::new().file("/a", noise(SIZE)));
            scene.write(".a.ftpsh-part", vec![b'x'; 70_000]);
            let journal = format!(
                r#"{{"size":{size},"modified":"2024-01-02T03:04:05","segments":{segments}}}"#
            );
            scene.write(".a.ftpsh-part.j", journal);
            let ran = scene.run("get -c a").ok();
            assert!(scene.read("a").unwrap() == noise(SIZE), "{segments}\n{ran}");
        }
    }
}
