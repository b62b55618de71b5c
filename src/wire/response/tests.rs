use super::*;

fn parse(input: &[u8], to_head: bool) -> Result<(ResponseHead, Parsed), BadResponse> {
    let mut head = ResponseHead::default();
    let parsed = head.parse(input, &Limits::default(), to_head)?;
    Ok((head, parsed))
}

/// A complete head that is taken.
fn head(input: &str, to_head: bool) -> ResponseHead {
    let (head, parsed) =
        parse(input.as_bytes(), to_head).unwrap_or_else(|why| panic!("{why} in {input:?}"));
    assert_eq!(parsed, Parsed::Complete(input.len()), "{input:?}");
    head
}

#[test]
fn an_answer_is_read_and_what_follows_is_left() {
    let input =
        b"HTTP/1.1 404 Not Found\r\nApi-Version: 1.41\r\nContent-Length: 2\r\nX: \xe4\r\n\r\n{}";
    let (head, parsed) = parse(input, false).unwrap();
    assert_eq!(parsed, Parsed::Complete(input.len() - 2));
    assert_eq!(
        (head.status(), head.reason(), head.version()),
        (404, "Not Found", Version::Http11)
    );
    assert_eq!(head.framing(), Framing::Length(2));
    assert_eq!(head.field("api-version"), Some(&b"1.41"[..]));
    let last = head
        .fields()
        .last()
        .map(|field| (field.name(), field.value()));
    assert_eq!(last, Some(("X", &b"\xe4"[..])));
    assert!(head.keep_alive() && !head.is_interim() && head.switches_to().is_none());
}

#[test]
fn framing_depends_on_status_method_and_fields() {
    let rows = [
        ("200 OK", "", false, Framing::UntilClose),
        (
            "200 OK",
            "Content-Type: application/vnd.docker.raw-stream\r\n",
            false,
            Framing::UntilClose,
        ),
        ("200 OK", "Content-Length: 0\r\n", false, Framing::Length(0)),
        ("200 OK", "Content-Length: 5\r\n", false, Framing::Length(5)),
        (
            "200 OK",
            "Transfer-Encoding: chunked\r\n",
            false,
            Framing::Chunked,
        ),
        ("200 OK", "Content-Length: 5\r\n", true, Framing::None),
        (
            "200 OK",
            "Transfer-Encoding: chunked\r\n",
            true,
            Framing::None,
        ),
        ("200 OK", "", true, Framing::None),
        ("204 No Content", "", false, Framing::None),
        (
            "204 No Content",
            "Content-Length: 0\r\n",
            false,
            Framing::None,
        ),
        (
            "304 Not Modified",
            "Content-Length: 5\r\n",
            false,
            Framing::None,
        ),
        ("304 Not Modified", "", false, Framing::None),
        ("100 Continue", "", false, Framing::None),
        (
            "101 UPGRADED",
            "Connection: Upgrade\r\nUpgrade: tcp\r\n",
            false,
            Framing::None,
        ),
        ("500 Internal Server Error", "", false, Framing::UntilClose),
    ];
    for (status, fields, to_head, want) in rows {
        let head = head(&format!("HTTP/1.1 {status}\r\n{fields}\r\n"), to_head);
        assert_eq!(head.framing(), want, "{status} {fields:?} {to_head}");
    }
}

