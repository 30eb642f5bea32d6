//! Which addresses are anybody's to reach, and which are somebody's own network (threat T14).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 ranges that are not the public internet, as address and prefix.
const NOT_PUBLIC_4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),       // unspecified, "this network"
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // carrier-grade NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, metadata services among them
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 31, 196, 0], 24), // AS112
    ([192, 88, 99, 0], 24),  // relays of 6to4
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, broadcast
];

/// IPv6 ranges inside 2000::/3 that are not the public internet.
const NOT_PUBLIC_6: [([u16; 3], u32); 5] = [
    ([0x2001, 0, 0], 23),         // protocol assignments: Teredo, benchmarks, ORCHID
    ([0x2001, 0xDB8, 0], 32),     // documentation
    ([0x2002, 0, 0], 16),         // 6to4: an IPv4 address inside
    ([0x2620, 0x4F, 0x8000], 48), // AS112
    ([0x3FFF, 0, 0], 20),         // documentation
];

/// Whether an address is on the public internet. What is not known to be, is not: in IPv6 only 2000::/3 is given out,
/// so that mapped, compatible and translated forms of IPv4, unique-local and link-local addresses all fall out.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_4.iter().any(|(range, bits)| {
            let mask = u32::MAX << (32 - bits);
            address.to_bits() & mask == Ipv4Addr::from(*range).to_bits()
        }),
        IpAddr::V6(address) => {
            let is_given_out = address.segments()[0] & 0xE000 == 0x2000;
            is_given_out
                && !NOT_PUBLIC_6.iter().any(|([a, b, c], bits)| {
                    let range = Ipv6Addr::new(*a, *b, *c, 0, 0, 0, 0, 0).to_bits();
                    address.to_bits() & (u128::MAX << (128 - bits)) == range
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all_public(texts: &str) -> Vec<(&str, bool)> {
        texts.split_whitespace().map(|text| (text, is_public(text.parse().unwrap()))).collect()
    }

    #[test]
    fn addresses_of_somebodys_own_network_are_not_public() {
        let private = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 \
            169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.5 192.88.99.1 192.168.1.1 198.18.0.1 \
            198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
            :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::7f00:1 \
            64:ff9b::808:808 64:ff9b:1::1 100::1 fc00::1 fd12:3456::1 fe80::1 febf::1 fec0::1 ff02::1 2001::1 \
            2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 \
            3fff::1 4000::1 5f00::1 ::a:b";
        for (text, public) in all_public(private) {
            assert!(!public, "{text}");
        }
    }

    #[test]
    fn addresses_next_to_those_are_public() {
        let public = "1.0.0.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 \
            169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.0 192.167.255.255 192.169.0.0 \
            198.17.255.255 198.20.0.0 8.8.8.8 223.255.255.255 2001:200::1 2001:4860:4860::8888 2606:4700::1111 \
            2a00:1450::1 2003::1 3ffe::1";
        for (text, public) in all_public(public) {
            assert!(public, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_form_of_ipv4_inside_ipv6_is_public(bits in any::<u32>(), rest in any::<u64>()) {
            let inner = u128::from(bits);
            let forms = [
                inner,                                                        // compatible
                0xFFFF_0000_0000 | inner,                                     // mapped
                0xFFFF_0000_0000_0000 | inner,                                // translated
                0x64_FF9B << 96 | inner,                                      // NAT64
                0x2002 << 112 | inner << 80 | u128::from(rest),               // 6to4
                0x2001_0000 << 96 | u128::from(rest) << 32 | (inner ^ 0xFFFF_FFFF), // Teredo
            ];
            for form in forms {
                prop_assert!(!is_public(Ipv6Addr::from_bits(form).into()));
            }
        }

        #[test]
        fn what_the_library_calls_private_is_not_public(bits in any::<u32>()) {
            let address = Ipv4Addr::from_bits(bits);
            let known = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_broadcast() || address.is_documentation()
                || address.is_unspecified();
            prop_assert!(!known || !is_public(address.into()));
        }
    }
}
