//! A fully connected network that carries jets: Taylor forward, hand-written reverse.
//!
//! A hidden layer computes z = a W + b and a' = f(z). Along every carried direction x the chain rule gives
//!
//! ```text
//!   a'_x  = f'(z) z_x                         a'_xx = f''(z) z_x² + f'(z) z_xx
//! ```
//!
//! and, with bars for the gradient of a loss, reverse through it
//!
//! ```text
//!   z̄_xx = f' ā_xx      z̄_x = f' ā_x + 2 f'' z_x ā_xx
//!   z̄    = f' ā + Σ_x [ f'' z_x ā_x + (f''' z_x² + f'' z_xx) ā_xx ]
//!   W̄   += aᵀ z̄  (all channels)      b̄ += Σ z̄ (value channel)      ā = z̄ Wᵀ
//! ```
//!
//! The last layer is linear with one output. A [`Tape`] holds what reverse needs and is reused from step to step.

use crate::activation::{Activation, Slopes};
use crate::jet::{DIMENSIONS, Layout, channel, channel_mut};
use crate::linalg::{self, vectorised};
use crate::real::Real;

/// Weights and biases of one layer, or the gradients with respect to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer<F> {
    /// Row by row, `inputs` x `outputs`.
    pub weights: Vec<F>,
    /// One for each output.
    pub biases: Vec<F>,
}

impl<F: Real> Layer<F> {
    fn zeros(inputs: usize, outputs: usize) -> Self {
        let zero = F::rounded(0.0);
        Self {
            weights: vec![zero; inputs * outputs],
            biases: vec![zero; outputs],
        }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.biases.len()
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.weights.len() / self.biases.len()
    }
}

/// Sizes and activation of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Hidden layers, at least 1.
    pub depth: usize,
    /// Neurons in each hidden layer, at least 1.
    pub width: usize,
    /// Of the hidden layers.
    pub activation: Activation,
}

/// A network, or a gradient of its shape: `depth` hidden layers and a linear output layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<F> {
    /// Sizes and activation.
    pub shape: Shape,
    /// From input to output.
    pub layers: Vec<Layer<F>>,
}

impl<F: Real> Network<F> {
    /// A network of zeros.
    pub fn zeros(shape: Shape) -> Self {
        let outputs = (0..=shape.depth).map(|l| if l < shape.depth { shape.width } else { 1 });
        let inputs = std::iter::once(DIMENSIONS).chain(std::iter::repeat(shape.width));
        let layers = inputs
            .zip(outputs)
            .map(|(i, o)| Layer::zeros(i, o))
            .collect();
        Self { shape, layers }
    }

    /// Sets every element to zero.
    pub fn clear(&mut self) {
        for layer in &mut self.layers {
            layer.weights.fill(F::rounded(0.0));
            layer.biases.fill(F::rounded(0.0));
        }
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.tensors().map(<[F]>::len).sum()
    }

    /// Weights and biases in turn, from the first layer to the last.
    pub fn tensors(&self) -> impl Iterator<Item = &[F]> {
        self.layers
            .iter()
            .flat_map(|layer| [layer.weights.as_slice(), layer.biases.as_slice()])
    }

    /// The same, to write to.
    pub fn tensors_mut(&mut self) -> impl Iterator<Item = &mut [F]> {
        self.layers
            .iter_mut()
            .flat_map(|layer| [layer.weights.as_mut_slice(), layer.biases.as_mut_slice()])
    }

    /// Every element, tensor after tensor.
    pub fn elements(&self) -> Vec<F> {
        self.tensors().flatten().copied().collect()
    }

    /// Sets every element; false, and nothing is set, if there are more or fewer.
    pub fn set_elements(&mut self, elements: &[F]) -> bool {
        let fits = elements.len() == self.parameters();
        let pairs = self.tensors_mut().flatten().zip(elements);
        pairs.filter(|_| fits).for_each(|(x, &new)| *x = new);
        fits
    }

