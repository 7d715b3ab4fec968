//! Human-readable numbers, times and durations. Scripts get JSON instead.

use std::time::Duration;

use chrono::{DateTime, Local, Utc};

/// Powers of 1024.
const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];

/// A size as in `ls -h`: `512`, `1.5K`, `20M`; rounded up, so that no file looks too small.
pub fn human_size(bytes: u64) -> String {
    if bytes < 1024 {
        return bytes.to_string();
    }
    let bytes = u128::from(bytes);
    let mut unit = 1024u128;
    let mut at = 0;
    // 1023.5K becomes 1.0M: a rounded value must not have four digits.
    while at + 1 < UNITS.len() && bytes.div_ceil(unit) >= 1024 {
        unit *= 1024;
        at += 1;
    }
    let tenths = (bytes * 10).div_ceil(unit);
    if tenths < 100 {
        format!("{}.{}{}", tenths / 10, tenths % 10, UNITS[at])
    } else {
        format!("{}{}", bytes.div_ceil(unit), UNITS[at])
    }
}

/// A size in a sentence: `512 B`, `12.3 MiB`.
pub fn human_bytes(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut at = 0;
    // With one decimal, 1023.95 would be printed as 1024.0.
    while at + 1 < UNITS.len() && value >= 1023.95 {
        value /= 1024.0;
        at += 1;
    }
    format!("{value:.1} {}iB", UNITS[at])
}

/// A number of bytes and their total in the unit of the total, at most 13 columns wide:
/// `12.3/99.9 MiB`, `123/500 MiB`. Without a total the number alone.
pub(super) fn scaled_pair(bytes: u64, total: Option<u64>) -> String {
    let (unit, name) = unit_of(total.unwrap_or(bytes));
    let scaled = |bytes: u64| bytes as f64 / unit;
    // 99.95 would be printed as 100.0.
    let decimals = usize::from(unit > 1.0 && scaled(total.unwrap_or(bytes)) < 99.95);
    match total {
        // More than everything is not shown.
        Some(total) => {
            let done = scaled(bytes.min(total));
            format!("{done:.decimals$}/{:.decimals$} {name}", scaled(total))
        }
        None => format!("{:.decimals$} {name}", scaled(bytes)),
    }
}

/// The largest unit in which a number of bytes is printed with at most four digits.
fn unit_of(bytes: u64) -> (f64, String) {
    let (mut unit, mut name) = (1.0, "B".to_owned());
    for letter in UNITS {
        // 1023.5 would be printed as 1024.
        if (bytes as f64 / unit) < 1023.5 {
            break;
        }
        unit *= 1024.0;
        name = format!("{letter}iB");
    }
    (unit, name)
}

/// How many files and directories: `3 files, 1 directory`.
pub fn count_entries(files: usize, directories: usize) -> String {
    let count = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {many}")),
    };
    let parts = [count(files, "file", "files"), count(directories, "directory", "directories")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A rate in a sentence: `2.3 MiB/s`. Times below a millisecond count as one.
pub fn human_rate(bytes: u64, time: Duration) -> String {
    let seconds = time.as_secs_f64().max(0.001);
    format!("{}/s", human_bytes((bytes as f64 / seconds) as u64))
}

/// A duration: `0.4s`, `12s`, `3m05s`, `2h07m`.
pub fn human_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", time.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A time in the user's time zone: `2024-05-06 07:08`.
pub fn time_text(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string()
}

/// Like [`time_text`], with seconds and offset: `2024-05-06 07:08:09 +0200`.
pub fn full_time_text(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_ls_writes_them() {
        let table = [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (1536, "1.5K"),
            (1537, "1.6K"),
            (10 * 1024, "10K"),
            (10 * 1024 + 1, "11K"),
            (1024 * 1024 - 1, "1.0M"),
            (1_073_741_824, "1.0G"),
            (u64::MAX, "16E"),
        ];
        for (bytes, expected) in table {
            assert_eq!(human_size(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn sizes_in_sentences_have_a_unit() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (12_897_484, "12.3 MiB"),
            (1_048_575, "1.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, expected) in table {
            assert_eq!(human_bytes(bytes), expected, "{bytes}");
        }
        assert_eq!(human_rate(2048, Duration::from_secs(2)), "1.0 KiB/s");
        assert_eq!(human_rate(1, Duration::ZERO), "1000 B/s");
    }

    #[test]
    fn a_pair_has_one_unit_and_stays_narrow() {
        let mib = 1 << 20;
        let table = [
            (5, Some(1023), "5/1023 B"),
            (512, Some(1024), "0.5/1.0 KiB"),
            (17 * mib, Some(50 * mib), "17.0/50.0 MiB"),
            (17 * mib, Some(500 * mib), "17/500 MiB"),
            (900, Some(1023 * mib), "0/1023 MiB"),
            (9 * mib, Some(8 * mib), "8.0/8.0 MiB"),
            (u64::MAX, None, "16.0 EiB"),
            (12_897_484, None, "12.3 MiB"),
        ];
        for (done, total, expected) in table {
            assert_eq!(scaled_pair(done, total), expected);
            assert!(expected.len() <= 13);
        }
    }

    #[test]
    fn durations_get_coarser_as_they_grow() {
        let table = [(0, "0.0s"), (9, "9.0s"), (12, "12s"), (185, "3m05s"), (7_640, "2h07m")];
        for (seconds, expected) in table {
            assert_eq!(human_duration(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn times_are_local_and_sortable() {
        let time = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let text = time_text(time);
        assert_eq!(text.len(), "2023-11-14 22:13".len());
        assert!(text.starts_with("2023-11-1"), "{text}");
    }
}
