//! A byte stream to a client or to the engine, over a unix socket or TCP.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker, ready};

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, writev};
use rustix::net::{
    self, AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};
use tokio::net::{TcpStream, UnixStream};

use super::buffer::Buffer;
use crate::observe::Peer;

/// A new connection, as the runtime and hyper know it.
#[derive(Debug)]
pub(crate) enum Connected {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

impl Connected {
    /// Who is at the other end.
    pub(crate) fn peer(&self) -> Peer {
        match self {
            Self::Tcp(stream) => stream.peer_addr().map_or(Peer::Unknown, Peer::Tcp),
            Self::Unix(stream) => {
                stream
                    .peer_cred()
                    .map_or(Peer::Unknown, |credentials| Peer::Unix {
                        uid: credentials.uid(),
                        gid: credentials.gid(),
                        // The kernel says 0 where the process is in another PID namespace.
                        pid: credentials
                            .pid()
                            .and_then(|pid| u32::try_from(pid).ok())
                            .filter(|pid| *pid > 0),
                    })
            }
        }
    }
}

/// A connected stream.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Watched for input alone: of a socket that is watched for room too, the kernel reports each time that the peer has
    /// read something, which wakes the gate for nothing, at the peer's cost.
    socket: AsyncFd<OwnedFd>,
    /// The same, watched for room: once the peer has been too slow.
    full: Option<AsyncFd<OwnedFd>>,
}

impl Stream {
    /// Takes a connection over.
    ///
    /// # Errors
    /// When the runtime cannot watch it.
    pub(crate) fn new(connected: Connected) -> io::Result<Self> {
        Self::of(match connected {
            Connected::Tcp(stream) => stream.into_std()?.into(),
            Connected::Unix(stream) => stream.into_std()?.into(),
        })
    }

    /// Connects to a unix socket, which needs no wait: whoever listens there need not accept the connection first.
    ///
    /// # Errors
    /// When nobody listens, when as many connections wait as may, or when the gate may not connect.
    pub(crate) fn connect(path: &Path) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        net::connect(&socket, &SocketAddrUnix::new(path)?)?;
        Self::of(socket)
    }

    fn of(socket: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            socket: watch(socket, Interest::READABLE)?,
            full: None,
        })
    }

    /// Both directions, to be used at the same time.
    pub(crate) fn split(&mut self) -> (Reader<'_>, Writer<'_>) {
        (
            Reader(&self.socket),
            Writer {
                socket: &self.socket,
                full: &mut self.full,
            },
        )
    }

    /// Whether the peer is seen to have closed both directions. Of a TCP peer that cannot be told from one that has only
    /// ended its own direction, until something is written to it.
    pub(crate) fn is_gone(&self) -> bool {
        is_gone(&self.socket)
    }
}

#[expect(
    deprecated,
    reason = "in its successor the caller vouches for the descriptor to stay the same, which an owned one does"
)]
fn watch(socket: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(socket, interest)
}

/// [`Stream::is_gone`]. The kernel reports it whatever a socket is watched for.
fn is_gone(socket: &AsyncFd<OwnedFd>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(socket.ready(Interest::WRITABLE)).poll(&mut context) {
        Poll::Ready(Ok(guard)) => guard.ready().is_write_closed(),
        Poll::Ready(Err(_)) => true,
        Poll::Pending => false,
    }
}

/// The direction from the peer.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a AsyncFd<OwnedFd>);

impl Reader<'_> {
    /// Reads once into `buffer`, which gets its storage only when there is something to read: an idle
    /// connection holds none. `Ok(0)` is the end of the stream.
    pub(crate) fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut Buffer,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(context))?;
            let room = buffer.room();
            let most = room.capacity().saturating_sub(room.len());
            match net::recv(self.0, spare_capacity(room), RecvFlags::empty()) {
                Ok((_, count)) => {
                    // Less than there was room for is all that there was: the kernel reports what comes later.
                    if count > 0 && count < most {
                        guard.clear_ready_matching(Ready::READABLE);
                    }
                    buffer.after_read();
                    return Poll::Ready(Ok(count));
                }
                Err(Errno::AGAIN) => guard.clear_ready_matching(Ready::READABLE),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    /// Whether the peer is seen to have closed both directions: [`Stream::is_gone`].
    pub(crate) fn is_gone(&self) -> bool {
        is_gone(self.0)
    }

    /// Waits for [`Reader::poll_fill`].
    pub(crate) async fn fill(&mut self, buffer: &mut Buffer) -> io::Result<usize> {
        poll_fn(|context| self.poll_fill(context, buffer)).await
    }

    /// Reads more, like [`Reader::fill`]; while nothing comes, `buffer` gives its storage back.
    pub(crate) async fn fill_or_rest(&mut self, buffer: &mut Buffer) -> io::Result<usize> {
        poll_fn(|context| {
            let polled = self.poll_fill(context, buffer);
            if polled.is_pending() {
                buffer.release();
            }
            polled
        })
        .await
    }
}

/// The direction to the peer.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    socket: &'a AsyncFd<OwnedFd>,
    full: &'a mut Option<AsyncFd<OwnedFd>>,
}

impl Writer<'_> {
    /// Writes as many of `bytes` as the peer takes now.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.once(|socket| net::send(socket, bytes, SendFlags::NOSIGNAL))
            .await
    }

    /// Sends once, as soon as the peer takes something. Answers how much it has taken.
    async fn once(
        &mut self,
        mut send: impl FnMut(&OwnedFd) -> rustix::io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match send(self.socket.get_ref()) {
                Ok(count) => return Ok(count),
                Err(Errno::AGAIN) => self.wait_for_room().await?,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the kernel has reported room since the last time that this was waited for.
    async fn wait_for_room(&mut self) -> io::Result<()> {
        let full = match &mut self.full {
            Some(full) => full,
            none => {
                let socket = self.socket.get_ref().try_clone()?;
                none.insert(watch(socket, Interest::WRITABLE)?)
            }
        };
        full.writable().await?.clear_ready();
        Ok(())
    }

    /// Writes all of `bytes`.
    pub(crate) async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.write(bytes).await?;
            bytes = advanced(bytes, written)?;
        }
        Ok(())
    }

    /// Writes all of `head`, `body` and `tail`, in one system call where the kernel takes it.
    pub(crate) async fn write_framed(
        &mut self,
        mut head: &[u8],
        mut body: &[u8],
        mut tail: &[u8],
    ) -> io::Result<()> {
        while !(head.is_empty() && body.is_empty() && tail.is_empty()) {
            let slices = [head, body, tail].map(IoSlice::new);
            let mut written = self.once(|socket| writev(socket, &slices)).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            for part in [&mut head, &mut body, &mut tail] {
                let taken = written.min(part.len());
                *part = part.get(taken..).unwrap_or_default();
                written = written.saturating_sub(taken);
            }
        }
        Ok(())
    }

    /// Ends this direction; the other one goes on.
    pub(crate) fn shutdown(&mut self) -> io::Result<()> {
        match net::shutdown(self.socket, net::Shutdown::Write) {
            // The peer has cut the connection.
            Ok(()) | Err(Errno::NOTCONN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn advanced(bytes: &[u8], written: usize) -> io::Result<&[u8]> {
    match written {
        0 => Err(io::ErrorKind::WriteZero.into()),
        _ => Ok(bytes.get(written..).unwrap_or_default()),
    }
}
