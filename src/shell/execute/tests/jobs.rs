//! Tests of background jobs without a server.

use super::{Ran, run_script};
use crate::cancel::Reason;
use crate::commands::Context;
use crate::commands::context::testing::Fixture;
use crate::error::Kind;
use crate::output::{Output, OutputOptions};
use std::time::{Duration, Instant};

/// Runs a script and waits for its jobs.
fn finished(fixture: Fixture, text: &str) -> Ran {
    let mut ran = super::ran(fixture, text);
    let ctx = &mut ran.fixture.ctx;
    ctx.finish_jobs();
    (ran.out, ran.err) = (ctx.out.stdout_text(), ctx.out.stderr_text());
    ran
}

fn script(text: &str) -> Ran {
    finished(Fixture::new(run_script), text)
}

fn prompt(out: Output) -> Fixture {
    let mut fixture = Fixture::with(out, run_script);
    fixture.ctx.client.at_prompt = true;
    fixture
}

/// The lines, sorted: jobs run concurrently.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_job_runs_beside_what_follows_and_says_that_it_is_done() {
    let ran = script("sleep 0.5 && echo job & echo script");
    assert_eq!(ran.out, "script\njob\n");
    assert_eq!(ran.err, "[1] done: sleep 0.5 && echo job &\n");
    assert_eq!(ran.kind, None);
}

#[test]
fn groups_and_several_jobs_keep_their_own_order() {
    let ran = script("(echo a1; sleep 0.1; echo a2) & (echo b1; sleep 0.1; echo b2) &");
    assert_eq!(sorted(&ran.out), ["a1", "a2", "b1", "b2"]);
    for [first, second] in [["a1", "a2"], ["b1", "b2"]] {
        assert!(ran.out.find(first) < ran.out.find(second), "{}", ran.out);
    }
    assert_eq!(
        sorted(&ran.err),
        ["[1] done: (echo a1; sleep 0.1; echo a2) &", "[2] done: (echo b1; sleep 0.1; echo b2) &"]
    );
}

#[test]
fn failures_of_jobs_count_once_and_the_first_cause_wins() {
    for (text, failed, first) in [
        ("false &", 1, Some(Kind::Other)),
        ("lcd /nowhere &", 1, Some(Kind::Local)),
        ("lcd /nowhere & wait || true; false &", 1, Some(Kind::Other)),
        ("false & wait 1", 1, Some(Kind::Other)),
        ("false & wait 1 || true", 0, None),
        ("(false || true) &", 0, None),
        ("(lcd /nowhere; echo no) &", 1, Some(Kind::Local)),
        ("false & wait all; echo no", 1, Some(Kind::Other)),
        ("false & true & wait 2", 1, Some(Kind::Other)),
        ("repeat -c 3 -d 0 false &", 3, Some(Kind::Other)),
        ("sleep 1h & kill 1", 0, None),
        ("sleep 1h & kill 1; wait 1", 1, Some(Kind::Other)),
        ("exit 3 &", 1, Some(Kind::Other)),
        ("exit & wait 1", 0, None),
    ] {
        let ran = script(text);
        let totals = ran.fixture.ctx.totals;
        assert_eq!((totals.failed, totals.first_failure), (failed, first), "{text}\n{}", ran.err);
        assert!(!ran.out.contains("no"), "{text}");
    }
}

#[test]
fn a_job_has_directories_settings_and_aliases_of_its_own() {
    let fixture = Fixture::new(run_script);
    let (one, two) = (fixture.path("one"), fixture.path("two"));
    for directory in [&one, &two] {
        std::fs::create_dir(directory).unwrap();
    }
    let before = std::env::current_dir().unwrap();
    // Only jobs change directory here: the process's own directory is shared by all tests.
    let text = format!(
        "(lcd {one}; (lpwd > here) & lcd {two}; wait 2; echo x > there; lls; ! pwd > pwd\n\
         set net:timeout 5s; alias a echo) & wait 1; (set net:timeout) & wait 3"
    );
    let ran = finished(fixture, &text);
    assert_eq!(
        ran.fixture.read("one/here").trim(),
        std::fs::canonicalize(&one).unwrap().to_str().unwrap()
    );
    assert_eq!(ran.fixture.read("two/there"), "x\n");
    let two = std::fs::canonicalize(&two).unwrap();
    assert_eq!(ran.fixture.read("two/pwd").trim(), two.to_str().unwrap());
    assert_eq!(ran.kind, None, "{}", ran.err);
    assert!(ran.out.starts_with("there\n") && ran.out.contains("30s"), "{}", ran.out);
    assert_eq!(std::env::current_dir().unwrap(), before);
    assert!(ran.fixture.ctx.aliases.is_empty());
}

