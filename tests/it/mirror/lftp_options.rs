//! The options and arguments of lftp's `mirror`, with the effect that they have there.

use super::{THEN, below, set_time, there};
use support::liar::Script;
use support::scene::Scene;

/// A server with three files, one of them as it is here, and a local directory with others.
fn scene() -> Scene {
    let script = Script::new()
        .file("/dist/same.txt", "same")
        .file("/dist/index.html", "new")
        .file("/dist/d/a.o", "object")
        .file("/dist/d/a.txt", "text")
        .dir("/dist/empty/deep");
    let scene = Scene::new(script);
    std::fs::create_dir_all(scene.path("dist/d")).unwrap();
    for (name, content, time) in [
        ("dist/same.txt", "same", THEN),
        ("dist/index.html", "older", THEN - 60),
        ("dist/d/a.o", "object", THEN + 60),
    ] {
        scene.write(name, content);
        set_time(&scene.path(name), time);
    }
    scene
}

#[test]
fn a_target_that_ends_in_a_slash_holds_a_directory_of_the_source() {
    for (arguments, at) in [
        ("dist www/", "www/dist"),
        ("dist/ www/", "www"),
        ("dist www", "www"),
        ("dist", "dist"),
        ("dist/", "dist"),
        ("-P dist www", "www"),
        ("-P 2 dist www/", "www/dist"),
        ("--parallel=2 dist www/", "www/dist"),
        ("--parallel dist www", "www"),
    ] {
        let scene = scene();
        scene.run(&format!("mirror -v {arguments}")).ok();
        assert!(below(&scene, at).contains(&"d/a.txt".to_owned()), "{arguments}");
        scene.run(&format!("rm -rf dist --yes; mirror -R {arguments}")).ok();
        assert!(there(&scene, at).contains(&"d/a.o".to_owned()), "-R {arguments}");
    }
    // What the target has beside the directory is not the mirror's to delete.
    let scene = Scene::new(Script::new().file("/public_html/index.php", "site"));
    std::fs::create_dir(scene.path("dist")).unwrap();
    scene.write("dist/a", "new");
    scene.run("mirror -R --delete --yes dist public_html/").ok();
    assert_eq!(there(&scene, "public_html"), ["dist", "dist/a", "index.php"]);
}

#[test]
fn what_is_not_given_is_the_current_directory() {
    let scene = scene();
    scene.run("cd dist; mirror").ok();
    assert!(scene.tree().contains(&"dest/index.html".to_owned()));
    scene.run("mkdir up; cd up; lcd dist; mirror -R").ok();
    assert!(there(&scene, "up").contains(&"d/a.o".to_owned()));
    scene.run("cd dist; mirror -O other").ok();
    assert_eq!(
        below(&scene, "other"),
        ["d", "d/a.o", "d/a.txt", "empty", "empty/deep", "index.html", "same.txt"]
    );
    scene.run("mirror -O other dist").status(2).stderr_has("`mirror dist other`");
    scene.run("mirror a b c").status(2).stderr_has("unexpected argument `c`");
}

#[test]
fn options_choose_files_as_in_lftp() {
    for (options, expected) in [
        ("", &["get d/a.txt", "get index.html", "mkdir empty", "mkdir empty/deep"][..]),
        (
            "--only-newer --ignore-size",
            &["get d/a.txt", "get index.html", "mkdir empty", "mkdir empty/deep"],
        ),
        ("--only-missing", &["get d/a.txt", "mkdir empty", "mkdir empty/deep"]),
        ("--ignore-time --ignore-size", &["get d/a.txt", "mkdir empty", "mkdir empty/deep"]),
        ("--only-existing", &["get index.html"]),
        (
            "--transfer-all",
            &[
                "get d/a.o",
                "get d/a.txt",
                "get index.html",
                "get same.txt",
                "mkdir empty",
                "mkdir empty/deep",
            ],
        ),
        (
            "--upload-older",
            &["get d/a.o", "get d/a.txt", "get index.html", "mkdir empty", "mkdir empty/deep"],
        ),
        ("--no-empty-dirs", &["get d/a.txt", "get index.html"]),
        ("-r", &["get index.html"]),
        ("--recursion=never", &["get index.html"]),
        ("--recursion=missing", &["get index.html", "mkdir empty", "mkdir empty/deep"]),
        (
            "--older-than=now-3days",
            &["get d/a.txt", "get index.html", "mkdir empty", "mkdir empty/deep"],
        ),
        ("--newer-than=now-3days", &["mkdir empty", "mkdir empty/deep"]),
        ("-N week\\ ago --no-empty-dirs", &[]),
        (
            "--depth-first --scan-all-first --use-cache --allow-chown --no-symlinks --overwrite -p -c",
            &["get d/a.txt", "get index.html", "mkdir empty", "mkdir empty/deep"],
        ),
    ] {
        let scene = scene();
        let ran = scene.run(&format!("mirror -v {options} dist")).ok();
        let out = ran.out();
        let mut lines: Vec<&str> = out.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, expected, "{options}\n{ran}");
        assert_eq!(
            below(&scene, "dist").contains(&"empty".to_owned()),
            expected.contains(&"mkdir empty"),
            "{options}"
        );
    }
}

