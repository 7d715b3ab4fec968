//! Examples of the language, its errors, and random input.

use super::*;
use crate::error::Kind;
use crate::shell::complete::cursor::find_cursor;
use crate::shell::redact::redact_line;
use std::time::{Duration, Instant};

/// A script in one line: words in `<>` (quoted pieces in `'`), the rest as written.
fn shape(script: &Script) -> String {
    let item = |item: &Item| {
        let steps: Vec<_> = item.steps.iter().map(step_shape).collect();
        steps.join(" ") + if item.background { " &" } else { "" }
    };
    script.items.iter().map(item).collect::<Vec<_>>().join(" ; ")
}

fn step_shape(step: &Step) -> String {
    let word = |word: &Word| {
        let piece = |p: &Piece| if p.quoted { format!("'{}'", p.text) } else { p.text.clone() };
        format!("<{}>", word.pieces.iter().map(piece).collect::<String>())
    };
    let when = match step.when {
        When::Always => "",
        When::IfOk => "&& ",
        When::IfFailed => "|| ",
    };
    let element = match &step.element {
        Element::Simple(words) => words.iter().map(word).collect::<String>(),
        Element::Group(script) => format!("({})", shape(script)),
        Element::Local(text) => format!("![{text}]"),
    };
    let redirect = match step.redirect.as_ref().map(|r| &r.target) {
        None => String::new(),
        Some(Target::File(file)) => format!(" > {}", word(file)),
        Some(Target::Append(file)) => format!(" >> {}", word(file)),
        Some(Target::Pipe(text)) => format!(" | [{text}]"),
    };
    format!("{when}{element}{redirect}")
}

fn parsed(source: &str) -> Script {
    parse_script(source, "test").unwrap_or_else(|error| panic!("{source:?}: {error}"))
}

fn only_word(source: &str) -> Word {
    match &parsed(source).items[0].steps[0].element {
        Element::Simple(words) => words[0].clone(),
        other => panic!("{source:?}: {other:?}"),
    }
}

#[test]
fn commands_and_connectors() {
    for (source, want) in [
        ("", ""),
        (" \t\n;;\r\n ; # nothing", ""),
        ("ls", "<ls>"),
        ("ls -l dir", "<ls><-l><dir>"),
        ("a; b\nc\r\nd", "<a> ; <b> ; <c> ; <d>"),
        ("a\r", "<a>"),
        ("a\rb # c\r\nd '\r'", "<a><b> ; <d><'\r'>"),
        ("\u{feff}a", "<a>"),
        ("a && b || c && d", "<a> && <b> || <c> && <d>"),
        ("a &&\n\n# why\n b", "<a> && <b>"),
        ("a & b &", "<a> & ; <b> &"),
        ("a && b & c", "<a> && <b> & ; <c>"),
        ("a&b;c", "<a> & ; <b> ; <c>"),
        ("(a; b)", "(<a> ; <b>)"),
        ("(a\nb\n) && c", "(<a> ; <b>) && <c>"),
        ("( (a) & b ) > f &", "((<a>) & ; <b>) > <f> &"),
        ("? get", "<?><get>"),
        ("a # c ; d\ne", "<a> ; <e>"),
        ("a#b #c", "<a#b>"),
        ("get a \\\n  b\\\nc", "<get><a><bc>"),
        ("get a \\\r\n b", "<get><a><b>"),
        ("put file(1).txt;(get f(2))", "<put><file(1).txt> ; (<get><f(2)>)"),
        ("a =b {c,d} ~/x $HOME `x`", "<a><=b><{c,d}><~/x><$HOME><`x`>"),
        ("echo a!b !c", "<echo><a!b><!c>"),
    ] {
        assert_eq!(shape(&parsed(source)), want, "{source:?}");
    }
}

#[test]
fn quotes() {
    for (source, want) in [
        ("'a b'", "<'a b'>"),
        ("'a\\b\"'", "<'a\\b\"'>"),
        ("\"a 'b' \\\" \\\\ \\n\"", "<'a 'b' \" \\ \\n'>"),
        ("\"a\\\nb\"", "<'ab'>"),
        ("'a\nb'", "<'a\nb'>"),
        ("a\\ b\\;c", "<a' 'b';'c>"),
        ("''", "<''>"),
        ("a''b", "<a''b>"),
        ("'a'\"b\"\\c", "<'abc'>"),
        ("\\#a \\!", "<'#'a><'!'>"),
        ("\\( \\)", "<'('><')'>"),
    ] {
        assert_eq!(shape(&parsed(source)), want, "{source:?}");
    }
}

