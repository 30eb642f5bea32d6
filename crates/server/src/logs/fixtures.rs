//! Records for unit tests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use proptest::prelude::*;
use uuid::Uuid;

use super::names::{Name, Names};
use super::record::{Bodies, Cause, Kept, Method, Record, Source, Texts};

pub(super) const CODES: [&str; 3] = ["rate_limited", "key_expired", "invalid_credentials"];

/// A table of a few names.
pub(super) fn names() -> Names {
    let names = Names::new(CODES);
    for text in ["shop", "/orders/{id}", "eu1"] {
        names.name(text);
    }
    names
}

fn name() -> impl Strategy<Value = Name> {
    prop::sample::select(["", "shop", "/orders/{id}", "eu1"].map(|text| names().name(text)).to_vec())
}

fn id() -> impl Strategy<Value = Option<Uuid>> {
    prop::option::of(any::<u128>().prop_map(Uuid::from_u128))
}

fn address() -> impl Strategy<Value = Option<IpAddr>> {
    prop_oneof![
        Just(None),
        any::<u32>().prop_map(|bits| Some(IpAddr::V4(Ipv4Addr::from_bits(bits)))),
        any::<u128>().prop_map(|bits| Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))),
    ]
}

/// Any record as the writer stores it.
pub(super) fn any_record() -> impl Strategy<Value = Record> {
    let who = (id(), id(), id(), prop::option::of(any::<bool>()), prop::option::of(any::<bool>()), any::<bool>());
    let what = (name(), name(), name(), "[A-Z]{1,15}", "/[a-zé/]{0,30}", "[ -~]{0,30}", id(), "[a-z0-9]{1,20}");
    let end = (
        0_u16..600,
        prop::option::of(prop::sample::select(CODES.to_vec())),
        prop::option::of(prop::sample::select(Cause::ALL.to_vec())),
        prop::option::of(any::<u32>()),
        any::<bool>(),
        any::<bool>(),
    );
    let numbers =
        (any::<u32>(), any::<u32>(), 0..1_u64 << 62, 0..1_u64 << 62, any::<u32>(), prop::option::of(0..1_u32 << 31));
    let left = prop::option::of(0..1_u64 << 62);
    (0_i64..1 << 45, who, what, end, numbers, address(), left).prop_map(
        |(at, who, what, end, numbers, address, remaining)| {
            let mut record = Record::new(UnixMs(at), if end.4 { Source::Auth } else { Source::Gateway });
            record.account = who.0.map(AccountId::new);
            record.key = who.1.map(KeyId::new);
            record.person = who.2.map(PersonId::new);
            record.kind = who.3.map(|personal| if personal { Kind::Personal } else { Kind::Account });
            record.environment = who.4.map(|test| if test { Environment::Test } else { Environment::Live });
            record.old_secret = who.5;
            (record.api, record.route, record.region) = (what.0, what.1, what.2);
            record.method = Method::new(&what.3);
            record.made_id = what.6;
            record.texts = Texts::new(&what.4, &what.5, if what.6.is_some() { "" } else { &what.7 });
            (record.status, record.code, record.cause, record.fingerprint) = (end.0, end.1, end.2, end.3);
            record.broke_off = end.5;
            (record.total_us, record.upstream_us, record.bytes_in, record.bytes_out) =
                (numbers.0, numbers.1, numbers.2, numbers.3);
            (record.cost, record.items) = (numbers.4, numbers.5);
            record.address = address;
            record.remaining = remaining;
            record.bodies = end.5.then(|| {
                let kept = |text: &str, cut| Kept { bytes: text.as_bytes().to_vec(), cut };
                Box::new(Bodies { request: kept(&what.4, end.4), answer: kept(&what.5, who.5) })
            });
            record
        },
    )
}
