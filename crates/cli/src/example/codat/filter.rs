//! The query language of the list endpoints: `name~acme && region!=uk`.

use crate::example::Fault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equals,
    Differs,
    Contains,
}

/// One condition on one named field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    field: String,
    operator: Operator,
    value: String,
}

/// Conditions that must all hold. The empty filter holds for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter(Vec<Condition>);

impl Filter {
    /// Reads conditions joined by `&&`; the operators are `=`, `!=` and `~` (contains).
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split("&&").map(Condition::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether all conditions hold, given the value of each field. Letter case does not matter.
    pub(crate) fn holds(&self, value_of: impl Fn(&str) -> Option<String>) -> bool {
        self.0.iter().all(|condition| {
            let actual = value_of(&condition.field).map(|value| value.to_lowercase());
            let wanted = condition.value.to_lowercase();
            match condition.operator {
                Operator::Equals => actual.is_some_and(|actual| actual == wanted),
                Operator::Differs => actual.is_none_or(|actual| actual != wanted),
                Operator::Contains => actual.is_some_and(|actual| actual.contains(&wanted)),
            }
        })
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, Fault> {
        let refused = || Fault::bad(format!("Cannot read `{}`; write for example name~acme.", text.trim()));
        let at = text.find(['=', '!', '~']).ok_or_else(refused)?;
        let (field, rest) = text.split_at(at);
        let operators = [("!=", Operator::Differs), ("=", Operator::Equals), ("~", Operator::Contains)];
        let found = operators.into_iter().find_map(|(sign, operator)| Some((operator, rest.strip_prefix(sign)?)));
        let (operator, value) = found.ok_or_else(refused)?;
        if field.trim().is_empty() {
            return Err(refused());
        }
        Ok(Self { field: field.trim().to_owned(), operator, value: value.trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_combine_and_ignore_case() {
        let filter = Filter::parse("region = UK && team!=sales&&name~cme").expect("a good filter");
        let fields = |team: &'static str| {
            move |field: &str| match field {
                "region" => Some("uk".to_owned()),
                "name" => Some("Acme Ltd".to_owned()),
                "team" => Some(team.to_owned()),
                _ => None,
            }
        };
        assert!(filter.holds(fields("finance")));
        assert!(!filter.holds(fields("sales")));
        assert!(Filter::parse(" ").expect("an empty filter").holds(|_| None));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in ["name", "=x", "name!x", "a=1 && "] {
            assert!(Filter::parse(text).is_err(), "{text} must be refused");
        }
    }
}
