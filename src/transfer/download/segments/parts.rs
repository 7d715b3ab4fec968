//! The segments of a file fetched over several connections, and the progress of each.
//!
//! They are recorded in the journal next to the partial file: before anything is written, at most
//! once a second during the download, and at its end. Data recorded in the journal is on the disk.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use crate::transfer::FileInfo;
use crate::transfer::download::journal::PartialJournal;
use crate::transfer::download::partial::PartialFile;

/// The minimum size of a segment: for less, another connection does not pay off.
pub const MIN_SEGMENT: u64 = 4 * 1024 * 1024;

/// Segments start at multiples of this.
const GRAIN: u64 = 64 * 1024;

/// The minimum interval between writes of the journal.
const INTERVAL: Duration = Duration::from_secs(1);

/// One segment.
#[derive(Debug)]
pub struct Segment {
    /// Its start.
    pub from: u64,
    /// Its end, exclusive.
    pub to: u64,
    at: AtomicU64,
}

impl Segment {
    fn new(from: u64, to: u64, at: u64) -> Self {
        Self { from, to, at: AtomicU64::new(at) }
    }

    /// The offset reached.
    pub fn position(&self) -> u64 {
        self.at.load(Ordering::Acquire)
    }

    /// Sets the offset reached.
    pub fn set_position(&self, at: u64) {
        self.at.store(at, Ordering::Release);
    }
}

/// All segments of a file, without gaps.
#[derive(Debug)]
pub struct SegmentMap {
    parts: Vec<Segment>,
    /// The rest of the journal.
    journal: PartialJournal,
    size: u64,
    kept: Mutex<Option<Instant>>,
}

/// The number of segments for a file, with at most `most` connections.
pub fn segment_count(size: u64, most: usize) -> usize {
    most.min(usize::try_from(size / MIN_SEGMENT).unwrap_or(usize::MAX)).max(1)
}

impl SegmentMap {
    /// Splits a file of `size` bytes, of which `here` exist locally, for `most` connections.
    pub fn split_file(info: FileInfo, size: u64, here: u64, most: usize) -> Self {
        let left = size.saturating_sub(here);
        let count = segment_count(left, most) as u64;
        let step = left.div_ceil(count).checked_next_multiple_of(GRAIN).unwrap_or(left);
        let mut parts = Vec::new();
        if here > 0 {
            parts.push(Segment::new(0, here, here));
        }
        let mut from = here;
        while from < size {
            let to = from.saturating_add(step).min(size);
            parts.push(Segment::new(from, to, from));
            from = to;
        }
        Self { parts, journal: PartialJournal::for_file(info), size, kept: Mutex::new(None) }
    }

    /// The segments of a journal; `None` if it cannot be that of a partial file of `length` bytes.
    pub fn from_journal(journal: &PartialJournal, length: u64) -> Option<Self> {
        let size = journal.size?;
        let mut expected = 0;
        for (from, to, at) in journal.segments.iter().copied() {
            let written = at == from || at <= length;
            if from != expected || !(from..=to).contains(&at) || !written || from == to {
                return None;
            }
            expected = to;
        }
        if expected != size {
            return None;
        }
        let parts = journal.segments.iter().map(|(from, to, at)| Segment::new(*from, *to, *at));
        let parts = parts.collect();
        Some(Self { parts, journal: journal.clone(), size, kept: Mutex::new(None) })
    }

    /// Size of the whole file in bytes.
    pub fn file_size(&self) -> u64 {
        self.size
    }

    /// The segments.
    pub fn segments(&self) -> &[Segment] {
        &self.parts
    }

    /// The segments with work left. The last one always has: it shows that the file ends there.
    pub fn unfinished(&self) -> impl Iterator<Item = usize> + '_ {
        let open = |part: &Segment| part.position() < part.to || part.to == self.size;
        self.parts.iter().enumerate().filter(move |(_, part)| open(part)).map(|(index, _)| index)
    }

    /// Bytes received.
    pub fn bytes_done(&self) -> u64 {
        self.parts.iter().map(|part| part.position() - part.from).sum()
    }

    /// Writes the journal; returns whether that succeeded.
    pub fn write_journal(&self, partial: &PartialFile) -> bool {
        let journal = PartialJournal {
            segments: self.parts.iter().map(|part| (part.from, part.to, part.position())).collect(),
            ..self.journal.clone()
        };
        // In this order, so that recorded data survives a power failure.
        partial.sync().is_ok() && journal.write(partial.entry())
    }

    /// Writes the journal if it was not written within the last second.
    pub fn keep_now_and_then(&self, partial: &PartialFile) {
        let mut kept = match self.kept.try_lock() {
            Ok(kept) => kept,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Another thread is writing it.
            Err(TryLockError::WouldBlock) => return,
        };
        if kept.get_or_insert_with(Instant::now).elapsed() >= INTERVAL {
            self.write_journal(partial);
            *kept = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn ranges(parts: &SegmentMap) -> Vec<(u64, u64)> {
        parts.segments().iter().map(|part| (part.from, part.to)).collect()
    }

    #[test]
    fn parts_cover_the_file_without_a_gap_and_small_files_are_not_split() {
        for (size, here, most, count) in [
            (16 * MIB, 0, 4, 4),
            (16 * MIB + 1, 0, 4, 4),
            (100 * MIB + 12_345, 0, 7, 7),
            (9 * MIB, 0, 4, 2),
            (7 * MIB, 0, 4, 1),
            (20 * MIB, 10 * MIB + 3, 4, 3),
            (1, 0, 64, 1),
            (u64::MAX, 0, 64, 64),
            (i64::MAX as u64, 0, 3, 3),
            (u64::MAX, u64::MAX - 1, 4, 2),
        ] {
            let parts = SegmentMap::split_file(FileInfo::default(), size, here, most);
            let ranges = ranges(&parts);
            assert!(ranges.len() <= count, "{size} {here} {most}: {ranges:?}");
            assert!(size == u64::MAX || ranges.len() == count, "{size} {here} {most}: {ranges:?}");
            let mut expected = 0;
            for (from, to) in ranges {
                assert!(from == expected && to > from, "{size} {here} {most}");
                expected = to;
            }
            assert_eq!(expected, size);
            assert_eq!(parts.bytes_done(), here);
        }
    }

    #[test]
    fn a_journal_that_cannot_be_true_is_none() {
        let journal = |segments: &[(u64, u64, u64)]| PartialJournal {
            size: Some(100),
            modified: None,
            segments: segments.to_vec(),
        };
        assert!(SegmentMap::from_journal(&journal(&[(0, 50, 20), (50, 100, 50)]), 20).is_some());
        for (segments, length) in [
            (&[(0, 50, 20), (60, 100, 60)][..], 100),
            (&[(0, 50, 20), (40, 100, 60)], 100),
            (&[(0, 50, 51), (50, 100, 60)], 100),
            (&[(0, 50, 20), (50, 100, 40)], 100),
            (&[(0, 50, 20), (50, 90, 50)], 100),
            (&[(0, 50, 20), (50, 101, 50)], 101),
            (&[(0, 50, 20), (50, 100, 80)], 79),
            (&[(10, 100, 20)], 100),
            (&[(0, 50, 20), (50, 50, 50), (50, 100, 60)], 100),
            (&[], 100),
        ] {
            assert!(SegmentMap::from_journal(&journal(segments), length).is_none(), "{segments:?}");
        }
    }
}
