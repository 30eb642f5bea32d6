//! The made-up target groups and offers, and the rule by which an address qualifies.

use serde_json::{Value, json};

use crate::example::{Fault, noise};

/// A group of people, recognised by how many of all addresses belong to it, or by the address's domain.
pub(crate) struct TargetGroup {
    /// What a request names it by.
    pub(crate) id: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    rule: Rule,
}

enum Rule {
    /// This percentage of all addresses, the same ones every time.
    Percent(u64),
    /// Addresses of universities and schools.
    Academic,
}

/// Every target group.
pub(crate) static TARGET_GROUPS: [TargetGroup; 4] = [
    TargetGroup { id: "tg_students", name: "Students", rule: Rule::Academic },
    TargetGroup { id: "tg_newsletter", name: "Newsletter readers", rule: Rule::Percent(70) },
    TargetGroup { id: "tg_returning", name: "Returning customers", rule: Rule::Percent(40) },
    TargetGroup { id: "tg_premium", name: "Premium members", rule: Rule::Percent(15) },
];

/// Something to give away to the members of one group, once each.
pub(crate) struct Offer {
    /// What a request names it by.
    pub(crate) id: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    /// Whom it is for.
    pub(crate) target_group: &'static TargetGroup,
    /// What it takes off the price.
    pub(crate) discount_percent: u8,
    /// Whether it can still be used.
    pub(crate) active: bool,
}

/// Every offer.
pub(crate) static OFFERS: [Offer; 4] = [
    Offer {
        id: "of_campus20",
        name: "Campus 20 %",
        target_group: &TARGET_GROUPS[0],
        discount_percent: 20,
        active: true,
    },
    Offer {
        id: "of_welcome10",
        name: "Welcome 10 %",
        target_group: &TARGET_GROUPS[1],
        discount_percent: 10,
        active: true,
    },
    Offer {
        id: "of_premium25",
        name: "Premium 25 %",
        target_group: &TARGET_GROUPS[3],
        discount_percent: 25,
        active: true,
    },
    Offer {
        id: "of_spring15",
        name: "Spring 15 %",
        target_group: &TARGET_GROUPS[2],
        discount_percent: 15,
        active: false,
    },
];

impl TargetGroup {
    /// The group with this id, or a 404.
    pub(crate) fn find(id: &str) -> Result<&'static Self, Fault> {
        TARGET_GROUPS
            .iter()
            .find(|group| group.id == id)
            .ok_or_else(|| Fault::missing(format!("there is no target group `{id}`; GET /target-groups lists them")))
    }

    fn has(&self, email: &Email) -> bool {
        match self.rule {
            Rule::Academic => email.is_academic(),
            Rule::Percent(percent) => noise::of_text(&format!("{}/{}", self.id, email.0)) % 100 < percent,
        }
    }

    /// Whether the address belongs to the group, as JSON.
    pub(crate) fn verdict(&self, email: &Email) -> Value {
        let valid = self.has(email);
        let reason = if valid { "member" } else { "not_a_member" };
        json!({"targetGroupId": self.id, "name": self.name, "valid": valid, "reason": reason})
    }
}

impl Offer {
    /// The offer with this id, or a 404.
    pub(crate) fn find(id: &str) -> Result<&'static Self, Fault> {
        OFFERS
            .iter()
            .find(|offer| offer.id == id)
            .ok_or_else(|| Fault::missing(format!("there is no offer `{id}`; GET /offers lists them")))
    }

    /// Whether the address may use the offer, and if not, why, as JSON.
    pub(crate) fn verdict(&self, email: &Email) -> Value {
        let redeemed = noise::of_text(&format!("{}/{}", self.id, email.0)).is_multiple_of(10);
        let reason = match (self.active, self.target_group.has(email), redeemed) {
            (false, _, _) => "offer_ended",
            (true, false, _) => "not_in_target_group",
            (true, true, true) => "already_redeemed",
            (true, true, false) => "eligible",
        };
        json!({"offerId": self.id, "name": self.name, "valid": reason == "eligible", "reason": reason})
    }
}

/// An e-mail address, trimmed and in lower case.
pub(crate) struct Email(String);

impl Email {
    /// Accepts what has one `@`, something before it and a dotted domain after it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let email = text.trim().to_lowercase();
        let (local, domain) = email.split_once('@')?;
        let plain = email.chars().all(|c| !c.is_whitespace() && !c.is_control());
        let labels = domain.split('.').all(|label| !label.is_empty() && !label.contains('@'));
        let sized = !local.is_empty() && email.len() <= 254;
        (plain && labels && sized && domain.contains('.')).then_some(Self(email))
    }

    /// The normalised address.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn is_academic(&self) -> bool {
        let domain = self.0.rsplit('@').next().unwrap_or_default();
        let mut labels = domain.split('.').rev().take(2);
        labels.any(|label| label == "edu" || label == "ac")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised_or_refused() {
        assert!(Email::parse(" Ann@Example.COM ").is_some_and(|email| email.0 == "ann@example.com"));
        for wrong in ["", "ann", "@example.com", "ann@", "ann@com", "a b@example.com", "a@b@example.com", "a@.com"] {
            assert!(Email::parse(wrong).is_none(), "{wrong} must be refused");
        }
    }

    #[test]
    fn a_group_holds_about_its_share_of_addresses() {
        let premium = &TARGET_GROUPS[3];
        let members = (0..1_000).filter(|n| premium.has(&Email(format!("u{n}@example.com")))).count();
        assert!((110..190).contains(&members), "{members} of 1000, expected about 150");
    }
}
