//! Names and remote paths: every byte survives, in every character set, and a path stays where it
//! is.

use ftpsh::ftp::charset::Charset;
use ftpsh::ftp::path::{RemotePath, decode_name, encode_name, safe_component};

use super::common::is_shown_safely;

/// One of each kind.
const CHARSETS: [&str; 8] =
    ["utf-8", "windows-1252", "iso-8859-15", "koi8-r", "shift_jis", "gb18030", "big5", "cp850"];

/// The bytes are a name, and a path; the first one chooses the character set as well.
pub fn check(data: &[u8]) {
    let name = decode_name(data);
    assert_eq!(encode_name(&name), data);
    is_shown_safely(&name);
    let label = CHARSETS[usize::from(data.first().copied().unwrap_or(0)) % CHARSETS.len()];
    let charset = Charset::named(label).expect(label);
    let text = charset.decode(data);
    assert_eq!(charset.encode(&text).ok().as_deref(), Some(data), "{charset:?} {text:?}");
    if let Ok(safe) = safe_component(&name) {
        assert!(!data.iter().any(|b| b.is_ascii_control() || *b == b'/') && data.len() <= 255);
        assert!(!matches!(safe, "" | "." | ".."));
    }
    let breaks = data.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
    let path = RemotePath::new(name.clone());
    assert_eq!(path.is_err(), breaks, "{path:?}");
    if path.is_err() {
        return;
    }
    for base in ["/", "/a/b", "a"] {
        let base = RemotePath::new(base).expect(base);
        let path = base.resolve(&name).expect("no line breaks in it");
        let parts: Vec<_> = path.as_str().split('/').skip(1).collect();
        if path.is_absolute() && path != RemotePath::root() {
            assert!(!parts.iter().any(|part| matches!(*part, "" | "." | "..")), "{path:?}");
        }
        assert_eq!(path.resolve(".").ok().as_ref(), Some(&path), "{path:?}");
    }
}
