//! COMMANDS of the man page: every entry of the registry, by group.

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use super::page::Page;
use crate::commands::{COMMANDS, Group, Spec};

/// Commands, and others that have the same options: those are described once.
const SAME_OPTIONS: &[(&str, &[&str])] =
    &[("get", &["reget", "pget"]), ("put", &["reput"]), ("ls", &["dir", "cls", "nlist"])];

/// The section.
pub(super) fn all_commands(page: &mut Page) {
    page.start_section("Commands");
    page.write_text(
        "A command is known by its name, by its other names, and by the beginning of one if no \
         other command begins so. Every command takes `--help`.",
    );
    for (group, title) in Group::ALL {
        let mut specs = COMMANDS.iter().filter(|spec| spec.group == group).peekable();
        if specs.peek().is_some() {
            page.subsection(title);
        }
        for spec in specs {
            command_section(page, spec);
        }
    }
}

fn command_section(page: &mut Page, spec: &Spec) {
    let mut definition = spec.definition();
    definition.build();
    page.write_synopsis(&usage_line(&mut definition));
    page.write_indented(|page| {
        if !spec.aliases.is_empty() {
            page.write_text(&format!("Also: {}.", bold_words(spec.aliases)));
        }
        page.write_text(&about_text(&definition));
        let like = SAME_OPTIONS.iter().find(|(_, names)| names.contains(&spec.name));
        let like = like.and_then(|(like, _)| COMMANDS.iter().find(|spec| spec.name == *like));
        let known = like.map(|spec| spec.definition());
        let is_known = |arg: &&Arg| {
            let known = known.iter().flat_map(clap::Command::get_arguments);
            known
                .filter(|known| known.get_id() == arg.get_id())
                .any(|k| help_text(k) == help_text(arg))
        };
        let own = definition.get_arguments().filter(|arg| !is_known(arg));
        own.for_each(|arg| option_item(page, arg));
        if let Some(like) = like {
            page.write_text(&format!("Also takes the options and arguments of `{}`.", like.name));
        }
        for child in definition.get_subcommands_mut().filter(|child| !child.is_hide_set()) {
            subcommand_section(page, child);
        }
        page.write_text("Examples:");
        for example in spec.examples {
            page.write_item(&format!("`{}`", example.line), &with_full_stop(example.about));
        }
    });
}

/// One subcommand: an item with its options, a sentence each.
pub(super) fn subcommand_section(page: &mut Page, definition: &mut Command) {
    let usage = usage_line(definition);
    page.write_item(&format!("`{usage}`"), &about_text(definition));
    for arg in definition.get_arguments().filter(|arg| shown_arguments(arg) && !arg.is_global_set())
    {
        page.continue_item(&format!("`{}`: {}", term_text(arg), help_text(arg)));
    }
}

/// `get [OPTIONS] <FILE>...`, without `Usage:`.
fn usage_line(definition: &mut Command) -> String {
    let usage = definition.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    usage.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn about_text(definition: &Command) -> String {
    let about = definition.get_long_about().or_else(|| definition.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    about.split("\n\n").map(with_full_stop).collect::<Vec<_>>().join("\n\n")
}

/// An option or argument: one item.
pub(super) fn option_item(page: &mut Page, arg: &Arg) {
    if shown_arguments(arg) {
        page.write_item(&format!("`{}`", term_text(arg)), &help_text(arg));
    }
}

fn shown_arguments(arg: &Arg) -> bool {
    !arg.is_hide_set() && arg.get_id() != "help" && !help_text(arg).is_empty()
}

/// `-o, --output NAME`, or the placeholder of an argument without a name.
fn term_text(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let placeholder = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if arg.is_positional() {
        return if placeholder.is_empty() { arg.get_id().to_string() } else { placeholder };
    }
    let short = arg.get_short().map(|letter| format!("-{letter}"));
    let long = arg.get_long().map(|word| format!("--{word}"));
    let words: Vec<_> = short.into_iter().chain(long).collect();
    let value = match (arg.get_action().takes_values(), arg.is_require_equals_set()) {
        (false, _) => String::new(),
        (true, true) => format!("[={placeholder}]"),
        (true, false) => format!(" {placeholder}"),
    };
    format!("{}{value}", words.join(", "))
}

fn help_text(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let mut text = help.split("\n\n").map(with_full_stop).collect::<Vec<_>>().join(" ");
    let words = arg.get_possible_values();
    if !words.is_empty() && arg.get_action().takes_values() {
        let words: Vec<_> = words.iter().map(value_name).collect();
        text.push_str(&format!(" One of {}.", words.join("; ")));
    }
    text
}

/// A possible value of an option, and its meaning.
fn value_name(word: &PossibleValue) -> String {
    match word.get_help() {
        Some(help) if !help.to_string().eq_ignore_ascii_case(word.get_name()) => {
            format!("`{}` ({help})", word.get_name())
        }
        _ => format!("`{}`", word.get_name()),
    }
}

/// Appends a full stop, unless the text is empty or ends in one.
fn with_full_stop(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', ':', '?', '!']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

fn bold_words(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
