//! The committed completion scripts in real shells: bash and zsh in a terminal, a line, Tab; fish
//! says itself what it would offer.
//!
//! The shells' start-up files (in `completion/`) make them print what is offered between two
//! marks. What the program itself answers comes from an `FTPSH_HOME` of the test's own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use expectrl::{Expect as _, Regex, Session};
use tempfile::TempDir;

use support::tools::is_there;

/// What is typed, what must be offered, and what must not.
const CASES: &[(&str, &[&str], &[&str])] = &[
    ("ftpsh --tru", &["--trust"], &["--json"]),
    ("ftpsh -", &["-c", "--command", "--set", "--version"], &["trust"]),
    ("ftpsh ", &["trust", "doctor", "work", "ftp.example.org"], &["__complete", "list"]),
    ("ftpsh tr", &["trust"], &["doctor", "work"]),
    ("ftpsh trust ", &["list", "show", "remove", "import"], &["trust", "work"]),
    ("ftpsh -q trust sh", &["show"], &["list"]),
    ("ftpsh trust show f", &["ftp.example.org"], &["work"]),
    ("ftpsh trust remove ftp.example.org i", &["implicit.example.org:990"], &[]),
    ("ftpsh trust --", &["--json"], &["--keep-going"]),
    ("ftpsh --trust ", &["ask", "accept-new", "strict"], &["trust", "auto"]),
    ("ftpsh --trust s", &["strict"], &["ask"]),
    ("ftpsh trust scan --color ", &["auto", "always", "never"], &["ask"]),
    ("ftpsh completions ", &["bash", "zsh", "fish"], &["work"]),
    ("ftpsh doctor w", &["work"], &["doctor"]),
    ("ftpsh -f note", &["notes.ftpsh"], &["work", "folder"]),
    ("ftpsh --rcfile note", &["notes.ftpsh"], &["work"]),
    ("ftpsh --password-env FTPSH_H", &["FTPSH_HOME"], &[]),
    ("ftpsh work -", &["--set"], &[]),
    ("ftpsh work ", &[], &["trust", "work"]),
    ("ftpsh -u trust ", &["trust", "work"], &["list"]),
];

/// The same where bash sees several words: it is offered what follows the last `:`, `=` or `@`.
const SPLIT: &[(&str, &str, &str)] = &[
    ("ftpsh --set net:time", "timeout=", "net:timeout="),
    ("ftpsh --set tls:data=", "clear", "tls:data=clear"),
    ("ftpsh --set tls:data/ftp.example.org=cl", "clear", "tls:data/ftp.example.org=clear"),
    ("ftpsh --trust=acc", "accept-new", "--trust=accept-new"),
    ("ftpsh --set=tls:data=p", "private", "--set=tls:data=private"),
    ("ftpsh --rcfile=note", "notes.ftpsh", "--rcfile=notes.ftpsh"),
    ("ftpsh odd.example.org:2", "2121", "odd.example.org:2121"),
    ("ftpsh bob@ftp", "ftp.example.org", "bob@ftp.example.org"),
    ("ftpsh ftps://impl", "//implicit.example.org", "ftps://implicit.example.org"),
];

#[test]
fn bash_offers_options_words_files_and_what_the_program_knows() {
    let Some(mut bash) = Shell::start("bash") else { return };
    bash.check(CASES);
    for (line, rest, _) in SPLIT {
        bash.check(&[(line, &[rest], &[])]);
    }
}

#[test]
fn zsh_offers_options_words_files_and_what_the_program_knows() {
    let Some(mut zsh) = Shell::start("zsh") else { return };
    zsh.check(CASES);
    for (line, _, whole) in SPLIT {
        zsh.check(&[(line, &[whole], &[])]);
    }
}

#[test]
fn fish_offers_options_words_files_and_what_the_program_knows() {
    if !is_there("fish") {
        return;
    }
    let split = SPLIT.iter().map(|(line, _, whole)| (*line, vec![*whole], &[][..]));
    let cases = CASES.iter().map(|(line, wanted, unwanted)| (*line, wanted.to_vec(), *unwanted));
    for (line, wanted, unwanted) in cases.chain(split) {
        let offers = fish_offers(line);
        for word in wanted {
            assert!(offers.contains(word), "fish {line:?}: no {word}: {offers:?}");
        }
        for word in unwanted {
            assert!(!offers.contains(*word), "fish {line:?}: {word}: {offers:?}");
        }
    }
}