    /// Carries the jets of `tape.input` to the output, a column of stacked channels.
    pub fn forward<'t>(&self, layout: &Layout, tape: &'t mut Tape<F>) -> &'t [F] {
        let (last, hidden) = self
            .layers
            .split_last()
            .expect("a network has an output layer");
        tape.resize(self.shape, layout);
        let Tape {
            input,
            records,
            output,
            ..
        } = tape;
        let mut activations: &[F] = input;
        for (layer, record) in hidden.iter().zip(records) {
            affine(layer, activations, layout, &mut record.z);
            record.activate(self.shape.activation, layout);
            activations = &record.activations;
        }
        affine(last, activations, layout, output);
        output
    }

    /// Adds to `gradient` the gradient of a loss whose derivative with respect to the output column of the last
    /// [`forward`](Self::forward) is `adjoint`.
    pub fn backward(
        &self,
        layout: &Layout,
        tape: &mut Tape<F>,
        adjoint: &[F],
        gradient: &mut Self,
    ) {
        let Tape {
            input,
            records,
            adjoint: current,
            next,
            ..
        } = tape;
        current.clear();
        current.extend_from_slice(adjoint);
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let below = index.checked_sub(1).map(|i| &records[i]);
            let activations = below.map_or(input.as_slice(), |record| &record.activations);
            accumulate(&mut gradient.layers[index], activations, current, layout);
            let Some(record) = below else { return };
            next.resize(record.z.len(), F::rounded(0.0));
            linalg::product_with_transposed(
                next,
                current,
                &layer.weights,
                layer.outputs(),
                layer.inputs(),
            );
            record.reverse(layout, next);
            std::mem::swap(current, next);
        }
    }
}

/// z = a W + b; the bias belongs to the value, its derivatives are zero.
fn affine<F: Real>(layer: &Layer<F>, activations: &[F], layout: &Layout, z: &mut [F]) {
    linalg::product(
        z,
        activations,
        &layer.weights,
        layer.inputs(),
        layer.outputs(),
    );
    let values = z.len() / layout.channels();
    vectorised(
        #[inline(always)]
        || add_rowwise(&mut z[..values], &layer.biases),
    );
}

#[inline(always)]
fn add_rowwise<F: Real>(rows: &mut [F], biases: &[F]) {
    for row in rows.chunks_exact_mut(biases.len()) {
        for (z, &bias) in row.iter_mut().zip(biases) {
            *z += bias;
        }
    }
}

/// W̄ += aᵀ z̄ and b̄ += Σ z̄.
fn accumulate<F: Real>(gradient: &mut Layer<F>, activations: &[F], adjoint: &[F], layout: &Layout) {
    let (inputs, outputs) = (gradient.inputs(), gradient.outputs());
    linalg::add_product_of_transposed(&mut gradient.weights, activations, adjoint, inputs, outputs);
    let values = &adjoint[..adjoint.len() / layout.channels()];
    vectorised(
        #[inline(always)]
        || sum_rows(&mut gradient.biases, values),
    );
}

#[inline(always)]
fn sum_rows<F: Real>(sums: &mut [F], rows: &[F]) {
    for row in rows.chunks_exact(sums.len()) {
        for (sum, &z) in sums.iter_mut().zip(row) {
            *sum += z;
        }
    }
}

/// Everything a forward pass leaves behind for the reverse pass.
#[derive(Default)]
pub struct Tape<F> {
    /// Jets of the input, to be set before [`Network::forward`]; see [`Layout::inputs`].
    pub input: Vec<F>,
    records: Vec<Record<F>>,
    output: Vec<F>,
    adjoint: Vec<F>,
    next: Vec<F>,
}

impl<F: Real> Tape<F> {
    fn resize(&mut self, shape: Shape, layout: &Layout) {
        let (zero, rows) = (F::rounded(0.0), self.input.len() / DIMENSIONS);
        let jets = rows * shape.width;
        self.records.resize_with(shape.depth, Record::default);
        for record in &mut self.records {
            record.z.resize(jets, zero);
            record.activations.resize(jets, zero);
            let Slopes {
                first,
                second,
                third,
            } = &mut record.slopes;
            for slope in [first, second, third] {
                slope.resize(jets / layout.channels(), zero);
            }
        }
        self.output.resize(rows, zero);
    }
}

/// What one hidden layer keeps.
#[derive(Default)]
struct Record<F> {
    /// Jets before the activation.
    z: Vec<F>,
    /// Jets after it.
    activations: Vec<F>,
    slopes: Slopes<F>,
}

