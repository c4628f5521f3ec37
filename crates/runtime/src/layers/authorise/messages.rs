//! A request's body whose messages are checked as they pass, each as a whole before any of it is handed on.
//!
//! It stands behind [`message_size`](crate::layers::message_size), which ends the body before a message that is too
//! large: what is held here is at most one message and one piece of the body.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use fenliu_domain::problem::{Problem, Reason};
use http::HeaderMap;
use http_body::{Body as _, Frame};
use tonic::Status;
use tonic::body::Body;

use super::check::Check;
use crate::layers::Refuse;
use crate::layers::message_size::PREFIX_BYTES;

/// The header that names the compression of messages.
const ENCODING_HEADER: &str = "grpc-encoding";

/// The prefix's first byte when the message is compressed.
const COMPRESSED: u8 = 1;

type Piece = Option<Result<Frame<Bytes>, Status>>;

pub(super) struct Checked {
    inner: Body,
    check: Check,
    refuse: Refuse,
    /// The compression of messages that are compressed.
    encoding: String,
    /// What has come and is not yet a whole message.
    pending: BytesMut,
    /// What comes next, already checked.
    next: Option<Frame<Bytes>>,
    /// Nothing more comes from within.
    ended: bool,
}

impl Checked {
    pub(super) fn new(inner: Body, check: Check, headers: &HeaderMap, refuse: Refuse) -> Self {
        let encoding = headers.get(ENCODING_HEADER).and_then(|value| value.to_str().ok());
        let encoding = encoding.unwrap_or_default().to_owned();
        Self { inner, check, refuse, encoding, pending: BytesMut::new(), next: None, ended: false }
    }

    /// Waits until the first message is there and checked, or the body has ended without one.
    pub(super) async fn read_first(&mut self) -> Result<(), Status> {
        self.next = std::future::poll_fn(|context| self.poll(context)).await.transpose()?;
        Ok(())
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Piece> {
        loop {
            if let Some(frame) = self.next.take() {
                return Poll::Ready(Some(Ok(frame)));
            }
            match self.message() {
                Ok(Some(message)) => return Poll::Ready(Some(Ok(Frame::data(message)))),
                Ok(None) if self.ended => return Poll::Ready(None),
                Ok(None) => {}
                Err(problem) => return Poll::Ready(Some(Err(self.end_with(problem)))),
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => self.take(frame),
                Some(Err(status)) => {
                    self.end();
                    return Poll::Ready(Some(Err(status)));
                }
                None => self.end_early(),
            }
        }
    }

    /// The next whole message with its prefix, checked.
    fn message(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(([flag, length @ ..], rest)) = self.pending.split_first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if *flag == COMPRESSED {
            return Err(compressed(&self.encoding));
        }
        let Some(message) = rest.get(..length) else { return Ok(None) };
        self.check.message(message)?;
        Ok(Some(self.pending.split_to(PREFIX_BYTES + length).freeze()))
    }

    fn take(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(data) => self.pending.extend_from_slice(&data),
            // Trailers: no more messages come.
            Err(trailers) => {
                self.end();
                self.next = Some(trailers);
            }
        }
    }

    /// The body is over. What is left of a message is handed on: the codec then says that the rest is missing.
    fn end_early(&mut self) {
        let rest = std::mem::take(&mut self.pending);
        self.end();
        self.next = (!rest.is_empty()).then(|| Frame::data(rest.freeze()));
    }

    fn end_with(&mut self, problem: Problem) -> Status {
        self.end();
        (self.refuse)(problem)
    }

    fn end(&mut self) {
        self.ended = true;
        self.pending.clear();
        self.inner = Body::empty();
    }
}

impl http_body::Body for Checked {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Piece> {
        self.get_mut().poll(context)
    }
}

/// The refusal of a message that cannot be read and so cannot be checked, in the words of the codec's own.
fn compressed(encoding: &str) -> Problem {
    let message = format!("messages compressed with {encoding:?} are not read; send them uncompressed");
    Problem::new(Reason::CompressionUnsupported, message).with("encoding", encoding)
}
