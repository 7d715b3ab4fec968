//! What curl and lftp do beside ftpsh, in front of the same scripted server.
//!
//! `cargo test --test it beside -- --ignored --nocapture` prints a table in Markdown. Nothing is
//! asserted: other people's programs may do what they like, and may not be installed.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::certificate::Certificate;
use support::liar::{Data, Script, Step};
use support::scene::{PASSWORD, Scene, noise};

/// One row of attacks: a script, and what each program is asked to do.
struct Case {
    row: u8,
    what: &'static str,
    script: fn() -> Script,
    /// In ftpsh's words.
    ftpsh: &'static str,
    /// For lftp, after its `open`.
    lftp: &'static str,
    /// curl's URL path and further options.
    curl: &'static [&'static str],
}

const BODY: usize = 10_000;

fn one() -> Script {
    Script::new().file("/a", noise(BODY)).file("/b", "next")
}

fn sizeless() -> Script {
    one()
        .without("SIZE")
        .without("MLST")
        .without("MLSD")
        .always("RETR", Step::Opening(b"150 here\r\n".to_vec()))
}

const GET: (&str, &str, &[&str]) = ("get a", "get a", &["a", "-O"]);

fn case(row: u8, what: &'static str, script: fn() -> Script) -> Case {
    Case { row, what, script, ftpsh: GET.0, lftp: GET.1, curl: GET.2 }
}

fn cases() -> Vec<Case> {
    let names = || {
        let lines = ["../evil", "/abs", "..\\win", "good"]
            .map(|name| format!("-rw-r--r-- 1 f f 5 Jan  2  2024 {name}\r\n"));
        let script = ["/s/good", "/s/../evil", "/abs", "/s/..\\win"]
            .iter()
            .fold(Script::new(), |script, path| script.file(path, "evil!"));
        script.listing_of("LIST", "/s", lines.concat()).without("MLSD")
    };
    let nul = || {
        Script::new()
            .file("/s/nul", "evil!")
            .listing_of("LIST", "/s", b"-rw-r--r-- 1 f f 5 Jan  2  2024 nul\0x\r\n")
            .without("MLSD")
    };
    let tree = |script| Case { ftpsh: "mirror s", lftp: "mirror s", curl: &[], ..script };
    let script_of = |script: Case, ftpsh, lftp, curl| Case { ftpsh, lftp, curl, ..script };
    vec![
        tree(case(1, "`..`, `/abs`, `..\\x` in LIST", names)),
        script_of(
            case(4, "`*.txt` answered with `.bashrc`", || {
                one()
                    .file("/.bashrc", "evil")
                    .listing("NLST", ".bashrc\r\n")
                    .listing("MLSD", "type=file;size=4; .bashrc\r\n")
                    .listing("LIST", "-rw-r--r-- 1 f f 4 Jan  2  2024 .bashrc\r\n")
            }),
            "get *.txt",
            "mget *.txt",
            &[],
        ),
        tree(case(9, "NUL in a name", nul)),
        Case {
            ftpsh: "ls -1",
            lftp: "cls -1",
            curl: &["", "-l"],
            ..case(17, "endless line in a listing", || {
                one()
                    .always_data("MLSD", Data::Endless(vec![b'x'; 65_536]))
                    .always_data("LIST", Data::Endless(vec![b'x'; 65_536]))
                    .always_data("NLST", Data::Endless(vec![b'x'; 65_536]))
            })
        },
        Case {
            ftpsh: "mirror --delete --yes s",
            lftp: "mirror --delete s",
            curl: &[],
            ..case(19, "listing cut short, then --delete", || {
                Script::new()
                    .file("/s/1", "1")
                    .file("/s/keep", "2")
                    .always_data("MLSD", Data::Cut(60))
                    .always_data("LIST", Data::Cut(60))
            })
        },
        case(22, "endless reply", || one().greeting(Step::Endless(b"220-more\r\n".to_vec()))),
        case(23, "greeting a byte each 100 ms", || {
            one().greeting(Step::Drip(
                b"220 welcome to this very slow server, take a seat, please\r\n".repeat(4),
                Duration::from_millis(100),
            ))
        }),
        case(25, "`230 in` injected before TLS", || {
            one().on("AUTH", Step::Reply(b"234 go\r\n230 in\r\n".to_vec()))
        }),
        case(26, "`530` to AUTH", || one().always("AUTH", Step::reply("530 no TLS here"))),
        case(27, "`536` to PROT P", || one().always("PROT", Step::reply("536 not private"))),
        case(29, "PASV address elsewhere", || {
            one().without("EPSV").passive_address(Ipv4Addr::new(127, 9, 9, 9))
        }),
        Case {
            ftpsh: "quote NOOP; rm b",
            lftp: "quote NOOP; rm b",
            curl: &["", "-Q", "NOOP", "-Q", "DELE b"],
            ..case(30, "two replies to NOOP, then 550 to DELE", || {
                one()
                    .always("NOOP", Step::Reply(b"200 ok\r\n250 ok\r\n".to_vec()))
                    .always("DELE", Step::reply("550 no"))
            })
        },
        case(31, "`123 users` inside a 230", || {
            one().always("PASS", Step::Reply(b"230-Hi\r\n123 users online\r\n230 ok\r\n".to_vec()))
        }),
        case(32, "`220` without text", || one().greeting(Step::Reply(b"220\r\n".to_vec()))),
        case(46, "half the body, FIN, `226`; no SIZE", || {
            sizeless().always_data("RETR", Data::Cut(BODY / 2))
        }),
        case(47, "short body, clean close, `226`", || {
            one().always_data("RETR", Data::Short(BODY / 2))
        }),
        case(49, "whole body, then `426`", || one().always("RETR", Step::last("426 broken"))),
        case(51, "other certificate on data", || {
            one().always_data("RETR", Data::Certificate(Certificate::make("localhost").unwrap()))
        }),
        Case {
            ftpsh: "get a; pwd",
            lftp: "get a; pwd",
            ..case(54, "garbage instead of TLS after 150", || {
                one().always_data("RETR", Data::Garbage(b"SSH-2.0-x\r\n".to_vec()))
            })
        },
        Case {
            ftpsh: "get -c a",
            lftp: "get -c a",
            curl: &["a", "-O", "-C", "-"],
            ..case(56, "350 to REST, then from 0", || one().always("REST", Step::reply("350 fine")))
        },
        Case {
            ftpsh: "put up",
            lftp: "put up",
            curl: &["", "-T", "up"],
            ..case(60, "upload stored short, `226`", || {
                one().always_data("STOR", Data::Short(5000))
            })
        },
        Case {
            ftpsh: "get --overwrite a",
            lftp: "set xfer:clobber yes; get a",
            ..case(67, "old file, download fails half-way", || {
                one().always_data("RETR", Data::Reset(BODY / 2))
            })
        },
    ]
}

