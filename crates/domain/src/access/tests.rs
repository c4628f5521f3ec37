use super::*;

#[test]
fn permissions_have_one_name_each_of_a_family_and_a_verb() {
    let mut names: Vec<_> = Permission::ALL.iter().map(|permission| permission.name()).collect();
    assert!(names.iter().all(|name| name.split('.').count() == 2 && !name.contains('_')));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Permission::ALL.len());
    assert!(Permission::ALL.len() <= 64, "a set has 64 bits");
}

#[test]
fn a_set_holds_what_was_put_in() {
    let set = Permissions::parse(["desk.work", "shop.read"]).expect("both exist");
    assert_eq!(set.names().collect::<Vec<_>>(), ["shop.read", "desk.work"]);
    assert!(set.holds(Permission::DeskWork) && !set.holds(Permission::DeskRead));
    assert_eq!(Permissions::parse(["shop.read", "shop.sell"]), Err("shop.sell"));
}

#[test]
fn each_built_in_role_covers_those_below_it_and_none_reaches_the_platform() {
    for pair in BuiltInRole::ALL.windows(2) {
        let (above, below) = (pair[0].permissions(), pair[1].permissions());
        assert!(above.covers(below) && !below.covers(above), "{pair:?}");
    }
    assert!(!BuiltInRole::Owner.permissions().iter().any(Permission::is_of_the_platform));
}

#[test]
fn a_subject_reads_as_it_is_written() {
    for subject in [Subject::Agent(AgentId::from_bits(7)), Subject::Service(ServiceId::from_bits(7))] {
        assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
    }
    assert_eq!(Subject::parse("anonymous"), None);
}

#[test]
fn a_caller_acts_in_their_own_shop_and_the_platform_in_every() {
    let caller = Caller { shop: Some(ShopId::from_bits(1)), ..Caller::ANYBODY };
    assert!(caller.acts_in(ShopId::from_bits(1)) && !caller.acts_in(ShopId::from_bits(2)));
    assert!(Caller::ANYBODY.acts_in(ShopId::from_bits(2)));
}
