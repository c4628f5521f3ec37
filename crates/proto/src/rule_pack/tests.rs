use fenliu_domain::pack::samples;

use super::*;

#[test]
fn every_pack_comes_back_as_it_went_out() {
    for pack in samples::all().expect("sound") {
        let back = draft(to_proto(&pack)).and_then(Draft::check).expect("sound");
        assert_eq!(back, pack);
    }
}

#[test]
fn every_parameter_comes_back_as_it_went_out() {
    let sample = Draft {
        unit: Some(Unit::Message),
        holidays: vec!["2026-10-01".to_owned()],
        exclusions: Mark::ALL.to_vec(),
        recency_weights: vec![
            RecencyWeight { newest_days: 7, weight: 3 },
            RecencyWeight { newest_days: 30, weight: 1 },
        ],
        min_volume: 30,
        default_basis_points: Some(9_500),
        robot_only: Treatment::Answered,
        valid_from: "2026-01-01".to_owned(),
        ..samples::taobao()
    };
    let pack = sample.check().expect("sound");
    assert_eq!(draft(to_proto(&pack)).and_then(Draft::check), Ok(pack));
    for lookback in Lookback::ALL {
        let pack = Draft { lookback, ..samples::pinduoduo_human() }.check().expect("sound");
        assert_eq!(draft(to_proto(&pack)).and_then(Draft::check), Ok(pack));
    }
}

#[test]
fn a_number_no_enum_knows_is_refused_by_its_field() {
    let pack = samples::taobao().check().expect("sound");
    let refused = |pack: proto::RulePack| {
        let problem = draft(pack).expect_err("not known");
        problem.violations.into_iter().map(|violation| violation.field).collect::<Vec<_>>()
    };
    assert_eq!(refused(proto::RulePack { lookback: 99, ..to_proto(&pack) }), ["lookback"]);
    assert_eq!(refused(proto::RulePack { exclusions: vec![99], ..to_proto(&pack) }), ["exclusions"]);
    let target = proto::Target { consequence: 99, ..proto::Target::default() };
    assert_eq!(refused(proto::RulePack { targets: vec![target], ..to_proto(&pack) }), ["targets"]);
}
