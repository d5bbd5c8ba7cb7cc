//! Every work checked against plain f64 code before it is measured: a fast wrong answer is none.

use super::data::{Aligned, Named};
use super::native::{Factors, Native};
use super::work::{self, ADAMW, Layer, REFERENCE, Shape};
use trimtab::{GradientStabilizer, Moments, NormState, Scale, StepState, Tensor, apply, observe};

/// Odd lengths too: whole vectors, whole blocks, and what is left over.
const LENGTHS: [usize; 4] = [31, 4096, 65_537, 200_000];

/// A small network of odd sizes.
const SMALL: Shape = Shape {
    name: "small",
    tensors: 3,
    len: 1037,
};

/// Panics unless everything that is measured here computes what it says.
pub fn check_all(native: &Native) {
    check_observe::<f32>();
    check_observe::<trimtab::f16>();
    check_observe::<trimtab::bf16>();
    check_observe::<f64>();
    check_apply::<f32>();
    check_apply::<trimtab::f16>();
    check_apply::<trimtab::bf16>();
    check_apply::<f64>();
    check_step();
    check_stabilizer();
    check_native(native);
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a:e} is not {b:e}");
}

/// Sum, sum of squares, largest magnitude.
fn plain_moments<T: Named>(data: &[T]) -> (f64, f64, f64) {
    data.iter()
        .map(|x| x.widen())
        .fold((0.0, 0.0, 0.0), |(sum, sum_sq, abs_max), x| {
            (sum + x, sum_sq + x * x, f64::max(abs_max, x.abs()))
        })
}

fn plain_std(moments: (f64, f64, f64), count: usize) -> f64 {
    let n = count as f64;
    ((moments.1 - moments.0 * moments.0 / n) / (n - 1.0)).sqrt()
}

/// `observe`, and streaming the same elements.
pub fn check_observe<T: Named>() {
    for len in LENGTHS {
        let mut data = Aligned::<T>::gradient(len, 3);
        let plain = plain_moments(&data);
        let mut streamed = Moments::default();
        streamed.observe_chunk(&data).expect("finite");
        let mut grads = [Tensor::weight(&mut data)];
        observe(&mut grads).expect("finite");
        let ours = grads[0].moments();
        assert_eq!((ours, ours.count), (&streamed, len as u64), "{}", T::NAME);
        close(ours.sum, plain.0, 1e-12 * plain.1);
        close(ours.sum_sq, plain.1, 1e-12 * plain.1);
        assert_eq!(ours.abs_max, plain.2, "{}", T::NAME);
    }
}

/// A scaling in place, to the last bit of the element type.
pub fn check_apply<T: Named>() {
    for len in LENGTHS {
        let (factor, before) = (0.375, Aligned::<T>::gradient(len, 5));
        let mut after = Aligned::<T>::gradient(len, 5);
        let mut grads = [Tensor::weight(&mut after)];
        observe(&mut grads).expect("finite");
        Scale::new(factor).decide(&mut grads).expect("in range");
        apply(&mut grads).expect("in range");
        for (x, y) in before.iter().zip(after.iter()) {
            assert_eq!(T::narrow(x.widen() * factor).widen(), y.widen());
        }
    }
}

/// One parameter after AdamW's step number `t`, with its moments.
fn plain_adamw(g: f64, [w, m, v]: [f64; 3], t: i32) -> [f64; 3] {
    let m = ADAMW.beta1 * m + (1.0 - ADAMW.beta1) * g;
    let v = ADAMW.beta2 * v + (1.0 - ADAMW.beta2) * g * g;
    let mean = m / (1.0 - ADAMW.beta1.powi(t));
    let root = (v / (1.0 - ADAMW.beta2.powi(t))).sqrt();
    let w = w * (1.0 - ADAMW.lr * ADAMW.weight_decay);
    [w - ADAMW.lr * mean / (root + ADAMW.eps), m, v]
}

fn triples(layer: &Layer) -> Vec<[f64; 3]> {
    (0..layer.param.len())
        .map(|i| [layer.param[i], layer.first[i], layer.second[i]].map(f64::from))
        .collect()
}

/// Observe, StableGrad and AdamW, three steps of them.
pub fn check_step() {
    let mut layers = work::layers(SMALL);
    let mut plain: Vec<_> = layers.iter().map(triples).collect();
    let mut state = StepState::default();
    for t in 1..=3 {
        for (layer, plain) in layers.iter().zip(&mut plain) {
            let g = &layer.gradient;
            let scale = REFERENCE / plain_std(plain_moments(g), g.len());
            for (slot, g) in plain.iter_mut().zip(g.iter()) {
                *slot = plain_adamw(f64::from(*g) * scale, *slot, t);
            }
        }
        let (mut grads, mut slots) = work::views(&mut layers);
        work::step(&mut state, &mut grads, &mut slots);
    }
    for (layer, plain) in layers.iter().zip(&plain) {
        for (ours, plain) in triples(layer).iter().zip(plain) {
            (0..3).for_each(|i| close(ours[i], plain[i], 1e-6));
        }
    }
}

/// GradientStabilizer: the first step gives every tensor norm 1, whatever it was.
pub fn check_stabilizer() {
    let mut layers = work::layers(SMALL);
    let mut states = [NormState::default(); SMALL.tensors];
    let (mut grads, _) = work::views(&mut layers);
    observe(&mut grads).expect("finite");
    GradientStabilizer::default()
        .decide(&mut states, &mut grads)
        .expect("new states");
    apply(&mut grads).expect("in range");
    for layer in &layers {
        close(plain_moments(&layer.gradient).1.sqrt(), 1.0, 1e-6);
    }
}

/// The ceilings compute something too: the plain AdamW loop agrees with ours, and so does scaling.
pub fn check_native(native: &Native) {
    let mut layer = work::layers(SMALL).remove(0);
    let plain: Vec<_> = triples(&layer)
        .into_iter()
        .zip(layer.gradient.iter())
        .map(|(slot, g)| plain_adamw(f64::from(*g), slot, 1))
        .collect();
    let factors = Factors {
        shrink: (1.0 - ADAMW.lr * ADAMW.weight_decay) as f32,
        rate: (ADAMW.lr / (1.0 - ADAMW.beta1)) as f32,
        inverse_root: (1.0 / (1.0 - ADAMW.beta2).sqrt()) as f32,
        ..Factors::SETTLED
    };
    let Layer {
        gradient,
        param,
        first,
        second,
    } = &mut layer;
    native.adamw(param, first, second, gradient, &factors);
    for (theirs, plain) in triples(&layer).iter().zip(&plain) {
        (0..3).for_each(|i| close(theirs[i], plain[i], 1e-6));
    }
    let mut x = [1.0, -2.0, 3.0];
    native.scale(&mut x, 0.5);
    assert_eq!(x, [0.5, -1.0, 1.5]);
}
