//! Trust as it comes, changes and goes.

use std::sync::Arc;

use fenliu_domain::access::{Caller, Permissions, Subject};
use fenliu_domain::ids::AgentId;
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use futures::FutureExt;

use super::trust::Trust;
use super::{Authenticator, KEY_WAIT, MAX_REVOCATIONS, MAX_WAITING, Revocation};
use crate::auth::token::{Claims, SigningKey};
use crate::clock::VirtualClock;

const NOW: Timestamp = Timestamp::from_micros_clamped(1_780_000_000_000_000);

fn caller(agent: u128, expires: Timestamp) -> Caller {
    let subject = Subject::Agent(AgentId::from_bits(agent));
    Caller { subject, shop: None, permissions: Permissions::NONE, version: 1, expires }
}

fn later() -> Timestamp {
    NOW + Span::from_mins(15)
}

fn key(name: &str) -> SigningKey {
    SigningKey { kid: name.into(), seed: [1; 32] }
}

fn token(key: &SigningKey) -> String {
    key.sign(&Claims { caller: caller(1, later()), issued: NOW })
}

fn authenticator() -> (Authenticator, VirtualClock) {
    let clock = VirtualClock::new(NOW);
    (Authenticator::new(Arc::new(clock.clone())), clock)
}

fn revocation(agent: u128, forget_at: Timestamp) -> Revocation {
    Revocation { subject: Subject::Agent(AgentId::from_bits(agent)), below_version: 2, forget_at }
}

async fn refused(auth: &Authenticator, token: &str) -> Reason {
    auth.verify(token).await.expect_err("must be refused").reason
}

#[tokio::test(start_paused = true)]
async fn before_any_key_has_arrived_no_token_is_called_invalid() {
    let (auth, _clock) = authenticator();
    assert_eq!(refused(&auth, &token(&key("a"))).await, Reason::PeerUnavailable);
    assert_eq!(refused(&auth, "nonsense").await, Reason::TokenInvalid);
    auth.set_keys(Vec::new());
    assert_eq!(refused(&auth, &token(&key("a"))).await, Reason::TokenInvalid);
}

