//! A step that returns Ok has written finite numbers: what cannot be finite must be refused beforehand.
//!
//! What is known before a step is the largest gradient and the configuration. Parameters are near 0 here, because their
//! size is not known to the step.

use trimtab::{
    Adam, Affine, Agc, ClipNorm, Error, Moments, Roles, Scale, Scope, Sgd, Slot, StableGrad,
    StepState, Tensor, Zclip, ZclipState, Znorm, apply, observe,
};

/// 1 + 2^-24 and a little: above the middle between 1 and the next f32, so it becomes 1 + 2^-23 there.
const ROUNDED_UP: f64 = 1.0 + 1.0 / 16_777_216.0 + 1.0 / (1_u64 << 50) as f64;

/// The second largest f32: times `ROUNDED_UP` it is below the largest, times its f32 it is infinite.
fn below_the_largest() -> f32 {
    f32::MAX.next_down()
}

#[test]
fn a_scale_that_f32_rounds_up_does_not_make_infinity() {
    assert!(f64::from(below_the_largest()) * ROUNDED_UP <= f64::from(f32::MAX));
    assert!((below_the_largest() * ROUNDED_UP as f32).is_infinite());
    let mut gradient = [below_the_largest(), 1.0];
    let mut tensors = [Tensor::weight(&mut gradient)];
    observe(&mut tensors).expect("finite");
    let scale = Scale::new(ROUNDED_UP);
    scale.decide(&mut tensors).expect("a finite factor");
    let (mut w, mut state) = ([0.0_f32; 2], StepState::default());
    let sgd = Sgd::new(1.0);
    let step = sgd.step(&mut state, &mut tensors, &mut [Slot::sgd(&mut w)]);
    assert_eq!(step, Err(Error::Overflow { tensor: 0 }));
    assert_eq!(apply(&mut tensors), step);
    assert_eq!((gradient, w), ([below_the_largest(), 1.0], [0.0; 2]));
}

/// A norm or deviation that is infinite in f64 says nothing: divided by it, the gradient would silently become 0.
#[test]
fn what_divides_by_an_infinite_statistic_refuses() {
    let moments = [Moments::default()];
    let clip = |scope| ClipNorm::new(1.0, scope);
    type Method<'a> = &'a dyn Fn(&mut [Tensor]) -> Result<(), Error>;
    let (stable, znorm) = (StableGrad::default(), Znorm::default());
    let methods: [(&str, Method); 5] = [
        ("stable_grad", &|t| stable.decide(1.0, t)),
        ("znorm", &|t| znorm.decide(t)),
        ("clip_norm", &|t| clip(Scope::Tensor).decide(t)),
        ("clip_norm, global", &|t| clip(Scope::Global).decide(t)),
        ("agc", &|t| Agc::default().decide(&moments, t)),
    ];
    for (name, method) in methods {
        let mut gradient = [1e150, -1e149];
        let mut tensors = [Tensor::weight(&mut gradient)];
        observe(&mut tensors).expect("finite");
        let scale = Scale::new(1e200);
        scale.decide(&mut tensors).expect("decided, not written");
        let before = *tensors[0].affine();
        let refused = Err(Error::Overflow { tensor: 0 });
        assert_eq!(method(&mut tensors), refused, "{name}");
        assert_eq!(*tensors[0].affine(), before, "{name}");
    }
}

/// A bias is left alone by default, whatever its deviation.
/// The mean of such a state is finite, and the variance after one step more, some 1e400, is not: in the warm-up and
/// behind it.
#[test]
fn zclip_refuses_a_variance_that_leaves_f64() {
    for steps in [3, 30] {
        let (mean, var) = (1e200, 1.0);
        let before = ZclipState { mean, var, steps };
        let (mut state, mut gradient) = (before, [3.0_f32, 4.0]);
        let mut tensors = [Tensor::weight(&mut gradient)];
        observe(&mut tensors).expect("finite");
        let refused = Zclip::default().decide(&mut state, &mut tensors);
        assert_eq!(refused, Err(Error::Overflow { tensor: 0 }));
        assert_eq!((state, *tensors[0].affine()), (before, Affine::IDENTITY));
    }
}

#[test]
fn what_leaves_a_tensor_alone_does_not_look_at_its_deviation() {
    let mut gradient = [1e150, -1e149];
    let mut tensors = [Tensor::bias(&mut gradient)];
    observe(&mut tensors).expect("finite");
    let scale = Scale::new(1e200);
    scale.decide(&mut tensors).expect("decided, not written");
    let znorm = Znorm::default().with_roles(Roles::Weights);
    znorm.decide(&mut tensors).expect("not its tensor");
}

