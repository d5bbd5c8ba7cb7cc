//! A step that returns Ok has written finite numbers: what cannot be finite must be refused beforehand.
//!
//! What is known before a step is the largest gradient and the configuration. Parameters are near 0 here, because their
//! size is not known to the step.

use trimtab::{Adam, Error, Sgd, Slot, StepState, Tensor, observe};

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
            &tensors,
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
            let sgd = Sgd {
                lr: 1e-6,
                momentum,
                dampening,
                nesterov,
                weight_decay: 0.0,
            };
            for g in [f32::MAX, 1e38, 1e37] {
                accepted_sgd_steps(sgd, g, 60);
            }
            // Far from the end nothing may be refused: at most 1/(1-momentum) = 100 times the gradient.
            assert_eq!(accepted_sgd_steps(sgd, 1e34, 60), 60, "{sgd:?}");
        }
    }
}

#[test]
fn a_learning_rate_above_1_does_not_make_parameters_infinite() {
    for momentum in [0.0, 0.9] {
        for lr in [2.0, 100.0, 1e30, -100.0] {
            let sgd = Sgd {
                lr,
                momentum,
                ..Sgd::default()
            };
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
            let adam = Adam {
                eps,
                ..Adam::default()
            };
            let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
            adam.step(&mut state, &tensors, &mut slots)
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
        let adam = Adam {
            eps: 0.0,
            ..Adam::default()
        };
        let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
        adam.step(&mut StepState::default(), &tensors, &mut slots)
            .expect("in range");
        // An update is lr at most in the first step.
        assert!((w[0] - 1.0).abs() <= 1.1e-3, "gradient {g:e}: {w:?}");
    }
}
