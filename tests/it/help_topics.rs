//! `help topics` and what it names.

use support::program::Ftpsh;

fn help(name: &str) -> String {
    let ran = Ftpsh::new().args(["-c", &format!("help {name}")]).run().ok();
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn every_topic_that_help_names_explains_something_of_its_own() {
    let list = help("topics");
    let names: Vec<_> = list.lines().skip(1).filter_map(|l| l.split_whitespace().next()).collect();
    for name in ["trust", "scripts", "settings", "keys", "lftp"] {
        assert!(names.contains(&name), "{name}\n{list}");
    }
    let texts: Vec<_> = names.iter().map(|name| help(name)).collect();
    for (at, text) in texts.iter().enumerate() {
        assert!(text.len() > 200 && !texts[..at].contains(text), "{}: {text}", names[at]);
    }
    // A command and a topic: both.
    let trust = help("trust");
    assert!(trust.contains("Usage: trust") && trust.contains("known_servers"), "{trust}");
}
