//! The Rust API as a [`Library`].

use trimtab::checkpoint::{self, Reader, Writer};
use trimtab::custom::Run;
use trimtab::{
    Activation, Chain, Error, Inputs, Memory, Method, Moments, NormState, Slot, Stage, Tensor,
    Verdict, apply, apply_into, init_std, observe,
};

use super::elements::Elements;
use super::library::{Answer, Library, Parameters, Running};
use super::saved::Saved;
use super::snapshot;
use super::states::States;
use super::status::{OK, SKIP_STEP};
use super::table::{Optimizer, Setting};

/// Each method by its own `decide`.
pub struct Alone;

/// All methods by [`trimtab::decide`], as stages.
pub struct Together;

/// Both ways to ask the Rust API for methods.
pub static LIBRARIES: [&dyn Library; 2] = [&Alone, &Together];

impl From<Result<(), Error>> for Answer {
    fn from(result: Result<(), Error>) -> Answer {
        result.map_or_else(Answer::from, |()| Answer::OK)
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Answer {
        Answer {
            code: error.status().code(),
            method: None,
            at: error.index(),
        }
    }
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Answer {
        Answer::of(match verdict {
            Verdict::Proceed => OK,
            Verdict::SkipStep => SKIP_STEP,
        })
    }
}

/// The method's own function.
pub fn decide(
    setting: &Setting,
    states: &mut States,
    params: &[Moments],
    grads: &mut [Tensor],
) -> Option<Result<Verdict, Error>> {
    let done = match setting.method()? {
        Method::Unscale(m) => m.decide(grads),
        Method::Scale(m) => m.decide(grads),
        Method::Guard(m) => return Some(m.decide(&mut states.guard, grads)),
        Method::StableGrad(m) => m.decide(setting.number, grads),
        Method::GradientStabilizer(m) => m.decide(&mut states.norms, grads),
        Method::Autoscale(m) => m.decide(&mut states.autoscale, grads),
        Method::Centralize(m) => m.decide(grads),
        Method::Znorm(m) => m.decide(grads),
        Method::ClipNorm(m) => m.decide(grads),
        Method::ClipValue(m) => m.decide(grads),
        Method::Agc(m) => m.decide(params, grads),
        Method::Zclip(m) => m.decide(&mut states.zclip, grads),
        // In a stage, which has no state of its own but for the norms; a method with another is asked above.
        other => return Some(alone(other, &mut states.norms, grads)),
    };
    Some(done.map(|()| Verdict::Proceed))
}

/// A method in a stage, with these norm states.
fn alone(method: Method, norms: &mut [NormState], grads: &mut [Tensor]) -> Result<Verdict, Error> {
    Stage::new(method).decide(norms, &Inputs::default(), grads, Run::Keep)
}

impl Running {
    /// Asks the Rust API, which must say yes.
    #[track_caller]
    pub fn must_decide(&mut self, what: &str, params: &[Moments], grads: &mut [Tensor]) {
        let verdict = decide(&self.setting, &mut self.states, params, grads);
        assert_eq!(
            verdict,
            Some(Ok(Verdict::Proceed)),
            "{what}: {:?}",
            self.setting
        );
    }
}

fn put(entry: &Saved, to: &mut Writer) {
    match entry {
        Saved::Norms(states) => to.put(states),
        Saved::Autoscales(states) => to.put(states),
        Saved::Zclips(states) => to.put(states),
        Saved::Guards(states) => to.put(states),
        Saved::Steps(states) => to.put(states),
    }
}

fn take(entry: &mut Saved, from: &mut Reader) {
    match entry {
        Saved::Norms(states) => from.take(states),
        Saved::Autoscales(states) => from.take(states),
        Saved::Zclips(states) => from.take(states),
        Saved::Guards(states) => from.take(states),
        Saved::Steps(states) => from.take(states),
    }
}

/// All but the methods, which the API has in one way only.
macro_rules! passes {
    () => {
        fn observe(&self, grads: &mut [Tensor]) -> Answer {
            observe(grads).into()
        }

        fn outlook(&self, tensor: &Tensor) -> Result<Moments, Answer> {
            tensor.moments_after().map_err(Answer::from)
        }

        fn apply(&self, grads: &mut [Tensor]) -> Answer {
            apply(grads).into()
        }

        fn apply_into(&self, grads: &[Tensor], outputs: &mut [Elements]) -> Answer {
            let mut outputs: Vec<_> = outputs.iter_mut().map(Elements::buffer).collect();
            apply_into(grads, &mut outputs).into()
        }

        fn step(
            &self,
            optimizer: &Setting,
            grads: &mut [Tensor],
            parameters: &mut Parameters,
        ) -> Option<Answer> {
            let optimizer = optimizer.optimizer()?;
            let Parameters {
                w,
                first,
                second,
                steps,
            } = parameters;
            let buffers = w.iter_mut().zip(first).zip(second);
            let mut slots: Vec<Slot> = buffers
                .map(|((w, first), second)| {
                    let first = first.as_mut().map(Elements::buffer);
                    Slot::from_buffers(w.buffer(), first, second.as_mut().map(Elements::buffer))
                })
                .collect();
            let stepped = match optimizer {
                Optimizer::Sgd(sgd) => sgd.step(steps, grads, &mut slots),
                Optimizer::Adam(adam) => adam.step(steps, grads, &mut slots),
            };
            Some(stepped.into())
        }

        fn observe_chunk(&self, into: &mut Moments, chunk: &mut Elements) -> Answer {
            let mut typed = *into;
            let result = match chunk {
                Elements::F32(data) => typed.observe_chunk(data),
                Elements::F16(data) => typed.observe_chunk(data),
                Elements::Bf16(data) => typed.observe_chunk(data),
                Elements::F64(data) => typed.observe_chunk(data),
            };
            assert_eq!(into.observe_buffer(&chunk.buffer()), result);
            assert_eq!(snapshot::moments(into), snapshot::moments(&typed));
            result.into()
        }

        fn merge(&self, into: &mut Moments, from: &Moments) -> Answer {
            into.merge(from).into()
        }

        fn statistics(&self, moments: &Moments) -> [f64; 3] {
            [moments.mean(), moments.std(), moments.norm()]
        }

        fn save(&self, entries: &mut [Saved]) -> Vec<u8> {
            let put_all = |to: &mut Writer| entries.iter().for_each(|entry| put(entry, to));
            let mut bytes = vec![0xa5; checkpoint::size(put_all)];
            let len = checkpoint::save(&mut bytes, put_all);
            assert_eq!(len, Ok(bytes.len()));
            bytes
        }

        fn load(&self, entries: &mut [Saved], bytes: &[u8]) -> Answer {
            let mut take_all = |from: &mut Reader| entries.iter_mut().for_each(|e| take(e, from));
            checkpoint::load(bytes, &mut take_all).into()
        }

        fn init_std(&self, activation: u32, fan_in: usize) -> f64 {
            Activation::from_code(activation).map_or(f64::NAN, |a| init_std(a, fan_in))
        }
    };
}

/// Methods as the stages of a chain of this file's own.
struct Stages<'a> {
    stages: Vec<Stage>,
    methods: &'a mut [Running],
    params: &'a [Moments],
}

