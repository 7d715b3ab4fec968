//! Lines that people have for lftp, each run with lftp and with ftpsh in its place, on the same
//! files: the trees here and on the server and the exit status must be the same, or the line is
//! refused before anything is connected, or the difference has a name and a reason.
//!
//! The rows are in `lines.txt`, which says how to read them. `LINES_FILTER` runs the rows that
//! contain it; `LINES_OUTCOME` names a file for the outcome of each row.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::bench::Bench;
use support::program::ftpsh;
use support::tree::{Tree, changes, tree};
use tempfile::TempDir;

const TABLE: &str = include_str!("lines.txt");
/// A program that takes longer has failed.
const MOST_SECONDS: u32 = 20;
/// Rows at a time and server: most of it is waiting.
const WORKERS: usize = 5;
/// Of the usages, at least so many percent run as they are.
const AS_THEY_ARE: usize = 83;
/// So many percent of them run as they are, or are refused because the contract wants it: what
/// deletes needs a yes in a script, and there is no connection without TLS.
const AS_AGREED: usize = 94;
const SERVERS: [&str; 2] = ["proftpd", "vsftpd"];

/// What is to come of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Expected {
    /// The trees and the success that lftp leaves.
    Same,
    /// What the row says, for a reason.
    Differs,
    /// Nothing is connected or changed, and the line to write is named: with --yes or -f, with TLS.
    ByContract,
    /// The same, because nothing here does what the line says.
    Refused,
}

impl Expected {
    fn is_refusal(self) -> bool {
        matches!(self, Self::ByContract | Self::Refused)
    }

    /// Its name in the outcome.
    fn group(self) -> &'static str {
        match self {
            Self::Same => "as it is",
            Self::Differs => "differs",
            Self::ByContract => "by contract",
            Self::Refused => "refused",
        }
    }
}

#[derive(Debug)]
struct Row {
    /// Commands after `open` and `cd`, or a command line for a shell.
    typed: String,
    is_shell: bool,
    uses: usize,
    expected: Expected,
    awaiting: bool,
    status: i32,
    /// Parts of standard error.
    said: Vec<String>,
    /// What lftp has for this line of another client.
    beside: Option<String>,
    /// What is to be typed instead of what is refused: it does what lftp does.
    instead: Option<String>,
    changes: Vec<String>,
    /// lftp does not end by itself: it gets so many seconds.
    endless: Option<u32>,
}

impl Row {
    fn parse(block: &str) -> Option<Self> {
        let mut row = Self {
            typed: String::new(),
            is_shell: false,
            uses: 1,
            expected: Expected::Same,
            awaiting: false,
            status: 0,
            said: Vec::new(),
            beside: None,
            instead: None,
            changes: Vec::new(),
            endless: None,
        };
        for line in block.lines().filter(|line| !line.starts_with('#')) {
            let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
            match mark {
                "$" | "%" => {
                    row.is_shell = mark == "%";
                    row.typed.push_str(rest);
                    row.typed.push('\n');
                }
                ":" => row.uses = rest.parse().unwrap(),
                "=" => row.status = rest.parse().unwrap(),
                "!" => row.said.push(rest.to_owned()),
                "awaiting" => row.awaiting = true,
                "endless" => row.endless = Some(rest.parse().unwrap()),
                "refused" => (row.expected, row.status) = (Expected::Refused, row.status.max(2)),
                "contract" => {
                    (row.expected, row.status) = (Expected::ByContract, row.status.max(2));
                }
                "differs:" => {
                    assert!(!rest.is_empty(), "no reason: {block}");
                    row.expected = Expected::Differs;
                }
                "beside" => {
                    let lines = row.beside.get_or_insert_default();
                    lines.push_str(rest);
                    lines.push('\n');
                }
                "instead" => row.instead = Some(rest.to_owned() + "\n"),
                "local" | "remote" => row.changes.push(line.to_owned()),
                _ => panic!("not understood: {line}"),
            }
        }
        (!row.typed.is_empty()).then_some(row)
    }
}

/// The programs that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Lftp,
    Ftpsh,
}

/// What a program did.
struct Seen {
    status: i32,
    said: String,
    local: Side,
    remote: Side,
}

impl Seen {
    /// How this differs from what lftp did.
    fn differences(&self, lftp: &Self) -> Vec<String> {
        let mut found = self.local.differences("local", &lftp.local);
        found.extend(self.remote.differences("remote", &lftp.remote));
        if (self.status == 0) != (lftp.status == 0) {
            found.push(format!("status {}, lftp's {}", self.status, lftp.status));
        }
        found
    }
}

/// A directory after a row.
struct Side {
    tree: Tree,
    /// Permissions and, of files, the time of the last change; 0 for now.
    facts: BTreeMap<String, (u32, i64)>,
}

