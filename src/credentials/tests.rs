//! The order of the sources, and the error of each failure.

use super::*;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// No source; the only environment variable set is `PW`.
fn none() -> Sources {
    let var = |name: &str| (name == "PW").then(|| OsString::from("from-env"));
    Sources { netrc: None, var, ..Sources::default() }
}

fn write(dir: &Path, name: &str, mode: u32, text: &[u8]) -> Option<PathBuf> {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    Some(path)
}

fn nobody(_: Prompt, _: &mut Vec<String>) -> Result<Option<Secret>> {
    Ok(None)
}

fn find(user: Option<&str>, sources: &Sources) -> Result<Found> {
    password_for("h", 21, user, true, sources, &mut nobody)
}

#[track_caller]
fn fails(sources: &Sources, kind: Kind, message: &str) {
    let error = find(Some("bob"), sources).unwrap_err();
    assert_eq!((error.kind(), error.message()), (kind, message));
}

#[test]
fn the_first_source_in_order_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = Arc::new(keyring::memory::Memory::default());
    let kept = Secret::new("from-keyring".into()).unwrap();
    keyring.store_password(KeyringAccount { host: "h", port: 21, user: "bob" }, &kept).unwrap();
    let mut sources = Sources {
        file: write(dir.path(), "pw", 0o600, b"from-file\nsecond line\n"),
        command: Some("printf 'from-command\\r\\nrest\\n'".into()),
        env: Some("PW".into()),
        url: Some(Secret::new("from-url".into()).unwrap()),
        netrc: write(dir.path(), "netrc", 0o600, b"machine h login bob password from-netrc"),
        keyring: Some(Arc::clone(&keyring) as _),
        ..none()
    };
    let mut take = |expected: &str, from: Origin, next: &dyn Fn(&mut Sources)| {
        let found = find(Some("bob"), &sources).unwrap();
        assert_eq!((found.secret.expose(), found.from), (expected, from));
        assert_eq!((found.user.as_str(), found.notices.len()), ("bob", 0));
        next(&mut sources);
    };
    take("from-file", Origin::File, &|s| s.file = None);
    take("from-command", Origin::Command, &|s| s.command = None);
    take("from-env", Origin::Env, &|s| s.env = None);
    take("from-url", Origin::Url, &|s| s.url = None);
    take("from-netrc", Origin::Netrc, &|s| s.netrc = None);
    take("from-keyring", Origin::Keyring, &|_| {
        keyring.remove_password(KeyringAccount { host: "h", port: 21, user: "bob" }).unwrap();
    });
    let mut prompts = Vec::new();
    let found = password_for("h", 21, Some("bob"), true, &sources, &mut |prompt, _| {
        prompts.push(prompt);
        Secret::new("typed".into()).map(Some)
    });
    let found = found.unwrap();
    assert_eq!((found.secret.expose(), found.from), ("typed", Origin::Prompt));
    assert_eq!(prompts, [Prompt::Password("Password for bob@h: ".into())]);
}

#[test]
fn the_user_is_given_or_netrcs_or_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let netrc = b"machine h login bob password pw account acc\nmachine h login eve password other";
    let sources = Sources { netrc: write(dir.path(), "netrc", 0o600, netrc), ..none() };
    let found = find(None, &sources).unwrap();
    assert_eq!((found.user.as_str(), found.secret.expose()), ("bob", "pw"));
    assert_eq!(found.account.as_ref().map(Secret::expose), Some("acc"));
    let found = find(Some("eve"), &sources).unwrap();
    assert_eq!((found.user.as_str(), found.secret.expose()), ("eve", "other"));
    assert_eq!(find(Some("mallory"), &sources).unwrap_err().kind(), Kind::Login);

    // A password source is combined with netrc's login.
    let named = Sources { env: Some("PW".into()), ..sources };
    let found = find(None, &named).unwrap();
    assert_eq!((found.user.as_str(), found.secret.expose()), ("bob", "from-env"));

    let mut answers = vec!["typed-pw", "typed-user"];
    let mut ask = |_, _: &mut Vec<String>| Secret::new(answers.pop().unwrap().into()).map(Some);
    let found = password_for("h", 21, None, true, &none(), &mut ask).unwrap();
    assert_eq!((found.user.as_str(), found.secret.expose()), ("typed-user", "typed-pw"));
}

