//! Each pass once, from inputs to the bits of all that it leaves behind: what it wrote, what it only read, and what lies
//! beside both.

use trimtab::{
    Adam, Buffer, Error, Moments, Sgd, Slot, StepState, Tensor, apply, apply_into, observe,
};

use crate::common::chain::Inputs;
use crate::common::data::bits;
use crate::common::library::Running;
use crate::common::number::Real;
use crate::common::snapshot;
use crate::common::table::Setting;

/// Number of elements behind each buffer that no pass may touch.
const BEHIND: usize = 3;

/// A buffer that starts anywhere, with neighbours on both sides.
#[derive(Clone)]
pub struct Memory<T> {
    all: Vec<T>,
    offset: usize,
}

impl<T: Real> Memory<T> {
    pub fn new(data: &[T], offset: usize) -> Memory<T> {
        let neighbour = |count| vec![T::exact(1.0); count];
        let all = [neighbour(offset), data.to_vec(), neighbour(BEHIND)].concat();
        Memory { all, offset }
    }

    pub fn data(&mut self) -> &mut [T] {
        let end = self.all.len() - BEHIND;
        &mut self.all[self.offset..end]
    }

    /// Neighbours included.
    pub fn bits(&self) -> Vec<u64> {
        bits(&self.all)
    }
}

/// A status as a number.
pub fn result(result: Result<(), Error>) -> u64 {
    let code = result.map_or_else(|error| error.status().code(), |()| 0);
    i64::from(code) as u64
}

/// What `observe` says of the data, and what streaming it says, in chunks of a block and in others.
pub fn observed<T: Real>(data: &[T], offset: usize) -> Vec<u64> {
    let mut memory = Memory::new(data, offset);
    let mut tensors = [Tensor::weight(memory.data())];
    let mut record = vec![result(observe(&mut tensors))];
    record.extend(snapshot::moments(tensors[0].moments()));
    for length in [65_536, 1_000] {
        let mut moments = Moments::default();
        for chunk in memory.data().chunks(length) {
            record.push(result(moments.observe_chunk(chunk)));
        }
        record.extend(snapshot::moments(&moments));
    }
    record
}

/// What streaming says of the data in one chunk, which several threads may share.
pub fn streamed<T: Real>(data: &[T]) -> Vec<u64> {
    let mut moments = Moments::default();
    let mut record = vec![result(moments.observe_chunk(data))];
    record.extend(snapshot::moments(&moments));
    record
}

/// Asks every method of a chain; all have to agree.
pub fn decide(chain: &[Setting], tensors: &mut [Tensor]) {
    let params = Inputs::plain(tensors.len()).moments();
    for method in chain {
        let mut running = Running::new(method.clone(), tensors.len());
        running.must_decide("same bits", &params, tensors);
    }
}

/// The chain written in place: what was decided, and the data.
pub fn applied<T: Real>(data: &[T], offset: usize, chain: &[Setting]) -> Vec<u64> {
    let mut memory = Memory::new(data, offset);
    let mut tensors = [Tensor::weight(memory.data())];
    let mut record = vec![result(observe(&mut tensors))];
    decide(chain, &mut tensors);
    record.extend(snapshot::affine(tensors[0].affine()));
    assert_eq!(apply(&mut tensors), Ok(()), "{chain:?}");
    record.extend(memory.bits());
    record
}

/// The chain written into another buffer with another start: both buffers.
pub fn applied_into<T: Real>(data: &[T], offset: usize, chain: &[Setting]) -> Vec<u64> {
    let (mut source, mut target) = (Memory::new(data, offset), Memory::new(data, offset + 1));
    target.data().fill(T::exact(-1.0));
    let mut tensors = [Tensor::weight(source.data())];
    let mut record = vec![result(observe(&mut tensors))];
    decide(chain, &mut tensors);
    let written = apply_into(&tensors, &mut [Buffer::from(target.data())]);
    assert_eq!(written, Ok(()), "{chain:?}");
    record.extend(target.bits());
    record.extend(source.bits());
    record
}

/// An optimizer and its configuration.
#[derive(Clone, Copy, Debug)]
pub enum Optimizer {
    Sgd(Sgd),
    Adam(Adam),
}

impl Optimizer {
    pub fn step<P: trimtab::Parameter>(
        &self,
        state: &mut StepState,
        grads: &mut [Tensor],
        [param, first, second]: [&mut [P]; 3],
    ) -> Result<(), Error> {
        match self {
            Optimizer::Sgd(sgd) => sgd.step(state, grads, &mut [Slot::momentum(param, first)]),
            Optimizer::Adam(adam) => {
                adam.step(state, grads, &mut [Slot::adam(param, first, second)])
            }
        }
    }
}

/// Two steps with the same gradient: parameter, both buffers, and the gradient, which stays as it is.
pub fn stepped<G: Real, P: Real + trimtab::Parameter>(
    (gradient, param): (&[G], &[P]),
    offset: usize,
    chain: &[Setting],
    optimizer: Optimizer,
) -> Vec<u64> {
    let mut gradient = Memory::new(gradient, offset);
    let zeros = vec![P::ZERO; param.len()];
    let mut buffers = [
        Memory::new(param, offset + 1),
        Memory::new(&zeros, offset + 2),
        Memory::new(&zeros, offset + 3),
    ];
    let mut tensors = [Tensor::weight(gradient.data())];
    let (mut record, mut state) = (Vec::new(), StepState::default());
    for _ in 0..2 {
        record.push(result(observe(&mut tensors)));
        decide(chain, &mut tensors);
        let slot = buffers.each_mut().map(Memory::data);
        let stepped = optimizer.step(&mut state, &mut tensors, slot);
        assert_eq!(stepped, Ok(()), "{optimizer:?} after {chain:?}");
        buffers
            .iter()
            .for_each(|memory| record.extend(memory.bits()));
    }
    record.push(state.steps);
    record.extend(gradient.bits());
    record
}
