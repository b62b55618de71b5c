//! Buffers of records, kept by each thread for its next exchanges.

use std::cell::RefCell;

/// How many buffers a thread keeps, and how large they may be.
const SPARE: usize = 16;
const SPARE_BYTES: usize = 8 << 10;
/// What nearly every record fits into.
const RECORD_BYTES: usize = 1 << 10;

thread_local! {
    static SPARES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of an earlier exchange of this thread, or a new one.
pub(super) fn take() -> Vec<u8> {
    SPARES
        .with_borrow_mut(Vec::pop)
        .unwrap_or_else(|| Vec::with_capacity(RECORD_BYTES))
}

/// Keeps a buffer for a later exchange, if it is worth that.
pub(super) fn give_back(buffer: Vec<u8>) {
    if !(RECORD_BYTES..=SPARE_BYTES).contains(&buffer.capacity()) {
        return;
    }
    // A thread that is ending keeps nothing.
    _ = SPARES.try_with(|spares| {
        if let Ok(mut spares) = spares.try_borrow_mut()
            && spares.len() < SPARE
        {
            spares.push(buffer);
        }
    });
}