/// rate * m is computed before the division by the root: exactly it moves by about lr, but not in f32.
#[test]
fn a_huge_learning_rate_does_not_make_adam_infinite() {
    for (lr, g, fits) in [
        (1e30, 1e15_f32, false),
        (1e30, 1e6, true),
        (-1e30, 1e15, false),
    ] {
        let (mut w, mut m, mut v) = ([0.0_f32], [0.0_f32], [0.0_f32]);
        let mut gradient = [g];
        let mut tensors = [Tensor::weight(&mut gradient)];
        observe(&mut tensors).expect("finite");
        let adam = Adam::new(lr);
        let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
        let step = adam.step(&mut StepState::default(), &mut tensors, &mut slots);
        assert_eq!(step.is_ok(), fits, "{lr:e} {g:e}: {step:?}");
        // The first step is lr, to some roundings of 2^-24.
        let expected = if fits { -lr } else { 0.0 };
        let off = (f64::from(w[0]) - expected).abs();
        assert!(off <= 1e-6 * lr.abs(), "{lr:e} {g:e}: {w:?}");
    }
}

/// Runs SGD on one constant gradient; every accepted step must leave finite numbers. Returns how many were accepted.
fn accepted_sgd_steps(sgd: Sgd, g: f32, steps: usize) -> usize {
    let (mut w, mut buffer, mut state) = ([0.0_f32; 3], [0.0_f32; 3], StepState::default());
    let mut accepted = 0;
    for t in 0..steps {
        let mut gradient = [g, -g, 0.5 * g];
        let mut tensors = [Tensor::weight(&mut gradient)];
        observe(&mut tensors).expect("finite");
        let result = sgd.step(
            &mut state,
            &mut tensors,
            &mut [Slot::momentum(&mut w, &mut buffer)],
        );
        match result {
            Ok(()) => accepted += 1,
            Err(error) => assert_eq!(error, Error::Overflow { tensor: 0 }),
        }
        let finite = w.iter().chain(&buffer).all(|x| x.is_finite());
        assert!(
            finite,
            "{sgd:?}, gradient {g:e}, step {t}: {w:?} {buffer:?}"
        );
    }
    accepted
}

#[test]
fn a_momentum_buffer_stays_finite() {
    for momentum in [0.5, 0.9, 0.99] {
        for (nesterov, dampening) in [(false, 0.0), (true, 0.0), (false, 0.5)] {
            // A learning rate that keeps the parameters themselves far from the end.
            let sgd = Sgd::new(1e-6)
                .with_momentum(momentum)
                .with_dampening(dampening)
                .with_nesterov(nesterov);
            for g in [f32::MAX, 1e38, 1e37] {
                accepted_sgd_steps(sgd, g, 60);
            }
            // Far from the end nothing may be refused: at most 1/(1-momentum) = 100 times the gradient.
            assert_eq!(accepted_sgd_steps(sgd, 1e34, 60), 60, "{sgd:?}");
        }
    }
}

/// The buffer is a geometric sum, at most (1-dampening)/(1-momentum) gradients, or the first of them; Nesterov's
/// direction is one gradient more than momentum times that. What fits is taken, what may not fit is refused.
#[test]
fn sgd_refuses_only_what_may_not_fit() {
    for (momentum, dampening, nesterov, reach) in [
        (0.0, 0.0, false, 1.0),
        (0.9, 0.95, false, 1.0),
        (0.9, 0.0, false, 10.0),
        (0.9, 0.5, false, 5.0),
        (0.9, 0.0, true, 10.0),
        (0.5, 0.0, true, 2.0),
    ] {
        let sgd = Sgd::new(1e-6)
            .with_momentum(momentum)
            .with_dampening(dampening)
            .with_nesterov(nesterov)
            .with_weight_decay(0.0);
        let most = f32::MAX / reach;
        assert_eq!(accepted_sgd_steps(sgd, most / 1.01, 60), 60, "{sgd:?}");
        if reach > 1.0 {
            assert_eq!(accepted_sgd_steps(sgd, most * 1.01, 1), 0, "{sgd:?}");
        }
    }
}

#[test]
fn a_learning_rate_above_1_does_not_make_parameters_infinite() {
    for momentum in [0.0, 0.9] {
        for lr in [2.0, 100.0, 1e30, -100.0] {
            let sgd = Sgd::new(lr).with_momentum(momentum);
            accepted_sgd_steps(sgd, 3e38, 1);
            accepted_sgd_steps(sgd, 1e30, 1);
            assert_eq!(accepted_sgd_steps(sgd, 1e5, 1), 1, "{sgd:?}");
        }
    }
}

