//! Rules that hold for every command; each test names all offenders at once.

use super::*;
use crate::commands::COMMANDS;

/// Looks at every command and lists what is wrong.
fn for_each_command(look: impl Fn(&Spec, &mut Vec<String>)) {
    let mut wrong = Vec::new();
    for spec in COMMANDS {
        let mut of_this = Vec::new();
        look(spec, &mut of_this);
        wrong.extend(of_this.iter().map(|text| format!("{}: {text}", spec.name)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn names(spec: &Spec) -> impl Iterator<Item = &'static str> {
    std::iter::once(spec.name).chain(spec.aliases.iter().copied())
}

#[test]
fn names_and_aliases_are_unique_and_mean_their_command() {
    let mut seen = std::collections::HashSet::new();
    let twice: Vec<_> =
        COMMANDS.iter().flat_map(names).filter(|name| !seen.insert(*name)).collect();
    assert!(twice.is_empty(), "{twice:?}");
    for_each_command(|spec, wrong| {
        for name in names(spec) {
            match find_command(COMMANDS, name) {
                Ok(found) if found.name == spec.name => {}
                Ok(found) => wrong.push(format!("`{name}` means {}", found.name)),
                Err(error) => wrong.push(format!("`{name}`: {error}")),
            }
            if name != "?" && !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
                wrong.push(format!("`{name}` has odd characters"));
            }
        }
    });
}

#[test]
fn the_groups_stand_together_in_the_order_of_help() {
    let groups: Vec<_> = COMMANDS.iter().map(|spec| spec.group).collect();
    assert!(groups.is_sorted(), "{groups:?}");
    assert!(Group::ALL.iter().map(|(group, _)| group).is_sorted());
}

#[test]
fn definitions_are_sound() {
    for spec in COMMANDS {
        // Panics with the reason.
        spec.definition().debug_assert();
    }
}

#[test]
fn every_command_says_what_it_does() {
    for_each_command(|spec, wrong| {
        let about = spec.about();
        if about.is_empty() || about.ends_with('.') || about.contains('\n') || about.len() > 72 {
            wrong.push(format!("about {about:?}"));
        }
        if !about.starts_with(|c: char| c.is_ascii_uppercase()) {
            wrong.push("about begins without a capital".to_owned());
        }
    });
}

#[test]
fn every_argument_has_a_help_of_its_own() {
    fn look(definition: &clap::Command, wrong: &mut Vec<String>) {
        for argument in definition.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            if help.is_empty() || help.ends_with('.') {
                wrong.push(format!(
                    "{} {}: help {help:?}",
                    definition.get_name(),
                    argument.get_id()
                ));
            }
            if argument.get_id() != "help" && argument.get_short() == Some('h') {
                let human = argument.get_long().is_some_and(|long| long.starts_with("human"));
                if !human {
                    wrong.push("-h is not human-readable".to_owned());
                }
            }
        }
        for inner in definition.get_subcommands() {
            if inner.get_about().is_none() {
                wrong.push(format!("{}: no about", inner.get_name()));
            }
            look(inner, wrong);
        }
    }
    for_each_command(|spec, wrong| look(&spec.definition(), wrong));
}

#[test]
fn every_command_has_examples() {
    for_each_command(|spec, wrong| {
        if spec.examples.is_empty() {
            wrong.push("none".to_owned());
        }
        for example in spec.examples {
            let about = example.about;
            if about.is_empty() || about.ends_with('.') || about.starts_with(char::is_uppercase) {
                wrong.push(format!("{}: about {about:?}", example.line));
            }
        }
    });
}

#[test]
fn help_is_asked_for_with_h_where_that_means_nothing_else() {
    for_each_command(|spec, wrong| {
        let words = |option: &str| vec![spec.name.to_owned(), option.to_owned()];
        for option in ["--help", "-h"] {
            let human = spec
                .definition()
                .get_arguments()
                .any(|a| a.get_short() == Some('h') && a.get_id() != "help");
            match spec.check(&words(option)) {
                Err(error) if !(human && option == "-h") => {
                    wrong.push(format!("{option}: {error}"))
                }
                _ => {}
            }
        }
    });
}

#[test]
fn a_unique_beginning_means_its_command_and_others_are_told() {
    assert_eq!(find_command(COMMANDS, "bookm").unwrap().name, "bookmark");
    assert_eq!(find_command(COMMANDS, "conn").unwrap().name, "open");
    let error = find_command(COMMANDS, "").unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Usage, "unknown command ``"));
    let error = find_command(COMMANDS, "l").unwrap_err();
    assert!(error.message().starts_with("ambiguous command `l`: "), "{error}");
    assert_eq!(find_command(COMMANDS, "hlep").unwrap_err().hint(), Some("did you mean `help`?"));
    // What sounds local is never taken for a remote command.
    for (word, hint) in [
        ("lrm", "`!rm …` runs it on this computer"),
        ("lmv", "`!mv …` runs it on this computer"),
        ("lrmm", "`help` lists the commands"),
        ("lpdw", "did you mean `lpwd`?"),
    ] {
        assert_eq!(find_command(COMMANDS, word).unwrap_err().hint(), Some(hint), "{word}");
    }
}

#[test]
fn wrong_words_are_told_in_one_line_with_a_hint() {
    let check = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        find_command(COMMANDS, &words[0]).unwrap().check(&words).unwrap_err()
    };
    for (words, message, hint) in [
        (&["get"][..], "get: missing <FILE>...", "see `help get`"),
        (&["get", "--outptu", "x"], "get: unexpected argument `--outptu` found", "did you mean"),
        (
            &["exit", "999"],
            "exit: invalid value `999` for `[CODE]`: 999 is not in",
            "see `help exit`",
        ),
        // An abbreviated subcommand is known, and lacks its arguments.
        (&["bookmark", "ad"], "bookmark: missing <NAME>", "see `help bookmark`"),
        (&["bookmark", "lsit"], "bookmark: unrecognized subcommand `lsit`", "did you mean `list`?"),
        (&["lpwd", "x"], "lpwd: unexpected argument `x` found", "see `help lpwd`"),
    ] {
        let error = check(words);
        assert!(error.message().starts_with(message), "{words:?}: {error}");
        assert!(
            error.hint().unwrap_or_default().starts_with(hint),
            "{words:?}: {:?}",
            error.hint()
        );
        assert!(!error.message().contains('\n'), "{words:?}");
    }
}
