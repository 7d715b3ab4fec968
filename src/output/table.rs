//! Formatting of tables.
//!
//! For a terminal: aligned within its width, with a line under the header and colours. For a pipe
//! or a file: plain, never shortened, without borders. Columns that are empty in all rows are
//! omitted. Text may come from a server: it is escaped here for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Row, Table as Layout, Width,
};
use unicode_width::UnicodeWidthStr as _;

use super::color::{RESET, Style};
use super::escape::{escape, fit};

/// Markers for the start and the end of a style during layout: two format characters of zero width,
/// which escaped text cannot contain.
const START: char = '\u{2061}';
const END: char = '\u{2062}';

/// Spaces between two columns.
const GAP: usize = 2;

/// Minimum width of a shortened or wrapped column.
const LEAST: usize = 8;

/// Alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers and sizes.
    Right,
}

/// How to handle text that does not fit the terminal. Pipes are never affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// Kept; the terminal wraps the line. For names, which people copy.
    Keep,
    /// Shortened with `…`.
    Shorten,
    /// Wrapped within its column; such text has no style. For descriptions.
    Wrap,
}

/// A column: its header and layout.
#[derive(Debug, Clone)]
pub struct Column {
    header: String,
    align: Align,
    overflow: Overflow,
    least: usize,
}

impl Column {
    /// A column of text.
    pub fn left(header: &str) -> Self {
        Self { header: header.to_owned(), align: Align::Left, overflow: Overflow::Keep, least: 0 }
    }

    /// A column of numbers or sizes.
    pub fn right(header: &str) -> Self {
        Self { align: Align::Right, ..Self::left(header) }
    }

    /// Sets a minimum width, also without text: for a table whose rows are shown in several parts.
    #[must_use]
    pub fn at_least(mut self, columns: usize) -> Self {
        self.least = columns;
        self
    }

    /// Sets what to do if the terminal is too narrow. Applies to one column of a table: the first
    /// that is not [`Overflow::Keep`].
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }
}

