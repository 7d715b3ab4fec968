use super::tables::OBJECTS;
use super::*;
use crate::commands::COMMANDS;
use crate::output::{
    CheckRecord, EntryRecord, ErrorRecord, JobRecord, Record, SummaryRecord, TransferRecord,
    TrustRecord,
};
use crate::settings::SETTINGS;

#[test]
fn every_field_of_every_json_object_is_described_in_its_order() {
    let transfer = TransferRecord {
        direction: "copy",
        remote: String::new(),
        local: String::new(),
        bytes: 0,
        seconds: 0.0,
        resumed_from: None,
        status: String::new(),
    };
    let records = [
        Record::Entry(EntryRecord::default()),
        Record::Transfer(transfer),
        Record::Text(String::new()),
        Record::Check(CheckRecord::default()),
        Record::Trust(TrustRecord::default()),
        Record::Job(JobRecord::default()),
        Record::Error(ErrorRecord::default()),
        Record::Summary(SummaryRecord::default()),
    ];
    for (record, (name, _, fields)) in records.iter().zip(OBJECTS) {
        let mut line = Vec::new();
        record.write_to(&mut line, |name| name.as_bytes().to_vec());
        let line = String::from_utf8(line).unwrap();
        let keys: Vec<_> = line.split(['{', ',']).filter_map(|f| f.split_once("\":")).collect();
        let keys: Vec<_> = keys.iter().map(|(key, _)| key.trim_start_matches('"')).collect();
        let described: Vec<_> = ["type"].into_iter().chain(fields.iter().map(|f| f.0)).collect();
        assert_eq!(keys, described, "{name}");
        assert!(line.contains(&format!("\"{name}\"")), "{line}");
    }
    assert_eq!(records.len(), OBJECTS.len());
}

#[test]
fn every_command_setting_and_status_is_in_the_page() {
    let page = man_page().unwrap().replace("\\-", "-");
    let wanted = COMMANDS.iter().map(|spec| format!("\\fB{}\\fR", spec.name));
    let wanted = wanted.chain(SETTINGS.iter().map(|row| format!("\\fB{}\\fR", row.name)));
    let wanted = wanted.chain(Kind::ALL.iter().map(|kind| format!("\\fB{}\\fR", kind.name())));
    let missing: Vec<_> = wanted.filter(|word| !page.contains(word)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn users_of_lftp_sftp_and_ftp_find_their_words() {
    let page = man_page().unwrap().replace("\\-", "-");
    let start = page.find("COMING FROM LFTP").unwrap();
    let sftp = page.find("COMING FROM SFTP AND FTP").unwrap();
    let missing: Vec<_> = crate::settings::LFTP_SETTINGS
        .iter()
        .filter(|row| !page[start..sftp].contains(&format!("\\fB{}\\fR", row.name)))
        .map(|row| row.name)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(page[sftp..].contains("put A -o B") || page[sftp..].contains("get A -o B"));
}

#[test]
fn every_topic_of_help_is_a_section_of_the_page_with_the_same_text() {
    let page = man_page().unwrap().replace('"', "");
    for topic in crate::commands::TOPICS {
        let heading = format!("\n.SH {}\n", topic.title.to_uppercase());
        let section = page.split_once(&heading).map(|(_, rest)| rest).unwrap_or_default();
        let mut own = Page::default();
        own.write_text(&topic.text());
        let own = own.into_roff().replace('"', "");
        let text = own.split_once(".PP\n").map(|(_, text)| text).unwrap_or_default();
        assert!(!text.is_empty() && section.starts_with(text), "{}\n{section:.300}", topic.title);
    }
}

#[test]
fn the_keys_of_the_prompt_are_in_the_page() {
    let page = man_page().unwrap().replace("\\-", "-");
    let (_, section) = page.split_once(".SH KEYS").unwrap();
    let section = section.split(".SH").next().unwrap();
    for key in ["Tab", "Ctrl-R", "Ctrl-Z", "Ctrl-C", "Ctrl-D", "[N]", "HOST:PORT"] {
        assert!(section.contains(&format!("\\fB{key}\\fR")), "{key}\n{section}");
    }
}
