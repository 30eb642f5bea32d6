//! Body rules: which scopes a body needs, how many items it holds, what it must satisfy (rows r63, r66).
//!
//! Rules are CEL expressions over `body`, compiled when the configuration is loaded. A body is read as JSON with at
//! most 64 levels and no member twice: gateway and upstream must not read different ones.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Deepest nesting of a body that is read.
pub const DEPTH_MAX: usize = 64;
/// Longest expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 4_096;
/// Deepest nesting of brackets in an expression: the compiler recurses.
pub const EXPRESSION_DEPTH_MAX: usize = 16;
/// Most operators of an expression. Running one recurses too, on the small stack of a thread that serves: with 2,000
/// additions it took the whole process down.
pub const EXPRESSION_OPERATORS_MAX: usize = 256;

/// An expression that was compiled.
#[derive(Clone)]
pub struct Expression {
    text: String,
    program: Arc<cel::Program>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.text)
    }
}

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadExpression {
    /// Too long or too deep.
    #[error(
        "at most {EXPRESSION_BYTES_MAX} bytes, {EXPRESSION_DEPTH_MAX} levels of brackets and {EXPRESSION_OPERATORS_MAX} operators"
    )]
    TooLarge,
    /// Not CEL.
    #[error("{0}")]
    Syntax(String),
}

impl Expression {
    /// Compiles. The compiler recurses: call it while loading configuration, on a thread with a large stack.
    pub fn compile(text: &str) -> Result<Self, BadExpression> {
        let too_long = text.len() > EXPRESSION_BYTES_MAX || operators(text) > EXPRESSION_OPERATORS_MAX;
        if too_long || brackets_depth(text) > EXPRESSION_DEPTH_MAX {
            return Err(BadExpression::TooLarge);
        }
        let program = cel::Program::compile(text).map_err(|error| BadExpression::Syntax(error.to_string()))?;
        Ok(Self { text: text.to_owned(), program: Arc::new(program) })
    }

    /// Whether its text names this word: what it gives may hold it.
    pub fn mentions(&self, word: &str) -> bool {
        ['"', '\''].iter().any(|quote| self.text.contains(&format!("{quote}{word}{quote}")))
    }

    fn run(&self, context: &cel::Context<'_, '_>) -> Result<cel::Value, String> {
        self.program.execute(context).map_err(|error| error.to_string())
    }
}

fn brackets_depth(text: &str) -> usize {
    let step = |(depth, most): (usize, usize), c: char| match c {
        '(' | '[' | '{' | '?' => (depth + 1, most.max(depth + 1)),
        ')' | ']' | '}' | ':' => (depth.saturating_sub(1), most),
        '!' | '-' => (depth, most.max(depth)),
        _ => (depth, most),
    };
    text.chars().fold((0, 0), step).1
}

/// Whatever may add a level to the tree of an expression, counted generously.
fn operators(text: &str) -> usize {
    text.bytes().filter(|byte| b"+-*/%.[({?&|<>=!,".contains(byte)).count()
}

/// What the body of a route must satisfy.
#[derive(Debug, Clone)]
pub struct BodyRule {
    /// Gives a list of scope names that this body needs.
    pub scopes: Option<Expression>,
    /// Gives how many items this body holds.
    pub items: Option<Expression>,
    /// Most items (row r66).
    pub items_max: Option<u64>,
    /// Gives what the request takes from each limit and quota.
    pub cost: Option<Expression>,
    /// Gives whether the body makes sense at all.
    pub require: Option<Expression>,
    /// What to say when it does not.
    pub require_message: String,
    /// Most bytes that are read.
    pub bytes_max: usize,
}

/// What a body asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// Names of the scopes it needs.
    pub scopes: Vec<String>,
    /// How many items it holds.
    pub items: Option<u64>,
    /// What it costs, where a rule says so.
    pub cost: Option<u32>,
}

/// Why a body is refused before its scopes are looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// Not JSON, too deep, or a member twice.
    #[error("the body is not acceptable JSON: {0}")]
    Syntax(String),
    /// JSON whose content does not fit the rule.
    #[error("{0}")]
    Content(String),
}

impl BodyRule {
    /// What these bytes ask for.
    pub fn demand(&self, bytes: &[u8]) -> Result<Demand, BadBody> {
        let body = parse(bytes)?;
        let mut context = cel::Context::default();
        let unfit = |why: String| BadBody::Content(format!("the body does not fit this route: {why}"));
        context.add_variable("body", body).map_err(|error| unfit(error.to_string()))?;
        if let Some(rule) = &self.require {
            match rule.run(&context).map_err(unfit)? {
                cel::Value::Bool(true) => {}
                _ => return Err(BadBody::Content(self.require_message.clone())),
            }
        }
        let number = |rule: &Option<Expression>| match rule {
            Some(rule) => rule.run(&context).and_then(|value| count(&value)).map(Some).map_err(unfit),
            None => Ok(None),
        };
        let scopes = match &self.scopes {
            Some(rule) => rule.run(&context).and_then(|value| words(&value)).map_err(unfit)?,
            None => Vec::new(),
        };
        let cost = number(&self.cost)?.map(|cost| u32::try_from(cost).unwrap_or(u32::MAX));
        Ok(Demand { scopes, items: number(&self.items)?, cost })
    }
}

