//! docs/session.svg: a session as the program shows it, drawn from the terminal it ran in.
//!
//! In: a scripted server, reached as ftp.example.org through a proxy, and typed lines. Out: the
//! screen as SVG, compared with the committed file; `make picture` writes it. What differs between two
//! runs (fingerprint, rates, the home directory) is replaced by a constant of the same width.

use std::fmt::Write as _;
use std::num::NonZeroU16;
use std::path::Path;
use std::time::{Duration, Instant};

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use regex::{Captures, Regex};
use support::certificate::Certificate;
use support::liar::{Data, Liar, Script, Step};
use support::program::Ftpsh;
use support::proxy::{Manner, Proxy};
use vt100::{Cell, Color, Parser, Screen};

use crate::home;
use crate::terminal::Terminal;

const COLUMNS: u16 = 80;
const ROWS: u16 = 40;
/// The variable that has the picture written instead of compared.
const WRITE: &str = "FTPSH_WRITE_PICTURE";

/// Progress is counted in such blocks.
const BLOCK: usize = 256 << 10;

/// What is fetched: a name, its size in bytes, and how many of them arrive.
const PHOTOS: &[(&str, usize, usize)] = &[
    ("dunes.jpg", 310_000, 310_000),
    ("ferry.jpg", 290_000, 290_000),
    ("harbour.tif", 3_900_000, 10 * BLOCK),
    ("island.tif", 5_200_000, 7 * BLOCK),
    ("lighthouse.tif", 4_400_000, 3 * BLOCK),
];

const LISTING: &str = "\
type=dir;modify=20261103091522;UNIX.mode=0755;UNIX.owner=bob;UNIX.group=www; photos\r\n\
type=dir;modify=20260918160104;UNIX.mode=0755;UNIX.owner=bob;UNIX.group=www; site\r\n\
type=file;size=734003200;modify=20261120184500;UNIX.mode=0640;UNIX.owner=bob;UNIX.group=www; backup.tar.gz\r\n\
type=file;size=18211;modify=20261121073010;UNIX.mode=0644;UNIX.owner=bob;UNIX.group=www; report.pdf\r\n\
type=file;size=1374;modify=20261015120000;UNIX.mode=0755;UNIX.owner=root;UNIX.group=root; nightly.sh\r\n";

#[test]
fn the_picture_of_a_session_is_what_the_program_shows() {
    let picture = draw(&last_screen());
    assert!(picture.len() < 60_000, "{} bytes", picture.len());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/session.svg");
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, picture).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    let differs = committed.lines().zip(picture.lines()).find(|(old, new)| old != new);
    assert!(committed == picture, "not up to date; run: make picture\n{differs:#?}");
}

/// The server. The large photos stop on their way, so that the same is always on the screen.
fn server() -> Liar {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let (from, until) = (1_767_225_600, 2_398_377_600); // 2026-01-01, 2046-01-01
    let certificate = Certificate::sign("ftp.example.org", key, from, until).unwrap();
    let mut script = Script::new()
        .certificate(&certificate)
        .user("bob", "s3cret-word")
        .listing_of("MLSD", "/", LISTING)
        .dir("/site");
    for (name, size, arrives) in PHOTOS {
        let path = format!("/photos/{name}");
        script = script.file(&path, vec![b'x'; *size]);
        if arrives < size {
            script = script.of("RETR", &path, Step::Data(Data::Stall(*arrives)));
        }
    }
    Liar::start(script)
}

/// The screen when the transfers stop, with their lines in the order of names, which is that in which
/// they begin: all but always.
fn last_screen() -> Screen {
    let is_ordered = |screen: &Screen| {
        let text = screen.contents();
        let unfinished = PHOTOS.iter().filter(|(_, size, arrives)| arrives < size);
        unfinished.map(|(name, ..)| text.find(name)).is_sorted()
    };
    (0..5).map(|_| play()).find(is_ordered).expect("lines in the order of names")
}

/// Plays the session until the transfers stop.
fn play() -> Screen {
    let (server, home) = (server(), home());
    let proxy = Proxy::start(Manner::HttpTo(server.addr.port()));
    let local = home.path().join("local");
    std::fs::create_dir(&local).unwrap();
    let command = Ftpsh::at(&home)
        .args(["-u", "bob", "ftp.example.org"])
        .env("TERM", "xterm-256color")
        .env("LS_COLORS", "di=1;34:ex=1;32:*.gz=1;31")
        .env("all_proxy", format!("http://{}", proxy.addr))
        .cwd(&local)
        .command();
    let mut terminal = Terminal::with_size(command, COLUMNS, ROWS);
    terminal.expect("[no]? ");
    terminal.send("yes\r");
    terminal.expect("Password for ");
    terminal.send("s3cret-word\r");
    terminal.await_prompt();
    terminal.send("ls -l\r");
    terminal.await_prompt();
    terminal.send("mirror -P 3 photos\r");
    let is_complete = |screen: &Screen| {
        let text = screen.contents();
        let shown = |(name, size, arrives): &(&str, usize, usize)| {
            arrives == size || text.contains(&format!("{name:27}{:3}%", arrives * 100 / size))
        };
        text.contains("2 of 5 files") && PHOTOS.iter().all(shown)
    };
    let end = Instant::now() + Duration::from_secs(20);
    let mut before = String::new();
    loop {
        let transcript = terminal.transcript();
        let shown = without_chance(&transcript, home.path());
        let screen = emulate(&format!("$ ftpsh -u bob ftp.example.org\r\n{shown}"));
        // Twice the same: not in the middle of a drawing.
        if is_complete(&screen) && before == screen.contents_formatted() {
            return screen;
        }
        assert!(Instant::now() < end, "{}", screen.contents());
        before = screen.contents_formatted();
        terminal.await_more_than(&transcript, Duration::from_secs(1));
    }
}

