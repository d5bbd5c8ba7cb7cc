//! What may stand between the gradient and the optimizer: one method or several in a row, with their options.

use crate::notation::{self, Call, serde_as_text};
use std::fmt;
use std::str::FromStr;
use trimtab::{Agc, ClipValue, GradientStabilizer, Scale, Scope, Zclip};

/// The methods by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Method {
    /// Nothing: the optimizer alone.
    None,
    /// StableGrad (arXiv 2605.19856): every weight gradient gets the standard deviation of the reference.
    StableGrad,
    /// GradientStabilizer (arXiv 2502.17055): every gradient keeps its direction and gets a smoothed norm.
    GradientStabilizer,
    /// Gradient Autoscaled Normalization (arXiv 2509.03677): weight gradients are centred and scaled by one factor.
    Autoscale,
    /// Z-score normalization (arXiv 2408.01215): every weight gradient gets mean 0 and standard deviation 1.
    Znorm,
    /// Clipping by the norm of all gradients together, see --max-norm.
    ClipNorm,
    /// Adaptive gradient clipping (arXiv 2102.06171): at most 1 % of the norm of the parameters.
    Agc,
    /// Clipping of norms that stand out from their running statistics (arXiv 2504.02507).
    Zclip,
    /// Every element limited in magnitude, to 1 unless said otherwise.
    ClipValue,
    /// The mean of every weight gradient removed (arXiv 2004.01461, over whole tensors).
    Centralize,
    /// Every gradient multiplied by one factor.
    Scale,
}

/// What StableGrad takes as its reference scale.
#[derive(Clone, Copy, Debug, PartialEq)]
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

/// One method with its options. `None` in an option stands for the command line's or the study's choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// `stable-grad(reference=prediction|derivatives|last-layer|NUMBER)`
    StableGrad(Option<Reference>),
    /// `gradient-stabilizer(gamma1=0.6, gamma2=0.999, scope=tensor|global, bias-correction=on|off)`
    GradientStabilizer(GradientStabilizer),
    /// `autoscale(center=on|off)`; with `off` its factor multiplies gradients that keep their mean.
    Autoscale {
        /// Whether the mean is removed, as the method has it.
        center: bool,
    },
    /// `znorm`
    Znorm,
    /// `clip-norm(max-norm=1, scope=global|tensor)`
    ClipNorm {
        /// The largest norm let through.
        max_norm: Option<f64>,
        /// Of all gradients together, or of each.
        scope: Scope,
    },
    /// `agc(clipping=0.01)`
    Agc(Agc),
    /// `zclip(z-max=2.5, warmup=25)`
    Zclip(Zclip),
    /// `clip-value(limit=1)`
    ClipValue(ClipValue),
    /// `centralize`
    Centralize,
    /// `scale(factor=...)`
    Scale(Scale),
}

/// Methods in a row; none of them is the optimizer alone. Written `centralize + clip-norm(max-norm=0.5)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// In the order in which they decide.
    pub links: Vec<Link>,
}

serde_as_text!(Chain);
serde_as_text!(Reference);

impl Chain {
    /// The name for tables and pictures.
    pub fn label(&self) -> String {
        match self.links.as_slice() {
            [] => Method::None.label().to_owned(),
            links => links
                .iter()
                .map(Link::label)
                .collect::<Vec<_>>()
                .join(" + "),
        }
    }

    /// The method that gives the chain its colour: the first that does more than remove means.
    pub fn leader(&self) -> Method {
        let leader = self.links.iter().find(|link| **link != Link::Centralize);
        leader
            .or(self.links.first())
            .map_or(Method::None, Link::method)
    }

    /// Whether StableGrad is in it and takes the reference chosen for all.
    pub fn wants_reference(&self) -> bool {
        self.links.contains(&Link::StableGrad(None))
    }

    /// The same with every option filled in.
    pub fn completed(&self, reference: Reference, max_norm: f64) -> Self {
        let links = self.links.iter().map(|link| match *link {
            Link::StableGrad(None) => Link::StableGrad(Some(reference)),
            Link::ClipNorm {
                max_norm: None,
                scope,
            } => Link::ClipNorm {
                max_norm: Some(max_norm),
                scope,
            },
            other => other,
        });
        Self {
            links: links.collect(),
        }
    }
}

impl FromStr for Chain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut links = Vec::new();
        for mut call in Call::parse_all(text)? {
            let link = Link::read(&mut call)?;
            call.finish()?;
            links.extend(link);
        }
        match links
            .iter()
            .position(|link| matches!(link, Link::ClipValue(_)))
        {
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
            notation::write(f, &notation::name(link.method()), &link.options())?;
        }
        Ok(())
    }
}

