//! Bodies that break, dawdle or never end.

use crate::drive::Open;
use crate::model::{Delivery, Outcome};
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use coffer_core::secret::ExposeSecret;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// What is sent where a body is to be huge.
static FILLING: [u8; 65_536] = [b' '; 65_536];

/// Time for what was written to reach the wire before the connection breaks.
const FLUSH: Duration = Duration::from_millis(20);

/// Puts the body on its way as the outcome wants it.
pub(super) fn attach(mut response: HttpResponseBuilder, outcome: Outcome, open: Open) -> HttpResponse {
    let bytes = Bytes::copy_from_slice(outcome.reply.body.expose_secret());
    let whole = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let (size, left, pace, ending) = match outcome.delivery {
        Delivery::Whole => {
            open.close(true);
            return response.body(bytes);
        }
        Delivery::Dropped => (whole, 0, Pace::at_once(), Ending::Break),
        Delivery::Truncated => (whole.max(1), whole / 2, Pace::at_once(), Ending::Break),
        Delivery::Slow { chunk, every } => (whole, whole, Pace { chunk, every }, Ending::Whole),
        Delivery::Huge { bytes } => (bytes.max(whole), bytes.max(whole), Pace::at_once(), Ending::Whole),
    };
    if ending == Ending::Whole && size == 0 {
        open.close(true);
        return response.body(bytes);
    }
    // A reply that is dropped must not leave as much as a status line, so it ends at the first poll.
    let flushes = ending == Ending::Break && left > 0;
    response.body(Travelling {
        bytes,
        size,
        left,
        pace,
        ending,
        flushes,
        timer: None,
        open,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    Break,
}

struct Pace {
    chunk: usize,
    every: Duration,
}

impl Pace {
    fn at_once() -> Self {
        Self {
            chunk: FILLING.len(),
            every: Duration::ZERO,
        }
    }
}

/// A body on its way.
struct Travelling {
    /// What is left of the reply; filling comes after it.
    bytes: Bytes,
    /// What `content-length` says.
    size: u64,
    /// How many bytes are still to be sent before the end.
    left: u64,
    pace: Pace,
    ending: Ending,
    /// Whether to let written bytes leave before the connection breaks.
    flushes: bool,
    timer: Option<Pin<Box<Sleep>>>,
    open: Open,
}

impl Travelling {
    /// Waits once for each call that finds no timer running.
    fn poll_pause(&mut self, cx: &mut Context<'_>, how_long: Duration) -> Poll<()> {
        if how_long.is_zero() {
            return Poll::Ready(());
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(how_long)));
        ready!(timer.as_mut().poll(cx));
        self.timer = None;
        Poll::Ready(())
    }

    fn next_chunk(&mut self) -> Bytes {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(self.pace.chunk);
        let chunk = match self.bytes.is_empty() {
            true => Bytes::from_static(FILLING.get(..most.min(FILLING.len())).unwrap_or(&FILLING)),
            false => self.bytes.split_to(most.min(self.bytes.len())),
        };
        self.left = self
            .left
            .saturating_sub(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        chunk
    }
}

impl MessageBody for Travelling {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.size)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        if self.left > 0 {
            let every = self.pace.every;
            ready!(self.poll_pause(cx, every));
            let chunk = self.next_chunk();
            if self.left == 0 && self.ending == Ending::Whole {
                self.open.close(true);
            }
            return Poll::Ready(Some(Ok(chunk)));
        }
        if self.ending == Ending::Whole {
            return Poll::Ready(None);
        }
        if self.flushes {
            ready!(self.poll_pause(cx, FLUSH));
        }
        self.open.close(false);
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}
