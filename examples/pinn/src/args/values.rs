//! How the values of options are read, and what is said of those that are refused.

use crate::method::{Chain, Method};
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, ValueEnum};
use std::ffi::OsStr;
use std::fmt::Display;
use std::str::FromStr;

/// Reads a [`Chain`], and lists the methods in the help.
#[derive(Clone)]
pub struct ChainParser;

impl TypedValueParser for ChainParser {
    type Value = Chain;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Chain, clap::Error> {
        let refuse = |message| refusal(command, format!("--method: {message}"));
        value.to_string_lossy().parse().map_err(refuse)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let methods = Method::value_variants().iter();
        Some(Box::new(methods.filter_map(ValueEnum::to_possible_value)))
    }
}

/// Reads a bare name where a study file would have `name(key=value)`.
#[derive(Clone)]
pub struct Name<T: ValueEnum + Clone + Send + Sync + 'static> {
    names: EnumValueParser<T>,
    flags: &'static str,
}

impl<T: ValueEnum + Clone + Send + Sync + 'static> Name<T> {
    /// `flags` says which flags stand for the options in parentheses.
    pub fn without_options(flags: &'static str) -> Self {
        Self {
            names: EnumValueParser::new(),
            flags,
        }
    }
}

impl<T: ValueEnum + Clone + Send + Sync + 'static> TypedValueParser for Name<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        let text = value.to_string_lossy();
        let Some((name, _)) = text.split_once('(') else {
            return self.names.parse_ref(command, arg, value);
        };
        let flag = arg.and_then(Arg::get_long).unwrap_or_default();
        Err(refusal(
            command,
            format!(
                "--{flag} '{text}': options in parentheses are for study files; give --{flag} {}: {}",
                name.trim(),
                self.flags
            ),
        ))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.names.possible_values()
    }
}

fn refusal(command: &Command, message: String) -> clap::Error {
    clap::Error::raw(ErrorKind::InvalidValue, message + "\n").with_cmd(command)
}

fn number(text: &str, allowed: impl Fn(f64) -> bool, wanted: &str) -> Result<f64, String> {
    let parsed = text
        .parse()
        .ok()
        .filter(|&x: &f64| x.is_finite() && allowed(x));
    parsed.ok_or_else(|| format!("give {wanted}"))
}

/// A number above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    number(text, |x| x > 0.0, "a number above 0")
}

/// 0 or a number above it.
pub fn not_negative(text: &str) -> Result<f64, String> {
    number(text, |x| x >= 0.0, "0 or a number above it")
}

/// 0 or a number between 0 and 1.
pub fn fraction(text: &str) -> Result<f64, String> {
    number(
        text,
        |x| (0.0..1.0).contains(&x),
        "0 or a number between 0 and 1",
    )
}

/// A whole number without an upper end.
pub fn at_least<T>(least: T) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Copy,
{
    move |text| {
        let parsed = text.parse().ok().filter(|&n: &T| n >= least);
        parsed.ok_or_else(|| format!("give a whole number, at least {least}"))
    }
}

/// A whole number with two ends.
pub fn between(least: usize, most: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| {
        let parsed = text
            .parse()
            .ok()
            .filter(|n: &usize| (least..=most).contains(n));
        parsed.ok_or_else(|| format!("give a whole number, at least {least} and at most {most}"))
    }
}
