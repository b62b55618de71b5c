use super::*;

const PING: &[u8] =
    b"GET /v1.41/_ping HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\nAccept: */*\r\n\r\n";

#[test]
fn a_ping_is_read() {
    let mut head = RequestHead::default();
    let mut input = PING.to_vec();
    input.extend_from_slice(b"next");
    assert_eq!(
        head.parse(&input, &Limits::default()),
        Ok(Parsed::Complete(PING.len()))
    );
    assert_eq!((head.method(), head.target()), ("GET", "/v1.41/_ping"));
    assert_eq!(head.framing(), Framing::None);
    assert_eq!(
        head.field("user-agent"),
        Some(&b"Docker-Client/28.2.2 (linux)"[..])
    );
    assert!(head.keep_alive() && !head.expects_continue() && head.upgrade().is_none());
}
