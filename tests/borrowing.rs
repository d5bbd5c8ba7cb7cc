//! Gradients that may only be read, and descriptors in places that outlive what they borrow.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Batch, Random, bits};
use common::number::Real;
use common::snapshot;
use trimtab::{
    Adam, Buffer, ClipNorm, Error, Place, Role, Slot, StepState, Tensor, apply, apply_into, observe,
};

const LENGTHS: [usize; 3] = [40, 5, 33];

fn read<T: Real>(batch: &Batch<T>) -> Vec<Tensor<'_>> {
    let roles = [Role::Weight, Role::Bias, Role::Weight];
    let pairs = batch.data.iter().zip(roles);
    pairs.map(|(data, role)| Tensor::read(role, data)).collect()
}

fn written<T: Real>(batch: &mut Batch<T>) -> Vec<Tensor<'_>> {
    let roles = [Role::Weight, Role::Bias, Role::Weight];
    let pairs = batch.data.iter_mut().zip(roles);
    pairs.map(|(data, role)| Tensor::new(role, data)).collect()
}

fn decided(grads: &mut [Tensor]) {
    observe(grads).expect("finite");
    ClipNorm::global(0.5).decide(grads).expect("in range");
}

/// What is written elsewhere, and what a step makes of parameters of 1.
fn results<T: Real>(grads: &mut [Tensor]) -> Vec<Vec<u64>> {
    let mut outputs = LENGTHS.map(|len| vec![T::ZERO; len]);
    let mut buffers = outputs.each_mut().map(|out| Buffer::from(&mut out[..]));
    apply_into(grads, &mut buffers).expect("finite");
    let [mut params, mut first, mut second] =
        [1.0_f32, 0.0, 0.0].map(|x| LENGTHS.map(|len| vec![x; len]));
    let moments = first.iter_mut().zip(&mut second);
    let slots = params
        .iter_mut()
        .zip(moments)
        .map(|(w, (m, v))| Slot::adam(w, m, v));
    let mut slots: Vec<Slot> = slots.collect();
    let step = Adam::new(0.1).step(&mut StepState::default(), grads, &mut slots);
    step.expect("finite");
    let all = outputs.iter().map(|out| bits(out));
    all.chain(params.iter().map(|w| bits(w))).collect()
}

fn read_as_written<T: Real>() {
    let mut batch = Batch::<T>::random(&mut Random(91), &LENGTHS);
    let mut grads = read(&batch);
    assert!(
        grads
            .iter()
            .map(Tensor::role)
            .eq([Role::Weight, Role::Bias, Role::Weight])
    );
    decided(&mut grads);
    let from_read = results::<T>(&mut grads);
    let mut grads = written(&mut batch);
    decided(&mut grads);
    assert_eq!(from_read, results::<T>(&mut grads));
}

#[test]
fn gradients_that_may_only_be_read_give_the_same_bits() {
    for_every_dtype!(read_as_written);
}

/// Wherever among others it stands, and also where nothing is pending.
#[test]
fn apply_refuses_what_may_only_be_read() {
    for tensor in 0..LENGTHS.len() {
        let mut batch = Batch::<f32>::random(&mut Random(92), &LENGTHS);
        let only_read = batch.data[tensor].clone();
        let mut grads = written(&mut batch);
        grads[tensor] = Tensor::read_weight(&only_read);
        observe(&mut grads).expect("finite");
        assert_eq!(apply(&mut grads), Err(Error::ReadOnly { tensor }));
        ClipNorm::global(0.5).decide(&mut grads).expect("in range");
        let before = snapshot::tensors(&grads);
        assert_eq!(apply(&mut grads), Err(Error::ReadOnly { tensor }));
        assert_eq!(snapshot::tensors(&grads), before);
    }
}

/// The same places for networks of other sizes and element types.
#[test]
fn places_are_filled_again_and_again() {
    let mut places = [Place::EMPTY; 4];
    for len in [4_usize, 0, 3, 4] {
        let mut f32s = vec![[1.0_f32, 2.0]; len];
        let tensors = f32s.iter_mut().map(|data| Tensor::weight(data));
        let grads = Tensor::collect_in(&mut places, tensors).expect("room");
        assert_eq!(grads.len(), len);
        observe(grads).expect("finite");
        assert!(grads.iter().all(|tensor| tensor.moments().sum == 3.0));
        let data = vec![[4.0_f64; 3]; len];
        let tensors = data.iter().map(|data| Tensor::read_bias(data));
        let grads = Tensor::collect_in(&mut places, tensors).expect("room");
        assert!(
            grads
                .iter()
                .all(|tensor| tensor.moments().count == 0 && tensor.len() == 3)
        );
    }
}

#[test]
fn more_tensors_than_places_are_refused() {
    let data = [[1.0_f32; 2]; 3];
    let mut places = [Place::EMPTY; 2];
    let tensors = data.iter().map(|data| Tensor::read_weight(data));
    let refused = Tensor::collect_in(&mut places, tensors).map(|grads| grads.len());
    assert_eq!(refused, Err(Error::BadLength { index: 2 }));
}
