//! Replies on the control connection: the same whatever the pieces they arrive in, bounded, and
//! safe to show.

use std::io::Read;

use ftpsh::ftp::control::reply::{REPLY_MAX, Reply};
use ftpsh::fuzz::ReplyReader;

use super::common::is_shown_safely;

/// The bytes in pieces of `size`.
struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.size.min(buffer.len()).min(self.rest.len());
        let (now, later) = self.rest.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.rest = later;
        Ok(length)
    }
}

fn all(bytes: &[u8], size: usize) -> Vec<Reply> {
    let mut source = Pieces { rest: bytes, size };
    let mut lines = ReplyReader::default();
    std::iter::from_fn(|| lines.read_reply(&mut source).ok()).collect()
}

/// The first byte is the size of the pieces, the rest is what the server sends.
pub fn check(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else { return };
    let replies = all(bytes, usize::MAX);
    assert_eq!(replies, all(bytes, usize::from(*size) + 1), "other pieces, other replies");
    let mut length = 0;
    for reply in replies {
        assert!((100..600).contains(&reply.code), "{reply:?}");
        assert!(!reply.lines.is_empty());
        let held: usize = reply.lines.iter().map(Vec::len).sum();
        assert!(held <= REPLY_MAX);
        length += held;
        is_shown_safely(&reply.to_string());
        is_shown_safely(&reply.first_line());
        is_shown_safely(&reply.last_text());
    }
    assert!(length <= bytes.len(), "more came out than went in");
}
