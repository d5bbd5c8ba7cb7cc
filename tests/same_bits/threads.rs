//! What is long enough for several threads: one large tensor, many small ones, both together.
//!
//! The library wakes threads from some number of elements on, which is its own business; that these lengths are beyond
//! it is tested here too, by asking on which thread a caller's own outputs and slots are used.

use std::collections::HashSet;
use std::sync::Mutex;
use std::thread::ThreadId;

use trimtab::{
    Adam, Buffer, Error, Outputs, Parameter, Scale, Sgd, Slot, Slots, StepState, Tensor, apply,
    apply_into, apply_into_with, bf16, f16, observe, set_threads, threads,
};

use crate::common::chain::Inputs;
use crate::common::data::{Batch, Random};
use crate::common::library::Running;
use crate::common::methods::every_setting;
use crate::common::snapshot;
use crate::inputs::{Format, Mix};
use crate::methods::{batch, decided};
use crate::passes::{applied, applied_into, result, streamed};
use crate::read::Data;
use crate::steps::{Pair, optimizers};
use crate::worlds::{Turn, World, best, crews, same_in_each, some_crews, with_threads};
use crate::write::{center, limit, scale};

/// Long enough for several threads to read and write: eight blocks, a group of lanes and a bit.
const LONG: usize = 8 * 65_536 + 33;
/// Long enough for several threads to step.
const LONG_STEP: usize = 2 * 65_536 + 33;
/// The moments of this many blocks are added up before the next are looked at.
const WINDOW: usize = 64 * 65_536;

/// Every pass over one large tensor, written in place with a mean subtracted and elsewhere without.
fn one_large<T: Format>(worlds: &[World], len: usize) {
    let case = Data::<T>::new(Mix::Ordinary, len, 1);
    same_in_each(worlds, &[case], |case| {
        let (data, offset) = (&case.data, case.offset);
        let centered = [center(), scale(0.25), limit(1e4)];
        let mut record = streamed(data);
        record.extend(applied(data, offset, &centered));
        record.extend(applied(data, offset, &[scale(0.7)]));
        record.extend(applied_into(data, offset, &[scale(-0.1)]));
        record
    });
}

#[test]
fn one_large_tensor_of_f32() {
    one_large::<f32>(&crews(), LONG);
}

#[test]
fn one_large_tensor_of_f64() {
    one_large::<f64>(&some_crews(), LONG);
}

#[test]
fn one_large_tensor_of_f16() {
    one_large::<f16>(&some_crews(), LONG);
}

#[test]
fn one_large_tensor_of_bf16() {
    one_large::<bf16>(&some_crews(), LONG);
}

/// At one level only: what is at stake is the order in which partial results are combined.
#[test]
fn more_blocks_than_are_looked_at_together() {
    one_large::<f32>(&best(), WINDOW + LONG);
}

fn one_large_step<G: Format, P: Format + Parameter>(worlds: &[World], count: usize) {
    let optimizers = optimizers().into_iter().rev().take(count);
    let pair = |(_, optimizer)| Pair::<G, P>::new(LONG_STEP, optimizer, vec![scale(0.7)]);
    let cases: Vec<_> = optimizers.map(pair).collect();
    same_in_each(worlds, &cases, Pair::run);
}

#[test]
fn one_large_step_of_every_kind() {
    one_large_step::<f32, f32>(&crews(), optimizers().len());
}

#[test]
fn one_large_step_of_every_dtype() {
    let worlds = some_crews();
    one_large_step::<f16, f32>(&worlds, 1);
    one_large_step::<bf16, f32>(&worlds, 1);
    one_large_step::<f64, f32>(&worlds, 1);
    one_large_step::<f32, f64>(&worlds, 1);
    one_large_step::<f64, f64>(&worlds, 1);
}

