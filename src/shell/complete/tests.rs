use super::*;
use crate::commands::{Builtin, Context, Example, Globs, Group};
use clap::Parser;
use std::cell::RefCell;

macro_rules! command {
    ($type:ident, $name:literal, $aliases:expr, $globs:ident, { $($fields:tt)* }) => {
        #[derive(Debug, Parser)]
        #[allow(dead_code)]
        struct $type { $($fields)* }

        impl Builtin for $type {
            const NAME: &'static str = $name;
            const ALIASES: &'static [&'static str] = $aliases;
            const GROUP: Group = Group::Shell;
            const GLOBS: Globs = Globs::$globs;
            const EXAMPLES: &'static [Example] = &[];

            fn run(self, _: &mut Context) -> anyhow::Result<()> {
                Ok(())
            }
        }
    };
}

command!(Get, "get", &["mget"], Remote, {
    #[arg(short = 'o', value_hint = clap::ValueHint::FilePath)]
    name: Option<String>,
    #[arg(short = 'O', long = "output-dir", value_name = "DIR",
          value_hint = clap::ValueHint::DirPath)]
    directory: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, value_parser = ["yes", "no", "newer"])]
    overwrite: Option<String>,
    #[arg(short = 'c', long = "continue")]
    resume: bool,
    files: Vec<String>,
});
command!(Put, "put", &[], Local, {
    #[arg(short = 'o', long = "output", value_name = "NAME")]
    name: Option<String>,
    #[arg(short = 'O', long = "output-dir", value_name = "DIR")]
    directory: Option<String>,
    files: Vec<String>,
});
command!(Cd, "cd", &[], None, { directory: Option<String> });
command!(Lcd, "lcd", &[], None, { directory: Option<String> });
command!(Open, "open", &["connect"], None, {
    #[arg(short, long)]
    user: Option<String>,
    target: String,
});
command!(Set, "set", &[], None, { name: Option<String>, value: Option<String> });
command!(Help, "help", &["?"], None, { topic: Option<String> });
command!(Kill, "kill", &[], None, { jobs: Vec<String> });
command!(Queue, "queue", &[], None, {
    #[arg(short)]
    delete: bool,
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
});
command!(Alias, "alias", &[], None, {
    name: Option<String>,
    #[arg(value_name = "TEXT", trailing_var_arg = true, allow_hyphen_values = true)]
    text: Vec<String>,
});

#[derive(Debug, clap::Subcommand)]
enum TrustSub {
    List {
        #[arg(value_hint = clap::ValueHint::Hostname)]
        host: Option<String>,
    },
    Remove {
        #[arg(long)]
        force: bool,
    },
}
command!(Trust, "trust", &[], None, {
    #[command(subcommand)]
    command: TrustSub,
});

static COMMANDS: [Spec; 11] = [
    Spec::of::<Get>(),
    Spec::of::<Put>(),
    Spec::of::<Cd>(),
    Spec::of::<Lcd>(),
    Spec::of::<Open>(),
    Spec::of::<Set>(),
    Spec::of::<Help>(),
    Spec::of::<Kill>(),
    Spec::of::<Queue>(),
    Spec::of::<Alias>(),
    Spec::of::<Trust>(),
];

fn name(name: &str) -> Name {
    match name.strip_suffix('/') {
        Some(directory) => Name { name: directory.into(), nature: Nature::Directory },
        None => match name.strip_suffix('@') {
            Some(link) => Name { name: link.into(), nature: Nature::Unclear },
            None => Name { name: name.into(), nature: Nature::File },
        },
    }
}

fn tree(side: &str, directory: &str) -> Vec<Name> {
    let names: &[&str] = match (side, directory) {
        ("remote", "") => &["notes.txt", "docs/", "my file", "it's", ".hidden", "link@", "-odd"],
        ("remote", "docs/") => &["old/", "a.txt", "ab.txt"],
        ("remote", "docs/old/") => &["c.txt"],
        ("remote", "/") => &["pub/", "etc/"],
        ("remote", "my dir/") => &["x"],
        ("local", "") => &["report.pdf", "work/", "a b/"],
        ("local", "~/") => &["Down loads/"],
        ("local", "work/") => &["x$y", "z"],
        _ => &[],
    };
    names.iter().map(|text| name(text)).collect()
}

