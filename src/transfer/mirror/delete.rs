//! The deletions of a mirror, last of all: what [`carry`](super::run::carry) found surplus.

use super::carry::Sides;
use super::plan::Surplus;
use super::run::{Settings, Summary, ends_all, tried};
use super::tree::ItemKind;
use super::watch::Watch;
use crate::cancel::Cancel;
use crate::error::Result;

/// Deletes what is surplus, in the order of `Summary::surplus`. The caller has made sure that it may.
///
/// # Errors
///
/// Ctrl-C. Failures of single files are counted.
pub fn delete(
    sides: &Sides,
    settings: &Settings,
    summary: &mut Summary,
    watch: &dyn Watch,
    cancel: &Cancel,
) -> Result<()> {
    let surplus = std::mem::take(&mut summary.surplus);
    let gone = links(sides, &surplus, cancel)?;
    for item in surplus {
        let (path, action) = (&*item.path, item.action());
        if let Some(link) = gone.iter().find(|link| is_at_or_below(path, link)) {
            if link == path {
                summary.deleted += 1;
                watch.done(&action, Ok(None));
            }
            continue;
        }
        let result =
            tried(settings, watch, cancel, || sides.target().remove(path, item.kind, cancel));
        match &result {
            Ok(()) => {
                summary.deleted += 1;
                watch.done(&action, Ok(None));
            }
            Err(error) if ends_all(sides, error, cancel) => return Err(error.clone()),
            Err(error) => {
                summary.failures += 1;
                watch.done(&action, Err(error));
            }
        }
    }
    Ok(())
}

/// Removes surplus directories that turn out to be links, outermost first, so that nothing of
/// what they lead to is deleted.
fn links(sides: &Sides, surplus: &[Surplus], cancel: &Cancel) -> Result<Vec<String>> {
    let directories = surplus.iter().filter(|item| item.kind == ItemKind::Directory);
    let mut directories: Vec<&str> = directories.map(|item| &*item.path).collect();
    // A path sorts before what is below it.
    directories.sort_unstable();
    let mut gone: Vec<String> = Vec::new();
    for path in directories {
        let known = gone.iter().any(|link| is_at_or_below(path, link));
        if !known && sides.target().remove_if_link(path, cancel)? {
            gone.push(path.to_owned());
        }
    }
    Ok(gone)
}

fn is_at_or_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