#[test]
fn redirections_and_text_for_the_shell() {
    for (source, want) in [
        ("ls > a; b", "<ls> > <a> ; <b>"),
        ("ls>'a b'", "<ls> > <'a b'>"),
        ("ls >> a && b", "<ls> >> <a> && <b>"),
        ("ls | wc -l", "<ls> | [wc -l]"),
        ("ls | grep 'a;b' | sort > \"x;y\" ; b", "<ls> | [grep 'a;b' | sort > \"x;y\"] ; <b>"),
        ("ls | a && b | c || d", "<ls> | [a] && <b> | [c] || <d>"),
        ("(ls | a) | b", "(<ls> | [a]) | [b]"),
        ("ls | (a; b && c) ; d", "<ls> | [(a; b && c)] ; <d>"),
        ("ls | x \"$(a \")\"; b)\" ; c", "<ls> | [x \"$(a \")\"; b)\"] ; <c>"),
        ("ls | x `a; b` ; c", "<ls> | [x `a; b`] ; <c>"),
        ("ls | a 2>&1 | b |& c &> d & e", "<ls> | [a 2>&1 | b |& c &> d] & ; <e>"),
        ("ls | a \\; b ; c", "<ls> | [a \\; b] ; <c>"),
        ("ls | a $'it\\'s' ; b", "<ls> | [a $'it\\'s'] ; <b>"),
        ("ls | a # it's\nb", "<ls> | [a] ; <b>"),
        ("ls | a \\\n b\nc", "<ls> | [a \\\n b] ; <c>"),
        ("ls | a \\\r\n b\r\nc", "<ls> | [a \\\n b] ; <c>"),
        ("ls |\n  less", "<ls> | [less]"),
        ("! a; b && c | d > e &\nf", "![a; b && c | d > e &] ; <f>"),
        ("!a 'x\ny' z\nb", "![a 'x\ny' z] ; <b>"),
        ("a && ! b || c", "<a> && ![b || c]"),
        ("(! a)\n)", "(![a)])"),
        ("!", "![]"),
        ("! a \r\nb", "![a] ; <b>"),
    ] {
        assert_eq!(shape(&parsed(source)), want, "{source:?}");
    }
}

#[test]
fn errors_name_the_place() {
    for (source, want) in [
        ("ls a 'b", "-c:1:6: unterminated quote"),
        ("ls;\n\té \"b\nc", "-c:2:4: unterminated quote"),
        ("a )", "-c:1:3: `)` without `(`"),
        ("(a", "-c:1:1: `(` without `)`"),
        ("(", "-c:1:1: `(` without `)`"),
        ("()", "-c:1:1: empty group"),
        ("a &&", "-c:1:3: no command after `&&`"),
        ("a || # c\n", "-c:1:3: no command after `||`"),
        ("a |", "-c:1:3: no shell command after `|`"),
        ("a | ; b", "-c:1:3: no shell command after `|`"),
        ("a | 'b", "-c:1:5: unterminated quote"),
        ("a | $(b", "-c:1:6: `(` without `)`"),
        ("! 'b", "-c:1:3: unterminated quote"),
        ("a \\", "-c:1:3: nothing follows the backslash"),
        ("a | b\\", "-c:1:6: nothing follows the backslash"),
        ("&& a", "-c:1:1: unexpected `&&`"),
        ("a && ; b", "-c:1:6: unexpected `;`"),
        ("a; & b", "-c:1:4: unexpected `&`"),
        ("| a", "-c:1:1: unexpected `|`"),
        ("> f", "-c:1:1: unexpected `>`"),
        ("a >", "-c:1:3: no file name after `>`"),
        ("a >> ; b", "-c:1:3: no file name after `>>`"),
        ("a > f b", "-c:1:7: unexpected `b`"),
        ("a > f | b", "-c:1:7: unexpected `|`"),
        ("(a) b", "-c:1:5: unexpected `b`"),
        ("echo (a", "-c:1:6: `(`: quote it, or close it"),
        ("a\nb\0", "-c:2:2: NUL is not allowed"),
        ("\u{feff}\0", "-c:1:1: NUL is not allowed"),
    ] {
        let error = parse_script(source, "-c").expect_err(source);
        assert_eq!(error.to_string(), want, "{source:?}");
        let error = Error::from(error);
        assert_eq!((error.kind(), error.message()), (Kind::Usage, want), "{source:?}");
    }
}

#[test]
fn unfinished_text_is_told_from_wrong_text() {
    for source in
        ["'a", "\"a", "a \"b\\", "(a", "(a; (b)", "a &&", "a || #", "a |", "a\\", "a | b\\", "! 'a"]
    {
        assert!(parse_script(source, "prompt").expect_err(source).incomplete, "{source:?}");
    }
    for source in ["a )", "()", "&& a", "a > ", "a | ; b", "(a) b", "\0'", "f(a"] {
        assert!(!parse_script(source, "prompt").expect_err(source).incomplete, "{source:?}");
    }
}

#[test]
fn every_node_knows_its_place() {
    let script = parsed("é a\n (b\t> f &&\n    c 'd') | w  & x");
    let pos = |line, column| Pos { line, column };
    let words = |step: &Step| match &step.element {
        Element::Simple(words) => words.iter().map(|word| word.pos).collect(),
        _ => Vec::new(),
    };
    assert_eq!(words(&script.items[0].steps[0]), [pos(1, 1), pos(1, 3)]);
    let group = &script.items[1].steps[0];
    assert_eq!((script.items[1].pos, group.pos), (pos(2, 2), pos(2, 2)));
    assert_eq!(group.redirect.as_ref().map(|r| r.pos), Some(pos(3, 12)));
    let Element::Group(inner) = &group.element else { panic!("{group:?}") };
    let steps = &inner.items[0].steps;
    assert_eq!(steps[0].redirect.as_ref().map(|r| r.pos), Some(pos(2, 5)));
    assert_eq!((steps[1].pos, words(&steps[1])), (pos(3, 5), vec![pos(3, 5), pos(3, 7)]));
    assert_eq!(words(&script.items[2].steps[0]), [pos(3, 19)]);
}

