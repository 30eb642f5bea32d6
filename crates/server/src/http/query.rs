//! Query parameters: unknown, repeated and misshapen ones are refused by name.

use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::{DeserializeOwned, IntoDeserializer, value};

use super::problem::Problem;

/// The query, all of it.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The query of a list that can be filtered by a member of metadata: `metadata.NAME=value`, at most one.
#[derive(Debug)]
pub struct Filter<T>(pub T, pub Option<(String, String)>);

const METADATA: &str = "metadata.";

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(pairs(parts)?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Filter<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (metadata, rest): (Vec<_>, Vec<_>) =
            pairs(parts)?.into_iter().partition(|(name, _)| name.starts_with(METADATA));
        let mut metadata = metadata.into_iter().map(|(name, value)| (name[METADATA.len()..].to_owned(), value));
        let first = metadata.next();
        if let Some((name, _)) = metadata.next() {
            return Err(Problem::parameter(format!("{METADATA}{name}"), "one condition on metadata at a time"));
        }
        Ok(Self(read(rest)?, first))
    }
}

/// Names and values in clear.
pub(super) fn pairs(parts: &Parts) -> Result<Vec<(String, String)>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let clear =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().map(std::borrow::Cow::into_owned);
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        clear(name).and_then(|name| Ok((name, clear(value)?)))
    };
    let pairs: Result<Vec<_>, _> = query.split('&').filter(|part| !part.is_empty()).map(pair).collect();
    pairs.map_err(|_| Problem::parameter("", "the query is not UTF-8"))
}

fn read<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Problem> {
    let names: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
    let map = value::MapDeserializer::new(pairs.into_iter().map(|(name, value)| (name, Word(value))));
    serde_path_to_error::deserialize(map).map_err(|why: serde_path_to_error::Error<value::Error>| {
        let message = why.inner().to_string();
        let mut named = message.split('`').nth(1).filter(|name| names.iter().any(|other| other == name));
        let path = why.path().to_string();
        if names.contains(&path) {
            named = Some(&path);
        }
        Problem::parameter(named.unwrap_or_default(), message.clone())
    })
}

/// A value of a query: a text that can be read as a number where one is wanted.
struct Word(String);

impl IntoDeserializer<'_, value::Error> for Word {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> serde::Deserializer<'de> for Word {
    type Error = value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_u32<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        let number: Option<u32> = self.0.parse().ok();
        visitor.visit_u32(number.ok_or_else(|| serde::de::Error::custom("a whole number is wanted"))?)
    }

    fn deserialize_bool<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        let flag: Option<bool> = self.0.parse().ok();
        visitor.visit_bool(flag.ok_or_else(|| serde::de::Error::custom("`true` or `false` is wanted"))?)
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        let text: value::StringDeserializer<value::Error> = self.0.into_deserializer();
        serde::Deserializer::deserialize_enum(text, name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// An id in the query.
pub fn id_parameter<T: std::str::FromStr<Err: std::fmt::Display>>(
    name: &str,
    text: Option<String>,
) -> Result<Option<T>, Problem> {
    let read = |text: String| text.parse().map_err(|why: T::Err| Problem::parameter(name, why.to_string()));
    text.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_sdk::wire::{KeyQuery, Kind};

    fn parts(query: &str) -> Parts {
        http::Request::get(format!("/v1/keys?{query}")).body(()).unwrap().into_parts().0
    }

    fn filter(query: &str) -> Result<Filter<KeyQuery>, Problem> {
        let mut parts = parts(query);
        let read = Filter::from_request_parts(&mut parts, &());
        futures_util::FutureExt::now_or_never(read).unwrap()
    }

    #[test]
    fn known_parameters_are_read() {
        let Filter(query, metadata) = filter("kind=personal&limit=20&name=a+b%2Bc&metadata.team%20x=red").unwrap();
        assert_eq!((query.kind, query.limit), (Some(Kind::Personal), Some(20)));
        assert_eq!(query.name.as_deref(), Some("a b+c"));
        assert_eq!(metadata, Some(("team x".into(), "red".into())));
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (query, name) in [
            ("colour=red", "colour"),
            ("kind=big", "kind"),
            ("limit=ten", "limit"),
            ("limit=1&limit=2", "limit"),
            ("metadata.a=1&metadata.b=2", "metadata.b"),
            ("name=%FF", ""),
        ] {
            let problem = format!("{:?}", filter(query).unwrap_err());
            assert!(problem.contains(&format!("parameter: Some({name:?})")), "{query}: {problem}");
        }
    }
}
