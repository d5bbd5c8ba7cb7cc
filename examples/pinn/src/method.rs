//! What may stand between the gradient and the optimizer: one method or several in a row, with their options.

use crate::notation::{self, fraction, positive};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use trimtab::{Agc, GradientStabilizer, Zclip};

/// One method with its options. `None` in an option stands for the command line's or the study's choice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Link {
    /// StableGrad (arXiv 2605.19856): every weight gradient gets the standard deviation of the reference.
    StableGrad {
        /// What that is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
    },
    /// GradientStabilizer (arXiv 2502.17055): every gradient keeps its direction and gets a smoothed norm.
    GradientStabilizer {
        /// Weight of the past in the average of the norm.
        #[serde(default = "gamma1", deserialize_with = "fraction")]
        gamma1: f64,
        /// The same for its square.
        #[serde(default = "gamma2", deserialize_with = "fraction")]
        gamma2: f64,
        /// A norm for each tensor, or one for all.
        #[serde(default = "tensor")]
        scope: Scope,
        /// Whether the averages make up for having begun at 0.
        #[serde(default = "yes")]
        bias_correction: bool,
    },
    /// Gradient Autoscaled Normalization (arXiv 2509.03677): weight gradients are centred and scaled by one factor.
    Autoscale {
        /// Whether the mean is removed, as the method has it.
        #[serde(default = "yes")]
        center: bool,
    },
    /// Z-score normalization (arXiv 2408.01215): every weight gradient gets mean 0 and standard deviation 1.
    Znorm {},
    /// Clipping by the norm of all gradients together, or of each.
    ClipNorm {
        /// The largest norm let through; none: 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_norm: Option<Positive>,
        /// Of all gradients together, or of each.
        #[serde(default = "global")]
        scope: Scope,
    },
    /// Adaptive gradient clipping (arXiv 2102.06171), at most 1 % of the norm of the parameters by default.
    Agc {
        /// That part.
        #[serde(default = "clipping", deserialize_with = "positive")]
        clipping: f64,
    },
    /// Clipping of norms that stand out from their running statistics (arXiv 2504.02507).
    Zclip {
        /// Standard deviations above the mean that are let through.
        #[serde(default = "z_max", deserialize_with = "positive")]
        z_max: f64,
        /// Steps that only gather statistics.
        #[serde(default = "warmup")]
        warmup: NonZeroU32,
    },
    /// Every element limited in magnitude.
    ClipValue {
        /// To this.
        #[serde(default = "one", deserialize_with = "positive")]
        limit: f64,
    },
    /// The mean of every weight gradient removed (arXiv 2004.01461, over whole tensors).
    Centralize {},
    /// Every gradient multiplied by one factor.
    Scale {
        /// The factor.
        #[serde(default = "one", deserialize_with = "positive")]
        factor: f64,
    },
}

/// A number above 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Positive(#[serde(deserialize_with = "positive")] pub f64);

/// What a norm is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Each tensor.
    Tensor,
    /// All tensors together.
    Global,
}

/// What StableGrad takes as its reference scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "Value")]
pub enum Reference {
    /// Standard deviation of ∂loss/∂u over all training points. Inside a Poisson problem these are zero, and only the
    /// boundary is left.
    Prediction,
    /// The same, pooled with the gradients with respect to the derivatives of u.
    Derivatives,
    /// Standard deviation of the gradient of the last weight tensor.
    LastLayer,
    /// A number that never changes.
    Constant(f64),
}

fn yes() -> bool {
    true
}

fn one() -> f64 {
    1.0
}

fn clipping() -> f64 {
    Agc::default().clipping
}

fn gamma1() -> f64 {
    GradientStabilizer::default().gamma1
}

fn gamma2() -> f64 {
    GradientStabilizer::default().gamma2
}

fn tensor() -> Scope {
    Scope::Tensor
}

fn global() -> Scope {
    Scope::Global
}

fn z_max() -> f64 {
    Zclip::default().z_max
}

fn warmup() -> NonZeroU32 {
    NonZeroU32::new(Zclip::default().warmup).expect("the paper has 25")
}

impl From<Scope> for trimtab::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Tensor => Self::Tensor,
            Scope::Global => Self::Global,
        }
    }
}

impl Link {
    /// The method's name for tables and pictures.
    pub fn title(&self) -> &'static str {
        match self {
            Self::StableGrad { .. } => "StableGrad",
            Self::GradientStabilizer { .. } => "GradientStabilizer",
            Self::Autoscale { .. } => "Autoscale",
            Self::Znorm {} => "Z-norm",
            Self::ClipNorm { .. } => "norm clipping",
            Self::Agc { .. } => "AGC",
            Self::Zclip { .. } => "ZClip",
            Self::ClipValue { .. } => "value clipping",
            Self::Centralize {} => "mean removal",
            Self::Scale { .. } => "scaling",
        }
    }

    /// The name, followed by what sets the method apart from its usual form.
    fn label(&self) -> String {
        let (_, mut options) = notation::parts(self);
        options.retain(|(key, value)| {
            ![("reference", "prediction"), ("max-norm", "1")].contains(&(key, value))
        });
        match options.as_slice() {
            [] => self.title().to_owned(),
            _ => format!("{} ({})", self.title(), notation::joined(&options, " ")),
        }
    }
}

/// Methods in a row; none of them is the optimizer alone. Written `centralize + clip-norm(max-norm=0.5)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// In the order in which they decide.
    pub links: Vec<Link>,
}

impl Chain {
    /// The name for tables and pictures.
    pub fn label(&self) -> String {
        match self.links.as_slice() {
            [] => "optimizer alone".to_owned(),
            links => links
                .iter()
                .map(Link::label)
                .collect::<Vec<_>>()
                .join(" + "),
        }
    }

