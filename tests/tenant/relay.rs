//! A relay in front of an engine: it counts what the engine is asked, and can hold requests back.

use std::fs;
use std::io::{Read, Write, copy};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A relay: its socket's file goes with it.
#[derive(Debug)]
pub(crate) struct Relay {
    path: PathBuf,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The request lines, without their version.
    asked: Mutex<Vec<String>>,
    /// Requests with this in their line wait.
    held: Mutex<Option<String>>,
    changed: Condvar,
}

impl Relay {
    /// A relay in front of the engine at `address`, for requests of which each has a connection of its own.
    pub(crate) fn start(name: &str, address: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tr{}{name}.sock", std::process::id()));
        fs::remove_file(&path).ok();
        let listener = UnixListener::bind(&path).unwrap();
        let engine = PathBuf::from(address.trim_start_matches("unix://"));
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (state, engine) = (Arc::clone(&shared), engine.clone());
                // Connections break when a test kills the gate.
                thread::spawn(move || pass(stream.unwrap(), &engine, &state).ok());
            }
        });
        Self { path, state }
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// What the engine was asked since this was called last, but for its version.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.state.asked.lock().unwrap());
        let is_call = |line: &String| !line.ends_with("/_ping");
        asked.into_iter().filter(is_call).collect()
    }

    /// Holds requests back that have this in their line; `None` lets them go.
    pub(crate) fn hold(&self, what: Option<&str>) {
        *self.state.held.lock().unwrap() = what.map(str::to_owned);
        self.state.changed.notify_all();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        fs::remove_file(&self.path).ok();
    }
}

fn pass(mut client: UnixStream, engine: &Path, state: &State) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = client.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        head.extend_from_slice(&piece[..count]);
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.split(" HTTP/").next().unwrap_or_default().to_owned();
    state.asked.lock().unwrap().push(line.clone());
    let waits = |what: &mut Option<String>| what.as_ref().is_some_and(|what| line.contains(what));
    let free = state.changed.wait_while(state.held.lock().unwrap(), waits);
    drop(free.unwrap());
    let mut server = UnixStream::connect(engine)?;
    server.write_all(&head)?;
    let (mut up, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        copy(&mut up, &mut to).ok();
        to.shutdown(Shutdown::Write).ok();
    });
    copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Write)
}
