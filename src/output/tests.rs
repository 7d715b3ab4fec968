//! Tests of what reaches standard output and standard error.

use anyhow::Context as _;

use super::*;
use crate::error::{Error, Kind};

fn options(json: bool, quiet: bool, verbose: u8) -> OutputOptions {
    OutputOptions { json, quiet, verbose, color: ColorChoice::Auto }
}

fn encode(text: &str) -> Vec<u8> {
    text.chars()
        .flat_map(|c| match c {
            c if escape::BYTES.contains(&c) => vec![c as u8],
            c => c.to_string().into_bytes(),
        })
        .collect()
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn never() -> crate::cancel::Cancel {
    crate::cancel::Cancel::new()
}

#[test]
fn output_is_shared_between_threads() {
    fn shared<T: Clone + Send + Sync>() {}
    shared::<Output>();
    let output = Output::memory();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| output.line("one whole line").unwrap()));
        }
    });
    assert!(output.stdout_text().lines().all(|line| line == "one whole line"));
    assert_eq!(output.stdout_text().lines().count(), 400);
}

#[test]
fn a_pipe_gets_the_bytes_and_a_terminal_gets_them_escaped() {
    let name = "caf\u{f7e9}\x1b[2J";
    let pipe = Output::memory();
    pipe.set_name_encoder(encode);
    pipe.line(name).unwrap();
    pipe.data(b"\x1b\xff\r\n").unwrap();
    pipe.flush().unwrap();
    let memory = pipe.shared.memory.as_ref().unwrap();
    assert_eq!(&*lock(&memory.out.0), b"caf\xe9\x1b[2J\n\x1b\xff\r\n");

    let terminal = Output::memory_terminal(options(false, false, 0), 80);
    terminal.line(name).unwrap();
    terminal.data(b"a\tb\x1b\xff\r\nc\r").unwrap();
    terminal.data(b"\n\xe2\x82").unwrap();
    terminal.data(b"\xac\xe2").unwrap();
    terminal.flush().unwrap();
    assert_eq!(terminal.stdout_text(), "caf\\xe9\\x1b[2J\na\tb\\x1b\\xff\nc\n€\\xe2");
}

#[test]
fn json_turns_lines_and_files_into_text_records() {
    let output = Output::memory_with(options(true, false, 0));
    output.line("a \"line\"").unwrap();
    output.data("half \u{20ac}".as_bytes().split_at(6).0).unwrap();
    output.data("half \u{20ac}".as_bytes().split_at(6).1).unwrap();
    output.data(b"\xff\xfe").unwrap();
    output.flush().unwrap();
    let mut table = Table::new(&[Column::left("Name")]);
    table.row(vec!["x".into()]);
    output.table(&table).unwrap();
    let records = lines(&output.stdout_text());
    assert!(records.iter().all(|record| record["type"] == "text"));
    let texts: Vec<_> = records.iter().map(|r| r["text"].as_str().unwrap_or("-")).collect();
    assert_eq!(texts, ["a \"line\"", "half ", "€", "-", "Name", "x"]);
    assert_eq!(records[3]["text_base64"], "//4=");
}

#[test]
fn a_redirection_takes_the_data_and_leaves_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    for (json, expected) in
        [(false, "line\nraw"), (true, "{\"type\":\"text\",\"text\":\"line\"}\nraw")]
    {
        let path = dir.path().join("out");
        let output = Output::memory_terminal(options(json, false, 0), 80);
        let redirected = output.to_file(File::create(&path).unwrap());
        assert!(!redirected.is_terminal_out());
        redirected.line("line").unwrap();
        redirected.data(b"raw").unwrap();
        redirected.notice("a notice");
        redirected.error(&Error::new(Kind::Login, "no").into());
        redirected.flush().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        assert_eq!(output.stderr_text(), "a notice\nftpsh: no\n");
        let records = lines(&output.stdout_text());
        assert_eq!(records.len(), usize::from(json), "the error record is on standard output");
    }
}

#[test]
fn a_child_gets_the_data_and_sees_its_end() {
    let mut child = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let redirected = Output::memory().to_child(child.stdin.take().unwrap());
    redirected.line("to the child").unwrap();
    redirected.flush().unwrap();
    drop(redirected);
    assert_eq!(child.wait_with_output().unwrap().stdout, b"to the child\n");
}

#[test]
fn a_reader_that_has_gone_is_known_and_not_complained_about() {
    let mut child =
        std::process::Command::new("true").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    child.wait().unwrap();
    let output = Output::memory();
    let redirected = output.to_child(stdin);
    let failed = redirected.data(&[b'x'; 100_000]).context("cat").unwrap_err();
    assert!(is_broken_pipe(&failed));
    output.error(&failed);
    assert_eq!(output.stderr_text(), "");
    assert!(!is_broken_pipe(&Error::new(Kind::Local, "disk full").into()));
}

#[test]
fn data_is_collected_for_a_pipe_and_written_before_a_message() {
    let written = |output: &Output| lock(&output.shared.memory.as_ref().unwrap().out.0).len();
    let output = Output::memory();
    output.line("collected").unwrap();
    assert_eq!(written(&output), 0);
    output.notice("now");
    assert_eq!(written(&output), 10);
    output.data(&[0; 70_000]).unwrap();
    assert_eq!(written(&output), 70_010);
    let terminal = Output::memory_terminal(options(false, false, 0), 80);
    terminal.line("at once").unwrap();
    assert_eq!(written(&terminal), 8);
}

/// A full disk.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::Error::from_raw_os_error(28))
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn data_lost_before_a_message_still_fails_the_command() {
    let output = Output::memory();
    *lock(&output.shared.stdout) = DataSink::new(Box::new(Full), DataFormat::Plain);
    output.line("lost").unwrap();
    output.notice("writes what was collected");
    let failed = output.flush().unwrap_err();
    assert_eq!((failed.kind(), failed.message()), (Kind::Local, "output: no space left on device"));
}

