//! Which headers hold a token.

use fenliu_domain::problem::Reason;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::bearer;

fn headers(values: &[&'static str]) -> HeaderMap {
    let values = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value)));
    let mut headers = HeaderMap::new();
    for (name, value) in values {
        headers.append(name, value);
    }
    headers
}

#[test]
fn one_header_of_the_bearer_scheme_holds_a_token() {
    for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c"] {
        assert_eq!(bearer(&headers(&[value])), Ok("a.b.c"));
    }
}

#[test]
fn none_is_missing_and_any_other_is_invalid() {
    let refused = |values: &[&'static str]| bearer(&headers(values)).expect_err("no token").reason;
    assert_eq!(refused(&[]), Reason::TokenMissing);
    for values in [&["Basic x"][..], &["Bearer"], &["a.b.c"], &[""], &["Bearer a", "Bearer a"]] {
        assert_eq!(refused(values), Reason::TokenInvalid, "{values:?}");
    }
}
