//! Writes roff: sections, paragraphs, items and examples.
//!
//! The input is plain text; `backticks` make bold. In [`Page::write_text`] blank lines separate
//! paragraphs; one that begins with `* TERM :: ` is an item, one indented by four blanks is an
//! example. Characters special to roff are escaped.

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

/// A page being written.
#[derive(Default)]
pub(super) struct Page {
    roff: Roff,
    /// Whether a heading was last, which starts a paragraph implicitly.
    fresh: bool,
}

impl Page {
    /// A heading.
    pub(super) fn start_section(&mut self, title: &str) {
        self.roff.control("SH", [title.to_uppercase().as_str()]);
        self.fresh = true;
    }

    /// A subheading.
    pub(super) fn subsection(&mut self, title: &str) {
        self.roff.control("SS", [title]);
        self.fresh = true;
    }

    /// Paragraphs, items and examples.
    pub(super) fn write_text(&mut self, text: &str) {
        for part in text.trim_matches('\n').split("\n\n") {
            let item = part.strip_prefix("* ").and_then(|item| item.split_once(" :: "));
            if let Some((term, rest)) = item {
                self.write_item(term, rest);
            } else if part.starts_with("    ") {
                self.write_example(part);
            } else {
                self.new_paragraph();
                self.roff.text(parse_inlines(&join_lines(part)));
            }
        }
    }

    fn new_paragraph(&mut self) {
        if !std::mem::take(&mut self.fresh) {
            self.roff.control("PP", []);
        }
    }

    /// A term and its description.
    pub(super) fn write_item(&mut self, term: &str, text: &str) {
        self.fresh = false;
        self.roff.control("TP", []);
        self.roff.text(parse_inlines(term));
        self.roff.text(parse_inlines(&join_lines(text)));
    }

    /// Indents what `body` writes.
    pub(super) fn write_indented(&mut self, body: impl FnOnce(&mut Self)) {
        self.roff.control("RS", ["4"]);
        self.fresh = true;
        body(self);
        self.roff.control("RE", []);
        self.fresh = false;
    }

    /// Another paragraph of the previous item.
    pub(super) fn continue_item(&mut self, text: &str) {
        self.roff.control("IP", []);
        self.roff.text(parse_inlines(&join_lines(text)));
    }

    /// A command's synopsis: its name bold, placeholders in italics.
    pub(super) fn write_synopsis(&mut self, usage: &str) {
        let (name, rest) = usage.split_once(' ').unwrap_or((usage, ""));
        let mut line = vec![bold(name)];
        if !rest.is_empty() {
            line.extend([roman(" "), italic(rest)]);
        }
        self.new_paragraph();
        self.roff.text(line);
    }

    /// Verbatim lines, indented.
    pub(super) fn write_example(&mut self, lines: &str) {
        self.new_paragraph();
        self.roff.control("RS", ["4"]);
        self.roff.control("nf", []);
        for line in lines.lines() {
            self.roff.text([roman(line.strip_prefix("    ").unwrap_or(line))]);
        }
        self.roff.control("fi", []);
        self.roff.control("RE", []);
    }

    pub(super) fn into_roff(self) -> String {
        self.roff.to_roff()
    }
}

fn join_lines(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text with backticks converted to bold.
fn parse_inlines(text: &str) -> Vec<Inline> {
    let pieces = text.split('`').enumerate().filter(|(_, piece)| !piece.is_empty());
    pieces.map(|(at, piece)| if at % 2 == 1 { bold(piece) } else { roman(piece) }).collect()
}