impl<F: Real> Record<F> {
    fn activate(&mut self, activation: Activation, layout: &Layout) {
        let len = self.z.len() / layout.channels();
        let (value, derivatives) = self.activations.split_at_mut(len);
        activation.evaluate(&self.z[..len], value, &mut self.slopes);
        for direction in layout.directions() {
            let z_x = channel(&self.z, direction.first, len);
            let out = channel_mut(derivatives, direction.first - 1, len);
            vectorised(
                #[inline(always)]
                || times(out, &self.slopes.first, z_x),
            );
            if let Some(second) = direction.second {
                let z_xx = channel(&self.z, second, len);
                let out = channel_mut(derivatives, second - 1, len);
                vectorised(
                    #[inline(always)]
                    || activate_second(out, &self.slopes, z_x, z_xx),
                );
            }
        }
    }

    /// Turns the adjoint of the activations into that of z, in place.
    fn reverse(&self, layout: &Layout, adjoint: &mut [F]) {
        let len = self.z.len() / layout.channels();
        let (value, derivatives) = adjoint.split_at_mut(len);
        vectorised(
            #[inline(always)]
            || scale(value, &self.slopes.first),
        );
        for direction in layout.directions() {
            let z_x = channel(&self.z, direction.first, len);
            let rest = &mut derivatives[(direction.first - 1) * len..];
            let (first, rest) = rest.split_at_mut(len);
            match direction.second {
                None => vectorised(
                    #[inline(always)]
                    || reverse_first(value, first, &self.slopes, z_x),
                ),
                Some(second) => {
                    let z_xx = channel(&self.z, second, len);
                    let adjoints = [&mut *value, first, &mut rest[..len]];
                    vectorised(
                        #[inline(always)]
                        || reverse_second(adjoints, &self.slopes, z_x, z_xx),
                    );
                }
            }
        }
    }
}

#[inline(always)]
fn times<F: Real>(out: &mut [F], a: &[F], b: &[F]) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = a * b;
    }
}

#[inline(always)]
fn scale<F: Real>(out: &mut [F], a: &[F]) {
    for (out, &a) in out.iter_mut().zip(a) {
        *out *= a;
    }
}

/// a'_xx = f'' z_x² + f' z_xx
#[inline(always)]
fn activate_second<F: Real>(out: &mut [F], slopes: &Slopes<F>, z_x: &[F], z_xx: &[F]) {
    let n = out.len();
    let (f1, f2) = (&slopes.first[..n], &slopes.second[..n]);
    let (z_x, z_xx) = (&z_x[..n], &z_xx[..n]);
    for i in 0..n {
        out[i] = f2[i] * z_x[i] * z_x[i] + f1[i] * z_xx[i];
    }
}

/// z̄ += f'' z_x ā_x, then z̄_x = f' ā_x
#[inline(always)]
fn reverse_first<F: Real>(value: &mut [F], first: &mut [F], slopes: &Slopes<F>, z_x: &[F]) {
    let n = value.len();
    let (f1, f2) = (&slopes.first[..n], &slopes.second[..n]);
    let (first, z_x) = (&mut first[..n], &z_x[..n]);
    for i in 0..n {
        value[i] += f2[i] * z_x[i] * first[i];
        first[i] = f1[i] * first[i];
    }
}

/// The three formulas of the module header; `adjoints` are those of the value, the first and the second derivative.
#[inline(always)]
fn reverse_second<F: Real>(adjoints: [&mut [F]; 3], slopes: &Slopes<F>, z_x: &[F], z_xx: &[F]) {
    let [value, first, second] = adjoints;
    let n = value.len();
    let (f1, f2, f3) = (&slopes.first[..n], &slopes.second[..n], &slopes.third[..n]);
    let (first, second) = (&mut first[..n], &mut second[..n]);
    let (z_x, z_xx) = (&z_x[..n], &z_xx[..n]);
    for i in 0..n {
        let (a_x, a_xx) = (first[i], second[i]);
        let bend = f2[i] * z_x[i];
        value[i] += bend * a_x + (f3[i] * z_x[i] * z_x[i] + f2[i] * z_xx[i]) * a_xx;
        first[i] = f1[i] * a_x + (bend + bend) * a_xx;
        second[i] = f1[i] * a_xx;
    }
}