/// The transcript without what is different in each run.
fn without_chance(transcript: &str, home: &Path) -> String {
    let fingerprint = Regex::new("SHA256:[A-Za-z0-9+/]{43}").unwrap();
    let text =
        fingerprint.replace_all(transcript, "SHA256:7VbQ1xk0m9rTzJ2cLwYhD4sNfEuGqKp3oAiWvB8tRXM");
    let rate = Regex::new(r"([^\r\n]*\d/[\d.]+ [KM]iB) +[\d.]+ [KM]?i?B/s ETA [-\d:]+").unwrap();
    let text = rate.replace_all(&text, |found: &Captures<'_>| {
        let is_total = found[1].contains(" files ");
        let (rate, left) = if is_total { ("8.4 MiB/s", "0:01") } else { ("2.8 MiB/s", "0:01") };
        format!("{} {rate:>10} ETA {left:>4}", &found[1])
    });
    text.replace(&*home.to_string_lossy(), "/home/bob/.local/share")
}

/// What a terminal shows after this.
pub fn emulate(transcript: &str) -> Screen {
    let [rows, columns] = [ROWS, COLUMNS].map(|size| NonZeroU16::new(size).unwrap());
    let mut terminal = Parser::new(rows, columns, 0);
    terminal.process(transcript.as_bytes());
    terminal.screen().clone()
}

/// Pixels: a character's width, a line's height, the space beside the text and the title bar.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 19.0;
const MARGIN: f32 = 18.0;
const TITLE: f32 = 34.0;

/// The palette of the terminal: dark, so that it looks the same on any page.
const BACKGROUND: &str = "#0d1117";
const FOREGROUND: &str = "#d6dde6";
const PALETTE: [&str; 16] = [
    "#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
    "#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff",
];

/// The screen in a window, one `<text>` for each run of characters that look alike.
fn draw(screen: &Screen) -> String {
    let lines: Vec<_> = screen.contents().lines().map(str::to_owned).collect();
    let width = f32::from(COLUMNS) * WIDTH + 2.0 * MARGIN;
    let height = TITLE + lines.len() as f32 * HEIGHT + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"A session of ftpsh in a terminal\">\n\
         <style>text {{ font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; \
         white-space: pre; fill: {FOREGROUND} }} .b {{ font-weight: bold }} .d {{ opacity: .6 }}</style>\n\
         <rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{BACKGROUND}\" stroke=\"#57606a\"/>\n",
        width - 1.0,
        height - 1.0,
    );
    for (at, colour) in ["#ff5f56", "#ffbd2e", "#27c93f"].into_iter().enumerate() {
        let x = MARGIN + 4.0 + at as f32 * 18.0;
        let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"17\" r=\"5.5\" fill=\"{colour}\"/>");
    }
    for row in 0..lines.len() as u16 {
        let y = TITLE + (f32::from(row) + 0.75) * HEIGHT;
        for (column, text, style) in runs(screen, row) {
            let x = MARGIN + f32::from(column) * WIDTH;
            let length = text.chars().count() as f32 * WIDTH;
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\"{style}>{text}</text>"
            );
        }
    }
    svg + "</svg>\n"
}

/// The runs of one row, without blanks around them: column, text, attributes.
fn runs(screen: &Screen, row: u16) -> Vec<(u16, String, String)> {
    let mut runs: Vec<(u16, String, String)> = Vec::new();
    let mut blanks = 2;
    for column in 0..COLUMNS {
        let cell = screen.cell(row, column).unwrap();
        let text = cell.contents();
        if text.trim().is_empty() {
            blanks += 1;
            continue;
        }
        let style = style(cell);
        match runs.last_mut() {
            Some((_, run, of_run)) if blanks < 2 && *of_run == style => {
                run.push_str(&" ".repeat(blanks));
                run.push_str(text);
            }
            _ => runs.push((column, text.to_owned(), style)),
        }
        blanks = 0;
    }
    runs
}

fn style(cell: &Cell) -> String {
    let mut style = String::new();
    let classes: Vec<_> =
        [(cell.bold(), "b"), (cell.dim(), "d")].iter().filter(|c| c.0).map(|c| c.1).collect();
    if !classes.is_empty() {
        let _ = write!(style, " class=\"{}\"", classes.join(" "));
    }
    if let Color::Idx(colour @ 0..16) = cell.fgcolor() {
        let _ = write!(style, " style=\"fill: {}\"", PALETTE[usize::from(colour)]);
    }
    style
}
