//! Lines of all LIST formats with their entries, and lines that must not become entries. `parser`
//! is a new listing on 10 March 2024.

use super::*;

fn now() -> NaiveDateTime {
    date::date(2024, 3, 10).unwrap().and_hms_opt(12, 0, 0).unwrap()
}

fn parser() -> ListParser {
    ListParser::new(None, now())
}

/// The entry on one line of its own listing, as `kind|size|time|mode|owner|group|name|target`.
fn shown(line: &[u8]) -> String {
    show(&parser().push(line))
}

fn show(line: &Line) -> String {
    let Line::Entry(e) = line else { return format!("{line:?}") };
    let kind = match e.kind {
        EntryKind::File => "f",
        EntryKind::Directory => "d",
        EntryKind::Link => "l",
        EntryKind::Other => "o",
    };
    let or = |text: Option<String>| text.unwrap_or_default();
    let time = e.modified.map(|m| match m.precision {
        Precision::Day => m.time.format("%Y-%m-%d").to_string(),
        Precision::Minute => m.time.format("%Y-%m-%d %H:%M").to_string(),
        Precision::Second => m.time.format("%Y-%m-%d %H:%M:%S").to_string(),
    });
    let utc = if e.modified.is_some_and(|m| m.zone == Zone::Utc) { "Z" } else { "" };
    let mode = or(e.mode.map(|m| format!("{m:o}")));
    let (size, time) = (or(e.size.map(|s| s.to_string())), or(time));
    let (owner, group) = (or(e.owner.clone()), or(e.group.clone()));
    format!("{kind}|{size}|{time}{utc}|{mode}|{owner}|{group}|{}|{}", e.name, or(e.target.clone()))
}

fn check(table: &[(&str, &str)]) {
    for (line, expected) in table {
        assert_eq!(shown(line.as_bytes()), *expected, "{line}");
    }
}

#[test]
fn unix_lines_with_all_their_words() {
    check(&[
        (
            "-rw-r--r--   1 ann  staff   4711 Jan 12  2019 a b.txt",
            "f|4711|2019-01-12|644|ann|staff|a b.txt|",
        ),
        (
            "drwxr-sr-t+ 12 ann  staff   4096 Mar  9 08:05 dir",
            "d|4096|2024-03-09 08:05|3755|ann|staff|dir|",
        ),
        ("-rw-r--r--.  1 0 0 9 2021-05-06 07:08 iso", "f|9|2021-05-06 07:08|644|0|0|iso|"),
        (
            "-rw-r--r-- 1 0 0 9 2021-05-06 07:08:09.5 +0100 iso",
            "f|9|2021-05-06 06:08:09Z|644|0|0|iso|",
        ),
        (
            "lrwxrwxrwx 1 ann staff 7 Jan 12  2019 l -> ../to/x",
            "l|7|2019-01-12|777|ann|staff|l|../to/x",
        ),
        ("lrwxrwxrwx 1 ann staff 7 Jan 12  2019 l", "l|7|2019-01-12|777|ann|staff|l|"),
        ("-rw-r--r-- 1 ann staff 7 Jan 12  2019 a -> b", "f|7|2019-01-12|644|ann|staff|a -> b|"),
        ("crw-rw---- 1 root tty 8, 27 Jan 12  2019 tty", "o||2019-01-12|660|root|tty|tty|"),
        ("brw-rw---- 1 root disk 8,27 Jan 12  2019 sd", "o||2019-01-12|660|root|disk|sd|"),
        ("prw-rw---- 1 root disk 0 Jan 12  2019 pipe", "o|0|2019-01-12|660|root|disk|pipe|"),
    ]);
}

