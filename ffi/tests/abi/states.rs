//! States that no call can have left.

use super::call::Call;
use super::refuse;
use super::status::{BAD_STATE, NON_FINITE, OK, expect};
use super::world::World;
use trimtab_core::{AutoscaleState, NormState, ZclipState};

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn bad_norms() -> Vec<NormState> {
    let good = NormState {
        m: 1.0,
        v: 1.0,
        steps: 1,
        skipped: 0,
    };
    vec![
        NormState { m: NAN, ..good },
        NormState { m: INF, ..good },
        NormState { m: -1.0, ..good },
        NormState { v: NAN, ..good },
        NormState { v: INF, ..good },
        NormState { v: -1e-300, ..good },
        NormState {
            m: 1.0,
            v: 0.0,
            steps: 0,
            skipped: 0,
        },
        NormState {
            m: 0.0,
            v: 1.0,
            steps: 0,
            skipped: 0,
        },
        NormState {
            m: NAN,
            v: NAN,
            steps: 0,
            skipped: 0,
        },
    ]
}

#[test]
fn norm_states() {
    for state in bad_norms() {
        // The last of four: those before it would have been advanced already.
        refuse::in_world(Call::Stabilizer, BAD_STATE, &format!("{state:?}"), |w| {
            w.norms[3] = state
        });
        refuse::in_world(
            Call::Stabilizer,
            BAD_STATE,
            &format!("global {state:?}"),
            |w| {
                w.configs.stabilizer.scope = 1;
                w.norms[0] = state;
            },
        );
    }
}

#[test]
fn autoscale_states() {
    let good = AutoscaleState {
        exponent: 0.5,
        sigma: 1.0,
        alpha: 1.0,
        steps: 1,
    };
    let bad = [
        AutoscaleState {
            exponent: NAN,
            ..good
        },
        AutoscaleState {
            exponent: INF,
            ..good
        },
        AutoscaleState {
            exponent: -0.5,
            ..good
        },
        AutoscaleState {
            exponent: 1.5,
            ..good
        },
        AutoscaleState { sigma: NAN, ..good },
        AutoscaleState { sigma: INF, ..good },
        AutoscaleState { alpha: NAN, ..good },
        AutoscaleState {
            alpha: -INF,
            ..good
        },
        AutoscaleState { steps: 0, ..good },
    ];
    for state in bad {
        refuse::in_world(Call::Autoscale, BAD_STATE, &format!("{state:?}"), |w| {
            w.autoscale = state
        });
    }
}

#[test]
fn zclip_states() {
    let good = ZclipState {
        mean: 1.0,
        var: 1.0,
        steps: 30,
    };
    let bad = [
        ZclipState { mean: NAN, ..good },
        ZclipState { mean: INF, ..good },
        ZclipState { mean: -1.0, ..good },
        ZclipState { var: NAN, ..good },
        ZclipState { var: INF, ..good },
        ZclipState {
            var: -1e-300,
            ..good
        },
        ZclipState {
            mean: 1.0,
            var: 0.0,
            steps: 0,
        },
        ZclipState {
            mean: 0.0,
            var: 1.0,
            steps: 0,
        },
    ];
    for state in bad {
        refuse::in_world(Call::Zclip, BAD_STATE, &format!("{state:?}"), |w| {
            w.zclip = state
        });
    }
}

#[test]
fn moments_of_a_parameter() {
    refuse::in_world(Call::Agc, BAD_STATE, "a negative sum of squares", |w| {
        w.weights[3].sum_sq = -1.0
    });
    refuse::in_world(Call::Agc, BAD_STATE, "a negative magnitude", |w| {
        w.weights[3].abs_max = -1.0
    });
    refuse::in_world(Call::Agc, NON_FINITE, "a parameter with NaN", |w| {
        w.weights[3].sum_sq = NAN
    });
    refuse::in_world(Call::Agc, NON_FINITE, "an infinite parameter", |w| {
        w.weights[3].abs_max = INF
    });
}

/// GLOBAL takes one state: what lies behind it is not looked at and not touched.
#[test]
fn global_scope_takes_one_state() {
    let mut world = World::new();
    world.configs.stabilizer.scope = 1;
    world.norms[1] = bad_norms()[0];
    let before = super::world::bytes(&world.norms[1..]);
    expect("global", Call::Stabilizer.run_in(&mut world), OK);
    assert_eq!(world.norms[0].steps, 4);
    assert_eq!(super::world::bytes(&world.norms[1..]), before);
}

/// States of zeros are what every run begins with.
#[test]
fn zeros_are_accepted() {
    for call in Call::ALL {
        let mut world = World::new();
        world.forget();
        expect(
            &format!("{call:?} with states of zeros"),
            call.run_in(&mut world),
            OK,
        );
    }
}
