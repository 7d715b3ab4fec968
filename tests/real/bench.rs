//! One real server for one test at a time, a home and a local directory.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use support::program::{Ftpsh, Ran};
pub use support::scene::noise;
use support::servers::{Server, named};
use tempfile::TempDir;

/// The servers by their names, as `tests/servers/up` starts them.
pub const NAMES: [&str; 7] = [
    "vsftpd",
    "vsftpd-implicit",
    "proftpd",
    "proftpd-tls12",
    "proftpd-tls13",
    "pure-ftpd",
    "pyftpdlib",
];

/// One test at a time at a server: one of them gives it another certificate.
static TURNS: [Mutex<()>; NAMES.len()] = [const { Mutex::new(()) }; NAMES.len()];

/// See the module's text.
pub struct Bench {
    pub server: Server,
    pub home: Arc<TempDir>,
    pub local: TempDir,
    /// What the names of all files on the server begin with.
    pub prefix: String,
    _turn: MutexGuard<'static, ()>,
}

/// Runs a test on each of these servers, if there are any.
#[track_caller]
pub fn on(names: &[&str], test: impl Fn(&Bench)) {
    for name in names {
        if let Some(bench) = Bench::at(name) {
            test(&bench);
        }
    }
}

impl Bench {
    /// A bench at this server, when its turn comes; none without servers.
    #[track_caller]
    pub fn at(name: &str) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let place = NAMES.iter().position(|known| *known == name).unwrap();
        let turn = TURNS[place].lock().unwrap_or_else(PoisonError::into_inner);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Some(Self {
            server: named(name)?,
            home: Arc::new(TempDir::with_prefix("ftpsh-home-").unwrap()),
            local: TempDir::with_prefix("ftpsh-real-").unwrap(),
            prefix: format!("t{}-{number}-", std::process::id()),
            _turn: turn,
        })
    }

    /// The program with the server's URL and the password, and no word about trust.
    pub fn stranger(&self) -> Ftpsh {
        Ftpsh::at(&self.home)
            .cwd(self.local.path())
            .arg(self.server.url())
            .args(["--password-env", "REAL_PASSWORD"])
            .env("REAL_PASSWORD", &self.server.password)
    }

    /// The same, with the server's certificate named.
    pub fn call(&self) -> Ftpsh {
        self.stranger().args(["--fingerprint", &self.server.cert_sha256])
    }

    /// Runs commands.
    pub fn run(&self, commands: &str) -> Ran {
        self.call().args(["-c", commands]).run()
    }

    /// A local file's path.
    pub fn path(&self, name: &str) -> PathBuf {
        self.local.path().join(name)
    }

    /// Writes a local file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// A local file's content.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A local file's text.
    #[track_caller]
    pub fn read_text(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.read(name)).into_owned()
    }

    /// What the server has logged since `before`, its length then.
    pub fn logged_since(&self, before: usize) -> String {
        self.server.logged().split_off(before)
    }

    /// Gives the server another certificate; its new description.
    pub fn recertify(&mut self) {
        self.script("recert");
        self.server = named(&self.server.name).unwrap();
    }

    /// Ends the server with all its connections, and starts it again.
    pub fn restart(&self) {
        self.script("restart");
    }

    /// The same; from now on, and until what is given back goes, it takes so many connections from
    /// here at a time.
    pub fn limited(&self, sessions: usize) -> Limited<'_> {
        self.script_with("restart", &format!("FTPSH_MAX_SESSIONS={sessions}"));
        Limited(self)
    }

    /// Runs a script of tests/servers on this server, as root.
    fn script(&self, name: &str) {
        self.script_with(name, "FTPSH_MAX_SESSIONS=");
    }

    /// The same, with one more variable.
    fn script_with(&self, name: &str, variable: &str) {
        let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers");
        let script = script.join(name);
        let state = std::env::var_os("FTPSH_SERVERS").unwrap();
        let mut command = Command::new(&script);
        if !rustix::process::geteuid().is_root() {
            command = Command::new("sudo");
            let mut setting = std::ffi::OsString::from("FTPSH_SERVERS=");
            setting.push(&state);
            command.arg("env").arg(setting).arg(variable).arg(script);
        } else if let Some((name, value)) = variable.split_once('=') {
            command.env(name, value);
        }
        let output = command.arg(&self.server.name).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A server that takes few connections.
pub struct Limited<'a>(&'a Bench);

impl Drop for Limited<'_> {
    fn drop(&mut self) {
        self.0.restart();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.server.logged();
            let tail = log.lines().rev().take(40).collect::<Vec<_>>().join("\n  ");
            let name = &self.server.name;
            let _ = write!(
                std::io::stderr(),
                "the last words of {name}, the newest first:\n  {tail}\n"
            );
        }
        // Where the tree is not ours to clean, it goes with the servers.
        let Ok(entries) = std::fs::read_dir(&self.server.root) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().contains(&self.prefix) {
                let _ = std::fs::remove_file(entry.path());
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}
