//! Files up and down real servers: every byte, every size, many in a row on one session.

use std::os::unix::ffi::OsStringExt as _;

use crate::bench::{Bench, NAMES, noise, on};

#[test]
fn forty_files_go_up_and_down_on_one_session_byte_for_byte() {
    on(&NAMES, |bench| {
        let prefix = &bench.prefix;
        // Around what fits a packet, a TLS record and a buffer; 40 files in all.
        let sizes = [0, 1, 2, 1459, 1460, 16_383, 16_384, 16_385, 65_536, 262_143, 262_145];
        let size = |n: usize| sizes.get(n).copied().unwrap_or(n * 37);
        for n in 0..40 {
            bench.write(&format!("{prefix}{n}"), noise(size(n)));
        }
        let mut lines: Vec<String> = (0..40).map(|n| format!("put {prefix}{n}")).collect();
        lines.extend((0..40).map(|n| format!("get {prefix}{n} -o down{n}")));
        let ran = bench.call().args(["--json"]).stdin(lines.join("\n")).run().ok();
        for n in 0..40 {
            let name = &bench.server.name;
            assert!(bench.read(&format!("down{n}")) == noise(size(n)), "{name}: file {n}");
        }
        assert_eq!(ran.json_of("transfer").len(), 80);
        assert_eq!(ran.json_of("summary")[0]["files"], 80);
        let lost = ran.err().contains("reconnecting") || ran.err().contains("trying again");
        assert!(!lost, "one session\n{ran}");
    });
}

#[test]
fn large_files_arrive_whole_with_their_times_and_resume_the_session() {
    on(&NAMES, |bench| {
        let name = format!("{}large", bench.prefix);
        bench.write(&name, noise(5_000_003));
        let path = bench.path(&name);
        let time =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        let ran = bench.run(&format!("put {name}; get {name} -o down")).ok();
        assert!(bench.read("down") == noise(5_000_003), "{}\n{ran}", bench.server.name);
        let down = bench.path("down").metadata().unwrap().modified().unwrap();
        if bench.server.can("mfmt") {
            assert_eq!(down, time, "{}: the time went up and down", bench.server.name);
        }
    });
}

#[test]
fn both_tls_versions_work_where_the_server_has_them() {
    on(&NAMES, |bench| {
        bench.write("up", "hello");
        for version in ["1.2", "1.3"] {
            let (min, max) =
                (format!("tls:min-version={version}"), format!("tls:max-version={version}"));
            let put = format!("put up -o {0}v; get --overwrite {0}v -o down", bench.prefix);
            let call = bench.call().args(["--set", &min, "--set", &max, "-c", &put]);
            let ran = call.run();
            let wanted = if bench.server.can(&format!("tls{version}")) { 0 } else { 4 };
            assert_eq!(ran.status, wanted, "{} TLS {version}\n{ran}", bench.server.name);
        }
    });
}

#[test]
fn passive_modes_work_where_they_are_asked_for() {
    on(&NAMES, |bench| {
        bench.write("up", "hello");
        for mode in ["epsv", "pasv", "auto"] {
            let setting = format!("ftp:mode={mode}");
            let put = format!("put up -o {0}m; get --overwrite {0}m -o down", bench.prefix);
            let ran = bench.call().args(["--set", &setting, "-c", &put]).run();
            assert_eq!(ran.status, 0, "{} {mode}\n{ran}", bench.server.name);
            assert_eq!(bench.read("down"), b"hello");
        }
    });
}

/// Names that have caused trouble somewhere, without the prefix.
const NAMES_OF_FILES: [&str; 11] = [
    "with space",
    "two  spaces",
    " leading",
    "quote\"double",
    "quote'single",
    "#hash",
    "star*",
    "caf\u{e9}",
    "\u{65e5}\u{672c}",
    "semi;colon",
    "perc%20ent",
];

fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', r"'\''"))
}

#[test]
fn odd_names_go_up_and_down() {
    on(&NAMES, |bench| {
        for (n, odd) in NAMES_OF_FILES.iter().enumerate() {
            let name = format!("{}{odd}", bench.prefix);
            bench.write("up", odd);
            let word = quoted(&name);
            let ran = bench.run(&format!("put up -o {word}; get -o down{n} -- {word}"));
            assert_eq!(ran.status, 0, "{}: {odd:?}\n{ran}", bench.server.name);
            assert_eq!(bench.read(&format!("down{n}")), odd.as_bytes());
        }
        dash(bench);
    });
}

