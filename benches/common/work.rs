//! Networks to step: gradients, parameters and both moments, tensor by tensor.

use super::data::Aligned;
use super::native::{Factors, Native};
use trimtab::{Adam, ClipNorm, Slot, StableGrad, StepState, Tensor, observe};

/// The work of the tables: `tensors` weights of `len` elements each.
#[derive(Clone, Copy)]
pub struct Shape {
    pub name: &'static str,
    pub tensors: usize,
    pub len: usize,
}

/// A PINN of 20 layers of 64 x 64.
pub const PINN: Shape = Shape {
    name: "20 x 64x64",
    tensors: 20,
    len: 64 * 64,
};
/// Many small tensors.
pub const MANY: Shape = Shape {
    name: "2000 x 512",
    tensors: 2000,
    len: 512,
};
/// A few large ones.
pub const LARGE: Shape = Shape {
    name: "10 x 1 M",
    tensors: 10,
    len: 1 << 20,
};
/// One beyond every cache.
pub const HUGE: Shape = Shape {
    name: "1 x 16 M",
    tensors: 1,
    len: 16 << 20,
};

/// What one f32 tensor needs.
pub struct Layer {
    pub gradient: Aligned<f32>,
    pub param: Aligned<f32>,
    pub first: Aligned<f32>,
    pub second: Aligned<f32>,
}

/// One step of the plain loop in every layer.
pub fn adamw_all(native: &Native, layers: &mut [Layer], factors: &Factors) {
    for layer in layers {
        let (w, m, v) = (&mut layer.param, &mut layer.first, &mut layer.second);
        native.adamw(w, m, v, &layer.gradient, factors);
    }
}

impl Layer {
    /// Gives the gradient norm 1.
    pub fn normalize(&mut self) {
        let square = |x: &f32| f64::from(*x) * f64::from(*x);
        let norm = self.gradient.iter().map(square).sum::<f64>().sqrt();
        self.gradient
            .iter_mut()
            .for_each(|x| *x = (f64::from(*x) / norm) as f32);
    }
}

/// All of them.
pub fn layers(shape: Shape) -> Vec<Layer> {
    (0..shape.tensors)
        .map(|i| Layer {
            gradient: Aligned::gradient(shape.len, i as u64 + 1),
            param: Aligned::gradient(shape.len, i as u64 + 7919),
            first: Aligned::zeros(shape.len),
            second: Aligned::zeros(shape.len),
        })
        .collect()
}

/// The two views of the layers that a step takes.
pub fn views(layers: &mut [Layer]) -> (Vec<Tensor<'_>>, Vec<Slot<'_>>) {
    layers
        .iter_mut()
        .map(|layer| {
            let slot = Slot::adam(&mut layer.param, &mut layer.first, &mut layer.second);
            (Tensor::weight(&mut layer.gradient), slot)
        })
        .unzip()
}

/// AdamW as torch has it by default.
pub const ADAMW: Adam = Adam::new(1e-3).with_weight_decay(1e-2);

/// What StableGrad scales to.
pub const REFERENCE: f64 = 0.5;

/// One step of the main job: observe, StableGrad, AdamW.
pub fn step(state: &mut StepState, grads: &mut [Tensor], slots: &mut [Slot]) {
    observe(grads).expect("finite gradients");
    StableGrad::default()
        .decide(REFERENCE, grads)
        .expect("a valid reference");
    ADAMW.step(state, grads, slots).expect("slots that match");
}

/// One read and one decision: a global clip that is not written.
pub fn clip(grads: &mut [Tensor]) {
    observe(grads).expect("finite gradients");
    let clip = ClipNorm::global(1.0);
    clip.decide(grads).expect("moments");
}
