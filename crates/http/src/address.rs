//! Which addresses may be connected to: one table, read from top to bottom.
//!
//! Sources: the IANA special-purpose address registries (RFC 6890, RFC 8190) and the metadata services of the clouds.
//! Whatever has an IPv4 address inside (mapped, NAT64, 6to4, Teredo) is refused as a whole, so that nothing has to
//! be decoded. A NAT64 prefix that a network chose for itself cannot be known here; such a network must not route
//! it to private addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// A public address: anybody's.
    Public,
    /// An address of this machine or of a private network; only where the operator allows the host.
    Private(&'static str),
    /// Never, whatever is allowed: metadata services, link-local, multicast, translated and reserved addresses.
    Forbidden(&'static str),
}

/// The class of an address.
///
/// ```
/// use coffer_http::{AddressClass, classify};
///
/// assert_eq!(classify("192.0.66.2".parse()?), AddressClass::Public);
/// assert_eq!(classify("10.0.0.5".parse()?), AddressClass::Private("private"));
/// assert_eq!(classify("169.254.169.254".parse()?), AddressClass::Forbidden("link-local"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    let bits = address.to_bits();
    V4.iter()
        .find(|(network, length, _)| {
            let host_bits = 32_u32.saturating_sub(*length);
            bits.checked_shr(host_bits) == network.to_bits().checked_shr(host_bits)
        })
        .map_or(AddressClass::Public, |(_, _, class)| *class)
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    let bits = address.to_bits();
    let listed = V6.iter().find(|(network, length, _)| {
        let host_bits = 128_u32.saturating_sub(*length);
        bits.checked_shr(host_bits) == network.to_bits().checked_shr(host_bits)
    });
    match listed {
        Some((_, _, class)) => *class,
        None if bits >> 125 == 1 => AddressClass::Public,
        None => AddressClass::Forbidden("outside of 2000::/3, the global unicast addresses"),
    }
}

use AddressClass::{Forbidden, Private};

/// Network, prefix length, class. The first that fits counts.
const V4: &[(Ipv4Addr, u32, AddressClass)] = &[
    (Ipv4Addr::new(100, 100, 100, 200), 32, Forbidden(METADATA)),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Forbidden(METADATA)),
    (Ipv4Addr::new(0, 0, 0, 0), 8, Forbidden("of this network")),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Private("private")),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        Private("shared (carrier-grade NAT)"),
    ),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Private("loopback")),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Forbidden("link-local")),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Private("private")),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Forbidden("for IETF protocols")),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Forbidden("for documentation")),
    (Ipv4Addr::new(192, 31, 196, 0), 24, Forbidden("for AS112")),
    (Ipv4Addr::new(192, 52, 193, 0), 24, Forbidden("for AMT")),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Forbidden("for 6to4 relays")),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Private("private")),
    (Ipv4Addr::new(192, 175, 48, 0), 24, Forbidden("for AS112")),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Forbidden("for benchmarks")),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Forbidden("for documentation")),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Forbidden("for documentation")),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Forbidden("multicast")),
    (Ipv4Addr::new(255, 255, 255, 255), 32, Forbidden("broadcast")),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Forbidden("reserved")),
];

/// Network, prefix length, class. The first that fits counts.
const V6: &[(Ipv6Addr, u32, AddressClass)] = &[
    (v6(0xfd00, 0x0ec2, 0, 0x0254), 128, Forbidden(METADATA)),
    (v6(0xfd20, 0x00ce, 0, 0x0254), 128, Forbidden(METADATA)),
    (v6(0, 0, 0, 0), 128, Forbidden("unspecified")),
    (v6(0, 0, 0, 1), 128, Private("loopback")),
    (v6(0, 0, 0, 0), 96, Forbidden("IPv4-compatible")),
    (
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0),
        96,
        Forbidden("IPv4-mapped"),
    ),
    (v6(0x0064, 0xff9b, 0, 0), 96, Forbidden("translated (NAT64)")),
    (v6(0x0064, 0xff9b, 1, 0), 48, Forbidden("translated (NAT64)")),
    (v6(0x0100, 0, 0, 0), 64, Forbidden("discard-only")),
    (v6(0x2001, 0, 0, 0), 32, Forbidden("Teredo")),
    (v6(0x2001, 0, 0, 0), 23, Forbidden("for IETF protocols")),
    (v6(0x2001, 0x0db8, 0, 0), 32, Forbidden("for documentation")),
    (v6(0x2002, 0, 0, 0), 16, Forbidden("6to4")),
    (v6(0x3ffe, 0, 0, 0), 16, Forbidden("of the former 6bone")),
    (v6(0x3fff, 0, 0, 0), 20, Forbidden("for documentation")),
    (v6(0x5f00, 0, 0, 0), 16, Forbidden("for segment routing")),
    (v6(0xfc00, 0, 0, 0), 7, Private("unique local")),
    (v6(0xfe80, 0, 0, 0), 10, Forbidden("link-local")),
    (v6(0xfec0, 0, 0, 0), 10, Forbidden("site-local")),
    (v6(0xff00, 0, 0, 0), 8, Forbidden("multicast")),
];

const METADATA: &str = "the metadata service of a cloud";