#[test]
fn kill_ends_a_job_at_once_and_fg_passes_ctrl_c_on() {
    let begun = Instant::now();
    let ran = script("sleep 1h & (! sleep 3600\n) & kill 1 2; jobs");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(ran.out.matches("killed").count(), 2, "{}", ran.out);
    assert!(ran.err.contains("[1] killed: sleep 1h &\n"), "{}", ran.err);

    let mut fixture = Fixture::new(run_script);
    run_script(&mut fixture.ctx, "sleep 1h & sleep 1h &", "test").unwrap();
    fixture.ctx.client.cancel.request(Reason::Interrupted);
    let error = fixture.ctx.wait_with_jobs(&[2]).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
    let running = |fixture: &Fixture| fixture.ctx.jobs.running_jobs();
    assert!(!running(&fixture).contains(&2) && running(&fixture).contains(&1));
    // `wait` does not stop the others.
    assert!(run_script(&mut fixture.ctx, "wait", "test").is_err());
    assert_eq!(running(&fixture), [1]);
    // Exiting does.
    fixture.ctx.finish_jobs();
    assert!(running(&fixture).is_empty());
    assert_eq!(fixture.ctx.totals.first_failure, Some(Kind::Interrupted));
}

#[test]
fn a_termination_reaches_all_jobs() {
    let mut fixture = Fixture::new(run_script);
    run_script(&mut fixture.ctx, "sleep 1h & (sleep 1h) &", "test").unwrap();
    fixture.ctx.client.cancel.request(Reason::Terminated);
    fixture.ctx.finish_jobs();
    assert!(fixture.ctx.jobs.running_jobs().is_empty());
    assert_eq!(fixture.ctx.totals.first_failure, Some(Kind::Terminated));
}

#[test]
fn jobs_that_are_not_there_are_wrong_usage() {
    for (text, want) in [
        ("wait 1", "wait: no job 1"),
        ("kill 7", "kill: no job 7"),
        ("fg", "fg: no jobs"),
        ("wait x", "test:1:1: wait: invalid value `x`"),
        ("kill", "test:1:1: kill: missing <N|all>"),
        ("nonsense &", "test:1:1: unknown command"),
        ("(echo a; nonsense) & echo b", "test:1:10: unknown command"),
        ("queue nonsense", "test:1:1: queue:1:1: unknown command"),
        ("queue -d 1", "queue: no command 1"),
        ("queue -d 0", "queue: no command 0"),
    ] {
        let ran = script(text);
        assert_eq!(ran.kind, Some(Kind::Usage), "{text}");
        assert!(ran.err.contains(want), "{text}: {}", ran.err);
        assert_eq!(ran.out, "", "{text}");
    }
}

#[test]
fn with_json_jobs_are_records_when_they_begin_and_end() {
    let out = Output::memory_with(OutputOptions { json: true, ..OutputOptions::default() });
    let ran = finished(Fixture::with(out, run_script), "echo a & wait; lcd /nowhere &");
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| match line["type"].as_str().unwrap() {
            "job" => format!("{} {} {}", line["id"], line["state"].as_str().unwrap(), line["exit"]),
            other => other.to_owned(),
        })
        .collect();
    let want = ["1 running null", "text", "1 done 0", "2 running null", "error", "2 failed 9"];
    assert_eq!(told, want);
    assert_eq!(lines[0]["command"], "echo a &");
}

#[test]
fn titles_hold_no_secrets() {
    let ran = script("(open ftps://u:secret@127.0.0.1:1/ || true) & jobs; wait");
    assert!(!ran.out.contains("secret") && !ran.err.contains("secret"), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("open ftps://u@127.0.0.1:1/"), "{}", ran.out);
}

#[test]
fn a_job_never_asks() {
    let out = Output::memory_answering(OutputOptions::default(), &["bob", "secret"]);
    let ran = finished(prompt(out), "open ftps://127.0.0.1:1/ & wait");
    assert!(!ran.err.contains("(y/N)") && ran.err.contains("[1] failed"), "{}", ran.err);
}

#[test]
fn queued_commands_run_in_order_and_a_failure_keeps_none_from_its_turn() {
    let ran = script("queue sleep 0.1; queue echo 'a b'; queue false; queue 'echo c; echo d'");
    assert_eq!(ran.out, "a b\nc\nd\n");
    assert_eq!((ran.fixture.ctx.totals.failed, ran.kind), (1, None), "{}", ran.err);
    // Also if a job ended before the next command was queued.
    for pause in ["", "sleep 0.2; "] {
        let ran = script(&format!("queue false; {pause}queue echo a; queue wait || echo caught"));
        assert_eq!((ran.out.as_str(), ran.fixture.ctx.totals.failed), ("a\ncaught\n", 0));
    }
}

