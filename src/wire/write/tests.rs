use super::*;
use crate::wire::{Limits, Parsed, RequestHead, ResponseHead};

#[test]
fn a_written_request_is_read_as_it_was_meant() {
    let mut out = b"before".to_vec();
    let mut head = Head::request(&mut out, "POST", b"/v1.41/exec/a/start").unwrap();
    head.field("Host", b"docker").unwrap();
    head.field("X", b"\xe4\tb").unwrap();
    head.connection(Connection::Upgrade(Upgrade::Tcp)).unwrap();
    head.finish(Framing::Length(16)).unwrap();
    let want = b"beforePOST /v1.41/exec/a/start HTTP/1.1\r\nHost: docker\r\nX: \xe4\tb\r\n\
        Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 16\r\n\r\n";
    assert_eq!(
        out.escape_ascii().to_string(),
        want.escape_ascii().to_string()
    );
    let mut read = RequestHead::default();
    assert_eq!(
        read.parse(&out[6..], &Limits::default()),
        Ok(Parsed::Complete(out.len() - 6))
    );
    assert_eq!(
        (read.framing(), read.upgrade()),
        (Framing::Length(16), Some(Upgrade::Tcp))
    );
}

#[test]
fn answers_are_written_with_their_framing_and_connection() {
    let rows = [
        (
            Version::Http11,
            200,
            "OK",
            Connection::KeepAlive,
            Framing::Chunked,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        (
            Version::Http11,
            404,
            "Not Found",
            Connection::Close,
            Framing::Length(u64::MAX),
            "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 18446744073709551615\r\n\r\n",
        ),
        (
            Version::Http11,
            101,
            "UPGRADED",
            Connection::Upgrade(Upgrade::H2c),
            Framing::None,
            "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        ),
        (
            Version::Http11,
            200,
            "",
            Connection::KeepAlive,
            Framing::UntilClose,
            "HTTP/1.1 200 \r\n\r\n",
        ),
        (
            Version::Http10,
            200,
            "OK",
            Connection::KeepAlive,
            Framing::Length(0),
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            Version::Http10,
            200,
            "OK",
            Connection::Close,
            Framing::UntilClose,
            "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n",
        ),
    ];
    for (version, status, reason, connection, framing, want) in rows {
        let mut out = Vec::new();
        let mut head = Head::response(&mut out, version, status, reason).unwrap();
        head.connection(connection).unwrap();
        head.finish(framing).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), want);
        let parsed = ResponseHead::default().parse(want.as_bytes(), &Limits::default(), true);
        // The codec reads no length beyond 63 bits.
        assert!(
            parsed == Ok(Parsed::Complete(want.len())) || framing == Framing::Length(u64::MAX),
            "{want:?}"
        );
    }
}

#[test]
fn what_could_end_a_line_is_not_written() {
    let mut out = Vec::new();
    for method in ["", "GET ", "G\r\n", "G:T"] {
        assert_eq!(
            Head::request(&mut out, method, b"/").unwrap_err(),
            Unwritable::Method,
            "{method:?}"
        );
    }
    for target in [&b""[..], b"/ x", b"/\r\n", b"/\t", b"/\xe4", b"/\x7f"] {
        assert_eq!(
            Head::request(&mut out, "GET", target).unwrap_err(),
            Unwritable::Target
        );
    }
    for status in [0, 99, 1000] {
        assert_eq!(
            Head::response(&mut out, Version::Http11, status, "").unwrap_err(),
            Unwritable::Status
        );
    }
    for reason in ["a\r\nb", "a\nb", "a\0b", "\u{e4}"] {
        assert_eq!(
            Head::response(&mut out, Version::Http11, 200, reason).unwrap_err(),
            Unwritable::Reason
        );
    }
    let rows: &[(&str, &[u8], Unwritable)] = &[
        ("", b"a", Unwritable::FieldName),
        ("X:", b"a", Unwritable::FieldName),
        ("X\r\nY", b"a", Unwritable::FieldName),
        ("X", b"a\r\nY: b", Unwritable::FieldValue),
        ("X", b"a\nb", Unwritable::FieldValue),
        ("X", b"a\rb", Unwritable::FieldValue),
        ("X", b"\0", Unwritable::FieldValue),
        ("X", b"\x7f", Unwritable::FieldValue),
        ("content-length", b"1", Unwritable::FramingField),
        ("Transfer-Encoding", b"chunked", Unwritable::FramingField),
        ("Connection", b"close", Unwritable::FramingField),
        ("Upgrade", b"tcp", Unwritable::FramingField),
        ("Trailer", b"X", Unwritable::FramingField),
    ];
    let mut head = Head::request(&mut out, "GET", b"/").unwrap();
    for (name, value, want) in rows {
        assert_eq!(head.field(name, value), Err(*want), "{name:?}");
    }
    assert_eq!(
        head.connection(Connection::Upgrade(Upgrade::Other)),
        Err(Unwritable::Protocol)
    );
    drop(head);
    assert!(out.is_empty(), "a head that is not finished leaves nothing");
}

#[test]
fn a_framing_that_the_peer_cannot_read_is_not_written() {
    let mut out = b"before".to_vec();
    let head = Head::response(&mut out, Version::Http10, 200, "OK").unwrap();
    assert_eq!(
        head.finish(Framing::Chunked),
        Err(Unwritable::ChunkedInHttp10)
    );
    let head = Head::request(&mut out, "GET", b"/").unwrap();
    assert_eq!(
        head.finish(Framing::UntilClose),
        Err(Unwritable::UntilCloseInRequest)
    );
    assert_eq!(out, b"before");
}

#[test]
fn chunks_have_hexadecimal_sizes_and_are_never_empty() {
    let mut out = Vec::new();
    chunk(&mut out, b"");
    chunk(&mut out, b"abc");
    chunk_size(&mut out, NonZeroUsize::new(0xabc_def0).unwrap());
    assert_eq!(out, b"3\r\nabc\r\nabcdef0\r\n");
}

#[test]
fn a_received_field_is_written_with_one_blank_and_never_about_the_connection() {
    let mut read = ResponseHead::default();
    let head = b"HTTP/1.1 200 OK\r\nA: 1\r\nB:2\r\nC:\t 3 \r\nD:  4\r\nE:\r\nF: \r\nG:\t5\r\nH:6 \r\n\
        Keep-Alive: a\r\nproxy-connection: b\r\nTE: c\r\nTrailer: d\r\nContent-Length: 0\r\nConnection: te\r\n\r\n";
    let parsed = read.parse(head, &Limits::default(), false);
    assert_eq!(parsed, Ok(Parsed::Complete(head.len())));
    let mut out = Vec::new();
    let mut anew = Head::response(&mut out, Version::Http11, 200, "OK").unwrap();
    let mut refused = Vec::new();
    for field in read.fields() {
        if anew.pass(field) == Err(Unwritable::FramingField) {
            refused.push(field.name());
        }
    }
    anew.finish(Framing::None).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: \r\nF: \r\nG: 5\r\nH: 6\r\n\r\n"
    );
    let connection = [
        "Keep-Alive",
        "proxy-connection",
        "TE",
        "Trailer",
        "Content-Length",
        "Connection",
    ];
    assert_eq!(refused, connection);
}
