//! The methods on offer, and how each is asked for its decision.

use crate::loss::Evaluation;
use serde::Serialize;
use trimtab::{
    Agc, Autoscale, AutoscaleState, ClipNorm, Error, GradientStabilizer, Moments, NormState, Role,
    Scope, StableGrad, Tensor, Zclip, ZclipState, Znorm,
};

/// What stands between the gradient and the optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
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
        }
    }
}

/// What StableGrad takes as its reference scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Reference {
    /// Standard deviation of ∂loss/∂u over all training points. Inside a Poisson problem these are zero, and only the
    /// boundary is left.
    Prediction,
    /// The same, pooled with the gradients with respect to the derivatives of u.
    Derivatives,
    /// Standard deviation of the gradient of the last weight tensor.
    LastLayer,
}

impl Reference {
    fn value(self, evaluation: &Evaluation, tensors: &[Tensor]) -> Result<f64, Error> {
        match self {
            Self::Prediction => Ok(evaluation.value_gradient.std()),
            Self::Derivatives => {
                let mut pooled = evaluation.value_gradient;
                pooled.merge(&evaluation.derivative_gradient)?;
                Ok(pooled.std())
            }
            Self::LastLayer => {
                let last = tensors
                    .iter()
                    .rev()
                    .find(|tensor| tensor.role() == Role::Weight);
                last.map_or(Err(Error::BadReference), |tensor| {
                    Ok(tensor.moments().std())
                })
            }
        }
    }
}

/// A method with its configuration and state.
pub enum Stabilizer {
    /// Nothing to decide.
    None,
    /// The reference is taken anew every step.
    StableGrad(Reference),
    /// One state for every tensor.
    GradientStabilizer(Vec<NormState>),
    /// One state.
    Autoscale(AutoscaleState),
    /// No state.
    Znorm,
    /// The largest norm of all gradients together.
    ClipNorm(f64),
    /// Compares with the parameters.
    Agc,
    /// One state.
    Zclip(ZclipState),
}

impl Stabilizer {
    /// A fresh state for `tensors` gradient tensors.
    pub fn new(method: Method, reference: Reference, max_norm: f64, tensors: usize) -> Self {
        match method {
            Method::None => Self::None,
            Method::StableGrad => Self::StableGrad(reference),
            Method::GradientStabilizer => {
                Self::GradientStabilizer(vec![NormState::default(); tensors])
            }
            Method::Autoscale => Self::Autoscale(AutoscaleState::default()),
            Method::Znorm => Self::Znorm,
            Method::ClipNorm => Self::ClipNorm(max_norm),
            Method::Agc => Self::Agc,
            Method::Zclip => Self::Zclip(ZclipState::default()),
        }
    }

    /// Decides on the scale of every observed tensor; `parameters` are the tensors that the gradients belong to.
    pub fn decide(
        &mut self,
        evaluation: &Evaluation,
        parameters: &[&[f32]],
        tensors: &mut [Tensor],
    ) -> Result<(), Error> {
        match self {
            Self::None => Ok(()),
            Self::StableGrad(reference) => {
                let reference = reference.value(evaluation, tensors)?;
                StableGrad::default().decide(reference, tensors)
            }
            Self::GradientStabilizer(states) => {
                GradientStabilizer::default().decide(states, tensors)
            }
            Self::Autoscale(state) => Autoscale.decide(state, tensors),
            Self::Znorm => Znorm::default().decide(tensors),
            Self::ClipNorm(max_norm) => ClipNorm {
                max_norm: *max_norm,
                scope: Scope::Global,
            }
            .decide(tensors),
            Self::Agc => Agc::default().decide(&observe_all(parameters)?, tensors),
            Self::Zclip(state) => Zclip::default().decide(state, tensors),
        }
    }
}

fn observe_all(parameters: &[&[f32]]) -> Result<Vec<Moments>, Error> {
    let observe = |tensor: &&[f32]| {
        let mut moments = Moments::default();
        moments.observe_chunk(tensor).map(|()| moments)
    };
    parameters.iter().map(observe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        moments.observe_chunk(values).expect("finite values");
        moments
    }

    /// What StableGrad makes of two weight gradients and a bias gradient.
    fn scales(reference: Reference) -> [f64; 3] {
        let evaluation = Evaluation {
            loss: 0.0,
            value_gradient: moments(&[1.0, 3.0]),
            derivative_gradient: moments(&[0.0, 8.0]),
        };
        let (mut first, mut bias, mut last) = ([1.0f32, 2.0, 6.0], [5.0f32, 9.0], [-4.0f32, 4.0]);
        let mut tensors = [
            Tensor::weight(&mut first),
            Tensor::bias(&mut bias),
            Tensor::weight(&mut last),
        ];
        trimtab::observe(&mut tensors).expect("finite gradients");
        let mut stabilizer = Stabilizer::new(Method::StableGrad, reference, 1.0, 3);
        stabilizer
            .decide(&evaluation, &[], &mut tensors)
            .expect("a valid reference");
        tensors.each_ref().map(|tensor| tensor.outlook().std())
    }

    #[test]
    fn references_are_the_documented_standard_deviations() {
        // Unbiased, by hand: of 1, 3; of 1, 3, 0, 8; of -4, 4. The bias 5, 9 keeps its own.
        let expected = [
            (Reference::Prediction, 2.0f64.sqrt()),
            (Reference::Derivatives, (38.0f64 / 3.0).sqrt()),
            (Reference::LastLayer, 32.0f64.sqrt()),
        ];
        for (reference, std) in expected {
            let [first, bias, last] = scales(reference);
            assert!((first / std - 1.0).abs() < 1e-12 && (last / std - 1.0).abs() < 1e-12);
            assert!((bias - 8.0f64.sqrt()).abs() < 1e-12);
        }
    }
}
