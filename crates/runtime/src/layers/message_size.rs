//! No message is larger than this server takes, whatever the services themselves allow.
//!
//! gRPC announces each message with a prefix of five bytes: one for compression, four for the length. This body
//! follows the prefixes and refuses a message before it is read, so ten megabytes cost five bytes. (A compressed
//! message is bounded again, after decompression, by tonic's own limit.)

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use fenliu_domain::problem::{Problem, Reason};
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::{Inner, Refuse, Request, Response};

/// One byte for compression, four for the length.
pub(super) const PREFIX_BYTES: usize = 5;

#[derive(Clone)]
pub(super) struct MessageSize<S> {
    pub(super) inner: S,
    pub(super) refuse: Refuse,
    pub(super) limit: usize,
}

impl<S: Inner> Service<Request> for MessageSize<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> S::Future {
        let (refuse, limit) = (self.refuse, self.limit);
        self.inner.call(request.map(|inner| {
            let prefixes = Prefixes { limit, ..Prefixes::default() };
            Body::new(Measured { inner, refuse, prefixes })
        }))
    }
}

struct Measured {
    inner: Body,
    refuse: Refuse,
    prefixes: Prefixes,
}

impl http_body::Body for Measured {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
            && let Err(length) = this.prefixes.follow(data.clone())
        {
            let limit = this.prefixes.limit;
            let message = format!("a message of {length} bytes; at most {limit} are taken");
            let problem = Problem::new(Reason::MessageTooLarge, message);
            let problem = problem.with("message_bytes", length).with("limit_bytes", limit);
            return Poll::Ready(Some(Err((this.refuse)(problem))));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Where in the run of prefixes and messages a body is.
#[derive(Default)]
struct Prefixes {
    limit: usize,
    /// Bytes of the present message still to come.
    rest: usize,
    /// The part of the next prefix that has come.
    prefix: [u8; PREFIX_BYTES],
    prefix_length: usize,
}

impl Prefixes {
    /// Follows the next bytes; the length of a message above the limit is the error.
    fn follow(&mut self, mut data: Bytes) -> Result<(), u64> {
        loop {
            let skipped = self.rest.min(data.len());
            data.advance(skipped);
            self.rest -= skipped;
            if data.is_empty() {
                return Ok(());
            }
            self.prefix[self.prefix_length] = data.get_u8();
            self.prefix_length += 1;
            if self.prefix_length == PREFIX_BYTES {
                self.prefix_length = 0;
                self.rest = self.announced()?;
            }
        }
    }

    fn announced(&self) -> Result<usize, u64> {
        let [_, length @ ..] = self.prefix;
        let length = u32::from_be_bytes(length);
        usize::try_from(length).ok().filter(|length| *length <= self.limit).ok_or(u64::from(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: u32) -> Vec<u8> {
        [&[0][..], &length.to_be_bytes(), &vec![7; length as usize]].concat()
    }

    fn follow_in_pieces(bytes: &[u8], piece: usize) -> Result<(), u64> {
        let mut prefixes = Prefixes { limit: 100, ..Prefixes::default() };
        bytes.chunks(piece).try_for_each(|piece| prefixes.follow(Bytes::copy_from_slice(piece)))
    }

    #[test]
    fn messages_up_to_the_limit_pass_however_they_are_cut() {
        let bytes = [message(100), message(0), message(1), message(99)].concat();
        for piece in 1..=bytes.len() {
            assert_eq!(follow_in_pieces(&bytes, piece), Ok(()));
        }
    }

    #[test]
    fn one_byte_more_is_noticed_however_it_is_cut() {
        let bytes = [message(5), message(101)].concat();
        for piece in 1..=bytes.len() {
            assert_eq!(follow_in_pieces(&bytes, piece), Err(101));
        }
    }
}
