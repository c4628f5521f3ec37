//! Who may call what, and what nobody learns of others' shops: every RPC of the contract, called as everybody.

mod cut_off;
mod permissions;
mod tenancy;