    /// The method that gives the chain its colour: the first that does more than remove means.
    pub fn leader(&self) -> Option<&Link> {
        let leader = self.links.iter().find(|link| **link != Link::Centralize {});
        leader.or(self.links.first())
    }

    /// Whether StableGrad is in it and takes the reference chosen for all.
    pub fn wants_reference(&self) -> bool {
        self.links.contains(&Link::StableGrad { reference: None })
    }

    /// The same with every option filled in.
    pub fn completed(&self, chosen: Reference) -> Self {
        let mut links = self.links.clone();
        for link in &mut links {
            match link {
                Link::StableGrad { reference } => drop(reference.get_or_insert(chosen)),
                Link::ClipNorm { max_norm, .. } => drop(max_norm.get_or_insert(Positive(1.0))),
                _ => (),
            }
        }
        Self { links }
    }
}

impl FromStr for Chain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "none" {
            return Ok(Self::default());
        }
        // A `+` inside parentheses is an exponent's, as in 1e+3.
        let mut depth = 0;
        let separates = |c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == '+' && depth == 0
        };
        let links = text.split(separates).map(notation::read);
        let links: Vec<Link> = links.collect::<Result<_, _>>()?;
        let clips = |link: &Link| matches!(link, Link::ClipValue { .. });
        match links.iter().position(clips) {
            Some(place) if place + 1 < links.len() => {
                Err(format!("'{text}': clip-value must be the last of a chain"))
            }
            _ => Ok(Self { links }),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.links.is_empty() {
            return f.write_str("none");
        }
        for (index, link) in self.links.iter().enumerate() {
            f.write_str(if index > 0 { " + " } else { "" })?;
            notation::write(f, link)?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = || {
            text.parse()
                .ok()
                .filter(|&x: &f64| x > 0.0 && x.is_finite())
        };
        let wanted = "give prediction, derivatives, last-layer or a number above 0";
        match text {
            "prediction" => Ok(Self::Prediction),
            "derivatives" => Ok(Self::Derivatives),
            "last-layer" => Ok(Self::LastLayer),
            _ => number()
                .map(Self::Constant)
                .ok_or_else(|| format!("unknown reference '{text}': {wanted}")),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Prediction => f.write_str("prediction"),
            Self::Derivatives => f.write_str("derivatives"),
            Self::LastLayer => f.write_str("last-layer"),
            Self::Constant(number) => write!(f, "{number}"),
        }
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

/// A word or a number.
impl TryFrom<Value> for Reference {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(text: &str) -> Chain {
        text.parse().expect(text)
    }

    #[test]
    fn a_chain_is_written_as_it_was_read() {
        for text in [
            "none",
            "stable-grad",
            "stable-grad(reference=last-layer)",
            "stable-grad(reference=0.5) + clip-norm(max-norm=2, scope=tensor)",
            "gradient-stabilizer(gamma1=0.5, gamma2=0.99, scope=global, bias-correction=off)",
            "centralize + znorm + agc(clipping=0.1) + zclip(z-max=3, warmup=5)",
            "autoscale(center=off) + scale(factor=2) + clip-value(limit=0.1)",
        ] {
            assert_eq!(chain(text).to_string(), text);
        }
        assert_eq!(
            chain("znorm+agc( clipping=0.01 )").to_string(),
            "znorm + agc"
        );
    }

    #[test]
    fn options_left_open_are_filled_in_and_others_are_not() {
        let given = chain("stable-grad + clip-norm").completed(Reference::LastLayer);
        let told = "stable-grad(reference=last-layer) + clip-norm(max-norm=1)";
        assert_eq!(given.to_string(), told);
        let own = chain("stable-grad(reference=2)+clip-norm(max-norm=5)");
        assert_eq!(own.completed(Reference::LastLayer), own);
    }

    #[test]
    fn mistakes_are_answered_with_what_there_is() {
        for (text, message) in [
            (
                "magic",
                "unknown variant `magic`, expected one of `stable-grad`,",
            ),
            (
                "stable-grad(reference=last)",
                "give prediction, derivatives, last-layer or a number above 0",
            ),
            ("stable-grad(reference=-1)", "or a number above 0"),
            ("znorm(eps=1)", "unknown field `eps`"),
            ("clip-norm(limit=1)", "expected `max-norm` or `scope`"),
            ("clip-norm(max-norm=0)", "give a number above 0"),
            ("clip-value + agc", "clip-value must be the last"),
            ("agc(clipping=0)", "give a number above 0"),
            ("zclip(warmup=0)", "expected a nonzero u32"),
            (
                "gradient-stabilizer(gamma1=1)",
                "0 or a number between 0 and 1",
            ),
            (
                "gradient-stabilizer(scope=layer)",
                "expected `tensor` or `global`",
            ),
        ] {
            let error = text.parse::<Chain>().expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn labels_say_what_differs_from_the_usual() {
        for (text, label) in [
            ("none", "optimizer alone"),
            ("stable-grad(reference=prediction)", "StableGrad"),
            (
                "stable-grad(reference=last-layer)",
                "StableGrad (reference last-layer)",
            ),
            (
                "centralize + clip-norm(max-norm=1)",
                "mean removal + norm clipping",
            ),
            (
                "gradient-stabilizer(bias-correction=off)",
                "GradientStabilizer (bias-correction off)",
            ),
        ] {
            assert_eq!(chain(text).label(), label);
        }
        let leader = |text| chain(text).leader().map(Link::title);
        assert_eq!(leader("centralize + stable-grad"), Some("StableGrad"));
        assert_eq!(leader("centralize"), Some("mean removal"));
    }
}
