//! PWD: a directory holds no control byte, and comes back from the way the RFC quotes it.

use ftpsh::ftp::control::reply::{pwd_names, pwd_readings};
use ftpsh::ftp::path::{RemotePath, encode_name};

use super::common::{is_shown_safely, one_line, reply};

/// The bytes are a reply, and a directory of their own.
pub fn check(data: &[u8]) {
    for path in reply(data).and_then(|reply| pwd_readings(&reply).ok()).unwrap_or_default() {
        let bytes = encode_name(path.as_str());
        assert!(!bytes.is_empty() && !bytes.iter().any(u8::is_ascii_control), "{path:?}");
        is_shown_safely(path.as_str());
        comes_back(&bytes, &path);
    }
    let path = RemotePath::new(ftpsh::ftp::path::decode_name(data));
    if let Ok(path) = path
        && !data.is_empty()
        && !data.iter().any(u8::is_ascii_control)
    {
        comes_back(data, &path);
    }
}

fn comes_back(bytes: &[u8], path: &RemotePath) {
    let mut text = b"\"".to_vec();
    for byte in bytes {
        // Telnet's IAC is doubled on its way, a quote in a quoted text as well.
        text.extend(std::iter::repeat_n(*byte, 1 + usize::from(matches!(byte, b'"' | 0xff))));
    }
    text.extend_from_slice(b"\" is the current directory");
    let again = one_line(257, &text);
    assert!(again.as_ref().is_some_and(|again| pwd_names(again, path)), "{path:?} {again:?}");
    let readings = again.and_then(|again| pwd_readings(&again).ok());
    assert!(readings.as_ref().is_some_and(|all| all.contains(path)), "{path:?} {readings:?}");
}
