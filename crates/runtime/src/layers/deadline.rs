//! Deadlines: the caller's is honoured up to a maximum, a unary call without one gets the default, a stream
//! without one has none. What is left is known to outgoing calls, see [`remaining`].
//!
//! Deadlines run on the machine's monotonic clock, not on the service's [`Clock`](crate::clock::Clock): they
//! bound how long a connection is held, whatever time a simulation plays.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use fenliu_domain::problem::{Problem, Reason};
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::{Answer, Inner, Limits, Methods, Refuse, Request, Response, body};

/// The header that carries a deadline, as a length of time.
pub(crate) const TIMEOUT_HEADER: &str = "grpc-timeout";

/// A timeout has at most so many digits, says gRPC's protocol.
const MAX_DIGITS: usize = 8;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// What is left of the deadline of the call that is being handled; `None` when it has none, or outside of a
/// handler.
pub(crate) fn remaining() -> Option<Duration> {
    let deadline = DEADLINE.try_with(|deadline| *deadline).ok()?;
    Some(deadline.saturating_duration_since(Instant::now()))
}

#[derive(Clone)]
pub(super) struct Deadline<S> {
    pub(super) inner: S,
    pub(super) refuse: Refuse,
    pub(super) methods: Methods,
    pub(super) limits: Limits,
}

impl<S: Inner> Service<Request> for Deadline<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answer {
        let method = self.methods.find(request.uri().path());
        let streams = method.is_some_and(super::Method::streams);
        let given = match timeout_of(request.headers()) {
            Ok(given) => given.map(|given| given.min(self.limits.max_deadline)),
            Err(problem) => {
                let refusal = (self.refuse)(problem).into_http();
                return Box::pin(async move { Ok(refusal) });
            }
        };
        let timeout = given.or((!streams).then_some(self.limits.default_deadline));
        let call = self.inner.call(request);
        let Some(timeout) = timeout else { return Box::pin(call) };
        let end = End { at: Instant::now() + timeout, after: timeout, refuse: self.refuse };
        let server_streams = method.is_some_and(|method| method.server_streaming);
        Box::pin(async move {
            let response = match end.before(DEADLINE.scope(end.at, call)).await {
                Ok(response) => response?,
                Err(status) => status.into_http(),
            };
            Ok(if server_streams { end.of_stream(response) } else { response })
        })
    }
}

/// When a call ends, and how.
#[derive(Clone, Copy)]
struct End {
    at: Instant,
    after: Duration,
    refuse: Refuse,
}

impl End {
    /// The future's output, or the refusal when the time is up first.
    async fn before<F: Future>(self, call: F) -> Result<F::Output, Status> {
        tokio::time::timeout_at(self.at, call).await.map_err(|_| self.status())
    }

    fn of_stream(self, response: Response) -> Response {
        if response.headers().contains_key(Status::GRPC_STATUS) {
            return response;
        }
        let end = async move {
            tokio::time::sleep_until(self.at).await;
            self.status()
        };
        response.map(|inner| Body::new(body::EndedBy::new(inner, Box::pin(end))))
    }

    fn status(self) -> Status {
        let millis = self.after.as_millis();
        let message = format!(
            "no answer within {millis} ms; whether the call took effect is unknown, repeat it with the same \
             request_id"
        );
        (self.refuse)(Problem::new(Reason::DeadlineExceeded, message).with("deadline_ms", millis))
    }
}

/// The timeout that a caller gives; `None` when there is none.
///
/// # Errors
/// INVALID_REQUEST when it is none that gRPC's protocol knows: a caller who meant a deadline and got another one
/// would wait for longer than they know.
pub(crate) fn timeout_of(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let Some(value) = headers.get(TIMEOUT_HEADER) else { return Ok(None) };
    let timeout = value.to_str().ok().and_then(read_timeout);
    let refused =
        || Problem::field(TIMEOUT_HEADER, "must be one to eight digits and a unit of H, M, S, m, u or n");
    timeout.map(Some).ok_or_else(refused)
}

fn read_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3_600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// A timeout as gRPC's protocol writes it: in the finest unit that fits its eight digits, rounded down so that
/// nobody is promised more than is left.
pub(crate) fn timeout_value(timeout: Duration) -> HeaderValue {
    let limit = 10_u128.pow(8);
    let text = [(timeout.as_micros(), 'u'), (timeout.as_millis(), 'm'), (u128::from(timeout.as_secs()), 'S')]
        .into_iter()
        .find(|(amount, _)| *amount < limit)
        .map_or_else(|| "99999999S".to_owned(), |(amount, unit)| format!("{amount}{unit}"));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("0u"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<Option<Duration>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(TIMEOUT_HEADER, HeaderValue::from_static(text));
        timeout_of(&headers)
    }

    #[test]
    fn timeouts_of_every_unit_are_read() {
        for (text, expected) in [
            ("2H", Duration::from_secs(7_200)),
            ("3M", Duration::from_secs(180)),
            ("4S", Duration::from_secs(4)),
            ("5m", Duration::from_millis(5)),
            ("6u", Duration::from_micros(6)),
            ("7n", Duration::from_nanos(7)),
            ("99999999H", Duration::from_secs(99_999_999 * 3_600)),
        ] {
            assert_eq!(read(text), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_timeout_is_refused_by_name() {
        for text in ["", "S", "5", "abc", "-5S", "-1S", "+1S", "1 S", "123456789S", "1s", "1.5S"] {
            let problem = read(text).expect_err("no timeout");
            assert_eq!(problem.violations[0].field, TIMEOUT_HEADER, "{text}");
        }
        assert_eq!(timeout_of(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn what_is_written_is_read_back_never_longer() {
        let longest = Duration::from_secs(99_999_999);
        for timeout in [
            Duration::ZERO,
            Duration::from_nanos(1_999),
            Duration::from_millis(4_999),
            Duration::from_micros(100_000_001),
            Duration::from_secs(3_600 * 24 * 40),
            Duration::MAX,
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(TIMEOUT_HEADER, timeout_value(timeout));
            let back = timeout_of(&headers).unwrap().unwrap();
            assert!(back <= timeout, "{timeout:?} became {back:?}");
            assert!(timeout.min(longest) - back < Duration::from_secs(1));
        }
    }
}
