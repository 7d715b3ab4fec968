//! Runs the ftpsh program where nothing of the machine or the person shows.
//!
//! In: arguments, extra environment, standard input. Out: exit status and both streams. The
//! environment is cleared, home is a temporary directory, and a program that hangs is killed.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A call of the program that is being put together.
pub struct Ftpsh {
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    stdin: Option<Vec<u8>>,
    cwd: Option<PathBuf>,
    home: Arc<TempDir>,
    timeout: Duration,
}

impl Ftpsh {
    /// A call without arguments, with a home of its own.
    pub fn new() -> Self {
        Self::at(&Arc::new(TempDir::with_prefix("ftpsh-home-").expect("a temporary home")))
    }

    /// A call with a home that it shares with others (known servers, settings, history).
    pub fn at(home: &Arc<TempDir>) -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            stdin: None,
            cwd: None,
            home: Arc::clone(home),
            timeout: Duration::from_secs(30),
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds several arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Sets one environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Gives these bytes on standard input (otherwise it is /dev/null).
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Runs in this directory (otherwise in the home).
    pub fn cwd(mut self, directory: impl AsRef<Path>) -> Self {
        self.cwd = Some(directory.as_ref().to_owned());
        self
    }

    /// Kills the program, and fails the test, after this time (otherwise 30 s).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The home directory: `FTPSH_HOME` is `ftpsh` in it.
    pub fn home(&self) -> Arc<TempDir> {
        Arc::clone(&self.home)
    }

    /// The call as a command, for tests that need the process itself (signals, terminals).
    pub fn command(&self) -> Command {
        hang_up_by_default();
        let mut command = Command::new(ftpsh());
        command
            .args(&self.args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("FTPSH_HOME", self.home.path().join("ftpsh"))
            // Read instead of ~/.netrc; a missing file is none.
            .env("NETRC", self.home.path().join("no-netrc"))
            // What the machine's administrator trusts is not our business.
            .env("FTPSH_SYSTEM", "")
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8")
            .env("COLUMNS", "80")
            .env("LINES", "24")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.cwd.as_deref().unwrap_or(self.home.path()));
        command
    }

    /// Runs the program to its end.
    ///
    /// # Panics
    /// When it cannot be started, or is not done in time: then with what it wrote until then.
    pub fn run(self) -> Ran {
        let mut child = self
            .command()
            .stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that what it started can be killed with it.
            .process_group(0)
            .spawn()
            .expect("start ftpsh");
        let input = child.stdin.take().zip(self.stdin.clone());
        let writer = thread::spawn(move || {
            if let Some((mut pipe, bytes)) = input {
                // The program may end before it has read everything.
                let _ = pipe.write_all(&bytes);
            }
        });
        let stdout = collect(child.stdout.take().expect("piped"));
        let stderr = collect(child.stderr.take().expect("piped"));
        let mut peak = 0;
        let code = wait_watching(&mut child, self.timeout, |id| peak = peak_of(id).max(peak));
        let ran = Ran {
            args: self.args.clone(),
            status: code,
            peak,
            stdout: stdout.join().expect("reader"),
            stderr: stderr.join().expect("reader"),
            home: self.home,
        };
        writer.join().expect("writer");
        assert!(code != KILLED, "not done within {:?}\n{ran}", self.timeout);
        ran
    }
}

/// The program that cargo has built for the tests: it lies beside the directory of the test's own
/// executable (`deps`, or `examples`).
pub fn ftpsh() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("ftpsh")
}

/// The status that stands for a program killed at its deadline.
pub const KILLED: i32 = -1;

/// Reads a stream to its end in a thread of its own.
fn collect(mut stream: impl std::io::Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    })
}

/// Makes SIGHUP end what is started here, also where the tests themselves run under `nohup`:
/// what is ignored stays so in a child, what is handled does not.
fn hang_up_by_default() {
    static HANDLED: std::sync::Once = std::sync::Once::new();
    HANDLED.call_once(|| {
        let flag = std::sync::Arc::default();
        signal_hook::flag::register(signal_hook::consts::SIGHUP, flag).expect("handle SIGHUP");
    });
}

