//! The kinds of key an API issues.

use keyward_core::expiry::ExpiryRules;
use keyward_core::key::{Kind, KindRules, Naming, Visibility};
use keyward_core::scope::Catalogue;
use keyward_core::secret::{Alphabet, Format};

use crate::config::fault::Faults;
use crate::config::view::Section;

/// Reads the kinds of key.
pub(super) fn kinds(api: &Section<'_>, catalogue: &Catalogue, faults: &mut Faults) -> Vec<KindRules> {
    let Some(keys) = api.inside("keys") else { return Vec::new() };
    let mut kinds = Vec::new();
    for kind in Kind::ALL {
        let Some(section) = keys.inside(kind.as_str()) else { continue };
        judge(kind, &section, catalogue, faults);
        kinds.extend(rules(kind, &section, faults));
    }
    kinds
}

fn rules(kind: Kind, section: &Section<'_>, faults: &mut Faults) -> Option<KindRules> {
    let alphabet = match section.text("alphabet")? {
        "hex" => Alphabet::Hex,
        "base36_upper" => Alphabet::Base36Upper,
        _ => Alphabet::Base62,
    };
    let format = Format::new(section.text("prefix")?, alphabet, section.count("letters") as usize);
    let format =
        format.map_err(|bad| faults.add(section.spot("letters"), section.path.clone(), bad.to_string())).ok()?;
    Some(KindRules {
        kind,
        visibility: match section.text("visibility")? {
            "owner" => Visibility::Owner,
            "always" => Visibility::Always,
            _ => Visibility::Once,
        },
        format,
        naming: if section.text("naming")? == "optional" { Naming::Optional } else { Naming::Required },
        name_chars_max: section.count("name_chars_max") as usize,
        unique_names: section.flag("unique_names"),
        count_max: section.count("count_max"),
        count_min: section.count("count_min"),
        provisioned: section.flag("provisioned"),
        expiry: ExpiryRules {
            days_min: section.count("days_min"),
            days_max: section.count("days_max"),
            required: section.flag("expiry_required"),
            infinite_days: section.whole("infinite").and_then(|days| u32::try_from(days).ok()),
        },
        scopes_required: section.flag("scopes_required"),
        overlap_days_max: section.count("overlap_days_max"),
    })
}

/// What can't be told from one value alone.
fn judge(kind: Kind, section: &Section<'_>, catalogue: &Catalogue, faults: &mut Faults) {
    let mut fault = |key: &str, why: &str| faults.add(section.spot(key), section.at(key), why);
    if section.count("days_min") > section.count("days_max") {
        fault("days_max", "less than days_min");
    }
    if section.count("count_min") > section.count("count_max") {
        fault("count_max", "less than count_min");
    }
    if section.flag("scopes_required") && catalogue.scopes().is_empty() {
        fault("scopes_required", "the API has no scopes to choose from");
    }
    match kind {
        Kind::Account => {
            if section.text("visibility") == Some("owner") {
                fault("visibility", "an account key has no owner: use once or always");
            }
        }
        Kind::Personal => {
            for key in ["provisioned"].into_iter().filter(|key| section.flag(key)) {
                fault(key, "a new account has no people to give a personal key to");
            }
        }
    }
}
