//! Which reason a bare status stands for.

use fenliu_domain::problem::Reason;
use tonic::{Code, Status};

use super::problem;

fn check(code: Code, message: &str, method: Option<&str>, expected: Reason) {
    assert_eq!(problem(&Status::new(code, message), method).reason, expected, "{code:?} {message}");
}

#[test]
fn tonics_own_statuses_have_reasons() {
    let method = Some("fenliu.test.v1.Probe/Ask");
    let too_large = "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes";
    for (code, message, expected) in [
        (Code::OutOfRange, too_large, Reason::MessageTooLarge),
        (Code::ResourceExhausted, too_large, Reason::MessageTooLarge),
        (Code::Unimplemented, "", Reason::MethodNotFound),
        (Code::Internal, "failed to decode Protobuf message: buffer underflow", Reason::InvalidRequest),
        (Code::Internal, "Missing request message.", Reason::InvalidRequest),
        (Code::Internal, "Unexpected EOF decoding stream.", Reason::InvalidRequest),
        (
            Code::Internal,
            "protocol error: received message with invalid compression flag: 9",
            Reason::InvalidRequest,
        ),
        (Code::Internal, "index out of bounds", Reason::Internal),
        (Code::ResourceExhausted, "Too many active requests", Reason::Overloaded),
        (Code::Unavailable, "tcp connect error", Reason::PeerUnavailable),
        (Code::Cancelled, "Timeout expired", Reason::DeadlineExceeded),
        (Code::Unknown, "", Reason::Internal),
        (Code::NotFound, "", Reason::Internal),
    ] {
        check(code, message, method, expected);
    }
}

#[test]
fn a_compression_nobody_reads_is_named() {
    let status = Status::unimplemented("Content is compressed with `br` which isn't supported");
    let problem = problem(&status, Some("fenliu.dispatch.v1.QueueService/GetQueue"));
    assert_eq!(problem.reason, Reason::CompressionUnsupported);
    assert_eq!(problem.metadata, [("encoding", "br".to_owned())]);
}

#[test]
fn an_unknown_service_in_a_health_check_is_not_found() {
    check(
        Code::NotFound,
        "service not registered",
        Some("grpc.health.v1.Health/Check"),
        Reason::ServiceNotFound,
    );
}

#[test]
fn a_defects_message_is_not_shown_to_the_caller() {
    let problem = problem(&Status::internal("row 7 of table secret"), None);
    assert!(!problem.message.contains("secret"));
}
