//! The request that goes to the engine, written from a permit.

use super::body::has_body;
use super::respond::Refusal;
use super::server::Socket;
use crate::api::{BodyKind, Operation, OperationId, UnknownParameters};
use crate::policy::Permit;
use crate::wire::write::{Connection, Head, Unwritable};
use crate::wire::{Framing, RequestHead};

/// The fields that an engine reads for any operation: who asks, in which form the answer should be, and the
/// trace that the call belongs to.
const ALWAYS: &[&str] = &[
    "user-agent",
    "accept",
    "traceparent",
    "tracestate",
    "baggage",
];

/// Writes the request that `permit` allows: all of it, or, where the body is a stream that goes out framed as `upload`, its
/// head.
///
/// The target comes from the call and the body from the checked document. Of the fields only those that the engine
/// reads are carried over, and the framing is the gate's own.
pub(crate) async fn write(
    socket: &Socket,
    permit: &Permit<'_>,
    received: &RequestHead,
    upload: Option<Framing>,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let call = permit.call();
    let default = if call.lacks_version() {
        Some(socket.engine.version().await?)
    } else {
        None
    };
    let mut target = Vec::with_capacity(received.target().len().saturating_add(16));
    // Every unknown parameter is a demand of its own: under a permit, each was granted.
    call.write_target(default, UnknownParameters::Forward, &mut target);
    let mut body = Vec::new();
    if let Some(document) = permit.document() {
        document.write(&mut body);
    }
    let framing = if let Some(framing) = upload {
        framing
    } else if body.is_empty() && matches!(received.method(), "GET" | "HEAD" | "OPTIONS") {
        Framing::None
    } else {
        Framing::Length(u64::try_from(body.len()).unwrap_or(u64::MAX))
    };
    write_fields(permit, received, &target, framing, out).map_err(Refusal::Unwritable)?;
    out.append(&mut body);
    Ok(())
}

fn write_fields(
    permit: &Permit<'_>,
    received: &RequestHead,
    target: &[u8],
    framing: Framing,
    out: &mut Vec<u8>,
) -> Result<(), Unwritable> {
    let call = permit.call();
    let operation = call.operation();
    let mut head = Head::request(out, received.method(), target)?;
    head.field("Host", b"docker")?;
    for field in received.fields() {
        if ALWAYS.iter().any(|known| field.is(known))
            || operation.is_some_and(|operation| reads(operation, field.name()))
        {
            head.pass(field)?;
        }
    }
    // Without this field the engine takes a push's credentials from the body, and no body for a mistake (moby v26
    // `api/server/router/image/image_routes.go`); docker-py sends neither.
    if operation.is_some_and(|operation| operation.id == OperationId::ImagePush)
        && received.field("x-registry-auth").is_none()
    {
        head.field("X-Registry-Auth", b"e30=")?;
    }
    match operation.map(|operation| operation.body) {
        Some(BodyKind::Json) if permit.document().is_some() => {
            head.field("Content-Type", b"application/json")?;
        }
        Some(BodyKind::Json | BodyKind::None) => {}
        // The engine tells an archive's form from its first bytes.
        Some(BodyKind::Stream) => head.field("Content-Type", b"application/x-tar")?,
        None => {
            if let Some(value) = received.field("content-type")
                && has_body(received)
            {
                head.field("Content-Type", value)?;
            }
        }
    }
    if let Some(protocol) = call.upgrade {
        head.connection(Connection::Upgrade(protocol))?;
    }
    head.finish(framing)
}

fn reads(operation: &Operation, name: &str) -> bool {
    operation.headers.iter().any(|header| header.matches(name))
}