#[test]
fn nothing_found_without_a_terminal_is_no_login_and_never_anonymous() {
    let error = find(None, &none()).unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Login, "no user name for h"));
    assert!(error.hint().is_some_and(|hint| hint.contains("--user")));
    let error = find(Some("bob"), &none()).unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Login, "no password for bob@h"));
    for option in ["--password-file", "--password-command", "--password-env", "netrc"] {
        assert!(error.hint().is_some_and(|hint| hint.contains(option)), "{option}");
    }
}

#[test]
fn anonymous_users_need_no_password_but_may_have_one() {
    for user in ["anonymous", "ftp"] {
        let found = find(Some(user), &none()).unwrap();
        assert_eq!((found.secret.expose(), found.from), ("ftpsh@", Origin::Anonymous));
    }
    let sources = Sources { env: Some("PW".into()), ..none() };
    assert_eq!(find(Some("ftp"), &sources).unwrap().secret.expose(), "from-env");
    assert!(find(Some("Anonymous Coward"), &none()).is_err());
}

#[test]
fn netrcs_default_goes_to_verified_hosts_only() {
    let dir = tempfile::tempdir().unwrap();
    let netrc = write(dir.path(), "netrc", 0o600, b"default login bob password pw");
    let sources = Sources { netrc, ..none() };
    let found = |verified| password_for("h", 21, None, verified, &sources, &mut nobody);
    assert_eq!(found(true).unwrap().secret.expose(), "pw");
    assert_eq!(found(false).unwrap_err().kind(), Kind::Login);
}

#[test]
fn a_netrc_that_others_can_read_is_passed_over_with_a_notice() {
    let dir = tempfile::tempdir().unwrap();
    let netrc = write(dir.path(), "netrc", 0o644, b"machine h login bob password hunter2");
    let sources = Sources { netrc, ..none() };
    let hint = find(Some("bob"), &sources).unwrap_err();
    assert!(hint.hint().is_some_and(|hint| hint.contains("chmod 600")));
    let mut ask = |_, _: &mut Vec<String>| Secret::new("typed".into()).map(Some);
    let found = password_for("h", 21, Some("bob"), true, &sources, &mut ask).unwrap();
    assert_eq!(found.secret.expose(), "typed");
    assert!(matches!(&found.notices[..], [notice] if notice.contains("chmod 600")));
}

#[test]
fn a_password_file_that_others_can_read_is_used_with_a_notice() {
    let dir = tempfile::tempdir().unwrap();
    let sources = Sources { file: write(dir.path(), "pw", 0o644, b"pw"), ..none() };
    let found = find(Some("bob"), &sources).unwrap();
    assert_eq!((found.secret.expose(), found.notices.len()), ("pw", 1));
}

#[test]
fn a_named_source_that_fails_is_an_error_and_no_other_is_tried() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let file = |name: &str, text: &[u8]| Sources {
        file: write(dir.path(), name, 0o600, text),
        env: Some("PW".into()),
        ..none()
    };
    let missing = Sources { file: Some(dir.path().join("no")), ..file("x", b"") };
    fails(&missing, Kind::Local, &format!("{}: no such file or directory", path("no")));
    let prefix = |name: &str| format!("password file {}", path(name));
    fails(&file("empty", b""), Kind::Login, &format!("{}: empty", prefix("empty")));
    fails(&file("blank", b"\n"), Kind::Login, &format!("{}: empty", prefix("blank")));
    fails(&file("bin", b"\xff\xfe"), Kind::Login, &format!("{}: not UTF-8", prefix("bin")));
    let long = format!("{}: too long for a password", prefix("long"));
    fails(&file("long", &[b'a'; 5000]), Kind::Login, &long);
    let nul = format!("{}: password: holds a line break or a NUL character", prefix("nul"));
    fails(&file("nul", b"hunter2\0"), Kind::Login, &nul);

    let command = |text: &str| Sources { command: Some(text.into()), ..none() };
    fails(&command("echo hunter2; exit 3"), Kind::Login, "password command: exit status 3");
    fails(&command("kill -9 $$"), Kind::Login, "password command: ended by a signal");
    fails(&command("true"), Kind::Login, "password command: empty");
    let unset = Sources { env: Some("NO_SUCH".into()), ..none() };
    fails(&unset, Kind::Login, "environment variable NO_SUCH: not set");
}