#[test]
fn unix_lines_with_words_missing_or_odd() {
    check(&[
        ("-rw-r--r--   1 ann    4711 Jan 12  2019 x", "f|4711|2019-01-12|644|ann||x|"),
        ("-rw-r--r--   1 1 4711 Jan 12  2019 x", "f|4711|2019-01-12|644|1||x|"),
        ("-rw-r--r-- ann staff 4711 Jan 12  2019 x", "f|4711|2019-01-12|644|ann|staff|x|"),
        ("-rw-r--r-- 1 Ann Lee The Staff 4711 Jan 12  2019 x", "f|4711|2019-01-12|644|||x|"),
        ("-rw-r--r-- 1 ann staff -5 Jan 12  2019 x", "f||2019-01-12|644|ann|staff|x|"),
        (
            "-rw-r--r-- 1 ann staff 99999999999999999999 Jan 12  2019 x",
            "f||2019-01-12|644|ann|staff|x|",
        ),
        ("-rw-r--r-- 1 ann staff 5 3 4 10:20 x", "f|5||644|ann|staff|x|"),
        ("-rw-r--r-- 1 may 12 4711 Jan 12  2019 x", "f|4711|2019-01-12|644|may|12|x|"),
        ("drwxr-xr-x   folder  3 Jan 12  2019 x", "d|3|2019-01-12|755|||x|"),
        ("-rw-r--r--  100  23 123 Jan 12  2019 x", "f|123|2019-01-12|644|||x|"),
        ("0100640  500  101  4711  1000000000     x", "f|4711|2001-09-09 01:46:40Z|640|500|101|x|"),
        ("-rw-r--r-- 1 ann staff 33.5k Jan 12  2019 x", "f||2019-01-12|644|ann|staff|x|"),
        ("-rw-r--r-- 1 ann staffers4711 Jan 12  2019 x", "f||2019-01-12|644|ann||x|"),
        ("-rw-r--r-- ann staffers4711 Jan 12  2019 x", "f||2019-01-12|644|ann||x|"),
        ("-rw-r--r-- 1 ann staff 5 lis 12 2019 x", "f|5||644|ann|staff|x|"),
        ("-rw-r--r-- 1 ann staff 5 12 LIS 10:20 x", "f|5||644|ann|staff|x|"),
        ("-rw-r--r-- 1 ann staff 5 2019.01.12   x", "f|5|2019-01-12|644|ann|staff|x|"),
    ]);
}

#[test]
fn unix_names_are_kept_exactly() {
    for name in
        ["  two before", "after  ", "-rf", "a/b", "../x", "12:30", "Jan 1 2020 y", "\x1b[2J", "\t"]
    {
        let line = format!("-rw-r--r-- 1 a b 5 Jan 12  2019 {name}");
        let Line::Entry(entry) = parser().push(line.as_bytes()) else {
            assert_eq!(name, "\t", "{name:?}");
            continue;
        };
        assert_eq!(entry.name, name);
    }
    assert!(shown(b"-rw-r--r-- 1 a b 5 Jan 12  2019 caf\xe9").ends_with("|caf\u{F7E9}|"));
}

#[test]
fn an_arrow_in_the_name_of_a_link_is_told_apart_by_the_size() {
    check(&[
        ("lrwxrwxrwx 1 a b 1 Jan 12  2019 x -> y -> z", "l|1|2019-01-12|777|a|b|x -> y|z"),
        ("lrwxrwxrwx 1 a b 6 Jan 12  2019 x -> y -> z", "l|6|2019-01-12|777|a|b|x|y -> z"),
        ("lrwxrwxrwx 1 a b 0 Jan 12  2019 x -> y -> z", "Unknown"),
        ("lrwxrwxrwx 1 a b 99 Jan 12  2019 x -> y -> z", "Unknown"),
        ("lrwxrwxrwx 1 a b 1 Jan 12  2019  -> z", "Unknown"),
    ]);
}

