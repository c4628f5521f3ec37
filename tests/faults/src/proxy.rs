//! A link between two processes that can be made to fail: a TCP proxy on the loopback.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bytes taken at once.
const CHUNK: usize = 16 * 1024;
/// Of so many replies, one is cut off in the middle: few enough that a connection is of some use.
const REPLIES_A_RESET: u64 = 24;
/// What each piece of a late link is late by.
const LATENESS: Duration = Duration::from_millis(150);

/// What a link does to what goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing.
    Pass,
    /// Cuts connections off in the middle of a reply.
    Reset,
    /// Keeps connections open and lets nothing through.
    BlackHole,
    /// Lets everything there and nothing back.
    Mute,
    /// Passes single bytes.
    Slices,
    /// Passes everything late.
    Late,
}

/// The two ways of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// A link.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    mode: watch::Sender<Mode>,
    /// Grows when all connections are to be cut.
    cut: watch::Sender<u64>,
    replies: AtomicU64,
    /// What the mode has done: connections reset, pieces held back, sliced or late.
    hits: AtomicU64,
}

impl Link {
    /// Opens a link to a target.
    pub(crate) async fn to(target: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for a link")?;
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            mode: watch::Sender::new(Mode::Pass),
            cut: watch::Sender::new(0),
            replies: AtomicU64::default(),
            hits: AtomicU64::default(),
        });
        let link = Self { address: listener.local_addr()?, shared: shared.clone() };
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(shared.clone().connect(near));
            }
        });
        Ok(link)
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.shared.mode.send_replace(mode);
    }

    /// Leads elsewhere from now on; connections to where it led before are cut.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        *self.shared.lock_target() = target;
        self.cut();
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        self.shared.cut.send_modify(|cuts| *cuts += 1);
    }

    /// How often a mode has done something so far.
    pub(crate) fn hits(&self) -> u64 {
        self.shared.hits.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock_target(&self) -> std::sync::MutexGuard<'_, SocketAddr> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(self: Arc<Self>, near: TcpStream) {
        let mut cut = self.cut.subscribe();
        let target = *self.lock_target();
        // Whoever connects to what is not there finds the connection closed.
        let Ok(far) = TcpStream::connect(target).await else { return };
        if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
            return;
        }
        let (mut near, mut far) = (near, far);
        let ended_well = {
            let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
            tokio::select! {
                end = self.pump(near_in, far_out, Way::There) => end.is_ok(),
                end = self.pump(far_in, near_out, Way::Back) => end.is_ok(),
                _ = cut.changed() => false,
            }
        };
        if !ended_well {
            // With nothing lingering the other side sees a reset.
            let _ = near.set_zero_linger();
            let _ = far.set_zero_linger();
        }
    }

    /// Carries bytes until one side closes; an error where the connection is to be reset.
    async fn pump(
        &self,
        mut from: impl AsyncReadExt + Unpin,
        mut to: impl AsyncWriteExt + Unpin,
        way: Way,
    ) -> std::io::Result<()> {
        let mut buffer = vec![0; CHUNK];
        let mut mode = self.mode.subscribe();
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            let piece = &buffer[..length];
            let now = *mode.borrow_and_update();
            match now {
                Mode::Pass => to.write_all(piece).await?,
                Mode::Mute if way == Way::There => to.write_all(piece).await?,
                Mode::BlackHole | Mode::Mute => {
                    self.hit();
                    // It arrives when the way is open again, as what TCP sends again does.
                    let _ = mode.wait_for(|mode| *mode != now).await;
                    to.write_all(piece).await?;
                }
                Mode::Late => {
                    self.hit();
                    tokio::time::sleep(LATENESS).await;
                    to.write_all(piece).await?;
                }
                Mode::Slices => {
                    self.hit();
                    for byte in piece {
                        to.write_all(std::slice::from_ref(byte)).await?;
                        tokio::task::yield_now().await;
                    }
                }
                Mode::Reset => self.reset(&mut to, piece, way).await?,
            }
        }
    }

    async fn reset(
        &self,
        to: &mut (impl AsyncWriteExt + Unpin),
        piece: &[u8],
        way: Way,
    ) -> std::io::Result<()> {
        let number = if way == Way::Back { self.replies.fetch_add(1, Ordering::Relaxed) } else { 0 };
        if way == Way::There || !number.is_multiple_of(REPLIES_A_RESET) {
            return to.write_all(piece).await;
        }
        self.hit();
        to.write_all(&piece[..piece.len() / 2]).await?;
        Err(std::io::ErrorKind::ConnectionReset.into())
    }

    fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }
}
