use proptest::prelude::*;

use super::*;
use crate::wire::write;

/// Reads a body given in pieces: its data, and what is left behind its end.
fn read(framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>), BadBody> {
    let mut decoder = BodyDecoder::new(framing);
    let (mut data, mut left) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let step = decoder.decode(rest)?;
            data.extend_from_slice(&rest[step.data]);
            rest = &rest[step.consumed..];
            if step.end {
                left.extend_from_slice(rest);
                break;
            }
            if rest.is_empty() {
                break;
            }
        }
    }
    decoder.close()?;
    Ok((data, left))
}

fn chunked(input: &[u8]) -> Result<(Vec<u8>, Vec<u8>), BadBody> {
    let whole = read(Framing::Chunked, &[input]);
    let bytes: Vec<_> = input.chunks(1).collect();
    assert_eq!(
        whole,
        read(Framing::Chunked, &bytes),
        "byte by byte: {}",
        input.escape_ascii()
    );
    whole
}

#[test]
fn each_framing_ends_where_it_says() {
    let rows = [
        (Framing::None, &b"next"[..], &b""[..], &b"next"[..]),
        (Framing::Length(0), &b"next"[..], &b""[..], &b"next"[..]),
        (
            Framing::Length(3),
            &b"abcnext"[..],
            &b"abc"[..],
            &b"next"[..],
        ),
        (
            Framing::Chunked,
            &b"3\r\nabc\r\n0\r\n\r\nnext"[..],
            &b"abc"[..],
            &b"next"[..],
        ),
        (
            Framing::Chunked,
            &b"3\r\nabc\r\n02\r\n\r\n\r\n000\r\n\r\n"[..],
            &b"abc\r\n"[..],
            &b""[..],
        ),
        (
            Framing::Chunked,
            &b"A;x=\"\t\"\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"[..],
            &b"01234567890123456789"[..],
            &b""[..],
        ),
        (
            Framing::Chunked,
            &b"0\r\nX-Sum: 1\r\nX:\r\n\r\nnext"[..],
            &b""[..],
            &b"next"[..],
        ),
        (
            Framing::Chunked,
            &b"0000000000000001\r\nx\r\n0;\r\n\r\n"[..],
            &b"x"[..],
            &b""[..],
        ),
        (
            Framing::UntilClose,
            &b"0\r\n\r\n"[..],
            &b"0\r\n\r\n"[..],
            &b""[..],
        ),
    ];
    for (framing, input, data, left) in rows {
        assert_eq!(
            read(framing, &[input]),
            Ok((data.to_vec(), left.to_vec())),
            "{}",
            input.escape_ascii()
        );
    }
}

#[test]
fn each_misbehaviour_is_refused_by_name() {
    let rows: &[(&[u8], BadBody)] = &[
        (b" 3\r\nabc", BadBody::ChunkSize),
        (b"\r\n", BadBody::ChunkSize),
        (b";x\r\n", BadBody::ChunkSize),
        (b"+3\r\nabc", BadBody::ChunkSize),
        (b"0x3\r\nabc", BadBody::ChunkSize),
        (b"3 \r\nabc", BadBody::ChunkSize),
        (b"3\t;x\r\nabc", BadBody::ChunkSize),
        (b"g\r\n", BadBody::ChunkSize),
        (b"00000000000000003\r\nabc", BadBody::ChunkSizeTooLarge),
        (b"10000000000000000\r\n", BadBody::ChunkSizeTooLarge),
        (b"3\nabc", BadBody::ChunkLineEnd),
        (b"3\r\r\nabc", BadBody::ChunkLineEnd),
        (b"3\rabc", BadBody::ChunkLineEnd),
        (b"0\n\n", BadBody::ChunkLineEnd),
        (b"3;x\nabc", BadBody::ChunkExtension),
        (b"3;x\0\r\nabc", BadBody::ChunkExtension),
        (b"3;\xff\r\nabc", BadBody::ChunkExtension),
        (b"3;x\rabc", BadBody::ChunkLineEnd),
        (b"3\r\nabcd\r\n", BadBody::ChunkEnd),
        (b"3\r\nabc\n0\r\n\r\n", BadBody::ChunkEnd),
        (b"3\r\nabc\r0\r\n\r\n", BadBody::ChunkEnd),
        (b"3\r\nabc0\r\n\r\n", BadBody::ChunkEnd),
        (b"0\r\n\n", BadBody::Trailer),
        (b"0\r\nX: a\n\r\n", BadBody::Trailer),
        (b"0\r\nX: a\r\n\n", BadBody::Trailer),
        (b"0\r\nX: a\rb\r\n\r\n", BadBody::Trailer),
        (b"0\r\n X: a\r\n\r\n", BadBody::Trailer),
        (b"0\r\nX: a\r\n b\r\n\r\n", BadBody::Trailer),
        (b"0\r\nX : a\r\n\r\n", BadBody::Trailer),
        (b"0\r\nGET / HTTP/1.1\r\n\r\n", BadBody::Trailer),
        (b"0\r\n: a\r\n\r\n", BadBody::Trailer),
        (b"0\r\nX: \0\r\n\r\n", BadBody::Trailer),
        (b"0\r\nContent-Length: 3\r\n\r\n", BadBody::ForbiddenTrailer),
        (
            b"0\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n",
            BadBody::ForbiddenTrailer,
        ),
        (b"0\r\nHost: a\r\n\r\n", BadBody::ForbiddenTrailer),
        (b"", BadBody::Truncated),
        (b"3", BadBody::Truncated),
        (b"3\r\nab", BadBody::Truncated),
        (b"3\r\nabc", BadBody::Truncated),
        (b"3\r\nabc\r\n", BadBody::Truncated),
        (b"0\r\n", BadBody::Truncated),
        (b"0\r\n\r", BadBody::Truncated),
        (b"0\r\nX: a\r\n", BadBody::Truncated),
    ];
    for (input, want) in rows {
        assert_eq!(chunked(input), Err(*want), "{}", input.escape_ascii());
    }
    assert_eq!(read(Framing::Length(3), &[b"ab"]), Err(BadBody::Truncated));
    assert_eq!(
        read(Framing::Length(u64::MAX), &[b"ab"]),
        Err(BadBody::Truncated)
    );
    assert_eq!(
        read(Framing::Chunked, &[b"ffffffffffffffff\r\nab"]),
        Err(BadBody::Truncated)
    );
}

