//! An engine that does what a test tells it to, and remembers what it was asked.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::conn::{Conn, Head};
use super::wait_until;

/// What a script wants next on its connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// Read another request.
    Request,
    /// Close.
    Close,
}

/// What an engine does with one request, whose head is read and whose body is not.
type Script = dyn Fn(&mut Conn, &Head) -> Next + Send + Sync;

/// Where the first byte of a connection is this, it is a test's own [`FakeEngine::settle`].
const MARK: u8 = 0;

#[derive(Debug, Default)]
struct Log {
    connections: Mutex<Vec<Arc<Record>>>,
    /// What the gate's own look-ups get: a part of the path, and the answer.
    objects: Mutex<Vec<(String, Vec<u8>)>>,
    lookups: AtomicUsize,
    open: AtomicUsize,
    stop: AtomicBool,
}

#[derive(Debug)]
struct Record {
    seen: Arc<Mutex<Vec<u8>>>,
    own: AtomicBool,
    asked: AtomicUsize,
}

/// A listener on a unix socket with one thread a connection.
#[derive(Debug)]
pub(crate) struct FakeEngine {
    path: PathBuf,
    log: Arc<Log>,
}

impl FakeEngine {
    /// Starts an engine at `path` that answers every request with `script`.
    pub(crate) fn start(
        path: &Path,
        script: impl Fn(&mut Conn, &Head) -> Next + Send + Sync + 'static,
    ) -> Self {
        let listener = UnixListener::bind(path).expect("the engine's socket");
        let log = Arc::new(Log::default());
        let script: Arc<Script> = Arc::new(script);
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::SeqCst) {
                    return;
                }
                accept(stream.expect("accept"), &shared, &script);
            }
        });
        Self {
            path: path.to_owned(),
            log,
        }
    }

    /// Returns when every connection that was opened before has been counted.
    ///
    /// A listener accepts in order, so the answer to a connection of our own comes behind all of them.
    fn settle(&self) {
        let mut conn = Conn::connect(&self.path);
        conn.send([MARK]);
        assert_eq!(conn.read_exact(1), [MARK]);
    }

    /// How many connections the gate has opened for its clients' calls.
    pub(crate) fn connections(&self) -> usize {
        self.settle();
        self.log
            .connections
            .lock()
            .expect("the log")
            .iter()
            .filter(|record| !record.own.load(Ordering::SeqCst))
            .count()
    }

    /// How many requests of clients have come, on all connections.
    pub(crate) fn requests(&self) -> usize {
        self.settle();
        self.log
            .connections
            .lock()
            .expect("the log")
            .iter()
            .map(|record| record.asked.load(Ordering::SeqCst))
            .sum()
    }

    /// What each connection of the gate has sent, without its own lookups.
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        self.settle();
        let records = self.log.connections.lock().expect("the log");
        records
            .iter()
            .filter(|record| !record.own.load(Ordering::SeqCst))
            .map(|record| record.seen.lock().expect("the record").clone())
            .collect()
    }

    /// Lets the gate's own look-ups at `path` have `answer`; all others find nothing.
    pub(crate) fn has(&self, path: &str, answer: Vec<u8>) {
        self.log
            .objects
            .lock()
            .expect("the objects")
            .push((format!("{path} "), answer));
    }

    /// How often the gate has asked on its own behalf.
    pub(crate) fn lookups(&self) -> usize {
        self.settle();
        self.log.lookups.load(Ordering::SeqCst)
    }

    /// Waits until the gate has closed all its connections.
    pub(crate) fn wait_idle(&self) {
        wait_until("the gate closes its engine connections", || {
            self.log.open.load(Ordering::SeqCst) == 0
        });
    }
}

impl Log {
    fn look_up(&self, line: &str) -> Vec<u8> {
        let objects = self.objects.lock().expect("the objects");
        match objects.iter().find(|(path, _)| line.contains(path)) {
            Some((_, answer)) => answer.clone(),
            None if line.contains("/_ping") => answer::ping(),
            None => answer::status("404 Not Found", "{\"message\":\"no such object\"}"),
        }
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.log.stop.store(true, Ordering::SeqCst);
        drop(UnixStream::connect(&self.path));
        drop(std::fs::remove_file(&self.path));
    }
}

fn accept(stream: UnixStream, log: &Arc<Log>, script: &Arc<Script>) {
    let conn = Conn::over(stream);
    let record = Arc::new(Record {
        seen: conn.seen(),
        own: AtomicBool::new(false),
        asked: AtomicUsize::new(0),
    });
    log.connections
        .lock()
        .expect("the log")
        .push(Arc::clone(&record));
    log.open.fetch_add(1, Ordering::SeqCst);
    let log = Arc::clone(log);
    let script = Arc::clone(script);
    thread::spawn(move || {
        let _open = Open(&log.open);
        serve(conn, &record, &log, script.as_ref());
    });
}

/// Counts a connection down when its thread ends, in whatever way.
struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn serve(mut conn: Conn, record: &Record, log: &Log, script: &Script) {
    if conn.peek() == Some(MARK) {
        record.own.store(true, Ordering::SeqCst);
        conn.send([MARK]);
        return;
    }
    while let Some(head) = conn.try_read_head() {
        if is_lookup(&head) {
            record.own.store(true, Ordering::SeqCst);
            log.lookups.fetch_add(1, Ordering::SeqCst);
            conn.send(log.look_up(head.line()));
            continue;
        }
        record.asked.fetch_add(1, Ordering::SeqCst);
        match script(&mut conn, &head) {
            Next::Request => {}
            Next::Close => return,
        }
    }
}

/// Whether the gate asks on its own behalf: for the engine's API version, or what a name is there.
fn is_lookup(head: &Head) -> bool {
    head.field("user-agent")
        .is_some_and(|agent| agent.starts_with("doodgate/"))
}

/// Answers, ready to be sent.
pub(crate) mod answer {
    /// The fields that every answer of an engine carries.
    pub(crate) const FIELDS: &str = "Api-Version: 1.41\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/20.10.24+dfsg1 (linux)\r\n";

    /// A 200 with a JSON body.
    pub(crate) fn json(body: &str) -> Vec<u8> {
        status("200 OK", body)
    }

    /// Any status with a JSON body.
    pub(crate) fn status(status: &str, body: &str) -> Vec<u8> {
        format!(
            "HTTP/1.1 {status}\r\n{FIELDS}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// What an engine says to `GET /_ping`.
    pub(crate) fn ping() -> Vec<u8> {
        format!(
            "HTTP/1.1 200 OK\r\n{FIELDS}Builder-Version: 2\r\nSwarm: inactive\r\nCache-Control: no-cache, no-store, must-revalidate\r\nPragma: no-cache\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nOK"
        )
        .into_bytes()
    }
}
