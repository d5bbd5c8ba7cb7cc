//! The initialisation recommended with StableGrad: weights that keep activations in scale.

// 1 / sqrt(E[f(z)^2]) by quadrature to the last digit; for sin it is sqrt(2 / (1 - exp(-2))).
const GAIN_TANH: f64 = 1.592_537_419_722_831_2;
const GAIN_SILU: f64 = 1.676_532_470_331_090_9;
const GAIN_GELU: f64 = 1.533_530_441_195_535_3;
const GAIN_SIN: f64 = 1.520_866_623_178_815;

/// An activation function, for [`init_std`].
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activation {
    /// max(0, z)
    Relu = 0,
    /// tanh(z)
    Tanh = 1,
    /// z / (1 + exp(-z))
    Silu = 2,
    /// z * Phi(z), with the exact normal distribution function
    Gelu = 3,
    /// sin(z)
    Sin = 4,
    /// z
    Identity = 5,
}

impl Activation {
    /// The activation with this number in the C ABI.
    #[doc(hidden)]
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Activation::Relu),
            1 => Some(Activation::Tanh),
            2 => Some(Activation::Silu),
            3 => Some(Activation::Gelu),
            4 => Some(Activation::Sin),
            5 => Some(Activation::Identity),
            _ => None,
        }
    }

    /// `1 / sqrt(E[f(z)^2])` for standard normal z, which keeps the mean square of the activations
    /// at 1 from layer to layer.
    pub const fn gain(self) -> f64 {
        match self {
            Activation::Relu => core::f64::consts::SQRT_2,
            Activation::Tanh => GAIN_TANH,
            Activation::Silu => GAIN_SILU,
            Activation::Gelu => GAIN_GELU,
            Activation::Sin => GAIN_SIN,
            Activation::Identity => 1.0,
        }
    }
}

/// Standard deviation of the normal distribution of a layer's initial weights:
/// `gain(activation) / sqrt(fan_in)`, where `activation` is the one whose outputs the layer reads and
/// `fan_in` their number. NaN for a `fan_in` of 0.
///
/// ```
/// use trimtab::{Activation, init_std};
/// assert!((init_std(Activation::Tanh, 100) - 0.15925374).abs() < 1e-8);
/// ```
pub fn init_std(activation: Activation, fan_in: usize) -> f64 {
    match fan_in {
        0 => f64::NAN,
        _ => activation.gain() / libm::sqrt(fan_in as f64),
    }
}
