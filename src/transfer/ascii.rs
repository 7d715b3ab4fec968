//! Line endings in ASCII type: CRLF on the wire (RFC 959 section 3.1.1.1), LF in local files.

use std::io::{self, Read, Write};

/// Converts the wire's CRLF to LF while writing. A lone CR is kept.
#[derive(Debug)]
pub struct FromWire<W> {
    inner: W,
    /// A CR was received, but not yet the byte after it.
    held: bool,
}

impl<W: Write> FromWire<W> {
    /// Converts what is written to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, held: false }
    }
}

impl<W: Write> Write for FromWire<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut converted = Vec::with_capacity(bytes.len() + 1);
        for byte in bytes {
            if std::mem::take(&mut self.held) && *byte != b'\n' {
                converted.push(b'\r');
            }
            match byte {
                b'\r' => self.held = true,
                other => converted.push(*other),
            }
        }
        self.inner.write_all(&converted)?;
        Ok(bytes.len())
    }

    /// At the end of the stream a pending CR is written unchanged.
    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.held) {
            self.inner.write_all(b"\r")?;
        }
        self.inner.flush()
    }
}

/// Converts a local file's LF to CRLF while reading. A LF after a CR is kept.
#[derive(Debug)]
pub struct ToWire<R> {
    inner: R,
    ready: Vec<u8>,
    read: usize,
    after_cr: bool,
}

impl<R: Read> ToWire<R> {
    /// Converts what is read from `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, ready: Vec::new(), read: 0, after_cr: false }
    }
}

impl<R: Read> Read for ToWire<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.ready.len() {
            let mut raw = vec![0; buffer.len().max(1)];
            let n = self.inner.read(&mut raw)?;
            self.ready.clear();
            self.read = 0;
            for byte in &raw[..n] {
                if *byte == b'\n' && !self.after_cr {
                    self.ready.push(b'\r');
                }
                self.after_cr = *byte == b'\r';
                self.ready.push(*byte);
            }
        }
        let n = buffer.len().min(self.ready.len() - self.read);
        buffer[..n].copy_from_slice(&self.ready[self.read..self.read + n]);
        self.read += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_from_the_wire_whatever_the_pieces() {
        for (wire, local) in [
            (&b"a\r\nb\r\n"[..], &b"a\nb\n"[..]),
            (b"a\nb", b"a\nb"),
            (b"a\rb\r\r\nc\r", b"a\rb\r\nc\r"),
            (b"", b""),
        ] {
            for size in 1..=wire.len().max(1) {
                let mut out = Vec::new();
                let mut converter = FromWire::new(&mut out);
                for piece in wire.chunks(size) {
                    converter.write_all(piece).unwrap();
                }
                converter.flush().unwrap();
                assert_eq!(out, local, "pieces of {size}");
            }
        }
    }

    #[test]
    fn line_ends_to_the_wire_whatever_the_pieces() {
        for (local, wire) in [
            (&b"a\nb\n"[..], &b"a\r\nb\r\n"[..]),
            (b"a\r\nb", b"a\r\nb"),
            (b"\n\n", b"\r\n\r\n"),
            (b"", b""),
        ] {
            for size in 1..=8 {
                let mut converter = ToWire::new(local);
                let mut out = Vec::new();
                let mut piece = vec![0; size];
                loop {
                    match converter.read(&mut piece).unwrap() {
                        0 => break,
                        n => out.extend_from_slice(&piece[..n]),
                    }
                }
                assert_eq!(out, wire, "pieces of {size}");
            }
        }
    }
}