/// Completes at the `^` of a line, or at its end; returns the line with each replacement.
fn at(marked: &str) -> Vec<String> {
    let pos = marked.find('^').unwrap_or(marked.len());
    let line = marked.replacen('^', "", 1);
    let aliases = BTreeMap::from([("gg".to_owned(), "cd x; get -c".to_owned())]);
    let sources = Sources {
        commands: &COMMANDS,
        aliases: &aliases,
        remote: &|directory| tree("remote", directory),
        local: &|directory| tree("local", directory),
        sites: &|| vec!["work".into(), "ftp.example.org".into(), "[::1]:990".into()],
        bookmarks: &|| vec!["work".into()],
        jobs: &|| vec![(3, "get a &".into()), (12, "queue h".into())],
    };
    let (start, found) = complete_line(&line, pos, &sources);
    found.iter().map(|one| format!("{}{}", &line[..start], one.replacement)).collect()
}

#[test]
fn commands_are_completed_wherever_one_may_begin() {
    for (line, want) in [
        ("pu", &["put "][..]),
        ("co", &["connect "]),
        ("g", &["get ", "gg "]),
        ("cd x; pu", &["cd x; put "]),
        ("cd x && pu", &["cd x && put "]),
        ("(pu", &["(put "]),
        ("cd x & pu", &["cd x & put "]),
        ("xyz", &[]),
        ("# pu", &[]),
        ("ls | gr", &[]),
    ] {
        assert_eq!(at(line), want, "{line}");
    }
    assert_eq!(at("").len(), COMMANDS.len() + 1);
}

#[test]
fn remote_names_are_completed_and_quoted_level_by_level() {
    for (line, want) in [
        ("get no", &["get notes.txt "][..]),
        ("get do", &["get docs/"]),
        ("get docs/", &["get docs/a.txt ", "get docs/ab.txt ", "get docs/old/"]),
        ("cd docs/ol", &["cd docs/old/"]),
        ("get docs/old/", &["get docs/old/c.txt "]),
        ("get /p", &["get /pub/"]),
        ("get my", &["get my\\ file "]),
        ("get 'my", &["get 'my file' "]),
        ("get \"my", &["get \"my file\" "]),
        ("get 'do", &["get 'docs/"]),
        ("get my\\ dir/", &["get my\\ dir/x "]),
        ("get it", &["get it\\'s "]),
        ("get 'it", &["get 'it'\\''s' "]),
        ("get li", &["get link"]),
        ("get .", &["get .hidden "]),
        ("get ..", &["get ../"]),
        ("get -c -- -o", &["get -c -- ./-odd "]),
        ("get no^ x", &["get notes.txt"]),
        ("get notes.txt my", &["get notes.txt my\\ file "]),
        ("cd ", &["cd docs/", "cd link"]),
        ("get ~", &[]),
        ("gg no", &["gg notes.txt "]),
        ("nonsense no", &[]),
    ] {
        assert_eq!(at(line), want, "{line}");
    }
    let all = at("get ");
    assert!(!all.iter().any(|line| line.contains(".hidden")), "{all:?}");
}

#[test]
fn options_and_their_values_follow_from_the_definition() {
    for (line, want) in [
        ("get --ov", &["get --overwrite "][..]),
        ("get --overwrite=n", &["get --overwrite=newer ", "get --overwrite=no "]),
        ("get --output-dir=w", &["get --output-dir=work/"]),
        ("get --output-dir w", &["get --output-dir work/"]),
        ("get -O w", &["get -O work/"]),
        ("get -cO w", &["get -cO work/"]),
        ("get -O x no", &["get -O x notes.txt "]),
        ("get -o r", &["get -o report.pdf "]),
        ("put -O d", &["put -O docs/"]),
        ("put -o no", &["put -o notes.txt "]),
        ("put r", &["put report.pdf "]),
        ("put a", &["put a\\ b/"]),
        ("get -- --ov", &[]),
        ("get --nonsense=x", &[]),
    ] {
        assert_eq!(at(line), want, "{line}");
    }
    let options = at("get -");
    for option in ["get -c ", "get --continue ", "get -o ", "get --help "] {
        assert!(options.contains(&option.to_owned()), "{option} in {options:?}");
    }
}

