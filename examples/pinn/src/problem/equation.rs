//! The problems by name, with their numbers: `poisson(mode=2)`, `helmholtz(a1=1, a2=4)`, `burgers(viscosity=0.02)`.

use super::burgers::Burgers;
use super::definition::Problem;
use super::helmholtz::Helmholtz;
use super::poisson::Poisson;
use crate::notation::written;
use serde::{Deserialize, Serialize};

/// A problem with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Equation {
    /// `poisson(mode=4, amplitude=0.2)`
    Poisson(Poisson),
    /// `helmholtz(a1=1, a2=4, k=1)`
    Helmholtz(Helmholtz),
    /// `burgers(viscosity=0.0031830988618379067)`
    Burgers(Burgers),
}

written!(Equation);

impl Equation {
    /// The problem itself.
    pub fn problem(&self) -> Box<dyn Problem> {
        match *self {
            Self::Poisson(problem) => Box::new(problem),
            Self::Helmholtz(problem) => Box::new(problem),
            Self::Burgers(problem) => Box::new(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equation_is_written_as_it_was_read() {
        for text in [
            "poisson",
            "poisson(mode=2)",
            "helmholtz(a1=2, k=3)",
            "burgers(viscosity=0.02)",
        ] {
            assert_eq!(text.parse::<Equation>().expect(text).to_string(), text);
        }
        for (text, advice) in [
            ("poisson(k=1)", "expected `mode` or `amplitude`"),
            (
                "laplace",
                "expected one of `poisson`, `helmholtz`, `burgers`",
            ),
            ("helmholtz(k=-1)", "give 0 or a number above it"),
            ("burgers(viscosity=0)", "give a number above 0"),
        ] {
            let error = text.parse::<Equation>().expect_err(text);
            assert!(error.contains(advice), "{error}");
        }
    }
}