#[test]
fn single_files_and_directories_are_chosen_by_name_or_glob() {
    for (arguments, expected) in [
        ("-f dist/index.html", &["index.html"][..]),
        ("-f 'dist/*.txt' -O to", &["to", "to/same.txt"]),
        ("-F dist/d", &["d", "d/a.o", "d/a.txt"]),
        ("-F 'dist/d*' --file=dist/same.txt", &["d", "d/a.o", "d/a.txt", "same.txt"]),
    ] {
        let scene = scene();
        std::fs::create_dir(scene.path("../new")).unwrap();
        scene.run(&format!("lcd ../new; mirror {arguments}")).ok();
        let found: Vec<String> = scene
            .tree()
            .iter()
            .filter_map(|path| path.strip_prefix("new/").map(str::to_owned))
            .collect();
        assert_eq!(found, expected, "{arguments}");
    }
    let scene = scene();
    scene.run("mirror -f dist/index.html www").status(2).stderr_has("-O DIR");
    scene.run("mirror -f dist/index.html -f up/x").status(2).stderr_has("one directory");
}

#[test]
fn sources_are_removed_when_the_target_has_them() {
    let scene = scene();
    scene.run("mirror --Remove-source-files dist").ok().stderr_has("3 removed from the source");
    // `d/a.o` is newer here, and of the same size.
    assert_eq!(there(&scene, "dist"), ["d", "d/a.o", "empty", "empty/deep"]);
    let scene = self::scene();
    scene.run("mirror --Move dist").ok().stderr_has("2 directories of the source are not empty");
    scene.run("mirror --Move --transfer-all dist").ok();
    assert!(
        !scene.liar.files.lock().unwrap().paths().iter().any(|path| path.starts_with(b"/dist"))
    );
    let scene = self::scene();
    scene.run("mirror -R --Remove-source-dirs dist/ up").ok();
    assert_eq!(there(&scene, "up"), ["d", "d/a.o", "index.html", "same.txt"]);
    assert_eq!(below(&scene, "dist"), [""; 0]);
    assert!(scene.path("dist").exists());
}

#[test]
fn what_changed_is_followed_by_commands_a_log_or_another_run() {
    let scene = scene();
    let ran = scene.run("mirror --on-change='echo CHANGED' --loop --log=log dist").ok();
    assert_eq!(ran.out().lines().collect::<Vec<_>>(), ["CHANGED"]);
    let log = std::fs::read_to_string(scene.path("log")).unwrap();
    assert!(log.contains("get /dist/index.html -o "), "{log}");
    let ran = scene.run("mirror --on-change='echo CHANGED' dist").ok();
    assert_eq!(ran.out(), "");
    scene.run("mirror --on-change='frobnicate' dist").status(2).stderr_has("frobnicate");
    let scene = self::scene();
    scene.run("mirror --script=plan dist").ok();
    let plan = std::fs::read_to_string(scene.path("plan")).unwrap();
    assert!(plan.contains("get /dist/index.html -o "), "{plan}");
    assert!(!below(&scene, "dist").contains(&"d/a.txt".to_owned()));
}

#[test]
fn errors_end_a_mirror_when_there_are_enough() {
    use support::liar::Step;
    let script =
        || Script::new().file("/s/a", "1").file("/s/b", "2").always("RETR", Step::reply("550 no"));
    Scene::new(script())
        .run("mirror -P 1 --max-errors=1 s")
        .status(10)
        .stderr_has("stopped after 1 error");
    Scene::new(script())
        .run("mirror -P 1 --max-errors=0 s")
        .status(10)
        .stderr_has("2 items failed");
}

#[test]
fn deletions_come_first_if_asked() {
    let scene = scene();
    scene.write("dist/surplus", "x");
    scene.run("mirror --delete-first --yes dist").ok().stderr_has("1 deleted");
    assert!(!scene.path("dist/surplus").exists());
    assert!(scene.path("dist/d/a.txt").exists());
}

