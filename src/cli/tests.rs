//! Command lines as users type them.

use super::*;

fn read(arguments: &[&str]) -> Result<Cli, clap::Error> {
    Cli::read(std::iter::once("ftpsh").chain(arguments.iter().copied()).map(OsString::from))
}

#[track_caller]
fn ok(arguments: &[&str]) -> Cli {
    read(arguments).unwrap_or_else(|e| panic!("{arguments:?}: {e}"))
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_argument_has_help() {
    fn check(command: &clap::Command, without: &mut Vec<String>) {
        for argument in command.get_arguments() {
            if argument.get_help().is_none() {
                without.push(format!("{} {}", command.get_name(), argument.get_id()));
            }
        }
        for sub in command.get_subcommands() {
            if sub.get_about().is_none() {
                without.push(sub.get_name().to_owned());
            }
            check(sub, without);
        }
    }
    let mut without = Vec::new();
    check(&Cli::command(), &mut without);
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn all_options_are_read() {
    let cli = ok(&[
        "-c",
        "ls",
        "--command",
        "-x; pwd",
        "-f",
        "-",
        "-e",
        "pwd",
        "-k",
        "-u",
        "bob",
        "--password-file",
        "f",
        "--password-command",
        "pass x",
        "--password-env",
        "V",
        "--trust",
        "accept-new",
        "--fingerprint",
        "SHA256:a",
        "--fingerprint",
        "b",
        "--json",
        "--set",
        "net:timeout=5",
        "--set",
        "xfer:atomic=on",
        "--rcfile",
        "rc",
        "--log-file",
        "log",
        "-vv",
        "--color",
        "never",
        "ftps://example.org/dir",
    ]);
    assert_eq!(cli.target.as_deref(), Some("ftps://example.org/dir"));
    assert_eq!(cli.run.commands, ["ls", "-x; pwd"]);
    assert_eq!(cli.run.file, Some(PathBuf::from("-")));
    assert_eq!(cli.run.execute, ["pwd"]);
    assert!(cli.run.keep_going && cli.general.json && !cli.general.quiet);
    assert_eq!(cli.login.user.map(|user| user.name).as_deref(), Some("bob"));
    assert_eq!(cli.login.password_file, Some(PathBuf::from("f")));
    assert_eq!(cli.login.password_command.as_deref(), Some("pass x"));
    assert_eq!(cli.login.password_env.as_deref(), Some("V"));
    assert_eq!(cli.security.trust.map(TrustPolicy::word), Some("accept-new"));
    assert_eq!(cli.security.fingerprint, ["SHA256:a", "b"]);
    assert_eq!(cli.general.set, ["net:timeout=5", "xfer:atomic=on"]);
    assert_eq!(cli.general.rcfile, Some(PathBuf::from("rc")));
    assert_eq!(cli.general.log_file, Some(PathBuf::from("log")));
    assert_eq!((cli.general.verbose, cli.general.color), (2, Some(ColorWhen::Never)));
    let bare = ok(&[]);
    assert!(bare.target.is_none() && bare.subcommand.is_none() && !bare.run.has_commands());
    assert!(ok(&["--insecure", "--norc", "-q", "h"]).security.insecure);
}

#[test]
fn policy_words_are_those_of_the_options_and_the_setting() {
    for policy in TrustPolicy::value_variants() {
        let word = policy.to_possible_value().unwrap();
        assert_eq!(word.get_name(), policy.word());
        assert!(["ask", "accept-new", "strict"].contains(&policy.word()));
    }
}

#[test]
fn subcommands_are_read() {
    use crate::commands::trust::args::TrustCommand::*;
    let trust = |arguments: &[&str]| match ok(arguments).subcommand {
        Some(Sub::Trust(TrustArgs { command })) => command,
        other => panic!("{arguments:?}: {other:?}"),
    };
    assert_eq!(trust(&["trust", "list"]), List);
    assert_eq!(trust(&["trust", "show", "h:21"]), Show { server: "h:21".into() });
    assert_eq!(
        trust(&["trust", "add", "h", "SHA256:x"]),
        Add { server: "h".into(), fingerprint: Some("SHA256:x".into()), implicit: false }
    );
    assert_eq!(
        trust(&["trust", "add", "h", "--implicit"]),
        Add { server: "h".into(), fingerprint: None, implicit: true }
    );
    assert_eq!(
        trust(&["trust", "remove", "a", "b"]),
        Remove { servers: vec!["a".into(), "b".into()] }
    );
    assert_eq!(
        trust(&["trust", "scan", "--implicit", "a"]),
        Scan { servers: vec!["a".into()], implicit: true }
    );
    assert_eq!(trust(&["trust", "export"]), Export { file: None });
    assert_eq!(trust(&["trust", "import", "-"]), Import { file: "-".into() });
    assert_eq!(
        ok(&["doctor", "h"]).subcommand,
        Some(Sub::Doctor { server: "h".into(), write: false })
    );
    let zsh = Sub::Completions { shell: CompletionShell::Zsh };
    assert_eq!(ok(&["completions", "zsh"]).subcommand, Some(zsh));
    assert_eq!(ok(&["man"]).subcommand, Some(Sub::Man));
}

#[test]
fn global_options_stand_before_or_after_the_subcommand() {
    for arguments in [
        &["--json", "--set", "a=b", "--trust", "strict", "--color", "always", "trust", "list"][..],
        &["trust", "--json", "--set", "a=b", "list", "--trust", "strict", "--color", "always"],
        &["trust", "list", "--json", "--set", "a=b", "--trust", "strict", "--color", "always"],
    ] {
        let cli = ok(arguments);
        assert!(cli.general.json, "{arguments:?}");
        assert_eq!(cli.general.set, ["a=b"], "{arguments:?}");
        assert_eq!(cli.security.trust, Some(TrustPolicy::Strict), "{arguments:?}");
        assert_eq!(cli.general.color, Some(ColorWhen::Always), "{arguments:?}");
    }
}

#[test]
fn no_option_is_lost_for_standing_on_both_sides_of_the_subcommand() {
    for arguments in [
        ["--set", "a=b", "trust", "list", "--set", "c=d"],
        ["--fingerprint=a", "trust", "add", "h", "--fingerprint", "b"],
    ] {
        let error = read(&arguments).expect_err("refused");
        assert!(error.to_string().contains("on the same side"), "{error}");
    }
    let cli = ok(&["--fingerprint", "a", "trust", "add", "h", "b"]);
    assert_eq!(cli.security.fingerprint, ["a"]);
}

#[test]
fn no_argument_of_a_subcommand_hides_a_global_option() {
    fn ids(command: &clap::Command, found: &mut Vec<String>) {
        for sub in command.get_subcommands() {
            found.extend(sub.get_arguments().map(|a| a.get_id().to_string()));
            ids(sub, found);
        }
    }
    let program = Cli::command();
    let mut inner = Vec::new();
    ids(&program, &mut inner);
    let mut global = program.get_arguments().filter(|a| a.is_global_set());
    assert!(global.all(|a| !inner.contains(&a.get_id().to_string())), "{inner:?}");
}

#[test]
fn a_host_with_a_subcommands_name_can_be_reached() {
    for name in ["trust", "doctor", "completions", "man"] {
        assert_eq!(ok(&["--", name]).target.as_deref(), Some(name));
        assert_eq!(ok(&["-c", "ls", "--", name]).target.as_deref(), Some(name));
    }
    for host in ["help", "truste", "trus", "ftp://trust", "trust:21", "trust."] {
        assert_eq!(ok(&[host]).target.as_deref(), Some(host));
    }
}

#[test]
fn a_wrong_command_line_exits_with_2_on_standard_error() {
    for arguments in [
        &["--nonsense"][..],
        &["a", "b"],
        &["h", "trust", "list"],
        &["h", "man"],
        &["-c", "ls", "man"],
        &["trust"],
        &["trust", "remove"],
        &["trust", "scan"],
        &["trust", "whatever"],
        &["doctor"],
        &["completions", "tcsh"],
        &["--trust", "maybe", "h"],
        &["--color", "blue"],
        &["--insecure", "--trust", "ask", "h"],
        &["--insecure", "--fingerprint", "x", "h"],
        &["-q", "-v", "h"],
        &["--norc", "--rcfile", "x", "h"],
        &["-u"],
    ] {
        let error = read(arguments).expect_err(&format!("{arguments:?}"));
        assert!(error.use_stderr(), "{arguments:?}");
        assert_eq!(error.exit_code(), 2, "{arguments:?}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    for arguments in [&["--help"][..], &["-h"], &["-V"], &["--version"], &["trust", "--help"]] {
        let text = read(arguments).expect_err("text");
        assert_eq!((text.exit_code(), text.use_stderr()), (0, false), "{arguments:?}");
    }
    let help = read(&["--help"]).expect_err("help").to_string();
    for part in [
        "Usage: ftpsh [OPTIONS] [TARGET]\n",
        "  143  Terminated",
        "--password-file",
        "Exit status (",
        "every -c",
    ] {
        assert!(help.contains(part), "{part:?} is not in:\n{help}");
    }
}

#[test]
fn the_long_version_has_the_short_one_first_and_what_a_bug_report_needs_below() {
    let [short, long] =
        ["-V", "--version"].map(|option| read(&[option]).expect_err("version").to_string());
    assert_eq!(short, concat!("ftpsh ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(long.starts_with(&short), "{long}");
    let words: Vec<_> = long.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(words, ["ftpsh", "commit", "target", "features", "suppaftp", "OpenSSL"], "{long}");
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_repeated() {
    for arguments in [
        &["--password=hunter2", "h"][..],
        &["--password", "hunter2", "h"],
        &["h", "--password=hunter2"],
        &["trust", "list", "--password=hunter2"],
        &["--passwort=hunter2", "h"],
        &["--pass=hunter2", "h"],
        &["-phunter2", "h"],
        &["-p", "hunter2", "h"],
        &["h", "ftp://bob:hunter2@h"],
    ] {
        let error = read(arguments).expect_err(&format!("{arguments:?}"));
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(!text.contains("hunter2"), "{arguments:?}: {text}");
        if arguments.iter().any(|a| a.starts_with("--password")) {
            for option in ["--password-file", "--password-command", "--password-env"] {
                assert!(text.contains(option), "{option} is not in: {text}");
            }
        }
    }
    assert_eq!(ok(&["--", "--password"]).target.as_deref(), Some("--password"));
}
