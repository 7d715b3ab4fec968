//! Names of months in English and other languages of servers, as numbers 1 to 12; ambiguous words
//! have none.

/// Month abbreviations of `ls` in English and other languages, lower case. A word for different
/// months in different languages is in [`UNCLEAR`].
const MONTHS: [&[&str]; 12] = [
    &["jan", "janv", "ene", "gen", "january", "januar", "jän", "янв", "sty", "led", "tammi"],
    &["feb", "fév", "févr", "febr", "february", "februar", "фев", "úno", "helmi"],
    &["mar", "mär", "märz", "mrz", "mars", "march", "márc", "мар", "mrt", "maalis", "bře"],
    &["apr", "avr", "avril", "abr", "ápr", "april", "апр", "kwi", "dub", "huhti"],
    &["may", "mai", "maj", "mag", "mei", "máj", "май", "мая", "touko", "kvě"],
    &["jun", "juin", "giu", "juni", "jún", "june", "июн", "cze", "kesä", "čer"],
    &["jul", "juil", "lug", "juli", "júl", "july", "июл", "heinä", "čec"],
    &["aug", "août", "aoû", "ago", "august", "авг", "sie", "elo"],
    &["sep", "sept", "set", "szept", "september", "сен", "wrz", "zář", "syys"],
    &["oct", "okt", "ott", "out", "october", "oktober", "окт", "paź", "říj", "loka"],
    &["nov", "november", "ноя", "marras"],
    &["dec", "dez", "déc", "dic", "december", "dezember", "дек", "gru", "pro", "joulu"],
];

/// Words for different months in different languages: November in Polish and October in Croatian,
/// August in Czech and July in Croatian, June and July in French.
const UNCLEAR: [&[u8]; 3] = [b"lis", b"srp", b"jui"];

/// Whether the word is a month that depends on the language, which the listing does not contain.
pub(super) fn is_unclear(word: &[u8]) -> bool {
    UNCLEAR.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The number of a month, 1 to 12, ignoring case and a dot or comma after it.
pub(super) fn month(word: &[u8]) -> Option<u32> {
    let word = word.strip_suffix(b",").unwrap_or(word);
    let word = word.strip_suffix(b".").unwrap_or(word);
    if word.len() < 3 || word.len() > 16 || word[0].is_ascii_digit() {
        return None;
    }
    if let [a, b, c] = word {
        const ENGLISH: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
        let lower = [a, b, c].map(|byte| byte.to_ascii_lowercase());
        if let Some(found) = ENGLISH.chunks(3).zip(1..).find(|(name, _)| *name == lower) {
            return Some(found.1);
        }
    }
    if word.is_ascii() {
        let known =
            |names: &&[&str]| names.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(word));
        return MONTHS.iter().zip(1..).find(|(names, _)| known(names)).map(|(_, month)| month);
    }
    let word = match std::str::from_utf8(word) {
        Ok(text) => text.to_lowercase(),
        // ISO 8859-1, whose bytes are the characters of the same number.
        Err(_) => word.iter().map(|b| char::from(*b)).collect::<String>().to_lowercase(),
    };
    MONTHS.iter().zip(1..).find(|(names, _)| names.contains(&word.as_str())).map(|(_, month)| month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_in_another_charset() {
        assert_eq!(month(b"M\xe4r"), Some(3));
        assert_eq!(month(b"ao\xfbt"), Some(8));
        assert_eq!(month("DÉC.".as_bytes()), Some(12));
    }

    #[test]
    fn no_month_name_stands_for_two_months() {
        let mut seen = std::collections::HashSet::new();
        assert!(MONTHS.iter().flat_map(|names| names.iter()).all(|name| seen.insert(*name)));
        assert!(UNCLEAR.iter().all(|word| month(word).is_none() && is_unclear(word)));
        assert!(is_unclear(b"JUI") && !is_unclear(b"juin"));
    }
}
