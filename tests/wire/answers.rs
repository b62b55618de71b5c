//! The codec compared with hyper's client and with Go's, which the docker CLI is built on: whatever the codec takes for
//! an answer, they must take for the same one or refuse.

use std::fmt;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use doodgate::wire::{BodyDecoder, Limits, Parsed, ResponseHead};

use super::cases;
use super::golang::Program;
use super::readers::hex;

/// What engines answer, in the shapes that they answer in.
const BASES: &[&[u8]] = &[
    b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nCache-Control: no-cache, no-store, must-revalidate\r\nContent-Type: text/plain; charset=utf-8\r\nDocker-Experimental: false\r\nServer: Docker/20.10.24 (linux)\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nContent-Length: 2\r\n\r\nOK",
    b"HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Type: application/json\r\nOstype: linux\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\nHTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 204 No Content\r\nApi-Version: 1.41\r\nServer: Docker/26.1.5 (linux)\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nApi-Version: 1.41\r\nContent-Length: 17\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 43\r\nConnection: close\r\n\r\n{\"message\":\"No such container: nosuchthing\"}",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n\x01\0\0\0\0\0\0\x03out",
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\x01\0\0\0\0\0\0\x03out",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 Internal Server Error\r\ncontent-length: 005\r\nX-A: \tb \r\nx-a:c\r\n\r\nerror",
    b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabcHTTP/1.0 200 OK\r\n\r\n",
    b"HTTP/1.1 400 \r\nContent-Length: 3\r\n\r\nbad",
];

/// How many mutated inputs are tried.
const MUTATIONS: usize = 30_000;

/// The first answer on a connection, as a reader sees it.
struct Answer {
    status: u16,
    /// What follows a switch of protocols counts as one.
    body: Vec<u8>,
    /// Whether the body came to its end.
    whole: bool,
    /// Lines `name:value`, by name in lower case; the values of one name in their order.
    fields: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fields, body) = (self.fields.escape_ascii(), self.body.escape_ascii());
        write!(
            out,
            "{} with {fields} and {body} ({})",
            self.status, self.whole
        )
    }
}

/// An input, and whether it answers a HEAD request.
struct Case {
    input: Vec<u8>,
    to_head: bool,
}

fn cases() -> Vec<Case> {
    cases::mutations(BASES, MUTATIONS)
        .enumerate()
        .map(|(index, input)| Case {
            input,
            to_head: index % 8 == 0,
        })
        .collect()
}

/// The fields that are about the connection or the body's framing are told by what is read.
fn joined<'f>(fields: impl Iterator<Item = (&'f str, &'f [u8])>) -> Vec<u8> {
    let mut fields: Vec<(String, &[u8])> = fields
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| {
            ![
                "connection",
                "content-length",
                "trailer",
                "transfer-encoding",
            ]
            .contains(&name.as_str())
        })
        .collect();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    fields
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), b":", *value, b"\n"].concat())
        .collect()
}

/// Reads with the codec; `None` is a refusal.
fn ours(case: &Case) -> Option<Answer> {
    let mut head = ResponseHead::default();
    let mut rest = &case.input[..];
    loop {
        match head.parse(rest, &Limits::default(), case.to_head) {
            Ok(Parsed::Complete(length)) => rest = &rest[length..],
            Ok(Parsed::Partial) | Err(_) => return None,
        }
        if !head.is_interim() {
            break;
        }
    }
    let mut answer = Answer {
        status: head.status(),
        body: Vec::new(),
        whole: false,
        fields: joined(head.fields().map(|field| (field.name(), field.value()))),
    };
    if head.status() == 101 {
        answer.body = rest.to_vec();
        answer.whole = true;
        return Some(answer);
    }
    let mut decoder = BodyDecoder::new(head.framing());
    while !answer.whole {
        match decoder.decode(rest) {
            Ok(step) => {
                answer.body.extend_from_slice(&rest[step.data]);
                rest = &rest[step.consumed..];
                answer.whole = step.end;
                if step.consumed == 0 && !step.end {
                    answer.whole = decoder.close().is_ok();
                    break;
                }
            }
            Err(_) => break,
        }
    }
    Some(answer)
}

/// Reads with hyper.
fn hyper(cases: &[Case]) -> Vec<Option<Answer>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    cases
        .iter()
        .map(|case| runtime.block_on(hyper_one(case)))
        .collect()
}

