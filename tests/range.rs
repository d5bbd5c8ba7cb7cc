//! What leaves the range of f64 on the way to a result that does not: scales, limits, and squares of statistics.
//!
//! Nobody has such gradients, but a chain of finite scales may pass through such numbers, and every one that is accepted
//! has to give the right result.

use trimtab::{
    Agc, Autoscale, AutoscaleState, ClipNorm, ClipValue, Error, GradientStabilizer, Moments,
    NormState, Scale, Scope, StableGrad, Tensor, Unscale, Zclip, ZclipState, Znorm, apply, observe,
};

const OVERFLOW: Result<(), Error> = Err(Error::Overflow { tensor: 0 });

/// What `test` makes of this observed gradient with a scale pending.
fn scaled<R>(gradient: &[f64], factor: f64, test: impl FnOnce(&mut [Tensor]) -> R) -> R {
    let mut gradient = gradient.to_vec();
    let mut grads = [Tensor::weight(&mut gradient)];
    observe(&mut grads).expect("finite");
    Scale::new(factor).decide(&mut grads).expect("finite");
    test(&mut grads)
}

fn near(actual: f64, exact: f64) {
    assert!(
        (actual / exact - 1.0).abs() < 1e-12,
        "{actual:e} instead of {exact:e}"
    );
}

/// A gradient whose norm is 5 times its unit, at both ends and between them.
const NORMS: [(f64, f64); 4] = [(1e-20, 1e-150), (1e-145, 1e-10), (1.0, 1.0), (1e149, 1e10)];

#[test]
fn a_global_norm_is_right_where_its_square_is_not_in_range() {
    for (unit, factor) in NORMS {
        let norm = 5.0 * unit * factor;
        scaled(&[3.0 * unit, 4.0 * unit], factor, |grads| {
            let clip = ClipNorm::global(norm / 8.0);
            clip.decide(grads).expect("in range");
            near(grads[0].outlook().norm(), norm / 8.0);
        });
    }
}

#[test]
fn a_global_norm_of_many_tensors_is_right_there_too() {
    for (unit, factor) in NORMS {
        let (mut a, mut b) = ([3.0 * unit; 4], [4.0 * unit; 4]);
        let mut grads = [Tensor::weight(&mut a), Tensor::bias(&mut b)];
        observe(&mut grads).expect("finite");
        Scale::new(factor).decide(&mut grads).expect("finite");
        let clip = ClipNorm::global(unit * factor);
        clip.decide(&mut grads).expect("in range");
        // sqrt(4 * 9 + 4 * 16) = 10.
        near(grads[0].affine().scale, factor / 10.0);
        near(grads[1].affine().scale, factor / 10.0);
    }
}

/// Two elements of 1e308 have a norm that is in range, and two of 1.5e308 do not.
#[test]
fn a_global_norm_beyond_the_range_is_refused() {
    let too_large = Err(Error::Overflow { tensor: 1 });
    for (factor, expected) in [(1e233, Ok(())), (1.5e233, too_large)] {
        let (mut small, mut large) = ([1.0_f64], [1e75_f64; 2]);
        let mut grads = [Tensor::weight(&mut small), Tensor::weight(&mut large)];
        observe(&mut grads).expect("finite");
        Scale::new(factor).decide(&mut grads).expect("finite");
        // 1 / 1.4e308 would be below the normal numbers.
        let clip = ClipNorm::global(10.0);
        assert_eq!(clip.decide(&mut grads), expected, "{factor:e}");
    }
}

/// A norm whose square vanishes is still a norm.
#[test]
fn a_tiny_norm_is_no_empty_gradient() {
    for scope in [Scope::Tensor, Scope::Global] {
        scaled(&[3e-20, 4e-20], 1e-150, |grads| {
            let mut states = [NormState::default()];
            let method = GradientStabilizer::default().with_scope(scope);
            method.decide(&mut states, grads).expect("in range");
            assert_eq!((states[0].steps, states[0].skipped), (1, 0), "{scope:?}");
            near(states[0].m, 0.4 * 5e-170);
        });
    }
    scaled(&[3e-20, 4e-20], 1e-150, |grads| {
        let mut state = ZclipState::default();
        Zclip::default()
            .decide(&mut state, grads)
            .expect("in range");
        near(state.mean, 5e-170);
    });
}