#[test]
fn listings_name_every_file_exactly() {
    on(&NAMES, |bench| {
        let dir = format!("{}dir", bench.prefix);
        let mut wanted: Vec<String> = NAMES_OF_FILES.iter().map(|odd| format!("x{odd}")).collect();
        wanted.push("-rf".to_owned());
        bench.write("up", "12345");
        let mut lines = vec![format!("mkdir {dir}")];
        lines.extend(
            wanted
                .iter()
                .map(|name| format!("put up --output={}", quoted(&format!("{dir}/{name}")))),
        );
        lines.push(format!("ls {dir}"));
        lines.push(format!("rm -r -f {dir}"));
        let ran = bench.call().arg("--json").stdin(lines.join("\n")).run();
        let name = &bench.server.name;
        assert_eq!(ran.status, 0, "{name}\n{ran}");
        let entries = ran.json_of("entry");
        let mut found: Vec<&str> = entries.iter().map(|e| e["name"].as_str().unwrap()).collect();
        found.sort_unstable();
        wanted.sort();
        assert_eq!(found, wanted, "{name}\n{ran}");
        for entry in &entries {
            assert_eq!((&entry["kind"], &entry["size"]), (&"file".into(), &5.into()), "{name}");
        }
        assert!(!bench.server.root.join(&dir).exists(), "{name}: removed again");
    });
}

#[test]
fn the_directory_survives_a_reconnection() {
    on(&NAMES, |bench| {
        let dir = format!("{}dir", bench.prefix);
        bench.write("up", "12345");
        let script = format!(
            "mkdir {dir}; cd {dir}; put up; close; reconnect; pwd; cat up; cd ..; rm -r -f {dir}"
        );
        let ran = bench.run(&script).ok();
        assert!(ran.out().contains(&dir) && ran.out().contains("12345"), "{ran}");
    });
}

/// A name that looks like an option, to us and to the server's ls.
fn dash(bench: &Bench) {
    let name = format!("-rf {}", bench.prefix);
    bench.write("up", "dash");
    let word = quoted(&name);
    bench.run(&format!("put up --output={word}; get -o down -- {word}")).ok();
    assert_eq!(bench.read("down"), b"dash");
    let pattern = format!("-rf*{}", bench.prefix);
    let all = bench.run(&format!("get --overwrite -o down2 -- ./{pattern}"));
    assert_eq!(all.status, 0, "{}\n{all}", bench.server.name);
}

#[test]
fn the_byte_that_telnet_takes_for_a_command_is_only_a_byte_in_a_name() {
    on(&NAMES, |bench| {
        let name = std::ffi::OsString::from_vec([bench.prefix.as_bytes(), b"a\xffb"].concat());
        bench.write("up", "hello");
        // Bytes that are not UTF-8 are typed as the private characters that stand for them.
        let word = format!("{}a\u{f7ff}b", bench.prefix);
        let ran = bench.run(&format!("put up -o {word}; get -O . {word}"));
        let down = std::fs::read(bench.local.path().join(&name));
        assert!(
            ran.status == 0 && down.is_ok_and(|d| d == b"hello"),
            "{}\n{ran}",
            bench.server.name
        );
        // It changes names to what it takes for UTF-8.
        if bench.server.name == "pyftpdlib" {
            return;
        }
        let root = &bench.server.root;
        let there = |name: &[u8]| {
            root.join(std::ffi::OsString::from_vec([bench.prefix.as_bytes(), name].concat()))
        };
        assert_eq!(std::fs::read(there(b"a\xffb")).ok().as_deref(), Some(&b"hello"[..]), "{ran}");

        // What something else put there: one such byte, two, and one before a Telnet command.
        for (name, word) in [
            (&b"c\xffd"[..], "c\u{f7ff}d"),
            (b"\xff\xff", "\u{f7ff}\u{f7ff}"),
            (b"e\xff\xfbf", "e\u{f7ff}\u{f7fb}f"),
        ] {
            let word = format!("{}{word}", bench.prefix);
            std::fs::create_dir(there(&[name, b"-dir"].concat())).unwrap();
            std::fs::write(there(name), "put there").unwrap();
            let ran = bench.run(&format!(
                "get --overwrite {word} -o down; cd {word}-dir; pwd; cd ..; mv {word} {word}-new; \
                 ls -1 {word}-new; rmdir {word}-dir"
            ));
            let server = &bench.server.name;
            assert_eq!(ran.status, 0, "{server} {name:x?}\n{ran}");
            assert_eq!(bench.read("down"), b"put there", "{server} {name:x?}");
            let shown = [b"/", bench.prefix.as_bytes(), name, b"-dir\n"].concat();
            assert!(ran.stdout.starts_with(&shown), "{server} {name:x?}\n{ran}");
            assert!(!there(name).exists() && there(&[name, b"-new"].concat()).exists(), "{ran}");
            let ran = bench.run(&format!("rm {word}-new"));
            assert_eq!(ran.status, 0, "{server} {name:x?}\n{ran}");
            assert!(!there(&[name, b"-new"].concat()).exists(), "{server} {name:x?}\n{ran}");
        }
    });
}

#[test]
fn files_come_in_active_mode_and_the_session_is_resumed() {
    on(&NAMES, |bench| {
        bench.write("up", noise(100_003));
        let put = format!("put up -o {0}act; get {0}act -o down; ls {0}act; status", bench.prefix);
        let ran = bench.call().args(["--set", "ftp:mode=active", "-c", &put]).run().ok();
        assert!(bench.read("down") == noise(100_003), "{}\n{ran}", bench.server.name);
        let resumed = ran.out().contains("resume the TLS session");
        assert!(resumed || !bench.server.can("reuse-required"), "{}\n{ran}", bench.server.name);
    });
}
