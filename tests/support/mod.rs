//! What the tests of the running gate share: a directory that goes away, a connection that reads and
//! writes raw bytes, an engine that does what a test tells it to, and the real binary between them.
//!
//! Nothing here waits for a fixed time. What should happen is waited for, up to [`PATIENCE`]; what should
//! not happen is shown by something that comes after it.

mod conn;
mod engine;
pub(crate) mod gate;

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(crate) use conn::{Conn, Head};
pub(crate) use engine::{FakeEngine, Next, answer};
pub(crate) use gate::World;

/// How long a test waits for what must come, before it fails: generous, since no passing test needs it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A block of what nobody reads closely.
pub(crate) static BLOCK: [u8; 65_536] = [b'x'; 65_536];

/// A directory of its own for one test, removed when dropped. Its path is short: the path of a unix socket
/// has room for 107 bytes.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let path = std::env::temp_dir().join(format!(
            "dg{}-{}",
            process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a file in the temporary directory");
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Asks again and again until the answer is yes, and fails with `what` when it never is.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The address of a unix socket, as the command line and a policy file write it.
pub(crate) fn unix(path: &Path) -> String {
    format!("unix://{}", path.display())
}
