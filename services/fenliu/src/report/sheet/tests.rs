use fenliu_proto::analytics::v1::RulePack;
use fenliu_proto::convert::{to_span, to_timestamp};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros_clamped((1_767_268_800 + seconds) * 1_000_000)
}

fn miss(answered: bool) -> Miss {
    Miss {
        date: "2026-01-01".into(),
        conversation: "cnv_1".into(),
        buyer_id: "小明".into(),
        message: "msg_1".into(),
        asked_time: Some(to_timestamp(at(0))),
        deadline_time: Some(to_timestamp(at(180))),
        reply_time: answered.then(|| to_timestamp(at(250))),
        agent: if answered { "agt_1".into() } else { String::new() },
        waited_duration: Some(to_span(Span::from_secs(250))),
        blame: Some(Blame {
            queued_duration: Some(to_span(Span::from_secs(50))),
            with_agent_duration: Some(to_span(Span::from_secs(200))),
            ..Blame::default()
        }),
        ..Miss::default()
    }
}

#[test]
fn people_read_rates_parts_misses_and_hours() {
    let parts = |counted, within_limit| RateParts {
        counted,
        answered: counted,
        within_limit,
        missed_late: counted - within_limit,
        excluded_outside_window: 2,
        ..RateParts::default()
    };
    let mut hours = vec![RateParts::default(); 24];
    hours[20] = parts(40, 30);
    let judged = Judged {
        rule_pack: Some(RulePack {
            version: 1,
            description: "Buyers who never waited longer than 3 minutes for a person.".into(),
            unit: Unit::BuyerDay.into(),
            target_basis_points: 8_500,
            ..RulePack::default()
        }),
        total: parts(40, 30),
        days: [("2026-01-01".to_owned(), parts(40, 30))].into(),
        hours,
        time_zone: "Asia/Shanghai".into(),
        ..Judged::default()
    };
    let pack = PackSheet::new("pinduoduo-3min-human", &judged, &[miss(true), miss(false)]).expect("sound");
    let empty = PackSheet::new("tiktok-us-24h", &Judged::default(), &[]).expect("sound");
    let shop = Shop {
        shop_id: "shp_1".into(),
        display_name: "茶铺".into(),
        time_zone: "Asia/Shanghai".into(),
        ..Shop::default()
    };
    insta::assert_snapshot!(Sheet::new(shop, vec![pack, empty]).to_string());
}
