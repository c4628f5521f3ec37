//! What the layers know of the contract.

use super::Methods;

#[test]
fn health_and_reflection_are_vital_and_known_to_stream() {
    let methods = Methods::from_descriptor_set(&[]).unwrap();
    let check = methods.find("/grpc.health.v1.Health/Check").unwrap();
    assert!(check.vital && !check.streams());
    assert!(methods.find("/grpc.health.v1.Health/Watch").unwrap().server_streaming);
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let method = methods.find(&path).unwrap();
        assert!(method.vital && method.client_streaming && method.server_streaming);
    }
}

#[test]
fn what_callers_make_up_never_becomes_a_name() {
    let methods = Methods::from_descriptor_set(&[]).unwrap();
    assert_eq!(methods.name("/grpc.health.v1.Health/Check"), Some("grpc.health.v1.Health/Check"));
    assert_eq!(methods.name("/grpc.health.v1.Health/Chuck"), None);
}

#[test]
fn a_descriptor_set_that_is_none_is_refused() {
    assert!(Methods::from_descriptor_set(b"nonsense").is_err());
}
