use super::*;

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn read(text: &[u8], block: usize) -> Result<ManifestIndex, Unreadable> {
    let own = OwnPaths::new(Some("site".into()));
    let mut parser = ManifestParser::new(&own);
    text.chunks(block).try_for_each(|block| parser.push(block))?;
    parser.finish()
}

fn written(index: &ManifestIndex) -> String {
    let mut text = Vec::new();
    write_manifest(index, &|_| false, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn what_was_written_is_read_in_blocks_of_any_size() {
    let content = Some(Content { size: 4, sha256: parse_hash(HASH).unwrap() });
    let mut index = ManifestIndex::default();
    let file = |mode| ManifestEntry::File { content, mode };
    index.insert("a b", file(Some(0o644)));
    index.insert(" leading, trailing ", file(Some(0)));
    index.insert("100%\u{85}\u{F7FF}", file(None));
    index.insert("d", ManifestEntry::Directory);
    index.insert("d/é", ManifestEntry::File { content: None, mode: Some(0o4755) });
    for unfinished in [false, true] {
        index.unfinished = unfinished;
        let text = written(&index);
        for block in [1, 7, 4096] {
            assert_eq!(read(text.as_bytes(), block), Ok(index.clone()));
        }
    }
    let text = written(&index);
    assert!(text.contains(&format!("\n{HASH} 4 - 100%25%c2%85%ff\n")));
    assert!(text.ends_with(&format!("\n{HASH} 4 644 a b\n- - - d/\n- - 4755 d/é\n")));
}

#[test]
fn a_manifest_that_breaks_a_rule_is_unreadable_as_a_whole() {
    let own = format!("{HASH} 4 644 ");
    let long = format!("{own}{}", "x/".repeat(7000));
    let wide = format!("{own}{}", "x".repeat(256));
    let lines = [
        // Paths.
        "../a",
        "a/../b",
        "..",
        ".",
        "/a",
        "a//b",
        "a/./b",
        "",
        "/",
        "a//",
        "//",
        "a\\..\\b",
        "%2e%2e/a",
        "a%2Fb",
        "a%2fb",
        "%41",
        "a%",
        "a%4",
        "a%zz",
        "a%00b",
        "a%0ab",
        "a\tb",
        "a\rb",
        "a\u{85}b",
        "a\u{F7FF}",
        "site",
        "site.new",
        "site.lock/x",
        ".ftpsh-manifest",
        "b/.ftpsh-manifest.lock",
    ]
    .map(|path| format!("{own}{path}"));
    let more = [
        // Fields.
        "x".to_owned(),
        String::new(),
        format!("{HASH} 4 644"),
        format!("{} 4 644 a", &HASH[1..]),
        format!("{} 4 644 a", HASH.to_uppercase()),
        format!("{HASH} -4 644 a"),
        format!("{HASH} +4 644 a"),
        format!("{HASH} 04 644 a"),
        format!("{HASH} 18446744073709551616 644 a"),
        format!("{HASH} - 644 a"),
        "- 4 644 a".to_owned(),
        format!("{HASH} 4 888 a"),
        format!("{HASH} 4 10000 a"),
        format!("{HASH} 4 +644 a"),
        format!("{HASH}  4 644 a"),
        format!("{HASH} 4 644 a/"),
        format!("{HASH} 4 - a/"),
        "- - 755 a/".to_owned(),
        // Several lines.
        format!("{own}b\n{own}a"),
        format!("{own}a\n{own}a"),
        format!("{own}a\n- - - a/"),
        format!("{own}a\n{own}a-b\n{own}a/c"),
        format!("{own}a\n# unfinished"),
        format!("# unfinished\n# unfinished\n{own}a"),
        format!("{own}a\n\n{own}b"),
        long,
        wide,
    ];
    for line in lines.iter().chain(&more) {
        let text = format!("{FIRST_LINE}\n{line}\n");
        assert!(read(text.as_bytes(), 4096).is_err(), "{line}");
    }
    for text in [
        Vec::new(),
        b"\n".to_vec(),
        FIRST_LINE.as_bytes().to_vec(),
        b"# ftpsh manifest 2\n".to_vec(),
        b"<html>\n".to_vec(),
        format!("{FIRST_LINE}\r\n").into_bytes(),
        format!("{FIRST_LINE}\n{own}a").into_bytes(),
        [format!("{FIRST_LINE}\n{own}a").as_bytes(), b"\xff\n"].concat(),
    ] {
        assert!(read(&text, 4096).is_err(), "{}", String::from_utf8_lossy(&text));
    }
    assert_eq!(read(format!("{FIRST_LINE}\n").as_bytes(), 3), Ok(ManifestIndex::default()));
}

#[test]
fn a_line_without_end_and_entries_without_number_use_no_memory_without_bound() {
    let own = OwnPaths::default();
    let mut parser = ManifestParser::new(&own);
    parser.push(format!("{FIRST_LINE}\n").as_bytes()).unwrap();
    let block = vec![b'x'; 4096];
    let blocks = (0..100).take_while(|_| parser.push(&block).is_ok()).count();
    assert!(blocks <= LONGEST_LINE / 4096, "{blocks}");
    assert!(parser.rest.len() <= LONGEST_LINE);

    let mut parser = ManifestParser::new(&own);
    parser.push(format!("{FIRST_LINE}\n").as_bytes()).unwrap();
    parser.most_entries = 100;
    let lines = (0..).take_while(|n| parser.push(format!("- - - {n:09}\n").as_bytes()).is_ok());
    assert_eq!(lines.count(), 100);
}
