//! One attempt: resolve, look at the addresses, connect, sign, post, and look at the answer.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, ensure};
use fenliu_domain::time::Timestamp;
use fenliu_runtime::clock::duration;
use hmac::{Hmac, Mac};
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::is_public;
use crate::config::WebhookConfig;

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// Posts to one address.
#[derive(Debug)]
pub(super) struct Post {
    config: WebhookConfig,
    host: String,
    port: u16,
    path: String,
    authority: String,
    /// How to speak TLS; `None` = in the clear.
    tls: Option<Arc<ClientConfig>>,
}

/// Why something did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// Its time was over.
    #[error("no answer within the time an attempt may take")]
    TooLong,
    /// The name leads nowhere else.
    #[error("{0} leads to no public address; webhook.allow_private allows others")]
    Private(String),
    /// The name leads nowhere, or nobody answers there.
    #[error("cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    /// What answers does not speak HTTP.
    #[error("does not answer: {0}")]
    Broken(#[from] hyper::Error),
    /// The answer was no yes. Redirects are not followed: they could lead anywhere.
    #[error("answered {0}")]
    Refused(http::StatusCode),
}

impl Post {
    /// # Errors
    /// When the address is none.
    pub(super) fn to(config: &WebhookConfig) -> anyhow::Result<Self> {
        let uri: Uri = config.url.parse().context("must be an address such as https://example.com/alerts")?;
        let scheme = uri.scheme_str().unwrap_or_default();
        ensure!(["http", "https"].contains(&scheme), "must begin with http:// or https://");
        let authority = uri.authority().context("must name a host")?;
        ensure!(!authority.as_str().contains('@'), "must not hold a user or a password");
        let secure = scheme == "https";
        let tls = secure.then(trusting_this_machine).transpose()?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
        Ok(Self { config: config.clone(), host, port, path, authority: authority.to_string(), tls })
    }

    /// Posts a body.
    ///
    /// # Errors
    /// Why it did not arrive.
    pub(super) async fn send(&self, body: &str, id: &str, now: Timestamp) -> Result<(), Failed> {
        let within = duration(self.config.timeout());
        let sent = tokio::time::timeout(within, self.attempt(body, id, now)).await;
        sent.unwrap_or(Err(Failed::TooLong))
    }

    async fn attempt(&self, body: &str, id: &str, now: Timestamp) -> Result<(), Failed> {
        let request = self.request(body, id, now);
        let stream = self.connect().await?;
        match &self.tls {
            None => exchange(stream, request).await,
            Some(config) => {
                let name = ServerName::try_from(self.host.clone()).map_err(std::io::Error::other)?;
                let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
                exchange(stream, request).await
            }
        }
    }

    /// Connects to the first address that answers of those that may be. What is looked at is what is connected to.
    async fn connect(&self) -> Result<TcpStream, Failed> {
        let found = lookup_host((self.host.as_str(), self.port)).await?;
        let may_be = |address: &SocketAddr| self.config.allow_private || is_public(address.ip());
        let mut failed = Failed::Private(self.host.clone());
        for address in found.filter(may_be) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = Failed::Unreachable(error),
            }
        }
        Err(failed)
    }

    fn request(&self, body: &str, id: &str, now: Timestamp) -> Request<Full<Bytes>> {
        let seconds = now.micros().div_euclid(SECOND).to_string();
        let mut request = Request::new(Full::new(Bytes::from(body.to_owned())));
        *request.method_mut() = http::Method::POST;
        // It was a part of an address that was read.
        *request.uri_mut() = self.path.parse().unwrap_or_default();
        let signature = format!("v1={}", signature(self.config.secret.as_bytes(), &seconds, body));
        for (name, value) in [
            (header::HOST.as_str(), self.authority.as_str()),
            (header::CONTENT_TYPE.as_str(), "application/json"),
            ("fenliu-delivery", id),
            ("fenliu-timestamp", &seconds),
            ("fenliu-signature", &signature),
        ] {
            if let (Ok(name), Ok(value)) =
                (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
            {
                request.headers_mut().insert(name, value);
            }
        }
        request
    }
}

/// HMAC-SHA256 over the timestamp, a dot and the body, in hex.
fn signature(secret: &[u8], timestamp: &str, body: &str) -> String {
    // A key of any length will do.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(secret) else { return String::new() };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<(), Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender, that is with the attempt; what comes after the head of the answer is not read.
    tokio::spawn(connection);
    let status = sender.send_request(request).await?.status();
    if status.is_success() { Ok(()) } else { Err(Failed::Refused(status)) }
}

/// TLS that trusts the roots this machine trusts.
fn trusting_this_machine() -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (trusted, _) = roots.add_parsable_certificates(found.certs);
    ensure!(trusted > 0, "https needs root certificates, and this machine has none");
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn config(url: &str) -> WebhookConfig {
        WebhookConfig { url: url.into(), secret: "0123456789abcdef".into(), ..WebhookConfig::default() }
    }

    #[test]
    fn the_signature_is_what_any_other_hmac_makes_of_timestamp_and_body() {
        // By Python's hmac.new(b"0123456789abcdef", b"1777896000.{}", "sha256").
        let expected = "7ece0c08b9073a1cec1fece6ccc81d046a908439a1f4f187afad8ad9d78db1b0";
        assert_eq!(signature(b"0123456789abcdef", "1777896000", "{}"), expected);
        assert_ne!(signature(b"0123456789abcdef", "1777896001", "{}"), expected);
        assert_ne!(signature(b"0123456789abcdee", "1777896000", "{}"), expected);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["somewhere", "ftp://example.com/", "/alerts", "https://user:secret@example.com/"] {
            assert!(Post::to(&config(url)).is_err(), "{url}");
        }
        let post = Post::to(&config("http://[::1]:8080/a/b?c=d")).expect("an address");
        assert_eq!((post.host.as_str(), post.port, post.path.as_str()), ("::1", 8_080, "/a/b?c=d"));
        assert_eq!(Post::to(&config("http://example.com")).expect("an address").port, 80);
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("the port").port();
        for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"] {
            let url = format!("http://{host}:{port}/");
            let closed = Post::to(&config(&url)).expect("an address");
            let failed = closed.send("{}", "1", Timestamp::default()).await.expect_err("it is private");
            assert!(matches!(failed, Failed::Private(_)), "{failed}");
        }
        let open = WebhookConfig { allow_private: true, ..config(&format!("http://localhost:{port}/")) };
        let open = Post::to(&open).expect("an address");
        let asked = tokio::spawn(async move { open.send("{}", "1", Timestamp::default()).await });
        let (stream, _) = listener.accept().await.expect("somebody connects where it is allowed");
        drop(stream);
        assert!(asked.await.expect("it ends").is_err(), "nobody answered");
    }
}