fn count(value: &cel::Value) -> Result<u64, String> {
    match value {
        cel::Value::Int(number) => u64::try_from(*number).map_err(|_| "a negative count".to_owned()),
        cel::Value::UInt(number) => Ok(*number),
        other => Err(format!("expected a number, found {:?}", other.type_of())),
    }
}

fn words(value: &cel::Value) -> Result<Vec<String>, String> {
    let cel::Value::List(items) = value else { return Err("expected a list of scopes".into()) };
    let word = |item: &cel::Value| match item {
        cel::Value::String(text) => Ok(text.to_string()),
        _ => Err("expected a list of scopes".to_owned()),
    };
    items.iter().map(word).collect()
}

/// Reads JSON, refusing a member twice, more than [`DEPTH_MAX`] levels, and anything after the value.
pub fn parse(bytes: &[u8]) -> Result<Value, BadBody> {
    let wrong = |error: serde_json::Error| BadBody::Syntax(error.to_string());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(wrong)?;
    reader.end().map_err(wrong)?;
    Ok(value)
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format_args!("more than {DEPTH_MAX} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.deeper()?)?;
            if map.contains_key(&name) {
                return Err(de::Error::custom(format_args!("the member {name:?} stands twice")));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk() -> BodyRule {
        let compile = |text: &str| Some(Expression::compile(text).unwrap());
        BodyRule {
            scopes: compile(
                "(has(body.targetGroupIds) && size(body.targetGroupIds) > 0 ? ['validate:target-groups'] : []) \
                 + (has(body.offerIds) && size(body.offerIds) > 0 ? ['validate:offers'] : [])",
            ),
            items: compile("size(body.emails)"),
            items_max: Some(100),
            cost: None,
            require: compile(
                "(has(body.offerIds) && size(body.offerIds) > 0) || (has(body.targetGroupIds) && size(body.targetGroupIds) > 0)",
            ),
            require_message: "name targetGroupIds or offerIds".into(),
            bytes_max: 1 << 20,
        }
    }

    #[test]
    fn r63_the_body_says_which_scopes_it_needs() {
        let scopes = |text: &str| bulk().demand(text.as_bytes()).map(|demand| demand.scopes);
        assert_eq!(scopes(r#"{"emails":[],"offerIds":["a"]}"#), Ok(vec!["validate:offers".into()]));
        let both = scopes(r#"{"emails":[],"offerIds":["a"],"targetGroupIds":["b"]}"#);
        assert_eq!(both, Ok(vec!["validate:target-groups".into(), "validate:offers".into()]));
        assert_eq!(
            scopes(r#"{"emails":[],"offerIds":[]}"#),
            Err(BadBody::Content("name targetGroupIds or offerIds".into()))
        );
    }

    #[test]
    fn r66_items_are_counted() {
        let emails = vec!["\"a@b\""; 101].join(",");
        let demand = bulk().demand(format!(r#"{{"emails":[{emails}],"offerIds":["a"]}}"#).as_bytes()).unwrap();
        assert_eq!(demand.items, Some(101));
        assert!(matches!(bulk().demand(br#"{"emails":7,"offerIds":["a"]}"#), Err(BadBody::Content(_))));
        assert!(matches!(bulk().demand(br#"{"offerIds":["a"]}"#), Err(BadBody::Content(_))));
        assert!(matches!(bulk().demand(br"[1]"), Err(BadBody::Content(_))));
    }

    #[test]
    fn bodies_that_two_parsers_read_differently_are_refused() {
        for wrong in [r#"{"a":1,"a":2}"#, r#"{"a":{"b":1,"b":1}}"#, "{", "1 2", "", "\u{feff}{}", "{'a':1}"] {
            assert!(matches!(parse(wrong.as_bytes()), Err(BadBody::Syntax(_))), "{wrong}");
        }
        assert!(parse(&[b'"', 0xFF, b'"']).is_err());
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(deep(DEPTH_MAX).as_bytes()).is_ok());
        assert!(parse(deep(DEPTH_MAX + 2).as_bytes()).is_err());
    }

    #[test]
    fn the_longest_expression_runs_on_a_small_stack() {
        for text in [format!("1{}", "+1".repeat(256)), format!("body{}", "[0]".repeat(256))] {
            let rule = BodyRule { require: None, items: Expression::compile(&text).ok(), ..bulk() };
            assert!(rule.items.is_some());
            let run = move || drop(rule.demand(b"{}"));
            std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
        }
    }

    #[test]
    fn expressions_are_bounded() {
        assert_eq!(Expression::compile(&"(".repeat(17)).err(), Some(BadExpression::TooLarge));
        assert_eq!(Expression::compile(&"1+".repeat(257)).err(), Some(BadExpression::TooLarge));
        assert!(matches!(Expression::compile("1 +").err(), Some(BadExpression::Syntax(_))));
    }
}
