//! Dates in all formats, and words that only look like dates.

use super::*;

fn now() -> NaiveDateTime {
    date(2024, 3, 10).unwrap().and_hms_opt(12, 0, 0).unwrap()
}

/// Number of words and the time, with its zone if that is UTC.
fn read(text: &str) -> Option<(usize, String)> {
    let words: Vec<&[u8]> = text.split(' ').map(str::as_bytes).collect();
    find(&words, now()).map(|found| {
        let shown = found.modified.map_or("?".to_owned(), |m| match m.precision {
            Precision::Day => m.time.date().to_string(),
            _ if m.zone == Zone::Utc => format!("{}Z", m.time),
            _ => m.time.to_string(),
        });
        (found.words, shown)
    })
}

#[test]
fn dates_in_all_the_orders_of_ls() {
    for (text, words, shown) in [
        ("Apr 8 1994 x", 3, "1994-04-08"),
        ("8 Apr 1994 x", 3, "1994-04-08"),
        ("Feb 9 10:20 x", 3, "2024-02-09 10:20:00"),
        ("Mar 11 11:59 x", 3, "2024-03-11 11:59:00"),
        ("Mar 11 12:01 x", 3, "2023-03-11 12:01:00"),
        ("Dec 31 24:00 x", 3, "2024-01-01 00:00:00"),
        ("Feb 29 1:02 x", 3, "2024-02-29 01:02:00"),
        ("Apr 8 10:20:30 1994 x", 4, "1994-04-08 10:20:30"),
        ("26. Juli, 20:10 x", 3, "2023-07-26 20:10:00"),
        ("szept 26 20:10 x", 3, "2023-09-26 20:10:00"),
        ("23 май 2011 x", 3, "2011-05-23"),
        ("6月 3日 2003年 x", 3, "2003-06-03"),
        ("8月 17日 20:10 x", 3, "2023-08-17 20:10:00"),
        ("2005-06-07 21:22 x", 2, "2005-06-07 21:22:00"),
        ("2005-06-07 21:22:23 x", 2, "2005-06-07 21:22:23"),
        ("2005-06-07 01:22:23.500000000 +0200 x", 3, "2005-06-06 23:22:23Z"),
        ("24-04-2003 17:12 x", 2, "2003-04-24 17:12:00"),
        ("04-04-2003 17:12 x", 2, "2003-04-04 17:12:00"),
        ("03-04-2003 17:12 x", 2, "?"),
        ("09-26 2000 x", 2, "2000-09-26"),
        ("2004.07.15 x", 1, "2004-07-15"),
        ("01-jun-99 x", 1, "1999-06-01"),
        ("3 29 03:26 x", 3, "2023-03-29 03:26:00"),
        ("3 4 03:26 x", 3, "?"),
        ("Jan 1 0000 x", 3, "?"),
    ] {
        assert_eq!(read(text), Some((words, shown.to_owned())), "{text}");
    }
}

#[test]
fn what_is_no_date_is_not_taken_for_one() {
    for text in [
        "Jam 4 00:03",
        "Aug 36 2001",
        "Jun 31 2001",
        "Apr -7 18:79",
        "Aug 22 name",
        "2001-04-27 name",
        "2001-13-01 10:00",
        "99-25-10 10:00",
        "Apr 8 25:00",
        "Apr 8 10:60",
        "01-jun-99 10:20",
        "x",
        "3 29 name",
        "Apr 8 10:20:30 name",
        "2005-06-07 01:22:23.5 name",
        "13 13 10:00",
        "Foo 01 2007",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn time_values_that_name_no_moment_differ_from_other_text() {
    assert_eq!(
        time_val(b"20210304050607.123").unwrap().unwrap().to_string(),
        "2021-03-04 05:06:07"
    );
    for text in ["20211304050607", "20210230050607", "00000304050607", "20210304240000"] {
        assert_eq!(time_val(text.as_bytes()), Ok(None), "{text}");
    }
    for text in
        ["", "2021", "20210304050607Z", "20210304050607.", "2021030405060x", "+20210304050607"]
    {
        assert_eq!(time_val(text.as_bytes()), Err(NotATimeValue), "{text}");
    }
}
