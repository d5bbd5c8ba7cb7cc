//! The suite, run against the Rust API: each method by its own function, and several in one call.
//!
//! `ffi/tests/abi/mod.rs` runs the same tests against the C ABI.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

#[path = "suite/mod.rs"]
mod suite;

/// What the suite is run against.
use common::rust::LIBRARIES;

use common::methods::everything;
use common::table::{Optimizer, Setting};
use trimtab::{
    Adagc, Adam, Agc, Autoscale, Centralize, GradientStabilizer, Guard, Method, Sgd, StableGrad,
    Zclip, Znorm,
};

/// `default()` of each type is what the documentation says, and the setters reach every field.
#[test]
fn the_defaults_are_the_documented_ones() {
    for setting in everything().map(|of| of.defaults()) {
        match setting.of.name {
            "guard" => is(&setting, Guard::default()),
            "stable_grad" => is(&setting, StableGrad::default()),
            "gradient_stabilizer" => is(&setting, GradientStabilizer::default()),
            "autoscale" => is(&setting, Autoscale::default()),
            "centralize" => is(&setting, Centralize::default()),
            "znorm" => is(&setting, Znorm::default()),
            "adagc" => is(&setting, Adagc::default()),
            "agc" => is(&setting, Agc::default()),
            "zclip" => is(&setting, Zclip::default()),
            "sgd" | "adam" => match setting.optimizer() {
                Some(Optimizer::Sgd(sgd)) => assert_eq!(sgd, Sgd::default()),
                Some(Optimizer::Adam(adam)) => assert_eq!(adam, Adam::default()),
                None => panic!("{setting:?}"),
            },
            // Their number has no default, and the scope goes with it.
            "unscale" | "scale" | "clip_norm" | "clip_value" => (),
            unknown => panic!("add the defaults of {unknown} to tests/suite.rs"),
        }
    }
}

#[track_caller]
fn is(setting: &Setting, default: impl Into<Method>) {
    assert_eq!(setting.method(), Some(default.into()), "{setting:?}");
}
