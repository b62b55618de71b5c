//! The bytes that have come in on a connection and are not yet used.

/// How much a first read takes: a request head with room to spare.
const SMALL: usize = 4 * 1024;
/// How much a read takes once reads come back full: what a unix socket hands over at once.
const LARGE: usize = 64 * 1024;

/// An input buffer. It has storage only while it holds something, or between the messages of a busy
/// connection, so that an idle stream costs next to nothing.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    filled_up: bool,
}

impl Buffer {
    /// What has come in and is not yet used.
    pub(crate) fn filled(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Whether all that came in is used.
    pub(crate) fn is_empty(&self) -> bool {
        self.start >= self.bytes.len()
    }

    /// How many bytes are not yet used.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.start)
    }

    /// Takes `count` bytes off the front.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
        if self.is_empty() {
            self.clear();
        }
    }

    /// Takes everything off.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// Gives the storage back when there is nothing in it.
    pub(crate) fn release(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// The storage with room behind what it holds: small at first, large once a read has filled it.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            self.bytes.drain(..self.start.min(self.bytes.len()));
            self.start = 0;
        }
        if self.bytes.capacity() == 0 {
            self.bytes.reserve_exact(SMALL);
        } else if self.filled_up || self.bytes.len() == self.bytes.capacity() {
            self.bytes.reserve(LARGE);
            self.filled_up = false;
        }
        &mut self.bytes
    }

    /// Takes note of a read: one that took all the room asks for more of it next time.
    pub(crate) fn after_read(&mut self) {
        self.filled_up = self.bytes.len() == self.bytes.capacity() && self.bytes.len() < LARGE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(buffer: &mut Buffer, bytes: &[u8]) {
        buffer.room().extend_from_slice(bytes);
        buffer.after_read();
    }

    #[test]
    fn keeps_what_is_not_consumed_and_gives_storage_back() {
        let mut buffer = Buffer::default();
        read(&mut buffer, b"abcdef");
        buffer.consume(2);
        read(&mut buffer, b"g");
        assert_eq!(buffer.filled(), b"cdefg");
        buffer.release();
        assert_eq!(buffer.len(), 5);
        buffer.consume(99);
        assert!(buffer.is_empty());
        buffer.release();
        assert_eq!(buffer.bytes.capacity(), 0);
    }

    #[test]
    fn grows_once_reads_come_back_full() {
        let mut buffer = Buffer::default();
        assert!(buffer.room().capacity() < LARGE);
        let room = buffer.room().capacity();
        read(&mut buffer, &vec![b'x'; room]);
        buffer.consume(room);
        assert!(buffer.room().capacity() >= LARGE);
    }
}
