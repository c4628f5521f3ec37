//! Which token goes along with a call.

use std::sync::Arc;

use fenliu_domain::time::{Span, Timestamp};

use super::{SharedToken, TokenSource};
use crate::auth::TokenFile;
use crate::clock::VirtualClock;

fn sent(source: &TokenSource) -> Option<String> {
    source.header().map(|value| value.to_str().unwrap().to_owned())
}

#[test]
fn what_cannot_be_sent_is_no_token() {
    for bad in ["", "a b", "a\nb", "ü", &"x".repeat(8_193)] {
        assert!(TokenSource::fixed(bad).is_err(), "{bad}");
    }
    assert_eq!(sent(&TokenSource::fixed("a.b.c").unwrap()).as_deref(), Some("Bearer a.b.c"));
}

#[tokio::test]
async fn a_file_is_read_again_when_it_is_time_and_the_last_token_outlives_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let clock = VirtualClock::new(Timestamp::from_micros_clamped(0));
    let pass = |seconds| clock.advance_to(Timestamp::from_micros_clamped(0) + Span::from_secs(seconds));
    TokenFile::write(&path, "one").unwrap();
    let source = TokenSource::file("accounts.token_file", path.clone(), Arc::new(clock.clone())).unwrap();
    TokenFile::write(&path, "two").unwrap();
    pass(29).await;
    assert_eq!(sent(&source).as_deref(), Some("Bearer one"));
    pass(30).await;
    assert_eq!(sent(&source).as_deref(), Some("Bearer two"));
    std::fs::remove_file(&path).unwrap();
    pass(60).await;
    assert_eq!(sent(&source).as_deref(), Some("Bearer two"));
}

#[test]
fn a_missing_file_is_named_with_its_key() {
    let clock = VirtualClock::new(Timestamp::from_micros_clamped(0));
    let error =
        TokenSource::file("accounts.token_file", "/nowhere/token".into(), Arc::new(clock)).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("accounts.token_file") && message.contains("/nowhere/token"), "{message}");
}

#[test]
fn a_shared_token_can_be_replaced_and_taken_away() {
    let token = SharedToken::default();
    let source = TokenSource::shared(token.clone());
    assert_eq!(sent(&source), None);
    token.set("one").unwrap();
    assert_eq!(sent(&source).as_deref(), Some("Bearer one"));
    assert!(token.set("not one").is_err());
    assert_eq!(sent(&source).as_deref(), Some("Bearer one"));
    token.clear();
    assert_eq!(sent(&source), None);
}

#[test]
fn no_token_is_printed() {
    let token = SharedToken::default();
    token.set("secret").unwrap();
    let fixed = TokenSource::fixed("secret").unwrap();
    let printed =
        format!("{fixed:?} {:?} {token:?} {:?}", TokenSource::shared(token.clone()), fixed.header());
    assert!(!printed.contains("secret"), "{printed}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_token_file() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "world-readable").unwrap();
    TokenFile::write(&path, "secret").unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no draft is left behind");
}