/// Several hundred small tensors, some of them empty, and a large one among them.
fn many<T: Format>() -> Batch<T> {
    let mut random = Random(11);
    let mut lengths: Vec<usize> = (0..600).map(|_| random.below(1_400)).collect();
    lengths[100] = 0;
    lengths[200] = 2 * 65_536 + 1;
    lengths.push(0);
    let all: usize = lengths.iter().sum();
    assert!(all > LONG, "only {all}");
    batch(&mut random, &lengths)
}

/// Every method decides on what several threads observed; then all is written.
#[test]
fn every_method_over_many_tensors() {
    let case = ("many tensors", many::<f32>());
    same_in_each(&crews(), &[case], |(_, batch)| {
        let mut batch = batch.clone();
        let mut tensors = batch.tensors();
        let mut record = vec![result(observe(&mut tensors))];
        let observed: Vec<_> = tensors.iter().map(|t| *t.moments()).collect();
        let params = Inputs::plain(tensors.len()).moments();
        for setting in every_setting() {
            let mut running = Running::new(setting, tensors.len());
            let forget = |(t, m): (&mut Tensor, &_)| t.set_moments(*m);
            tensors.iter_mut().zip(&observed).for_each(forget);
            running.must_decide("many tensors", &params, &mut tensors);
            tensors.iter().for_each(|t| record.extend(decided(t)));
            record.extend(running.states.bits());
        }
        record.push(result(apply(&mut tensors)));
        record.extend(tensors.iter().flat_map(snapshot::tensor));
        record
    });
}

#[test]
fn writing_elsewhere_over_many_tensors() {
    let case = ("many tensors", many::<f32>());
    same_in_each(&crews(), &[case], |(_, batch)| {
        let (mut batch, mut copies) = (batch.clone(), batch.data.clone());
        let mut tensors = batch.tensors();
        let mut record = vec![result(observe(&mut tensors))];
        record.push(result(Scale::new(0.7).decide(&mut tensors)));
        let buffers = copies.iter_mut().map(|copy| Buffer::from(&mut copy[..]));
        let mut buffers: Vec<Buffer> = buffers.collect();
        record.push(result(apply_into(&tensors, &mut buffers)));
        record.extend(copies.iter().flatten().map(|x| u64::from(x.to_bits())));
        record
    });
}

#[test]
fn every_kind_of_step_over_many_tensors() {
    let case = ("many tensors", many::<f32>(), many::<f64>());
    same_in_each(&some_crews(), &[case], |(_, gradients, params)| {
        let (mut gradients, mut params) = (gradients.clone(), params.data.clone());
        let (mut first, mut second) = (zeros(&params), zeros(&params));
        let mut tensors = gradients.tensors();
        let mut record = vec![result(observe(&mut tensors))];
        let buffers = params.iter_mut().zip(&mut first).zip(&mut second);
        let slots = buffers.map(|((param, first), second)| Slot::adam(param, first, second));
        let mut slots: Vec<Slot> = slots.collect();
        let momentum = Sgd::default().with_momentum(0.9);
        let mut state = StepState::default();
        record.push(result(momentum.step(&mut state, &mut tensors, &mut slots)));
        record.push(result(observe(&mut tensors)));
        record.push(result(Adam::default().step(
            &mut state,
            &mut tensors,
            &mut slots,
        )));
        let all = [&params, &first, &second].into_iter().flatten().flatten();
        record.extend(all.map(|x| x.to_bits()));
        record
    });
}

fn zeros(like: &[Vec<f64>]) -> Vec<Vec<f64>> {
    like.iter().map(|one| vec![0.0; one.len()]).collect()
}

/// The first in the order of the call, not of the threads.
#[test]
fn the_first_tensor_that_is_not_finite_is_named() {
    let _turn = Turn::take();
    let mut batch = many::<f32>();
    for index in [7, 200, 599] {
        let last = batch.data[index].len() - 1;
        batch.data[index][last] = f32::NAN;
    }
    set_threads(if with_threads() { 7 } else { 1 }).expect("threads can be started");
    for _ in 0..5 {
        let refused = observe(&mut batch.tensors());
        assert_eq!(refused, Err(Error::NonFinite { tensor: 7 }));
    }
}

