//! The HTTP/1.x codec.

use doodgate::wire::write::Head;
use doodgate::wire::{BodyDecoder, Framing, Limits, Parsed, RequestHead, ResponseHead};

/// Small limits, so that the fuzzer reaches them.
const LIMITS: Limits = Limits { head_bytes: 512, line_bytes: 128, fields: 8 };

/// A request head is read the same in one piece and in two, behind another one, and when it is written anew.
pub fn request(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else { return };
    request_behind_another(data, usize::from(*cut));
    let (mut whole, mut pieces) = (RequestHead::default(), RequestHead::default());
    let parsed = whole.parse(data, &LIMITS);
    let mut in_pieces = pieces.parse(&data[..data.len().min(usize::from(*cut))], &LIMITS);
    if in_pieces == Ok(Parsed::Partial) {
        in_pieces = pieces.parse(data, &LIMITS);
    }
    assert_eq!(parsed, in_pieces);
    let Ok(Parsed::Complete(length)) = parsed else { return };
    check_lines(&data[..length]);
    assert_eq!((whole.method(), whole.target()), (pieces.method(), pieces.target()));
    assert!(whole.fields().eq(pieces.fields()));
    assert_ne!(whole.framing(), Framing::UntilClose);

    let mut out = Vec::new();
    let mut anew = Head::request(&mut out, whole.method(), whole.target().as_bytes()).unwrap();
    for field in whole.fields() {
        // What is refused here is about framing and connection.
        _ = anew.pass(field);
    }
    anew.finish(whole.framing()).unwrap();
    if whole.field("Host").is_some() {
        let limits = Limits { head_bytes: 2048, ..Limits::default() };
        assert_eq!(pieces.parse(&out, &limits), Ok(Parsed::Complete(out.len())));
        assert_eq!((whole.method(), whole.target()), (pieces.method(), pieces.target()));
        assert_eq!(whole.framing(), pieces.framing());
    }
}

/// What a head was used for before changes nothing: neither another head, nor the same one with a byte changed.
fn request_behind_another(data: &[u8], changed: usize) {
    let mut other = data.to_vec();
    if let Some(byte) = other.get_mut(changed) {
        *byte ^= 1;
    }
    for next in [data, &other] {
        let (mut used, mut fresh) = (RequestHead::default(), RequestHead::default());
        if !matches!(used.parse(data, &LIMITS), Ok(Parsed::Complete(_))) {
            return;
        }
        let parsed = fresh.parse(next, &LIMITS);
        assert_eq!(used.parse(next, &LIMITS), parsed);
        if let Ok(Parsed::Complete(_)) = parsed {
            assert_eq!((used.method(), used.target()), (fresh.method(), fresh.target()));
            assert_eq!((used.framing(), used.keep_alive()), (fresh.framing(), fresh.keep_alive()));
            assert!(used.fields().eq(fresh.fields()));
        }
    }
}

/// A response head is read the same in one piece and in two, and behind another one.
pub fn response(data: &[u8]) {
    let [cut, to_head, data @ ..] = data else { return };
    let to_head = to_head % 2 == 1;
    response_behind_another(data, usize::from(*cut), to_head);
    let (mut whole, mut pieces) = (ResponseHead::default(), ResponseHead::default());
    let parsed = whole.parse(data, &LIMITS, to_head);
    let mut in_pieces = pieces.parse(&data[..data.len().min(usize::from(*cut))], &LIMITS, to_head);
    if in_pieces == Ok(Parsed::Partial) {
        in_pieces = pieces.parse(data, &LIMITS, to_head);
    }
    assert_eq!(parsed, in_pieces);
    let Ok(Parsed::Complete(length)) = parsed else { return };
    check_lines(&data[..length]);
    assert_eq!((whole.status(), whole.reason()), (pieces.status(), pieces.reason()));
    assert_eq!(whole.framing(), pieces.framing());
    if to_head || matches!(whole.status(), 100..=199 | 204 | 304) {
        assert_eq!(whole.framing(), Framing::None);
    }
}

/// [`request_behind_another`], for an answer, and for one to HEAD.
fn response_behind_another(data: &[u8], changed: usize, to_head: bool) {
    let mut other = data.to_vec();
    if let Some(byte) = other.get_mut(changed) {
        *byte ^= 1;
    }
    for (next, terms) in [(data, to_head), (data, !to_head), (&other, to_head)] {
        let (mut used, mut fresh) = (ResponseHead::default(), ResponseHead::default());
        if !matches!(used.parse(data, &LIMITS, to_head), Ok(Parsed::Complete(_))) {
            return;
        }
        let parsed = fresh.parse(next, &LIMITS, terms);
        assert_eq!(used.parse(next, &LIMITS, terms), parsed);
        if let Ok(Parsed::Complete(_)) = parsed {
            assert_eq!((used.status(), used.reason()), (fresh.status(), fresh.reason()));
            assert_eq!((used.framing(), used.keep_alive()), (fresh.framing(), fresh.keep_alive()));
            assert!(used.fields().eq(fresh.fields()));
        }
    }
}

/// A body is read the same in one piece and byte by byte, and every step gets on.
pub fn body(data: &[u8]) {
    let Some((framing, data)) = data.split_first() else { return };
    let framing = match framing % 8 {
        0 => Framing::None,
        1 => Framing::UntilClose,
        2 => Framing::Length(u64::from(framing / 8)),
        _ => Framing::Chunked,
    };
    let whole = read(framing, std::iter::once(data));
    assert_eq!(whole, read(framing, data.chunks(1)));
    match (framing, whole) {
        (Framing::None, read) => assert_eq!(read, (Vec::new(), Some(0), None)),
        (Framing::UntilClose, read) => assert_eq!(read, (data.to_vec(), None, None)),
        (Framing::Length(length), (body, _, _)) => {
            assert_eq!(body.len(), data.len().min(usize::try_from(length).unwrap()));
        }
        (Framing::Chunked, (body, _, _)) => assert!(body.len() <= data.len()),
    }
}

/// The data, where the body ends, and why it is refused.
type Read = (Vec<u8>, Option<usize>, Option<&'static str>);

fn read<'d>(framing: Framing, pieces: impl Iterator<Item = &'d [u8]>) -> Read {
    let mut decoder = BodyDecoder::new(framing);
    let (mut data, mut consumed) = (Vec::new(), 0);
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            match decoder.decode(rest) {
                Ok(step) => {
                    data.extend_from_slice(&rest[step.data]);
                    rest = &rest[step.consumed..];
                    consumed += step.consumed;
                    if step.end {
                        return (data, Some(consumed), None);
                    }
                    assert!(step.consumed > 0, "stands still");
                }
                Err(why) => return (data, None, Some(why.code())),
            }
        }
    }
    (data, decoder.is_end().then_some(consumed), None)
}

/// Every line of a head ends in CR LF, and there is no other of either.
fn check_lines(head: &[u8]) {
    assert!(head.ends_with(b"\r\n\r\n"));
    for (at, byte) in head.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(head[at + 1], b'\n'),
            b'\n' => assert_eq!(head[at - 1], b'\r'),
            byte => assert!(!byte.is_ascii_control() || *byte == b'\t'),
        }
    }
}