impl Link {
    /// `None` for the method "none".
    fn read(call: &mut Call) -> Result<Option<Self>, String> {
        let method: Method = notation::choose("method", &call.name)?;
        Ok(Some(match method {
            Method::None => return Ok(None),
            Method::StableGrad => Self::StableGrad(call.option("reference", Reference::WANTED)?),
            Method::GradientStabilizer => Self::GradientStabilizer(gradient_stabilizer(call)?),
            Method::Autoscale => Self::Autoscale {
                center: call.switch("center")?.unwrap_or(true),
            },
            Method::Znorm => Self::Znorm,
            Method::ClipNorm => Self::ClipNorm {
                max_norm: positive(call, "max-norm")?,
                scope: scope(call)?.unwrap_or(Scope::Global),
            },
            Method::Agc => {
                let usual = Agc::default();
                let clipping = positive(call, "clipping")?.unwrap_or(usual.clipping);
                Self::Agc(usual.with_clipping(clipping))
            }
            Method::Zclip => Self::Zclip(zclip(call)?),
            Method::ClipValue => {
                Self::ClipValue(ClipValue::new(positive(call, "limit")?.unwrap_or(1.0)))
            }
            Method::Centralize => Self::Centralize,
            Method::Scale => Self::Scale(Scale::new(positive(call, "factor")?.unwrap_or(1.0))),
        }))
    }

    /// Which method it is.
    pub fn method(&self) -> Method {
        match self {
            Self::StableGrad(_) => Method::StableGrad,
            Self::GradientStabilizer(_) => Method::GradientStabilizer,
            Self::Autoscale { .. } => Method::Autoscale,
            Self::Znorm => Method::Znorm,
            Self::ClipNorm { .. } => Method::ClipNorm,
            Self::Agc(_) => Method::Agc,
            Self::Zclip(_) => Method::Zclip,
            Self::ClipValue(_) => Method::ClipValue,
            Self::Centralize => Method::Centralize,
            Self::Scale(_) => Method::Scale,
        }
    }

    /// The options that differ from the defaults, and those that have none.
    fn options(&self) -> Vec<(&'static str, String)> {
        let mut options = Vec::new();
        let mut list =
            |key, value: String, told: bool| options.extend(told.then_some((key, value)));
        match *self {
            Self::StableGrad(reference) => {
                list(
                    "reference",
                    reference.map_or(String::new(), |r| r.to_string()),
                    reference.is_some(),
                );
            }
            Self::GradientStabilizer(g) => {
                let usual = GradientStabilizer::default();
                list("gamma1", g.gamma1.to_string(), g.gamma1 != usual.gamma1);
                list("gamma2", g.gamma2.to_string(), g.gamma2 != usual.gamma2);
                list("scope", "global".to_owned(), g.scope != usual.scope);
                list("bias-correction", "off".to_owned(), !g.bias_correction);
            }
            Self::Autoscale { center } => list("center", "off".to_owned(), !center),
            Self::ClipNorm { max_norm, scope } => {
                list(
                    "max-norm",
                    max_norm.unwrap_or(1.0).to_string(),
                    max_norm.is_some(),
                );
                list("scope", "tensor".to_owned(), scope == Scope::Tensor);
            }
            Self::Agc(agc) => list("clipping", agc.clipping.to_string(), agc != Agc::default()),
            Self::Zclip(z) => {
                let usual = Zclip::default();
                list("z-max", z.z_max.to_string(), z.z_max != usual.z_max);
                list("warmup", z.warmup.to_string(), z.warmup != usual.warmup);
            }
            Self::ClipValue(clip) => list("limit", clip.limit.to_string(), clip.limit != 1.0),
            Self::Scale(scale) => list("factor", scale.factor.to_string(), true),
            Self::Znorm | Self::Centralize => (),
        }
        options
    }

