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
use crate::error::{Error, Kind, Result};

/// The date in the page's footer: the last review of its written text.
const DATE: &str = "2026-11-20";

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
    tables::option_table(&mut rest, &definition);
    tables::subcommand_table(&mut rest, &definition);
    rest.start_section("The shell language");
    rest.write_text(text::LANGUAGE);
    rest.start_section("Prompt (keys)");
    rest.write_text(text::PROMPT);
    for (key, explanation) in crate::commands::KEYS {
        rest.write_item(&format!("`{}`", key.trim_end()), explanation);
    }
    commands::all_commands(&mut rest);
    tables::setting_table(&mut rest);
    for (title, text) in text::BEHAVIOUR {
        rest.start_section(title);
        rest.write_text(text);
    }
    coming_from::sections(&mut rest);
    tables::output_table(&mut rest);
    tables::exit_status_table(&mut rest);
    for (title, text) in text::CLOSING {
        rest.start_section(title);
        rest.write_text(text);
    }
    Ok(head + &rest.into_roff())
}

#[cfg(test)]
mod tests;