#[test]
fn a_password_command_does_not_see_the_password_variable() {
    // HOME is used instead: tests cannot set variables.
    let secret =
        source::run_password_command("echo \"home is ${HOME-hidden}\"", Some("HOME")).unwrap();
    assert_eq!(secret.expose(), "home is hidden");
}

#[test]
fn a_user_name_that_would_end_its_command_is_refused() {
    let error = find(Some("bob\r\nDELE x"), &none()).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    assert!(!error.message().contains(['\r', '\n']));
}

#[test]
fn nothing_that_is_found_shows_its_secret() {
    let sources = Sources { url: Some(Secret::new("hunter2".into()).unwrap()), ..none() };
    let found = find(Some("bob"), &sources).unwrap();
    assert!(!format!("{sources:?} {found:?}").contains("hunter2"));
}

#[test]
fn netrc_is_at_the_variable_or_at_home() {
    let from = |value: &'static str| netrc_path(move |_| Some(OsString::from(value)));
    assert_eq!(from("/x/netrc"), Some(PathBuf::from("/x/netrc")));
    assert_eq!(from(""), dirs::home_dir().map(|home| home.join(".netrc")));
    assert_eq!(netrc_path(|_| None), from(""));
}

#[test]
fn a_named_source_is_for_one_user_at_one_site() {
    let url = Some(Secret::new("from-url".into()).unwrap());
    let sources = Sources { env: Some("PW".into()), ..none() };
    assert_eq!(find(Some("bob"), &sources).unwrap().secret.expose(), "from-env");
    let error = find(Some("eve"), &sources).unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("for bob on h port 21"), "{hint}");
    let other = Sources { url, ..sources.clone() };
    for (host, port) in [("h", 990), ("other", 21)] {
        let found = |sources| password_for(host, port, Some("bob"), true, sources, &mut nobody);
        assert!(found(&sources).is_err());
        assert_eq!(found(&other).unwrap().secret.expose(), "from-url");
    }
    assert_eq!(find(Some("bob"), &other).unwrap().secret.expose(), "from-env");
}

#[test]
fn the_local_user_is_offered_and_notices_can_be_shown_before_a_question() {
    let dir = tempfile::tempdir().unwrap();
    let netrc = write(dir.path(), "netrc", 0o644, b"machine h login bob password pw");
    let var = |name: &str| (name == "USER").then(|| "alice".into());
    let sources = Sources { netrc, var, ..none() };
    for (typed, user) in [("", "alice"), (" eve ", "eve")] {
        let mut asked = Vec::new();
        let found = password_for("h", 21, None, true, &sources, &mut |prompt, notices| {
            asked.push((prompt, std::mem::take(notices)));
            let answer = if asked.len() == 1 { typed } else { "pw" };
            Secret::new(answer.into()).map(Some)
        });
        let found = found.unwrap();
        assert_eq!((found.user.as_str(), found.notices.len()), (user, 0));
        assert_eq!(asked[0].0, Prompt::User("User name for h [alice]: ".into()));
        assert!(asked[0].1[0].contains("others can access it"), "{asked:?}");
        assert!(asked[1].1.is_empty());
    }
}

#[test]
fn sources_are_named() {
    let sources = Sources {
        file: Some("/x/pw".into()),
        env: Some("PW".into()),
        netrc: dirs::home_dir().map(|home| home.join(".netrc")),
        ..none()
    };
    for (origin, text) in [
        (Origin::File, Some("/x/pw")),
        (Origin::Env, Some("the variable PW")),
        (Origin::Netrc, Some("~/.netrc")),
        (Origin::Command, Some("--password-command")),
        (Origin::Prompt, None),
    ] {
        assert_eq!(origin.text(&sources).as_deref(), text, "{origin:?}");
    }
}
