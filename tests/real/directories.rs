//! The remote directory on real servers, after a connection was lost: the same one, or none.

use crate::bench::{Bench, NAMES, on};

/// Files of the same names in the login directory and in a directory below it.
fn two_places(bench: &Bench) -> (String, [String; 3]) {
    let dir = format!("{}dir", bench.prefix);
    let names = ["a", "b", "c"].map(|name| format!("{}{name}", bench.prefix));
    bench.write("up", "content");
    let [a, b, c] = &names;
    let puts = [a, b, c].map(|name| format!("put up -o {name}; put up -o {dir}/{name}"));
    bench.run(&format!("mkdir {dir}; {}", puts.join("; "))).ok();
    (dir, names)
}

#[test]
fn nothing_is_done_in_the_login_directory_when_there_is_no_way_back() {
    on(&NAMES, |bench| {
        let (dir, [a, b, c]) = two_places(bench);
        let root = bench.server.root.join(&dir);
        let aside = bench.server.root.join(format!("{dir}.aside"));
        std::fs::create_dir(bench.local.path().join("tree")).unwrap();
        bench.write("tree/new", "new");
        for commands in [
            format!("rm {a} {b}"),
            format!("put up -o {a}x"),
            format!("get {a} -o got"),
            format!("rm -f {a} || rm -f {b} {c}"),
            "mirror -R --delete --yes tree . || mirror -R --delete --yes tree .".to_owned(),
            "mirror . here".to_owned(),
        ] {
            let lost = format!("close; ! mv '{}' '{}'", root.display(), aside.display());
            let ran = bench.run(&format!("cd {dir}; {lost}\n{commands}"));
            std::fs::rename(&aside, &root).unwrap();
            assert!(ran.status != 0, "{}: {commands}\n{ran}", bench.server.name);
            for name in [&a, &b, &c] {
                for place in [&bench.server.root, &root] {
                    let there = std::fs::read(place.join(name));
                    let same = there.is_ok_and(|there| there == b"content");
                    assert!(same, "{}: {commands}\n{ran}", bench.server.name);
                }
            }
            assert!(!bench.server.root.join(format!("{a}x")).exists(), "{commands}\n{ran}");
            assert!(!bench.local.path().join("got").exists(), "{commands}\n{ran}");
            assert!(!bench.local.path().join("here").join(&a).exists(), "{commands}\n{ran}");
        }
        let ran = bench.run(&format!("cd {dir}; close\nrm {a}; cd; rm {b}; rm -r -f {dir}"));
        assert_eq!(ran.status, 0, "{}\n{ran}", bench.server.name);
        assert!(bench.server.root.join(&a).exists() && !bench.server.root.join(&b).exists());
        bench.run(&format!("rm {a} {c}")).ok();
    });
}

#[test]
fn a_directory_whose_name_holds_quotes_is_found_again() {
    // Pure-FTPd does not double the quotes in its reply to PWD, the others do.
    on(&NAMES, |bench| {
        for name in ["b \"q\" b", "\"q\"", "q\"\"q", "\"", "a\" b"] {
            let dir = format!("{}{name}", bench.prefix);
            let file = format!("{}x", bench.prefix);
            bench.write("up", "content");
            let script = format!(
                "put up -o {file}; mkdir '{dir}'; cd '{dir}'; put up -o {file}; put up -o kept; \
                 close\nrm {file}; mkdir below; cd below; cd ..; close\nls -1; pwd"
            );
            let ran = bench.run(&script);
            let server = bench.server.name.as_str();
            assert_eq!(ran.status, 0, "{server}: {name}\n{ran}");
            let path = format!("/{dir}");
            assert!(ran.out().trim_end().ends_with(&path), "{server}: {name}\n{ran}");
            assert!(ran.out().contains("kept"), "{server}: {name}\n{ran}");
            let root = &bench.server.root;
            assert!(root.join(&file).exists() && !root.join(&dir).join(&file).exists(), "{ran}");
            bench.run(&format!("rm -r -f '{dir}' {file}")).ok();
        }
    });
}