#[test]
fn a_number_of_threads_that_cannot_be_is_refused() {
    let _turn = Turn::take();
    let before = threads();
    for number in [0, 1_025, usize::MAX] {
        let refused = set_threads(number);
        assert!(
            matches!(refused, Err(Error::BadConfig(_))),
            "{number}: {refused:?}"
        );
        assert_eq!(threads(), before);
    }
    match with_threads() {
        true => assert_eq!((set_threads(2), threads()), (Ok(()), 2)),
        false => assert_eq!((set_threads(2), threads()), (Err(Error::Unsupported), 1)),
    }
    assert_eq!((set_threads(1), threads()), (Ok(()), 1));
}

/// Outputs or slots of a caller's own, which see on which thread they are used.
struct Witness<'w, A> {
    all: A,
    seen: &'w Mutex<Vec<ThreadId>>,
}

impl<A> Witness<'_, A> {
    fn look(&self) {
        let here = std::thread::current().id();
        self.seen.lock().expect("nobody panics").push(here);
    }

    fn both(self, (left, right): (A, A)) -> (Self, Self) {
        let with = |all| Witness { all, ..self };
        (with(left), with(right))
    }
}

impl Outputs for Witness<'_, &mut [Buffer<'_>]> {
    fn len(&self) -> usize {
        self.all.len()
    }

    fn output(&mut self, index: usize) -> Option<Buffer<'_>> {
        self.look();
        self.all.get_mut(index).map(Buffer::reborrow)
    }

    fn split_at(mut self, at: usize) -> (Self, Self) {
        let parts = std::mem::take(&mut self.all).split_at_mut(at);
        self.both(parts)
    }
}

impl Slots for Witness<'_, &mut [Slot<'_>]> {
    fn len(&self) -> usize {
        self.all.len()
    }

    fn slot(&mut self, index: usize, _: usize) -> Option<Slot<'_>> {
        self.look();
        self.all.get_mut(index).map(Slot::reborrow)
    }

    fn split_at(mut self, at: usize) -> (Self, Self) {
        let parts = std::mem::take(&mut self.all).split_at_mut(at);
        self.both(parts)
    }
}

/// On how many threads beside this one a pass has used the caller's things.
fn others(pass: impl FnOnce(&Mutex<Vec<ThreadId>>)) -> usize {
    let seen = Mutex::new(Vec::new());
    pass(&seen);
    let seen = seen.into_inner().expect("nobody panics");
    assert!(!seen.is_empty(), "the pass did not come by");
    let here = std::thread::current().id();
    let others: HashSet<ThreadId> = seen.into_iter().filter(|id| *id != here).collect();
    others.len()
}

/// Else the tests above would compare one thread with one thread.
#[test]
fn these_lengths_are_divided_where_there_are_threads() {
    let _turn = Turn::take();
    let mut batch = many::<f32>();
    let (mut copies, mut params) = (batch.data.clone(), batch.data.clone());
    let mut tensors = batch.tensors();
    let buffers = copies.iter_mut().map(|copy| Buffer::from(&mut copy[..]));
    let mut buffers: Vec<Buffer> = buffers.collect();
    let mut slots: Vec<Slot> = params.iter_mut().map(|param| Slot::sgd(param)).collect();
    for threads in if with_threads() { 1..=3 } else { 1..=1 } {
        set_threads(threads).expect("threads can be started");
        observe(&mut tensors).expect("finite");
        let writing = others(|seen| {
            let all = &mut buffers[..];
            apply_into_with(&tensors, Witness { all, seen }).expect("in range");
        });
        let stepping = others(|seen| {
            let (all, state) = (&mut slots[..], &mut StepState::default());
            let step = Sgd::default().step_with(state, &mut tensors, Witness { all, seen });
            step.expect("in range");
        });
        assert_eq!(writing > 0, threads > 1, "{threads} threads: apply_into");
        assert_eq!(stepping > 0, threads > 1, "{threads} threads: step");
    }
}
