//! The deletions of a mirror, last of all: what [`carry`](super::run::carry) found surplus.

use super::carry::Sides;
use super::plan::Action;
use super::run::{Settings, Summary, ends_all, tried};
use super::tree::ItemKind;
use super::watch::Watch;
use crate::cancel::Cancel;
use crate::error::Result;

/// Deletes what is surplus, in the order of `Summary::actions`. The caller has made sure that it may.
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
    let actions = std::mem::take(&mut summary.actions);
    let gone = links(sides, &actions, cancel)?;
    for action in actions {
        let Action::Delete { path, kind } = &action else { continue };
        if let Some(link) = gone.iter().find(|link| is_at_or_below(path, link)) {
            if link == path {
                summary.deleted += 1;
                watch.done(&action, Ok(None));
            }
            continue;
        }
        let result = tried(settings, watch, cancel, || sides.target().remove(path, *kind, cancel));
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
fn links(sides: &Sides, actions: &[Action], cancel: &Cancel) -> Result<Vec<String>> {
    let mut directories: Vec<&str> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Delete { path, kind: ItemKind::Directory } => Some(path.as_str()),
            _ => None,
        })
        .collect();
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
