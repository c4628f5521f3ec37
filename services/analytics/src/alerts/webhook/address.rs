//! Which addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one of the public net: not of this machine, of a private or shared network, of a link, or set
/// apart for something else (IANA's registries of special-purpose addresses). An IPv6 address that stands for an IPv4
/// address is judged as that.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => inner(address).map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // This network, shared by carriers, and for benchmarks.
    let set_apart = matches!((a, b), (0, _) | (100, 64..=127) | (198, 18..=19));
    let protocols_or_relays = matches!((a, b, c), (192, 0, 0) | (192, 88, 99));
    let multicast_or_reserved = a >= 224;
    !(set_apart
        || protocols_or_relays
        || multicast_or_reserved
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation())
}

const fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is given out; of it, 2001::/23 is for protocols, 2001:db8::/32 and 3fff::/20 for documentation.
    let given_out = first & 0xe000 == 0x2000;
    let protocols = first == 0x2001 && second < 0x0200;
    let documentation = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    given_out && !protocols && !documentation
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, translated (64:ff9b::/96), or by 6to4.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d] = {
        let [.., high, low] = address.segments();
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        [a, b, c, d]
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(Ipv4Addr::new(a, b, c, d)),
        [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(addresses: &[&str], public: bool) {
        for text in addresses {
            let address = text.parse().unwrap_or_else(|_| panic!("{text} is no address"));
            assert_eq!(is_public(address), public, "{text}");
        }
    }

    #[test]
    fn addresses_of_the_public_net_are_public() {
        check(&["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "192.0.1.1"], true);
        check(&["223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"], true);
        check(&["64:ff9b::8.8.8.8", "2002:808:808::1"], true);
    }

    #[test]
    fn all_others_are_not() {
        check(
            &["127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255"],
            false,
        );
        check(&["192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1"], false);
        check(
            &["198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
            false,
        );
        check(
            &["::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2001::1"],
            false,
        );
        check(&["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::192.168.0.1"], false);
        check(&["2002:7f00:1::1", "2002:c0a8:101::1", "3fff::1", "64:ff9b:1::8.8.8.8"], false);
    }
}
