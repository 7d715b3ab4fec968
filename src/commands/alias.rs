//! `alias` and `unalias`: names for commands.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::{Error, Result};
use crate::shell_quote;
use crate::suggest::closest_match;

/// Define an alias for a command, or list the aliases
///
/// Words after an alias are appended to its text. Inside its own text, its name means the command,
/// so an alias can extend a command of the same name.
#[derive(Debug, Parser)]
pub struct Alias {
    /// NAME, or NAME=TEXT
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The definition: a command with arguments, or commands in quotes
    #[arg(value_name = "TEXT", trailing_var_arg = true, allow_hyphen_values = true)]
    text: Vec<String>,
}

impl Builtin for Alias {
    const NAME: &'static str = "alias";
    const GROUP: Group = Group::Shell;
    const GLOBS: Globs = Globs::Source;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "alias l lls -l", about: "l lists the local directory" },
        Example { line: "alias wait='sleep 0.1; lpwd'; wait", about: "two commands in one" },
        Example { line: "alias", about: "list the aliases" },
    ];

    fn check(&self) -> Result<()> {
        match self.name_and_text() {
            Some((name, Some(text))) => {
                let odd = |c: char| c.is_whitespace() || "'\"\\;&|<>()#*?[{~!=".contains(c);
                if name.is_empty() || name.starts_with('-') || name.contains(odd) {
                    return Err(Error::usage(format!("alias: {name:?} cannot be a name")));
                }
                match text.trim().is_empty() {
                    true => Err(Error::usage(format!("alias {name}: no text"))
                        .with_hint(format!("`unalias {name}` removes it"))),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        if let Some((name, Some(text))) = self.name_and_text() {
            script.aliases.insert(name, text);
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        match self.name_and_text() {
            Some((name, Some(text))) => {
                ctx.aliases.insert(name, text);
            }
            Some((name, None)) => {
                let text =
                    ctx.aliases.get(&name).ok_or_else(|| unknown_alias("alias", &name, ctx))?;
                ctx.out.line(&definition_text(&name, text, ctx))?;
            }
            None => {
                for (name, text) in &ctx.aliases {
                    ctx.out.line(&definition_text(name, text, ctx))?;
                }
            }
        }
        Ok(())
    }
}

impl Alias {
    /// The name, and the text where there is one: `NAME TEXT…` or `NAME=TEXT…`.
    fn name_and_text(&self) -> Option<(String, Option<String>)> {
        let name = shell_quote::unquote_word(self.name.as_deref()?);
        let Some((name, first)) = name.split_once('=') else {
            let text = (!self.text.is_empty()).then(|| shell_quote::script_from_words(&self.text));
            return Some((name, text));
        };
        let mut text = vec![first.to_owned()];
        text.extend(self.text.iter().cloned());
        Some((name.to_owned(), Some(shell_quote::script_from_words(&text))))
    }
}

/// A line that defines the alias again, but for secrets in it.
fn definition_text(name: &str, text: &str, ctx: &Context) -> String {
    let shown = (ctx.redact)(text).unwrap_or_else(|| "…".to_owned());
    format!("alias {name} {}", quoted_definition(&shown))
}

/// A text of one plain word could be read without quotes as well, but all look the same this way.
fn quoted_definition(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn unknown_alias(command: &str, name: &str, ctx: &Context) -> Error {
    let error = Error::usage(format!("{command}: no alias {name:?}"));
    match closest_match(name, ctx.aliases.keys().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint("`alias` lists them"),
    }
}

/// Remove aliases
#[derive(Debug, Parser)]
pub struct Unalias {
    /// The names
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

impl Builtin for Unalias {
    const NAME: &'static str = "unalias";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "alias l lls -l; unalias l", about: "define an alias and remove it" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        for name in &self.names {
            if ctx.aliases.remove(name).is_none() {
                return Err(unknown_alias("unalias", name, ctx).into());
            }
        }
        Ok(())
    }
}
