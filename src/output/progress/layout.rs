//! The layout of a progress line: columns of fixed width, so that nothing jumps while numbers grow.
//!
//! `name  34%  17.2/50.0 MiB  3.0 MiB/s ETA 0:11 ━━━━━╸`. In a narrow terminal the bar is left out
//! first, then the rate.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use crate::output::color::Style;
use crate::output::escape::fit_middle;
use crate::output::format::scaled_pair;

/// Widths: ` 34%`, `1023/1023 MiB`, `99.9 MiB/s`, `ETA 12:34`.
const PERCENT: usize = 4;
const BYTES: usize = 13;
const RATE: usize = 10;
const LEFT: usize = 9;

/// The narrowest terminal that has room for a bar, and for the rate.
const WITH_BAR: usize = 60;
const WITH_RATE: usize = 50;

/// The shortest bar.
const BAR: usize = 6;

/// How a terminal shows a line.
#[derive(Debug, Clone, Copy)]
pub(in crate::output) struct Look {
    /// Columns.
    pub(in crate::output) width: usize,
    /// Whether it shows more than ASCII.
    pub(in crate::output) utf8: bool,
    pub(in crate::output) color: bool,
}

/// What a line shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineText<'a> {
    /// Escaped already.
    pub(super) name: &'a str,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
    /// Bytes per second.
    pub(super) rate: u64,
    pub(super) left: Option<Duration>,
}

impl LineText<'_> {
    /// The line, at most `look.width` columns wide.
    pub(super) fn render(&self, look: Look) -> String {
        // One column is left empty: terminals wrap after the last one.
        let width = look.width.saturating_sub(1);
        let has_rate = look.width >= WITH_RATE;
        let mut fields = vec![
            format!("{:>PERCENT$}", self.percent().map_or(String::new(), |p| format!("{p}%"))),
            format!("{:>BYTES$}", scaled_pair(self.done, self.total)),
        ];
        if has_rate {
            fields.push(format!("{:>RATE$}", scaled_pair(self.rate, None) + "/s"));
        }
        fields
            .push(format!("{:<LEFT$}", self.total.map_or_else(String::new, |_| self.left_text())));
        let fields = fields.join(" ");
        let room = width.saturating_sub(fields.width() + 1);
        let has_bar = look.width >= WITH_BAR && self.total.is_some();
        let name = (look.width / 3).min(room.saturating_sub(if look.width >= WITH_BAR {
            BAR + 1
        } else {
            0
        }));
        let shown = fit_middle(self.shorter_name(name), name);
        let padding = " ".repeat(name.saturating_sub(shown.width()));
        let line = format!("{shown}{padding} {fields}");
        match has_bar {
            true => format!("{line} {}", self.bar(room.saturating_sub(name + 1), look)),
            false => line.trim_end().to_owned(),
        }
    }

    /// The name, without its directories where there is no room for them.
    fn shorter_name(&self, room: usize) -> &str {
        match self.name.rsplit_once('/') {
            Some((_, last)) if self.name.width() > room && !last.is_empty() => last,
            _ => self.name,
        }
    }

    fn percent(&self) -> Option<u128> {
        Some(percent_of(self.done, self.total?))
    }

    fn left_text(&self) -> String {
        format!("ETA {}", self.left.map_or_else(|| "-:--".to_owned(), remaining_text))
    }

    fn bar(&self, width: usize, look: Look) -> String {
        let total = u128::from(self.total.unwrap_or_default()).max(1);
        let filled = (u128::from(self.done).min(total) * width as u128 / total) as usize;
        let (full, tip) = if look.utf8 { ("━", "╸") } else { ("=", ">") };
        let tip = if filled < width { tip } else { "" };
        let done = format!("{}{tip}", full.repeat(filled));
        let rest = width.saturating_sub(filled + 1);
        if look.color && look.utf8 {
            return format!("{}{}", Style::Good.paint(&done), Style::Dim.paint(&full.repeat(rest)));
        }
        format!("{done}{}", " ".repeat(rest))
    }
}

