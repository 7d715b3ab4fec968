//! The words of a listing line with their positions, and simple values: numbers, modes, owners.
//! Works on bytes without allocation.

/// More words than any line has before its name.
const WORDS_MAX: usize = 20;

/// The first words of a line, split at runs of spaces and tabs.
pub(super) struct Words<'a> {
    line: &'a [u8],
    words: [&'a [u8]; WORDS_MAX],
    ends: [usize; WORDS_MAX],
    count: usize,
}

impl<'a> Words<'a> {
    /// Splits a line. Words after the 20th are ignored.
    pub(super) fn split(line: &'a [u8]) -> Self {
        let mut all = Self { line, words: [&[]; WORDS_MAX], ends: [0; WORDS_MAX], count: 0 };
        let mut at = 0;
        while all.count < WORDS_MAX {
            at += line[at..].iter().take_while(|b| is_blank(**b)).count();
            let end = at + line[at..].iter().take_while(|b| !is_blank(**b)).count();
            if end == at {
                break;
            }
            all.words[all.count] = &line[at..end];
            all.ends[all.count] = end;
            all.count += 1;
            at = end;
        }
        all
    }

    /// All words found.
    pub(super) fn all(&self) -> &[&'a [u8]] {
        &self.words[..self.count]
    }

    /// Word `i`, counted from 0.
    pub(super) fn get(&self, i: usize) -> Option<&'a [u8]> {
        self.all().get(i).copied()
    }

    /// The line after word `i`, blanks included.
    pub(super) fn after(&self, i: usize) -> &'a [u8] {
        &self.line[self.ends[..self.count].get(i).copied().unwrap_or(self.line.len())..]
    }

    /// What follows word `i` and exactly one space: a name that may start with spaces. `None` if
    /// only blanks follow.
    pub(super) fn name_after(&self, i: usize) -> Option<&'a [u8]> {
        self.after(i).strip_prefix(b" ").filter(|name| !name.trim_ascii().is_empty())
    }

    /// What follows word `i` and all blanks after it; `None` if nothing does.
    pub(super) fn padded_name_after(&self, i: usize) -> Option<&'a [u8]> {
        let rest = self.after(i);
        let blanks = rest.iter().take_while(|b| is_blank(**b)).count();
        Some(&rest[blanks..]).filter(|name| !name.is_empty())
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether a word consists of digits.
pub(super) fn is_number(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

/// The value of a word of digits; `None` for any other word, or above the largest file size: file
/// offsets are signed (`off_t`).
pub(super) fn number(word: &[u8]) -> Option<u64> {
    if !is_number(word) {
        return None;
    }
    let digits = word.iter().map(|d| u64::from(d - b'0'));
    let value = digits.into_iter().try_fold(0u64, |n, d| n.checked_mul(10)?.checked_add(d));
    value.filter(|value| i64::try_from(*value).is_ok())
}

/// The value of a word of octal digits, without the bits above 0o7777.
pub(super) fn octal_mode(word: &[u8]) -> Option<u32> {
    if word.is_empty() || word.len() > 8 || !word.iter().all(|b| (b'0'..=b'7').contains(b)) {
        return None;
    }
    Some(word.iter().fold(0, |n, d| n * 8 + u32::from(d - b'0')) & 0o7777)
}

/// Permission bits of nine characters such as `rwxr-sr-t`; `None` if one is invalid.
pub(super) fn symbolic_mode(bits: &[u8; 9]) -> Option<u32> {
    let mut mode = 0;
    for (i, &bit) in bits.iter().enumerate() {
        let (place, special) = (0o400 >> i, [0o4000, 0o2000, 0o1000][i / 3]);
        mode |= match (i % 3, bit) {
            (_, b'-') => 0,
            (0, b'r') | (1, b'w') | (2, b'x') => place,
            (2, b's') if i < 8 => place | special,
            (2, b'S' | b'l' | b'L') if i < 8 => special,
            (2, b't') if i == 8 => place | special,
            (2, b'T') if i == 8 => special,
            _ => return None,
        };
    }
    Some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_and_misplaced_letters_refused() {
        for (text, mode) in [
            (b"rwxr-xr-x", Some(0o755)),
            (b"---------", Some(0)),
            (b"rwsr-SrwT", Some(0o7746)),
            (b"rwxrwxrwt", Some(0o1777)),
            (b"xwrr-xr-x", None),
            (b"rwtr-xr-x", None),
            (b"rwxr-xr-s", None),
        ] {
            assert_eq!(symbolic_mode(text), mode, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_no_numbers() {
        assert_eq!(number(b"9223372036854775807"), Some(i64::MAX as u64));
        assert_eq!(number(b"9223372036854775808"), None);
        assert_eq!(number(b"18446744073709551615"), None);
        assert_eq!(number(b"18446744073709551616"), None);
        assert_eq!(number(b"-1"), None);
        assert_eq!(number(b""), None);
        assert_eq!(octal_mode(b"0100644"), Some(0o644));
        assert_eq!(octal_mode(b"0779"), None);
    }

    #[test]
    fn the_name_keeps_its_own_spaces() {
        let words = Words::split(b"a  b   c ");
        assert_eq!(words.all().len(), 3);
        assert_eq!(words.name_after(1), Some(b"  c ".as_slice()));
        assert_eq!(words.padded_name_after(1), Some(b"c ".as_slice()));
        assert_eq!(words.name_after(2), None);
        assert_eq!(words.padded_name_after(2), None);
    }
}
