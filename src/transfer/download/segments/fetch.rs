//! Fetches one segment from its offset, compares it where it overlaps local data, and stops when it
//! is complete. Only the last segment can show that the file ends.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::parts::{Segment, SegmentMap};
use crate::error::{Error, Kind};
use crate::ftp::data::data_error;
use crate::transfer::download::partial::PartialFile;
use crate::transfer::download::resume::OVERLAP;
use crate::transfer::download::stream::{
    FetchFailure, FileFetcher, fill_block, refuses_restart, unconfirmed_error, write_error,
};
use crate::transfer::{
    BLOCK, DownloadStream, Progress, Remote, TransferType, all_tls_resumed, verify,
};

/// What the segments of one file share.
pub struct SegmentFetcher<'a, P: Progress + ?Sized> {
    /// The download.
    pub download: &'a FileFetcher<'a>,
    /// The segments.
    pub parts: &'a SegmentMap,
    /// The partial file.
    pub partial: &'a PartialFile,
    /// Receives progress.
    pub progress: &'a P,
    /// Set when a segment has failed permanently: the others stop.
    pub stop: AtomicBool,
    /// The bytes before the start of each segment, as the server sent them, by offset.
    seams: Mutex<Vec<(u64, Vec<u8>)>>,
    tls_resumed: Mutex<Option<bool>>,
}

impl<'a, P: Progress + ?Sized> SegmentFetcher<'a, P> {
    /// A fetcher that has fetched nothing yet.
    pub fn new(
        download: &'a FileFetcher<'a>,
        parts: &'a SegmentMap,
        partial: &'a PartialFile,
        progress: &'a P,
    ) -> Self {
        let (stop, seams) = (AtomicBool::new(false), Mutex::default());
        let tls_resumed = Mutex::default();
        Self { download, parts, partial, progress, stop, seams, tls_resumed }
    }

