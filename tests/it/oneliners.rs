//! One line of commands and all that comes of it: exit status, standard output, what standard
//! error must hold, and every file that is new, gone or changed, here and on the server.
//!
//! The rows are in `oneliners.txt`, which says how to read them. Each runs on a server and in a
//! directory of its own. A row that differs is printed as it was seen.

use super::examples::lay_out;
use support::embedded::Embedded;
use support::program::{Ftpsh, Ran};
use support::tree::{changes, tree};

const TABLE: &str = include_str!("oneliners.txt");

/// A row: the lines to type, and what is to come of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    commands: Vec<String>,
    status: i32,
    out: Vec<String>,
    /// Parts of standard error.
    err: Vec<String>,
    /// `local + name: content`, and the like.
    changes: Vec<String>,
}

impl Row {
    fn parse(block: &str) -> Self {
        let mut row = Self::default();
        for line in block.lines() {
            let (mark, rest) = line.split_at(line.len().min(2));
            match mark {
                "# " | "#" => {}
                "$ " => row.commands.push(rest.to_owned()),
                "= " => row.status = rest.parse().unwrap(),
                "> " | ">" => row.out.push(rest.to_owned()),
                "! " => row.err.push(rest.to_owned()),
                _ if line.starts_with("local ") || line.starts_with("remote ") => {
                    row.changes.push(line.to_owned());
                }
                _ => panic!("not understood: {line}"),
            }
        }
        row
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.commands.iter().try_for_each(|line| writeln!(f, "$ {line}"))?;
        if self.status != 0 {
            writeln!(f, "= {}", self.status)?;
        }
        self.out.iter().try_for_each(|line| writeln!(f, "{}", format!("> {line}").trim_end()))?;
        self.err.iter().try_for_each(|part| writeln!(f, "! {part}"))?;
        self.changes.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

fn rows() -> Vec<Row> {
    let blocks = TABLE.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
    let rows = blocks.map(Row::parse);
    rows.filter(|row| !row.commands.is_empty()).collect()
}

/// Runs a row; what was seen, where it is not what was wanted.
fn differs(row: &Row) -> Option<String> {
    let server = Embedded::start();
    let call = Ftpsh::new();
    let local = call.home().path().join("local");
    std::fs::create_dir(&local).unwrap();
    lay_out(&server.root, &local);
    let before = (tree(&local), tree(&server.root));
    let here = local.canonicalize().unwrap().display().to_string();
    let address = server.addr.to_string();
    let commands = row.commands.join("\n").replace("ftp.example.org", &address);
    let ran: Ran = call
        .cwd(&local)
        .env("PASSWORD_OF_TESTS", &server.password)
        .env("EDITOR", "sed -i s/notes/NOTES/")
        .args(["--trust", "accept-new", "--password-env", "PASSWORD_OF_TESTS"])
        .args(["--user", "tester", "-c", &commands, &server.url()])
        .run();
    // What differs from run to run is written as in the table.
    let plain = |text: String| text.replace(&here, "HERE").replace(&address, "ftp.example.org");
    let mut seen = Row {
        commands: row.commands.clone(),
        status: ran.status,
        out: plain(ran.out()).lines().map(str::to_owned).collect(),
        err: row.err.clone(),
        changes: changes("local", &before.0, &tree(&local)),
    };
    seen.changes.extend(changes("remote", &before.1, &tree(&server.root)));
    let err = plain(ran.err());
    let said = row.err.iter().all(|part| err.contains(part));
    let same_text = |a: &[String], b: &[String]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.trim_end() == b.trim_end())
    };
    let same = seen.status == row.status
        && same_text(&seen.out, &row.out)
        && seen.changes == row.changes
        && said;
    (!same).then(|| format!("{seen}(stderr)\n{err}"))
}

#[test]
fn every_line_does_what_the_table_says_and_nothing_else() {
    let rows = rows();
    assert!(rows.len() >= 80, "{} rows", rows.len());
    let mut wrong = Vec::new();
    // A few at a time: most of it is waiting.
    for some in rows.chunks(4) {
        let results = std::thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|row| scope.spawn(|| differs(row))).collect();
            threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        for (row, result) in some.iter().zip(results) {
            match result {
                Ok(seen) => wrong.extend(seen),
                Err(_) => wrong.push(format!("{row}panicked")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
