use super::*;

const PING: &[u8] =
    b"GET /v1.41/_ping HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\nAccept: */*\r\n\r\n";

fn parse(input: &[u8]) -> Result<(RequestHead, Parsed), BadRequest> {
    let mut head = RequestHead::default();
    let parsed = head.parse(input, &Limits::default())?;
    Ok((head, parsed))
}

/// A complete head that is taken.
fn head(input: &str) -> RequestHead {
    let (head, parsed) = parse(input.as_bytes()).unwrap_or_else(|why| panic!("{why} in {input:?}"));
    assert_eq!(parsed, Parsed::Complete(input.len()), "{input:?}");
    head
}

/// A head on HTTP/1.1 with a host and these fields.
fn with(fields: &str) -> String {
    format!("POST /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

#[test]
fn a_head_is_read_and_what_follows_is_left() {
    let mut head = RequestHead::default();
    let input = [PING, b"next"].concat();
    assert_eq!(
        head.parse(&input, &Limits::default()),
        Ok(Parsed::Complete(PING.len()))
    );
    assert_eq!(
        (head.method(), head.target(), head.version()),
        ("GET", "/v1.41/_ping", Version::Http11)
    );
    assert_eq!(head.framing(), Framing::None);
    assert_eq!(
        head.field("user-agent"),
        Some(&b"Docker-Client/28.2.2 (linux)"[..])
    );
    assert_eq!(head.field("missing"), None);
    let names: Vec<_> = head.fields().map(|field| field.name()).collect();
    assert_eq!(names, ["Host", "User-Agent", "Accept"]);
    assert!(head.keep_alive() && !head.expects_continue() && head.upgrade().is_none());
}

#[test]
fn framing_is_what_the_fields_say() {
    let rows = [
        ("", Framing::None),
        ("Content-Length: 0\r\n", Framing::Length(0)),
        ("content-length:\t007 \r\n", Framing::Length(7)),
        (
            "Content-Length: 9223372036854775807\r\n",
            Framing::Length(9_223_372_036_854_775_807),
        ),
        ("Transfer-Encoding: chunked\r\n", Framing::Chunked),
        ("transfer-encoding:\tCHUNKED \t\r\n", Framing::Chunked),
    ];
    for (fields, want) in rows {
        assert_eq!(head(&with(fields)).framing(), want, "{fields:?}");
    }
}

#[test]
fn the_connection_stays_as_the_fields_say() {
    let rows = [
        ("1.1", "", true),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: Close\r\n", false),
        ("1.1", "Connection: keep-alive, close\r\n", false),
        (
            "1.1",
            "Connection: keep-alive\r\nConnection: close\r\n",
            false,
        ),
        ("1.1", "Connection: Upgrade\r\nUpgrade: tcp\r\n", true),
        ("1.1", "Connection: TE ,\tHTTP2-Settings\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ];
    for (version, fields, want) in rows {
        let input = format!("GET /x HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
        assert_eq!(head(&input).keep_alive(), want, "{input:?}");
    }
}

#[test]
fn an_upgrade_is_told_from_its_field_alone() {
    let rows = [
        ("Upgrade: tcp\r\n", Some(Upgrade::Tcp)),
        (
            "Connection: Upgrade\r\nUpgrade: h2c\r\n",
            Some(Upgrade::H2c),
        ),
        ("Upgrade: WebSocket\r\n", Some(Upgrade::WebSocket)),
        ("Upgrade:\r\n", Some(Upgrade::Other)),
        ("Upgrade: tcp, h2c\r\n", Some(Upgrade::Other)),
        ("Upgrade: TLS/1.2\r\n", Some(Upgrade::Other)),
        ("Connection: Upgrade\r\n", None),
    ];
    for (fields, want) in rows {
        assert_eq!(head(&with(fields)).upgrade(), want, "{fields:?}");
    }
}

#[test]
fn what_clients_really_send_is_taken() {
    assert!(head(&with("Expect: 100-Continue\r\n")).expects_continue());
    // Fluent Bit speaks HTTP/1.0 without a host; the docker CLI of 20.10 leaves it empty on attach.
    assert_eq!(
        head("GET /events HTTP/1.0\r\n\r\n").version(),
        Version::Http10
    );
    assert_eq!(
        head("GET /x HTTP/1.1\r\nHost:\r\n\r\n").field("Host"),
        Some(&b""[..])
    );
    assert_eq!(
        head("GET /x HTTP/1.1\r\nHost: \t \r\n\r\n").field("Host"),
        Some(&b""[..])
    );
    head("GET /x HTTP/1.1\r\nHost: %2Fvar%2Frun%2Fdocker.sock\r\n\r\n");
    head("BREW http://[::1]/?a=\"<#> HTTP/1.1\r\nHost: [::1]:2375\r\n\r\n");
    let latin = [&b"GET /x HTTP/1.1\r\nHost: a\r\nX:  a\tb \xe4\xff\t\r\n\r\n"[..]].concat();
    assert_eq!(
        parse(&latin).unwrap().0.field("x"),
        Some(&b"a\tb \xe4\xff"[..])
    );
}

#[test]
fn limits_are_exact() {
    let limits = Limits {
        head_bytes: 64,
        line_bytes: 20,
        fields: 3,
    };
    let fields = |count: usize| {
        format!(
            "G /x HTTP/1.1\r\nHost:\r\n{}\r\n",
            "A:\r\n".repeat(count - 1)
        )
    };
    let line = |length: usize| format!("G /{} HTTP/1.1\r\nHost:\r\n\r\n", "x".repeat(length - 12));
    let size = |length: usize| {
        format!(
            "G /x HTTP/1.1\r\nHost:\r\nA:{}\r\n\r\n",
            "x".repeat(length - 28)
        )
    };
    let rows = [
        (fields(3), None),
        (fields(4), Some((BadHead::TooManyFields, 431))),
        (line(20), None),
        (line(21), Some((BadHead::LineTooLong, 414))),
        (size(64), None),
        (size(65), Some((BadHead::TooLarge, 431))),
    ];
    for (input, want) in rows {
        let result = RequestHead::default().parse(input.as_bytes(), &limits);
        match want {
            None => assert_eq!(result, Ok(Parsed::Complete(input.len())), "{input:?}"),
            Some((why, status)) => {
                assert_eq!(result, Err(BadRequest::Head(why)), "{input:?}");
                assert_eq!(BadRequest::Head(why).status(), status);
            }
        }
    }
}

#[test]
fn what_cannot_become_valid_is_refused_before_it_is_complete() {
    let limits = Limits {
        head_bytes: 64,
        line_bytes: 20,
        fields: 1,
    };
    let rows: &[(&[u8], BadHead)] = &[
        (b"GET /xxxxxxxxxxxxxxxx", BadHead::LineTooLong),
        (b"G /x HTTP/1.1\r\nHost:\r\nA:\r\n", BadHead::TooManyFields),
        (
            b"G /x HTTP/1.1\r\nA: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            BadHead::TooLarge,
        ),
        (b"G\0", BadHead::ControlByte),
        (b"G /x HTTP/1.1\n", BadHead::BareLineFeed),
        (b"G /x HTTP/1.1\r\n ", BadHead::FoldedLine),
        (b"\r\n", BadHead::LeadingEmptyLine),
    ];
    for (input, want) in rows {
        let result = RequestHead::default().parse(input, &limits);
        assert_eq!(
            result,
            Err(BadRequest::Head(*want)),
            "{}",
            input.escape_ascii()
        );
    }
    assert_eq!(
        parse(b"PRI * HTTP/2.0\r\n").map(|(_, parsed)| parsed),
        Err(BadRequest::Http2Preface)
    );
    assert_eq!(
        parse(b"GET /x HTTP/3\r\n").map(|(_, parsed)| parsed),
        Err(BadRequest::Version)
    );
}

#[test]
fn a_head_that_arrives_byte_by_byte_is_looked_at_once() {
    let mut input = b"GET /x HTTP/1.1\r\nHost: a\r\n".to_vec();
    while input.len() < 64_000 {
        input.extend_from_slice(format!("X-A: {}\r\n", "v".repeat(700)).as_bytes());
    }
    input.extend_from_slice(b"\r\n");
    let mut head = RequestHead::default();
    for end in 1..input.len() {
        assert_eq!(
            head.parse(&input[..end], &Limits::default()),
            Ok(Parsed::Partial),
            "{end}"
        );
        assert!(
            head.scan.seen() + 1 >= end,
            "all but a carriage return at the end is dealt with"
        );
    }
    assert_eq!(
        head.parse(&input, &Limits::default()),
        Ok(Parsed::Complete(input.len()))
    );
}

#[test]
fn nothing_of_an_earlier_head_is_left() {
    let mut head = RequestHead::default();
    let limits = Limits::default();
    let first = with("Content-Length: 5\r\nExpect: 100-continue\r\nUpgrade: tcp\r\n");
    for next in ["GET /", "GET  /"] {
        head.parse(first.as_bytes(), &limits).unwrap();
        assert_ne!(
            head.parse(next.as_bytes(), &limits),
            Ok(Parsed::Complete(next.len()))
        );
        assert_eq!(
            (head.framing(), head.upgrade(), head.method()),
            (Framing::None, None, ""),
            "{next}"
        );
        assert!(!head.expects_continue() && head.fields().next().is_none());
        head.clear();
        assert_eq!(head.parse(PING, &limits), Ok(Parsed::Complete(PING.len())));
        assert_eq!(head.framing(), Framing::None);
    }
}

#[test]
fn warm_buffers_are_used_again() {
    let mut head = RequestHead::default();
    let other = with("Accept: */*\r\n");
    head.parse(PING, &Limits::default()).unwrap();
    let warm = head.fields.capacity();
    for _ in 0..3 {
        head.parse(other.as_bytes(), &Limits::default()).unwrap();
        head.parse(PING, &Limits::default()).unwrap();
        assert_eq!(head.fields.capacity(), warm);
    }
}

/// A head that comes again is taken without being read again, and only if it is the same to the last byte, under the same
/// limits.
#[test]
fn a_repeated_head_is_what_a_fresh_one_would_be() {
    let limits = Limits::default();
    let narrow = Limits {
        head_bytes: PING.len() - 1,
        ..limits
    };
    let first = with("Content-Length: 5\r\nExpect: 100-continue\r\n");
    let inputs = [
        first.clone().into_bytes(),
        [first.as_bytes(), b"GET / HTTP/1.1\r\n"].concat(),
        with("Content-Length: 5\r\n").into_bytes(),
        first.as_bytes()[..first.len() - 1].to_vec(),
        [&first.as_bytes()[..first.len() - 2], b"A: b\r\n\r\n"].concat(),
        first.replace("Host", "host").into_bytes(),
        first.replace("\r\nExpect", "\nExpect").into_bytes(),
        PING.to_vec(),
        Vec::new(),
    ];
    for (before, after) in inputs
        .iter()
        .flat_map(|it| inputs.iter().map(move |to| (it, to)))
    {
        for terms in [limits, narrow] {
            let mut warm = RequestHead::default();
            if warm.parse(before, &limits) == Ok(Parsed::Partial) {
                warm.clear();
            }
            let mut fresh = RequestHead::default();
            assert_eq!(warm.parse(after, &terms), fresh.parse(after, &terms));
            assert_eq!(
                (warm.method(), warm.target(), warm.framing()),
                (fresh.method(), fresh.target(), fresh.framing())
            );
            assert_eq!(warm.expects_continue(), fresh.expects_continue());
            assert!(warm.fields().eq(fresh.fields()));
        }
    }
}

/// Whoever forgets to clear a head between two connections gets no mixture of them.
#[test]
fn another_head_than_the_one_begun_is_read_as_it_is() {
    let first = "DELETE /v1.41/containers/victim HTTP/1.0\r\nContent-Length: 5\r\nHost: a\r\n\r\n";
    let next = with("X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nUpgrade: tcp\r\n");
    let limits = Limits::default();
    for cut in 1..first.len() {
        let mut head = RequestHead::default();
        assert_eq!(
            head.parse(&first.as_bytes()[..cut], &limits),
            Ok(Parsed::Partial)
        );
        match head.parse(next.as_bytes(), &limits) {
            Ok(Parsed::Complete(length)) => {
                assert_eq!(length, next.len());
                assert_eq!(
                    (head.method(), head.target(), head.version()),
                    ("POST", "/x", Version::Http11)
                );
                assert_eq!(
                    (head.framing(), head.upgrade()),
                    (Framing::None, Some(Upgrade::Tcp))
                );
            }
            Ok(Parsed::Partial) | Err(_) => {}
        }
    }
}
