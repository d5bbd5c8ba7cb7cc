//! The list of all methods that generic tests walk.

use trimtab::{
    Agc, Autoscale, Centralize, ClipNorm, ClipValue, GradientStabilizer, Guard, GuardPolicy, Roles,
    Scale, Scope, StableGrad, Unscale, Zclip, Znorm,
};

use super::method::AnyMethod;

/// Every method once, with a configuration that makes it act on ordinary gradients.
pub fn every_method() -> Vec<(&'static str, AnyMethod)> {
    let unscale = Unscale { loss_scale: 1024.0 };
    let scale = Scale { factor: -0.75 };
    let zclip = Zclip {
        warmup: 2,
        ..Zclip::default()
    };
    vec![
        ("unscale", AnyMethod::Unscale(unscale)),
        ("scale", AnyMethod::Scale(scale)),
        ("stable_grad", AnyMethod::StableGrad(StableGrad::default())),
        (
            "gradient_stabilizer",
            AnyMethod::GradientStabilizer(GradientStabilizer::default()),
        ),
        ("autoscale", AnyMethod::Autoscale(Autoscale)),
        (
            "centralize",
            AnyMethod::Centralize(centralize(Roles::Weights)),
        ),
        ("znorm", AnyMethod::Znorm(Znorm::default())),
        ("clip_norm", AnyMethod::ClipNorm(clip_norm(Scope::Global))),
        (
            "clip_value",
            AnyMethod::ClipValue(ClipValue { limit: 0.01 }),
        ),
        ("agc", AnyMethod::Agc(Agc::default())),
        ("zclip", AnyMethod::Zclip(zclip)),
        ("guard", AnyMethod::Guard(Guard::default())),
    ]
}

/// Every method, and for those with roles, scopes or switches the other settings too.
pub fn every_variant() -> Vec<(&'static str, AnyMethod)> {
    let all = Roles::All;
    let stable_grad = StableGrad {
        roles: all,
        eps: 1e-3,
    };
    let znorm = Znorm {
        roles: all,
        eps: 0.0,
    };
    let guard = Guard {
        policy: GuardPolicy::Zero,
        max_consecutive: 3,
    };
    let loose = ClipNorm {
        max_norm: f64::INFINITY,
        scope: Scope::Tensor,
    };
    let zclip = Zclip {
        warmup: 1,
        max_norm: 0.5,
        ..Zclip::default()
    };
    let more = [
        ("scale to zero", AnyMethod::Scale(Scale { factor: 0.0 })),
        ("stable_grad of all", AnyMethod::StableGrad(stable_grad)),
        ("centralize of all", AnyMethod::Centralize(centralize(all))),
        ("znorm of all", AnyMethod::Znorm(znorm)),
        (
            "clip_norm by tensor",
            AnyMethod::ClipNorm(clip_norm(Scope::Tensor)),
        ),
        ("clip_norm at infinity", AnyMethod::ClipNorm(loose)),
        (
            "clip_value at infinity",
            AnyMethod::ClipValue(ClipValue {
                limit: f64::INFINITY,
            }),
        ),
        ("zclip with a maximum", AnyMethod::Zclip(zclip)),
        ("guard to zero", AnyMethod::Guard(guard)),
    ];
    let mut list = every_method();
    list.extend(more);
    list.extend(stabilizers());
    list
}

/// GradientStabilizer in both scopes, with and without bias correction (the default is in [`every_method`]).
fn stabilizers() -> [(&'static str, AnyMethod); 3] {
    let with = |scope, bias_correction| {
        AnyMethod::GradientStabilizer(GradientStabilizer {
            scope,
            bias_correction,
            ..GradientStabilizer::default()
        })
    };
    [
        ("stabilizer, uncorrected", with(Scope::Tensor, false)),
        ("stabilizer, global", with(Scope::Global, true)),
        (
            "stabilizer, global, uncorrected",
            with(Scope::Global, false),
        ),
    ]
}

fn centralize(roles: Roles) -> Centralize {
    Centralize { roles }
}

fn clip_norm(scope: Scope) -> ClipNorm {
    ClipNorm {
        max_norm: 0.05,
        scope,
    }
}