/// Rounded down: 100 % is the end. More than everything is not shown.
pub(super) fn percent_of(done: u64, total: u64) -> u128 {
    (u128::from(done) * 100).checked_div(u128::from(total)).unwrap_or(100).min(100)
}

/// A remaining time: `0:04`, `2h07m`.
pub(super) fn remaining_text(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        seconds @ 3600..360_000 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => ">99h".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn line(name: &str, total: Option<u64>) -> LineText<'_> {
        LineText { name, done: 17 * MIB, total, rate: 3 * MIB, left: Some(Duration::from_secs(11)) }
    }

    fn look(width: usize) -> Look {
        Look { width, utf8: true, color: false }
    }

    #[test]
    fn a_line_has_fixed_columns_and_loses_the_bar_then_the_rate_in_a_narrow_terminal() {
        let half = line("backup.tar", Some(50 * MIB));
        assert_eq!(
            half.render(look(80)),
            "backup.tar                  34% 17.0/50.0 MiB  3.0 MiB/s ETA 0:11  ━━━━╸".to_owned()
                + &" ".repeat(7)
        );
        assert_eq!(
            half.render(look(59)),
            "backup.tar          34% 17.0/50.0 MiB  3.0 MiB/s ETA 0:11"
        );
        assert_eq!(half.render(look(40)), "backup.tar  34% 17.0/50.0 MiB ETA 0:11");
    }

    #[test]
    fn a_path_without_room_loses_its_directories_first() {
        let at = |width| line("photos/2026/IMG_0001.jpeg", Some(50 * MIB)).render(look(width));
        assert!(at(90).starts_with("photos/2026/IMG_0001.jpeg "));
        assert!(at(70).starts_with("IMG_0001.jpeg "), "{}", at(70));
        assert!(at(40).starts_with("IMG_….jpeg "), "{}", at(40));
    }

    #[test]
    fn no_line_is_as_wide_as_the_terminal_and_the_columns_stay_where_they_are() {
        let names = [
            "a",
            "IMG_20260101_120000_a_rather_long_name_of_a_file_0001.jpeg",
            "日本語日本語日本語日本語日本語日本語.txt",
        ];
        for width in 20..200 {
            for name in names {
                let mut columns = Vec::new();
                for (done, total, rate, left) in [
                    (0, Some(u64::MAX), 0, None),
                    (17, Some(50 * MIB), 1, Some(3599)),
                    (1023, Some(1023), 1023, Some(100_000_000)),
                    (u64::MAX, Some(u64::MAX), u64::MAX, Some(0)),
                ] {
                    let left = left.map(Duration::from_secs);
                    let text = LineText { name, done, total, rate, left }.render(look(width));
                    assert!(text.width() < width.max(36), "{width}: {text}");
                    let at = text.find("% ").map(|at| text[..at].width());
                    columns.push(at);
                }
                columns.dedup();
                assert_eq!(columns.len(), 1, "{width} {name}");
            }
        }
    }

    #[test]
    fn an_unknown_total_has_neither_percentage_nor_remaining_time_nor_bar() {
        let unknown = LineText { left: None, ..line("stream", None) };
        assert_eq!(
            unknown.render(look(80)),
            "stream                               17.0 MiB  3.0 MiB/s"
        );
    }

    #[test]
    fn the_bar_is_ascii_where_the_terminal_is_and_coloured_where_it_can_be() {
        let half = line("x", Some(34 * MIB));
        let ascii = half.render(Look { utf8: false, ..look(80) });
        assert!(ascii.contains("======> ") && ascii.is_ascii(), "{ascii}");
        let colored = half.render(Look { color: true, ..look(80) });
        assert!(colored.contains("\x1b[32m━━"), "{colored}");
        let done = LineText { done: 34 * MIB, ..half };
        assert!(done.render(look(80)).ends_with("━━━"), "a complete bar has no tip");
    }
}
