//! When a full disk or quota makes it pointless to try further files, here or on the server.
//!
//! One such failure may be about one large file. After the third in a row the next ones would only
//! be sent to be refused.

use crate::error::Error;

/// So many files in a row.
const CERTAIN: u32 = 3;

/// Counts files for which there was no room.
#[derive(Debug, Clone, Copy, Default)]
pub struct FullDisk {
    in_a_row: u32,
}

impl FullDisk {
    /// Takes in a file of which this many bytes were transferred. An empty one needs no room.
    pub fn note_transfer(&mut self, bytes: u64) {
        if bytes > 0 && !self.is_certain() {
            self.in_a_row = 0;
        }
    }

    /// Takes in a failure. One of another kind says nothing about room.
    pub fn note_failure(&mut self, error: &Error) {
        self.in_a_row += u32::from(error.is_out_of_space());
    }

    /// Whether there is no room for further files.
    pub fn is_certain(&self) -> bool {
        self.in_a_row >= CERTAIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn the_third_file_in_a_row_makes_it_certain() {
        let full = || Error::new(Kind::Refused, "552").out_of_space_if(true);
        let other = || Error::new(Kind::Refused, "550");
        let mut disk = FullDisk::default();
        for (transferred, error, certain) in [
            (None, Some(full()), false),
            (None, Some(full()), false),
            // There is room for this one.
            (Some(1), None, false),
            (None, Some(full()), false),
            (Some(0), None, false),
            (None, Some(other()), false),
            (None, Some(full()), false),
            (None, Some(full()), true),
            // One that was under way at the same time.
            (Some(1), None, true),
        ] {
            transferred.into_iter().for_each(|bytes| disk.note_transfer(bytes));
            error.iter().for_each(|error| disk.note_failure(error));
            assert_eq!(disk.is_certain(), certain);
        }
    }
}