/// The first three groups and the last one.
const fn v6(first: u16, second: u16, third: u16, last: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, second, third, 0, 0, 0, 0, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn class(address: &str) -> AddressClass {
        classify(address.parse().unwrap())
    }

    /// Each range with its first and its last address, and the public neighbours outside of it (if there are any).
    const EDGES: &[(&str, &str, &[&str])] = &[
        ("0.0.0.0", "0.255.255.255", &["1.0.0.0"]),
        ("10.0.0.0", "10.255.255.255", &["9.255.255.255", "11.0.0.0"]),
        (
            "100.64.0.0",
            "100.127.255.255",
            &["100.63.255.255", "100.128.0.0"],
        ),
        ("127.0.0.0", "127.255.255.255", &["126.255.255.255", "128.0.0.0"]),
        (
            "169.254.0.0",
            "169.254.255.255",
            &["169.253.255.255", "169.255.0.0"],
        ),
        ("172.16.0.0", "172.31.255.255", &["172.15.255.255", "172.32.0.0"]),
        ("192.0.0.0", "192.0.0.255", &["191.255.255.255", "192.0.1.0"]),
        ("192.0.2.0", "192.0.2.255", &["192.0.1.255", "192.0.3.0"]),
        (
            "192.31.196.0",
            "192.31.196.255",
            &["192.31.195.255", "192.31.197.0"],
        ),
        (
            "192.52.193.0",
            "192.52.193.255",
            &["192.52.192.255", "192.52.194.0"],
        ),
        ("192.88.99.0", "192.88.99.255", &["192.88.98.255", "192.88.100.0"]),
        (
            "192.168.0.0",
            "192.168.255.255",
            &["192.167.255.255", "192.169.0.0"],
        ),
        (
            "192.175.48.0",
            "192.175.48.255",
            &["192.175.47.255", "192.175.49.0"],
        ),
        ("198.18.0.0", "198.19.255.255", &["198.17.255.255", "198.20.0.0"]),
        (
            "198.51.100.0",
            "198.51.100.255",
            &["198.51.99.255", "198.51.101.0"],
        ),
        ("203.0.113.0", "203.0.113.255", &["203.0.112.255", "203.0.114.0"]),
        ("224.0.0.0", "255.255.255.255", &["223.255.255.255"]),
        (
            "168.63.129.16",
            "168.63.129.16",
            &["168.63.129.15", "168.63.129.17"],
        ),
        ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["2000::"]),
        (
            "2001::",
            "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
            &["2000:ffff::", "2001:200::"],
        ),
        (
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            &["2001:db7:ffff::", "2001:db9::"],
        ),
        (
            "2002::",
            "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            &["2001:ffff::", "2003::"],
        ),
        (
            "3ffe::",
            "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            &["3ffd:ffff::"],
        ),
        (
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            &["3fff:1000::"],
        ),
        (
            "4000::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            &["3fff:ffff::"],
        ),
    ];

    #[test]
    fn thr_40_every_special_range_is_refused_from_its_first_address_to_its_last() {
        for (first, last, neighbours) in EDGES {
            for inside in [first, last] {
                assert_ne!(class(inside), AddressClass::Public, "{inside}");
            }
            for neighbour in *neighbours {
                assert_eq!(class(neighbour), AddressClass::Public, "{neighbour}");
            }
        }
    }

    #[test]
    fn thr_40_every_line_of_the_tables_decides_for_its_own_network_address() {
        for (network, _, expected) in V4 {
            assert_eq!(classify((*network).into()), *expected, "{network}");
        }
        for (network, length, expected) in V6 {
            // The first address of ::/96 has a line of its own, as has that of 2001::/23.
            let own_line = !matches!((*length, network.segments()[0]), (96, 0) | (23, 0x2001));
            if own_line || network.segments()[5] == 0xffff {
                assert_eq!(classify((*network).into()), *expected, "{network}/{length}");
            }
        }
        assert_eq!(class("::2"), Forbidden("IPv4-compatible"));
        assert_eq!(class("2001:20::1"), Forbidden("for IETF protocols"));
    }

    #[test]
    fn thr_40_metadata_services_are_never_allowed_though_their_networks_may_be() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
        ] {
            assert!(matches!(class(address), Forbidden(_)), "{address}");
        }
        assert!(matches!(class("100.100.100.201"), Private(_)));
        assert!(matches!(class("fd00:ec2::253"), Private(_)));
    }

    #[test]
    fn thr_40_addresses_with_another_one_inside_are_refused_whatever_is_inside() {
        for address in [
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1:ffff::1",
            "2002:808:808::1",
            "2001:0:1::1",
        ] {
            assert!(matches!(class(address), Forbidden(_)), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "140.82.112.3",
            "142.250.74.110",
            "2a00:1450:4001:830::200e",
            "2606:50c0:8000::153",
        ] {
            assert_eq!(class(address), AddressClass::Public, "{address}");
        }
    }

    proptest! {
        /// The standard library's own predicates, as a second opinion.
        #[test]
        fn thr_40_what_the_standard_library_calls_special_is_never_public(v4: u32, v6: u128) {
            let (v4, v6) = (Ipv4Addr::from_bits(v4), Ipv6Addr::from_bits(v6));
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!special || classify(v4.into()) != AddressClass::Public);
            let special = v6.is_loopback() || v6.is_multicast() || v6.is_unique_local()
                || v6.is_unicast_link_local() || v6.to_ipv4().is_some();
            prop_assert!(!special || classify(v6.into()) != AddressClass::Public);
            prop_assert!(matches!(classify(v4.to_ipv6_mapped().into()), Forbidden(_)));
        }
    }
}
