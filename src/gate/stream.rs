//! A byte stream to a client or to the engine, over a unix socket or TCP.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncReadExt, AsyncWrite, Interest, Ready};
use tokio::net::{TcpStream, UnixStream, tcp, unix};

use super::buffer::Buffer;
use crate::observe::Peer;

/// A connected stream.
#[derive(Debug)]
pub(crate) enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

impl Stream {
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

    /// Both directions, to be used at the same time.
    pub(crate) fn split(&mut self) -> (Reader<'_>, Writer<'_>) {
        match self {
            Self::Tcp(stream) => {
                let (read, write) = stream.split();
                (Reader::Tcp(read), Writer::Tcp(write))
            }
            Self::Unix(stream) => {
                let (read, write) = stream.split();
                (Reader::Unix(read), Writer::Unix(write))
            }
        }
    }

    /// Whether the peer is seen to have closed both directions.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Self::Tcp(stream) => write_closed(stream.ready(Interest::WRITABLE)),
            Self::Unix(stream) => write_closed(stream.ready(Interest::WRITABLE)),
        }
    }
}

/// Whether the kernel says that the peer takes nothing any more. A TCP peer that has closed cannot be told from one
/// that has only ended its own direction, until something is written to it.
fn write_closed(ready: impl Future<Output = io::Result<Ready>>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(ready).poll(&mut context) {
        Poll::Ready(Ok(state)) => state.is_write_closed(),
        Poll::Ready(Err(_)) => true,
        Poll::Pending => false,
    }
}

/// The direction from the peer.
#[derive(Debug)]
pub(crate) enum Reader<'a> {
    /// Over TCP.
    Tcp(tcp::ReadHalf<'a>),
    /// Over a unix socket.
    Unix(unix::ReadHalf<'a>),
}

impl Reader<'_> {
    /// Reads once into `buffer`, which gets its storage only when there is something to read: an idle
    /// connection holds none. `Ok(0)` is the end of the stream.
    pub(crate) fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut Buffer,
    ) -> Poll<io::Result<usize>> {
        let read = match self {
            Self::Tcp(half) => {
                let stream: &TcpStream = half.as_ref();
                ready!(stream.poll_read_ready(context))?;
                ready!(pin!(half.read_buf(buffer.room())).poll(context))
            }
            Self::Unix(half) => {
                let stream: &UnixStream = half.as_ref();
                ready!(stream.poll_read_ready(context))?;
                ready!(pin!(half.read_buf(buffer.room())).poll(context))
            }
        };
        buffer.after_read();
        Poll::Ready(read)
    }

    /// Whether the peer is seen to have closed both directions: [`Stream::is_gone`].
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Self::Tcp(half) => write_closed(half.ready(Interest::WRITABLE)),
            Self::Unix(half) => write_closed(half.ready(Interest::WRITABLE)),
        }
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
pub(crate) enum Writer<'a> {
    /// Over TCP.
    Tcp(tcp::WriteHalf<'a>),
    /// Over a unix socket.
    Unix(unix::WriteHalf<'a>),
}

impl Writer<'_> {
    fn inner(&mut self) -> Pin<&mut (dyn AsyncWrite + Send + Unpin)> {
        match self {
            Self::Tcp(half) => Pin::new(half),
            Self::Unix(half) => Pin::new(half),
        }
    }

    /// Writes as many of `bytes` as the peer takes now.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|context| self.inner().poll_write(context, bytes)).await
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
            let slices = [
                io::IoSlice::new(head),
                io::IoSlice::new(body),
                io::IoSlice::new(tail),
            ];
            let mut written =
                poll_fn(|context| self.inner().poll_write_vectored(context, &slices)).await?;
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
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        poll_fn(|context| self.inner().poll_shutdown(context)).await
    }
}

fn advanced(bytes: &[u8], written: usize) -> io::Result<&[u8]> {
    match written {
        0 => Err(io::ErrorKind::WriteZero.into()),
        _ => Ok(bytes.get(written..).unwrap_or_default()),
    }
}