#[test]
fn limits_are_exact() {
    let extension = |count: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(count));
    let extensions = |count: usize| format!("{}0\r\n\r\n", "1;eeee\r\nx\r\n".repeat(count));
    let trailer = |count: usize| format!("0\r\nA:{}\r\n\r\n", "v".repeat(count - 6));
    let trailers = |count: usize| format!("0\r\n{}\r\n", "A:\r\n".repeat(count));
    let rows = [
        (extension(1024), None),
        (extension(1025), Some(BadBody::ChunkExtensionTooLong)),
        (extensions(256), None),
        (extensions(257), Some(BadBody::ChunkExtensionTooLong)),
        (trailer(4096), None),
        (trailer(4097), Some(BadBody::TrailersTooLong)),
        (trailers(32), None),
        (trailers(33), Some(BadBody::TrailersTooLong)),
        (trailers(200), Some(BadBody::TrailersTooLong)),
    ];
    for (input, want) in rows {
        assert_eq!(
            chunked(input.as_bytes()).err(),
            want,
            "{} bytes",
            input.len()
        );
    }
    // Without an end: refused when the limit is passed, not when the peer has had enough.
    let mut decoder = BodyDecoder::new(Framing::Chunked);
    let endless = format!("0\r\nA:{}", "v".repeat(4095));
    assert_eq!(
        decoder.decode(endless.as_bytes()),
        Err(BadBody::TrailersTooLong)
    );
}

#[test]
fn a_refusal_stays() {
    let mut decoder = BodyDecoder::new(Framing::Chunked);
    for input in [&b"x"[..], b"0\r\n\r\n", b""] {
        assert_eq!(decoder.decode(input), Err(BadBody::ChunkSize));
    }
    assert_eq!(decoder.close(), Err(BadBody::ChunkSize));
    assert!(!decoder.is_end());
}

#[test]
fn an_ended_body_takes_nothing_more() {
    let mut decoder = BodyDecoder::new(Framing::Length(1));
    assert_eq!(
        decoder.decode(b"ab"),
        Ok(Decoded {
            consumed: 1,
            data: 0..1,
            end: true
        })
    );
    assert_eq!(
        decoder.decode(b"b"),
        Ok(Decoded {
            consumed: 0,
            data: 0..0,
            end: true
        })
    );
}

#[test]
fn codes_are_distinct() {
    let all = [
        BadBody::ChunkEnd,
        BadBody::ChunkExtension,
        BadBody::ChunkExtensionTooLong,
        BadBody::ChunkLineEnd,
        BadBody::ChunkSize,
        BadBody::ChunkSizeTooLarge,
        BadBody::ForbiddenTrailer,
        BadBody::Trailer,
        BadBody::TrailersTooLong,
        BadBody::Truncated,
    ];
    assert_eq!(
        all.iter()
            .map(|why| why.code())
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        all.len()
    );
}

proptest! {
    /// What is written in any chunks, and read in any pieces, is what it was.
    #[test]
    fn chunks_are_read_as_they_were_written(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut wire = Vec::new();
        for data in &chunks {
            write::chunk(&mut wire, data);
        }
        wire.extend_from_slice(write::LAST_CHUNK);
        wire.extend_from_slice(b"next");
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(wire.len())).collect();
        cuts.extend([0, wire.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &wire[cut[0]..cut[1]]).collect();
        prop_assert_eq!(read(Framing::Chunked, &pieces), Ok((chunks.concat(), b"next".to_vec())));
    }

    /// No input makes the decoder panic, consume what is not there, or stand still before the end.
    #[test]
    fn every_step_makes_progress(input in prop::collection::vec(prop::sample::select(&b"0123;aX:\r\n \t\xff"[..]), 0..60)) {
        let mut decoder = BodyDecoder::new(Framing::Chunked);
        let mut rest = &input[..];
        while let Ok(step) = decoder.decode(rest) {
            prop_assert!(step.data.start <= step.data.end && step.data.end <= step.consumed);
            prop_assert!(step.consumed <= rest.len());
            if step.end || rest.is_empty() {
                break;
            }
            prop_assert!(step.consumed > 0);
            rest = &rest[step.consumed..];
        }
    }
}