/// The deviation of (x, -x, 2x) is x * sqrt(7/3), and log1p of a small number is that number.
#[test]
fn autoscale_sees_every_deviation() {
    for (unit, factor) in NORMS {
        scaled(&[unit, -unit, 2.0 * unit], factor, |grads| {
            let mut state = AutoscaleState::default();
            Autoscale::default()
                .decide(&mut state, grads)
                .expect("in range");
            assert_eq!(state.steps, 1);
            near(state.sigma, unit * factor * (7.0_f64 / 3.0).sqrt());
        });
    }
}

/// An infinite limit is none: 2e100 * 1e200 clipped at 1e300 must not come back as 2e290.
#[test]
fn a_limit_that_leaves_the_range_is_refused() {
    for (limit, factor) in [(1e300, 1e10), (1e-300, 1e-30)] {
        scaled(&[2e100, 0.5e100], 1e200, |grads| {
            ClipValue::new(limit).decide(grads).expect("positive");
            let before = *grads[0].affine();
            assert_eq!(Scale::new(factor).decide(grads), OVERFLOW, "{limit:e}");
            assert_eq!(*grads[0].affine(), before);
        });
    }
}

/// A scale of 0 silences a tensor: two factors that are not 0 must not make one.
#[test]
fn a_scale_that_vanishes_is_refused_and_0_is_not() {
    scaled(&[2.0, 0.5], 1e-170, |grads| {
        assert_eq!(Scale::new(1e-170).decide(grads), OVERFLOW);
        assert_eq!(grads[0].affine().scale, 1e-170);
        Scale::new(0.0).decide(grads).expect("silence");
        Scale::new(1e-170).decide(grads).expect("still");
        apply(grads).expect("zeros");
        assert_eq!(grads[0].as_slice(), Some(&[0.0_f64; 2][..]));
    });
}

#[test]
fn a_tiny_reference_is_taken_and_may_not_vanish_afterwards() {
    scaled(&[1.0, -1.0], 1.0, |grads| {
        let std = 2.0_f64.sqrt();
        StableGrad::default()
            .decide(1e-300, grads)
            .expect("in range");
        near(grads[0].affine().scale, 1e-300 / std);
        assert_eq!(Scale::new(1e-200).decide(grads), OVERFLOW);
    });
}

/// 3.6e307 is in range, and divided by 1 - 0.999^2 it is not: the factor would be 0.
#[test]
fn a_correction_that_leaves_the_range_is_refused() {
    let mut states = [NormState::default()];
    for (gamma2, expected) in [(0.0, Ok(())), (0.999, OVERFLOW)] {
        scaled(&[6e149], 1e4, |grads| {
            let method = GradientStabilizer::default().with_gamma2(gamma2);
            let before = states[0];
            assert_eq!(method.decide(&mut states, grads), expected, "{gamma2}");
            assert_eq!(states[0] == before, expected.is_err());
        });
    }
}

