//! Request bodies: which are refused on their head, and those that are held whole before the decision.

use std::fmt;

use super::buffer::Buffer;
use super::respond::Refusal;
use super::room::{Place, Room, SHORT};
use super::server::Socket;
use super::stream::{Reader, Stream};
use crate::api::{BodyKind, Call, Operation, OperationId};
use crate::wire::{BadBody, BodyDecoder, Framing, RequestHead, write};

/// A body that is held whole, with its place where it is a long one.
#[derive(Debug)]
pub(crate) struct Held {
    /// All of it.
    pub(crate) bytes: Vec<u8>,
    #[expect(dead_code, reason = "held, not read")]
    place: Option<Place>,
}

/// A switch of protocols that the operation does not have is refused: what follows it would have two readings.
pub(crate) fn refuse_switch(call: &Call<'_>) -> Result<(), Refusal> {
    let offered = call.operation().and_then(Operation::upgrade);
    match call.upgrade {
        None => Ok(()),
        Some(asked) if offered == Some(asked) => Ok(()),
        Some(_) => Err(Refusal::Upgrade {
            operation: name(call),
        }),
    }
}

/// Whether the operation's answer may be the connection itself.
pub(crate) fn could_switch(call: &Call<'_>) -> bool {
    call.operation()
        .is_some_and(|operation| operation.upgrade().is_some())
}

/// A body of a form type is refused, since the engine reads its values before those of the query (Go `net/http`,
/// `Request.ParseForm`; engines 20.10 to 29), and so is a document that does not say that it is JSON. Where there is no body, the
/// type means nothing: curl's `-d ''` and older axios send that of a form (Portainer's pull).
pub(crate) fn refuse_type(call: &Call<'_>, head: &RequestHead) -> Result<(), Refusal> {
    if !has_body(head) {
        return Ok(());
    }
    let media_type = head.field("content-type").map(media_type);
    let refuse = |wanted| {
        let found = head.field("content-type");
        Err(Refusal::ContentType {
            operation: name(call),
            found: found.map(|found| String::from_utf8_lossy(found).into_owned()),
            wanted,
        })
    };
    let takes_json = call
        .operation()
        .is_some_and(|known| known.body == BodyKind::Json);
    if takes_json {
        let untyped = call
            .operation()
            .is_some_and(|known| known.id == OperationId::SystemAuth);
        return match media_type.as_deref() {
            Some("application/json") => Ok(()),
            None if untyped => Ok(()),
            Some(_) | None => refuse("`application/json`"),
        };
    }
    match media_type.as_deref() {
        Some(form) if form.contains("form") || form.starts_with("multipart/") => {
            refuse("no form: parameters belong into the query")
        }
        Some(_) | None => Ok(()),
    }
}

