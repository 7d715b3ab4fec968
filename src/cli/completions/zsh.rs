//! The completion script for zsh: `_arguments` specifications for every subcommand.
//!
//! The tree comes in; one function a node goes out, and three that ask the program for what the
//! user's files hold. Help texts become descriptions.

use super::{Flag, Node, Positional, Values};

/// The script.
pub(super) fn zsh_script(tree: &Node) -> String {
    let functions: Vec<_> = tree.all_commands().into_iter().map(command_function).collect();
    FRAME.replace("@FUNCTIONS@\n", &functions.join("\n"))
}

/// The name of a node's function: `_ftpsh_trust_show`.
fn function_name(node: &Node) -> String {
    format!("_{}", node.path.replace(' ', "_"))
}

fn command_function(node: &Node) -> String {
    let name = function_name(node);
    let lines = |specs: &[String]| -> String {
        specs.iter().map(|spec| format!("        {spec}\n")).collect()
    };
    let options: Vec<_> = node.flags.iter().flat_map(flag_spec).collect();
    let mut text = format!("{name}() {{\n");
    if node.children.is_empty() {
        let all: Vec<_> =
            options.into_iter().chain(node.positionals.iter().map(positional_spec)).collect();
        text.push_str(&format!("    local -a specs=(\n{}    )\n", lines(&all)));
        return text + "    _arguments -s -S $specs\n}\n";
    }
    if node.path == node.name {
        text.push_str("    # As it was typed; the words are others within subcommands.\n");
        text.push_str("    local ftpsh_program=$words[1]\n");
    }
    text.push_str("    local context state state_descr line result=1\n    typeset -A opt_args\n");
    text.push_str(&format!("    local -a options=(\n{}    )\n", lines(&options)));
    text.push_str(&format!(
        "    _arguments -C -s -S $options '1: :{name}_first' '*:: :->rest' && result=0\n"
    ));
    text.push_str("    if [[ $state == rest ]]; then\n        case $line[1] in\n");
    for child in &node.children {
        let words: Vec<_> = child.option_words().collect();
        let (words, name) = (words.join("|"), function_name(child));
        text.push_str(&format!("            {words}) {name} && result=0 ;;\n"));
    }
    if !node.positionals.is_empty() {
        text.push_str("            *) _arguments -s -S $options && result=0 ;;\n");
    }
    text.push_str("        esac\n    fi\n    return result\n}\n\n");
    text + &first_sentence(node)
}

/// The function for the first word: a subcommand, or the argument that is allowed there instead.
fn first_sentence(node: &Node) -> String {
    let mut text = format!("{}_first() {{\n    local -a subcommands=(\n", function_name(node));
    for child in &node.children {
        for word in child.option_words() {
            text.push_str(&format!("        '{word}:{}'\n", single_quoted(&child.help)));
        }
    }
    text.push_str("    )\n    local result=1\n");
    text.push_str("    _describe -t subcommands subcommand subcommands && result=0\n");
    if let Some(argument) = node.positionals.first() {
        text.push_str(&format!("    {} && result=0\n", value_action(&argument.values).trim()));
    }
    text + "    return result\n}\n"
}

/// A specification for each name of an option; each shuts out the others.
fn flag_spec(flag: &Flag) -> Vec<String> {
    let spec = |name: &String| {
        let (star, others) = match flag.repeatable {
            true => ("*", String::new()),
            false => ("", format!("({})", flag.names.join(" "))),
        };
        let joint = match &flag.value {
            None => "",
            Some(_) if name.starts_with("--") => "=",
            Some(_) => "+",
        };
        let value = match &flag.value {
            None => String::new(),
            Some((name, values)) => format!(":{}:{}", escape_text(name), value_action(values)),
        };
        format!("'{others}{star}{name}{joint}[{}]{value}'", escape_text(&flag.help))
    };
    flag.names.iter().map(spec).collect()
}

fn positional_spec(argument: &Positional) -> String {
    let place = match (argument.repeatable, argument.required) {
        (true, _) => "*:",
        (_, true) => ":",
        (_, false) => "::",
    };
    format!("'{place}{}:{}'", escape_text(&argument.placeholder), value_action(&argument.values))
}

/// The action of a specification.
fn value_action(values: &Values) -> String {
    match values {
        Values::Unknown => " ".into(),
        Values::Words(words) => {
            let within = |help: &str| escape_text(help).replace('"', "\\\"").replace('`', "\\`");
            let one = |(word, help): &(String, String)| format!("{word}\\:\"{}\"", within(help));
            format!("(({}))", words.iter().map(one).collect::<Vec<_>>().join(" "))
        }
        Values::Files => "_files".into(),
        Values::Directories => "_files -/".into(),
        Values::Programs => "_cmdstring".into(),
        Values::Variables => "_parameters -g \"*export*\"".into(),
        Values::Asked(what) => format!("_ftpsh_ask {}", what.question_word()),
    }
}

/// Text within a specification within single quotes.
fn escape_text(text: &str) -> String {
    single_quoted(text).replace('[', "\\[").replace(']', "\\]")
}

/// Text within `word:description` within single quotes.
fn single_quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "'\\''").replace(':', "\\:")
}

const FRAME: &str = r##"#compdef ftpsh
# Completion of ftpsh for zsh. Written by `ftpsh completions zsh`.

# Asks the program, which reads only the user's files, for targets, servers or settings. That word
# comes last; before it may come options for compadd.
_ftpsh_ask() {
    local what=$argv[-1] result=1
    local -a found=("${(@f)$(_call_program $what $ftpsh_program __complete $what -- "${(q)PREFIX}" 2>/dev/null)}")
    found=(${found:#})
    local -a open=(${(M)found:#*=}) whole=(${found:#*=})
    # No blank after `net:timeout=`.
    (( $#open )) && compadd "${(@)argv[1,-2]}" -S '' -a open && result=0
    (( $#whole )) && compadd "${(@)argv[1,-2]}" -a whole && result=0
    return result
}

@FUNCTIONS@

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _ftpsh "$@"
else
    compdef _ftpsh ftpsh
fi
"##;
