//! The methods at work: each with its state, asked in turn for its decision.

use crate::loss::Evaluation;
use crate::method::{Chain, Link, Positive, Reference};
use trimtab::checkpoint::{Reader, Writer};
use trimtab::custom::Run;
use trimtab::{
    Agc, Autoscale, AutoscaleState, Centralize, ClipNorm, ClipValue, Error, GradientStabilizer,
    Inputs, Memory, Moments, NormState, Role, Scale, StableGrad, Stage, Tensor, Zclip, Znorm,
};

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
                    Ok(tensor.outlook().std())
                })
            }
            Self::Constant(number) => Ok(number),
        }
    }
}

/// The methods of a chain with their states.
pub struct Stabilizer {
    links: Vec<Link>,
    stages: Vec<Stage>,
    /// A row a stage.
    norms: Vec<Vec<NormState>>,
}

impl Stabilizer {
    /// Fresh states for `tensors` gradient tensors.
    pub fn new(chain: &Chain, tensors: usize) -> Self {
        let stage = |link: &Link| fresh(link, tensors);
        Self {
            links: chain.links.clone(),
            stages: chain.links.iter().map(stage).collect(),
            norms: vec![vec![NormState::default(); tensors]; chain.links.len()],
        }
    }

    /// Decides on the scale of every observed tensor; `parameters` are the tensors that the gradients belong to.
    pub fn decide(
        &mut self,
        evaluation: &Evaluation,
        parameters: &[&[f32]],
        tensors: &mut [Tensor],
    ) -> Result<(), Error> {
        let rows = self.stages.iter_mut().zip(&mut self.norms);
        for (link, (stage, norms)) in self.links.iter().zip(rows) {
            match (link, &mut stage.memory) {
                (Link::Autoscale { center: false }, Memory::Autoscale(state)) => {
                    autoscale_uncentered(state, tensors)?;
                }
                _ => {
                    let params = match link {
                        Link::Agc { .. } => observe_all(parameters)?,
                        _ => Vec::new(),
                    };
                    let reference = match link {
                        Link::StableGrad { reference } => {
                            reference.unwrap_or(Reference::Prediction)
                        }
                        _ => Reference::Constant(f64::NAN),
                    };
                    let inputs = Inputs::default()
                        .with_reference(reference.value(evaluation, tensors)?)
                        .with_params(&params);
                    let _proceed = stage.decide(norms, &inputs, tensors, Run::Keep)?;
                }
            }
        }
        Ok(())
    }

    /// Names the states to a checkpoint.
    pub fn save(&self, to: &mut Writer) {
        for (stage, norms) in self.stages.iter().zip(&self.norms) {
            match &stage.memory {
                Memory::Norms(count) => to.put(&norms[..*count]),
                Memory::Autoscale(state) => to.put_one(state),
                Memory::Zclip(state) => to.put_one(state),
                _ => (),
            }
        }
    }

    /// Takes the states from a checkpoint.
    pub fn load(&mut self, from: &mut Reader) {
        for (stage, norms) in self.stages.iter_mut().zip(&mut self.norms) {
            match &mut stage.memory {
                Memory::Norms(count) => from.take(&mut norms[..*count]),
                Memory::Autoscale(state) => from.take_one(state),
                Memory::Zclip(state) => from.take_one(state),
                _ => (),
            }
        }
    }
}

/// The link's method before its first step on so many tensors.
fn fresh(link: &Link, tensors: usize) -> Stage {
    match *link {
        Link::GradientStabilizer {
            gamma1,
            gamma2,
            scope,
            bias_correction,
        } => {
            let method = GradientStabilizer::default()
                .with_gamma1(gamma1)
                .with_gamma2(gamma2)
                .with_scope(scope.into())
                .with_bias_correction(bias_correction);
            let mut stage = Stage::new(method);
            stage.memory = Memory::Norms(method.states(tensors));
            stage
        }
        Link::Autoscale { .. } => Stage::new(Autoscale::default()),
        Link::Zclip { z_max, warmup } => {
            let method = Zclip::default().with_z_max(z_max);
            Stage::new(method.with_warmup(warmup.get()))
        }
        Link::StableGrad { .. } => Stage::new(StableGrad::default()),
        Link::ClipNorm { max_norm, scope } => {
            let max_norm = max_norm.map_or(1.0, |Positive(norm)| norm);
            Stage::new(ClipNorm::new(max_norm, scope.into()))
        }
        Link::Agc { clipping } => Stage::new(Agc::default().with_clipping(clipping)),
        Link::ClipValue { limit } => Stage::new(ClipValue::new(limit)),
        Link::Scale { factor } => Stage::new(Scale::new(factor)),
        Link::Znorm {} => Stage::new(Znorm::default()),
        Link::Centralize {} => Stage::new(Centralize::default()),
    }
}

/// Autoscale's factor, found on stand-ins with the same moments, for weights that keep their means.
fn autoscale_uncentered(state: &mut AutoscaleState, tensors: &mut [Tensor]) -> Result<(), Error> {
    let mut nothing = vec![[0.0f32; 0]; tensors.len()];
    let stand_in = |(tensor, nothing): (&Tensor, _)| {
        let mut stand_in = Tensor::new::<f32>(tensor.role(), nothing);
        stand_in.set_moments(tensor.moments().through(tensor.affine()));
        stand_in
    };
    let pairs = tensors
        .iter()
        .zip(nothing.iter_mut().map(<[f32; 0]>::as_mut_slice));
    let mut stand_ins: Vec<Tensor> = pairs.map(stand_in).collect();
    Autoscale::default().decide(state, &mut stand_ins)?;
    let factor = if state.steps > 0 { state.alpha } else { 1.0 };
    let weights = tensors
        .iter_mut()
        .filter(|tensor| tensor.role() == Role::Weight);
    weights
        .map(std::slice::from_mut)
        .try_for_each(|weight| Scale::new(factor).decide(weight))
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
        let chain = Chain {
            links: vec![Link::StableGrad {
                reference: Some(reference),
            }],
        };
        let mut stabilizer = Stabilizer::new(&chain, 3);
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
            (Reference::Constant(0.25), 0.25),
        ];
        for (reference, std) in expected {
            let [first, bias, last] = scales(reference);
            assert!((first / std - 1.0).abs() < 1e-12 && (last / std - 1.0).abs() < 1e-12);
            assert!((bias - 8.0f64.sqrt()).abs() < 1e-12);
        }
    }
}
