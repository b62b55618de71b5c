//! Records as server-sent events (WHATWG HTML, "Server-sent events").

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::super::events::{Event, Events};

/// How often something is sent when nothing happens: so long it takes to notice a viewer that is gone.
const HEARTBEAT: Duration = Duration::from_secs(15);

type Next = Pin<Box<dyn Future<Output = (Option<Bytes>, Receiver<Event>)> + Send>>;

/// The body of an answer that goes on for as long as somebody watches.
pub(crate) struct EventBody {
    recent: VecDeque<Event>,
    next: Next,
}

impl fmt::Debug for EventBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBody").finish_non_exhaustive()
    }
}

impl EventBody {
    /// What was notable so far, and from there on what happens.
    pub(crate) fn new(events: &Events) -> Self {
        let (recent, live) = events.watch();
        Self {
            recent: recent.into(),
            next: next(live),
        }
    }
}

impl Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(event) = self.recent.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data(&event)))));
        }
        let (sent, live) = ready!(self.next.as_mut().poll(context));
        self.next = next(live);
        Poll::Ready(sent.map(|sent| Ok(Frame::data(sent))))
    }
}

fn next(mut live: Receiver<Event>) -> Next {
    Box::pin(async move {
        let sent = match timeout(HEARTBEAT, live.recv()).await {
            Err(_) => Some(Bytes::from_static(b": nothing happens\n\n")),
            Ok(Ok(event)) => Some(data(&event)),
            Ok(Err(RecvError::Lagged(missed))) => {
                Some(format!("event: missed\ndata: {missed}\n\n").into())
            }
            Ok(Err(RecvError::Closed)) => None,
        };
        (sent, live)
    })
}

fn data(event: &Event) -> Bytes {
    [b"data: ".as_slice(), event, b"\n\n"].concat().into()
}
