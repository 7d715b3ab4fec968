use super::candidates::{What, setting_names, target_names};
use super::*;

#[test]
fn every_option_and_subcommand_is_in_every_script() {
    let mut definition = Cli::command();
    definition.build();
    let tree = Node::of_command(&definition, "ftpsh");
    let words = tree.all_commands().into_iter().flat_map(|node| {
        let names = node.flags.iter().flat_map(|flag| flag.names.clone());
        names.chain(node.option_words().map(str::to_owned)).collect::<Vec<_>>()
    });
    let words: Vec<_> = words.collect();
    let fish_word = |word: &String| match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(long), _) => format!("-l {long} "),
        (None, Some(short)) => format!("-s {short} "),
        (None, None) => word.clone(),
    };
    let (bash, zsh) =
        (completion_script(CompletionShell::Bash), completion_script(CompletionShell::Zsh));
    let missing: Vec<_> =
        words.iter().filter(|word| !bash.contains(*word) || !zsh.contains(*word)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let fish = completion_script(CompletionShell::Fish);
    let missing: Vec<_> = words.iter().filter(|word| !fish.contains(&fish_word(word))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!bash.contains("__complete)") && !zsh.contains("_ftpsh___complete"));
}

#[test]
fn targets_are_bookmarks_and_servers_and_keep_what_stands_before_the_host() {
    let bookmarks = ["work".to_owned()];
    let servers = [
        ("a.org".to_owned(), 21),
        ("b.org".to_owned(), 990),
        ("c.org".to_owned(), 2121),
        ("::1".to_owned(), 990),
    ];
    for (word, wanted) in [
        ("", vec!["a.org", "c.org:2121", "ftps://[::1]", "ftps://b.org", "work"]),
        ("bob@", vec!["bob@[::1]:990", "bob@a.org", "bob@b.org:990", "bob@c.org:2121"]),
        ("ftps://x@b", vec!["ftps://x@[::1]", "ftps://x@a.org:21", "ftps://x@b.org"]),
    ] {
        let found = target_names(word, &bookmarks, &servers);
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(found[..wanted.len()], wanted, "{word}");
    }
}

#[test]
fn settings_are_names_and_then_values() {
    assert!(setting_names("").contains("net:timeout="));
    let values = setting_names("tls:data/ftp.example.org=");
    assert_eq!(values.len(), 2);
    assert!(values.contains("tls:data/ftp.example.org=clear"));
    assert!(setting_names("nonsense=").is_empty());
    assert_eq!(What::Settings.question_word(), "settings");
}
