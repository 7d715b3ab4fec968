//! The paths of a manifest itself: they are no part of the tree that it describes.

/// The name of a manifest in the directory that it describes, unless another one is asked for.
pub const DEFAULT_NAME: &str = ".ftpsh-manifest";

/// What is appended to a manifest's path while it is uploaded.
pub const UPLOAD_SUFFIX: &str = ".new";

/// What is appended to a manifest's path for the directory that locks it.
pub const LOCK_SUFFIX: &str = ".lock";

/// What is appended to a manifest's path while it gives way to the next one, on a server that does
/// not replace files.
pub const ASIDE_SUFFIX: &str = ".old";

const SUFFIXES: [&str; 4] = ["", UPLOAD_SUFFIX, LOCK_SUFFIX, ASIDE_SUFFIX];

/// Whether a name is that of a manifest of the default name, or of what is beside it.
pub fn is_default_name(name: &str) -> bool {
    name.strip_prefix(DEFAULT_NAME).is_some_and(|rest| SUFFIXES.contains(&rest))
}

/// The paths that a manifest occupies.
#[derive(Debug, Clone, Default)]
pub struct OwnPaths {
    /// The manifest's path in the tree, unless it is elsewhere.
    manifest: Option<String>,
    /// It is a file of this computer.
    is_local: bool,
}

impl OwnPaths {
    /// Those of a manifest with this path in the tree; `None` if it is elsewhere.
    pub fn new(manifest: Option<String>) -> Self {
        Self { manifest, is_local: false }
    }

    /// Those of a manifest on this computer.
    pub fn of_local_file(manifest: Option<String>) -> Self {
        Self { manifest, is_local: true }
    }

    /// Whether a path in the tree is the manifest, its lock, something in that, or a manifest of the
    /// default name.
    pub fn contains(&self, path: &str) -> bool {
        let own = |rest: &str| {
            let top = rest.split('/').next().unwrap_or_default();
            SUFFIXES.contains(&top) && (top == LOCK_SUFFIX || top == rest)
                || self.is_local && is_temporary(rest)
        };
        path.split('/').any(is_default_name)
            || self
                .manifest
                .as_deref()
                .and_then(|manifest| path.strip_prefix(manifest))
                .is_some_and(own)
    }
}

/// Whether it is what a local file's name gets while it is replaced: `.PROCESS.new`.
fn is_temporary(rest: &str) -> bool {
    let process = rest.strip_prefix('.').and_then(|rest| rest.strip_suffix(UPLOAD_SUFFIX));
    process.is_some_and(|process| process.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_and_what_is_beside_it_are_its_own_paths() {
        let own = OwnPaths::new(Some("etc/site".into()));
        for (path, expected) in [
            ("etc/site", true),
            ("etc/site.new", true),
            ("etc/site.old", true),
            ("etc/site.lock", true),
            ("etc/site.lock/me", true),
            ("etc/site/x", false),
            ("etc/site.new/x", false),
            ("etc/sites", false),
            ("site", false),
            (".ftpsh-manifest", true),
            ("a/.ftpsh-manifest.lock/x", true),
            (".ftpsh-manifest.txt", false),
        ] {
            assert_eq!(own.contains(path), expected, "{path}");
        }
        assert!(!OwnPaths::default().contains("etc/site"));
        let local = OwnPaths::of_local_file(Some("etc/site".into()));
        for (path, expected) in
            [("etc/site.123.new", true), ("etc/site.new", true), ("etc/site.x.new", false)]
        {
            assert_eq!(local.contains(path), expected, "{path}");
        }
        assert!(!own.contains("etc/site.123.new"));
    }
}