#[test]
fn iis_lines_in_both_orders_and_clocks() {
    check(&[
        ("04-07-25  12:09PM       <DIR>          My dir", "d||2025-04-07 12:09||||My dir|"),
        ("04-07-2025  12:09AM             4711 a b.txt", "f|4711|2025-04-07 00:09||||a b.txt|"),
        ("2025-04-07  18:48       <DIR>          x", "d||2025-04-07 18:48||||x|"),
        ("27-04-99  18:48                 4711 x", "f|4711|1999-04-27 18:48||||x|"),
        ("27.04.2025  06:48 pm        1.234.567 x", "f|1234567|2025-04-27 18:48||||x|"),
        ("04/07/2025  06:48 AM        1,234 x", "f|1234|||||x|"),
        ("04/27/2025  06:48 AM        1,234 x", "f|1234|2025-04-27 06:48||||x|"),
        ("04-07-25  12:09PM    <JUNCTION>     x [C:\\y]", "Unknown"),
        ("04-07-25  12:09PM    <JUNCTION>     x", "l||2025-04-07 12:09||||x|"),
        ("04-07-25  12:09PM       <DIR>           x", "d||2025-04-07 12:09|||| x|"),
        ("04-07-25  12:09PM                 99999999999999999999 x", "f||2025-04-07 12:09||||x|"),
    ]);
    let mut parser = parser();
    let first = |line: &Line| show(line).split('|').nth(2).map(str::to_owned);
    assert_eq!(first(&parser.push(b"27-04-25  18:48  1 x")).as_deref(), Some("2025-04-27 18:48"));
    assert_eq!(first(&parser.push(b"03-04-25  18:48  1 x")).as_deref(), Some("2025-04-03 18:48"));
}

#[test]
fn eplf_lines() {
    for (line, expected) in [
        (
            b"+i1.2,m1000000000,r,s4711,up640,\ta b".as_slice(),
            "f|4711|2001-09-09 01:46:40Z|640|||a b|",
        ),
        (b"+/,m1000000000,\t d", "d||2001-09-09 01:46:40Z||||\u{20}d|"),
        (b"+r,s99999999999999999999,m99999999999999999999,\tx", "f||||||x|"),
        (b"+i1.2,m1000000000,\tx", "Unknown"),
        (b"+r,s1, x", "Unknown"),
        (b"+r,\t", "Unknown"),
    ] {
        assert_eq!(shown(line), expected);
    }
}

#[test]
fn netware_and_os2_lines() {
    check(&[
        ("d [R----F--] ann            512 Jan 12  2019 a b", "d|512|2019-01-12||ann||a b|"),
        ("- [RWCEAFMS] ann           4711 Mar  9 08:05 x", "f|4711|2024-03-09 08:05||ann||x|"),
        ("- [rwceafms] ann           4711 Mar  9 08:05 x", "Unknown"),
        ("   4711      A          01-12-119   16:07  a b", "f|4711|2019-01-12 16:07||||a b|"),
        ("     0           DIR    01-12-19   16:07  x", "d|0|2019-01-12 16:07||||x|"),
        ("     0           DIR    13-12-19   16:07  x", "Unknown"),
    ]);
}

#[test]
fn vms_lines_whole_and_wrapped() {
    check(&[
        (
            "A.TXT;3   2/8   7-JAN-2019 10:30:13.64  [ANN]  (RWED,RWED,RE,)",
            "f|1024|2019-01-07 10:30:13||[ANN]||A.TXT;3|",
        ),
        ("A.TXT;3   2   7-JAN-2019", "f|1024|2019-01-07||||A.TXT;3|"),
        ("A.TXT;3   7-JAN-2019 10:30   2/8  (RWED,,,)", "f|1024|2019-01-07 10:30||||A.TXT;3|"),
        ("SUB.DIR;1   1   7-JAN-2019 10:30 [ANN] (R,,,)", "d||2019-01-07 10:30||[ANN]||SUB|"),
        ("[X.Y]A.TXT;3   2   7-JAN-2019 10:30", "f|1024|2019-01-07 10:30||||A.TXT;3|"),
        ("A.TXT;3   4294967296   7-JAN-2019 10:30", "f||2019-01-07 10:30||||A.TXT;3|"),
        ("A.TXT;3   2/8   7-JUI-2019 10:30 [ANN]", "f|1024|||[ANN]||A.TXT;3|"),
        ("A.TXT   2   7-JAN-2019 10:30", "Unknown"),
        ("A.TXT;3   x   7-JAN-2019 10:30", "Unknown"),
        ("A.TXT;3   2   7-JAN-2019 10:30 [ANN] (R,,,) more", "Unknown"),
        ("A.TXT;3   %RMS-E-PRV, insufficient privilege", "Unknown"),
        ("DISK:[ANN]", "Skip"),
        ("Total of 7 files, 12/20 blocks.", "Skip"),
    ]);
    let mut parser = parser();
    assert_eq!(parser.push(b"A_LONG_NAME.TXT;3"), Line::Skip);
    assert!(
        show(&parser.push(b"      2/8   7-JAN-2019 10:30:13")).ends_with("|A_LONG_NAME.TXT;3|")
    );
    assert_eq!(parser.push(b"A_LONG_NAME.TXT;3"), Line::Skip);
    assert_eq!(parser.push(b"B.TXT;3   2   7-JAN-2019 10:30"), Line::Unknown);
    assert_eq!(parser.push(b"A_LONG_NAME.TXT;3"), Line::Skip);
    assert_eq!(parser.finish(), Line::Unknown);
}

