//! The lines of docs/deploy-from-ci.md, run by a shell as a CI system runs them.

use std::path::Path;
use std::process::Command;
use support::liar::Script;
use support::program::ftpsh;
use support::scene::Scene;

const PAGE: &str = include_str!("../../docs/deploy-from-ci.md");

/// The lines that run ftpsh: a step's `run:`, an item of `script:`, the command of a cron line.
fn run_lines() -> Vec<&'static str> {
    let command = |line: &'static str| {
        let at = line.find("ftpsh ")?;
        let before = line[..at].trim_start();
        ["- run: ", "- ", "17 * * * * "].contains(&before).then(|| &line[at..])
    };
    PAGE.lines().filter_map(command).collect()
}

#[test]
fn the_lines_of_the_page_deploy_from_ci_deploy() {
    let lines = run_lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        let scene = Scene::new(Script::new().dir("/www"));
        std::fs::create_dir_all(scene.path("dist/d")).unwrap();
        scene.write("dist/index.html", "first");
        scene.write("dist/d/style.css", "style");
        let home = scene.path("home");
        std::fs::create_dir_all(home.join(".config")).unwrap();
        let password = home.join(".config/ftps-password");
        std::fs::write(&password, &scene.liar.password).unwrap();
        restrict(&password);
        let run = |fingerprint: &str| {
            let program = ftpsh();
            let path = std::env::var("PATH").unwrap();
            let output = Command::new("sh")
                .args(["-c", line])
                .current_dir(&scene.dest)
                .env_clear()
                .env("PATH", format!("{}:{path}", program.parent().unwrap().display()))
                .env("HOME", &home)
                .env("FTPSH_HOME", scene.home.path())
                .env("FTPS_URL", scene.liar.url())
                .env("FTPS_FINGERPRINT", fingerprint)
                .env("FTPS_PASSWORD", &scene.liar.password)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!said.contains(&scene.liar.password), "{line}\n{said}");
            (output.status.code(), said)
        };
        let sent = || {
            let stored = scene.liar.wire.lines("STOR");
            stored.iter().filter(|line| !line.contains("manifest")).count()
        };
        // Not the server that was meant: no name, no password, no file.
        let other = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(run(other).0, Some(5), "{line}");
        assert!(!scene.liar.wire.has("USER"));
        let (status, said) = run(&scene.liar.fingerprint);
        assert_eq!(status, Some(0), "{line}\n{said}");
        assert_eq!(scene.liar.content("/www/index.html").unwrap(), b"first");
        assert_eq!(scene.liar.content("/www/d/style.css").unwrap(), b"style");
        assert_eq!(sent(), 2);
        // One edit of the same length, new times everywhere, one file less.
        scene.write("dist/index.html", "other");
        scene.write("dist/new.html", "new");
        std::fs::remove_file(scene.path("dist/d/style.css")).unwrap();
        let (status, said) = run(&scene.liar.fingerprint);
        assert_eq!(status, Some(0), "{line}\n{said}");
        assert_eq!(scene.liar.content("/www/index.html").unwrap(), b"other");
        assert_eq!((sent(), scene.liar.content("/www/d/style.css")), (4, None));
    }
}

fn restrict(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
