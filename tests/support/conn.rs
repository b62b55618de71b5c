//! One end of a connection, in raw bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::PATIENCE;

/// A connection that remembers every byte that it has read.
#[derive(Debug)]
pub(crate) struct Conn {
    stream: UnixStream,
    held: Vec<u8>,
    seen: Arc<Mutex<Vec<u8>>>,
}

/// A request or response head, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) text: String,
}

impl Head {
    /// The request or status line.
    pub(crate) fn line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The value of a field; `None` when it is absent.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.text.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// How often a field is there.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.text
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .count()
    }

    /// The status of a response head.
    pub(crate) fn status(&self) -> u16 {
        self.line()
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or_else(|| panic!("no status in {:?}", self.text))
    }

    /// Whether a chunked body follows.
    pub(crate) fn chunked(&self) -> bool {
        self.field("transfer-encoding") == Some("chunked")
    }

    /// The number of body bytes that follow.
    pub(crate) fn length(&self) -> Option<usize> {
        self.field("content-length")
            .map(|value| value.parse().expect("a length"))
    }
}

impl Conn {
    /// Opens a connection to the unix socket at `path`.
    pub(crate) fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path)
            .unwrap_or_else(|error| panic!("connect to {}: {error}", path.display()));
        Self::over(stream)
    }

    /// Takes over a connection that is already there.
    pub(crate) fn over(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Self {
            stream,
            held: Vec::new(),
            seen: Arc::default(),
        }
    }

    /// Everything that was read so far, also for others to look at.
    pub(crate) fn seen(&self) -> Arc<Mutex<Vec<u8>>> {
        Arc::clone(&self.seen)
    }

    /// The socket itself.
    pub(crate) const fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Writes all of `bytes`.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("send");
    }

    /// Writes `bytes` to a peer that may already have had enough and closed.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Says that nothing more will be sent; reading goes on.
    pub(crate) fn close_write(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("half-close");
    }

    /// Reads what there is: `false` at the end of the stream or when the peer has reset it.
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16_384];
        loop {
            return match self.stream.read(&mut buffer) {
                Ok(0) => false,
                Ok(count) => {
                    self.held.extend_from_slice(&buffer[..count]);
                    self.seen
                        .lock()
                        .expect("the record")
                        .extend_from_slice(&buffer[..count]);
                    true
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
                    ) =>
                {
                    false
                }
                Err(error) => panic!("read: {error}; so far {}", self.shown()),
            };
        }
    }

    /// The next byte, which stays to be read; `None` at the end of the stream.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        if self.held.is_empty() && !self.fill() {
            return None;
        }
        self.held.first().copied()
    }

    /// Whether anything comes within `time`: for what must not come, and is wrong if it does.
    pub(crate) fn comes_within(&mut self, time: Duration) -> bool {
        if !self.held.is_empty() {
            return true;
        }
        self.stream.set_read_timeout(Some(time)).expect("a timeout");
        let mut byte = [0];
        let got = self.stream.read(&mut byte);
        self.stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout");
        if matches!(got, Ok(1)) {
            self.held.push(byte[0]);
            self.seen.lock().expect("the record").push(byte[0]);
        }
        got.is_ok()
    }

    fn shown(&self) -> String {
        self.held.escape_ascii().to_string()
    }

    /// The next head; `None` when the peer closed instead.
    pub(crate) fn try_read_head(&mut self) -> Option<Head> {
        loop {
            if let Some(at) = find(&self.held, b"\r\n\r\n") {
                let rest = self.held.split_off(at.saturating_add(4));
                let head = std::mem::replace(&mut self.held, rest);
                return Some(Head {
                    text: String::from_utf8(head).expect("a head is text"),
                });
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// The next head.
    pub(crate) fn read_head(&mut self) -> Head {
        match self.try_read_head() {
            Some(head) => head,
            None => panic!("closed before a head came, after {}", self.shown()),
        }
    }

    /// Exactly the next `count` bytes.
    pub(crate) fn read_exact(&mut self, count: usize) -> Vec<u8> {
        while self.held.len() < count {
            assert!(
                self.fill(),
                "closed before {count} bytes came, after {}",
                self.shown()
            );
        }
        let rest = self.held.split_off(count);
        std::mem::replace(&mut self.held, rest)
    }

    /// One line, without its end.
    pub(crate) fn read_line(&mut self) -> String {
        loop {
            if let Some(at) = find(&self.held, b"\r\n") {
                let line = self.read_exact(at);
                self.read_exact(2);
                return String::from_utf8(line).expect("a line is text");
            }
            assert!(self.fill(), "closed within a line: {}", self.shown());
        }
    }

    /// The next chunk of a chunked body: empty at its end, which takes the trailers too.
    pub(crate) fn read_chunk(&mut self) -> Vec<u8> {
        let line = self.read_line();
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
            .unwrap_or_else(|_| panic!("not a chunk size: {line:?}"));
        let data = self.read_exact(size);
        if size == 0 {
            while !self.read_line().is_empty() {}
        } else {
            assert_eq!(self.read_exact(2), b"\r\n", "behind a chunk");
        }
        data
    }

    /// The body that `head` announces, by its length or in chunks.
    pub(crate) fn read_body(&mut self, head: &Head) -> Vec<u8> {
        if head.chunked() {
            let mut body = Vec::new();
            loop {
                let chunk = self.read_chunk();
                if chunk.is_empty() {
                    return body;
                }
                body.extend(chunk);
            }
        }
        self.read_exact(head.length().unwrap_or(0))
    }

    /// A whole response with a framed body.
    pub(crate) fn read_response(&mut self) -> (Head, String) {
        let head = self.read_head();
        let body = String::from_utf8(self.read_body(&head)).expect("a body of text");
        (head, body)
    }

    /// Everything up to the end of the stream.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.held)
    }

    /// Fails unless the peer has nothing more to say.
    pub(crate) fn expect_end(&mut self) {
        let rest = self.read_to_end();
        assert!(rest.is_empty(), "more came: {}", rest.escape_ascii());
    }
}

/// Where `needle` begins in `haystack`.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
