//! Ids that fenliu makes: a type prefix and the 128 bits of a UUIDv7, such as
//! `agt_0193a5b0c1d27e3f8a4b5c6d7e8f9012`.
//!
//! Ids from outside (buyers, a channel's message ids) are plain strings and keep their bytes.

use std::fmt;
use std::str::FromStr;

/// Why a text is no id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {prefix} followed by 32 lower-case hexadecimal digits")]
pub struct MalformedId {
    /// The prefix that was expected, with its underscore.
    pub prefix: &'static str,
}

fn parse(prefix: &'static str, text: &str) -> Result<u128, MalformedId> {
    text.strip_prefix(prefix).and_then(bits).ok_or(MalformedId { prefix })
}

/// What 32 lower-case hexadecimal digits say.
fn bits(digits: &str) -> Option<u128> {
    let digits: &[u8; 32] = digits.as_bytes().try_into().ok()?;
    let (high, low) = digits.split_at(16);
    Some(u128::from(half(high)?) << 64 | u128::from(half(low)?))
}

/// What 16 of them say: half a number is half the work.
fn half(digits: &[u8]) -> Option<u64> {
    let digit = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    digits.iter().try_fold(0, |number, next| Some(number << 4 | u64::from(digit(next)?)))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            // Halves, so that an id beside a smaller field leaves no gap.
            high: u64,
            low: u64,
        }

        impl $name {
            /// The prefix of its text form.
            pub const PREFIX: &'static str = $prefix;

            /// The id with these 128 bits.
            #[must_use]
            pub const fn from_bits(bits: u128) -> Self {
                Self { high: (bits >> 64) as u64, low: bits as u64 }
            }

            /// Its 128 bits.
            #[must_use]
            pub const fn bits(self) -> u128 {
                (self.high as u128) << 64 | self.low as u128
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{:032x}"), self.bits())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;
            fn from_str(text: &str) -> Result<Self, MalformedId> {
                parse($prefix, text).map(Self::from_bits)
            }
        }
    };
}

id!(
    /// A shop, the tenant.
    ShopId,
    "shp_"
);
id!(
    /// An account that may receive conversations.
    AgentId,
    "agt_"
);
id!(
    /// One buyer with one shop, from first message to close.
    ConversationId,
    "cnv_"
);
id!(
    /// One message.
    MessageId,
    "msg_"
);
id!(
    /// One event of the history.
    EventId,
    "evt_"
);
id!(
    /// A program that calls with a service token.
    ServiceId,
    "svc_"
);
id!(
    /// A sign-in: what one refresh token after another continues.
    SessionId,
    "ses_"
);
id!(
    /// A custom role.
    RoleId,
    "rol_"
);
id!(
    /// A mute or a ban.
    SanctionId,
    "snc_"
);
id!(
    /// A leave, a swap or an extra duty.
    ExceptionId,
    "exc_"
);

/// One attempt at a command: fresh for each attempt, also when a caller repeats a request, so that two attempts
/// of one request are two different proposals of which only one is stored.
///
/// The ids of what the command makes are this one with an index in its low bits, which are therefore kept free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(u128);

/// Low bits of a command id that number what it makes: at most 4,096 things.
const INDEX_BITS: u32 = 12;

impl CommandId {
    /// Most things one command can make.
    pub const MAX_MADE: u32 = 1 << INDEX_BITS;

    /// The command id with these 128 bits, those of a new UUIDv7; the low 12 are cleared.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits >> INDEX_BITS << INDEX_BITS)
    }

    /// Its 128 bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The id of the `index`th event this command makes. Things made along with an event (a conversation, a
    /// message) share its bits under their own prefix.
    #[must_use]
    pub fn event(self, index: u32) -> EventId {
        assert!(index < Self::MAX_MADE, "a command makes at most {} events", Self::MAX_MADE);
        EventId::from_bits(self.0 | u128::from(index))
    }

    /// The place of an event among those its command made.
    #[must_use]
    pub fn index_of(event: EventId) -> u32 {
        // The mask leaves 12 bits, which fit.
        u32::try_from(event.low & (u64::from(Self::MAX_MADE) - 1)).unwrap_or(0)
    }

    /// The command that made an event.
    #[must_use]
    pub const fn of(event: EventId) -> Self {
        Self::from_bits(event.bits())
    }
}

impl EventId {
    /// The conversation that began with this event.
    #[must_use]
    pub const fn conversation(self) -> ConversationId {
        ConversationId { high: self.high, low: self.low }
    }

    /// The message this event is about.
    #[must_use]
    pub const fn message(self) -> MessageId {
        MessageId { high: self.high, low: self.low }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form() {
        let id = AgentId::from_bits(0x0193_a5b0_c1d2_7e3f_8a4b_5c6d_7e8f_9012);
        assert_eq!(id.to_string(), "agt_0193a5b0c1d27e3f8a4b5c6d7e8f9012");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn only_the_exact_form_is_an_id() {
        for text in [
            "",
            "agt_",
            "shp_0193a5b0c1d27e3f8a4b5c6d7e8f9012",
            "agt_0193A5B0C1D27E3F8A4B5C6D7E8F9012",
            "agt_+193a5b0c1d27e3f8a4b5c6d7e8f9012",
            "agt_0193a5b0c1d27e3f8a4b5c6d7e8f901",
            "agt_0193a5b0c1d27e3f8a4b5c6d7e8f90123",
            "agt_{}",
        ] {
            assert_eq!(text.parse::<AgentId>(), Err(MalformedId { prefix: "agt_" }), "{text}");
        }
    }

    #[test]
    fn what_a_command_makes_is_numbered_within_its_own_bits() {
        let command = CommandId::from_bits(u128::MAX);
        assert_ne!(command.event(0), command.event(1));
        assert_eq!(command.event(4_095).bits() >> 12, command.event(0).bits() >> 12);
    }
}