#[test]
fn each_misbehaviour_is_refused_by_name() {
    use BadHead::*;
    use BadResponse::*;
    let rows: &[(&str, BadResponse)] = &[
        ("HTTP/2 200 OK\r\n\r\n", NotHttp),
        ("http/1.1 200 OK\r\n\r\n", NotHttp),
        (" HTTP/1.1 200 OK\r\n\r\n", NotHttp),
        ("{\"message\":\"no\"}", NotHttp),
        ("HTTQ", NotHttp),
        ("HTTP/1.2 200 OK\r\n\r\n", Version),
        ("HTTP/1.10 200 OK\r\n\r\n", Version),
        ("HTTP/1.1 200\r\n\r\n", StatusLine),
        ("HTTP/1.1\r\n\r\n", StatusLine),
        ("HTTP/1.1  200 OK\r\n\r\n", Status),
        ("HTTP/1.1 20 OK\r\n\r\n", Status),
        ("HTTP/1.1 2000 OK\r\n\r\n", Status),
        ("HTTP/1.1 099 OK\r\n\r\n", Status),
        ("HTTP/1.1 +20 OK\r\n\r\n", Status),
        ("HTTP/1.1 2x0 OK\r\n\r\n", Status),
        ("HTTP/1.1 200\tOK\r\n\r\n", StatusLine),
        ("HTTP/1.1 200 O\tK\r\n\r\n", Reason),
        ("HTTP/1.1 200 \u{e4}\r\n\r\n", Reason),
        ("HTTP/1.1 200 O\rK\r\n\r\n", Head(BareCarriageReturn)),
        ("HTTP/1.1 200 O\0K\r\n\r\n", Head(ControlByte)),
        ("HTTP/1.1 200 OK\n\n", Head(BareLineFeed)),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", Head(LeadingEmptyLine)),
        ("HTTP/1.1 200 OK\r\n X: a\r\n\r\n", Head(FoldedLine)),
        ("HTTP/1.1 200 OK\r\nX : a\r\n\r\n", Head(SpaceBeforeColon)),
        ("HTTP/1.1 200 OK\r\nX\r\n\r\n", Head(MissingColon)),
        ("HTTP/1.1 200 OK\r\n: a\r\n\r\n", Head(EmptyFieldName)),
        ("HTTP/1.1 200 OK\r\nX: \u{7f}\r\n\r\n", Head(ControlByte)),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            Head(DuplicateField("Content-Length")),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
            Head(ContentLength),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
            Head(ContentLength),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Head(LengthAndChunked),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            Head(TransferEncoding),
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            Head(TransferEncodingInHttp10),
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: X-Secret\r\n\r\n",
            Head(ConnectionOption),
        ),
        ("HTTP/1.1 101 OK\r\n\r\n", SwitchWithoutUpgrade),
        (
            "HTTP/1.1 101 OK\r\nUpgrade: tcp\r\n\r\n",
            SwitchWithoutUpgrade,
        ),
        (
            "HTTP/1.1 101 OK\r\nConnection: upgrade\r\n\r\n",
            SwitchWithoutUpgrade,
        ),
        (
            "HTTP/1.1 101 OK\r\nConnection: upgrade, close\r\nUpgrade: tcp\r\n\r\n",
            SwitchWithoutUpgrade,
        ),
        (
            "HTTP/1.0 101 OK\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n",
            SwitchWithoutUpgrade,
        ),
        (
            "HTTP/1.1 101 OK\r\nConnection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 1\r\n\r\n",
            BodyWithoutPlace,
        ),
        (
            "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
            BodyWithoutPlace,
        ),
        (
            "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n",
            BodyWithoutPlace,
        ),
        (
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
            BodyWithoutPlace,
        ),
    ];
    for (input, want) in rows {
        assert_eq!(
            parse(input.as_bytes(), false).map(|(_, parsed)| parsed),
            Err(*want),
            "{input:?}"
        );
    }
}

#[test]
fn interim_answers_and_switches_are_told_apart() {
    let rows = [
        ("100 Continue", "", true, None),
        ("103 Early Hints", "", true, None),
        (
            "101 UPGRADED",
            "Connection: Upgrade\r\nUpgrade: tcp\r\n",
            false,
            Some(Upgrade::Tcp),
        ),
        (
            "101 Switching Protocols",
            "Connection: Upgrade\r\nUpgrade: h2c\r\n",
            false,
            Some(Upgrade::H2c),
        ),
        (
            "101 Switching Protocols",
            "Connection: Upgrade\r\nUpgrade: irc\r\n",
            false,
            Some(Upgrade::Other),
        ),
        (
            "200 OK",
            "Connection: Upgrade\r\nUpgrade: tcp\r\n",
            false,
            None,
        ),
        (
            "426 Upgrade Required",
            "Connection: Upgrade\r\nUpgrade: tcp\r\n",
            false,
            None,
        ),
    ];
    for (status, fields, interim, switch) in rows {
        let head = head(&format!("HTTP/1.1 {status}\r\n{fields}\r\n"), false);
        assert_eq!(
            (head.is_interim(), head.switches_to()),
            (interim, switch),
            "{status}"
        );
    }
}

