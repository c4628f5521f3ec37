//! Where a call comes from.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use tonic::Request;

/// The address of whoever calls, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source(Option<IpAddr>);

impl Source {
    /// What the header says that a trusted proxy sets, or else the peer of the connection. Of several addresses the
    /// last counts: the proxy has added it, the others may be made up.
    pub(crate) fn of<T>(request: &Request<T>, header: &str) -> Self {
        let said = if header.is_empty() { None } else { request.metadata().get(header) };
        let said = said.and_then(|value| value.to_str().ok()).and_then(last_address);
        Self(said.or_else(|| request.remote_addr().map(|peer| peer.ip().to_canonical())))
    }

    /// What attempts from it are counted under: of IPv6 the first half, since one line at home has all of the rest.
    pub(super) fn network(self) -> String {
        match self.0 {
            Some(IpAddr::V6(address)) => {
                let prefix = u128::from(address) >> 64 << 64;
                format!("{}/64", Ipv6Addr::from(prefix))
            }
            _ => self.to_string(),
        }
    }
}

fn last_address(value: &str) -> Option<IpAddr> {
    let last = value.rsplit(',').next()?.trim();
    last.parse().ok().map(|address: IpAddr| address.to_canonical())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(header: &str, value: &str) -> Source {
        let mut request = Request::new(());
        request.metadata_mut().insert("x-forwarded-for", value.parse().expect("a value"));
        Source::of(&request, header)
    }

    #[test]
    fn only_the_configured_header_counts_and_of_it_the_last_address() {
        assert_eq!(from("", "10.0.0.1").to_string(), "unknown");
        assert_eq!(from("x-forwarded-for", "1.2.3.4, 10.0.0.1").to_string(), "10.0.0.1");
        assert_eq!(from("x-forwarded-for", "::ffff:10.0.0.1").to_string(), "10.0.0.1");
        assert_eq!(from("x-forwarded-for", "nonsense").to_string(), "unknown");
    }

    #[test]
    fn a_home_with_many_addresses_is_one_network() {
        let network = |text: &str| from("x-forwarded-for", text).network();
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1:2:3"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
    }
}
