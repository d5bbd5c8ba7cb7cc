//! SGD and Adam on one parameter tensor in f64. Each takes the gradient as it is after the methods.

/// Configuration of [`sgd`].
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    pub lr: f64,
    pub momentum: f64,
    pub dampening: f64,
    pub weight_decay: f64,
    pub nesterov: bool,
}

/// SGD with torch's conventions: decay is added to the gradient, and the first step copies it into the buffer.
///
/// `t` counts from 1. Returns the parameters and the momentum buffer after the step.
pub fn sgd(config: Sgd, t: u64, g: &[f64], w: &[f64], buffer: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let one = |i: usize| {
        let grad = g[i] + config.weight_decay * w[i];
        if config.momentum == 0.0 {
            return (w[i] - config.lr * grad, buffer[i]);
        }
        let kept = match t {
            1 => grad,
            _ => config.momentum * buffer[i] + (1.0 - config.dampening) * grad,
        };
        let direction = match config.nesterov {
            true => grad + config.momentum * kept,
            false => kept,
        };
        (w[i] - config.lr * direction, kept)
    };
    (0..g.len()).map(one).unzip()
}

/// Configuration of [`adam`].
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    pub lr: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub weight_decay: f64,
    pub decoupled: bool,
}

/// The parameters of one tensor and Adam's two moments of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapted {
    pub w: Vec<f64>,
    pub m: Vec<f64>,
    pub v: Vec<f64>,
}

impl Adapted {
    /// Fresh moments for these parameters.
    pub fn new(w: &[f64]) -> Adapted {
        let zeros = vec![0.0; w.len()];
        Adapted {
            w: w.to_vec(),
            m: zeros.clone(),
            v: zeros,
        }
    }
}

/// Adam (coupled decay) and AdamW (decoupled), eps outside the root, both moments bias-corrected. `t` counts from 1.
pub fn adam(config: Adam, t: u64, g: &[f64], old: &Adapted) -> Adapted {
    let mut new = old.clone();
    let correction1 = 1.0 - config.beta1.powf(t as f64);
    let correction2 = 1.0 - config.beta2.powf(t as f64);
    for (i, &g) in g.iter().enumerate() {
        let (mut w, mut grad) = (old.w[i], g);
        match config.decoupled {
            true => w *= 1.0 - config.lr * config.weight_decay,
            false => grad += config.weight_decay * w,
        }
        let m = config.beta1 * old.m[i] + (1.0 - config.beta1) * grad;
        let v = config.beta2 * old.v[i] + (1.0 - config.beta2) * grad * grad;
        w -= config.lr * (m / correction1) / ((v / correction2).sqrt() + config.eps);
        (new.w[i], new.m[i], new.v[i]) = (w, m, v);
    }
    new
}
