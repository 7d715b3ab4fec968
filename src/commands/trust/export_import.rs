//! `trust export` and `trust import`: the store's entries on their way to another machine.
//!
//! An import never replaces what is remembered: what differs from it is refused, entry by entry.

use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::{Failures, entry_record, filezilla, report_change, warn_of_damage};
use crate::bookmarks::filezilla_xml;
use crate::commands::Context;
use crate::error::{Error, Kind, Result};
use crate::local_path;
use crate::trust::entry::{Entry, TrustReason, host_and_port};
use crate::trust::store::remove_command;

/// Writes the entries, for the owner's eyes only, or prints them.
pub(super) fn export_file(ctx: &Context, file: Option<&Path>) -> Result<()> {
    let entries = ctx.client.connection.trust_gate().store().user_entries()?;
    warn_of_damage(ctx, None)?;
    let Some(file) = file.filter(|file| *file != Path::new("-")) else {
        if ctx.out.is_json() {
            return entries.iter().try_for_each(|e| ctx.out.record(&entry_record("exported", e)));
        }
        return entries.iter().try_for_each(|entry| ctx.out.line(&entry.to_string()));
    };
    let path = ctx.local_path(&local_path::expand_tilde(&local_path::word_from_path(file)));
    let text: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    write_private(&path, text.as_bytes()).map_err(|why| Error::local(&path, &why))?;
    ctx.out.notice(&format!("{}: servers written: {}", path.display(), entries.len()));
    Ok(())
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    if file.metadata()?.is_file() {
        // It may have been there before, or the umask may forbid it to its own owner.
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    file.write_all(bytes)
}

/// Adds the entries of a file: an exported one, or FileZilla's `trustedcerts.xml`.
pub(super) fn import_file(ctx: &Context, file: &Path) -> anyhow::Result<()> {
    let (name, bytes) =
        local_path::read_file_or_stdin(&local_path::word_from_path(file), |path| {
            ctx.local_path(path)
        })?;
    let found = match filezilla_xml::looks_like_xml(&bytes) {
        true => filezilla::parse_entries(&bytes, chrono::Utc::now())
            .map_err(|error| error.with_context(&name))?,
        false => read_entries(&bytes),
    };
    let mut failures = Failures::default();
    let mut known = 0;
    for (line, entry) in found {
        let result = entry
            .map_err(|error| Error::new(Kind::Local, format!("{name}, line {line}: {error}")))
            .and_then(|entry| import_entry(ctx, entry));
        match result {
            Ok(Imported::Added) => {}
            Ok(Imported::Known) => known += 1,
            Err(error) => failures.add(ctx, error),
        }
    }
    if known > 0 {
        ctx.out.notice(&format!("{name}: servers already known: {known}"));
    }
    failures.into_result()
}

/// The lines of an exported file, with their numbers.
fn read_entries(bytes: &[u8]) -> Vec<(usize, Result<Entry>)> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim().starts_with('#'));
    lines.map(|(index, line)| (index + 1, line.parse())).collect()
}

enum Imported {
    Added,
    Known,
}

fn import_entry(ctx: &Context, entry: Entry) -> Result<Imported> {
    let store = ctx.client.connection.trust_gate().store().clone();
    match store.lookup(&entry.host, entry.port)? {
        None => {
            let entry = Entry { why: TrustReason::Import, ..entry };
            store.replace_if_unchanged(None, entry.clone())?;
            report_change(ctx, "imported", &entry)?;
            Ok(Imported::Added)
        }
        Some(old) if old.certificate == entry.certificate => Ok(Imported::Known),
        Some(old) => {
            let name = host_and_port(&entry.host, entry.port);
            let what = "a different certificate is remembered; the one in the file was rejected";
            Err(Error::new(Kind::CertChanged, format!("{name}: {what}"))
                .with_detail(format!("remembered:  {}", old.certificate))
                .with_detail(format!("in the file: {}", entry.certificate))
                .with_hint(format!(
                    "if the change is meant: {}",
                    remove_command(&entry.host, entry.port)
                )))
        }
    }
}
