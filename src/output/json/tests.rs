//! Tests of the JSON records.

use super::*;

fn encode(text: &str) -> Vec<u8> {
    text.chars()
        .flat_map(|c| match c {
            c if BYTES.contains(&c) => vec![c as u8],
            c => c.to_string().into_bytes(),
        })
        .collect()
}

fn line(record: &Record<'_>) -> String {
    let mut line = Vec::new();
    record.write_to(&mut line, encode);
    String::from_utf8(line).unwrap()
}

#[test]
fn every_record_has_its_fields_in_their_order() {
    let time = DateTime::from_timestamp(1_700_000_000, 0);
    let table = [
        (
            Record::Entry(EntryRecord {
                name: "a.txt".into(),
                path: "/pub/a.txt".into(),
                kind: "file",
                size: Some(5_000_000_000),
                modified: time,
                modified_text: Some("2023-11-14 22:13:20".to_owned()),
                modified_precision: Some("second"),
                mode: Some(0o644),
                owner: Some("ftp".into()),
                ..EntryRecord::default()
            }),
            r#"{"type":"entry","name":"a.txt","path":"/pub/a.txt","kind":"file","size":5000000000,"modified":"2023-11-14T22:13:20Z","modified_text":"2023-11-14 22:13:20","modified_precision":"second","mode":"0644","owner":"ftp","group":null,"target":null}"#,
        ),
        (
            Record::Transfer(TransferRecord {
                direction: "download",
                remote: "/a".into(),
                local: "a".into(),
                bytes: 10,
                seconds: 0.123_456,
                resumed_from: Some(4),
                status: "done".into(),
            }),
            r#"{"type":"transfer","direction":"download","remote":"/a","local":"a","bytes":10,"seconds":0.123,"resumed_from":4,"status":"done"}"#,
        ),
        (Record::Text("a \"b\"\n".into()), r#"{"type":"text","text":"a \"b\"\n"}"#),
        (
            Record::Check(CheckRecord {
                check: "dates".into(),
                mark: "note".into(),
                seen: "9 days left".into(),
                meaning: Some("m".into()),
                ..CheckRecord::default()
            }),
            r#"{"type":"text","text":"note dates: 9 days left","check":"dates","mark":"note","seen":"9 days left","meaning":"m","advice":null,"server":null}"#,
        ),
        (
            Record::Trust(TrustRecord {
                action: "added".into(),
                host: "h".into(),
                port: 21,
                ..TrustRecord::default()
            }),
            r#"{"type":"trust","action":"added","host":"h","port":21,"fingerprint":null,"public_key":null,"first_seen":null,"last_seen":null,"reason":null,"exceptions":[],"store":null,"expires":null,"problems":[]}"#,
        ),
        (
            Record::Job(JobRecord {
                id: 1,
                command: "get a".into(),
                state: "running".into(),
                exit: None,
                bytes: 7,
            }),
            r#"{"type":"job","id":1,"command":"get a","state":"running","exit":null,"bytes":7}"#,
        ),
        (
            Record::Error(ErrorRecord {
                kind: "login".into(),
                message: "m".into(),
                exit: 7,
                ..ErrorRecord::default()
            }),
            r#"{"type":"error","kind":"login","message":"m","hint":null,"reply":null,"exit":7}"#,
        ),
        (
            Record::Summary(SummaryRecord { commands: 2, failed: 1, files: 3, bytes: 4, exit: 8 }),
            r#"{"type":"summary","commands":2,"failed":1,"files":3,"bytes":4,"exit":8}"#,
        ),
    ];
    for (record, expected) in table {
        assert_eq!(line(&record), format!("{expected}\n"));
    }
}

#[test]
fn records_stand_one_behind_the_other() {
    let mut lines = b"before\n".to_vec();
    for text in ["a", "\u{9b}"] {
        Record::Text(text.into()).write_to(&mut lines, encode);
    }
    let expected =
        "before\n{\"type\":\"text\",\"text\":\"a\"}\n{\"type\":\"text\",\"text\":\"\\u009b\"}\n";
    assert_eq!(String::from_utf8(lines).unwrap(), expected);
}

#[test]
fn a_name_that_is_not_utf8_comes_with_its_bytes() {
    let entry =
        EntryRecord { name: "caf\u{f7e9}".into(), path: "/x".into(), ..EntryRecord::default() };
    let text = line(&Record::Entry(entry));
    assert!(
        text.contains(r#""name":"caf�","name_base64":"Y2Fm6Q==","path":"/x","kind""#),
        "{text}"
    );
}

#[test]
fn control_characters_never_stand_raw_in_a_line() {
    let hostile = "\x1b[2J\u{0}\nx\u{9b}\u{202e}\u{e0041}\x7f";
    let text = line(&Record::Text(hostile.into()));
    assert_eq!(text.matches(is_unsafe).count(), 1, "{text:?}");
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["text"], hostile);
}

#[test]
fn base64_is_the_one_of_the_rfc() {
    let base64 = |bytes: &[u8]| {
        let record: serde_json::Value = serde_json::from_slice(&binary_line(bytes)).unwrap();
        record["text_base64"].as_str().unwrap().to_owned()
    };
    let table = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
    for (bytes, expected) in table {
        assert_eq!(base64(bytes.as_bytes()), expected);
    }
    assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
}
