//! An engine that answers at once, so that what is measured is what lies before it.

use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// What a real engine's heads look like.
const FIELDS: &str = "Api-Version: 1.41\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/20.10.24+dfsg1 (linux)\r\nDate: Tue, 24 Nov 2026 08:00:00 GMT\r\n";
/// The size of one chunk of a stream: what Go's `io.Copy` writes.
const CHUNK: usize = 32 * 1024;
/// How many chunks make a long stream: 1 GiB.
const CHUNKS: usize = 32 * 1024;
/// The size of a large answer.
const LARGE: usize = 64 * 1024;

/// Serves until it is killed.
pub(crate) async fn serve(socket: &Path) {
    let listener = UnixListener::bind(socket).expect("the engine's socket");
    let answers: &'static Answers = Box::leak(Box::new(Answers::new()));
    loop {
        let (stream, _) = listener.accept().await.expect("accept");
        tokio::spawn(answer(stream, answers));
    }
}

struct Answers {
    ping: Vec<u8>,
    large: Vec<u8>,
    chunk: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let ping = format!(
            "HTTP/1.1 200 OK\r\n{FIELDS}Builder-Version: 2\r\nCache-Control: no-cache, no-store, must-revalidate\r\nPragma: no-cache\r\nSwarm: inactive\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nOK"
        );
        let mut large = format!(
            "HTTP/1.1 200 OK\r\n{FIELDS}Content-Type: application/json\r\nContent-Length: {LARGE}\r\n\r\n"
        )
        .into_bytes();
        large.resize(large.len() + LARGE, b' ');
        let mut chunk = format!("{CHUNK:x}\r\n").into_bytes();
        chunk.resize(chunk.len() + CHUNK, b'x');
        chunk.extend(b"\r\n");
        Self {
            ping: ping.into_bytes(),
            large,
            chunk,
        }
    }
}

async fn answer(mut stream: UnixStream, answers: &Answers) {
    let mut held = Vec::with_capacity(4096);
    loop {
        while !held.ends_with(b"\r\n\r\n") {
            if !matches!(stream.read_buf(&mut held).await, Ok(1..)) {
                return;
            }
        }
        let line = held.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let has = |word: &[u8]| line.windows(word.len()).any(|window| window == word);
        let sent = if has(b"/events") {
            idle(&mut stream).await
        } else if has(b"/logs") {
            flood(&mut stream, &answers.chunk).await
        } else if has(b"/containers/json") {
            stream.write_all(&answers.large).await
        } else {
            stream.write_all(&answers.ping).await
        };
        let closes = held
            .windows(17)
            .any(|window| window.eq_ignore_ascii_case(b"connection: close"));
        if sent.is_err() || closes {
            return;
        }
        held.clear();
    }
}

/// A stream that says nothing until the other side leaves.
async fn idle(stream: &mut UnixStream) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{FIELDS}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.read_u8().await.map(drop)
}

/// A stream of 1 GiB.
async fn flood(stream: &mut UnixStream, chunk: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{FIELDS}Content-Type: application/vnd.docker.raw-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    for _ in 0..CHUNKS {
        stream.write_all(chunk).await?;
    }
    stream.write_all(b"0\r\n\r\n").await
}