#[test]
fn hidden_names_stay_where_files_are_deleted_unless_asked_for() {
    let scene = scene();
    for name in
        ["dist/.htaccess", "dist/.well-known/x", "dist/old/.keep", "dist/old/z", "dist/d/a.txt"]
    {
        std::fs::create_dir_all(scene.path(name).parent().unwrap()).unwrap();
        scene.write(name, "x");
    }
    let ran = scene.run("mirror -e --yes dist").ok();
    ran.stderr_has("3 hidden entries left: --delete-hidden").stderr_has("old: left");
    for name in ["dist/.htaccess", "dist/.well-known/x", "dist/old/.keep"] {
        assert!(scene.path(name).exists(), "{name}");
    }
    assert!(!scene.path("dist/old/z").exists());
    scene.run("mirror -e --delete-hidden --yes dist").ok();
    assert_eq!(
        below(&scene, "dist"),
        ["d", "d/a.o", "d/a.txt", "empty", "empty/deep", "index.html", "same.txt"]
    );
}

#[test]
fn settings_of_lftp_exclude_files_and_include_hidden_names_in_deletions() {
    let scene = scene();
    std::fs::create_dir_all(scene.path("new")).unwrap();
    scene.write("new/.old", "x");
    let set = "set mirror:exclude-regex '\\.o$'";
    let commands = "set ftp:list-options -a; mirror -e --yes -X none dist new";
    scene.run(&format!("{set}; {commands}")).ok();
    let found = below(&scene, "new");
    assert_eq!(found, ["d", "d/a.txt", "empty", "empty/deep", "index.html", "same.txt"]);
    // An option that matches decides.
    scene.run(&format!("{set}; mirror -i '\\.o$' dist other")).ok();
    assert!(scene.path("other/d/a.o").exists());
    // Without a pattern that excludes, lftp 4.9.2 does not look at it.
    scene.run(&format!("{set}; mirror dist all")).ok().stderr_has("excludes nothing here");
    assert!(scene.path("all/d/a.o").exists());
    assert!(!scene.run("mirror dist all").ok().err().contains("excludes nothing"));
}

#[test]
fn a_wrong_default_exclusion_is_found_before_anything_is_connected() {
    let scene = scene();
    for line in ["set mirror:exclude-regex '('", "set mirror:exclude-regex/*.org '('"] {
        let before = scene.liar.wire.lines("USER").len();
        scene.run(&format!("{line}; ls")).status(2).stderr_has("mirror:exclude-regex");
        assert_eq!(scene.liar.wire.lines("USER").len(), before, "{line}");
    }
    let given = scene.call().args(["--set", "mirror:exclude-regex=(", "-c", "mirror dist new"]);
    given.run().status(2).stderr_has("mirror:exclude-regex");
}

#[test]
fn settings_of_lftp_stand_for_options_of_mirror() {
    let scene = scene();
    scene.run("set mirror:no-empty-dirs yes; mirror dist new").ok();
    assert_eq!(below(&scene, "new"), ["d", "d/a.o", "d/a.txt", "index.html", "same.txt"]);
}

#[test]
fn a_file_of_patterns_may_be_written_by_an_earlier_command() {
    let scene = scene();
    scene.run("!echo '*.o' > skip\nmirror -R --exclude-glob-from=skip dist new").ok();
    assert!(!there(&scene, "new").contains(&"d/a.o".to_owned()));
    std::fs::remove_file(scene.path("skip")).unwrap();
    let before = scene.liar.wire.lines("USER").len();
    let missing = scene.run("mirror -R --exclude-glob-from=skip dist new").status(9);
    missing.stderr_has("skip: ");
    scene.write("skip", "(");
    scene.run("mirror -R --exclude-rx-from=skip dist new").status(2).stderr_has("skip: `(`");
    assert_eq!(scene.liar.wire.lines("USER").len(), before);
    // It is found where the mirror is.
    scene.write("dist/keep", "same");
    scene.run("lcd dist; mirror -R --exclude-glob-from=keep . other").ok();
}

#[test]
fn a_newer_local_file_is_left_and_said() {
    let scene = scene();
    set_time(&scene.path("dist/same.txt"), THEN + 86_400 * 400);
    scene.run("mirror dist dist").ok().stderr_has("2 newer local files of the same size left");
    assert!(!scene.run("mirror -n dist dist").ok().err().contains("newer local"));
}

