//! "Did you mean": the closest match of an unknown word in a list.

use strsim::osa_distance;

/// The candidate closest to `word` within one edit for two characters, two edits for four or more.
/// An edit is an insertion, deletion, replacement or a swap of neighbours. Ties go to the first.
pub fn closest_match<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = word.chars().take(MAX_LENGTH + 1).count();
    if length > MAX_LENGTH {
        return None;
    }
    let limit = (length / 2).min(2);
    candidates
        .into_iter()
        .map(|candidate| (osa_distance(word, candidate), candidate))
        .filter(|(distance, _)| (1..=limit).contains(distance))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Longer words are not misspelt commands or settings.
const MAX_LENGTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let commands = ["ls", "cd", "get", "put", "mirror", "bookmark", "close"];
        for (word, want) in [
            ("sl", Some("ls")),
            ("gte", Some("get")),
            ("miror", Some("mirror")),
            ("bokmrak", Some("bookmark")),
            ("clsoe", Some("close")),
            ("gets", Some("get")),
            ("x", None),
            ("", None),
            ("get", None),
            ("foo", None),
            ("frobnicate", None),
        ] {
            assert_eq!(closest_match(word, commands), want, "{word}");
        }
        assert_eq!(closest_match(&"m".repeat(100_000), commands), None);
    }

    #[test]
    fn the_nearest_wins_then_the_first() {
        assert_eq!(closest_match("puts", ["pits", "put", "gets"]), Some("pits"));
        assert_eq!(closest_match("mkdri", ["mkd", "mkdir"]), Some("mkdir"));
    }
}