/// What lies before the program runs.
fn prepare(scene: &Scene, row: u8) {
    match row {
        19 => {
            std::fs::create_dir(scene.path("s")).unwrap();
            scene.write("s/1", "1");
            scene.write("s/keep", "2");
        }
        // The first half of the file is here.
        56 => scene.write("a", &noise(BODY)[..BODY / 2]),
        60 => scene.write("up", noise(BODY)),
        67 => scene.write("a", "old and good"),
        _ => {}
    }
}

fn ran(mut command: Command, scene: &Scene) -> String {
    let begun = Instant::now();
    let null = Stdio::null;
    command.current_dir(&scene.dest).stdin(null()).stdout(null()).stderr(null());
    let Ok(status) = command.status() else { return "not installed".to_owned() };
    let status = match status.code() {
        Some(124) => "stopped after 20 s".to_owned(),
        Some(code) => format!("exit {code}"),
        None => "killed".to_owned(),
    };
    let mut files = Vec::new();
    for path in scene.tree().iter().filter(|path| *path != "dest") {
        let full = scene.path("..").join(path);
        if full.is_file() {
            let size = full.metadata().unwrap().len();
            let content = std::fs::read(&full).unwrap();
            let whole = if content == noise(BODY) { ", whole" } else { "" };
            let shown = path.strip_prefix("dest/").map_or(format!("OUTSIDE {path}"), str::to_owned);
            files.push(format!("`{}` {size} B{whole}", shown.escape_debug()));
        }
    }
    let wire = &scene.liar.wire;
    let mut notes = vec![if files.is_empty() { "no file".to_owned() } else { files.join(", ") }];
    if !wire
        .clear_lines()
        .iter()
        .filter(|line| line.starts_with("USER") || line.starts_with("PASS"))
        .count()
        .eq(&0)
    {
        notes.push("LOGIN IN CLEAR TEXT".to_owned());
    } else if !wire.has("USER") {
        notes.push("no login sent".to_owned());
    }
    if wire.lines("PROT").iter().any(|line| line == "PROT C") {
        notes.push("PROT C".to_owned());
    }
    if let Some(stored) = scene.liar.content("/up") {
        notes.push(format!("{} B on the server", stored.len()));
    }
    let seconds = begun.elapsed().as_secs_f32();
    if seconds > 3.0 {
        notes.push(format!("{seconds:.0} s"));
    }
    format!("{status}; {}", notes.join("; "))
}

fn limited(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "1", "20", program]);
    command
}

#[test]
#[ignore = "a comparison to look at: prints a table, and takes minutes"]
fn curl_and_lftp_do_the_same() {
    let mut out = std::io::stderr();
    let _ = writeln!(out, "| row | attack | ftpsh | curl | lftp |\n|---|---|---|---|---|");
    for case in cases() {
        let scene = || {
            let scene = Scene::new((case.script)());
            prepare(&scene, case.row);
            scene
        };
        let ours = scene();
        let call = ours.call().args(["--set", "net:timeout=5s", "-c", case.ftpsh]).command();
        let mut command = limited(call.get_program().to_str().unwrap());
        command.args(call.get_args()).env_clear().env(PASSWORD, &ours.liar.password);
        command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ours = ran(command, &ours);

        let theirs = scene();
        let curl = match case.curl {
            [] => "no such function".to_owned(),
            [path, options @ ..] => {
                let mut command = limited("curl");
                let login = format!("{}:{}", theirs.liar.user, theirs.liar.password);
                command.args(["-sS", "-q", "-k", "--ssl-reqd", "--max-time", "15", "-u", &login]);
                command.args(options).arg(format!("ftp://{}/{path}", theirs.liar.addr));
                ran(command, &theirs)
            }
        };
        let theirs = scene();
        let lines = format!(
            "set cmd:fail-exit yes; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; \
             set ssl:verify-certificate no; set net:timeout 5; set net:max-retries 1; \
             set net:persist-retries 0; open -u {},{} ftp://{}; {}",
            theirs.liar.user, theirs.liar.password, theirs.liar.addr, case.lftp
        );
        let mut command = limited("lftp");
        command.args(["--norc", "-c", &lines]);
        let lftp = ran(command, &theirs);
        let _ = writeln!(out, "| {} | {} | {ours} | {curl} | {lftp} |", case.row, case.what);
    }
}
