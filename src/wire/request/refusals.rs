//! One row a misbehaviour.

use BadHead::*;
use BadRequest::*;

use super::*;

const HEADS: &[(&str, BadRequest)] = &[
    // The request line.
    ("GET  /x HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
    ("GET /x  HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
    ("GET /x HTTP/1.1 \r\nHost: a\r\n\r\n", RequestLine),
    ("GET /x y HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
    ("GET /x\r\n\r\n", RequestLine),
    ("GET\r\n\r\n", RequestLine),
    ("GET  HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
    (" GET /x HTTP/1.1\r\nHost: a\r\n\r\n", Method),
    ("GET\t/x\tHTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
    ("G\tET /x HTTP/1.1\r\nHost: a\r\n\r\n", Method),
    ("G(T /x HTTP/1.1\r\nHost: a\r\n\r\n", Method),
    ("\u{16}\u{3}\u{1}", Method),
    ("{\"a\":1}", Method),
    ("GET /x\ty HTTP/1.1\r\nHost: a\r\n\r\n", Target),
    ("GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n", Target),
    ("GET /x HTTP/1.2\r\nHost: a\r\n\r\n", Version),
    ("GET /x HTTP/0.9\r\nHost: a\r\n\r\n", Version),
    ("GET /x HTTP/2.0\r\nHost: a\r\n\r\n", Version),
    ("GET /x http/1.1\r\nHost: a\r\n\r\n", Version),
    ("GET /x HTTP/1.10\r\nHost: a\r\n\r\n", Version),
    ("GET /x HTTP/1.1\t\r\nHost: a\r\n\r\n", Version),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Http2Preface),
    ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", Connect),
    // Line ends and control bytes.
    (
        "\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
        Head(LeadingEmptyLine),
    ),
    ("\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", Head(BareLineFeed)),
    ("GET /x HTTP/1.1\nHost: a\r\n\r\n", Head(BareLineFeed)),
    ("GET /x HTTP/1.1\r\nHost: a\n\r\n", Head(BareLineFeed)),
    ("GET /x HTTP/1.1\r\nHost: a\r\n\n", Head(BareLineFeed)),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 5\r\n\r\n",
        Head(BareCarriageReturn),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\r\n\r\n",
        Head(BareCarriageReturn),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        Head(ControlByte),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX: a\u{b}b\r\n\r\n",
        Head(ControlByte),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX: a\u{7f}b\r\n\r\n",
        Head(ControlByte),
    ),
    ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", Head(ControlByte)),
    ("GET /x HTTP/1.1\r\n Host: a\r\n\r\n", Head(FoldedLine)),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n",
        Head(FoldedLine),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n",
        Head(FoldedLine),
    ),
    // Names.
    (
        "GET /x HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
        Head(EmptyFieldName),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
        Head(MissingColon),
    ),
    (
        "GET /x HTTP/1.1\r\nHost : a\r\n\r\n",
        Head(SpaceBeforeColon),
    ),
    (
        "GET /x HTTP/1.1\r\nHost\t: a\r\n\r\n",
        Head(SpaceBeforeColon),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX Y: a\r\n\r\n",
        Head(FieldName),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX(: a\r\n\r\n",
        Head(FieldName),
    ),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nX\u{e4}: a\r\n\r\n",
        Head(FieldName),
    ),
    // Host.
    ("GET /x HTTP/1.1\r\n\r\n", MissingHost),
    ("GET /x HTTP/1.1\r\nX-Host: a\r\n\r\n", MissingHost),
    (
        "GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        Head(DuplicateField("Host")),
    ),
    (
        "GET /x HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n",
        Head(DuplicateField("Host")),
    ),
    ("GET /x HTTP/1.1\r\nHost: a b\r\n\r\n", Host),
    ("GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n", Host),
    ("GET /x HTTP/1.0\r\nHost: a/b\r\n\r\n", Host),
    // HTTP/1.0 has none of these.
    (
        "GET /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        Head(TransferEncodingInHttp10),
    ),
    (
        "GET /x HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
        ExpectInHttp10,
    ),
    ("GET /x HTTP/1.0\r\nUpgrade: tcp\r\n\r\n", UpgradeInHttp10),
];

/// Fields of a request on HTTP/1.1 with a host.
const FIELDS: &[(&str, BadRequest)] = &[
    (
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        Head(DuplicateField("Content-Length")),
    ),
    (
        "Content-Length: 1\r\ncontent-length: 2\r\n",
        Head(DuplicateField("Content-Length")),
    ),
    ("Content-Length: 1, 1\r\n", Head(ContentLength)),
    ("Content-Length: +1\r\n", Head(ContentLength)),
    ("Content-Length: -1\r\n", Head(ContentLength)),
    ("Content-Length: 0x1\r\n", Head(ContentLength)),
    ("Content-Length: 1_0\r\n", Head(ContentLength)),
    ("Content-Length: 1 0\r\n", Head(ContentLength)),
    ("Content-Length: \r\n", Head(ContentLength)),
    ("Content-Length:\r\n", Head(ContentLength)),
    ("Content-Length: \u{661}\r\n", Head(ContentLength)),
    (
        "Content-Length: 9223372036854775808\r\n",
        Head(ContentLength),
    ),
    (
        "Content-Length: 18446744073709551616\r\n",
        Head(ContentLength),
    ),
    (
        "Content-Length: 00000000000000000001\r\n",
        Head(ContentLength),
    ),
    (
        "Transfer-Encoding: gzip, chunked\r\n",
        Head(TransferEncoding),
    ),
    (
        "Transfer-Encoding: chunked, chunked\r\n",
        Head(TransferEncoding),
    ),
    ("Transfer-Encoding: chunked;a=b\r\n", Head(TransferEncoding)),
    ("Transfer-Encoding: chunked,\r\n", Head(TransferEncoding)),
    ("Transfer-Encoding: \"chunked\"\r\n", Head(TransferEncoding)),
    ("Transfer-Encoding: identity\r\n", Head(TransferEncoding)),
    ("Transfer-Encoding:\r\n", Head(TransferEncoding)),
    (
        "Transfer-Encoding: chunked\u{a0}\r\n",
        Head(TransferEncoding),
    ),
    (
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        Head(DuplicateField("Transfer-Encoding")),
    ),
    (
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        Head(LengthAndChunked),
    ),
    (
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        Head(LengthAndChunked),
    ),
    ("Connection: X-Registry-Auth\r\n", Head(ConnectionOption)),
    (
        "Connection: close, Content-Length\r\n",
        Head(ConnectionOption),
    ),
    ("Connection: close,\r\n", Head(ConnectionOption)),
    ("Connection:\r\n", Head(ConnectionOption)),
    (
        "Connection: close\r\nConnection: host\r\n",
        Head(ConnectionOption),
    ),
    (
        "Content-Encoding: x\r\nContent-Encoding: x\r\n",
        Head(DuplicateField("Content-Encoding")),
    ),
    (
        "Upgrade: tcp\r\nUpgrade: tcp\r\n",
        Head(DuplicateField("Upgrade")),
    ),
    (
        "Expect: 100-continue\r\nExpect: 100-continue\r\n",
        Head(DuplicateField("Expect")),
    ),
    (
        "X-Registry-Auth: e30=\r\nX-Registry-Auth: e30=\r\n",
        Head(DuplicateField("X-Registry-Auth")),
    ),
    (
        "X-Registry-Config: e30=\r\nx-registry-config: e30=\r\n",
        Head(DuplicateField("X-Registry-Config")),
    ),
    ("Expect: more\r\n", Expect),
    ("Expect:\r\n", Expect),
    ("Expect: 100-continue, more\r\n", Expect),
    ("Trailer: X-Sum\r\n", Trailer),
];

fn refusal(input: &str) -> Option<BadRequest> {
    RequestHead::default()
        .parse(input.as_bytes(), &Limits::default())
        .err()
}

#[test]
fn each_misbehaviour_is_refused_by_name() {
    for (input, want) in HEADS {
        assert_eq!(refusal(input), Some(*want), "{input:?}");
    }
    for (fields, want) in FIELDS {
        let input = format!("POST /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        assert_eq!(refusal(&input), Some(*want), "{fields:?}");
    }
}

#[test]
fn codes_are_distinct() {
    let all = [
        Connect.code(),
        Expect.code(),
        ExpectInHttp10.code(),
        Host.code(),
        Http2Preface.code(),
        Method.code(),
        MissingHost.code(),
        RequestLine.code(),
        Target.code(),
        Trailer.code(),
        UpgradeInHttp10.code(),
        Version.code(),
        BareCarriageReturn.code(),
        BareLineFeed.code(),
        ConnectionOption.code(),
        ContentLength.code(),
        ControlByte.code(),
        DuplicateField("").code(),
        EmptyFieldName.code(),
        FieldName.code(),
        FoldedLine.code(),
        LeadingEmptyLine.code(),
        LengthAndChunked.code(),
        LineTooLong.code(),
        Malformed.code(),
        MissingColon.code(),
        SpaceBeforeColon.code(),
        TooLarge.code(),
        TooManyFields.code(),
        TransferEncoding.code(),
        TransferEncodingInHttp10.code(),
    ];
    assert_eq!(
        all.iter().collect::<std::collections::BTreeSet<_>>().len(),
        all.len()
    );
}