async fn hyper_one(case: &Case) -> Option<Answer> {
    let (mut engine, client) = tokio::io::duplex(1 << 20);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(client))
        .await
        .unwrap();
    let connection = tokio::spawn(connection.with_upgrades());
    let request = hyper::Request::builder()
        .method(if case.to_head { "HEAD" } else { "GET" })
        .uri("/")
        .header("Host", "docker")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let speak = async {
        // An engine says nothing before it has been asked.
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            engine.read_buf(&mut request).await.unwrap();
        }
        engine.write_all(&case.input).await.unwrap();
        engine.shutdown().await.unwrap();
    };
    let (answer, ()) = tokio::join!(sender.send_request(request), speak);
    let answer = read_answer(answer.ok()?).await;
    connection.abort();
    answer
}

async fn read_answer(answer: hyper::Response<hyper::body::Incoming>) -> Option<Answer> {
    let status = answer.status().as_u16();
    let fields = joined(
        answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    );
    let mut body = Vec::new();
    let mut whole = true;
    if status == 101 {
        let upgraded = hyper::upgrade::on(answer).await.ok()?;
        TokioIo::new(upgraded).read_to_end(&mut body).await.ok()?;
    } else {
        let mut incoming = answer.into_body();
        while let Some(frame) = incoming.frame().await {
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => body.extend_from_slice(&data),
                Ok(Err(_)) => {}
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
    }
    Some(Answer {
        status,
        body,
        whole,
        fields,
    })
}

/// Reads with Go's client.
fn go(program: &Program, cases: &[Case]) -> Vec<Option<Answer>> {
    let inputs: Vec<Vec<u8>> = cases
        .iter()
        .map(|case| [if case.to_head { b"H" } else { b"G" }, &case.input[..]].concat())
        .collect();
    let answers = program.answers(&["client"], "", &inputs);
    answers.iter().map(|line| read_by_go(line)).collect()
}

fn read_by_go(line: &str) -> Option<Answer> {
    let [status, body, fields, state] = line.split(' ').collect::<Vec<_>>()[..] else {
        assert_eq!(line, "");
        return None;
    };
    let fields = hex(fields);
    Some(Answer {
        status: status.parse().unwrap(),
        body: hex(body),
        whole: state == "whole",
        fields: joined(
            fields
                .split(|&byte| byte == b'\n')
                .filter(|field| !field.is_empty())
                .map(|field| {
                    let colon = field.iter().position(|&byte| byte == b':').unwrap();
                    (
                        str::from_utf8(&field[..colon]).unwrap(),
                        &field[colon + 1..],
                    )
                }),
        ),
    })
}

fn compare(cases: &[Case], theirs: &[Option<Answer>], who: &str) {
    let mut accepted = 0;
    let mut refused = 0;
    let mut bad = Vec::new();
    for (case, theirs) in cases.iter().zip(theirs) {
        let Some(ours) = ours(case) else { continue };
        accepted += 1;
        let Some(theirs) = theirs else {
            refused += 1;
            continue;
        };
        // What breaks off here may go on for who is laxer.
        let body = if ours.whole {
            ours.body == theirs.body && theirs.whole
        } else {
            theirs.body.starts_with(&ours.body)
        };
        if !(body && ours.status == theirs.status && ours.fields == theirs.fields) {
            bad.push(format!(
                "{ours:?} here and {theirs:?} for {who} in\n{}",
                case.input.escape_ascii()
            ));
        }
    }
    println!(
        "{who}: {} answers, {accepted} that the codec takes, {refused} of which {who} refuses",
        cases.len()
    );
    super::expect_none(&bad);
    assert!(
        (accepted - refused) * 10 > cases.len(),
        "only {accepted} answers are read by both: the test shows little"
    );
}

#[test]
fn hyper_reads_the_answers_that_the_codec_reads() {
    let cases = cases();
    compare(&cases, &hyper(&cases), "hyper");
}

#[test]
fn the_clis_client_reads_the_answers_that_the_codec_reads() {
    let Some(program) = Program::build("wire/gohttp") else {
        return;
    };
    let cases = cases();
    compare(&cases, &go(&program, &cases), "Go");
}

/// What the mutations begin with is read to its end.
#[test]
fn valid_answers_are_read() {
    for base in BASES {
        let read = ours(&Case {
            input: base.to_vec(),
            to_head: false,
        });
        assert!(
            read.is_some_and(|answer| answer.whole),
            "{}",
            base.escape_ascii()
        );
    }
}
