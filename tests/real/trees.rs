//! What `mirror` promises with its options, on real servers; and a server with few places.

use crate::bench::{Bench, on};
use crate::mirror::{many, same, set_time};
use support::program::Ran;

const SERVERS: [&str; 3] = ["vsftpd", "proftpd", "pure-ftpd"];

/// How many files a mirror carried.
fn carried(ran: &Ran) -> u64 {
    ran.json_of("summary")[0]["files"].as_u64().unwrap()
}

fn json(bench: &Bench, command: &str) -> Ran {
    bench.call().args(["--json", "-c", command]).run()
}

#[test]
fn a_server_with_two_places_is_mirrored_by_eight_workers() {
    on(&SERVERS, |bench| {
        let there = format!("{}tree", bench.prefix);
        many(&bench.path("up"), 200);
        let limited = bench.limited(2);
        let name = &bench.server.name;
        for (command, files) in [
            (format!("mirror -R -P8 up {there}"), 200),
            (format!("mirror -P8 {there} down"), 200),
            (format!("mirror -P8 {there} down"), 0),
        ] {
            let ran = json(bench, &command).ok();
            assert_eq!(carried(&ran), files, "{name}: {command}\n{ran}");
        }
        drop(limited);
        same(bench, "up", "down", false);
    });
}

#[test]
fn options_of_a_mirror_do_what_they_say() {
    on(&SERVERS, |bench| {
        let name = &bench.server.name;
        let there = format!("{}tree", bench.prefix);
        let down = |options: &str| format!("mirror {options} {there} down");
        let run = |command: &str| {
            let ran = json(bench, command).ok();
            (carried(&ran), ran)
        };
        std::fs::create_dir_all(bench.path("up/sub")).unwrap();
        for file in ["a.txt", "b.o", "sub/c.txt"] {
            bench.write(&format!("up/{file}"), file);
            set_time(&bench.path(&format!("up/{file}")), 1_600_000_000);
        }
        bench.run(&format!("mirror -R up {there}")).ok();
        let exists = |path: &str| bench.path(path).exists();

        let (files, ran) = run(&down("--dry-run"));
        assert_eq!((files, ran.json_of("transfer").len()), (0, 3), "{name}\n{ran}");
        assert!(!exists("down"), "{name}: a dry run made something");

        let (files, ran) = run(&down("-X '*.o'"));
        assert!(files == 2 && !exists("down/b.o"), "{name}\n{ran}");

        // Another size, and older than the server's: only without -n. Newer than the server's: never.
        bench.write("down/a.txt", "shorter or longer");
        set_time(&bench.path("down/a.txt"), 4_000_000_000);
        let (files, ran) = run(&down("-n -X '*.o'"));
        assert_eq!((files, bench.read("down/a.txt").len()), (0, 17), "{name}\n{ran}");
        let (files, ran) = run(&down(""));
        assert_eq!((files, bench.read("down/a.txt")), (2, b"a.txt".to_vec()), "{name}\n{ran}");

        bench.write("down/one", "");
        bench.write("down/two", "");
        let ran = bench.run(&down("--delete --yes --max-delete 1"));
        assert!(ran.status != 0 && exists("down/one") && exists("down/two"), "{name}\n{ran}");
        let (_, ran) = run(&down("--delete --dry-run"));
        assert!(ran.out().matches("delete").count() == 2 && exists("down/one"), "{name}\n{ran}");
        bench.run(&down("--delete --yes --max-delete 2")).ok();
        same(bench, "up", "down", false);

        // And up.
        std::fs::remove_file(bench.path("up/sub/c.txt")).unwrap();
        std::fs::remove_dir(bench.path("up/sub")).unwrap();
        let up = |options: &str| format!("mirror -R {options} up {there}");
        let ran = bench.run(&up("--delete --yes --max-delete 1"));
        assert!(ran.status != 0, "{name}\n{ran}");
        let listed =
            |path: &str| json(bench, &format!("find {there}/{path}")).json_of("entry").len();
        assert_eq!(listed(""), 5, "{name}");
        let (files, ran) = run(&up("--delete --yes --max-delete 2"));
        assert_eq!((files, listed("")), (0, 3), "{name}\n{ran}");
        bench.run(&format!("rm -r -f {there}")).ok();
    });
}

#[test]
fn a_link_to_a_directory_that_it_is_in_is_not_followed() {
    on(&SERVERS, |bench| {
        let (name, there) = (&bench.server.name, format!("{}tree", bench.prefix));
        std::fs::create_dir_all(bench.path("up/sub/other")).unwrap();
        bench.write("up/sub/a", "text");
        bench.write("up/sub/other/b", "text");
        bench.run(&format!("mirror -R up {there}")).ok();
        let root = bench.server.root.join(&there);
        std::os::unix::fs::symlink(".", root.join("sub/itself")).unwrap();
        std::os::unix::fs::symlink("..", root.join("sub/other/above")).unwrap();
        std::os::unix::fs::symlink("sub/other", root.join("elsewhere")).unwrap();
        let ran = bench.run(&format!("mirror -L {there} down")).status(10);
        for link in ["sub/itself", "sub/other/above", "elsewhere/above/itself"] {
            let told = format!("{there}/{link}: directory loop; skipped");
            assert!(ran.err().contains(&told), "{name}: {link}\n{ran}");
        }
        let read = |path: &str| std::fs::read(bench.path(path)).ok();
        assert_eq!(read("down/elsewhere/b").as_deref(), Some(&b"text"[..]), "{name}\n{ran}");
        assert!(!bench.path("down/sub/itself").exists(), "{name}\n{ran}");
        assert!(!ran.err().contains("itself/itself/itself"), "{name}\n{ran}");
    });
}
