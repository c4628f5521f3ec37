//! Connections: accepted, bounded in number, served over HTTP/2, drained, and cut at the very end.
//!
//! This is tonic's server loop done by hand, for two reasons. tonic runs a timer of its own for every caller's
//! deadline, outside of all layers, and now and then it wins the race against ours and answers CANCELLED,
//! without a reason. And its graceful shutdown waits for ever on a peer that has connected and says nothing.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::transport::server::Connected;
use tower::ServiceExt;

use super::ServerConfig;
use crate::layers::Inner;

/// HTTP/2 headers of one call, in bytes.
const MAX_HEADER_LIST_BYTES: u32 = 16 * 1024;

/// Streams a peer may open and reset before they are accepted; more is the rapid reset attack and closes the
/// connection.
const MAX_PENDING_RESETS: usize = 20;

/// A connection that says nothing at all is closed after this long.
const FIRST_BYTE_LIMIT: Duration = Duration::from_secs(10);

/// After an error of the listener (out of file descriptors, mostly), the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// When connections end.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    /// No new connections; those there are finish their calls and close.
    pub(super) draining: CancellationToken,
    /// They close as they are.
    pub(super) cut: CancellationToken,
}

/// Serves until the drain begins and the last connection has closed. Connections beyond the limit wait in the
/// kernel's backlog.
pub(super) async fn serve<S: Inner>(listener: TcpListener, service: S, config: &ServerConfig, ends: Ends) {
    let http2 = http2(config);
    let places = Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS)));
    let connections = TaskTracker::new();
    while let Some((stream, place)) = ends.draining.run_until_cancelled(next(&listener, &places)).await {
        let connection = connection(stream, service.clone(), http2.clone(), ends.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

fn http2(config: &ServerConfig) -> http2::Builder<TokioExecutor> {
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.max_concurrent_streams)
        .max_header_list_size(MAX_HEADER_LIST_BYTES)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .keep_alive_interval(Duration::from_millis(config.keepalive_interval_ms))
        .keep_alive_timeout(Duration::from_millis(config.keepalive_timeout_ms));
    http2
}

/// The next connection, and its place among those there may be.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<tokio::sync::OwnedSemaphorePermit>) {
    // The semaphore is never closed, so there always is a place in the end.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection<S: Inner>(
    stream: TcpStream,
    service: S,
    http2: http2::Builder<TokioExecutor>,
    ends: Ends,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a new connection is gone already");
        return;
    }
    let peer = stream.connect_info();
    let service = service.map_request(move |request: http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        // Where tonic's own server puts it, for `Request::remote_addr`.
        request.extensions_mut().insert(peer.clone());
        request
    });
    let served =
        http2.serve_connection(TokioIo::new(Talkative::new(stream)), TowerToHyperService::new(service));
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        end = &mut served => end,
        () = ends.draining.cancelled() => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                end = &mut served => end,
                () = ends.cut.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// A connection whose peer must say something soon.
struct Talkative {
    stream: TcpStream,
    first_byte: Option<Pin<Box<Sleep>>>,
}

impl Talkative {
    fn new(stream: TcpStream) -> Self {
        Self { stream, first_byte: Some(Box::pin(tokio::time::sleep(FIRST_BYTE_LIMIT))) }
    }
}

impl AsyncRead for Talkative {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_ready() {
            this.first_byte = None;
        } else if let Some(limit) = &mut this.first_byte
            && limit.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the connection says nothing")));
        }
        read
    }
}

impl AsyncWrite for Talkative {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
