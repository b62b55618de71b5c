//! An engine that answers as it is told, and counts what it is asked.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

/// What a fake engine answers to a target: a status and a JSON body.
type Script = dyn Fn(&str) -> (u16, String) + Send + Sync;

/// A fake engine: its socket's file goes with it.
#[derive(Debug)]
pub(crate) struct Fake {
    path: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// An engine that answers every `GET` with `script`.
    pub(crate) fn start(
        name: &str,
        script: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let path = std::env::temp_dir().join(format!("tf{}{name}.sock", std::process::id()));
        fs::remove_file(&path).ok();
        let listener = UnixListener::bind(&path).unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (log, script): (_, Arc<Script>) = (Arc::clone(&asked), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                thread::spawn(move || serve(&stream.unwrap(), &log, &*script));
            }
        });
        Self { path, asked }
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// What it was asked since this was called last, but for its version.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let is_call = |target: &String| !target.ends_with("/_ping");
        asked.into_iter().filter(is_call).collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        fs::remove_file(&self.path).ok();
    }
}

fn serve(stream: &UnixStream, log: &Mutex<Vec<String>>, script: &Script) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(request) = lines.next() {
        // No request here has a body.
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let target = request.split(' ').nth(1).unwrap_or_default();
        log.lock().unwrap().push(target.to_owned());
        let (status, body) = script(target);
        let answer = format!(
            "HTTP/1.1 {status} Said\r\nApi-Version: 1.45\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut writer = stream;
        let written = writer.write_all((answer + &body).as_bytes());
        if written.is_err() || head.iter().any(|line| line == "Connection: close") {
            return;
        }
    }
}
