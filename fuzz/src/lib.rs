//! What must hold of ftpsh's parsers, whatever bytes they are given.
//!
//! One file a target, each with a function `check`: bytes in, a panic where a promise is broken.
//! cargo-fuzz runs them for long (`make fuzz`), tests/it/fuzz.rs for short with changed seeds.
//! A new target is a file here, a row in [`TARGETS`], a file in `fuzz_targets`, a `[[bin]]` in
//! Cargo.toml and at least one seed in `seeds`; a test looks that none of them is forgotten.

pub mod common;
pub mod completer;
pub mod features;
pub mod history;
pub mod known_servers;
pub mod list;
pub mod manifest;
pub mod mlsd;
pub mod names;
pub mod netrc;
pub mod passive;
pub mod patterns;
pub mod pwd;
pub mod replies;
pub mod shell_syntax;
pub mod urls;
pub mod values;

/// A target's name and its check.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("replies", replies::check),
    ("features", features::check),
    ("pwd", pwd::check),
    ("passive", passive::check),
    ("values", values::check),
    ("mlsd", mlsd::check),
    ("list", list::check),
    ("netrc", netrc::check),
    ("known_servers", known_servers::check),
    ("urls", urls::check),
    ("shell_syntax", shell_syntax::check),
    ("names", names::check),
    ("patterns", patterns::check),
    ("completer", completer::check),
    ("history", history::check),
    ("manifest", manifest::check),
];
