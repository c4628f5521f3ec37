//! What the rule packs that fenliu ships say, in Chinese. A pack is never edited in place, so that a name and a version
//! stand for one text; of packs that are not here, their own description is told.

/// A pack's name and version, and what it says.
pub(super) type Said = (&'static str, u32, &'static str);

/// In Chinese.
pub(super) const CHINESE: &[Said] = &[
    (
        "douyin-3min",
        1,
        "买家在 08:00:00 至 22:59:59 与人工对话的会话中，各轮次平均等待人工不超过 3 分钟的占比。",
    ),
    (
        "jd-first-30s",
        1,
        "09:00 至 23:00 开始的会话中，首次应答在 30 秒内的占比；无人当班时的会话为留言，另行计算。",
    ),
    ("pinduoduo-3min-human", 1, "当日提问的买家中，每条消息等待人工都不超过 3 分钟的占比。"),
    (
        "pinduoduo-reply-rate",
        1,
        "当日 08:00 至 23:00 提问的买家中，每条消息都在一小时内得到人工或机器人回复的占比。",
    ),
    (
        "pinduoduo-reply-rate-15min",
        1,
        "当日 08:00 至 23:00 提问的买家中，每条消息都在 15 分钟内得到人工或机器人回复的占比。",
    ),
    (
        "pinduoduo-reply-rate-5min",
        1,
        "三天内，当日 08:00 至 23:00 提问的买家中，每条消息都在 5 分钟内得到人工或机器人回复的占比。",
    ),
    (
        "taobao-3min",
        1,
        "08:00 至 23:00 提问的轮次中，自第一条提问起 3 分钟内得到人工或辅助机器人回复的占比。",
    ),
    (
        "taobao-mean-response",
        1,
        "各轮次等待人工或辅助机器人的平均时长；每个轮次最多计 10 分钟，未回复的计 10 分钟。",
    ),
    (
        "tiktok-24h-faq",
        1,
        "第一条提问在 24 小时内得到实质回复、或由常见问题卡片解决的会话占比；周末不计时，须在周一中午前回复。",
    ),
    (
        "tiktok-sea-12h",
        1,
        "30 天内，第一条提问在 12 小时内得到回复的会话占比；不含假期模式、店铺发起、由自动回复或常见问题卡片解决、买家已被屏蔽的会话。",
    ),
    ("tiktok-us-24h", 1, "第一条提问在 24 小时内得到实质回复的会话占比；周末不计时，须在周一中午前回复。"),
];