    /// Whether all data connections so far resumed the TLS session; `None` without TLS.
    pub fn tls_resumed(&self) -> Option<bool> {
        *self.tls_resumed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the rest of a segment. The last one may return a warning.
    ///
    /// # Errors
    ///
    /// [`FetchFailure::NotTheSame`] if the data does not match the local data, or REST is not
    /// supported.
    pub fn fetch_segment(
        &self,
        remote: &mut dyn Remote,
        index: usize,
    ) -> Result<Option<String>, FetchFailure> {
        let Some(part) = self.parts.segments().get(index) else { return Ok(None) };
        let what = format!("get {}", self.download.path);
        let mut incoming = self.begin(remote, part)?;
        let mut block = vec![0; self.block()];
        while part.position() < part.to {
            if let Err(error) = self.download.cancel.check() {
                incoming.abort();
                return Err(error.into());
            }
            if self.stop.load(Ordering::Relaxed) {
                incoming.abort();
                return Err(Error::new(Kind::Incomplete, format!("{what}: stopped")).into());
            }
            let left = usize::try_from(part.to - part.position()).unwrap_or(usize::MAX);
            let wanted = block.len().min(left);
            let (filled, ended) = fill_block(&mut *incoming, &mut block[..wanted]);
            if let Err(error) = self.take(part, &block[..filled]) {
                incoming.abort();
                return Err(error.into());
            }
            match ended {
                None => {}
                Some(None) if part.position() < part.to => {
                    return Err(self.ended(&what, part, incoming));
                }
                Some(Some(error)) if part.position() < part.to => {
                    return Err(self
                        .download
                        .broken_stream_error(&what, &error, incoming, remote)
                        .into());
                }
                Some(_) => break,
            }
        }
        if part.to < self.parts.file_size() {
            incoming.abort();
            return Ok(None);
        }
        self.end(&what, incoming, remote)
    }

    fn block(&self) -> usize {
        self.download.options.limits.iter().fold(BLOCK, |block, limit| limit.block_size(block))
    }

    fn take(&self, part: &Segment, bytes: &[u8]) -> Result<(), Error> {
        let at = part.position();
        self.partial.write_at(bytes, at).map_err(|error| write_error(&error))?;
        part.set_position(at + bytes.len() as u64);
        self.progress.advance(bytes.len() as u64);
        self.parts.keep_now_and_then(self.partial);
        for limit in &self.download.options.limits {
            limit.take_tokens(bytes.len(), self.download.cancel)?;
        }
        Ok(())
    }

    /// Starts a little before the segment: existing local data must match; at the seam with the
    /// previous segment, the bytes are kept for [`SegmentFetcher::check_seams`].
    fn begin(
        &self,
        remote: &mut dyn Remote,
        part: &Segment,
    ) -> Result<Box<dyn DownloadStream>, FetchFailure> {
        let at = part.position();
        let own = at > part.from;
        let overlap = OVERLAP.min(if own { at - part.from } else { part.from });
        let count = usize::try_from(overlap).unwrap_or(0);
        let from = at - overlap;
        let mut incoming =
            match remote.open_download(self.download.path, from, TransferType::Binary) {
                Ok(incoming) => incoming,
                Err(error) if from > 0 && refuses_restart(&error) => {
                    return Err(FetchFailure::NotTheSame("the server cannot begin at an offset"));
                }
                Err(error) => return Err(error.into()),
            };
        let mut resumed = self.tls_resumed.lock().unwrap_or_else(PoisonError::into_inner);
        *resumed = all_tls_resumed(*resumed, remote.tls_resumed());
        drop(resumed);
        let mut came = vec![0; count];
        match fill_block(&mut *incoming, &mut came) {
            (filled, _) if filled == count => {}
            (_, Some(Some(error))) => {
                let timeout = remote.stall_timeout();
                incoming.abort();
                return Err(data_error(&error, timeout).into());
            }
            _ => {
                incoming.abort();
                return Err(FetchFailure::NotTheSame("the server sent less than requested"));
            }
        }
        if !own {
            let mut seams = self.seams.lock().unwrap_or_else(PoisonError::into_inner);
            seams.retain(|(offset, _)| *offset != from);
            seams.push((from, came));
        } else if came != self.partial.read_at(from, count)? {
            incoming.abort();
            return Err(FetchFailure::NotTheSame("the local data differs"));
        }
        Ok(incoming)
    }

    /// The stream ended before the segment was complete.
    fn ended(&self, what: &str, part: &Segment, incoming: Box<dyn DownloadStream>) -> FetchFailure {
        let judged = incoming.finish().and_then(|finished| {
            verify::check_download(what, part.position(), Some(self.parts.file_size()), &finished)
        });
        let short = || Error::new(Kind::Incomplete, format!("{what}: too short")).as_transient();
        judged.err().unwrap_or_else(short).into()
    }

    /// The end of the last segment: no more data may follow, and all checks must pass.
    fn end(
        &self,
        what: &str,
        mut incoming: Box<dyn DownloadStream>,
        remote: &dyn Remote,
    ) -> Result<Option<String>, FetchFailure> {
        let size = self.parts.file_size();
        match fill_block(&mut *incoming, &mut [0]) {
            (0, None | Some(None)) => {}
            (0, Some(Some(error))) if error.kind() == ErrorKind::UnexpectedEof => {}
            (0, Some(Some(error))) => {
                return Err(self
                    .download
                    .broken_stream_error(what, &error, incoming, remote)
                    .into());
            }
            _ => {
                incoming.abort();
                return Err(FetchFailure::NotTheSame("the server sent more than requested"));
            }
        }
        let finished = incoming.finish().map_err(|error| unconfirmed_error(what, size, error))?;
        Ok(verify::check_download(what, size, Some(size), &finished)?)
    }

    /// Whether the segments fit together: detects a server that starts at a wrong offset.
    ///
    /// # Errors
    ///
    /// [`FetchFailure::NotTheSame`].
    pub fn check_seams(&self) -> Result<(), FetchFailure> {
        let seams = self.seams.lock().unwrap_or_else(PoisonError::into_inner);
        for (offset, came) in seams.iter() {
            if *came != self.partial.read_at(*offset, came.len())? {
                return Err(FetchFailure::NotTheSame("its segments do not match"));
            }
        }
        Ok(())
    }
}
