//! Configurations and states that must be refused: every field, with everything it may not be.

use trimtab::{
    Agc, AutoscaleState, ClipNorm, ClipValue, GradientStabilizer, NormState, Scale, Scope,
    StableGrad, Unscale, Zclip, ZclipState, Znorm,
};

use super::method::{AnyMethod, States};

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

/// What an eps, which is finite and >= 0, may not be.
pub const NOT_EPS: [f64; 4] = [NAN, INF, -INF, -1e-300];
/// What a decay, which lies in [0, 1), may not be.
pub const NOT_DECAY: [f64; 6] = [NAN, INF, -INF, -1e-300, 1.0, 1.5];
/// What must be finite and > 0 may not be.
pub const NOT_POSITIVE: [f64; 5] = [NAN, INF, -INF, 0.0, -1.0];
/// What must be > 0 and may be infinite may not be.
pub const NOT_A_LIMIT: [f64; 4] = [NAN, -INF, 0.0, -1.0];
/// What must be finite may not be.
pub const NOT_FINITE: [f64; 3] = [NAN, INF, -INF];

/// One configuration for each bad value of one field.
fn spoil<const N: usize>(
    list: &mut Vec<(String, AnyMethod)>,
    field: &str,
    bad: [f64; N],
    with: impl Fn(f64) -> AnyMethod,
) {
    list.extend(bad.map(|x| (format!("{field} = {x:e}"), with(x))));
}

/// Every bad configuration of every method.
pub fn configurations() -> Vec<(String, AnyMethod)> {
    let mut list = Vec::new();
    let l = &mut list;
    spoil(l, "unscale.loss_scale", NOT_POSITIVE, |loss_scale| {
        AnyMethod::Unscale(Unscale::new(loss_scale))
    });
    spoil(l, "scale.factor", NOT_FINITE, |factor| {
        AnyMethod::Scale(Scale::new(factor))
    });
    spoil(l, "stable_grad.eps", NOT_EPS, |eps| {
        AnyMethod::StableGrad(StableGrad::default().with_eps(eps))
    });
    spoil(l, "znorm.eps", NOT_EPS, |eps| {
        AnyMethod::Znorm(Znorm::default().with_eps(eps))
    });
    spoil(l, "clip_value.limit", NOT_A_LIMIT, |limit| {
        AnyMethod::ClipValue(ClipValue::new(limit))
    });
    spoil(l, "agc.clipping", NOT_POSITIVE, |clipping| {
        AnyMethod::Agc(Agc::default().with_clipping(clipping))
    });
    spoil(l, "agc.eps", NOT_EPS, |eps| {
        AnyMethod::Agc(Agc::default().with_eps(eps))
    });
    for scope in [Scope::Tensor, Scope::Global] {
        spoil(l, "clip_norm.max_norm", NOT_A_LIMIT, |max_norm| {
            AnyMethod::ClipNorm(ClipNorm::new(max_norm, scope))
        });
        stabilizers(l, scope);
    }
    zclips(l);
    list
}

fn stabilizers(list: &mut Vec<(String, AnyMethod)>, scope: Scope) {
    let good = GradientStabilizer::default().with_scope(scope);
    spoil(list, "gradient_stabilizer.gamma1", NOT_DECAY, |gamma1| {
        AnyMethod::GradientStabilizer(good.with_gamma1(gamma1))
    });
    spoil(list, "gradient_stabilizer.gamma2", NOT_DECAY, |gamma2| {
        AnyMethod::GradientStabilizer(good.with_gamma2(gamma2))
    });
    spoil(list, "gradient_stabilizer.eps", NOT_EPS, |eps| {
        AnyMethod::GradientStabilizer(good.with_eps(eps))
    });
}

fn zclips(list: &mut Vec<(String, AnyMethod)>) {
    let good = Zclip::default();
    let warmup = good.with_warmup(0);
    list.push(("zclip.warmup = 0".into(), AnyMethod::Zclip(warmup)));
    spoil(list, "zclip.alpha", NOT_DECAY, |alpha| {
        AnyMethod::Zclip(good.with_alpha(alpha))
    });
    spoil(list, "zclip.z_max", NOT_POSITIVE, |z_max| {
        AnyMethod::Zclip(good.with_z_max(z_max))
    });
    spoil(list, "zclip.eps", NOT_EPS, |eps| {
        AnyMethod::Zclip(good.with_eps(eps))
    });
    spoil(list, "zclip.max_norm", NOT_A_LIMIT, |max_norm| {
        AnyMethod::Zclip(good.with_max_norm(max_norm))
    });
}

/// Every bad state of every method that has one, for three tensors; the last of several states is the bad one.
pub fn states() -> Vec<(String, AnyMethod, States)> {
    let mut list = Vec::new();
    for scope in [Scope::Tensor, Scope::Global] {
        let method = GradientStabilizer::default().with_scope(scope);
        for bad in norm_states() {
            let mut states = AnyMethod::GradientStabilizer(method).states(3);
            *states.norms.last_mut().expect("one at least") = bad;
            list.push((
                format!("{scope:?}: {bad:?}"),
                AnyMethod::GradientStabilizer(method),
                states,
            ));
        }
    }
    for zclip in zclip_states() {
        let states = States {
            zclip,
            ..States::default()
        };
        list.push((
            format!("{zclip:?}"),
            AnyMethod::Zclip(Zclip::default()),
            states,
        ));
    }
    for autoscale in autoscale_states() {
        let states = States {
            autoscale,
            ..States::default()
        };
        list.push((
            format!("{autoscale:?}"),
            AnyMethod::Autoscale(trimtab::Autoscale::default()),
            states,
        ));
    }
    list
}

fn norm_states() -> Vec<NormState> {
    let good = NormState {
        m: 0.5,
        v: 0.25,
        steps: 3,
        skipped: 1,
    };
    let fresh = NormState::default();
    vec![
        NormState { m: NAN, ..good },
        NormState { m: INF, ..good },
        NormState { v: NAN, ..good },
        NormState { v: INF, ..good },
        NormState { v: -1e-300, ..good },
        NormState { m: 1e-300, ..fresh },
        NormState { v: 1e-300, ..fresh },
        NormState { m: NAN, ..fresh },
    ]
}

fn zclip_states() -> Vec<ZclipState> {
    let good = ZclipState {
        mean: 1.0,
        var: 0.1,
        steps: 30,
    };
    let fresh = ZclipState::default();
    vec![
        ZclipState { mean: NAN, ..good },
        ZclipState { mean: INF, ..good },
        ZclipState { var: NAN, ..good },
        ZclipState { var: INF, ..good },
        ZclipState {
            var: -1e-300,
            ..good
        },
        ZclipState { mean: 1.0, ..fresh },
        ZclipState { var: 1.0, ..fresh },
    ]
}

fn autoscale_states() -> Vec<AutoscaleState> {
    let good = AutoscaleState {
        exponent: 0.5,
        sigma: 0.1,
        alpha: 0.3,
        steps: 4,
    };
    vec![
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
        AutoscaleState { alpha: NAN, ..good },
        AutoscaleState {
            exponent: 0.5,
            ..AutoscaleState::default()
        },
    ]
}
