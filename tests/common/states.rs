//! What methods remember from step to step, in the library and in the oracle, and what no step can have left.

use trimtab::{AutoscaleState, GuardState, NormState, ZclipState};

use super::table::Setting;
use crate::oracle::adaptive;

/// Which state a method has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StateKind {
    None,
    /// One a tensor, or one for all if the scope is global.
    Norms,
    Autoscale,
    Zclip,
    Guard,
    /// Of an optimizer.
    Steps,
}

/// One state of each kind; a method uses its own and leaves the others alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct States {
    pub norms: Vec<NormState>,
    pub autoscale: AutoscaleState,
    pub zclip: ZclipState,
    pub guard: GuardState,
}

/// The same for the oracle.
#[derive(Clone, Debug, Default)]
pub struct OracleStates {
    pub norms: Vec<adaptive::NormState>,
    pub autoscale: adaptive::AutoscaleState,
    pub zclip: adaptive::ZclipState,
    pub guard: adaptive::GuardState,
}

/// How many norm states a method needs for this many tensors.
fn norms(setting: &Setting, tensors: usize) -> usize {
    match setting.of.state {
        StateKind::Norms if setting.is_global() => 1,
        StateKind::Norms => tensors,
        _ => 0,
    }
}

impl States {
    /// Zeros, as before the first step.
    pub fn new(setting: &Setting, tensors: usize) -> States {
        States {
            norms: vec![NormState::default(); norms(setting, tensors)],
            ..States::default()
        }
    }

    /// Of a run under way.
    pub fn under_way(setting: &Setting, tensors: usize) -> States {
        States {
            norms: vec![NORM; norms(setting, tensors)],
            autoscale: AUTOSCALE,
            zclip: ZCLIP,
            guard: GuardState {
                consecutive: 1,
                total: 2,
            },
        }
    }

    /// Every field, as bits: a NaN compares like any other value.
    pub fn bits(&self) -> Vec<u64> {
        let mut all = Vec::new();
        for n in &self.norms {
            all.extend([n.m.to_bits(), n.v.to_bits(), n.steps, n.skipped]);
        }
        let (a, z, g) = (&self.autoscale, &self.zclip, &self.guard);
        all.extend([a.exponent, a.sigma, a.alpha].map(f64::to_bits));
        all.extend([a.steps, z.mean.to_bits(), z.var.to_bits(), z.steps]);
        all.extend([g.consecutive, g.total]);
        all
    }

    /// Those of a run under way, with the last one spoilt, for every state that no step can have left.
    pub fn bad(setting: &Setting, tensors: usize) -> Vec<States> {
        let good = || States::under_way(setting, tensors);
        let norm = |state| {
            let mut states = good();
            *states.norms.last_mut().expect("one at least") = state;
            states
        };
        let autoscale = |autoscale| States {
            autoscale,
            ..good()
        };
        let zclip = |zclip| States { zclip, ..good() };
        match setting.of.state {
            StateKind::Norms => bad_norms().into_iter().map(norm).collect(),
            StateKind::Autoscale => bad_autoscales().into_iter().map(autoscale).collect(),
            StateKind::Zclip => bad_zclips().into_iter().map(zclip).collect(),
            // Any counts can have been counted.
            StateKind::None | StateKind::Guard | StateKind::Steps => Vec::new(),
        }
    }
}

impl OracleStates {
    pub fn new(setting: &Setting, tensors: usize) -> OracleStates {
        OracleStates {
            norms: vec![adaptive::NormState::default(); norms(setting, tensors)],
            ..OracleStates::default()
        }
    }
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;
const TINY: f64 = 1e-300;

const NORM: NormState = NormState {
    m: 0.5,
    v: 0.75,
    steps: 3,
    skipped: 1,
};
const AUTOSCALE: AutoscaleState = AutoscaleState {
    exponent: 0.5,
    sigma: 1.0,
    alpha: 0.75,
    steps: 2,
};
const ZCLIP: ZclipState = ZclipState {
    mean: 1.0,
    var: 0.5,
    steps: 30,
};

/// A good state with one field spoilt, for each of these values.
macro_rules! spoilt {
    ($type:ident: $($good:expr => $($field:ident: $value:expr),*;)*) => {
        vec![$($($type { $field: $value, ..$good }),*),*]
    };
}

/// Averages of norms and of their squares are finite, not negative, and 0 before the first step.
fn bad_norms() -> Vec<NormState> {
    spoilt! { NormState:
        NORM => m: NAN, m: INF, m: -TINY, v: NAN, v: INF, v: -TINY, steps: 0;
        NormState::default() => m: TINY, m: NAN, v: TINY, v: NAN;
    }
}

fn bad_zclips() -> Vec<ZclipState> {
    spoilt! { ZclipState:
        ZCLIP => mean: NAN, mean: INF, mean: -TINY, var: NAN, var: INF, var: -TINY, steps: 0;
        ZclipState::default() => mean: 1.0, var: 1.0;
    }
}

/// The exponent lies in (0, 1] and is 0 before the first step.
fn bad_autoscales() -> Vec<AutoscaleState> {
    spoilt! { AutoscaleState:
        AUTOSCALE => exponent: NAN, exponent: INF, exponent: 0.0, exponent: -0.5, exponent: 1.5;
        AUTOSCALE => sigma: NAN, sigma: INF, alpha: NAN, alpha: -INF, steps: 0;
    }
}
