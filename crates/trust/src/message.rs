//! What accounts says, as what it means.

use fenliu_domain::access::Subject;
use fenliu_domain::problem::Problem;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert::timestamp;
use fenliu_runtime::auth::Revocation;
use fenliu_runtime::auth::token::{JWK_ALGORITHM, PublicKey};

use crate::Trust;

impl TryFrom<proto::WatchTrustResponse> for Trust {
    type Error = Problem;

    fn try_from(message: proto::WatchTrustResponse) -> Result<Self, Problem> {
        // A kind of key that a newer accounts adds is not for us.
        let ours = message.keys.iter().filter(|key| key.alg == JWK_ALGORITHM);
        let keys = ours.map(key).collect::<Result<_, _>>()?;
        let revocations = message.revocations.iter().map(revocation).collect::<Result<_, _>>()?;
        Ok(Self { keys, revocations })
    }
}

fn key(key: &proto::JsonWebKey) -> Result<PublicKey, Problem> {
    let read = PublicKey::from_jwk(key.kid.clone(), &key.x);
    read.ok_or_else(|| Problem::field("keys.x", "must be 32 bytes in base64url"))
}

fn revocation(revocation: &proto::Revocation) -> Result<Revocation, Problem> {
    let forget = revocation.forget_time.as_ref();
    let forget = forget.ok_or_else(|| Problem::field("revocations.forget_time", "must be set"))?;
    let subject = Subject::parse(&revocation.subject);
    Ok(Revocation {
        subject: subject.ok_or_else(|| Problem::field("revocations.subject", "must be an id"))?,
        below_version: revocation.version,
        forget_at: timestamp(forget, "revocations.forget_time")?,
    })
}

#[cfg(test)]
mod tests {
    use fenliu_domain::time::Timestamp;
    use fenliu_proto::convert::to_timestamp;
    use fenliu_runtime::auth::token::SigningKey;

    use super::*;

    #[test]
    fn a_message_reads_as_the_trust_it_was_made_of_and_keys_of_other_kinds_are_left_out() {
        let public = SigningKey { kid: "a".into(), seed: [1; 32] }.public();
        let ours = proto::JsonWebKey {
            alg: JWK_ALGORITHM.into(),
            kid: "a".into(),
            x: public.jwk_x(),
            ..Default::default()
        };
        let other = proto::JsonWebKey { alg: "ES256".into(), x: "?".into(), ..ours.clone() };
        let subject = "agt_00000000000000000000000000000001";
        let forget_at = Timestamp::from_micros_clamped(5_000_000);
        let revocation = proto::Revocation {
            subject: subject.into(),
            version: 3,
            forget_time: Some(to_timestamp(forget_at)),
        };
        let keys = vec![ours.clone(), other];
        let message = proto::WatchTrustResponse { keys, revocations: vec![revocation] };
        let trust = Trust::try_from(message).expect("it reads");
        let subject = Subject::parse(subject).expect("an id");
        let expected = Revocation { subject, below_version: 3, forget_at };
        assert_eq!(trust, Trust { keys: vec![public], revocations: vec![expected] });
        let broken = proto::JsonWebKey { x: "?".into(), ..ours };
        let message = proto::WatchTrustResponse { keys: vec![broken], revocations: Vec::new() };
        assert_eq!(Trust::try_from(message).expect_err("it does not").violations[0].field, "keys.x");
    }
}