impl Side {
    fn at(top: &Path) -> Self {
        let tree = tree(top);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let fact = |name: &String| {
            let meta = std::fs::symlink_metadata(top.join(name)).unwrap();
            let recent = meta.is_dir() || meta.mtime() + 86_400 > i64::try_from(now).unwrap();
            (meta.mode() & 0o7777, if recent { 0 } else { meta.mtime() })
        };
        let facts = tree.keys().map(|name| (name.clone(), fact(name))).collect();
        Self { tree, facts }
    }

    /// How this differs from what lftp left. A time that lftp did not keep may have been kept.
    fn differences(&self, side: &str, lftp: &Self) -> Vec<String> {
        let mut found = changes(&format!("{side} (beside lftp's)"), &lftp.tree, &self.tree);
        for (name, (mode, time)) in &self.facts {
            let Some((old_mode, old_time)) = lftp.facts.get(name) else { continue };
            if mode != old_mode {
                found.push(format!("{side} {name}: mode {mode:o}, lftp's {old_mode:o}"));
            }
            if time != old_time && *old_time != 0 {
                found.push(format!("{side} {name}: time {time}, lftp's {old_time}"));
            }
        }
        found
    }
}

/// What both programs find: here, and in the remote directory.
fn lay_out(local: &Path, remote: &Path) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_577_934_245);
    let write = |top: &Path, names: &[&str]| {
        for name in names {
            let path = top.join(name);
            if name.ends_with('/') {
                std::fs::create_dir_all(&path).unwrap();
                continue;
            }
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("{name}\n")).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        }
    };
    let both = ["same.txt", "page/index.html", "page/css/site.css", "page/.htaccess"];
    write(local, &both);
    write(remote, &both);
    let here = ["a.txt", "b.txt", "c.html", "dist/index.html", "dist/img/logo.png", "dist/.env"];
    write(local, &here);
    write(local, &["dist/.git/config", "dist/old.log", "dist/my.gitignore", "in/"]);
    write(remote, &["notes.txt", "report.pdf", "x.log", "y.log", "docs/a.txt", "docs/old/c.txt"]);
    write(remote, &["docs/b.log", "page/surplus.html", "page/gone/x.html", "empty/"]);
    // As the server's user has them.
    let owner = std::fs::metadata(remote.parent().unwrap()).unwrap();
    let mut below = vec![remote.to_owned()];
    while let Some(path) = below.pop() {
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        if path.is_dir() {
            below.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    let script = local.join("dist/img/logo.png");
    std::fs::set_permissions(script, PermissionsExt::from_mode(0o640)).unwrap();
}

/// One server for all rows, and what both programs need to reach it.
struct Stage<'a> {
    bench: &'a Bench,
    /// Directories with the program as `lftp` in them.
    bins: TempDir,
    known_servers: PathBuf,
    /// What each row finds, here and on the server.
    before: (Side, Side),
}

impl<'a> Stage<'a> {
    fn new(bench: &'a Bench) -> Self {
        let bins = TempDir::with_prefix("ftpsh-bins-").unwrap();
        for (name, program) in [("Lftp", PathBuf::from("/usr/bin/lftp")), ("Ftpsh", ftpsh())] {
            std::fs::create_dir(bins.path().join(name)).unwrap();
            symlink(program, bins.path().join(name).join("lftp")).unwrap();
        }
        bench.stranger().args(["--trust", "accept-new", "-c", "pwd"]).run().ok();
        let known_servers = bench.home.path().join("ftpsh/known_servers");
        let empty = TempDir::with_prefix("ftpsh-before-").unwrap();
        let (local, remote) = (empty.path().join("local"), empty.path().join("remote"));
        std::fs::create_dir(&local).unwrap();
        std::fs::create_dir(&remote).unwrap();
        lay_out(&local, &remote);
        let before = (Side::at(&local), Side::at(&remote));
        Self { bench, bins, known_servers, before }
    }

