//! Repeatable "random" numbers: example data that looks lively and is the same on every run.

/// Scatters a number over all 64 bits (the finaliser of SplitMix64).
pub(crate) fn scatter(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A repeatable number for a text (FNV-1a, scattered). Not for anything secret.
pub(crate) fn of_text(text: &str) -> u64 {
    let fnv = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    scatter(fnv)
}

/// A UUID-shaped identifier (version 4 layout) that is always the same for the same text.
pub(crate) fn uuid(text: &str) -> String {
    let high = of_text(text);
    let low = scatter(high);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_the_layout_and_is_repeatable() {
        let id = uuid("acct_1/company/3");
        assert_eq!(id, uuid("acct_1/company/3"));
        assert_ne!(id, uuid("acct_1/company/4"));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(id.split('-').nth(2).is_some_and(|part| part.starts_with('4')));
    }
}
