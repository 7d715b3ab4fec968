//! Compares the contents of one file of a mirror, whose sizes are equal: what follows is a
//! transfer, or nothing.

use super::executor::{RemoveSource, Runner, is_fatal, with_retry};
use super::plan::{MirrorAction, PlannedStep, Reason};
use super::tree::{Item, ItemKind};
use crate::error::{Error, Result};

impl Runner<'_> {
    /// Compares a file, and transfers it if the contents differ. A dry run only notes the result.
    pub(super) fn compare_one_file(
        &self,
        action: &MirrorAction,
        path: &str,
        size: Option<u64>,
    ) -> Result<()> {
        let options = &self.settings.options;
        let say = |how: &str| self.say_once(how);
        let same = with_retry(self.settings, self.observer, self.cancel, || {
            self.endpoints.has_same_content(path, size, options, &say, self.cancel)
        });
        match same {
            Err(error) if is_fatal(self.endpoints, &error, self.cancel) => Err(error),
            same if self.settings.dry_run => self.plan_compared(path, same),
            Ok(true) => {
                self.lock().summary.unchanged += 1;
                if let MirrorAction::Transfer { modified, mode, .. } = action {
                    let (kind, modified, mode) = (ItemKind::File, *modified, *mode);
                    let item = Item { name: path, kind, size, modified, unique: None, mode };
                    self.observer.kept(path, item);
                }
                match self.settings.remove_source {
                    RemoveSource::Nothing => Ok(()),
                    _ => self.remove_source_file(path),
                }
            }
            differs => {
                let bytes = size.unwrap_or(0);
                let mut work = self.lock();
                work.summary.left.0 += 1;
                work.summary.left.1 += bytes;
                drop(work);
                self.observer.add_to_total(1, bytes);
                match differs {
                    Err(error) => self.transfer_failed(action, &error),
                    Ok(_) => self.transfer_one_file(action),
                }
            }
        }
    }

    /// Adds the result of a comparison to the plan of a dry run.
    fn plan_compared(&self, path: &str, same: Result<bool, Error>) -> Result<()> {
        let keeps = self.settings.remove_source == RemoveSource::Nothing;
        let (step, failure) = match same {
            Ok(false) => (PlannedStep::Transfer(Reason::Content), None),
            Ok(true) if !keeps => (PlannedStep::RemoveSource, None),
            Ok(true) => (PlannedStep::Keep, None),
            Err(error) => (PlannedStep::Keep, Some(error)),
        };
        let mut work = self.lock();
        work.queue.note_comparison(path, step);
        self.show_plans(&mut work)?;
        drop(work);
        let Some(error) = failure else { return Ok(()) };
        self.observer.planning_failed(&error);
        self.count_failure()
    }

    /// Tells the user how contents are compared, once.
    fn say_once(&self, how: &str) {
        let mut work = self.lock();
        if !work.said.iter().any(|said| said == how) {
            work.said.push(how.to_owned());
            drop(work);
            self.observer.show_note(how);
        }
    }
}
