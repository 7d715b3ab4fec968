//! Files that are resumed on real servers after a sudden death, replaced in between or not, and
//! links that are fetched as what they lead to.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use crate::bench::{Bench, NAMES, noise, on};

const SIZE: usize = 6_000_000;

/// Another version of the same size, with the same end.
fn other() -> Vec<u8> {
    let mut bytes = noise(SIZE);
    bytes[100_000..200_000].iter_mut().for_each(|byte| *byte = !*byte);
    bytes
}

/// Starts commands slowly, and kills the program when `begun` says so.
fn kill_when(bench: &Bench, commands: &str, begun: impl Fn() -> bool) {
    let call = bench.call().args(["--set", "net:limit-rate=2M", "-c", commands]);
    let mut command = call.command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while !begun() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    assert!(child.try_wait().unwrap().is_none(), "{}: it ended too soon", bench.server.name);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn length(path: &std::path::Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

#[test]
fn a_killed_upload_is_resumed_and_a_changed_file_restarts() {
    on(&NAMES, |bench| {
        for changed in [false, true] {
            let name = format!("{}up{changed}", bench.prefix);
            bench.write(&name, noise(SIZE));
            let there = bench.server.root.join(&name);
            kill_when(bench, &format!("put {name}"), || length(&there) > 2_000_000);
            let content = if changed { other() } else { noise(SIZE) };
            if changed {
                let before = bench.path(&name).metadata().unwrap().modified().unwrap();
                bench.write(&name, &content);
                let file = std::fs::File::options().write(true).open(bench.path(&name)).unwrap();
                file.set_modified(before).unwrap();
            }
            let ran = bench.run(&format!("put -c {name}"));
            let server = &bench.server.name;
            assert_eq!(ran.status, 0, "{server}\n{ran}");
            assert!(std::fs::read(&there).unwrap() == content, "{server}: a mixture\n{ran}");
            assert_eq!(ran.err().contains("starting again"), changed, "{server}\n{ran}");
        }
    });
}

#[test]
fn a_killed_download_is_resumed_and_a_replaced_file_restarts() {
    on(&NAMES, |bench| {
        for replaced in [false, true] {
            let name = format!("{}down{replaced}", bench.prefix);
            bench.write("up", noise(SIZE));
            bench.run(&format!("put up -o {name}")).ok();
            let partial = bench.path(&format!(".{name}.ftpsh-part"));
            kill_when(bench, &format!("get {name}"), || length(&partial) > 2_000_000);
            let content = if replaced { other() } else { noise(SIZE) };
            if replaced {
                bench.write("new", &content);
                let time = SystemTime::now() + Duration::from_secs(60);
                let file = std::fs::File::options().write(true).open(bench.path("new")).unwrap();
                file.set_modified(time).unwrap();
                bench.run(&format!("put new -o {name}")).ok();
            }
            let ran = bench.run(&format!("get -c {name}"));
            let server = &bench.server.name;
            assert_eq!(ran.status, 0, "{server}\n{ran}");
            assert!(bench.read(&name) == content, "{server}: a mixture\n{ran}");
            assert_eq!(ran.err().contains("starting again"), replaced, "{server}\n{ran}");
        }
    });
}

#[test]
fn a_link_is_fetched_as_its_target() {
    on(&NAMES, |bench| {
        let prefix = &bench.prefix;
        let root = &bench.server.root;
        std::fs::create_dir(root.join(format!("{prefix}d"))).unwrap();
        std::fs::write(root.join(format!("{prefix}d/v1.2.tgz")), noise(SIZE)).unwrap();
        let link = root.join(format!("{prefix}d/current"));
        std::os::unix::fs::symlink("v1.2.tgz", link).unwrap();
        let ran = bench.run(&format!(
            "cd {prefix}d; get current -o one; ls; get current -o two; get -c current -o one; \
             mirror -L . three"
        ));
        let server = &bench.server.name;
        assert_eq!(ran.status, 0, "{server}\n{ran}");
        for name in ["one", "two", "three/current", "three/v1.2.tgz"] {
            assert!(bench.read(name) == noise(SIZE), "{server} {name}\n{ran}");
        }
        assert!(!ran.err().contains("trying again"), "{server}\n{ran}");
    });
}
