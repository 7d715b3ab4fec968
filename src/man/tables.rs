//! Sections of the man page generated from tables: subcommands, settings, JSON, exit status.

use super::commands::{option_item, subcommand_section};
use super::page::Page;
use crate::error::Kind;
use crate::settings::SETTINGS;

/// OPTIONS: the program's options, under their headings.
pub(super) fn option_table(page: &mut Page, program: &clap::Command) {
    page.start_section("Options");
    let mut heading = None;
    for arg in program.get_arguments().filter(|arg| !arg.is_hide_set()) {
        if arg.get_help_heading() != heading {
            heading = arg.get_help_heading();
            page.subsection(heading.unwrap_or("Others"));
        }
        option_item(page, arg);
    }
}

/// SUBCOMMANDS: the alternatives to opening a shell.
pub(super) fn subcommand_table(page: &mut Page, program: &clap::Command) {
    let mut program = program.clone();
    program.build();
    page.start_section("Subcommands");
    page.write_text(
        "The options for login, certificates and output, and those under General, can also be \
         given after a subcommand.",
    );
    for child in program.get_subcommands_mut().filter(|child| !child.is_hide_set()) {
        if child.has_subcommands() {
            for inner in child.get_subcommands_mut().filter(|inner| !inner.is_hide_set()) {
                subcommand_section(page, inner);
            }
        } else {
            subcommand_section(page, child);
        }
    }
}

/// SETTINGS: every row of the table.
pub(super) fn setting_table(page: &mut Page) {
    super::write_topic(page, "settings");
    for row in SETTINGS {
        let default = if row.default.is_empty() { "empty" } else { row.default };
        let mark = if row.per_host { " +" } else { "" };
        let help = format!("{}. Takes {}.", capitalized(row.help), row.kind.describe());
        page.write_item(&format!("`{}` ({default}){mark}", row.name), &help);
    }
}

/// A type of JSON object: its name, when it is written, and its fields with descriptions.
pub(super) type Object = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The objects of `--json`.
pub(super) const OBJECTS: &[Object] = &[
    (
        "entry",
        "a file, directory or link of a listing",
        &[
            ("name", "the last component of the path"),
            ("path", "the whole remote path"),
            ("kind", "`file`, `directory`, `link` or `other`"),
            ("size", "bytes"),
            ("modified", "modification time; only if known to the minute, and with its time zone"),
            (
                "modified_text",
                "the modification time as far as the server said it: by its own clock, or with Z in UTC",
            ),
            ("modified_precision", "`second`, `minute` or `day`"),
            ("mode", "permission bits as octal text, `0644`"),
            ("owner", "the owner, by name or number"),
            ("group", "the group, by name or number"),
            ("target", "where a link points"),
        ],
    ),
    (
        "transfer",
        "the transfer of one file, when it has finished",
        &[
            ("direction", "`download`, `upload` or `copy`"),
            ("remote", "the remote path, or a URL"),
            ("local", "the local path, or the other URL"),
            ("bytes", "bytes transferred in this run"),
            ("seconds", "how long it took"),
            ("resumed_from", "the offset at which it was resumed"),
            ("status", "`ok`, or the kind of failure, as in `error`"),
        ],
    ),
    ("text", "a line of a command's other output", &[("text", "the line")]),
    (
        "text",
        "a check of `doctor`",
        &[
            ("text", "mark, check and result in one line"),
            ("check", "what was tested: `dns`, `certificate`, `epsv` …"),
            ("mark", "`ok`, `note`, `bad` or `skip`"),
            ("seen", "what was seen"),
            ("meaning", "what that means"),
            ("advice", "what the user can do"),
            ("server", "what the server's administrator can do"),
        ],
    ),
    (
        "trust",
        "a server of the trust store, or a decision about one",
        &[
            (
                "action",
                "`listed`, `added`, `removed`, `renewed`, `updated`, `imported`, `exported`, `scanned`",
            ),
            ("host", "host name or address"),
            ("port", "port of the control connection"),
            ("fingerprint", "of the certificate"),
            ("public_key", "fingerprint of the public key"),
            ("first_seen", "when it was accepted"),
            ("last_seen", "when it was last seen"),
            ("reason", "why it was accepted"),
            ("exceptions", "`expired`, `early`, `name`: problems that were accepted"),
            ("store", "`user` or `system`: which file it is in"),
            ("expires", "when the certificate expires, if it was presented"),
            ("problems", "why the system's CA roots do not verify it, if it was presented"),
        ],
    ),
    (
        "job",
        "a background job",
        &[
            ("id", "its number"),
            ("command", "its command line, without secrets"),
            ("state", "`running`, `queued`, `done`, `failed`, `killed`"),
            ("exit", "its exit status, once it has ended"),
            ("bytes", "bytes transferred"),
        ],
    ),
    (
        "error",
        "a failure",
        &[
            ("kind", "the cause's name, see EXIT STATUS"),
            ("message", "the message"),
            ("hint", "what to do"),
            ("reply", "the server's reply"),
            ("exit", "the exit status of this cause"),
        ],
    ),
    (
        "summary",
        "the last object of a run",
        &[
            ("commands", "commands run"),
            ("failed", "commands that failed"),
            ("files", "files transferred"),
            ("bytes", "bytes transferred"),
            ("exit", "the exit status"),
        ],
    ),
];

/// OUTPUT: the streams, and the objects of `--json`.
pub(super) fn output_table(page: &mut Page) {
    page.start_section("Output");
    page.write_text(super::text::OUTPUT);
    for (name, about, fields) in OBJECTS {
        let fields: Vec<_> =
            fields.iter().map(|(name, meaning)| format!("`{name}` ({meaning})")).collect();
        page.write_item(
            &format!("`{name}`"),
            &format!("{}. {}.", capitalized(about), fields.join(", ")),
        );
    }
}

/// EXIT STATUS: every kind of error, with its name in JSON.
pub(super) fn exit_status_table(page: &mut Page) {
    page.start_section("Exit status");
    page.write_text(
        "The exit status is that of the first failure. The word in parentheses is its kind in JSON.",
    );
    page.write_item("`0`", "Success.");
    for kind in Kind::ALL {
        let text = format!("{} (`{}`)", kind.help().trim_end_matches('.'), kind.name());
        page.write_item(&format!("`{}`", kind.exit()), &text);
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect::<String>())
}