#[test]
fn lines_of_ibm_and_tandem() {
    check(&[
        ("ANN   4711 04/26/19 13:54:16 *STMF      a b", "f|4711|2019-04-26 13:54:16||ANN||a b|"),
        ("ANN   4711 04/05/19 13:54:16 *DIR       d/", "d|4711|||ANN||d|"),
        ("ANN          *MEM       A.FILE/B.MBR", "f||||ANN||A.FILE/B.MBR|"),
        ("ANN   4711 04/05/19 13:54:16 *pgm       d", "Unknown"),
        ("VOL001 3390   2019/01/12  1    1  FB     128  6144  PS    A.B", "f||2019-01-12||||A.B|"),
        ("VOL001 3390   2019/01/12  115  FB     128  6144  PO-E  A.B", "d||2019-01-12||||A.B|"),
        ("VOL001 3390   **NONE**  1    1  NONE     0  0  PO    A.B", "d||||||A.B|"),
        ("VOL001 3390   VSAM A.B", "o||||||A.B|"),
        ("Migrated                                                A.B", "o||||||A.B|"),
        ("Migrated yesterday", "Unknown"),
        ("see *NOTE below", "Unknown"),
        (
            "MEM  01.03 2018/01/12 2019/01/12 09:37    11    11     0 ANN",
            "f||2019-01-12 09:37||ANN||MEM|",
        ),
        ("MOD  0012A0   000011 OTHER 00 FO   RN RU   31    ANY", "f|4768|||||MOD|"),
        ("Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname", "Skip"),
        (
            "A1  101  528  6-Jan-19 14:21:18 255, 0 \"oooo\"",
            "f|528|2019-01-06 14:21:18||255,0||A1|",
        ),
        ("A1  101  528  6-Jan-19 14:21:18 255 \"oooo\"", "Unknown"),
        ("File         Code             EOF  Last Modification    Owner  RWEP", "Skip"),
        ("A  TEXT  A1 V  41  21  1  1/12/19  15:10:32", "f||2019-01-12 15:10:32||||A.TEXT|"),
        ("A  TEXT  F  41  21  1  2019-01-12  15:10:32 -", "f||2019-01-12 15:10:32||||A.TEXT|"),
        ("A  A1 DIR - - - 1/12/119  15:10:32", "d||2019-01-12 15:10:32||||A|"),
    ]);
}

#[test]
fn headings_and_the_directory_itself_are_no_entries() {
    for line in [
        "",
        "   ",
        "total 48",
        "total 1.2M",
        "insgesamt 12",
        "drwxr-xr-x 2 a b 4096 Jan 12  2019 ..",
        "04-07-25  12:09PM       <DIR>          ..",
    ] {
        assert_eq!(parser().push(line.as_bytes()), Line::Skip, "{line}");
    }
    for line in ["drwxr-xr-x 2 a b 4096 Jan 12  2019 .", "+/,\t."] {
        assert_eq!(parser().push(line.as_bytes()), Line::Itself(None), "{line}");
    }
    assert_eq!(parser().finish(), Line::Skip);
}