    /// Runs a row with one of the programs, on files of its own, at this port.
    fn run(&self, row: &Row, typed: &str, number: usize, program: Program, port: u16) -> Seen {
        let server = &self.bench.server;
        let top = format!("{}{number}", self.bench.prefix);
        let remote = server.root.join(&top);
        let home = TempDir::with_prefix("ftpsh-home-").unwrap();
        let local = home.path().join("local");
        std::fs::create_dir(&local).unwrap();
        std::fs::create_dir(&remote).unwrap();
        lay_out(&local, &remote);
        let insert = |text: &str| {
            let texts = [("TOP", top.as_str()), ("HOST", &server.host), ("USER", &server.user)];
            let text =
                texts.iter().fold(text.to_owned(), |text, (name, is)| text.replace(name, is));
            text.replace("PASSWORD", &server.password).replace("PORT", &port.to_string())
        };
        let mut typed = insert(typed);
        if !row.is_shell {
            let open = insert("open -u USER,PASSWORD -p PORT HOST\ncd /TOP\n");
            std::fs::write(home.path().join("script"), open + &typed).unwrap();
            typed = "lftp -f ../script".to_owned();
        }
        // What makes lftp speak TLS with a self-signed certificate, and not wait for long.
        let rc = "set ssl:verify-certificate no\nset ssl:ca-file ../none.pem\nset ftp:ssl-force yes\n\
            set ftp:ssl-protect-data yes\nset net:max-retries 2\n\
            set net:reconnect-interval-base 1\nset net:timeout 10\n";
        std::fs::write(home.path().join(".lftprc"), rc).unwrap();
        std::fs::write(home.path().join("none.pem"), "").unwrap();
        let ours = home.path().join("ftpsh");
        std::fs::create_dir_all(&ours).unwrap();
        std::fs::copy(&self.known_servers, ours.join("known_servers")).unwrap();
        let bin = self.bins.path().join(format!("{program:?}"));
        let mut command = Command::new("/usr/bin/timeout");
        let seconds = row.endless.filter(|_| program == Program::Lftp).unwrap_or(MOST_SECONDS);
        command.args(["-k", "1", &seconds.to_string(), "/bin/sh", "-c", &typed]);
        command.current_dir(&local);
        command.env_clear().env("HOME", home.path()).env("FTPSH_HOME", &ours);
        command.env("FTPSH_SYSTEM", "").env("TZ", "UTC").env("LANG", "C.UTF-8");
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        command.env("LFTP_PASSWORD", &server.password).env("NETRC", home.path().join("no-netrc"));
        let done = command.stdin(Stdio::null()).output().expect("timeout and a shell");
        let seen = Seen {
            status: done.status.code().unwrap_or(-1),
            said: String::from_utf8_lossy(&done.stderr).into_owned(),
            local: Side::at(&local),
            remote: Side::at(&remote),
        };
        std::fs::remove_dir_all(&remote).unwrap();
        seen
    }

    /// What is wrong with a row, and what lftp did with it.
    fn judge(&self, row: &Row, number: usize) -> (Vec<String>, i32) {
        let (local, remote) = &self.before;
        let server = &self.bench.server;
        // Who refuses connects nowhere: this is who would hear of it.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = match row.expected.is_refusal() {
            true => listener.local_addr().unwrap().port(),
            false => server.port,
        };
        let lftp = self.run(
            row,
            row.beside.as_ref().unwrap_or(&row.typed),
            number,
            Program::Lftp,
            server.port,
        );
        let ours = self.run(row, &row.typed, number, Program::Ftpsh, port);
        let mut changed = changes("local", &local.tree, &ours.local.tree);
        changed.extend(changes("remote", &remote.tree, &ours.remote.tree));
        let mut wrong = Vec::new();
        let missing = |part: &&String| !ours.said.contains(part.as_str());
        wrong.extend(row.said.iter().filter(missing).map(|part| format!("does not say: {part}")));
        if ours.said.contains(&server.password) {
            wrong.push("says the password".to_owned());
        }
        let mut as_lftp = ours.differences(&lftp);
        if let Some(typed) = &row.instead {
            let instead = self.run(row, typed, number, Program::Ftpsh, server.port);
            let beside = instead.differences(&lftp);
            wrong.extend(beside.iter().map(|difference| format!("instead: {difference}")));
            if !beside.is_empty() {
                wrong.push(instead.said);
            }
        }
        match row.expected {
            Expected::Same => wrong.append(&mut as_lftp),
            Expected::Differs | Expected::ByContract | Expected::Refused => {
                if ours.status != row.status {
                    wrong.push(format!("status {}, not {}", ours.status, row.status));
                }
                if changed != row.changes {
                    wrong.push(format!("changes:\n    {}", changed.join("\n    ")));
                }
                if row.expected.is_refusal() && listener.accept().is_ok() {
                    wrong.push("connects".to_owned());
                }
            }
        }
        if !wrong.is_empty() {
            let brief = |text: &str| text.lines().take(6).collect::<Vec<_>>().join("\n  | ");
            wrong.push(format!("{}\n  (lftp) {}", brief(&ours.said), brief(&lftp.said)));
        }
        (wrong, lftp.status)
    }
}

fn lftp_is_installed() -> bool {
    let version = Command::new("/usr/bin/lftp").arg("--version").output();
    let installed = version.is_ok_and(|output| output.status.success());
    if !installed {
        let _ = writeln!(std::io::stderr(), "left out: lftp is not installed (lines.rs)");
    }
    installed
}

