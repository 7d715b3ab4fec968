//! Parses tokens to the tree of commands; with line and column of each error.
//!
//! Only groups recurse, at most [`MAX_DEPTH`] deep.

use super::lexer::{Lexed, Lexer, Open, Token};
use super::{Element, Item, Piece, Pos, Redirect, Script, Step, SyntaxError, Target, When, Word};

/// Maximum nesting of groups.
pub const MAX_DEPTH: usize = 64;

/// Parses a whole text, named `name` in errors (`-c`, a file name, `prompt`).
///
/// Line ends may be LF or CR LF; a byte order mark at the start is skipped.
///
/// # Errors
/// The first syntax error. [`SyntaxError::incomplete`] says whether more lines could complete the
/// text.
pub fn parse_script(source: &str, name: &str) -> Result<Script, SyntaxError> {
    let (script, errors) = parse_with_errors(source, name);
    errors.into_iter().next().map_or(Ok(script), Err)
}

/// Parses as much as can be understood: after a syntax error, goes on with the next line. The
/// errors are those of [`parse_script`], in order; an incomplete text ends with its error.
pub fn parse_with_errors(source: &str, name: &str) -> (Script, Vec<SyntaxError>) {
    let mut script = Script::default();
    let named = |Fault { pos, message, incomplete }| SyntaxError {
        name: name.to_owned(),
        pos,
        message,
        incomplete,
    };
    if let Err(fault) = refuse_nul(source) {
        return (script, vec![named(fault)]);
    }
    let mut lexer = Lexer::new(source);
    let next = lexer.next();
    let mut parser = Parser { lexer, next, last_end: 0, in_group: false };
    let mut errors = Vec::new();
    while let Err(fault) = parser.parse_items(0, None, &mut script.items) {
        // The rest of a group cannot be told from what follows it.
        let is_last = fault.incomplete || parser.in_group;
        errors.push(named(fault));
        if is_last || !parser.skip_line() {
            break;
        }
    }
    (script, errors)
}

/// A [`SyntaxError`] without the text's name.
struct Fault {
    pos: Pos,
    message: String,
    incomplete: bool,
}

impl Fault {
    fn syntax_error(pos: Pos, message: impl Into<String>) -> Self {
        Self { pos, message: message.into(), incomplete: false }
    }

    fn incomplete_input(pos: Pos, message: impl Into<String>) -> Self {
        Self { pos, message: message.into(), incomplete: true }
    }
}

fn refuse_nul(source: &str) -> Result<(), Fault> {
    let Some(at) = source.find('\0') else { return Ok(()) };
    let before = source[..at].trim_start_matches('\u{feff}');
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let pos = Pos {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    };
    Err(Fault::syntax_error(pos, "NUL is not allowed"))
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    next: Lexed<'a>,
    /// The end of the last token taken.
    last_end: usize,
    /// Whether a group is being parsed.
    in_group: bool,
}