/// One field of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A field without style.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::Plain }
    }

    /// A field with a style, if colour is on.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// A table: headers and rows.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    headed: bool,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), headed: true, rows: Vec::new() }
    }

    /// Omits the header line.
    #[must_use]
    pub fn without_header(mut self) -> Self {
        self.headed = false;
        self
    }

    /// Adds a row. Missing fields at its end are empty; extra ones are dropped.
    pub fn row(&mut self, mut cells: Vec<Cell>) {
        cells.resize(self.columns.len(), Cell::default());
        self.rows.push(cells);
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines for a pipe or a file, without line feeds.
    pub fn plain(&self) -> impl Iterator<Item = String> + '_ {
        let shown = self.shown();
        let widths: Vec<usize> = shown.iter().map(|&i| self.width(i, Cow::Borrowed)).collect();
        let header = (self.headed && !self.rows.is_empty())
            .then(|| self.columns.iter().map(|c| Cell::new(&*c.header)).collect::<Vec<_>>());
        let header = header.map(|cells| self.plain_line(&cells, &shown, &widths));
        header
            .into_iter()
            .chain(self.rows.iter().map(move |row| self.plain_line(row, &shown, &widths)))
    }

    /// The table for a terminal of `width` columns; every line ends with a line feed.
    pub(super) fn terminal(&self, width: usize, color: bool) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let shown = self.shown();
        let narrowed = self.narrowed(&shown, width);
        let mut layout = Layout::new();
        layout.load_style(NOTHING.header_separator(LineStyle::none().fill('─')));
        let limit = |i: usize| narrowed.filter(|&(n, ..)| n == i);
        if self.headed {
            layout.set_header(Row::from(shown.iter().map(|&i| {
                let header = &self.columns[i].header;
                let header =
                    limit(i).map_or(Cow::Borrowed(&**header), |(_, _, to)| fit(header, to));
                marked(&header, if color { &Style::Strong } else { &Style::Plain })
            })));
        }
        for row in &self.rows {
            layout.add_row(Row::from(shown.iter().map(|&i| {
                let text = escape(&row[i].text);
                match limit(i) {
                    Some((_, Overflow::Wrap, _)) => text.into_owned(),
                    Some((_, _, to)) => marked(&fit(&text, to), &row[i].style),
                    None => marked(&text, &row[i].style),
                }
            })));
        }
        let last = shown.len().saturating_sub(1);
        for (at, column) in layout.column_iter_mut().enumerate() {
            let i = shown[at];
            column.set_padding((0, if at == last { 0 } else { GAP as u16 }));
            if self.columns[i].align == Align::Right {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if let Some((_, Overflow::Wrap, to)) = limit(i) {
                let padding = if at == last { 0 } else { GAP };
                let to = u16::try_from(to + padding).unwrap_or(u16::MAX);
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(to)));
            } else if self.columns[i].least > 0 {
                let padding = if at == last { 0 } else { GAP };
                let least = self.width(i, escape) + padding;
                let least = u16::try_from(least).unwrap_or(u16::MAX);
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(least)));
            } else {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        layout.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        layout.set_content_arrangement(ContentArrangement::Dynamic);
        let mut styles = Vec::new();
        if self.headed {
            styles.extend(shown.iter().map(|_| &Style::Strong));
        }
        for row in &self.rows {
            styles.extend(shown.iter().map(|&i| &row[i].style));
        }
        let mut styles = styles.into_iter().filter(|style| **style != Style::Plain);
        let mut text = String::new();
        for mut line in layout.lines() {
            if line.starts_with('─') {
                // Names may be wider than the terminal; the line under the header must not be.
                line = line.chars().take(width).collect();
            }
            push_styled(&mut text, line.trim_end(), color, &mut styles);
            text.push('\n');
        }
        text
    }

    /// The columns with text in some row or with a minimum width.
    fn shown(&self) -> Vec<usize> {
        let used = |&i: &usize| {
            self.columns[i].least > 0 || self.rows.iter().any(|row| !row[i].text.is_empty())
        };
        (0..self.columns.len()).filter(used).collect()
    }

    /// The width of a column's widest text.
    fn width<'a>(&'a self, i: usize, show: impl Fn(&'a str) -> Cow<'a, str>) -> usize {
        let header = if self.headed { self.columns[i].header.width() } else { 0 };
        let least = header.max(self.columns[i].least);
        self.rows.iter().map(|row| show(&row[i].text).width()).max().unwrap_or(0).max(least)
    }

    /// The column to narrow for a terminal of `width` columns, how, and to which width.
    fn narrowed(&self, shown: &[usize], width: usize) -> Option<(usize, Overflow, usize)> {
        let &i = shown.iter().find(|&&i| self.columns[i].overflow != Overflow::Keep)?;
        let widths = shown.iter().map(|&i| self.width(i, escape));
        let all = widths.sum::<usize>() + GAP * shown.len().saturating_sub(1);
        let own = self.width(i, escape);
        let to = own.saturating_sub(all.saturating_sub(width)).max(LEAST);
        (to < own).then_some((i, self.columns[i].overflow, to))
    }

    /// One aligned line without style.
    fn plain_line(&self, row: &[Cell], shown: &[usize], widths: &[usize]) -> String {
        let mut line = String::new();
        // Padding is written only before further text, never at the end of a line.
        let mut owed = 0;
        for (&i, width) in shown.iter().zip(widths) {
            let text = &*row[i].text;
            let blanks = width.saturating_sub(text.width());
            let (before, after) = match self.columns[i].align {
                Align::Left => (0, blanks),
                Align::Right => (blanks, 0),
            };
            if text.is_empty() {
                owed += width + GAP;
                continue;
            }
            // Writing to a String cannot fail.
            let _ = write!(line, "{:1$}{text}", "", owed + before);
            owed = after + GAP;
        }
        line
    }
}

/// Text between style markers.
fn marked(text: &str, style: &Style) -> String {
    match style {
        Style::Plain => text.to_owned(),
        _ => format!("{START}{text}{END}"),
    }
}

/// Appends a laid-out line with the markers replaced by the styles, which are in reading order.
fn push_styled<'a>(
    text: &mut String,
    line: &str,
    color: bool,
    styles: &mut impl Iterator<Item = &'a Style>,
) {
    for c in line.chars() {
        match c {
            START if color => text.push_str(styles.next().map_or("", Style::start)),
            END if color => text.push_str(RESET),
            START | END => {}
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests;