#[test]
fn lines_for_lftp_do_the_same_or_are_refused_before_anything_is_connected() {
    let rows: Vec<_> = TABLE.split("\n\n").filter_map(Row::parse).collect();
    assert!(rows.len() >= 150, "{} rows", rows.len());
    if support::servers::all().is_empty() || !lftp_is_installed() {
        return;
    }
    let filter = std::env::var("LINES_FILTER").unwrap_or_default();
    let outcome = Mutex::new(Outcome::new());
    std::thread::scope(|scope| {
        for name in SERVERS {
            let (rows, filter, outcome) = (&rows, &filter, &outcome);
            scope.spawn(move || run_all(name, rows, filter, outcome));
        }
    });
    let outcome = outcome.into_inner().unwrap();
    let (text, wrong) = report(&rows, &outcome);
    if let Some(file) = std::env::var_os("LINES_OUTCOME") {
        std::fs::write(file, &text).unwrap();
    }
    let _ = writeln!(std::io::stderr(), "{}", text.lines().last().unwrap_or_default());
    assert!(wrong.is_empty(), "{wrong}");
    let uses = |keep: fn(&Row) -> bool| -> usize {
        rows.iter().filter(|row| keep(row)).map(|row| row.uses).sum()
    };
    let all = uses(|_| true);
    let as_they_are = uses(|row| row.expected == Expected::Same && !row.awaiting) * 100;
    assert!(as_they_are >= AS_THEY_ARE * all, "fewer than {AS_THEY_ARE} %");
    let agreed = as_they_are + uses(|row| row.expected == Expected::ByContract) * 100;
    assert!(agreed >= AS_AGREED * all, "fewer than {AS_AGREED} %");
}

/// By row and server: what is wrong, lftp's status, and how long it took.
type Outcome = BTreeMap<(usize, &'static str), (Vec<String>, i32, Duration)>;

/// Runs the rows that contain `filter` on one server, several at a time.
fn run_all(name: &'static str, rows: &[Row], filter: &str, outcome: &Mutex<Outcome>) {
    let bench = Bench::at(name).unwrap();
    let (stage, next) = (Stage::new(&bench), AtomicUsize::new(0));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = rows.get(number) else { break };
            // Where nothing is connected, one server is enough.
            let elsewhere =
                row.expected.is_refusal() && row.instead.is_none() && name != SERVERS[0];
            if row.typed.contains(filter) && !elsewhere {
                let begun = Instant::now();
                let (wrong, status) = stage.judge(row, number);
                let judged = (wrong, status, begun.elapsed());
                outcome.lock().unwrap().insert((number, name), judged);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(work);
        }
    });
}

/// The outcome by row, with the figures in the last line; and what is wrong.
fn report(rows: &[Row], outcome: &Outcome) -> (String, String) {
    let (mut text, mut wrong) = (String::new(), String::new());
    let mut sums = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        let seen: Vec<_> = SERVERS
            .into_iter()
            .filter_map(|name| Some((name, outcome.get(&(number, name))?)))
            .collect();
        if seen.is_empty() {
            continue;
        }
        let good = seen.iter().all(|(_, (wrong, ..))| wrong.is_empty());
        let word = match (good, row.awaiting) {
            (true, false) => row.expected.group().to_owned(),
            (true, true) => "no longer awaiting".to_owned(),
            (false, true) => "awaiting".to_owned(),
            (false, false) => "WRONG".to_owned(),
        };
        let typed = row.typed.trim_end().replace('\n', "\n                     ");
        let status = seen.first().map_or(0, |(_, (_, status, _))| *status);
        let time = seen.iter().map(|(_, (.., time))| time.as_secs_f64()).fold(0.0, f64::max);
        writeln!(text, "{:>3} {word:16} {typed}  [lftp: {status}; {time:.1} s]", row.uses).unwrap();
        if !good {
            for (name, (what, ..)) in &seen {
                let what = what.join("\n  ");
                writeln!(text, "  {name}: {what}").unwrap();
                if !row.awaiting {
                    writeln!(wrong, "{}  {name}: {what}", row.typed).unwrap();
                }
            }
        }
        let sum = sums.entry(word).or_insert((0, 0));
        *sum = (sum.0 + 1, sum.1 + row.uses);
    }
    let all: usize = sums.values().map(|(_, uses)| uses).sum();
    let share = |(word, (rows, uses)): (&String, &(usize, usize))| {
        let tenths = uses * 1000 / all.max(1);
        format!("{word}: {rows} rows, {uses} usages, {}.{} %", tenths / 10, tenths % 10)
    };
    let shares: Vec<_> = sums.iter().map(share).collect();
    writeln!(text, "{}", shares.join("; ")).unwrap();
    (text, wrong)
}
