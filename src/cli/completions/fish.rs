//! The completion script for fish: a `complete` line for every option, argument and subcommand.
//!
//! The tree comes in. Each line has a condition: the subcommand that the words before the cursor
//! lead to, and for arguments how many there are already.

use super::{Flag, Node, Values};

/// The script.
pub(super) fn fish_script(tree: &Node) -> String {
    let nodes = tree.all_commands();
    let cases: String = nodes.iter().map(|node| place_cases(node)).collect();
    let lines: String = nodes.iter().map(|node| command_lines(node)).collect();
    FRAME.replace("@CASES@\n", &cases).replace("@LINES@\n", &lines)
}

/// What a word behind this node's words is: an option whose value follows, or a subcommand.
fn place_cases(node: &Node) -> String {
    let mut text = String::new();
    let valued = node.flags.iter().filter(|flag| flag.value.is_some());
    let names: Vec<_> = valued
        .flat_map(|flag| &flag.names)
        .map(|name| format!(" '{} {name}'", node.path))
        .collect();
    if !names.is_empty() {
        text.push_str(&format!("            case{}\n                set skip 1\n", names.concat()));
    }
    for child in &node.children {
        let words: String = child.option_words().map(|w| format!(" '{} {w}'", node.path)).collect();
        text.push_str(&format!(
            "            case{words}\n                test $count = 0; and set path '{}'\n",
            child.path
        ));
    }
    text
}

fn command_lines(node: &Node) -> String {
    let at = |index: &str| format!("complete -c ftpsh -n \"__ftpsh_at '{}'{index}\"", node.path);
    let mut text = String::new();
    for flag in &node.flags {
        text.push_str(&format!("{}{}\n", at(""), flag_arguments(flag)));
    }
    for child in &node.children {
        for word in child.option_words() {
            let help = single_quoted(&child.help);
            text.push_str(&format!("{} -a '{word}' -d '{help}'\n", at(" 0")));
        }
    }
    for (index, argument) in node.positionals.iter().enumerate() {
        let more = if argument.repeatable { "+" } else { "" };
        if let Some(values) = value_arguments(&argument.values) {
            text.push_str(&format!("{}{values}\n", at(&format!(" {index}{more}"))));
        }
    }
    text
}

fn flag_arguments(flag: &Flag) -> String {
    let mut text = String::new();
    for name in &flag.names {
        match name.strip_prefix("--") {
            Some(long) => text.push_str(&format!(" -l {long}")),
            None => text.push_str(&format!(" -s {}", name.trim_start_matches('-'))),
        }
    }
    if let Some((_, values)) = &flag.value {
        text.push_str(" -r");
        text.push_str(&value_arguments(values).unwrap_or_else(|| " -f".into()));
    }
    format!("{text} -d '{}'", single_quoted(&flag.help))
}

/// What is offered as a value; `None` for nothing.
fn value_arguments(values: &Values) -> Option<String> {
    let offered = match values {
        Values::Unknown => return None,
        Values::Files => return Some(" -F".into()),
        Values::Words(words) => {
            let within =
                |help: &str| help.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            let one = |(word, help): &(String, String)| format!("{word}\\t\"{}\"", within(help));
            words.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        Values::Directories => "(__fish_complete_directories (commandline -ct))".into(),
        Values::Programs => "(__fish_complete_command)".into(),
        Values::Variables => "(set -nx)".into(),
        Values::Asked(what) => format!("(__ftpsh_ask {})", what.question_word()),
    };
    Some(format!(" -f -a '{}'", single_quoted(&offered)))
}

/// Text within single quotes.
fn single_quoted(text: &str) -> String {
    // In single quotes only these two are escaped; a tab is literal.
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

const FRAME: &str = r##"# Completion of ftpsh for fish. Written by `ftpsh completions fish`.

# Asks the program, which reads only the user's files, for targets, servers or settings.
function __ftpsh_ask
    set -l program (commandline -opc)[1]
    set -l word (string replace -r '^--[^=]*=' '' -- (commandline -ct))
    $program __complete $argv[1] -- "$word" 2>/dev/null
end

# The subcommand that the words before the cursor lead to, and how many arguments it has already.
function __ftpsh_place
    set -l path ftpsh
    set -l count 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        set -l before $path
        switch "$path $word"
@CASES@
            case '* -*'
                continue
        end
        if test $skip = 0 -a "$path" = "$before"
            set count (math $count + 1)
        end
    end
    echo $path
    echo $count
end

# Whether the cursor is behind this subcommand; with a number, at that argument of it, with `N+` at
# that one or a later one.
function __ftpsh_at
    set -l place (__ftpsh_place)
    test "$place[1]" = "$argv[1]"; or return 1
    switch "$argv[2]"
        case ''
            return 0
        case '*+'
            test $place[2] -ge (string replace + '' -- $argv[2])
        case '*'
            test $place[2] = $argv[2]
    end
end

complete -c ftpsh -f
@LINES@
"##;
