//! A scripted server, a person's home and a download directory: what most tests begin with.
//!
//! In: a script. Out: the program pointed at the server (certificate named, password by a
//! variable, short deadline), and what lies where afterwards.

use super::liar::{Liar, Script};
use super::program::{Ftpsh, Ran};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// The variable that the password is in.
pub const PASSWORD: &str = "SCENE_PASSWORD";

/// See the module's text.
pub struct Scene {
    /// The server.
    pub liar: Liar,
    /// Shared by all runs.
    pub home: Arc<TempDir>,
    /// Where the program runs: `dest` in a directory of its own.
    pub dest: PathBuf,
    around: TempDir,
}

impl Scene {
    /// A scene with this server.
    pub fn new(script: Script) -> Self {
        let around = TempDir::with_prefix("ftpsh-scene-").unwrap();
        let dest = around.path().join("dest");
        std::fs::create_dir(&dest).unwrap();
        let home = Arc::new(TempDir::with_prefix("ftpsh-home-").unwrap());
        Self { liar: Liar::start(script), home, dest, around }
    }

    /// The program with a URL and nothing to say about trust or the password.
    pub fn bare(&self) -> Ftpsh {
        self.bare_unaddressed().arg(self.liar.url())
    }

    /// As [`Scene::bare`], without the URL.
    pub fn bare_unaddressed(&self) -> Ftpsh {
        Ftpsh::at(&self.home).cwd(&self.dest)
    }

    /// The program with a URL, all that a login needs, and a deadline of five seconds.
    pub fn call(&self) -> Ftpsh {
        self.unconnected().arg(self.liar.url())
    }

    /// As [`Scene::call`], without the URL: `open` is the script's business.
    pub fn unconnected(&self) -> Ftpsh {
        Ftpsh::at(&self.home)
            .cwd(&self.dest)
            .args(["--fingerprint", &self.liar.fingerprint, "--password-env", PASSWORD])
            .args(["--set", "net:timeout=5s", "--set", "net:reconnect-interval=10ms"])
            .env(PASSWORD, &self.liar.password)
    }

    /// Runs commands with `-c`.
    pub fn run(&self, commands: &str) -> Ran {
        self.call().args(["-c", commands]).run()
    }

    /// Runs commands with `-c` and a deadline for replies and stalls of half a second.
    pub fn hurried(&self, commands: &str) -> Ran {
        self.call()
            .args(["--set", "net:timeout=500ms", "--set", "net:max-retries=0", "-c", commands])
            .timeout(Duration::from_secs(10))
            .run()
    }

    /// A local file's path.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dest.join(name)
    }

    /// A local file's content.
    pub fn read(&self, name: impl AsRef<Path>) -> Option<Vec<u8>> {
        std::fs::read(self.path(name)).ok()
    }

    /// Writes a local file.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Everything in and around the download directory, sorted, by the path from its parent.
    pub fn tree(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(self.around.path(), self.around.path(), &mut found);
        found.sort();
        found
    }

    /// What lies in the download directory, but for partial files and what belongs to them.
    pub fn whole_files(&self) -> Vec<String> {
        let below = |path: String| path.strip_prefix("dest/").map(str::to_owned);
        let whole = |name: &String| !name.contains(".ftpsh-part");
        self.tree().into_iter().filter_map(below).filter(whole).collect()
    }
}

fn walk(dir: &Path, top: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.strip_prefix(top).unwrap().to_string_lossy().into_owned());
        if path.symlink_metadata().unwrap().is_dir() {
            walk(&path, top, found);
        }
    }
}

/// Bytes that hold every value, in a period that fits no buffer (a prime number): what is
/// missing or doubled anywhere shows. Copied together, since tests are not optimised.
pub fn noise(length: usize) -> Vec<u8> {
    const PERIOD: u32 = 65_521;
    let block: Vec<u8> = (0..PERIOD.min(length as u32))
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let mut bytes = block.repeat(length / PERIOD as usize + 1);
    bytes.truncate(length);
    bytes
}