#[test]
fn a_queue_is_listed_stopped_changed_and_started() {
    let text = "queue stop; queue echo a; queue echo b; queue echo c; queue -d 2; queue; \
                echo -; queue start; queue wait; queue";
    let ran = finished(
        {
            let mut fixture = Fixture::new(run_script);
            fixture.ctx.redact = |line| Some(line.to_owned());
            fixture
        },
        text,
    );
    let words: Vec<_> = ran.out.split_whitespace().collect();
    let want = "N State Command 1 stopped echo a 2 stopped echo c - a c";
    assert_eq!(words.join(" "), want, "{}", ran.err);
    assert!(ran.err.contains("removed from the queue: echo b"), "{}", ran.err);
}

#[test]
fn what_a_stopped_queue_leaves_undone_is_a_failure() {
    let ran = script("queue stop; queue echo a");
    assert_eq!(ran.fixture.ctx.totals.first_failure, Some(Kind::Other));
    assert!(ran.err.contains("queue: 1 command was not run"), "{}", ran.err);
    // Killing its job keeps the queued commands.
    let mut fixture = Fixture::new(run_script);
    run_script(&mut fixture.ctx, "queue sleep 1h; queue echo a", "test").unwrap();
    while fixture.ctx.queue_view().current.is_none() {
        std::thread::yield_now();
    }
    let ran = finished(fixture, "kill 1; queue start; queue wait");
    assert_eq!((ran.out.as_str(), ran.fixture.ctx.totals.failed), ("a\n", 0), "{}", ran.err);
}

#[test]
fn a_queued_command_has_the_directory_of_when_it_was_queued() {
    let fixture = Fixture::new(run_script);
    let there = std::fs::canonicalize(fixture.dir.path()).unwrap().display().to_string();
    let text = format!("(lcd {there}; queue lpwd; lcd /; queue lpwd; queue wait) &");
    let ran = finished(fixture, &text);
    assert_eq!(ran.out, format!("{there}\n/\n"), "{}", ran.err);
}

#[test]
fn at_the_prompt_jobs_wait_for_the_end_of_the_line() {
    let out = Output::memory_terminal(OutputOptions::default(), 80);
    let mut fixture = prompt(out);
    let ctx = &mut fixture.ctx;
    let (go, going) = std::sync::mpsc::channel::<()>();
    let job = move |ctx: &mut Context| {
        let _ = going.recv();
        run_script(ctx, "echo data", "job").map_err(|_| Kind::Other)
    };
    ctx.start_job("echo data &", Box::new(job)).unwrap();
    assert_eq!(ctx.out.stderr_text(), "[1] echo data &\n");
    ctx.jobs.flush_reports(&ctx.out);
    drop(go);
    ctx.jobs.wait_at_most(&[1], Duration::from_secs(10));
    assert_eq!(ctx.out.stdout_text(), "");
    ctx.jobs.flush_reports(&ctx.out);
    assert_eq!(ctx.out.stdout_text(), "data\n");
    assert!(ctx.out.stderr_text().ends_with("[1] done: echo data &\n"));
    // A finished job is listed once.
    run_script(ctx, "jobs", "prompt").unwrap();
    assert!(ctx.out.stdout_text().contains("done"));
    assert!(ctx.jobs.list_jobs().is_empty());
}

#[test]
fn whoever_leaves_the_prompt_is_asked_about_jobs() {
    for (answer, leaves, killed) in
        [("s", false, false), ("", false, false), ("w", true, false), ("Kill", true, true)]
    {
        let out = Output::memory_answering(OutputOptions::default(), &[answer]);
        let mut fixture = prompt(out);
        let (go, going) = std::sync::mpsc::channel::<()>();
        let job = move |ctx: &mut Context| {
            let _ = going.recv();
            ctx.client.cancel.check().map_err(|error| error.kind())
        };
        fixture.ctx.start_job("get big.iso &", Box::new(job)).unwrap();
        run_script(&mut fixture.ctx, "exit", "prompt").unwrap();
        drop(go);
        assert_eq!(fixture.ctx.exit_requested.is_some(), leaves, "{answer}");
        let question = "1 job is running: wait, kill, or stay (w/k/S)? ";
        assert!(fixture.ctx.out.stderr_text().contains(question));
        fixture.ctx.finish_jobs();
        let err = fixture.ctx.out.stderr_text();
        assert_eq!(err.contains("[1] killed"), killed, "{answer}: {err}");
        assert_eq!(fixture.ctx.totals.first_failure, None);
    }
    // Without jobs, or in a script, there is no question.
    let out = Output::memory_answering(OutputOptions::default(), &[]);
    let ran = finished(prompt(out), "exit");
    assert!(ran.fixture.ctx.exit_requested.is_some() && ran.err.is_empty());
}
