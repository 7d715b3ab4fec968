//! FEAT: names are single words in capitals, and what is asked for was offered.

use ftpsh::ftp::session::features::Features;

use super::common::{is_shown_safely, reply};

/// The bytes are a reply.
pub fn check(data: &[u8]) {
    let Some(reply) = reply(data) else { return };
    let features = Features::parse(&reply);
    assert_eq!(features.is_supported(), reply.code == 211);
    assert!(features.iter().count() <= reply.lines.len());
    for feature in features.iter() {
        assert!(!feature.name.is_empty() && !feature.name.contains([' ', '\t']), "{feature:?}");
        assert!(features.has(&feature.name), "{feature:?}");
        is_shown_safely(&feature.argument);
    }
    if let Some(ask) = features.facts_to_ask_for() {
        // It is sent as it is: words of our own, never the server's.
        assert!(ask.bytes().all(|b| b.is_ascii_lowercase() || b";.".contains(&b)), "{ask:?}");
        let offered = features.mlst_facts();
        let mut facts = ask.split_terminator(';');
        assert!(facts.all(|fact| offered.iter().any(|(name, _)| name == fact)), "{ask:?}");
    }
    features.hash_algorithms();
    for (verb, _) in features.checksum_commands() {
        assert!(features.has(verb));
    }
}
