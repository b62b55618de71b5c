//! Readers of what a client sends: the codec, hyper's server, and Go's.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex};

use doodgate::wire::{BodyDecoder, Limits, Parsed, RequestHead};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

use crate::golang::Program;

/// A request as a reader sees it.
#[derive(Eq, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its end.
    pub(crate) whole: bool,
}

impl Request {
    /// Whether the target is so plain that every reader must take it for the same.
    pub(crate) fn has_plain_target(&self) -> bool {
        self.target.starts_with(b"/")
            && !self
                .target
                .iter()
                .any(|byte| b"#%<>\\^`{|}\"[]".contains(byte))
    }

    pub(crate) fn is_but_for_target(&self, other: &Self) -> bool {
        self.method == other.method && self.body == other.body && self.whole == other.whole
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, target) = (self.method.escape_ascii(), self.target.escape_ascii());
        write!(
            out,
            "{method} {target} with {} ({})",
            self.body.escape_ascii(),
            self.whole
        )
    }
}

/// The requests of a connection. Only the codec tells how they ended.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    pub(crate) requests: Vec<Request>,
    pub(crate) end: End,
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// With the last byte.
    Clean,
    /// With a request that ends the connection.
    Closed,
    /// In the middle of a request.
    Partial,
    /// With a refusal.
    Refused(&'static str),
    /// Not told.
    Unknown,
}

/// Reads with the codec.
pub(crate) fn ours(input: &[u8]) -> Seen {
    ours_in_pieces(input, usize::MAX)
}

/// Reads with the codec, as a connection does: each piece is put behind what is left of those before.
pub(crate) fn ours_in_pieces(input: &[u8], size: usize) -> Seen {
    let mut seen = Seen {
        requests: Vec::new(),
        end: End::Clean,
    };
    let mut head = RequestHead::default();
    let mut body: Option<(BodyDecoder, Vec<u8>)> = None;
    let mut buffer = Vec::new();
    for piece in input.chunks(size) {
        buffer.extend_from_slice(piece);
        while !buffer.is_empty() || body.as_ref().is_some_and(|(decoder, _)| decoder.is_end()) {
            let Some((decoder, data)) = &mut body else {
                match head.parse(&buffer, &Limits::default()) {
                    Ok(Parsed::Complete(length)) => drop(buffer.drain(..length)),
                    Ok(Parsed::Partial) => break,
                    Err(why) => {
                        return Seen {
                            end: End::Refused(why.code()),
                            ..seen
                        };
                    }
                }
                body = Some((BodyDecoder::new(head.framing()), Vec::new()));
                continue;
            };
            match decoder.decode(&buffer) {
                Ok(step) => {
                    data.extend_from_slice(&buffer[step.data]);
                    buffer.drain(..step.consumed);
                    if !step.end {
                        continue;
                    }
                }
                Err(why) => {
                    return Seen {
                        end: End::Refused(why.code()),
                        ..seen
                    };
                }
            }
            seen.requests.push(Request {
                method: head.method().into(),
                target: head.target().into(),
                body: std::mem::take(data),
                whole: true,
            });
            body = None;
            if !head.keep_alive() {
                return Seen {
                    end: End::Closed,
                    ..seen
                };
            }
        }
    }
    let in_request = body.is_some() || !buffer.is_empty();
    Seen {
        end: if in_request { End::Partial } else { End::Clean },
        ..seen
    }
}

/// Reads with hyper.
pub(crate) fn hyper(inputs: &[Vec<u8>]) -> Vec<Seen> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    inputs
        .iter()
        .map(|input| runtime.block_on(hyper_one(input)))
        .collect()
}

async fn hyper_one(input: &[u8]) -> Seen {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (mut client, server) = tokio::io::duplex(1 << 20);
    client.write_all(input).await.unwrap();
    client.shutdown().await.unwrap();
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let requests = Arc::clone(&requests);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await;
            requests.lock().unwrap().push(Request {
                method: head.method.as_str().into(),
                target: head.uri.to_string().into(),
                whole: body.is_ok(),
                body: body
                    .map(|whole| whole.to_bytes().to_vec())
                    .unwrap_or_default(),
            });
            Ok::<_, Infallible>(hyper::Response::new(Empty::<Bytes>::new()))
        }
    });
    // A refusal is an error here, and tells nothing more than the requests do.
    drop(
        hyper::server::conn::http1::Builder::new()
            .half_close(true)
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(server), service)
            .await,
    );
    let requests = std::mem::take(&mut *requests.lock().unwrap());
    Seen {
        requests,
        end: End::Unknown,
    }
}

/// Reads with Go's server, with a GODEBUG setting.
pub(crate) fn go(program: &Program, inputs: &[Vec<u8>], setting: &str) -> Vec<Seen> {
    let answers = program.answers(&["server"], setting, inputs);
    answers.iter().map(|line| seen_by_go(line)).collect()
}

fn seen_by_go(line: &str) -> Seen {
    let requests = line
        .split('\t')
        .filter(|request| !request.is_empty())
        .map(|request| {
            let parts: Vec<_> = request.split(' ').collect();
            let [method, target, body, state] = parts[..] else {
                panic!("not four parts: {request}")
            };
            Request {
                method: hex(method),
                target: hex(target),
                body: hex(body),
                whole: state == "whole",
            }
        });
    Seen {
        requests: requests.collect(),
        end: End::Unknown,
    }
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}
