//! The file that remembers the last message, for a process that starts while accounts is down.

use std::io;
use std::path::Path;

use fenliu_domain::access::Subject;
use fenliu_domain::time::Timestamp;
use fenliu_runtime::auth::Revocation;
use fenliu_runtime::auth::token::PublicKey;
use serde::{Deserialize, Serialize};

use crate::Trust;

/// The trust as it lies in the file.
#[derive(Serialize, Deserialize)]
struct Document {
    keys: Vec<Key>,
    revocations: Vec<Revoked>,
}

#[derive(Serialize, Deserialize)]
struct Key {
    kid: String,
    x: String,
}

#[derive(Serialize, Deserialize)]
struct Revoked {
    subject: String,
    below_version: u64,
    forget_at_micros: i64,
}

/// Why a file does not serve.
#[derive(Debug, thiserror::Error)]
enum CacheError {
    #[error("it cannot be read or written")]
    Io(#[from] io::Error),
    #[error("it is not what was written")]
    Json(#[from] serde_json::Error),
    #[error("it holds a key or an id that is none")]
    Content,
}

/// What the file remembers; `None`, with a warning, when it does not serve, and without one when it is not there.
pub(crate) fn read(path: &Path) -> Option<Trust> {
    match try_read(path) {
        Ok(trust) => Some(trust),
        Err(CacheError::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "the file that remembers who is trusted does not serve");
            None
        }
    }
}

/// Remembers the trust, as a whole or not at all. A file that cannot be written is only a loss at the next start.
pub(crate) fn write(path: &Path, trust: &Trust) {
    if let Err(error) = try_write(path, trust) {
        tracing::warn!(%error, path = %path.display(), "who is trusted cannot be remembered");
    }
}

fn try_read(path: &Path) -> Result<Trust, CacheError> {
    let document: Document = serde_json::from_slice(&std::fs::read(path)?)?;
    let keys = document.keys.into_iter().map(|key| PublicKey::from_jwk(key.kid, &key.x));
    let revocations = document.revocations.iter().map(|revoked| {
        let forget_at = Timestamp::from_micros_clamped(revoked.forget_at_micros);
        let subject = Subject::parse(&revoked.subject)?;
        Some(Revocation { subject, below_version: revoked.below_version, forget_at })
    });
    let keys = keys.collect::<Option<_>>().ok_or(CacheError::Content)?;
    let revocations = revocations.collect::<Option<_>>().ok_or(CacheError::Content)?;
    Ok(Trust { keys, revocations })
}

fn try_write(path: &Path, trust: &Trust) -> Result<(), CacheError> {
    let keys = trust.keys.iter().map(|key| Key { kid: key.kid.clone(), x: key.jwk_x() });
    let revocations = trust.revocations.iter().map(|revocation| Revoked {
        subject: revocation.subject.to_string(),
        below_version: revocation.below_version,
        forget_at_micros: revocation.forget_at.micros(),
    });
    let document = Document { keys: keys.collect(), revocations: revocations.collect() };
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    std::fs::write(&draft, serde_json::to_vec(&document)?)?;
    std::fs::rename(&draft, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use fenliu_domain::ids::AgentId;
    use fenliu_runtime::auth::token::SigningKey;

    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_broken_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("trust.json");
        assert_eq!(read(&file), None);
        let revocation = Revocation {
            subject: Subject::Agent(AgentId::from_bits(1)),
            below_version: 2,
            forget_at: Timestamp::from_micros_clamped(7),
        };
        let key = SigningKey { kid: "a".into(), seed: [1; 32] }.public();
        let trust = Trust { keys: vec![key], revocations: vec![revocation] };
        write(&file, &trust);
        assert_eq!(read(&file), Some(trust));
        std::fs::write(&file, "{}").expect("it is written");
        assert_eq!(read(&file), None);
    }
}