impl<'a> Stages<'a> {
    fn new(methods: &'a mut [Running], params: &'a [Moments]) -> Option<Self> {
        let stage = |running: &Running| {
            let mut stage = Stage::new(running.setting.method()?);
            match &mut stage.memory {
                Memory::None => (),
                Memory::Norms(count) => *count = running.states.norms.len(),
                Memory::Autoscale(state) => *state = running.states.autoscale,
                Memory::Zclip(state) => *state = running.states.zclip,
                Memory::Guard(state) => *state = running.states.guard,
                unknown => panic!("tests/common/rust.rs does not know {unknown:?}"),
            }
            Some(stage)
        };
        let stages = methods.iter().map(stage).collect::<Option<_>>()?;
        Some(Self {
            stages,
            methods,
            params,
        })
    }

    /// The states as the stages have them now.
    fn keep(self) {
        for (stage, running) in self.stages.iter().zip(self.methods) {
            match stage.memory {
                Memory::Autoscale(state) => running.states.autoscale = state,
                Memory::Zclip(state) => running.states.zclip = state,
                Memory::Guard(state) => running.states.guard = state,
                _ => (), // norms lie where they are
            }
        }
    }
}

impl Chain for Stages<'_> {
    fn len(&self) -> usize {
        self.stages.len()
    }

    fn decide(&mut self, method: usize, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error> {
        let Running { setting, states } = &mut self.methods[method];
        let inputs = Inputs::default().with_reference(setting.number);
        let inputs = inputs.with_params(self.params);
        self.stages[method].decide(&mut states.norms, &inputs, grads, run)
    }
}

impl Library for Alone {
    fn name(&self) -> &'static str {
        "Rust, one by one"
    }

    fn in_one_call(&self) -> bool {
        false
    }

    fn decide(
        &self,
        methods: &mut [Running],
        params: &[Moments],
        grads: &mut [Tensor],
    ) -> Option<Answer> {
        for (index, Running { setting, states }) in methods.iter_mut().enumerate() {
            match decide(setting, states, params, grads)? {
                Ok(Verdict::Proceed) => (),
                Ok(verdict) => return Some(verdict.into()),
                Err(error) => {
                    return Some(Answer {
                        method: Some(index),
                        ..error.into()
                    });
                }
            }
        }
        Some(Answer::OK)
    }

    passes!();
}

impl Library for Together {
    fn name(&self) -> &'static str {
        "Rust, in one call"
    }

    fn in_one_call(&self) -> bool {
        true
    }

    fn decide(
        &self,
        methods: &mut [Running],
        params: &[Moments],
        grads: &mut [Tensor],
    ) -> Option<Answer> {
        let mut stages = Stages::new(methods, params)?;
        let answer = match trimtab::decide(&mut stages, grads) {
            Ok(verdict) => verdict.into(),
            Err(refused) => Answer {
                method: Some(refused.method),
                ..refused.error.into()
            },
        };
        stages.keep();
        Some(answer)
    }

    passes!();
}