#[test]
fn messages_are_escaped_and_obey_quiet_and_verbose() {
    let say = |output: &Output| {
        output.notice("notice \x1b[2J\nsecond line");
        output.warn("server says \x1b]0;x\nftpsh: forged");
        output.verbose_notice(1, "verbose");
        output.protocol_line(TraceDirection::Sent, "PASS ***\r\n");
        output.protocol_line(TraceDirection::Received, "230 \u{9b}hello");
        output.stderr_text()
    };
    assert_eq!(
        say(&Output::memory_with(options(false, false, 2))),
        "notice \\x1b[2J\nsecond line\n\
         ftpsh: warning: server says \\x1b]0;x\\nftpsh: forged\n\
         verbose\n\
         ---> PASS ***\n\
         <--- 230 \\u{9b}hello\n"
    );
    assert_eq!(
        say(&Output::memory_with(options(false, true, 0))),
        "ftpsh: warning: server says \\x1b]0;x\\nftpsh: forged\n"
    );
    let output = Output::memory();
    output.set_verbosity(1);
    assert!(say(&output).contains("verbose\n"));
    assert!(!output.stderr_text().contains("--->"));
}

#[test]
fn an_error_is_one_line_and_at_most_one_hint() {
    let login = Error::new(Kind::Login, "login refused: \"530 No\x1b\"")
        .with_hint("user NAME")
        .with_reply(530, "530 No\x1b");
    let table: [(anyhow::Error, &str); 5] = [
        (
            anyhow::Error::from(login).context("open h"),
            "ftpsh: open h: login refused: \"530 No\\x1b\"\nhint: user NAME\n",
        ),
        (anyhow::anyhow!("a: b").context("a: b"), "ftpsh: a: b\n"),
        (anyhow::anyhow!("why").context("what: why"), "ftpsh: what: why\n"),
        (
            anyhow::Error::from(std::io::Error::from_raw_os_error(13)).context("/etc/shadow"),
            "ftpsh: /etc/shadow: permission denied\n",
        ),
        (anyhow::anyhow!("two\nlines"), "ftpsh: two\\nlines\n"),
    ];
    for (error, expected) in table {
        let output = Output::memory();
        output.error(&error);
        assert_eq!(output.stderr_text(), expected);
        assert_eq!(output.stdout_text(), "");
    }
}

#[test]
fn json_tells_an_error_on_both_streams() {
    let output = Output::memory_with(options(true, false, 0));
    let error = Error::new(Kind::Refused, "get a: refused")
        .with_reply(550, "550 a: no\x1b")
        .with_hint("ls");
    output.error(&error.into());
    assert_eq!(output.stderr_text(), "ftpsh: get a: refused\nhint: ls\n");
    assert_eq!(
        output.stdout_text(),
        "{\"type\":\"error\",\"kind\":\"refused\",\"message\":\"get a: refused\",\"hint\":\"ls\",\
         \"reply\":\"550 a: no\\u001b\",\"exit\":8}\n"
    );
}

#[test]
fn colour_is_for_words_and_names_only_when_wanted() {
    let color = OutputOptions { color: ColorChoice::Always, ..OutputOptions::default() };
    let output = Output::memory_with(color);
    output.warn("x");
    assert_eq!(output.stderr_text(), "ftpsh: \x1b[33mwarning:\x1b[0m x\n");
    assert!(matches!(output.name_style("pub", NameKind::Directory), Style::Sequence(_)));
    assert_eq!(Output::memory().name_style("pub", NameKind::Directory), Style::Plain);
    let json = Output::memory_with(OutputOptions { json: true, ..color });
    assert!(!json.has_color());
}

#[test]
fn questions_need_somebody_to_answer() {
    let output = Output::memory();
    assert_eq!(output.ask("sure? ", &never()).unwrap(), None);
    assert_eq!(output.ask_hidden("password: ", &never()).unwrap(), None);
    assert_eq!(output.stderr_text(), "");

    let output = Output::memory_answering(options(false, true, 0), &["yes", "secret"]);
    assert!(output.is_interactive());
    assert_eq!(output.ask("trust \x1b? ", &never()).unwrap().as_deref(), Some("yes"));
    assert_eq!(output.ask_hidden("password: ", &never()).unwrap().as_deref(), Some("secret"));
    assert_eq!(output.ask("more? ", &never()).unwrap(), None);
    assert_eq!(output.stderr_text(), "trust \\x1b? password: more? ");
    assert_eq!(output.stdout_text(), "");
}

#[test]
fn a_long_table_streams_into_a_pipe_and_is_pretty_on_a_terminal() {
    let mut table = Table::new(&[Column::right("Size"), Column::left("Name")]);
    for i in 0..50_000 {
        table.row(vec![i.to_string().into(), format!("file-{i}").into()]);
    }
    let output = Output::memory();
    output.table(&table).unwrap();
    let text = output.stdout_text();
    assert_eq!(text.lines().count(), 50_001);
    assert_eq!(text.lines().last(), Some("49999  file-49999"));
    assert_eq!(text.lines().nth(1), Some("    0  file-0"));
}

#[test]
fn a_log_that_fails_is_closed_with_one_warning() {
    let output = Output::memory();
    output.audit("nothing", &serde_json::Map::new());
    output.set_audit_log(Some(AuditLog::open("/dev/full").unwrap()));
    output.audit("one", &serde_json::Map::new());
    output.audit("two", &serde_json::Map::new());
    assert_eq!(
        output.stderr_text(),
        "ftpsh: warning: no audit log from here on: /dev/full: no space left on device\n"
    );
}
