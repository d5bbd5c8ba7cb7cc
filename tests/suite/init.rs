//! `init_std` against the definition of the gain, 1 / sqrt(E f(z)^2), by quadrature.

use super::each;
use crate::oracle::gain;

/// A function, and the gain that is stated for it.
type Known = (fn(f64) -> f64, f64);

/// The functions in the order of their codes, and the gains that DESIGN states with seven decimals.
#[allow(clippy::approx_constant)] // Seven decimals are what is stated, not what is meant.
const ACTIVATIONS: [Known; 6] = [
    (gain::relu, 1.4142136),
    (f64::tanh, 1.5925374),
    (gain::silu, 1.6765325),
    (gain::gelu, 1.5335304),
    (f64::sin, 1.5208666),
    (|z| z, 1.0),
];

#[test]
fn gains_are_those_of_the_quadrature() {
    each(|library| {
        for (code, (f, stated)) in (0..).zip(ACTIVATIONS) {
            let exact = gain::gain(f);
            assert!((exact - stated).abs() <= 0.51e-7, "{code}: {exact}");
            let gain = library.init_std(code, 1);
            assert!((gain - exact).abs() <= 1e-7, "{code}: {gain}");
            for fan_in in [2, 3, 64, 1000, 1_000_003, 1 << 30] {
                let expected = gain / (fan_in as f64).sqrt();
                let actual = library.init_std(code, fan_in);
                // A root and a division, in whichever order.
                let off = (actual - expected).abs();
                assert!(off <= 4.0 * f64::EPSILON * expected, "{code}, {fan_in}");
            }
        }
    });
}

#[test]
fn no_inputs_and_no_activation_have_none() {
    each(|library| {
        for code in 0..6 {
            assert!(library.init_std(code, 0).is_nan(), "{code}");
        }
        for code in [6, 7, 255, 256, u32::MAX] {
            let none = [0, 1, 64].map(|fan_in| library.init_std(code, fan_in));
            assert!(none.iter().all(|x| x.is_nan()), "{code}");
        }
    });
}
