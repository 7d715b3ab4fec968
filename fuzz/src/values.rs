//! SIZE, MDTM and the size in a 150: numbers never wrap, times are those that were sent.

use ftpsh::ftp::control::reply::{mdtm_time, size_value, transfer_size};

use super::common::{one_line, reply, says};

/// The bytes are a reply; the first eight are a size as well.
pub fn check(data: &[u8]) {
    if let Some(reply) = reply(data) {
        if let Some(size) = size_value(&reply) {
            assert!(reply.code == 213 && says(data, size), "{size}");
        }
        if let Some(size) = transfer_size(&reply) {
            assert!(matches!(reply.code, 125 | 150) && says(data, size), "{size}");
        }
        if let Some(time) = mdtm_time(&reply) {
            let text = time.format("%Y%m%d%H%M%S").to_string();
            let again = one_line(213, text.as_bytes()).and_then(|reply| mdtm_time(&reply));
            assert_eq!(again, Some(time), "{text}");
        }
    }
    if let Some(bytes) = data.first_chunk() {
        let number = u64::from_le_bytes(*bytes);
        let again = |code, text: String| one_line(code, text.as_bytes());
        // Offsets in files are signed.
        let possible = i64::try_from(number).is_ok().then_some(number);
        assert_eq!(again(213, number.to_string()).and_then(|r| size_value(&r)), possible);
        let opening = format!("Opening data connection for x ({number} bytes).");
        assert_eq!(again(150, opening).and_then(|r| transfer_size(&r)), possible);
        // One digit more than any size has.
        assert_eq!(again(213, format!("{}{number:020}", 1)).and_then(|r| size_value(&r)), None);
    }
}