#[test]
fn the_connection_stays_as_the_answer_says() {
    let rows = [
        ("HTTP/1.1 200 OK", "Content-Length: 0\r\n", true),
        (
            "HTTP/1.1 200 OK",
            "Content-Length: 0\r\nConnection: close\r\n",
            false,
        ),
        ("HTTP/1.1 200 OK", "", false),
        ("HTTP/1.1 204 No Content", "", true),
        (
            "HTTP/1.1 101 UPGRADED",
            "Connection: Upgrade\r\nUpgrade: tcp\r\n",
            false,
        ),
        ("HTTP/1.0 200 OK", "Content-Length: 0\r\n", false),
        (
            "HTTP/1.0 200 OK",
            "Content-Length: 0\r\nConnection: keep-alive\r\n",
            true,
        ),
    ];
    for (line, fields, want) in rows {
        assert_eq!(
            head(&format!("{line}\r\n{fields}\r\n"), false).keep_alive(),
            want,
            "{line} {fields:?}"
        );
    }
}

#[test]
fn an_empty_reason_is_a_reason() {
    assert_eq!(
        head("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", false).reason(),
        ""
    );
}

#[test]
fn nothing_of_an_earlier_answer_is_left() {
    let mut head = ResponseHead::default();
    let limits = Limits::default();
    head.parse(
        b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
        &limits,
        false,
    )
    .unwrap();
    assert_eq!(
        head.parse(b"HTTP/1.1 101 X\r\n", &limits, false),
        Ok(Parsed::Partial)
    );
    assert_eq!((head.switches_to(), head.fields().count()), (None, 0));
}

/// An answer that comes again is taken without being read again, and only if it is the same to the last byte, on the same
/// terms.
#[test]
fn a_repeated_answer_is_what_a_fresh_one_would_be() {
    let first =
        "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 08:00:00 GMT\r\nContent-Length: 2\r\n\r\n";
    let inputs = [
        first.to_owned(),
        format!("{first}OK"),
        first.replace(":00 GMT", ":01 GMT"),
        first.replace("th: 2", "th: 3"),
        first.replace("200", "204"),
        first.trim_end().to_owned(),
        String::new(),
    ];
    let pairs = inputs
        .iter()
        .flat_map(|it| inputs.iter().map(move |to| (it, to)));
    for ((before, after), to_head) in pairs.flat_map(|pair| [(pair, false), (pair, true)]) {
        let limits = Limits::default();
        let mut warm = ResponseHead::default();
        _ = warm.parse(before.as_bytes(), &limits, false);
        warm.restart();
        let mut fresh = ResponseHead::default();
        let parsed = fresh.parse(after.as_bytes(), &limits, to_head);
        assert_eq!(warm.parse(after.as_bytes(), &limits, to_head), parsed);
        if matches!(parsed, Ok(Parsed::Complete(_))) {
            assert_eq!(
                (warm.status(), warm.framing(), warm.keep_alive()),
                (fresh.status(), fresh.framing(), fresh.keep_alive())
            );
        }
        assert!(warm.fields().eq(fresh.fields()));
    }
}

#[test]
fn limits_are_exact() {
    let limits = Limits {
        head_bytes: 40,
        line_bytes: 18,
        fields: 2,
    };
    let rows = [
        ("HTTP/1.1 200 OK\r\nA:\r\nB:\r\n\r\n".to_owned(), None),
        (
            "HTTP/1.1 200 OK\r\nA:\r\nB:\r\nC:\r\n\r\n".to_owned(),
            Some(BadHead::TooManyFields),
        ),
        ("HTTP/1.1 200 OKOKO\r\n\r\n".to_owned(), None),
        (
            "HTTP/1.1 200 OKOKOK\r\n\r\n".to_owned(),
            Some(BadHead::LineTooLong),
        ),
        (
            format!("HTTP/1.1 200 OK\r\nA:{}\r\n\r\n", "x".repeat(17)),
            None,
        ),
        (
            format!("HTTP/1.1 200 OK\r\nA:{}\r\n\r\n", "x".repeat(18)),
            Some(BadHead::TooLarge),
        ),
    ];
    for (input, want) in rows {
        let want = want.map_or(Ok(Parsed::Complete(input.len())), |why| {
            Err(BadResponse::Head(why))
        });
        assert_eq!(
            ResponseHead::default().parse(input.as_bytes(), &limits, false),
            want,
            "{input:?}"
        );
    }
}