#[test]
fn each_command_gets_what_it_wants() {
    for (line, want) in [
        ("open w", &["open work "][..]),
        ("open f", &["open ftp.example.org "]),
        ("connect f", &["connect ftp.example.org "]),
        ("open -u x [", &["open -u x \\[::1]:990 "]),
        ("lcd w", &["lcd work/"]),
        ("lcd r", &[]),
        ("lcd ~", &["lcd ~/"]),
        ("lcd ~/D", &["lcd ~/Down\\ loads/"]),
        ("set cmd:hist", &["set cmd:history-size "]),
        ("set history", &["set cmd:history-size "]),
        ("set net:order ipv6", &["set net:order ipv6 "]),
        ("set tls:backend n", &["set tls:backend native-tls "]),
        ("set backend/host n", &["set backend/host native-tls "]),
        ("set tls:ca-file r", &["set tls:ca-file report.pdf "]),
        ("set nonsense x", &[]),
        ("help tru", &["help trust "]),
        ("help ke", &["help keys "]),
        ("trust l", &["trust list "]),
        ("trust list f", &["trust list ftp.example.org "]),
        ("trust remove --f", &["trust remove --force "]),
        ("queue pu", &["queue put "]),
        ("queue -d get no", &["queue -d get notes.txt "]),
        ("queue get -c --ov", &["queue get -c --overwrite "]),
        ("queue queue cd do", &["queue queue cd docs/"]),
        ("alias g", &["alias gg "]),
        ("alias x g", &["alias x get ", "alias x gg "]),
        ("alias x get -O w", &["alias x get -O work/"]),
        ("get x > r", &["get x > report.pdf "]),
        ("get x >> w", &["get x >> work/"]),
        ("get x | sort work/", &["get x | sort work/z "]),
        ("! cat r", &["! cat report.pdf "]),
    ] {
        assert_eq!(at(line), want, "{line}");
    }
}

#[test]
fn hostile_names_are_not_offered_and_shown_to_nobody() {
    let names = ["ok", "e\x1b]0;x\x07", "a\nb", "r\u{202e}tl", "a/b", "..", "", "caf\u{f7e9}"];
    let sources = Sources {
        commands: &COMMANDS,
        aliases: &BTreeMap::new(),
        remote: &|_| {
            names.iter().map(|name| Name { name: (*name).into(), nature: Nature::File }).collect()
        },
        local: &|_| Vec::new(),
        sites: &Vec::new,
        bookmarks: &Vec::new,
        jobs: &Vec::new,
    };
    let (_, found) = complete_line("get ", 4, &sources);
    let shown: Vec<_> = found.iter().map(|one| one.display.as_str()).collect();
    assert_eq!(shown, ["caf\\xe9", "ok"]);
}

#[test]
fn jobs_are_completed_by_number_and_shown_with_what_they_are() {
    assert_eq!(at("kill "), ["kill 3 ", "kill 12 ", "kill all "]);
    assert_eq!(at("kill 1"), ["kill 12 "]);
    assert_eq!(at("kill 3 a"), ["kill 3 all "]);
}

#[test]
fn a_huge_directory_is_quick_and_never_more_than_the_editor_can_list() {
    for (count, most) in [(50_000, 50_000), (70_000, 1)] {
        let names: Vec<Name> = (0..count).map(|n| name(&format!("file-{n:06}"))).collect();
        let asked = RefCell::new(0);
        let sources = Sources {
            commands: &COMMANDS,
            aliases: &BTreeMap::new(),
            remote: &|_| {
                *asked.borrow_mut() += 1;
                names.clone()
            },
            local: &|_| Vec::new(),
            sites: &Vec::new,
            bookmarks: &Vec::new,
            jobs: &Vec::new,
        };
        let begun = std::time::Instant::now();
        let (_, found) = complete_line("get f", 5, &sources);
        assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_eq!((found.len(), *asked.borrow()), (most, 1));
        assert!(found[0].replacement.starts_with("file-0"));
        let (_, found) = complete_line("get file-00012", 14, &sources);
        assert_eq!(found.len(), 10);
    }
}

#[test]
fn no_line_and_no_cursor_is_too_odd() {
    for line in
        ["get '", "get \"a\\", "é", "((((", "get --=", "get --", "-", "set / ", "| |", "> ~"]
    {
        for pos in (0..=line.len() + 1).rev().take(20) {
            let sources = Sources {
                commands: &COMMANDS,
                aliases: &BTreeMap::from([
                    ("a".into(), "a b".into()),
                    ("q".into(), "queue q".into()),
                ]),
                remote: &|_| Vec::new(),
                local: &|_| Vec::new(),
                sites: &Vec::new,
                bookmarks: &Vec::new,
                jobs: &Vec::new,
            };
            complete_line(line, pos, &sources);
        }
    }
}
