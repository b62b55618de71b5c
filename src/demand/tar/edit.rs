//! Archives that are passed on with other content in the files that are watched.

use super::header::{BLOCK, check_sum_of};
use super::{Kind, Refusal, State, TarGuard};

/// The most bytes of headers in front of one entry.
const MAX_HEAD: usize = 512 * 1024;

/// A watched file that has come.
#[derive(Debug, Default)]
pub struct Watched {
    /// Its name, without what does not count.
    pub name: String,
    /// Its content.
    pub data: Vec<u8>,
    /// Where it belongs in what [`TarGuard::pass`] appended: in front of the byte with that number.
    pub at: usize,
    /// Its headers, as they came: the last block is its own.
    pub(super) head: Vec<u8>,
    /// Whether an extension tells its size.
    pub(super) sized: bool,
}

impl Watched {
    /// The entry with this content: headers, data, and padding.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when the size stands where it cannot be changed.
    pub fn with(mut self, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        if self.data.len() != data.len() {
            let own = self.head.len().saturating_sub(BLOCK);
            let block = self.head.get_mut(own..).unwrap_or_default();
            if self.sized || resize(block, data.len()).is_none() {
                return Err(Refusal::Malformed(
                    "a file that is looked into has its size in an extension header",
                ));
            }
        }
        let mut entry = self.head;
        entry.extend_from_slice(data);
        entry.resize(entry.len().next_multiple_of(BLOCK), 0);
        Ok(entry)
    }
}

/// Writes another size, and the check sum that follows from it, into a header.
fn resize(block: &mut [u8], size: usize) -> Option<()> {
    let size = format!("{size:011o}\0");
    block.get_mut(124..136)?.copy_from_slice(size.as_bytes());
    let sum = format!("{:06o}\0 ", check_sum_of(block));
    block.get_mut(148..156)?.copy_from_slice(sum.as_bytes());
    Some(())
}

impl TarGuard {
    /// Looks at the next piece, and appends to `out` what may be passed on, without the watched files: these are in
    /// [`Self::take_seen`], and nothing of what stands behind them may go before them.
    ///
    /// # Errors
    /// [`Refusal`], after which nothing more must be passed on.
    pub fn pass(
        &mut self,
        mut bytes: &[u8],
        granted: &dyn Fn(Kind, &str) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        self.begin(bytes, granted)?;
        while !bytes.is_empty() {
            let (place, seen) = (self.place(), self.seen.len());
            let rest = self.step(bytes, granted)?;
            let part = bytes.get(..bytes.len().saturating_sub(rest.len()));
            let part = part.unwrap_or_default();
            bytes = rest;
            match place {
                Place::Head => self.held.extend_from_slice(part),
                Place::Body => out.extend_from_slice(part),
                Place::Elsewhere => {}
            }
            if self.held.len() > MAX_HEAD {
                return Err(Refusal::Malformed("an entry has too many headers"));
            }
            if self.seen.len() > seen {
                let head = std::mem::take(&mut self.held);
                if let Some(watched) = self.seen.last_mut() {
                    watched.head = head;
                    watched.at = out.len();
                }
                if let (Place::Elsewhere, State::Skip(padding)) = (place, &self.state) {
                    self.state = State::Drop(*padding);
                }
            } else if self.is_between() {
                out.append(&mut self.held);
            }
        }
        Ok(())
    }

    fn place(&self) -> Place {
        match self.state {
            State::Header | State::Collect { .. } => Place::Head,
            // Padding between the headers of one entry.
            State::Skip(_) if !self.held.is_empty() => Place::Head,
            State::Skip(_) | State::Opaque => Place::Body,
            State::Watch { .. } | State::Drop(_) => Place::Elsewhere,
        }
    }

    /// Whether what came last belongs to no entry whose end is still to come.
    fn is_between(&self) -> bool {
        match self.state {
            State::Header => self.block.is_empty() && self.extension.is_empty(),
            State::Skip(_) => self.extension.is_empty(),
            State::Opaque => true,
            State::Collect { .. } | State::Watch { .. } | State::Drop(_) => false,
        }
    }
}

/// Where a byte belongs.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// To the headers of an entry.
    Head,
    /// To data that nobody looks at.
    Body,
    /// To a watched file, or behind it.
    Elsewhere,
}
