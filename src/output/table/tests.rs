//! Tests of table formatting.

use super::*;

fn listing() -> Table {
    let columns =
        [Column::left("Mode"), Column::left("Group"), Column::right("Size"), Column::left("Name")];
    let mut table = Table::new(&columns);
    table.row(vec![
        "drwxr-xr-x".into(),
        "".into(),
        "".into(),
        Cell::styled("pub", Style::Sequence("\x1b[34m".into())),
    ]);
    table.row(vec!["-rw-r--r--".into(), "".into(), "1.5K".into(), "日本語.txt".into()]);
    table.row(vec!["-rw-r--r--".into(), "".into(), "20M".into(), "a\x1b[2J".into()]);
    table
}

fn plain(table: &Table) -> Vec<String> {
    table.plain().collect()
}

#[test]
fn a_pipe_gets_whole_aligned_lines_without_borders() {
    assert_eq!(
        plain(&listing()),
        [
            "Mode        Size  Name",
            "drwxr-xr-x        pub",
            "-rw-r--r--  1.5K  日本語.txt",
            "-rw-r--r--   20M  a\x1b[2J",
        ]
    );
    assert_eq!(plain(&listing().without_header())[0], "drwxr-xr-x        pub");
}

#[test]
fn a_terminal_gets_escaped_text_under_a_light_header() {
    assert_eq!(
        listing().terminal(80, false),
        "Mode        Size  Name\n\
         ────────────────────────────\n\
         drwxr-xr-x        pub\n\
         -rw-r--r--  1.5K  日本語.txt\n\
         -rw-r--r--   20M  a\\x1b[2J\n"
    );
}

#[test]
fn styles_surround_their_text_and_change_no_width() {
    let text = listing().terminal(80, true);
    assert!(text.contains("\x1b[1mSize\x1b[0m"), "{text:?}");
    assert!(text.contains("\x1b[34mpub\x1b[0m\n"), "{text:?}");
    let bare = text.replace("\x1b[34m", "").replace("\x1b[1m", "").replace(RESET, "");
    assert_eq!(bare, listing().terminal(80, false));
}

#[test]
fn wide_characters_keep_columns_aligned() {
    let mut table = Table::new(&[Column::left("Name"), Column::left("X")]);
    table.row(vec!["日本".into(), "1".into()]);
    table.row(vec!["ab".into(), "2".into()]);
    assert_eq!(plain(&table), ["Name  X", "日本  1", "ab    2"]);
}

#[test]
fn one_column_gives_way_on_a_narrow_terminal() {
    let make = |overflow| {
        let mut table =
            Table::new(&[Column::left("Setting"), Column::left("Help").overflow(overflow)]);
        table.row(vec![
            Cell::styled("net:timeout", Style::Dim),
            "deadline for each whole reply".into(),
        ]);
        table
    };
    assert_eq!(
        make(Overflow::Shorten).terminal(30, false).lines().last(),
        Some("net:timeout  deadline for eac…")
    );
    assert_eq!(
        make(Overflow::Wrap).terminal(30, false).lines().skip(2).collect::<Vec<_>>(),
        ["net:timeout  deadline for each", "             whole reply"]
    );
    assert_eq!(
        make(Overflow::Keep).terminal(30, false).lines().last(),
        Some("net:timeout  deadline for each whole reply")
    );
    let colored = make(Overflow::Wrap).terminal(30, true);
    assert!(colored.contains("\x1b[2mnet:timeout\x1b[0m"), "{colored:?}");
}

#[test]
fn a_table_without_rows_is_nothing_at_all() {
    let table = Table::new(&[Column::left("Name")]);
    assert!(table.is_empty());
    assert_eq!(plain(&table).len(), 0);
    assert_eq!(table.terminal(80, true), "");
}

#[test]
fn rows_of_the_wrong_length_are_made_to_fit() {
    let mut table = Table::new(&[Column::left("A"), Column::left("B")]);
    table.row(vec!["1".into()]);
    table.row(vec!["2".into(), "x".into(), "surplus".into()]);
    assert_eq!(plain(&table), ["A  B", "1", "2  x"]);
}

#[test]
fn names_cannot_forge_the_marks_of_a_style() {
    let mut table = Table::new(&[Column::left("Name")]);
    table.row(vec!["\u{2061}x\u{2062}".into()]);
    let text = table.terminal(80, true);
    assert!(text.ends_with("\\u{2061}x\\u{2062}\n"), "{text:?}");
}