#[test]
fn items_know_their_source() {
    let source = "\u{feff}a b ; (c &&\n d)  & e | f  ; ! g\n";
    let spans = parsed(source).items.into_iter().map(|item| &source[item.span]);
    assert_eq!(spans.collect::<Vec<_>>(), ["a b", "(c &&\n d)", "e | f", "! g"]);
}

#[test]
fn words_keep_what_their_quotes_protect() {
    for (source, text, pattern, has_glob) in [
        ("*.txt", "*.txt", "*.txt", true),
        ("'*'.txt", "*.txt", "\\*.txt", false),
        ("\\*?", "*?", "\\*?", true),
        ("[a\"-\"z]", "[a-z]", "[a\\-z]", true),
        ("'[a'b]", "[ab]", "\\[ab]", false),
        ("[ab", "[ab", "[ab", false),
        ("'a\\b'", "a\\b", "a\\\\b", false),
    ] {
        let word = only_word(source);
        assert_eq!(
            (word.unquoted_text().as_str(), word.glob_pattern().as_str()),
            (text, pattern),
            "{source}"
        );
        assert_eq!(word.has_wildcard(), has_glob, "{source}");
    }
    assert!(only_word("~/a").has_tilde());
    assert!(!only_word("'~'/a").has_tilde());
    assert!(!only_word("a~").has_tilde());
    assert!(only_word("a'b'").is_quoted() && only_word("''").is_quoted());
    assert!(!only_word("ab").is_quoted());
}

#[test]
fn groups_are_bounded() {
    let nested = |depth: usize| "(".repeat(depth) + "a" + &")".repeat(depth);
    assert!(parse_script(&nested(MAX_DEPTH), "x").is_ok());
    let error = parse_script(&nested(MAX_DEPTH + 1), "x").expect_err("too deep");
    assert_eq!(error.to_string(), "x:1:65: groups are nested too deeply: 64 at most");
    for hostile in ["(", "a(", "|(", "!(", "! \"`", "a|", "a&&", "'", "{", "\\"] {
        let text = hostile.repeat(200_000);
        let _ = parse_script(&text, "x");
        let _ = find_cursor(&text, text.len());
        let _ = redact_line(&text);
    }
}

#[test]
fn long_scripts_take_little_time() {
    let script = "get -c 'some dir/file name' -o x && echo ok | wc -l; (cd a; ls)\n".repeat(10_000);
    let begun = Instant::now();
    assert_eq!(parsed(&script).items.len(), 20_000);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// Random text from the language's alphabet through everything that parses lines.
#[test]
fn noise_neither_panics_nor_hangs() {
    const ATOMS: &[&str] = &[
        " ",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        ";",
        "&",
        "&&",
        "|",
        "||",
        "(",
        ")",
        ">",
        ">>",
        "!",
        "#",
        "'",
        "\"",
        "\\",
        "`",
        "$(",
        "*",
        "[",
        "]",
        "{",
        "}",
        ",",
        "~",
        "\0",
        "a",
        "user",
        "open",
        "-u",
        "quote PASS",
        "ftp://u:p@h",
        "://",
        ":",
        "@",
        "é",
        "\u{feff}",
        "\u{1b}",
        "語",
    ];
    let begun = Instant::now();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap_or_default() % below
    };
    let mut accepted = 0;
    for _ in 0..100_000 {
        let count = next(16);
        let text: String = (0..count).map(|_| ATOMS[next(ATOMS.len())]).collect();
        let _ = find_cursor(&text, next(text.len() + 2));
        let _ = redact_line(&text);
        let Ok(script) = parse_script(&text, "noise") else { continue };
        accepted += 1;
        for item in &script.items {
            assert!(!item.steps.is_empty() && text.get(item.span.clone()).is_some(), "{text:?}");
            for step in &item.steps {
                if let Element::Simple(words) = &step.element {
                    assert_reads_back(words, &text);
                }
            }
        }
    }
    assert!(accepted > 5_000, "only {accepted} were in the language: the noise is too wild");
    assert!(begun.elapsed() < Duration::from_secs(120));
}

/// Asserts that words written with [`Word::to_source`] parse to the same words.
fn assert_reads_back(words: &[Word], text: &str) {
    let source: Vec<_> = words.iter().map(Word::to_source).collect();
    let source = format!("x {}", source.join(" "));
    let Element::Simple(again) = &parsed(&source).items[0].steps[0].element else {
        panic!("{source:?}");
    };
    let pieces = |words: &[Word]| words.iter().map(|w| w.pieces.clone()).collect::<Vec<_>>();
    assert_eq!(pieces(&again[1..]), pieces(words), "{text:?} as {source:?}");
}