#[test]
fn what_is_not_understood_is_never_guessed() {
    for line in [
        "zrwxr-xr-x 2 a b 4096 Jan 12  2019 x",
        "drwxr-xr-x 2 a b 4096 Jam 12 2019 x",
        "-rw-r--r-- 1 a b 5 Jan 12 x",
        "-rw-r--r-- 1a b 5 Jan 12  2019 x",
        "-rw-r--r-- 1 a b 5 2019-01-12 x",
        "-rw-r--r-- 1 a b 5 Jan 12  2019",
        "-rw-r--r-- 1 a b 5 Jan 12  2019  ",
        "-rw-r--r-- 1 a b 5 b12345 Jan 12  2019 x",
        "-rw-r--r-- 1 a b 1.2.3k Jan 12  2019 x",
        "-rw-r--r-- 1 a b k Jan 12  2019 x",
        "-rw-r--r-- 1 a b 5 lis 12 x",
        "-rw-r--r-- 1 a b 5 lis 32 2019 x",
        "-rw-r--r-- 1 a b 5 x",
        "-rwxr-xr-xx 1 a b 5 Jan 12  2019 x",
        "04-07-25  12:09PM  -1 x",
        "13-13-25  12:09PM  1 x",
        "04-07-25  13:09PM  1 x",
        "04-07-25  12:09PM  1,23 x",
        "11-FEB-25 05:32PM <DIR> x",
        "ls: x: Permission denied",
        "total",
        "total eclipse.mp3",
        "x",
        "Q 3390 2019/01/12 1 1 FB 128 x PS X.Y",
        "type=file;size=1; x",
    ] {
        assert_eq!(parser().push(line.as_bytes()), Line::Unknown, "{line}");
    }
}

#[test]
fn the_first_entry_decides_the_family_and_strange_lines_do_not() {
    let mut parser = ListParser::new(Some("Windows_NT"), now());
    assert_eq!(parser.push(b"what is this"), Line::Unknown);
    assert!(matches!(parser.push(b"04-07-25  12:09PM  1 x"), Line::Entry(_)));
    assert_eq!(parser.push(b"what is this"), Line::Unknown);
    assert!(matches!(parser.push(b"04-07-25  12:09PM  1 y"), Line::Entry(_)));
    assert_eq!(parser.push(b"-rw-r--r-- 1 a b 5 Jan 12  2019 z"), Line::Unknown);
}

#[test]
fn the_system_says_which_families_a_listing_may_be_of() {
    let (unix, dos) = ("-rw-r--r-- 1 a b 5 Jan 12  2019 x", "04-07-25  12:09PM  1 x");
    let (vms, dls) = ("A.TXT;3   2   7-JAN-2019", "plans/                -");
    let vshell = "4711  Jan 12, 2019 21:06 x";
    for (syst, taken, refused) in [
        (None, [unix, dos, vms, dls, vshell].as_slice(), [].as_slice()),
        (Some("UNIX Type: L8"), &[unix, dos, vms, dls, vshell], &[]),
        (Some("Windows_NT"), &[unix, dos, vms, dls, vshell], &[]),
        (Some(" vms OpenVMS V8.4"), &[unix, dos, vms], &[dls, vshell]),
        (Some("MVS is the operating system of this server."), &[unix, dos], &[vms, dls, vshell]),
        (Some("OS/400 is the remote operating system."), &[unix, dos], &[vms, dls, vshell]),
    ] {
        for (lines, known) in [(taken, true), (refused, false)] {
            for line in lines {
                let entry = ListParser::new(syst, now()).push(line.as_bytes());
                assert_eq!(matches!(entry, Line::Entry(_)), known, "{syst:?}: {line}: {entry:?}");
            }
        }
    }
    // The system's own format comes first, even if another one could parse the line.
    assert_eq!(ListParser::new(Some("VMS"), now()).hint, Some(ListFormat::Vms));
}

#[test]
fn a_line_of_dls_that_could_be_any_text_needs_one_that_could_not() {
    let line = b"Files                12  in all";
    assert_eq!(parser().push(line), Line::Unknown);
    let mut parser = parser();
    assert_eq!(show(&parser.push(b"plans/                -")), "d||||||plans|");
    assert_eq!(show(&parser.push(line)), "f|12|||||Files|");
    assert_eq!(parser.push(b"plans/                -  -> x"), Line::Unknown);
}
