//! The list of all methods that generic tests walk.

use trimtab::{
    Agc, Autoscale, Centralize, ClipNorm, ClipValue, GradientStabilizer, Guard, Roles, Scale,
    Scope, StableGrad, Unscale, Zclip, Znorm,
};

use super::method::AnyMethod;

/// Every method once, with a configuration that makes it act on ordinary gradients.
pub fn every_method() -> Vec<(&'static str, AnyMethod)> {
    let unscale = Unscale::new(1024.0);
    let scale = Scale::new(-0.75);
    let zclip = Zclip::default().with_warmup(2);
    vec![
        ("unscale", AnyMethod::Unscale(unscale)),
        ("scale", AnyMethod::Scale(scale)),
        ("stable_grad", AnyMethod::StableGrad(StableGrad::default())),
        (
            "gradient_stabilizer",
            AnyMethod::GradientStabilizer(GradientStabilizer::default()),
        ),
        ("autoscale", AnyMethod::Autoscale(Autoscale::default())),
        (
            "centralize",
            AnyMethod::Centralize(centralize(Roles::Weights)),
        ),
        ("znorm", AnyMethod::Znorm(Znorm::default())),
        ("clip_norm", AnyMethod::ClipNorm(clip_norm(Scope::Global))),
        ("clip_value", AnyMethod::ClipValue(ClipValue::new(0.01))),
        ("agc", AnyMethod::Agc(Agc::default())),
        ("zclip", AnyMethod::Zclip(zclip)),
        ("guard", AnyMethod::Guard(Guard::default())),
    ]
}

/// Every method, and for those with roles, scopes or switches the other settings too.
pub fn every_variant() -> Vec<(&'static str, AnyMethod)> {
    let all = Roles::All;
    let stable_grad = StableGrad::default().with_roles(all).with_eps(1e-3);
    let znorm = Znorm::default().with_roles(all).with_eps(0.0);
    let guard = Guard::zero().with_max_consecutive(3);
    let loose = ClipNorm::per_tensor(f64::INFINITY);
    let zclip = Zclip::default().with_warmup(1).with_max_norm(0.5);
    let more = [
        ("scale to zero", AnyMethod::Scale(Scale::new(0.0))),
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
            AnyMethod::ClipValue(ClipValue::new(f64::INFINITY)),
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
        AnyMethod::GradientStabilizer(
            GradientStabilizer::default()
                .with_scope(scope)
                .with_bias_correction(bias_correction),
        )
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
    Centralize::default().with_roles(roles)
}

fn clip_norm(scope: Scope) -> ClipNorm {
    ClipNorm::new(0.05, scope)
}