/// What fish offers behind a line.
fn fish_offers(line: &str) -> BTreeSet<String> {
    let home = TempDir::with_prefix("ftpsh-completion-").unwrap();
    write_home(home.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/ftpsh.fish");
    let program = Path::new(env!("CARGO_BIN_EXE_ftpsh")).parent().unwrap();
    let path = [program.to_owned(), PathBuf::from("/usr/bin"), PathBuf::from("/bin")];
    let done = Command::new("fish")
        .args(["--no-config", "-c", "source $argv[1]; complete -C $argv[2]"])
        .args([script.as_os_str(), line.as_ref()])
        .env_clear()
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("HOME", home.path())
        .env("FTPSH_HOME", home.path())
        .env("LANG", "C.UTF-8")
        .current_dir(home.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{line}");
    let text = String::from_utf8(done.stdout).unwrap();
    text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn bash_without_colon_among_its_word_breaks_is_offered_whole_words() {
    let Some(mut bash) = Shell::start_with("bash", &[("BREAKS", " ")]) else { return };
    for (line, _, whole) in SPLIT.iter().filter(|(line, ..)| !line.contains("file")) {
        bash.check(&[(line, &[whole], &[])]);
    }
}

#[test]
fn without_files_to_read_completion_is_silent() {
    for shell in ["bash", "zsh"] {
        let nowhere = [("FTPSH_HOME", "/dev/null/nowhere")];
        let Some(mut shell) = Shell::start_with(shell, &nowhere) else { continue };
        let screen = shell.complete("ftpsh doctor ");
        assert_eq!(offers(&screen), BTreeSet::new(), "{screen}");
        assert!(!screen.contains("error") && !screen.contains("ftpsh:"), "{screen}");
    }
}

/// An interactive shell in a terminal.
struct Shell {
    name: &'static str,
    session: expectrl::session::OsSession,
    /// Its directory, with the user's files in it.
    _home: TempDir,
}

impl Shell {
    /// The shell, where it is installed.
    fn start(name: &'static str) -> Option<Self> {
        Self::start_with(name, &[])
    }

    /// The same with further environment variables.
    fn start_with(name: &'static str, environment: &[(&str, &str)]) -> Option<Self> {
        if !is_there(name) {
            return None;
        }
        let home = TempDir::with_prefix("ftpsh-completion-").unwrap();
        write_home(home.path());
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let start = here.join("tests/it/completion");
        let program = Path::new(env!("CARGO_BIN_EXE_ftpsh")).parent().unwrap();
        let mut command = Command::new(name);
        match name {
            "bash" => {
                command.args(["--noprofile", "--rcfile"]).arg(start.join("bashrc")).arg("-i");
                command.env("SCRIPT", here.join("completions/ftpsh.bash"));
            }
            _ => {
                command.args(["-d", "-i"]).env("ZDOTDIR", &start);
                command.env("SCRIPT", here.join("completions/_ftpsh"));
            }
        }
        let path = [program.to_owned(), PathBuf::from("/usr/bin"), PathBuf::from("/bin")];
        let kept = ["SCRIPT", "ZDOTDIR"].map(|name| {
            let found = command.get_envs().find(|(key, _)| *key == name);
            found.and_then(|(key, value)| Some((key.to_owned(), value?.to_owned())))
        });
        command
            .env_clear()
            .envs(kept.into_iter().flatten())
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", home.path())
            .env("FTPSH_HOME", home.path())
            .env("TERM", "dumb")
            .env("LANG", "C.UTF-8")
            .envs(environment.iter().copied())
            .current_dir(home.path());
        let mut session = Session::spawn(command).unwrap();
        session.set_expect_timeout(Some(Duration::from_secs(20)));
        session.get_process_mut().set_window_size(200, 50).unwrap();
        session.expect("ready> ").unwrap();
        Some(Self { name, session, _home: home })
    }

    /// What the terminal shows when Tab is pressed after `line`.
    fn complete(&mut self, line: &str) -> String {
        self.session.send(format!("{line}\t")).unwrap();
        let found = self.session.expect(Regex("<<begin>>[^\0]*<<end>>"));
        let found = found.unwrap_or_else(|e| panic!("{} {line:?}: {e}", self.name));
        let screen = String::from_utf8_lossy(found.as_bytes()).into_owned();
        // Away with the line, whatever Tab made of it. (Ctrl-C could hit the shell at work.)
        self.session.send("\x15").unwrap();
        screen
    }

    #[track_caller]
    fn check(&mut self, cases: &[(&str, &[&str], &[&str])]) {
        for (line, wanted, unwanted) in cases {
            let screen = self.complete(line);
            let offers = offers(&screen);
            for word in *wanted {
                assert!(offers.contains(*word), "{} {line:?}: no {word}: {offers:?}", self.name);
            }
            for word in *unwanted {
                assert!(!offers.contains(*word), "{} {line:?}: {word}: {offers:?}", self.name);
            }
        }
    }
}

/// The words between `<` and `>`.
fn offers(screen: &str) -> BTreeSet<String> {
    let word = |line: &str| Some(line.trim().strip_prefix('<')?.strip_suffix('>')?.to_owned());
    screen.lines().filter_map(word).filter(|word| !word.starts_with('<')).collect()
}

/// A bookmark, three known servers, a script and a directory.
fn write_home(home: &Path) {
    std::fs::write(home.join("bookmarks"), "work ftpes://bob@work.example.org\n").unwrap();
    let zeros = format!("SHA256:{}", "A".repeat(43));
    let time = "2026-01-02T00:00:00Z";
    let entry = |server: &str| {
        format!("{server} cert={zeros} key={zeros} first={time} last={time} why=yes\n")
    };
    let servers =
        ["[ftp.example.org]:21", "[implicit.example.org]:990", "[odd.example.org]:2121"].map(entry);
    std::fs::write(home.join("known_servers"), servers.concat()).unwrap();
    std::fs::write(home.join("notes.ftpsh"), "ls\n").unwrap();
    std::fs::create_dir(home.join("folder")).unwrap();
}
