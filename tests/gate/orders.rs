//! What comes before, with and behind the head that makes a tunnel, in every order: nothing is lost either way, and
//! every end is passed on.

use std::io::Read;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use super::EVERYTHING;
use super::tunnel::{ATTACH, RAW, SWITCHED, UPGRADE};
use crate::support::{BLOCK, Conn, Next, World};

/// How the engine's head and output come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Engine {
    /// In one write.
    AtOnce,
    /// The output once the client has the head.
    Later,
    /// The head byte by byte.
    InPieces,
    /// Behind an interim head, all in one write.
    Interim,
    /// In one write, and the connection is closed with input unread: the gate's socket is reset.
    Reset,
}

/// When the client's input and its end come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Client {
    /// No input, and the end behind the output.
    Quiet,
    /// No input, and the end right behind the request.
    EndsAtOnce,
    /// The input in one write with the request, and the end behind the output.
    Ahead,
    /// The input in one write with the request, and its end right behind it.
    AheadAndEnds,
    /// The input once the head is there, and its end right behind it.
    Later,
}

const CLIENTS: [Client; 5] = [
    Client::Quiet,
    Client::EndsAtOnce,
    Client::Ahead,
    Client::AheadAndEnds,
    Client::Later,
];

const INPUT: &[u8] = b"a line of input\n";

/// Says what the engine says, and answers with what it got.
fn speak(conn: &mut Conn, way: Engine, head: &str, output: &[u8], wait: impl Fn()) -> Vec<u8> {
    let together = |before: &str| [before.as_bytes(), head.as_bytes(), output].concat();
    match way {
        Engine::AtOnce => conn.send(together("")),
        Engine::Interim => conn.send(together("HTTP/1.1 100 Continue\r\n\r\n")),
        Engine::Later => {
            conn.send(head);
            wait();
            conn.send(output);
        }
        Engine::InPieces => {
            for byte in head.bytes() {
                conn.send([byte]);
            }
            conn.send(output);
        }
        Engine::Reset => {
            conn.send(together(""));
            // One byte of it: what stays unread makes the close a reset.
            let mut byte = [0];
            conn.stream().read_exact(&mut byte).expect("input");
            return byte.to_vec();
        }
    }
    conn.close_write();
    conn.read_to_end()
}

/// Plays one client, and answers with what it got behind the head.
fn listen(
    client: &mut Conn,
    way: Client,
    upgrade: &str,
    status: &str,
    has_head: impl Fn(),
) -> Vec<u8> {
    let mut request = format!("{ATTACH}{upgrade}\r\n").into_bytes();
    if matches!(way, Client::Ahead | Client::AheadAndEnds) {
        request.extend_from_slice(INPUT);
    }
    client.send(request);
    if matches!(way, Client::EndsAtOnce | Client::AheadAndEnds) {
        client.close_write();
    }
    assert_eq!(client.read_head().line(), status);
    has_head();
    if way == Client::Later {
        client.send(INPUT);
        client.close_write();
    }
    let output = client.read_to_end();
    if matches!(way, Client::Quiet | Client::Ahead) {
        // A gate whose engine is gone has closed by now.
        drop(client.stream().shutdown(std::net::Shutdown::Write));
    }
    output
}

fn every_order(way: Engine) {
    for (head, upgrade) in [(SWITCHED, UPGRADE), (RAW, "")] {
        for output in [b"output".to_vec(), BLOCK.repeat(8)] {
            let (got, heard) = channel();
            let (head_came, waits) = channel::<()>();
            let waits = Mutex::new(waits);
            let said = output.clone();
            let world = World::new(EVERYTHING, move |conn, _| {
                let wait = || {
                    waits
                        .lock()
                        .expect("lock")
                        .recv()
                        .expect("the client reads");
                };
                got.send(speak(conn, way, head, &said, wait))
                    .expect("the test waits");
                Next::Close
            });
            let status = head.lines().next().expect("a line");
            for client in CLIENTS {
                let input: &[u8] = match (client, way) {
                    (Client::Quiet | Client::EndsAtOnce, Engine::Reset) => continue,
                    (Client::Quiet | Client::EndsAtOnce, _) => b"",
                    (Client::Ahead | Client::AheadAndEnds | Client::Later, Engine::Reset) => {
                        &INPUT[..1]
                    }
                    (Client::Ahead | Client::AheadAndEnds | Client::Later, _) => INPUT,
                };
                let what = format!("{way:?}, {client:?}, {status}, {} bytes", output.len());
                let mut conn = world.client();
                let has_head = || {
                    if way == Engine::Later {
                        head_came.send(()).expect("the engine waits");
                    }
                };
                let came = listen(&mut conn, client, upgrade, status, has_head);
                assert_eq!(came.len(), output.len(), "{what}");
                assert!(came == output, "{what}");
                assert_eq!(heard.recv().expect("the engine reports"), input, "{what}");
                drop(conn);
                world.engine.wait_idle();
            }
        }
    }
}

macro_rules! every_order {
    ($($name:ident: $way:ident;)*) => {$(
        #[test]
        fn $name() {
            every_order(Engine::$way);
        }
    )*};
}

every_order! {
    head_and_output_in_one_write: AtOnce;
    output_behind_a_head_that_the_client_has: Later;
    a_head_in_pieces: InPieces;
    an_interim_head_first: Interim;
    a_reset_behind_the_output: Reset;
}

/// A client that reads slowly gets all of it, although the engine is long gone.
#[test]
fn output_of_an_engine_that_is_gone_waits_for_the_client() {
    let world = World::new(EVERYTHING, |conn, _| {
        conn.send(SWITCHED);
        for _ in 0..4 {
            conn.send(BLOCK);
        }
        Next::Close
    });
    let mut client = world.client();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    client.read_head();
    // The engine has written everything: what neither it nor the client holds is the gate's.
    world.engine.wait_idle();
    client.send(INPUT);
    assert_eq!(client.read_to_end().len(), BLOCK.len() * 4);
}
