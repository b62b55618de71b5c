//! Oddities of clients: what an engine takes, the gate takes too, and the answer is the engine's, whatever the client
//! writes as host, content type, booleans, filters or an empty body.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use regex::Regex;

use crate::world::{Gate, Pair};

/// A request, byte for byte.
#[derive(Debug)]
struct Odd {
    method: String,
    bytes: Vec<u8>,
}

fn table() -> Vec<Odd> {
    let text = include_str!("odd.tsv");
    let unescape = |text: &str| text.replace("\\r", "\r").replace("\\n", "\n");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<_> = line.split('\t').collect();
            let [method, target, version, fields, body] = columns.try_into().unwrap();
            let mut head = format!("{method} {target} HTTP/{version}\r\n");
            for field in fields.split(" | ").filter(|field| *field != "-") {
                head += field;
                head += "\r\n";
            }
            let body = if body == "-" { "" } else { body };
            Odd {
                method: method.to_owned(),
                bytes: [(head + "\r\n").as_bytes(), unescape(body).as_bytes()].concat(),
            }
        })
        .collect()
}

/// The answer to `odd`: its status line's version and status, and its body without what differs between two calls.
fn answer(socket: &Path, odd: &Odd) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(&odd.bytes).unwrap();
    let mut bytes = Vec::new();
    let mut piece = vec![0; 65536];
    while !is_whole(&bytes, &odd.method) {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&odd.bytes)),
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status: Vec<_> = head.split(' ').take(2).collect();
    let body = if head.to_ascii_lowercase().contains("chunked") {
        joined(body)
    } else {
        body.to_owned()
    };
    format!("{}: {}", status.join(" "), settled(body.trim_end()))
}

/// What a body in chunks says.
fn joined(mut rest: &str) -> String {
    let mut whole = String::new();
    while let Some((size, chunk)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        let (text, behind) = chunk.split_at(size);
        whole += text;
        rest = behind.trim_start_matches("\r\n");
    }
    whole
}

/// Whether an answer has come to its end: engines end a chunked one with an empty chunk, and close after one of unknown length.
fn is_whole(bytes: &[u8], method: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let status = head.split(' ').nth(1).unwrap_or_default();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse::<usize>().ok())?
    });
    method == "HEAD"
        || matches!(status, "204" | "304")
        || length.is_some_and(|length| body.len() >= length)
        || body.ends_with("0\r\n\r\n")
}

/// In one order, and without identifiers and times.
fn settled(body: &str) -> String {
    let sorted = match body.parse::<serde_json::Value>() {
        Ok(serde_json::Value::Array(mut items)) => {
            items.sort_by_key(ToString::to_string);
            serde_json::Value::Array(items).to_string()
        }
        Ok(value) => value.to_string(),
        Err(_) => body.to_owned(),
    };
    [
        (r"[0-9a-f]{12,64}", "ID"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
        (r"Up [a-zA-Z0-9 ]+", "Up"),
    ]
    .iter()
    .fold(sorted, |text, (pattern, mark)| {
        Regex::new(pattern)
            .unwrap()
            .replace_all(&text, *mark)
            .into_owned()
    })
}

fn compare(pair: &Pair) {
    let _alone = pair
        .lock()
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let docker = |arguments: &[&str]| {
        Command::new(&pair.cli)
            .env("DOCKER_HOST", &pair.address)
            .args(arguments)
            .output()
            .unwrap()
    };
    docker(&["rm", "-f", "odd"]);
    let started = docker(&[
        "run", "-d", "--name", "odd", "-l", "a=b", "alpine", "sleep", "1000",
    ]);
    assert!(started.status.success(), "{started:?}");
    let gate = Gate::start(&pair.address, "everything");
    let engine = Path::new(pair.address.trim_start_matches("unix://"));
    let mut wrong = Vec::new();
    for odd in table() {
        let (direct, through) = (answer(engine, &odd), answer(&gate.socket(), &odd));
        if direct != through {
            wrong.push(format!(
                "{}\n  engine {direct}\n  gate   {through}",
                String::from_utf8_lossy(&odd.bytes)
            ));
        }
    }
    docker(&["rm", "-f", "odd"]);
    docker(&["volume", "rm", "oddv"]);
    docker(&["rmi", "oddt"]);
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn odd_requests_get_the_answer_of_engine_20() {
    if let Some(pair) = Pair::find("20", "DOODGATE_TEST_CLI_20") {
        compare(&pair);
    }
}

#[test]
fn odd_requests_get_the_answer_of_engine_26() {
    if let Some(pair) = Pair::find("26", "DOODGATE_TEST_CLI_26") {
        compare(&pair);
    }
}
