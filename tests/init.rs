//! `init_std` against the definition of the gain, 1 / sqrt(E f(z)^2), by quadrature.

#[allow(dead_code)] // Only the quadrature is used here.
mod oracle;

use oracle::gain;
use trimtab::{Activation, init_std};

/// An activation, its function, and its gain to seven digits.
type Known = (Activation, fn(f64) -> f64, f64);

#[allow(clippy::approx_constant)] // Seven decimals are what is stated, not what is meant.
fn activations() -> [Known; 6] {
    [
        (Activation::Relu, gain::relu, 1.4142136),
        (Activation::Tanh, f64::tanh, 1.5925374),
        (Activation::Silu, gain::silu, 1.6765325),
        (Activation::Gelu, gain::gelu, 1.5335304),
        (Activation::Sin, f64::sin, 1.5208666),
        (Activation::Identity, |z| z, 1.0),
    ]
}

#[test]
fn the_oracle_agrees_with_the_design() {
    for (activation, f, stated) in activations() {
        // Stated with seven decimals, rounded.
        assert!(
            (gain::gain(f) - stated).abs() <= 0.51e-7,
            "{activation:?}: {}",
            gain::gain(f)
        );
    }
}

#[test]
fn gains_are_those_of_the_quadrature() {
    for (activation, f, _) in activations() {
        let expected = gain::gain(f);
        let actual = init_std(activation, 1);
        assert!(
            (actual - expected).abs() <= 1e-7,
            "{activation:?}: {actual} instead of {expected}"
        );
    }
}

#[test]
fn the_standard_deviation_falls_with_the_root_of_the_fan_in() {
    for (activation, _, _) in activations() {
        for fan_in in [1, 2, 3, 64, 1000, 1 << 40] {
            let expected = init_std(activation, 1) / (fan_in as f64).sqrt();
            let actual = init_std(activation, fan_in);
            // A root and a division, in whichever order.
            assert!(
                (actual - expected).abs() <= 4.0 * f64::EPSILON * expected,
                "{activation:?}, {fan_in}"
            );
        }
    }
}

#[test]
fn no_inputs_have_no_standard_deviation() {
    for (activation, _, _) in activations() {
        assert!(init_std(activation, 0).is_nan(), "{activation:?}");
    }
}
