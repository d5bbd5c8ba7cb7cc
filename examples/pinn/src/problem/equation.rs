//! The problems by name, with their numbers: `poisson(mode=2)`, `helmholtz(a1=1, a2=4)`, `burgers(viscosity=0.02)`.

use super::{Burgers, Helmholtz, Poisson, Problem};
use crate::notation::{self, Call, serde_as_text};
use std::fmt;
use std::str::FromStr;

/// A problem with its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Equation {
    /// `poisson(mode=4, amplitude=0.2)`
    Poisson(Poisson),
    /// `helmholtz(a1=1, a2=4, k=1)`
    Helmholtz(Helmholtz),
    /// `burgers(viscosity=0.0031830988618379067)`
    Burgers(Burgers),
}

serde_as_text!(Equation);

impl Equation {
    /// The problem itself.
    pub fn problem(&self) -> Box<dyn Problem> {
        match *self {
            Self::Poisson(problem) => Box::new(problem),
            Self::Helmholtz(problem) => Box::new(problem),
            Self::Burgers(problem) => Box::new(problem),
        }
    }

    /// The name for titles.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Poisson(_) => "Poisson",
            Self::Helmholtz(_) => "Helmholtz",
            Self::Burgers(_) => "Burgers",
        }
    }

    fn options(&self) -> Vec<(&'static str, f64, f64)> {
        match self {
            Self::Poisson(p) => {
                let usual = Poisson::default();
                vec![
                    ("mode", p.mode, usual.mode),
                    ("amplitude", p.amplitude, usual.amplitude),
                ]
            }
            Self::Helmholtz(h) => {
                let usual = Helmholtz::default();
                let modes = [0, 1].map(|i| (["a1", "a2"][i], h.modes[i], usual.modes[i]));
                [&modes[..], &[("k", h.wavenumber, usual.wavenumber)]].concat()
            }
            Self::Burgers(b) => vec![("viscosity", b.viscosity, Burgers::default().viscosity)],
        }
    }
}

impl FromStr for Equation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut call = Call::parse(text)?;
        let mut positive = |key, usual: f64| {
            let given = call.number(key, "a number above 0", |x| x > 0.0 && x.is_finite());
            given.map(|given| given.unwrap_or(usual))
        };
        let equation = match text.split('(').next().unwrap_or("").trim() {
            "poisson" => {
                let Poisson { mode, amplitude } = Poisson::default();
                let (mode, amplitude) =
                    (positive("mode", mode)?, positive("amplitude", amplitude)?);
                Self::Poisson(Poisson { mode, amplitude })
            }
            "helmholtz" => {
                let Helmholtz {
                    modes: [a1, a2],
                    wavenumber,
                } = Helmholtz::default();
                let modes = [positive("a1", a1)?, positive("a2", a2)?];
                Self::Helmholtz(Helmholtz {
                    modes,
                    wavenumber: positive("k", wavenumber)?,
                })
            }
            "burgers" => {
                let viscosity = positive("viscosity", Burgers::default().viscosity)?;
                Self::Burgers(Burgers { viscosity })
            }
            other => {
                return Err(format!(
                    "unknown problem '{other}' [possible values: poisson, helmholtz, burgers]"
                ));
            }
        };
        call.finish().map(|()| equation)
    }
}

impl fmt::Display for Equation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let options = self.options();
        let unusual = options.iter().filter(|(_, value, usual)| value != usual);
        let options: Vec<_> = unusual
            .map(|&(key, value, _)| (key, value.to_string()))
            .collect();
        notation::write(f, &self.label().to_lowercase(), &options)
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
        let error = "poisson(k=1)"
            .parse::<Equation>()
            .expect_err("Poisson has no k");
        assert!(error.contains("it has: mode, amplitude"), "{error}");
        let error = "laplace".parse::<Equation>().expect_err("not offered");
        assert!(
            error.contains("possible values: poisson, helmholtz, burgers"),
            "{error}"
        );
    }
}
