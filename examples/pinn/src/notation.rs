//! `name(key=value, key=value)`: how a choice with options is written, on the command line and in a study file.
//!
//! ```text
//!   stable-grad                      the name alone: every option has its default
//!   sgd(momentum=0.9)                one option
//!   gradient-stabilizer(gamma1=0.5, scope=global)     several
//! ```
//!
//! What can be written so is an enum of which serde knows names, options, and defaults; [`read()`] and [`write()`] go
//! between the text and serde's `{"name": {"key": value}}`.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Reads one choice.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let text = text.trim();
    let (name, inside) = match text.split_once('(') {
        None => (text, ""),
        Some((name, rest)) => {
            let inside = rest.strip_suffix(')');
            let missing = || format!("'{text}' opens a parenthesis and does not end with ')'");
            (name.trim_end(), inside.ok_or_else(missing)?)
        }
    };
    let mut options = Map::new();
    for part in inside.split(',').filter(|part| !part.trim().is_empty()) {
        let (key, value) = option(part)?;
        if options.insert(key.clone(), value).is_some() {
            return Err(format!("'{text}': {key} is given twice"));
        }
    }
    let call = Map::from_iter([(name.to_owned(), Value::Object(options))]);
    serde_json::from_value(call.into()).map_err(|error| format!("'{text}': {error}"))
}

fn option(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("'{}' is no option; write key=value", text.trim()))?;
    let value = match value.trim() {
        "on" => true.into(),
        "off" => false.into(),
        word => number(word).unwrap_or_else(|| word.into()),
    };
    Ok((key.trim().to_owned(), value))
}

/// Whole numbers as such, so that an option can ask for one.
fn number(word: &str) -> Option<Value> {
    let whole = word.parse::<u64>().map(Value::from);
    let any = || Some(word.parse::<f64>().ok()?.into()).filter(Value::is_number);
    whole.ok().or_else(any)
}

/// Writes a choice back, without the options that have their defaults.
pub fn write<T: Serialize + DeserializeOwned>(f: &mut fmt::Formatter, choice: &T) -> fmt::Result {
    let (name, options) = parts(choice);
    f.write_str(&name)?;
    match options.as_slice() {
        [] => Ok(()),
        _ => write!(f, "({})", joined(&options, "=")),
    }
}

/// `key=value, key=value` with something else than `=` in between.
pub fn joined(options: &[(String, String)], between: &str) -> String {
    let options = options
        .iter()
        .map(|(key, value)| format!("{key}{between}{value}"));
    options.collect::<Vec<_>>().join(", ")
}

/// The name of a choice, and its options where they are not the defaults.
pub fn parts<T: Serialize + DeserializeOwned>(choice: &T) -> (String, Vec<(String, String)>) {
    let (name, options) = call(choice);
    let usual = read::<T>(&name).map(|usual| call(&usual).1);
    let usual = usual.unwrap_or_default();
    let told = options
        .into_iter()
        .filter(|(key, value)| usual.get(key) != Some(value));
    (name, told.map(|(key, value)| (key, text(&value))).collect())
}

fn call<T: Serialize>(choice: &T) -> (String, Map<String, Value>) {
    let Ok(Value::Object(call)) = serde_json::to_value(choice) else {
        unreachable!("a choice is an enum with options in braces")
    };
    match call.into_iter().next() {
        Some((name, Value::Object(options))) => (name, options),
        _ => unreachable!("a choice is an enum with options in braces"),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::String(word) => word.clone(),
        other => other
            .as_f64()
            .map_or_else(|| other.to_string(), |x| x.to_string()),
    }
}

/// For options: a number above 0.
pub fn positive<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    checked(from, |x| x > 0.0, "a number above 0")
}

/// For options: 0 or a number above it.
pub fn not_negative<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    checked(from, |x| x >= 0.0, "0 or a number above it")
}

/// For options: 0 or a number between 0 and 1.
pub fn fraction<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let allowed = |x| (0.0..1.0).contains(&x);
    checked(from, allowed, "0 or a number between 0 and 1")
}

fn checked<'de, D: Deserializer<'de>>(
    from: D,
    allowed: impl Fn(f64) -> bool,
    wanted: &str,
) -> Result<f64, D::Error> {
    let x = f64::deserialize(from)?;
    match x.is_finite() && allowed(x) {
        true => Ok(x),
        false => Err(Error::custom(format!("{x} is not allowed: give {wanted}"))),
    }
}

/// Fields of a setup that are written as text: `#[serde(with = "notation::as_text")]`.
pub mod as_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fmt::Display;
    use std::str::FromStr;

    /// By its `Display`.
    pub fn serialize<T: Display, S: Serializer>(choice: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(choice)
    }

    /// By its `FromStr`.
    pub fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(Error::custom)
    }
}

/// `FromStr` and `Display` of an enum by [`read`] and [`write`].
macro_rules! written {
    ($type:ty) => {
        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                $crate::notation::read(text)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                $crate::notation::write(f, self)
            }
        }
    };
}
pub(crate) use written;

/// `1 run`, `2 runs`.
pub fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// The name of a choice without options, as the user writes it.
pub fn name(choice: impl clap::ValueEnum) -> String {
    choice
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Thing {
        Box(Size),
        Ball(Size),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Size {
        #[serde(deserialize_with = "positive")]
        size: f64,
        open: bool,
        count: u64,
    }

    impl Default for Size {
        fn default() -> Self {
            Self {
                size: 1.0,
                open: true,
                count: 3,
            }
        }
    }

    written!(Thing);

    fn boxed(size: f64, open: bool, count: u64) -> Thing {
        Thing::Box(Size { size, open, count })
    }

    #[test]
    fn options_are_read_whatever_the_spaces() {
        for (text, thing) in [
            ("box", boxed(1.0, true, 3)),
            ("box()", boxed(1.0, true, 3)),
            (" box ( size = 2 ) ", boxed(2.0, true, 3)),
            ("box(open=off,count=5, size=1e-3)", boxed(0.001, false, 5)),
        ] {
            assert_eq!(text.parse(), Ok(thing), "{text}");
        }
    }

    #[test]
    fn a_choice_is_written_without_its_defaults() {
        for text in ["ball", "box(size=2)", "box(size=0.5, open=off, count=7)"] {
            assert_eq!(text.parse::<Thing>().expect(text).to_string(), text);
        }
        assert_eq!(boxed(1.0, true, 3).to_string(), "box");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            ("box(size=2", "does not end with ')'"),
            ("bag", "unknown variant `bag`, expected `box` or `ball`"),
            ("box(size)", "write key=value"),
            (
                "box(size=0)",
                "'box(size=0)': 0 is not allowed: give a number above 0",
            ),
            ("box(size=inf)", "expected f64"),
            ("box(size=x)", "invalid type: string \"x\", expected f64"),
            ("box(count=1.5)", "expected u64"),
            (
                "box(weight=1)",
                "unknown field `weight`, expected one of `size`, `open`, `count`",
            ),
            ("box(size=1, size=2)", "size is given twice"),
        ] {
            let error = text.parse::<Thing>().expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn one_is_singular() {
        let told = [0, 1, 2].map(|count| counted(count, "run"));
        assert_eq!(told, ["0 runs", "1 run", "2 runs"]);
    }
}
