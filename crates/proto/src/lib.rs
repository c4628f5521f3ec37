//! The public contract in Rust: generated messages, clients and servers, and the ways in and out of the domain.
//!
//! Bytes come in through [`codec`], which validates every request by the bounds its proto declares before a
//! handler sees it; [`convert`], [`event`] and [`rule_pack`] parse messages into domain types and render them
//! back; [`retold`] tells the history in the words of an import; [`status`] maps every refusal of the domain to a gRPC status with rich details.
//!
//! Invariants: no decisions are made here; an error names the field it is about; every `fenliu.*` request is
//! validated, because the codec and not the handler does it.

pub mod alert;
pub mod codec;
pub mod convert;
pub mod event;
pub mod retold;
pub mod rule_pack;
pub mod status;
pub mod validate;
pub mod words;

/// Serialised descriptors of all packages with their imports, for reflection.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor_set.bin"));

#[expect(missing_docs, clippy::all, reason = "generated; the proto files carry the comments")]
mod generated {
    pub mod common {
        pub mod v1 {
            tonic::include_proto!("fenliu.common.v1");
        }
    }
    pub mod history {
        pub mod v1 {
            tonic::include_proto!("fenliu.history.v1");
        }
    }
    pub mod accounts {
        pub mod v1 {
            tonic::include_proto!("fenliu.accounts.v1");
        }
    }
    pub mod dispatch {
        pub mod v1 {
            tonic::include_proto!("fenliu.dispatch.v1");
        }
    }
    pub mod analytics {
        pub mod v1 {
            tonic::include_proto!("fenliu.analytics.v1");
        }
    }
}

mod generated_validation {
    include!(concat!(env!("OUT_DIR"), "/validation.rs"));
}

pub use generated::{accounts, analytics, common, dispatch, history};
