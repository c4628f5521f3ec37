//! Tests of single statuses.
