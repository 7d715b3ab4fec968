//! `edit`: what goes back to the server, what does not, and that no edit is ever lost.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use support::executable::write_script;
use support::liar::{Script, Step};
use support::program::Ftpsh;
use support::scene::Scene;

/// The program with this as its editor, and a directory for temporary files.
fn call(scene: &Scene, editor: &str, command: &str) -> Ftpsh {
    let script = scene.home.path().join("an editor");
    write_script(&script, &format!("#!/bin/sh\n{editor}\n"));
    let temporary = scene.home.path().join("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    // The variable may hold options, so a name with a blank is quoted in it.
    let editor = format!("'{}'", script.display());
    scene.call().env("VISUAL", editor).env("TMPDIR", temporary).args(["-c", command])
}

/// What is left in the directory for temporary files.
fn kept(scene: &Scene) -> Vec<PathBuf> {
    let rooms = std::fs::read_dir(scene.home.path().join("tmp")).unwrap();
    let files = |room: PathBuf| std::fs::read_dir(room).unwrap().map(|entry| entry.unwrap().path());
    rooms.flat_map(|room| files(room.unwrap().path())).collect()
}

#[test]
fn a_changed_file_replaces_the_old_one_in_one_step() {
    let scene = Scene::new(Script::new().file("/a.txt", "old\n"));
    let ran = call(&scene, "echo new >> \"$1\"; touch \"$1~\"", "edit a.txt").run().ok();
    assert_eq!(scene.liar.content("/a.txt").as_deref(), Some(&b"old\nnew\n"[..]), "{ran}");
    assert!(scene.liar.wire.has("RNTO") && !scene.liar.wire.lines("STOR")[0].ends_with(" a.txt"));
    assert!(kept(&scene).is_empty(), "{ran}");
}

#[test]
fn a_file_that_was_not_changed_is_not_stored() {
    let scene = Scene::new(Script::new().file("/a.txt", "old\n"));
    // A new file with the same content, as some editors write it.
    let editor = "cp \"$1\" \"$1.new\" && mv \"$1.new\" \"$1\"";
    call(&scene, editor, "edit a.txt").run().ok().stderr_has("not changed");
    assert!(!scene.liar.wire.has("STOR"));
    assert!(kept(&scene).is_empty());
}

#[test]
fn a_missing_file_begins_empty() {
    let scene = Scene::new(Script::new());
    call(&scene, "test -e \"$1\" && echo new > \"$1\"", "edit a.txt").run().ok();
    assert_eq!(scene.liar.content("/a.txt").as_deref(), Some(&b"new\n"[..]));
    call(&scene, "true", "edit b.txt").run().ok();
    assert_eq!(scene.liar.content("/b.txt"), None);
}

#[test]
fn a_change_on_the_server_meanwhile_is_not_overwritten() {
    let touched = Step::change(|files| assert!(files.set_time(b"/a.txt", "20250101000000")));
    let scene = Scene::new(Script::new().file("/a.txt", "old").on("RETR", touched));
    let ran = call(&scene, "echo mine > \"$1\"", "edit a.txt").run().status(8);
    let ran = ran.stderr_has("was changed on the server").stderr_has("edited copy is in");
    assert_eq!(scene.liar.content("/a.txt").as_deref(), Some(&b"old"[..]), "{ran}");
    assert_eq!(std::fs::read(&kept(&scene)[0]).unwrap(), b"mine\n");
}

#[test]
fn an_edit_that_cannot_be_stored_is_kept_for_its_owner_alone() {
    let script = Script::new().file("/a.txt", "old");
    let scene = Scene::new(script.always("STOR", Step::reply("552 no room")));
    let ran = call(&scene, "echo mine > \"$1\"", "edit a.txt").run().status(8);
    let file = kept(&scene).pop().unwrap();
    assert!(ran.err().contains(file.to_str().unwrap()), "{ran}");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine\n");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    // So is one whose editor failed.
    let ran = call(&scene, "echo more > \"$1\"; exit 3", "edit a.txt").run().status(1);
    assert!(ran.err().contains("edited copy is in"), "{ran}");
    assert_eq!(kept(&scene).len(), 2);
}

#[test]
fn a_directory_that_takes_no_new_names_has_the_file_written_in_place() {
    let script = Script::new().file("/a.txt", "old");
    let scene = Scene::new(script.on("STOR", Step::reply("553 not here")));
    call(&scene, "echo new > \"$1\"", "edit a.txt").run().ok();
    assert_eq!(scene.liar.content("/a.txt").as_deref(), Some(&b"new\n"[..]));
    assert!(!scene.liar.wire.has("RNTO"));
}

#[test]
fn names_are_only_names() {
    let names =
        ["a\";touch x;\"", "$(touch x)", "`touch x`.txt", "-rf", "a b\\.txt", "';touch x;'"];
    for name in names {
        let scene = Scene::new(Script::new().file(format!("/{name}"), "old"));
        let quoted = format!("edit -- '{}'", name.replace('\'', "'\\''"));
        call(&scene, "echo new > \"$1\"", &quoted).run().ok();
        let content = scene.liar.content(format!("/{name}"));
        assert_eq!(content.as_deref(), Some(&b"new\n"[..]), "{name}");
        assert_eq!(scene.tree(), ["dest"], "{name}");
        let home = std::fs::read_dir(scene.home.path()).unwrap();
        assert!(home.flatten().all(|entry| entry.file_name() != "x"), "{name}");
    }
}

#[test]
fn the_extension_and_the_permissions_stay() {
    let scene = Scene::new(Script::new().file("/run.sh", "old"));
    scene.liar.files.lock().unwrap().set_mode(b"/run.sh", "0755");
    let ran = call(&scene, "case $1 in *.sh) echo new > \"$1\";; esac", "edit run.sh").run().ok();
    assert_eq!(scene.liar.content("/run.sh").as_deref(), Some(&b"new\n"[..]), "{ran}");
    assert!(scene.liar.wire.commands().iter().any(|line| line.contains("CHMOD 755")), "{ran}");
}