/// The media type without its parameters, in lower case.
fn media_type(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let bare = text.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// Whether the head announces a body.
pub(crate) fn has_body(head: &RequestHead) -> bool {
    match head.framing() {
        Framing::None | Framing::Length(0) => false,
        Framing::Length(_) | Framing::Chunked | Framing::UntilClose => true,
    }
}

/// Reads the body of a call whose operation takes a document, or none at all: the latter's is dropped, since no
/// engine reads it. `left` tells whether a body is still unread.
pub(crate) async fn hold(
    socket: &Socket,
    call: &Call<'_>,
    head: &RequestHead,
    client: &mut Stream,
    input: &mut Buffer,
    left: &mut bool,
) -> Result<Option<Held>, Refusal> {
    let kind = call
        .operation()
        .map_or(BodyKind::Stream, |operation| operation.body);
    if !*left || kind == BodyKind::Stream {
        return Ok(None);
    }
    let cap = Cap::of(socket, call);
    let too_large = |sent| {
        Refusal::BodyTooLarge(TooLarge {
            operation: name(call),
            cap,
            sent,
        })
    };
    if let Framing::Length(length) = head.framing()
        && usize::try_from(length).map_or(true, |length| length > cap.bytes)
    {
        return Err(too_large(Sent::Announced(length)));
    }
    let (mut reader, mut writer) = client.split();
    if head.expects_continue() && writer.write_all(write::CONTINUE).await.is_err() {
        return Err(Refusal::BodyCut);
    }
    let reading = read_whole(
        head.framing(),
        &mut reader,
        input,
        (cap.bytes, Some(&socket.room)),
    );
    let time = socket.limits.body_timeout;
    let body = tokio::time::timeout(time, reading)
        .await
        .map_err(|_| Refusal::BodyTooSlow {
            seconds: time.as_secs(),
        })?
        .map_err(|unread| match unread {
            Unread::Cut => Refusal::BodyCut,
            Unread::Malformed(bad) => Refusal::Body(bad),
            Unread::TooLarge(sent) => too_large(sent),
        })?;
    *left = false;
    Ok((kind == BodyKind::Json).then_some(body))
}

/// How long a body may be that is read before the decision.
#[derive(Clone, Copy, Debug)]
struct Cap {
    /// The most bytes.
    bytes: usize,
    /// Whether the configuration says so, and not what the operation takes.
    configured: bool,
}

impl Cap {
    fn of(socket: &Socket, call: &Call<'_>) -> Self {
        let configured = socket.limits.body_bytes;
        let own = call
            .operation()
            .and_then(Operation::body_cap)
            .unwrap_or(configured);
        Self {
            bytes: own.min(configured),
            configured: configured < own,
        }
    }
}

/// How long a body is that is too long.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sent {
    /// By its `Content-Length`.
    Announced(u64),
    /// So much has come, and there is more.
    AtLeast(usize),
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Announced(length) => write!(f, "{length} bytes are announced"),
            Self::AtLeast(length) => write!(f, "{length} bytes or more have been sent"),
        }
    }
}

/// A body that is longer than what is read before a decision.
#[derive(Clone, Debug)]
pub(crate) struct TooLarge {
    operation: String,
    cap: Cap,
    sent: Sent,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            cap,
            sent,
        } = self;
        let by = if cap.configured {
            " by `limits: body-bytes`"
        } else {
            ""
        };
        write!(
            f,
            "{operation} takes at most {} bytes{by}, and {sent}",
            cap.bytes
        )
    }
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It ends before its announced length.
    Cut,
    /// It breaks its framing.
    Malformed(BadBody),
    /// It is longer than the limit.
    TooLarge(Sent),
}

fn name(call: &Call<'_>) -> String {
    call.operation()
        .map_or_else(|| "this route".to_owned(), |known| known.name.to_owned())
}

/// Reads a body to its end. One that is longer than [`SHORT`] waits for its place in the `room`.
///
/// # Errors
/// [`Unread`] when it is malformed, larger than `limit`, or cut.
pub(crate) async fn read_whole(
    framing: Framing,
    from: &mut Reader<'_>,
    input: &mut Buffer,
    (limit, room): (usize, Option<&Room>),
) -> Result<Held, Unread> {
    let announced = match framing {
        Framing::Length(length) => usize::try_from(length).unwrap_or(usize::MAX),
        Framing::None | Framing::Chunked | Framing::UntilClose => 0,
    };
    // What is only announced must not take memory.
    let mut body = Vec::with_capacity(announced.min(limit).min(SHORT));
    let mut decoder = BodyDecoder::new(framing);
    let mut place = None;
    loop {
        if let (None, Some(room)) = (&place, room)
            && announced.max(body.len()) > SHORT
        {
            place = room.place().await;
        }
        let piece = decoder.decode(input.filled()).map_err(Unread::Malformed)?;
        body.extend_from_slice(input.filled().get(piece.data).unwrap_or_default());
        input.consume(piece.consumed);
        if body.len() > limit {
            return Err(Unread::TooLarge(Sent::AtLeast(body.len())));
        }
        if piece.end {
            return Ok(Held { bytes: body, place });
        }
        if piece.consumed == 0 && !from.fill(input).await.is_ok_and(|count| count > 0) {
            return Err(Unread::Cut);
        }
    }
}