impl<'a> Parser<'a> {
    /// Takes the next token, which must not be unterminated.
    fn advance_token(&mut self) -> Result<Lexed<'a>, Fault> {
        if let Some((open, pos)) = self.next.open {
            let in_word = matches!(self.next.token, Token::Word(_));
            return Err(match open {
                Open::Quote(_) => Fault::incomplete_input(pos, "unterminated quote"),
                Open::Backslash => Fault::incomplete_input(pos, "nothing follows the backslash"),
                Open::Parenthesis if in_word => {
                    Fault::syntax_error(pos, "`(`: quote it, or close it")
                }
                Open::Parenthesis => Fault::incomplete_input(pos, "`(` without `)`"),
            });
        }
        self.last_end = self.next.end;
        Ok(std::mem::replace(&mut self.next, self.lexer.next()))
    }

    /// Passes over the rest of a line; `false` at the end of the text.
    fn skip_line(&mut self) -> bool {
        while !matches!(self.next.token, Token::Newline | Token::End) {
            self.next = self.lexer.next();
        }
        self.next.token != Token::End
    }

    /// Parses items up to the end of the text, or of the group that began at `group`.
    fn parse_items(
        &mut self,
        depth: usize,
        group: Option<Pos>,
        items: &mut Vec<Item>,
    ) -> Result<(), Fault> {
        loop {
            match (&self.next.token, group) {
                (Token::End, None) => return Ok(()),
                (Token::End, Some(pos)) => {
                    return Err(Fault::incomplete_input(pos, "`(` without `)`"));
                }
                (Token::GroupEnd, None) => {
                    return Err(Fault::syntax_error(self.next.pos, "`)` without `(`"));
                }
                (Token::GroupEnd, Some(pos)) => {
                    if items.is_empty() {
                        return Err(Fault::syntax_error(pos, "empty group"));
                    }
                    self.advance_token()?;
                    return Ok(());
                }
                (Token::Semicolon | Token::Newline | Token::Comment(_), _) => {
                    self.advance_token()?;
                }
                _ => items.push(self.parse_item(depth)?),
            }
        }
    }

    fn parse_item(&mut self, depth: usize) -> Result<Item, Fault> {
        let (pos, start) = (self.next.pos, self.next.start);
        let mut steps = vec![self.parse_step(When::Always, depth)?];
        tolerate_failure(&mut steps);
        loop {
            let when = match self.next.token {
                Token::And => When::IfOk,
                Token::Or => When::IfFailed,
                _ => break,
            };
            let connector = self.advance_token()?;
            while matches!(self.next.token, Token::Newline | Token::Comment(_)) {
                self.advance_token()?;
            }
            if self.next.token == Token::End {
                let message = format!("no command after `{}`", shown_token(&connector.token));
                return Err(Fault::incomplete_input(connector.pos, message));
            }
            steps.push(self.parse_step(when, depth)?);
            tolerate_failure(&mut steps);
        }
        let span = start..self.last_end;
        let background = self.next.token == Token::Background;
        if background {
            self.advance_token()?;
        } else if !matches!(
            self.next.token,
            Token::Semicolon | Token::Newline | Token::Comment(_) | Token::GroupEnd | Token::End
        ) {
            return Err(self.unexpected_token());
        }
        Ok(Item { steps, background, pos, span })
    }

    fn parse_step(&mut self, when: When, depth: usize) -> Result<Step, Fault> {
        let pos = self.next.pos;
        let element = match &self.next.token {
            Token::Word(_) => Element::Simple(self.parse_words()?),
            Token::Local(text) => {
                let text = parse_shell_text(text);
                self.advance_token()?;
                Element::Local(text)
            }
            Token::GroupStart if depth == MAX_DEPTH => {
                let message = format!("groups are nested too deeply: {MAX_DEPTH} at most");
                return Err(Fault::syntax_error(pos, message));
            }
            Token::GroupStart => {
                self.advance_token()?;
                let mut items = Vec::new();
                self.in_group = true;
                self.parse_items(depth + 1, Some(pos), &mut items)?;
                self.in_group = depth > 0;
                Element::Group(Script { items })
            }
            _ => return Err(self.unexpected_token()),
        };
        Ok(Step { when, element, redirect: self.parse_redirect()?, pos })
    }

    fn parse_words(&mut self) -> Result<Vec<Word>, Fault> {
        let mut words = Vec::new();
        while let Some(word) = self.parse_word()? {
            words.push(word);
        }
        Ok(words)
    }

    /// Takes the next token if it is a word.
    fn parse_word(&mut self) -> Result<Option<Word>, Fault> {
        if !matches!(self.next.token, Token::Word(_)) {
            return Ok(None);
        }
        match self.advance_token()?.token {
            Token::Word(word) => Ok(Some(word)),
            _ => Ok(None),
        }
    }

    fn parse_redirect(&mut self) -> Result<Option<Redirect>, Fault> {
        if !matches!(self.next.token, Token::Pipe(_) | Token::Into | Token::Append) {
            return Ok(None);
        }
        let Lexed { token, pos, .. } = self.advance_token()?;
        let target = match token {
            Token::Pipe("") => {
                let message = "no shell command after `|`".to_owned();
                let incomplete = self.next.token == Token::End;
                return Err(Fault { pos, message, incomplete });
            }
            Token::Pipe(text) => Target::Pipe(parse_shell_text(text)),
            operator => {
                let Some(word) = self.parse_word()? else {
                    let message = format!("no file name after `{}`", shown_token(&operator));
                    return Err(Fault::syntax_error(pos, message));
                };
                if operator == Token::Into { Target::File(word) } else { Target::Append(word) }
            }
        };
        Ok(Some(Redirect { target, pos }))
    }

    fn unexpected_token(&self) -> Fault {
        Fault::syntax_error(
            self.next.pos,
            format!("unexpected `{}`", shown_token(&self.next.token)),
        )
    }
}

/// Verbatim except for CR LF line ends, which no shell accepts.
fn parse_shell_text(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn shown_token(token: &Token<'_>) -> String {
    match token {
        Token::Word(word) => return word.unquoted_text(),
        Token::Local(_) => "!",
        Token::Pipe(_) => "|",
        Token::Into => ">",
        Token::Append => ">>",
        Token::And => "&&",
        Token::Or => "||",
        Token::Background => "&",
        Token::Semicolon => ";",
        Token::GroupStart => "(",
        Token::GroupEnd => ")",
        Token::Comment(text) => text,
        Token::Newline | Token::End => "end of line",
    }
    .to_owned()
}

/// `-rm x`, as sftp has it, is `rm x || true`: takes the dash from the last step, and adds the
/// step that is missing.
fn tolerate_failure(steps: &mut Vec<Step>) {
    let Some(Step { element: Element::Simple(words), pos, .. }) = steps.last_mut() else { return };
    let pos = *pos;
    let Some(piece) = words.first_mut().and_then(|word| word.pieces.first_mut()) else { return };
    let is_command =
        |name: &&str| name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_lowercase());
    let command = piece.text.strip_prefix('-').filter(|name| !piece.quoted && is_command(name));
    let Some(command) = command.map(str::to_owned) else { return };
    piece.text = command;
    let pieces = vec![Piece { text: "true".to_owned(), quoted: false }];
    let element = Element::Simple(vec![Word { pieces, pos }]);
    steps.push(Step { when: When::IfFailed, element, redirect: None, pos });
}
