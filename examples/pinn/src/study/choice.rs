//! What a key of a study file takes: one value or a list, and what is asked for when something else is there.

use crate::method::Reference;
use serde::de::value::{Error as Refusal, StrDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess,
    SeqAccess, Visitor,
};
use std::fmt;
use std::marker::PhantomData;
use toml::Value;

/// What a key takes.
pub trait Choice {
    /// As a setup has it.
    type Value: Clone;

    /// Reads a value of the file, or asks for what should be there.
    fn read(value: &Value) -> Result<Self::Value, String>;
}

/// One value or a list.
pub struct Many<C: Choice>(pub Vec<C::Value>);

/// A whole number from `LEAST` to `MOST`.
pub enum Whole<const LEAST: usize, const MOST: usize = { usize::MAX }> {}

/// A whole number from 0, of 64 bits on every machine.
pub enum Seed {}

/// A number above 0.
pub enum Positive {}

/// 0 or a number above it.
pub enum NotNegative {}

/// Something that is written as text.
pub struct Text<T>(PhantomData<T>);

impl<const LEAST: usize, const MOST: usize> Choice for Whole<LEAST, MOST> {
    type Value = usize;

    fn read(value: &Value) -> Result<usize, String> {
        let number = value.as_integer().and_then(|n| usize::try_from(n).ok());
        let allowed = number.filter(|n| (LEAST..=MOST).contains(n));
        allowed.ok_or_else(|| match MOST {
            usize::MAX => format!("give a whole number, at least {LEAST}"),
            most => format!("give a whole number, at least {LEAST} and at most {most}"),
        })
    }
}

impl Choice for Seed {
    type Value = u64;

    fn read(value: &Value) -> Result<u64, String> {
        let number = value.as_integer().and_then(|n| u64::try_from(n).ok());
        number.ok_or_else(|| "give a whole number, at least 0".to_owned())
    }
}

impl Choice for Positive {
    type Value = f64;

    fn read(value: &Value) -> Result<f64, String> {
        let allowed = number(value).filter(|&x| x > 0.0);
        allowed.ok_or_else(|| "give a number above 0".to_owned())
    }
}

impl Choice for NotNegative {
    type Value = f64;

    fn read(value: &Value) -> Result<f64, String> {
        let allowed = number(value).filter(|&x| x >= 0.0);
        allowed.ok_or_else(|| "give 0 or a number above it".to_owned())
    }
}

impl<T: Clone + DeserializeOwned> Choice for Text<T> {
    type Value = T;

    fn read(value: &Value) -> Result<T, String> {
        let text = value.as_str().ok_or("give text in quotes")?;
        let text: StrDeserializer<Refusal> = text.into_deserializer();
        T::deserialize(text).map_err(|error| error.to_string())
    }
}

impl Choice for Reference {
    type Value = Self;

    fn read(value: &Value) -> Result<Self, String> {
        match (value.as_str(), number(value)) {
            (Some(text), _) => text.parse(),
            (None, Some(number)) => number.to_string().parse(),
            (None, None) => Err(format!("give {}", Self::WANTED)),
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    let whole = value.as_integer().map(|n| n as f64);
    value.as_float().or(whole).filter(|x| x.is_finite())
}

impl<C: Choice> Clone for Many<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'de, C: Choice> Deserialize<'de> for Many<C> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrMore(PhantomData))
    }
}

/// The same for an item of a list, so that a refusal has its place; a list in a list is that many more items.
struct OneOrMore<C>(PhantomData<C>);

impl<C: Choice> OneOrMore<C> {
    fn one<E: Error>(value: impl Into<Value>) -> Result<Many<C>, E> {
        let read = C::read(&value.into()).map_err(Error::custom);
        read.map(|value| Many(vec![value]))
    }
}

impl<'de, C: Choice> Visitor<'de> for OneOrMore<C> {
    type Value = Many<C>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_bool<E: Error>(self, word: bool) -> Result<Many<C>, E> {
        Self::one(word)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Many<C>, E> {
        Self::one(text)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Many<C>, E> {
        Self::one(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Many<C>, E> {
        Self::one(number)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Many<C>, A::Error> {
        while table.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Self::one(toml::Table::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<C>, A::Error> {
        let mut values = Vec::new();
        while let Some(Many::<C>(item)) = list.next_element()? {
            values.extend(item);
        }
        match values.is_empty() {
            true => Err(Error::custom("the list is empty; give at least one value")),
            false => Ok(Many(values)),
        }
    }
}
