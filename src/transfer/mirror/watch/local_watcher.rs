//! What the system tells about changes below a directory, in a [`ChangeQueue`].
//!
//! The only file that names the notify crate. Where the system does not tell (a network file
//! system, too many directories), the caller looks at the whole tree every few seconds.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::change_queue::ChangeQueue;
use crate::ftp::path::decode_name;

/// How often a wait checks whether it is over.
const TICK: Duration = Duration::from_millis(500);

/// A watched directory.
#[derive(Debug)]
pub struct LocalWatcher {
    shared: Arc<Shared>,
    /// `None`: it is not watched by the system.
    system: Option<RecommendedWatcher>,
    root: PathBuf,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<ChangeQueue>,
    changed: Condvar,
}

impl LocalWatcher {
    /// Watches a directory; or says why the system cannot.
    pub fn start(root: &Path) -> (Self, Result<(), String>) {
        let (shared, root) = (Arc::<Shared>::default(), canonical(root));
        let (receiver, below) = (Arc::clone(&shared), root.clone());
        let started = notify::recommended_watcher(move |event| receiver.take(&below, event))
            .and_then(|mut system| system.watch(&root, RecursiveMode::Recursive).map(|()| system));
        let (system, result) = match started {
            Ok(system) => (Some(system), Ok(())),
            Err(error) => (None, Err(reason(&error))),
        };
        (Self { shared, system, root }, result)
    }

    /// A directory that the caller looks at every now and then.
    pub fn without_system(root: &Path) -> Self {
        Self { shared: Arc::default(), system: None, root: canonical(root) }
    }

    /// No more messages of the system.
    pub fn stop_system(&mut self) {
        self.system = None;
    }

    /// The queue.
    pub fn queue(&self) -> MutexGuard<'_, ChangeQueue> {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches a new directory once more: one of its own directories may have gone while the system
    /// was asked to watch them all, and the others are unwatched then.
    pub fn watch_again(&mut self, directory: &str) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let path = crate::ftp::path::encode_name(directory);
        let path =
            self.root.join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&path));
        if let Some(system) = &mut self.system
            && let Err(error) = system.watch(&path, RecursiveMode::NonRecursive)
            && matches!(error.kind, ErrorKind::MaxFilesWatch)
        {
            self.queue().degrade(reason(&error));
        }
    }

    /// Waits until something is at rest or has to be done, or until `deadline`; `is_over` ends it,
    /// too. A path that changes only after `not_before` counts for nothing before it.
    pub fn wait(
        &self,
        deadline: Option<Instant>,
        not_before: Option<Instant>,
        is_over: &dyn Fn() -> bool,
    ) {
        let mut queue = self.queue();
        while !is_over() && !queue.is_urgent() {
            let now = Instant::now();
            let rest = queue.next_rest().map(|rest| not_before.map_or(rest, |at| at.max(rest)));
            let until = [rest, deadline].into_iter().flatten().min();
            if until.is_some_and(|until| until <= now) {
                return;
            }
            let left = until.map_or(TICK, |until| TICK.min(until - now));
            let waited = self.shared.changed.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn take(&self, root: &Path, event: notify::Result<Event>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match event {
            Ok(event) if is_of_reading(&event.kind) => return,
            Ok(event) => {
                if event.need_rescan() {
                    queue.request_rescan();
                }
                let paths: Vec<String> =
                    event.paths.iter().filter_map(|path| relative(root, path)).collect();
                match (event.kind, &paths[..]) {
                    (EventKind::Modify(ModifyKind::Name(RenameMode::Both)), [from, to]) => {
                        queue.note_move(from, to, now);
                    }
                    _ => paths.iter().for_each(|path| queue.touch(path, now)),
                }
            }
            Err(error) => {
                if matches!(error.kind, ErrorKind::MaxFilesWatch) {
                    queue.degrade(reason(&error));
                }
                queue.request_rescan();
            }
        }
        drop(queue);
        self.changed.notify_all();
    }
}

/// Whether an event does not change anything.
fn is_of_reading(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Access(access)
        if *access != AccessKind::Close(AccessMode::Write))
}

/// Why the system cannot watch, in words.
fn reason(error: &notify::Error) -> String {
    let instances = |error: &std::io::Error| {
        error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error())
    };
    match &error.kind {
        ErrorKind::MaxFilesWatch => "the limit of watched directories is reached \
            (`sysctl fs.inotify.max_user_watches=524288` raises it)"
            .to_owned(),
        ErrorKind::Io(io) if instances(io) => "the limit of watching programs is reached \
            (`sysctl fs.inotify.max_user_instances=512` raises it)"
            .to_owned(),
        ErrorKind::Io(io) => crate::error::io_reason(io),
        _ => error.to_string(),
    }
}

fn canonical(root: &Path) -> PathBuf {
    root.canonicalize().unwrap_or_else(|_| root.to_owned())
}

/// A path in the tree; `None` outside of it.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let names = path.strip_prefix(root).ok()?.components();
    let names =
        names.map(|name| decode_name(std::os::unix::ffi::OsStrExt::as_bytes(name.as_os_str())));
    Some(names.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::Flag;

    #[test]
    fn what_the_system_has_lost_is_looked_for() {
        let shared = Shared::default();
        let root = Path::new("/root");
        let lost = || Event::new(EventKind::Other).set_flag(Flag::Rescan);
        for (event, expected) in [
            (Ok(Event::new(EventKind::Any)), false),
            (Ok(lost()), true),
            (Err(notify::Error::generic("?")), true),
        ] {
            shared.take(root, event);
            let mut queue = shared.queue.lock().unwrap();
            assert_eq!(queue.is_urgent(), expected);
            assert_eq!(queue.take_rescan(), expected);
        }
    }
}