/// Quotients below the smallest normal f64, 2.2e-308: some would be 0, which silences a tensor, some keep a few digits, of
/// which a later scale would make a wrong result.
#[test]
fn a_quotient_that_vanishes_is_refused() {
    type Method<'a> = &'a dyn Fn(&mut [Tensor]) -> Result<(), Error>;
    let clip = |max_norm, scope| ClipNorm::new(max_norm, scope);
    let zclip = |max_norm| Zclip::default().with_max_norm(max_norm);
    let stabilizer = |eps, scope| {
        GradientStabilizer::default()
            .with_eps(eps)
            .with_scope(scope)
    };
    let one = [Moments {
        count: 1,
        sum: 1.0,
        sum_sq: 1.0,
        abs_max: 1.0,
    }];
    let state = || [NormState::default()];
    // The norm is 5e4 and the deviation about 1e4.
    let methods: [(&str, Method); 12] = [
        ("clip_norm", &|t| clip(1e-320, Scope::Tensor).decide(t)),
        ("clip_norm, few digits", &|t| {
            clip(1e-305, Scope::Tensor).decide(t)
        }),
        ("clip_norm, global", &|t| {
            clip(1e-320, Scope::Global).decide(t)
        }),
        ("zclip", &|t| {
            zclip(1e-320).decide(&mut ZclipState::default(), t)
        }),
        ("agc", &|t| {
            let agc = Agc::default().with_clipping(1e-320);
            agc.decide(&one, t)
        }),
        ("agc, product", &|t| {
            let agc = Agc::default().with_clipping(1e-200).with_eps(1e-200);
            agc.decide(&[Moments::default()], t)
        }),
        ("stable_grad", &|t| StableGrad::default().decide(1e-320, t)),
        ("stable_grad, eps", &|t| {
            let method = StableGrad::default().with_eps(1e200);
            method.decide(1e-200, t)
        }),
        ("znorm", &|t| {
            let method = Znorm::default().with_eps(1e308);
            method.decide(t)
        }),
        ("unscale", &|t| Unscale::new(1e308).decide(t)),
        ("gradient_stabilizer", &|t| {
            stabilizer(1e160, Scope::Tensor).decide(&mut state(), t)
        }),
        ("gradient_stabilizer, global", &|t| {
            stabilizer(1e160, Scope::Global).decide(&mut state(), t)
        }),
    ];
    for (name, method) in methods {
        scaled(&[3e4, -4e4], 1.0, |grads| {
            let before = *grads[0].affine();
            assert_eq!(method(grads), OVERFLOW, "{name}");
            assert_eq!(*grads[0].affine(), before, "{name}");
        });
    }
}

/// The same quotients a little above: taken, and what follows is right to all digits.
#[test]
fn a_quotient_that_just_does_not_vanish_is_right() {
    scaled(&[3e4, -4e4], 1.0, |grads| {
        let clip = ClipNorm::new(1.2e-303, Scope::Tensor);
        clip.decide(grads).expect("2.4e-308 is normal");
        Scale::new(1e303).decide(grads).expect("in range");
        near(grads[0].outlook().norm(), 1.2);
    });
}

/// A parameter of zeros without eps: 0 is what the formula says, and not what is left of something.
#[test]
fn a_quotient_that_is_0_is_0() {
    scaled(&[3.0, 4.0], 1.0, |grads| {
        let agc = Agc::default().with_eps(0.0);
        agc.decide(&[Moments::default()], grads).expect("0");
        assert_eq!(grads[0].affine().scale, 0.0);
    });
}

/// The square of a norm below 1.5e-154 has fewer digits, or none: beside an eps that does not show, without one it would.
#[test]
fn a_squared_norm_that_vanishes_is_refused_where_it_shows() {
    for unit in [1e-155, 1e-163, 1e-200] {
        for (eps, expected) in [(0.0, OVERFLOW), (1e-139, OVERFLOW), (1e-137, Ok(()))] {
            scaled(&[3.0, 4.0], unit, |grads| {
                let mut states = [NormState::default()];
                let method = GradientStabilizer::default().with_eps(eps);
                assert_eq!(
                    method.decide(&mut states, grads),
                    expected,
                    "{unit:e} {eps:e}"
                );
                if expected.is_ok() {
                    // The first step's m/(1-gamma1) is R; the root, of R at most, adds less than 2^-53 to eps.
                    let factor = (5.0 * unit / (5.0 * unit + eps)) / eps;
                    near(grads[0].affine().scale, unit * factor);
                }
            });
        }
    }
}