#[test]
fn the_parent_directory_needs_a_target_and_flat_is_refused() {
    let scene = scene();
    scene.run("mirror ..").status(2).stderr_has("`mirror .. .`");
    scene.run("mirror -R ../..").status(2).stderr_has("TARGET");
    scene.run("mirror --flat dist new").status(2).stderr_has("`mget -O DIR");
}

#[test]
fn a_surplus_directory_with_an_excluded_file_is_left_without_a_failure() {
    let scene = Scene::new(Script::new().file("/www/old/keep.cfg", "x").file("/www/old/b", "x"));
    std::fs::create_dir(scene.path("dist")).unwrap();
    scene.write("dist/a", "new");
    let ran = scene.run("mirror -R -e --yes -X *.cfg dist www").ok();
    assert!(!ran.err().contains("rm -r"), "{ran}");
    ran.stderr_has("www/old: left");
    assert_eq!(there(&scene, "www"), ["a", "old", "old/keep.cfg"]);
    scene.run("mirror -R -e --yes --delete-excluded -X *.cfg dist www").ok();
    assert_eq!(there(&scene, "www"), ["a"]);
}

/// The SITE commands that arrived.
fn site_commands(scene: &Scene) -> Vec<String> {
    let mut lines: Vec<String> =
        scene.liar.wire.lines("SITE").iter().map(ToString::to_string).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn permissions_go_up_less_the_umask_and_never_with_set_id_bits_unless_asked() {
    use std::os::unix::fs::PermissionsExt;
    use support::liar::Step;
    let with_modes = |script: Script| {
        let scene = Scene::new(script);
        std::fs::create_dir_all(scene.path("dist/bin")).unwrap();
        scene.write("dist/bin/run", "x");
        for (name, mode) in [("dist/bin/run", 0o6775), ("dist/bin", 0o2775)] {
            std::fs::set_permissions(scene.path(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        scene
    };
    let chmod = || Script::new().always("SITE", Step::reply("200 done"));
    for (options, expected) in [
        ("", &["SITE CHMOD 755 /dist/bin", "SITE CHMOD 755 /dist/bin/run"][..]),
        ("-p", &[]),
        ("--no-perms", &[]),
        ("--no-umask", &["SITE CHMOD 775 /dist/bin", "SITE CHMOD 775 /dist/bin/run"]),
        ("-s", &["SITE CHMOD 2755 /dist/bin", "SITE CHMOD 6755 /dist/bin/run"]),
        ("-a", &["SITE CHMOD 2775 /dist/bin", "SITE CHMOD 6775 /dist/bin/run"]),
    ] {
        let scene = with_modes(chmod());
        scene.run(&format!("mirror -R {options} dist")).ok();
        assert_eq!(site_commands(&scene), expected, "{options}");
        if !options.contains('p') {
            // An option decides before the setting, which is for those that say nothing.
            let scene = with_modes(chmod());
            let set = "set mirror:set-permissions no";
            scene.run(&format!("{set}; mirror -R {options} --perms dist; mirror -R dist b")).ok();
            assert_eq!(site_commands(&scene), expected, "{options}");
        }
    }
    // A server that has no SITE CHMOD is asked once, and that is said once.
    let scene = with_modes(Script::new().always("SITE", Step::reply("502 what?")));
    for name in ["a", "b", "c"] {
        scene.write(format!("dist/{name}"), name);
    }
    let ran = scene.run("mirror -R -P 1 dist").ok();
    assert_eq!(ran.err().matches("permissions are not copied").count(), 1, "{ran}");
    assert_eq!(site_commands(&scene).len(), 1, "{ran}");
}

#[test]
fn permissions_come_down_less_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let list = "type=file;size=1;modify=20240102030405;unix.mode=0666; a\r\n\
                type=file;size=1;modify=20240102030405;unix.mode=06755; b\r\n\
                type=file;size=1;modify=20240102030405;unix.mode=0600; same\r\n\
                type=dir;unix.mode=0750; d\r\n";
    let script = Script::new().file("/s/a", "1").file("/s/b", "2").file("/s/same", "3").dir("/s/d");
    let scene = Scene::new(script.listing_of("MLSD", "/s", list));
    std::fs::create_dir(scene.path("s")).unwrap();
    scene.write("s/same", "3");
    set_time(&scene.path("s/same"), THEN);
    scene.run("mirror s").ok();
    let mode =
        |name: &str| std::fs::metadata(scene.path(name)).unwrap().permissions().mode() & 0o7777;
    let modes = ["s/a", "s/b", "s/same", "s/d"].map(mode);
    assert_eq!(modes, [0o644, 0o755, 0o600, 0o750], "{modes:?}");
}
