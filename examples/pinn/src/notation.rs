//! `name(key=value, key=value)`: how a choice with options is written, on the command line and in a study file.
//!
//! ```text
//!   stable-grad                      the name alone: every option has its default
//!   sgd(momentum=0.9)                one option
//!   centralize + clip-norm(max-norm=0.5, scope=tensor)     several, one after the other
//! ```

use std::fmt;
use std::str::FromStr;

/// A name with options, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What stands before the parenthesis.
    pub name: String,
    options: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Call {
    /// Takes one call apart.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, inside) = match text.split_once('(') {
            None => (text, ""),
            Some((name, rest)) => {
                let inside = rest.strip_suffix(')');
                let missing = || format!("'{text}' opens a parenthesis and does not end with ')'");
                (name.trim_end(), inside.ok_or_else(missing)?)
            }
        };
        if name.is_empty() {
            return Err(format!("'{text}' has no name; write name(key=value)"));
        }
        let options = inside.split(',').filter(|part| !part.trim().is_empty());
        Ok(Self {
            name: name.to_owned(),
            options: options.map(option).collect::<Result<_, _>>()?,
            known: Vec::new(),
        })
    }

    /// Takes calls joined by `+` apart.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        // A `+` inside parentheses is an exponent's, as in 1e+3.
        let mut depth = 0;
        let separates = |c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == '+' && depth == 0
        };
        text.split(separates).map(Self::parse).collect()
    }

    /// The value of an option, if it was given.
    pub fn option<T: FromStr>(
        &mut self,
        key: &'static str,
        wanted: &str,
    ) -> Result<Option<T>, String> {
        self.known.push(key);
        let Some(index) = self.options.iter().position(|(given, _)| given == key) else {
            return Ok(None);
        };
        let (_, value) = self.options.swap_remove(index);
        let wrong = |_| format!("{}: {key}={value}: give {wanted}", self.name);
        value.parse().map(Some).map_err(wrong)
    }

    /// A number for which `allowed` holds, if it was given.
    pub fn number(
        &mut self,
        key: &'static str,
        wanted: &str,
        allowed: impl Fn(f64) -> bool,
    ) -> Result<Option<f64>, String> {
        let number = self.option(key, wanted)?;
        match number {
            Some(x) if !allowed(x) => Err(format!("{}: {key}={x}: give {wanted}", self.name)),
            _ => Ok(number),
        }
    }

    /// Whether something is on or off, if that was said.
    pub fn switch(&mut self, key: &'static str) -> Result<Option<bool>, String> {
        let word: Option<Switch> = self.option(key, "on or off")?;
        Ok(word.map(|Switch(on)| on))
    }

    /// Refuses options that nobody has asked for.
    pub fn finish(self) -> Result<(), String> {
        let Some((key, _)) = self.options.first() else {
            return Ok(());
        };
        let name = &self.name;
        Err(match self.known.as_slice() {
            [] => format!("{name} takes no options; '{key}' was given"),
            known => format!(
                "{name} has no option '{key}', or it is given twice; it has: {}",
                known.join(", ")
            ),
        })
    }
}

struct Switch(bool);

impl FromStr for Switch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            _ => Err(()),
        }
    }
}

fn option(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("'{}' is no option; write key=value", text.trim()))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// Writes a call back: `name`, or `name(key=value, key=value)` if there are options.
pub fn write(f: &mut fmt::Formatter, name: &str, options: &[(&str, String)]) -> fmt::Result {
    f.write_str(name)?;
    if options.is_empty() {
        return Ok(());
    }
    let options: Vec<_> = options
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    write!(f, "({})", options.join(", "))
}

/// `1 run`, `2 runs`.
pub fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// The name of a choice, as the user writes it.
pub fn name(choice: impl clap::ValueEnum) -> String {
    choice
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The choice with the given name, or a list of those there are.
pub fn choose<T: clap::ValueEnum>(what: &str, text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let names: Vec<_> = T::value_variants()
            .iter()
            .map(|v| name(v.clone()))
            .collect();
        format!(
            "unknown {what} '{text}' [possible values: {}]",
            names.join(", ")
        )
    })
}

/// Reads and writes a type that has a notation as a string: `serde_as_text!(Type)`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<str> as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<Option<f64>, String> {
        let mut call = Call::parse(text)?;
        let number = call.number("size", "a number above 0", |x| x > 0.0)?;
        call.finish().map(|()| number)
    }

    #[test]
    fn options_are_read_whatever_the_spaces() {
        assert_eq!(number("box"), Ok(None));
        assert_eq!(number("box()"), Ok(None));
        assert_eq!(number(" box ( size = 2 ) "), Ok(Some(2.0)));
    }

    #[test]
    fn mistakes_are_named() {
        let mistakes = [
            ("box(size=2", "does not end with ')'"),
            ("(size=2)", "has no name"),
            ("box(size)", "write key=value"),
            ("box(size=0)", "box: size=0: give a number above 0"),
            ("box(size=x)", "box: size=x: give a number above 0"),
            ("box(weight=1)", "it has: size"),
            ("box(size=1, size=2)", "given twice"),
        ];
        for (text, message) in mistakes {
            let error = number(text).expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn one_is_singular() {
        let told = [0, 1, 2].map(|count| counted(count, "run"));
        assert_eq!(told, ["0 runs", "1 run", "2 runs"]);
    }

    #[test]
    fn a_sum_is_split_outside_parentheses_only() {
        let calls = Call::parse_all("a + b(size=1e+3)+c").expect("three calls");
        let names: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