/// The exit status; 128 and the signal's number for a signal; [`KILLED`] after the deadline.
pub fn wait(child: &mut Child, timeout: Duration) -> i32 {
    wait_watching(child, timeout, |_| ())
}

fn wait_watching(child: &mut Child, timeout: Duration, mut watch: impl FnMut(u32)) -> i32 {
    let deadline = Instant::now() + timeout;
    loop {
        watch(child.id());
        if let Some(status) = child.try_wait().expect("wait for ftpsh") {
            return status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        }
        if Instant::now() >= deadline {
            let group = rustix::process::Pid::from_child(child);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _ = child.kill();
            let _ = child.wait();
            return KILLED;
        }
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// The largest resident memory of a process so far, in KiB; 0 where nothing tells (it has ended,
/// or this is not Linux). What a wait for it tells would count this process's memory as well.
fn peak_of(process: u32) -> u64 {
    // For a moment a new process has the memory of this one.
    let executable = std::fs::read_link(format!("/proc/{process}/exe")).ok();
    if executable.is_none() || executable == std::env::current_exe().ok() {
        return 0;
    }
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// What the program did.
pub struct Ran {
    args: Vec<OsString>,
    /// Exit status.
    pub status: i32,
    /// The largest resident memory in KiB, as seen every 5 ms until shortly before the end.
    peak: u64,
    /// Everything on standard output.
    pub stdout: Vec<u8>,
    /// Everything on standard error.
    pub stderr: Vec<u8>,
    home: Arc<TempDir>,
}

impl Ran {
    /// Fails unless the exit status is this.
    #[track_caller]
    pub fn status(self, wanted: i32) -> Self {
        assert!(self.status == wanted, "exit status {wanted} wanted\n{self}");
        self
    }

    /// Fails unless everything went well.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.status(0)
    }

    /// Fails unless standard output is exactly this.
    #[track_caller]
    pub fn stdout_is(self, wanted: impl AsRef<[u8]>) -> Self {
        let wanted = wanted.as_ref();
        let text = String::from_utf8_lossy(wanted);
        assert!(self.stdout == wanted, "stdout wanted: {text:?}\n{self}");
        self
    }

    /// Fails unless standard output contains this.
    #[track_caller]
    pub fn stdout_has(self, wanted: &str) -> Self {
        assert!(self.out().contains(wanted), "stdout wanted with: {wanted:?}\n{self}");
        self
    }

    /// Fails unless standard error contains this.
    #[track_caller]
    pub fn stderr_has(self, wanted: &str) -> Self {
        assert!(self.err().contains(wanted), "stderr wanted with: {wanted:?}\n{self}");
        self
    }

    /// Fails if more than so many MiB of memory were in use at any time, or none was seen to be.
    #[track_caller]
    pub fn within_mib(self, most: u64) -> Self {
        let seen = self.peak > 1024 || !cfg!(target_os = "linux");
        assert!(seen, "the memory was not measured\n{self}");
        assert!(self.peak <= most * 1024, "{} KiB in use, of {most} MiB\n{self}", self.peak);
        self
    }

    /// Fails if either stream contains this.
    #[track_caller]
    pub fn never_says(self, unwanted: &str) -> Self {
        let said = self.out().contains(unwanted) || self.err().contains(unwanted);
        assert!(!said, "not wanted: {unwanted:?}\n{self}");
        self
    }

    /// Standard output as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output as JSON Lines.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{line:?}: {e}\n{self}"))
        };
        self.out().lines().map(parse).collect()
    }

    /// The JSON Lines of one `type`.
    #[track_caller]
    pub fn json_of(&self, kind: &str) -> Vec<serde_json::Value> {
        self.json().into_iter().filter(|value| value["type"] == kind).collect()
    }

    /// The home that it ran with.
    pub fn home(&self) -> Arc<TempDir> {
        Arc::clone(&self.home)
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "--- ftpsh {:?}\n--- exit status {}", self.args, self.status)?;
        writeln!(f, "--- stdout\n{}", self.out())?;
        write!(f, "--- stderr\n{}", self.err())
    }
}
