//! Parts of the protocol that `tests/faults` switches off in builds of its own, to show that it notices. In every other
//! build nothing can be switched off.

/// A part of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// An event is stored only behind its predecessor.
    Fence,
    /// A caller is answered after the commit.
    Commit,
    /// A request is recognised when it comes again.
    Memory,
}

/// Whether this process runs without a part.
#[cfg(not(feature = "without"))]
pub(crate) const fn is_off(_: Part) -> bool {
    false
}

/// Whether this process runs without a part: the one that `FAULTS_WITHOUT` names.
#[cfg(feature = "without")]
pub(crate) fn is_off(part: Part) -> bool {
    use std::sync::OnceLock;
    static OFF: OnceLock<Option<Part>> = OnceLock::new();
    let named = || match std::env::var("FAULTS_WITHOUT").ok()?.as_str() {
        "fence" => Some(Part::Fence),
        "commit" => Some(Part::Commit),
        "memory" => Some(Part::Memory),
        _ => None,
    };
    *OFF.get_or_init(named) == Some(part)
}
