//! Two APIs must not answer at the same place.

use std::collections::HashMap;

use crate::config::fault::Faults;
use crate::config::setup::ApiSetup;
use crate::config::tree::Spot;

/// Reports hosts and prefixes that two APIs claim.
pub(super) fn find(apis: &[(ApiSetup, Spot)], faults: &mut Faults) {
    let mut taken: HashMap<(&str, &str), &str> = HashMap::new();
    for (setup, spot) in apis {
        let name = setup.api.name.as_str();
        let hosts: Vec<&str> =
            if setup.hosts.is_empty() { vec![""] } else { setup.hosts.iter().map(String::as_str).collect() };
        for host in hosts {
            for prefix in &setup.prefixes {
                let Some(other) = taken.insert((host, prefix), name).filter(|other| *other != name) else { continue };
                let host = if host.is_empty() { "any host" } else { host };
                faults.add(
                    *spot,
                    format!("apis.{name}"),
                    format!("`{other}` answers at {host} and prefix {prefix} already"),
                );
            }
        }
    }
}
