//! Presets: a policy that behaves as a marketplace's own reception does, as far as it is published.

use super::{Fallback, LastAgentWindow, LeavePolicy, Policy, QueueOrder, ShopHours};
use crate::desk::strategy::Strategy;
use crate::time::Span;

/// A marketplace whose published behaviour a policy mirrors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preset {
    /// 拼多多.
    Pinduoduo,
    /// 抖店, 飞鸽.
    Douyin,
    /// 淘宝, 千牛.
    Taobao,
    /// 京东, 咚咚.
    Jd,
    /// TikTok Shop.
    Tiktok,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pinduoduo, Self::Douyin, Self::Taobao, Self::Jd, Self::Tiktok];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pinduoduo => "pinduoduo",
            Self::Douyin => "douyin",
            Self::Taobao => "taobao",
            Self::Jd => "jd",
            Self::Tiktok => "tiktok",
        }
    }

    /// What of the marketplace it mirrors, in one sentence.
    #[must_use]
    pub const fn mirrors(self) -> &'static str {
        match self {
            Self::Pinduoduo => {
                "answers count within three minutes from 08:00 to 23:00; with every sub-account away or busy the main \
                 account gets the buyer, and with that one away or busy too a sub-account gets him all the same"
            }
            Self::Douyin => {
                "the mean wait of a session counts up to three minutes, and a session that was never assigned is a \
                 miss, so buyers queue and who can still be answered in time goes first"
            }
            Self::Taobao => {
                "each turn counts from its first question for three minutes, against the agent who was asked, so a \
                 buyer goes back to the agent he knows"
            }
            Self::Jd => {
                "the first answer is due within thirty seconds, re-asking within ten minutes goes on with the same \
                 session, and a buyer whom nobody can take leaves a message"
            }
            Self::Tiktok => {
                "an answer counts within a day, a capacity below 200 is warned about, and buyers queue when nobody \
                 has room"
            }
        }
    }

    /// The preset with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The policy of a shop with these hours.
    #[must_use]
    pub fn policy(self, hours: ShopHours) -> Policy {
        let usual = Policy::for_hours(hours);
        match self {
            Self::Pinduoduo => pinduoduo(usual),
            Self::Douyin => douyin(usual),
            Self::Taobao => taobao(usual),
            Self::Jd => jd(usual),
            Self::Tiktok => tiktok(usual),
        }
    }
}

const fn window(hours: i64, even_when_busy: bool) -> LastAgentWindow {
    LastAgentWindow { max_age: Span::from_hours(hours), even_when_busy, ignore_capacity: false }
}

/// 主账号离线/忙碌则分流到子账号: the main account is the first resort and a message left with a sub-account the last.
/// Alerts lead up to the three minutes that count, and who can still be answered in them goes first.
fn pinduoduo(usual: Policy) -> Policy {
    Policy {
        fallbacks: vec![Fallback::MainAccount, Fallback::LeaveMessage],
        order: QueueOrder::SavableFirst { limit: Span::from_secs(180), late_every: 4 },
        reply_due: [100, 120, 150].map(Span::from_secs).to_vec(),
        ..usual
    }
}

/// Buyers queue, the savable first. Ours: the known agent for a day, and closing what nobody goes on with.
fn douyin(usual: Policy) -> Policy {
    Policy {
        last_agent_windows: vec![window(24, false)],
        fallbacks: vec![Fallback::Queue],
        order: QueueOrder::SavableFirst { limit: Span::from_secs(180), late_every: 4 },
        reply_due: [100, 120, 150].map(Span::from_secs).to_vec(),
        idle: Some(super::IdleRule { remark_after: Span::from_mins(5), close_after: Span::from_mins(10) }),
        ..usual
    }
}

/// 熟客优先: three days, firmly on the first. Ours: a message left where nobody is there.
fn taobao(usual: Policy) -> Policy {
    Policy {
        last_agent_windows: vec![window(24, true), window(72, false)],
        fallbacks: vec![Fallback::MainAccount, Fallback::LeaveMessage],
        reply_due: [100, 150].map(Span::from_secs).to_vec(),
        ..usual
    }
}

/// Thirty seconds count, so everything an agent leaves behind moves at once; a message is left where nobody is there.
/// Ours: turns by capacity.
fn jd(usual: Policy) -> Policy {
    Policy {
        strategy: Strategy::WeightedRoundRobin(crate::desk::strategy::Weights::ByCapacity),
        fallbacks: vec![Fallback::MainAccount, Fallback::LeaveMessage],
        reopen_window: Span::from_mins(10),
        reply_due: [20, 30].map(Span::from_secs).to_vec(),
        on_leave: LeavePolicy::MoveAllNow,
        ..usual
    }
}

/// The queue, and alerts long before the 24 hours are over.
fn tiktok(usual: Policy) -> Policy {
    Policy {
        fallbacks: vec![Fallback::Queue],
        reply_due: vec![Span::from_mins(5), Span::from_hours(12)],
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_policy_that_holds_and_has_a_name() {
        let hours =
            ShopHours { time_zone: "UTC".into(), service_start: "08:00".into(), service_end: "23:00".into() };
        for preset in Preset::ALL {
            assert_eq!(preset.policy(hours.clone()).validate(), Ok(()), "{}", preset.name());
            assert_eq!(Preset::named(preset.name()), Some(preset));
            assert!(!preset.mirrors().is_empty());
        }
        assert_eq!(Preset::named("elsewhere"), None);
    }
}
