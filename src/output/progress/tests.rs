//! Tests of what is shown of a transfer, and when.

use super::*;
use crate::output::JobMeter;
use crate::output::OutputOptions;

#[test]
fn a_plain_line_comes_every_five_seconds_of_a_long_transfer() {
    let output = Output::memory();
    let progress = output.progress("a\x1b.iso", Some(1024 * 1024 * 1024));
    progress.advance(12_897_484);
    assert_eq!(output.stderr_text(), "", "a short transfer needs no line");
    for seconds in [4, 5, 6, 9, 10] {
        progress.report(&output, Duration::from_secs(seconds));
    }
    assert_eq!(
        output.stderr_text(),
        "a\\x1b.iso: 12.3 MiB of 1.0 GiB (1%), 2.5 MiB/s\n\
         a\\x1b.iso: 12.3 MiB of 1.0 GiB (1%), 1.2 MiB/s\n"
    );
}

#[test]
fn the_rate_of_a_resumed_transfer_leaves_out_what_was_there() {
    let progress = Output::memory().progress("a", None);
    progress.start_at(1024 * 1024);
    progress.advance(1024);
    let text = progress.message_at(progress.bytes_and_time().0, Duration::from_secs(1));
    assert_eq!(text, "a: 1.0 MiB, 1.0 KiB/s");
    progress.set_total(1024);
    let text = progress.message_at(2048, Duration::from_secs(1));
    assert!(text.contains("of 1.0 KiB (100%)"), "more than everything is not shown: {text}");
}

#[test]
fn what_an_attempt_has_moved_counts_for_the_rate_when_the_next_one_resumes_it() {
    let output = Output::memory();
    let tree = output.tree_progress("mirror pub");
    let worker = tree.worker_line("a", Some(8192));
    worker.start_at(1024);
    worker.advance(2048);
    worker.start_at(2048);
    worker.advance(2048);
    for progress in [&worker, tree.total()] {
        let text = progress.message_at(progress.bytes_and_time().0, Duration::from_secs(1));
        assert!(text.ends_with(", 3.0 KiB/s"), "{text}");
    }
    worker.start_at(0);
    assert_eq!((worker.moved(), tree.total().moved()), (0, 0), "begun again");
}

#[test]
fn workers_count_for_the_total_and_stay_silent_without_bars() {
    let output = Output::memory();
    let tree = output.tree_progress("mirror pub");
    let again = tree.worker_line("b", None);
    again.start_at(100);
    again.advance(50);
    again.start_at(0);
    assert_eq!(tree.total().bytes_and_time().0, 0, "what begins again is taken from the total");
    tree.add_to_total(3, 2048);
    tree.add_to_total(1, 2048);
    let worker = tree.worker_line("a", Some(1024));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..256).for_each(|_| worker.advance(1)));
        }
    });
    worker.finish();
    tree.file_done();
    let text = tree.total().message_at(tree.total().bytes_and_time().0, Duration::from_secs(1));
    assert_eq!(text, "mirror pub: 1 of 4 files, 1.0 KiB of 4.0 KiB (25%), 1.0 KiB/s");
    worker.report(&output, Duration::from_secs(60));
    assert!(matches!(worker.0.show, Show::Nothing));
}

#[test]
fn quiet_and_background_runs_show_nothing() {
    let quiet = Output::memory_with(OutputOptions { quiet: true, ..OutputOptions::default() });
    assert!(matches!(quiet.progress("a", None).0.show, Show::Nothing));
    let background = Output::memory().background(&JobMeter::new());
    assert!(matches!(background.progress("a", None).0.show, Show::Nothing));
}

#[test]
fn bars_are_drawn_and_go_when_they_are_over() {
    let output = Output::memory_terminal(OutputOptions::default(), 60);
    let tree = output.tree_progress("mirror");
    tree.add_to_total(2, 2048);
    let one = tree.worker_line("one.bin", Some(2048));
    let two = tree.worker_line("two.bin", None);
    assert!(matches!(one.0.show, Show::Bar(_)));
    one.advance(1024);
    two.advance(10);
    output.notice("a notice between bars");
    for line in [&one, &two, tree.total()] {
        line.finish();
        line.finish();
    }
    let text = output.stderr_text();
    assert!(text.contains("a notice between bars\n"), "{text}");
    assert!(output.shared.bars.is_empty());
}

#[test]
fn a_total_with_a_file_of_unknown_size_has_no_percentage() {
    let tree = Output::memory().tree_progress("total");
    tree.add_to_total(1, 100);
    tree.add_unsized(2);
    tree.worker_line("a", Some(100)).advance(50);
    let message = || tree.total().message_at(50, Duration::from_secs(1));
    assert_eq!(message(), "total: 0 of 3 files, 50 B, 50 B/s");
    tree.add_size(50);
    assert!(!message().contains('%'), "one is still unknown");
    tree.add_size(50);
    assert_eq!(message(), "total: 0 of 3 files, 50 B of 200 B (25%), 50 B/s");
}
