//! The completion script for bash, with and without the bash-completion package.
//!
//! The tree comes in as tables: a `case` arm for each subcommand. The code around them joins the
//! words that bash split at `:`, `=` and `@`, and cuts that part off the candidates again. It
//! works from bash 3.2 on, where `compopt` is missing and file names are completed plainly.

use super::{Flag, Node, Positional, Values};

/// The script.
pub(super) fn bash_script(tree: &Node) -> String {
    let tables: String = tree.all_commands().into_iter().map(command_table).collect();
    FRAME.replace("@TABLES@\n", &tables)
}

/// One node: its options and what their values are, its subcommands, its arguments.
fn command_table(node: &Node) -> String {
    let options: Vec<_> = node.flags.iter().flat_map(|flag| &flag.names).cloned().collect();
    let words: Vec<_> = node.children.iter().flat_map(Node::option_words).collect();
    let valued: String = node.flags.iter().filter_map(case_arm_for_value).collect();
    let children: String = node.children.iter().map(case_arm_for_child).collect();
    let positionals: String = node.positionals.iter().map(positional_action).collect();
    let mut table = format!("        '{}')\n", node.path);
    table.push_str(&format!("            options='{}'\n", options.join(" ")));
    if !words.is_empty() {
        table.push_str(&format!("            subcommands='{}'\n", words.join(" ")));
    }
    if !positionals.is_empty() {
        table.push_str(&format!("            positionals=({})\n", positionals.trim_start()));
    }
    if !valued.is_empty() {
        table.push_str(&format!("            case $1 in\n{valued}            esac\n"));
    }
    if !children.is_empty() {
        table.push_str(&format!("            case $1 in\n{children}            esac\n"));
    }
    table + "            ;;\n"
}

fn case_arm_for_value(flag: &Flag) -> Option<String> {
    let (_, values) = flag.value.as_ref()?;
    let names = flag.names.join(" | ");
    Some(format!("                {names}) values='{}' ;;\n", value_action(values)))
}

fn case_arm_for_child(child: &Node) -> String {
    let words: Vec<_> = child.option_words().collect();
    format!("                {}) child='{}' ;;\n", words.join(" | "), child.path)
}

/// `...` after it means that it can be repeated.
fn positional_action(argument: &Positional) -> String {
    let again = if argument.repeatable { " '...'" } else { "" };
    format!(" '{}'{again}", value_action(&argument.values))
}

/// The word for `_ftpsh_candidates`.
fn value_action(values: &Values) -> String {
    match values {
        Values::Unknown => "unknown".into(),
        Values::Words(words) => {
            words.iter().fold("words".into(), |all, (word, _)| format!("{all} {word}"))
        }
        Values::Files => "files".into(),
        Values::Directories => "directories".into(),
        Values::Programs => "programs".into(),
        Values::Variables => "variables".into(),
        Values::Asked(what) => what.question_word().into(),
    }
}

const FRAME: &str = r##"# Completion of ftpsh for bash. Written by `ftpsh completions bash`.

# What can follow at a place: sets options, subcommands, positionals, and for the word $1 there
# values (if it is an option with a value) or child (if it is a subcommand).
_ftpsh_table() {
    options='' subcommands='' values='' child=''
    positionals=()
    case $node in
@TABLES@
    esac
}

# The words up to the cursor, in words and cword, joined where only bash's COMP_WORDBREAKS split.
_ftpsh_words() {
    local line=${COMP_LINE:0:COMP_POINT} word i
    words=() cword=-1
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i == 0)) || [[ $line == [[:blank:]]* ]]; then
            line=${line#"${line%%[![:blank:]]*}"}
            cword=$((cword + 1))
            words[cword]=''
        fi
        # What stands after the cursor does not count.
        ((i < COMP_CWORD)) || word=$line
        words[cword]+=$word
        line=${line#"$word"}
    done
}

# Adds to COMPREPLY what the kind of values $1 offers for the word $2, with $3 before each.
_ftpsh_candidates() {
    local reply word=$2
    case $1 in
        files | directories)
            # As it was typed, without quotes.
            word=${word#[\"\']}
            word=${word//\\/}
            compopt -o filenames 2>/dev/null
            ;;
    esac
    while IFS= read -r reply; do
        [[ -n $reply ]] && COMPREPLY+=("$3$reply")
    done < <(
        case $1 in
            files) compgen -f -- "$word" ;;
            directories) compgen -d -- "$word" ;;
            programs) compgen -c -- "$word" ;;
            variables) compgen -A export -- "$word" ;;
            targets | servers | settings)
                "${program/#\~\//$HOME/}" __complete "$1" -- "$word" 2>/dev/null </dev/null
                ;;
            words*) compgen -W "${1#words}" -- "$word" ;;
        esac
    )
}

_ftpsh() {
    local program=$1 node=ftpsh taken=0 plain='' waiting='' i word cur head
    local words cword options subcommands values child positionals
    COMPREPLY=()
    _ftpsh_words
    cur=${words[cword]}
    for ((i = 1; i < cword; i++)); do
        word=${words[i]}
        if [[ -n $waiting ]]; then
            waiting=''
        elif [[ -z $plain && $word == -- ]]; then
            plain=1
        elif [[ -z $plain && $word == -?* ]]; then
            _ftpsh_table "$word"
            waiting=$values
        else
            _ftpsh_table "$word"
            # A subcommand is one only where nothing stands before it.
            if [[ -z $plain && $taken == 0 && -n $child ]]; then
                node=$child
            else
                taken=$((taken + 1))
            fi
        fi
    done

    _ftpsh_table ''
    if [[ -n $waiting ]]; then
        _ftpsh_candidates "$waiting" "$cur" ''
    elif [[ -z $plain && $cur == --*=* ]]; then
        head=${cur%%=*}
        _ftpsh_table "$head"
        [[ -n $values ]] && _ftpsh_candidates "$values" "${cur#*=}" "$head="
    elif [[ -z $plain && $cur == -* ]]; then
        _ftpsh_candidates "words $options" "$cur" ''
    else
        if [[ $taken == 0 && -z $plain ]]; then
            _ftpsh_candidates "words $subcommands" "$cur" ''
        fi
        # The last one may stand again and again.
        i=${#positionals[@]}
        if ((i > 1 && taken >= i - 1)) && [[ ${positionals[i - 1]} == ... ]]; then
            taken=$((i - 2))
        fi
        word=${positionals[taken]}
        [[ -n $word && $word != ... ]] && _ftpsh_candidates "$word" "$cur" ''
    fi

    # No blank after what goes on, such as `net:timeout=`.
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    # bash replaces only what stands after the last of its word breaks.
    head=''
    for ((i = 0; i < ${#cur}; i++)); do
        word=${cur:i:1}
        [[ $word == [:=@] && $COMP_WORDBREAKS == *"$word"* ]] && head=${cur:0:i+1}
    done
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=${COMPREPLY[i]#"$head"}
    done
}

complete -F _ftpsh ftpsh
"##;