/// Without eps the update of a gradient of 0 is 0/0; its limit for eps to 0 is 0.
#[test]
fn adam_without_eps_leaves_the_parameter_of_a_zero_gradient_alone() {
    // 1e-46 is 0 as an f32.
    for eps in [0.0, 1e-46, 1e-8] {
        let (mut w, mut m, mut v) = ([1.0_f32, -2.0], [0.0; 2], [0.0; 2]);
        let mut state = StepState::default();
        for _ in 0..3 {
            let mut gradient = [0.0_f32, 1.0];
            let mut tensors = [Tensor::weight(&mut gradient)];
            observe(&mut tensors).expect("finite");
            let adam = Adam::default().with_eps(eps);
            let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
            adam.step(&mut state, &mut tensors, &mut slots)
                .expect("in range");
        }
        assert_eq!((w[0], m[0], v[0]), (1.0, 0.0, 0.0), "eps {eps:e}");
        assert!(w[1] < -2.0 && w[1] > -2.1, "eps {eps:e}: {w:?}");
    }
}

/// The square of a small gradient is 0 in f32; the update must be finite all the same.
#[test]
fn adam_without_eps_stays_finite_where_the_second_moment_underflows() {
    for g in [1e-25_f32, 1e-30, 1e-42] {
        let (mut w, mut m, mut v) = ([1.0_f32], [0.0_f32], [0.0_f32]);
        let mut gradient = [g];
        let mut tensors = [Tensor::weight(&mut gradient)];
        observe(&mut tensors).expect("finite");
        let adam = Adam::default().with_eps(0.0);
        let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
        adam.step(&mut StepState::default(), &mut tensors, &mut slots)
            .expect("in range");
        // An update is lr at most in the first step.
        assert!((w[0] - 1.0).abs() <= 1.1e-3, "gradient {g:e}: {w:?}");
    }
}

/// A rate above 1 multiplies what may be the largest gradient, both rounded to the parameter's type.
#[test]
fn sgd_without_momentum_is_finite_at_every_rate() {
    for rate in 11..2_000 {
        let lr = f64::from(rate) / 10.0;
        let border = (f64::from(f32::MAX) / lr) as f32;
        let sgd = Sgd::new(lr);
        let gradients = [0.99 * border, border.next_down(), border, border.next_up()];
        let accepted = gradients.map(|g| accepted_sgd_steps(sgd, g, 1));
        assert!(
            accepted[0] > 0,
            "lr {lr}: a hundredth below is not the border"
        );
    }
}

#[test]
fn sgd_at_a_rate_of_1_takes_the_largest_gradient() {
    let (mut w, mut gradient) = ([0.0_f32], [f32::MAX]);
    let mut tensors = [Tensor::weight(&mut gradient)];
    observe(&mut tensors).expect("finite");
    let sgd = Sgd::new(1.0);
    let step = sgd.step(
        &mut StepState::default(),
        &mut tensors,
        &mut [Slot::sgd(&mut w)],
    );
    assert_eq!((step, w), (Ok(()), [-f32::MAX]));
}

/// A number that becomes infinite in the parameter's type is refused before it multiplies anything.
#[test]
fn configurations_that_do_not_fit_the_type_are_refused() {
    let overflow = Err(Error::Overflow { tensor: 0 });
    for (lr, weight_decay) in [(1e39, 0.0), (1.0, 1e39)] {
        let (mut w, mut wide) = ([0.0_f32], [0.0_f64]);
        let sgd = Sgd::new(lr).with_weight_decay(weight_decay);
        let step = |slot| {
            let mut gradient = [0.0_f32];
            let mut tensors = [Tensor::weight(&mut gradient)];
            observe(&mut tensors).expect("finite");
            sgd.step(&mut StepState::default(), &mut tensors, &mut [slot])
        };
        assert_eq!(step(Slot::sgd(&mut w)), overflow);
        assert_eq!(step(Slot::sgd(&mut wide)), Ok(()));
    }
}

/// A masked logit, say: without decay nothing is made of the parameter, and 0 times infinity is NaN.
#[test]
fn an_infinite_parameter_stays_what_it_is_without_decay() {
    let (masked, mut gradient) = (f32::NEG_INFINITY, [0.0_f32, 1.0]);
    let mut tensors = [Tensor::weight(&mut gradient)];
    let mut state = StepState::default();
    for decoupled in [false, true] {
        let (mut w, mut m, mut v) = ([masked, 1.0], [0.0; 2], [0.0; 2]);
        let adam = Adam::default().with_decoupled(decoupled);
        let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
        observe(&mut tensors).expect("finite");
        adam.step(&mut state, &mut tensors, &mut slots)
            .expect("small");
        assert_eq!((w[0], m[0], v[0]), (masked, 0.0, 0.0));
        assert!(w[1] < 1.0);
    }
    for momentum in [0.0, 0.9] {
        let (mut w, mut buffer) = ([masked, 1.0], [0.0; 2]);
        let sgd = Sgd::new(0.5).with_momentum(momentum);
        let mut slots = [Slot::momentum(&mut w, &mut buffer)];
        observe(&mut tensors).expect("finite");
        sgd.step(&mut StepState::default(), &mut tensors, &mut slots)
            .expect("small");
        assert_eq!((w, buffer[0]), ([masked, 0.5], 0.0), "momentum {momentum}");
    }
}
