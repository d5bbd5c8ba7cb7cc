//! What a library can be asked, in Rust's types: implemented for the Rust API ([`rust`](super::rust)) and for the C ABI
//! (`ffi/tests/abi/library.rs`), so that one suite is run against both.

use trimtab::{Moments, StepState, Tensor};

use super::elements::Elements;
use super::saved::Saved;
use super::states::States;
use super::status;
use super::table::Setting;

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    pub code: i32,
    /// Which of several methods refused.
    pub method: Option<usize>,
    /// Which tensor, or slot, state or output, is to blame.
    pub at: Option<usize>,
}

impl Answer {
    pub const OK: Answer = Answer::of(status::OK);

    pub const fn of(code: i32) -> Answer {
        let (method, at) = (None, None);
        Answer { code, method, at }
    }
}

/// A method with its state.
#[derive(Clone, Debug)]
pub struct Running {
    pub setting: Setting,
    pub states: States,
}

impl Running {
    /// Before the first step.
    pub fn new(setting: Setting, tensors: usize) -> Running {
        let states = States::new(&setting, tensors);
        Running { setting, states }
    }
}

/// Parameters and what an optimizer remembers of them.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pub w: Vec<Elements>,
    pub first: Vec<Option<Elements>>,
    pub second: Vec<Option<Elements>>,
    pub steps: StepState,
}

/// A library under test. What its types cannot say is answered with None: Rust has no flag 2.
pub trait Library: Sync {
    /// For messages.
    fn name(&self) -> &'static str;

    /// Whether several methods are one call, which changes nothing if one of them refuses; else they are asked one after
    /// the other, up to the first that refuses or skips.
    fn in_one_call(&self) -> bool;

    fn observe(&self, grads: &mut [Tensor]) -> Answer;

    /// Lets the methods decide. `params` are the moments of the parameters.
    fn decide(
        &self,
        methods: &mut [Running],
        params: &[Moments],
        grads: &mut [Tensor],
    ) -> Option<Answer>;

    /// What the pending affine will make of the moments.
    fn outlook(&self, tensor: &Tensor) -> Result<Moments, Answer>;

    fn apply(&self, grads: &mut [Tensor]) -> Answer;

    fn apply_into(&self, grads: &[Tensor], outputs: &mut [Elements]) -> Answer;

    /// A step of an optimizer.
    fn step(
        &self,
        optimizer: &Setting,
        grads: &mut [Tensor],
        parameters: &mut Parameters,
    ) -> Option<Answer>;

    fn observe_chunk(&self, into: &mut Moments, chunk: &mut Elements) -> Answer;

    fn merge(&self, into: &mut Moments, from: &Moments) -> Answer;

    /// Mean, standard deviation and norm.
    fn statistics(&self, moments: &Moments) -> [f64; 3];

    /// All these states as bytes. They are only read.
    fn save(&self, entries: &mut [Saved]) -> Vec<u8>;

    fn load(&self, entries: &mut [Saved], bytes: &[u8]) -> Answer;

    /// NaN for no activation that there is.
    fn init_std(&self, activation: u32, fan_in: usize) -> f64;
}