#[tokio::test(start_paused = true)]
async fn a_token_waits_for_its_key_when_keys_are_followed() {
    let (auth, _clock) = authenticator();
    auth.set_keys(vec![key("a").public()]);
    auth.set_followed(true);
    let token = token(&key("b"));
    let verified = auth.verify(&token);
    let arrives = async {
        // The token waits by now.
        auth.set_keys(vec![key("a").public()]);
        tokio::task::yield_now().await;
        auth.set_keys(vec![key("a").public(), key("b").public()]);
    };
    let (verified, ()) = tokio::join!(verified, arrives);
    assert_eq!(verified, Ok(caller(1, later())));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_does_not_come_is_not_waited_for_longer_than_the_limit() {
    let (auth, _clock) = authenticator();
    auth.set_keys(Vec::new());
    let before = tokio::time::Instant::now();
    assert_eq!(refused(&auth, &token(&key("b"))).await, Reason::TokenInvalid);
    assert_eq!(before.elapsed(), std::time::Duration::ZERO, "nobody follows");
    auth.set_followed(true);
    assert_eq!(refused(&auth, &token(&key("b"))).await, Reason::TokenInvalid);
    assert!(before.elapsed() >= KEY_WAIT);
}

#[tokio::test(start_paused = true)]
async fn made_up_keys_are_not_waited_for_by_more_than_the_limit_at_once() {
    let (auth, _clock) = authenticator();
    auth.set_keys(Vec::new());
    auth.set_followed(true);
    let forged = token(&key("b"));
    let mut waiting: Vec<_> = (0..MAX_WAITING).map(|_| Box::pin(auth.verify(&forged))).collect();
    for wait in &mut waiting {
        assert!(wait.now_or_never().is_none());
    }
    assert_eq!(refused(&auth, &forged).now_or_never(), Some(Reason::TokenInvalid));
    drop(waiting);
    assert!(Box::pin(auth.verify(&forged)).now_or_never().is_none(), "the places are free again");
}

#[tokio::test]
async fn a_key_that_is_gone_takes_the_tokens_it_verified_along() {
    let (auth, _clock) = authenticator();
    auth.set_keys(vec![key("a").public()]);
    let token = token(&key("a"));
    assert!(auth.verify(&token).await.is_ok());
    let other = SigningKey { seed: [2; 32], ..key("a") };
    auth.set_keys(vec![other.public()]);
    assert_eq!(refused(&auth, &token).await, Reason::TokenInvalid);
    auth.set_keys(vec![key("a").public()]);
    assert!(auth.verify(&token).await.is_ok());
}

#[tokio::test]
async fn expiry_and_revocation_are_looked_at_though_the_signature_is_known() {
    let (auth, clock) = authenticator();
    auth.set_keys(vec![key("a").public()]);
    let token = token(&key("a"));
    assert!(auth.verify(&token).await.is_ok());
    auth.revoke(revocation(1, later()));
    assert_eq!(refused(&auth, &token).await, Reason::TokenRevoked);
    auth.set_trust(vec![key("a").public()], Vec::new());
    assert!(auth.verify(&token).await.is_ok(), "a snapshot replaces what was known");
    clock.advance_to(later()).await;
    assert_eq!(refused(&auth, &token).await, Reason::TokenExpired);
}

#[tokio::test]
async fn whoever_waits_for_the_end_of_a_token_hears_of_it() {
    let (auth, clock) = authenticator();
    let own = caller(1, later());
    let mut ended = Box::pin(auth.ended(&own));
    assert!((&mut ended).now_or_never().is_none());
    auth.revoke(revocation(2, later()));
    assert!((&mut ended).now_or_never().is_none(), "somebody else's");
    clock.advance_to(later() - Span::from_micros(1)).await;
    assert!((&mut ended).now_or_never().is_none());
    let (problem, ()) = tokio::join!(ended, clock.advance_to(later()));
    assert_eq!(problem.reason, Reason::TokenExpired);
    auth.revoke(revocation(1, later() + Span::from_secs(1)));
    assert_eq!(auth.ended(&own).await.reason, Reason::TokenRevoked);
}

#[test]
fn of_two_revocations_of_one_subject_the_stricter_counts() {
    let mut trust = Trust::default();
    trust.revoke(revocation(1, later()), NOW);
    trust.revoke(Revocation { below_version: 1, ..revocation(1, NOW + Span::from_secs(1)) }, NOW);
    trust.revoke(revocation(2, later()), NOW + Span::from_secs(2));
    assert!(trust.revokes(&caller(1, later())), "neither weakened nor forgotten early");
    assert!(!trust.revokes(&Caller { version: 2, ..caller(1, later()) }));
}

#[test]
fn a_revocation_is_forgotten_when_its_tokens_have_expired() {
    let mut trust = Trust::default();
    trust.revoke(revocation(1, later()), NOW);
    trust.revoke(revocation(2, later() + Span::from_hours(1)), later());
    assert!(!trust.revokes(&caller(1, later() + Span::from_hours(9))));
    assert!(trust.revokes(&caller(2, later())));
}

#[test]
fn more_revocations_than_fit_void_too_much_rather_than_too_little() {
    let mut trust = Trust::default();
    let end = |agent: u128| later() + Span::from_secs(i64::try_from(agent).unwrap());
    let last = MAX_REVOCATIONS as u128;
    for agent in 0..=last {
        trust.revoke(revocation(agent, end(agent)), NOW);
    }
    assert!(trust.revokes(&caller(0, end(0))), "the one that had no room");
    assert!(trust.revokes(&caller(last + 1, end(0))), "and whoever's token ends by then");
    assert!(!trust.revokes(&caller(last + 1, end(0) + Span::from_secs(1))));
    assert!(trust.revokes(&caller(last, end(last))));
}
