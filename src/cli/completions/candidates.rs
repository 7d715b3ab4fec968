//! `ftpsh __complete`: what the completion scripts ask of the program, one candidate a line.
//!
//! The word under the cursor comes in; whole words that begin with it go out. Only the bookmarks
//! and the known servers are read: no network, no question, and a file that cannot be read is
//! no candidate and no message, because a Tab must never disturb the line being typed.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};

use crate::bookmarks::{self, is_for_shells};
use crate::error::Result;
use crate::fs::app_dirs::AppDirs;
use crate::output::Output;
use crate::settings::{LFTP_SETTINGS, SETTINGS, resolve};
use crate::trust::entry::host_and_port;
use crate::trust::store::TrustStore;

/// What a script asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Bookmarks, and hosts or URLs of known servers
    Targets,
    /// Known servers as the trust store names them
    Servers,
    /// `NAME=`, and after that, `NAME=VALUE`
    Settings,
}

impl What {
    /// The word on the command line.
    pub(super) const fn question_word(self) -> &'static str {
        match self {
            What::Targets => "targets",
            What::Servers => "servers",
            What::Settings => "settings",
        }
    }
}

/// The question of a completion script.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CompleteArgs {
    /// What is wanted
    pub what: What,
    /// The beginning of the word
    #[arg(default_value = "", allow_hyphen_values = true)]
    pub word: String,
}

/// Prints the candidates.
pub fn print_candidates(question: &CompleteArgs, out: &Output) -> Result<()> {
    let home = AppDirs::from_environment(|name| std::env::var_os(name));
    let (bookmarks, servers) = match (&home, question.what) {
        (Ok(home), What::Targets | What::Servers) => (
            bookmarks::list_bookmarks(home)
                .unwrap_or_default()
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
            TrustStore::new(home.known_servers()).user_entries().unwrap_or_default(),
        ),
        _ => (Vec::new(), Vec::new()),
    };
    let servers: Vec<_> = servers.into_iter().map(|entry| (entry.host, entry.port)).collect();
    let words = match question.what {
        What::Targets => target_names(&question.word, &bookmarks, &servers),
        What::Servers => servers.iter().map(|(host, port)| known_server(host, *port)).collect(),
        What::Settings => setting_names(&question.word),
    };
    // A control character would be a second line, or a second candidate; and bash puts a word on
    // the command line as it is. IPv6 addresses have brackets.
    let odd =
        |c: char| c.is_control() || c.is_whitespace() || (is_for_shells(c) && !"[]%=".contains(c));
    let fits = |word: &&String| {
        let rest = word.strip_prefix(&question.word);
        rest.is_some_and(|rest| !rest.contains(odd)) && !word.starts_with('-')
    };
    for word in words.iter().filter(fits) {
        out.data(format!("{word}\n").as_bytes())?;
    }
    Ok(())
}

/// Bookmarks and servers; after `ftps://`, `bob@` and the like only servers, with that before them.
pub(super) fn target_names(
    word: &str,
    bookmarks: &[String],
    servers: &[(String, u16)],
) -> BTreeSet<String> {
    let user = word.rfind('@').map(|at| at + 1);
    let scheme = word.find("://").map(|at| at + 3);
    let Some(end) = user.max(scheme) else {
        let known = servers.iter().map(|(host, port)| match port {
            990 => format!("ftps://{}", bracketed_host(host)),
            _ => known_server(host, *port),
        });
        return bookmarks.iter().cloned().chain(known).collect();
    };
    let (before, _) = word.split_at(end);
    let usual = if before.starts_with("ftps://") { 990 } else { 21 };
    let known = servers.iter().map(|(host, port)| match *port {
        port if port == usual => format!("{before}{}", bracketed_host(host)),
        port => format!("{before}{}", host_and_port(host, port)),
    });
    known.collect()
}

/// A server as `trust show` and TARGET take it; port 21 goes without saying.
fn known_server(host: &str, port: u16) -> String {
    if port == 21 { bracketed_host(host) } else { host_and_port(host, port) }
}

fn bracketed_host(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// `NAME=` of every setting; the values where a setting is named already (`NAME/HOST=` too).
pub(super) fn setting_names(word: &str) -> BTreeSet<String> {
    let Some((name, _)) = word.split_once('=') else {
        // Those of lftp where a group is named: they would hide ours.
        let of_lftp = LFTP_SETTINGS.iter().filter(|_| word.contains(':'));
        let names = SETTINGS.iter().map(|row| row.name).chain(of_lftp.map(|row| row.name));
        return names.map(|name| format!("{name}=")).collect();
    };
    let setting = name.split_once('/').map_or(name, |(setting, _)| setting);
    let words = resolve(setting).map_or(&[][..], |row| row.kind.choices());
    words.iter().map(|value| format!("{name}={value}")).collect()
}
