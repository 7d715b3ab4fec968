//! The man page: written text, and sections generated from the tables of the program.
//!
//! Generated as roff from the definitions (command line, commands, settings, error kinds) as far as
//! possible, so that the page always agrees with the program.

mod coming_from;
mod commands;
mod page;
mod tables;
mod text;

use clap::CommandFactory as _;
use clap_mangen::Man;

use self::page::Page;
use crate::cli::Cli;
use crate::commands::find_topic;
use crate::error::{Error, Kind, Result};

/// The date in the page's footer: the last review of its written text.
const DATE: &str = "2026-11-22";

/// The man page as roff.
///
/// # Errors
/// [`Kind::Other`] if a part cannot be rendered.
pub fn man_page() -> Result<String> {
    let mut definition = Cli::command();
    definition.build();
    let man = Man::new(definition.clone())
        .title("FTPSH")
        .section("1")
        .date(DATE)
        .source(format!("ftpsh {}", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let mut roff = Vec::new();
    let head = man
        .render_title(&mut roff)
        .and_then(|()| man.render_name_section(&mut roff))
        .and_then(|()| man.render_synopsis_section(&mut roff))
        .and_then(|()| man.render_description_section(&mut roff));
    head.map_err(|why| Error::new(Kind::Other, format!("man page: {why}")))?;
    let head = String::from_utf8_lossy(&roff).into_owned();

    let mut rest = Page::default();
    write_topic(&mut rest, "tour");
    tables::option_table(&mut rest, &definition);
    tables::subcommand_table(&mut rest, &definition);
    write_topic(&mut rest, "scripts");
    write_topic(&mut rest, "keys");
    commands::all_commands(&mut rest);
    tables::setting_table(&mut rest);
    for name in ["passwords", "trust", "transfers", "manifests"] {
        write_topic(&mut rest, name);
    }
    coming_from::sections(&mut rest);
    write_topic(&mut rest, "gaps");
    tables::output_table(&mut rest);
    tables::exit_status_table(&mut rest);
    for (title, text) in text::CLOSING {
        rest.start_section(title);
        rest.write_text(text);
    }
    Ok(head + &rest.into_roff())
}

/// A topic of `help` as a section.
fn write_topic(page: &mut Page, name: &str) {
    if let Some(topic) = find_topic(name) {
        page.start_section(topic.title);
        page.write_text(&topic.text());
    }
}

#[cfg(test)]
mod tests;