    /// The method's label, followed by what sets it apart from its usual form.
    fn label(&self) -> String {
        let label = self.method().label();
        let unusual = match *self {
            Self::StableGrad(None | Some(Reference::Prediction)) => String::new(),
            Self::StableGrad(Some(reference)) => reference.to_string().replace('-', " "),
            Self::ClipNorm { max_norm, scope } => {
                let size = max_norm.filter(|&x| x != 1.0).map(|x| format!("at {x}"));
                let each = (scope == Scope::Tensor).then(|| "each tensor".to_owned());
                [size, each]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            Self::Autoscale { center: false } => "mean kept".to_owned(),
            Self::Scale(Scale { factor, .. }) => format!("by {factor}"),
            _ => {
                let options = self.options().into_iter();
                options
                    .map(|(key, value)| format!("{} {value}", key.replace('-', " ")))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        };
        if unusual.is_empty() {
            label.to_owned()
        } else {
            format!("{label} ({unusual})")
        }
    }
}

fn positive(call: &mut Call, key: &'static str) -> Result<Option<f64>, String> {
    call.number(key, "a number above 0", |x| x > 0.0 && x.is_finite())
}

fn decay(call: &mut Call, key: &'static str) -> Result<Option<f64>, String> {
    call.number(key, "0 or a number between 0 and 1", |x| {
        (0.0..1.0).contains(&x)
    })
}

fn scope(call: &mut Call) -> Result<Option<Scope>, String> {
    let word: Option<String> = call.option("scope", "tensor or global")?;
    word.map(|word| match word.as_str() {
        "tensor" => Ok(Scope::Tensor),
        "global" => Ok(Scope::Global),
        _ => Err(format!(
            "{}: scope={word}: give tensor or global",
            call.name
        )),
    })
    .transpose()
}

fn gradient_stabilizer(call: &mut Call) -> Result<GradientStabilizer, String> {
    let usual = GradientStabilizer::default();
    let bias_correction = call.switch("bias-correction")?;
    Ok(usual
        .with_gamma1(decay(call, "gamma1")?.unwrap_or(usual.gamma1))
        .with_gamma2(decay(call, "gamma2")?.unwrap_or(usual.gamma2))
        .with_scope(scope(call)?.unwrap_or(usual.scope))
        .with_bias_correction(bias_correction.unwrap_or(usual.bias_correction)))
}

fn zclip(call: &mut Call) -> Result<Zclip, String> {
    let usual = Zclip::default();
    let warmup = call
        .option("warmup", "a whole number, at least 1")?
        .unwrap_or(usual.warmup);
    if warmup == 0 {
        return Err("zclip: warmup=0: give a whole number, at least 1".to_owned());
    }
    let z_max = positive(call, "z-max")?.unwrap_or(usual.z_max);
    Ok(usual.with_z_max(z_max).with_warmup(warmup))
}

impl Reference {
    /// What may stand for it.
    pub(crate) const WANTED: &str = "prediction, derivatives, last-layer or a number above 0";
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.parse()
                .ok()
                .filter(|&x: &f64| x > 0.0 && x.is_finite())
        };
        match text {
            "prediction" => Ok(Self::Prediction),
            "derivatives" => Ok(Self::Derivatives),
            "last-layer" => Ok(Self::LastLayer),
            _ => number(text)
                .map(Self::Constant)
                .ok_or_else(|| format!("unknown reference '{text}': give {}", Self::WANTED)),
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

impl Method {
    /// The name for tables and pictures.
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "optimizer alone",
            Self::StableGrad => "StableGrad",
            Self::GradientStabilizer => "GradientStabilizer",
            Self::Autoscale => "Autoscale",
            Self::Znorm => "Z-norm",
            Self::ClipNorm => "norm clipping",
            Self::Agc => "AGC",
            Self::Zclip => "ZClip",
            Self::ClipValue => "value clipping",
            Self::Centralize => "mean removal",
            Self::Scale => "scaling",
        }
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
        assert_eq!(chain("none+agc( clipping=0.01 )").to_string(), "agc");
    }

    #[test]
    fn options_left_open_are_filled_in_and_others_are_not() {
        let given = chain("stable-grad + clip-norm").completed(Reference::LastLayer, 3.0);
        assert_eq!(
            given,
            chain("stable-grad(reference=last-layer)+clip-norm(max-norm=3)")
        );
        let own = chain("stable-grad(reference=2)+clip-norm(max-norm=5)");
        assert_eq!(own.completed(Reference::LastLayer, 3.0), own);
    }

    #[test]
    fn mistakes_are_answered_with_what_there_is() {
        let mistakes = [
            (
                "magic",
                "unknown method 'magic' [possible values: none, stable-grad,",
            ),
            (
                "stable-grad(reference=last)",
                "give prediction, derivatives, last-layer or a number above 0",
            ),
            ("znorm(eps=1)", "znorm takes no options"),
            ("clip-norm(limit=1)", "it has: max-norm, scope"),
            ("clip-value + agc", "clip-value must be the last"),
            ("agc(clipping=0)", "a number above 0"),
        ];
        for (text, message) in mistakes {
            let error = text.parse::<Chain>().expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn labels_say_what_differs_from_the_usual() {
        let labels = [
            "none",
            "stable-grad(reference=prediction)",
            "stable-grad(reference=last-layer)",
            "centralize + clip-norm(max-norm=1)",
            "gradient-stabilizer(bias-correction=off)",
        ]
        .map(|t| chain(t).label());
        assert_eq!(
            labels,
            [
                "optimizer alone",
                "StableGrad",
                "StableGrad (last layer)",
                "mean removal + norm clipping",
                "GradientStabilizer (bias correction off)"
            ]
        );
        assert_eq!(
            chain("centralize + stable-grad").leader(),
            Method::StableGrad
        );
        assert_eq!(chain("centralize").leader(), Method::Centralize);
    }
}
