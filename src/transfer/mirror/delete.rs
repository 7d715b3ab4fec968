//! The deletions of a mirror, last of all: what [`carry`](super::run::carry) found surplus.

use super::carry::Sides;
use super::plan::Action;
use super::run::{Settings, Summary, Watch, is_fatal, tried};
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
    for action in std::mem::take(&mut summary.actions) {
        let Action::Delete { path, kind } = &action else { continue };
        let result = tried(settings, watch, cancel, || sides.target().remove(path, *kind, cancel));
        match &result {
            Ok(()) => {
                summary.deleted += 1;
                watch.done(&action, Ok(None));
            }
            Err(error) if is_fatal(error) => return Err(error.clone()),
            Err(error) => {
                summary.failures += 1;
                watch.done(&action, Err(error));
            }
        }
    }
    Ok(())
}
