//! What Rust's types say of the memory that they borrow, and what only they can get wrong: gradients that may only be read,
//! places for descriptors, and outputs and slots of other numbers, lengths and types than the gradients.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::calls::{Call, parsed};
use common::data::{Random, bits};
use common::elements::Elements;
use common::library::Parameters;
use common::methods::OPTIMIZERS;
use common::number::Real;
use common::rust::LIBRARIES;
use common::snapshot;
use common::status::{BAD_DTYPE, BAD_LENGTH};
use common::world::{World, four};
use trimtab::{
    Adam, Affine, Buffer, ClipNorm, Dtype, Element, Error, Place, Role, Sgd, Slot, StepState,
    Tensor, apply, apply_into, bf16, f16, observe,
};

/// A buffer of `T`, which is not of `Other`.
fn a_buffer_knows<T: Real, Other: Element>(dtype: Dtype, size: usize) {
    for len in [0, 1, 3] {
        let mut data = vec![T::nearest(2.0); len];
        let start = data.as_ptr();
        let mut buffer = Buffer::from(&mut data[..]);
        assert_eq!((buffer.len(), buffer.is_empty()), (len, len == 0));
        assert_eq!((buffer.dtype(), dtype.size()), (dtype, size));
        let elements = buffer.as_slice::<T>().expect("of this type");
        assert!(elements.len() == len && (len == 0 || elements.as_ptr() == start));
        assert!(buffer.as_slice::<Other>().is_none());
        assert!(buffer.as_mut_slice::<Other>().is_none());
        let elements = buffer.as_mut_slice::<T>().expect("of this type");
        elements.fill(T::nearest(-3.0));
        assert!(data.iter().all(|x| x.value() == -3.0));
    }
}

#[test]
fn a_buffer_knows_how_many_elements_of_which_type_it_has() {
    a_buffer_knows::<f32, f64>(Dtype::F32, 4);
    a_buffer_knows::<f16, bf16>(Dtype::F16, 2);
    a_buffer_knows::<bf16, f16>(Dtype::BF16, 2);
    a_buffer_knows::<f64, f32>(Dtype::F64, 8);
}

#[test]
fn a_tensor_is_a_buffer_with_a_role_and_nothing_decided() {
    let (mut weight, mut none) = ([1.0_f32, 2.0], [0.0_f64; 0]);
    let weight = Tensor::weight(&mut weight);
    let bias = Tensor::bias(&mut none);
    assert_eq!((weight.role(), bias.role()), (Role::Weight, Role::Bias));
    assert_eq!((weight.len(), bias.len()), (2, 0));
    assert!(!weight.is_empty() && bias.is_empty());
    assert_eq!((weight.dtype(), bias.dtype()), (Dtype::F32, Dtype::F64));
    assert_eq!(weight.as_slice::<f32>(), Some(&[1.0, 2.0][..]));
    assert_eq!(weight.as_slice::<f64>(), None);
    assert_eq!(*weight.affine(), Affine::IDENTITY);
}

/// (x - 1) * 2 between -3 and 3.
#[test]
fn an_affine_clamps_at_both_ends() {
    let affine = Affine {
        center: 1.0,
        scale: 2.0,
        limit: 3.0,
    };
    let x = [-9.0, -0.5, 0.0, 1.0, 2.0, 2.5, 9.0];
    let y = [-3.0, -3.0, -2.0, 0.0, 2.0, 3.0, 3.0];
    assert_eq!(x.map(|x| affine.transform(x)), y);
}

const LENGTHS: [usize; 3] = [40, 5, 33];
const ROLES: [Role; 3] = [Role::Weight, Role::Bias, Role::Weight];

fn drawn<T: Real>() -> [Vec<T>; 3] {
    let mut random = Random(91);
    LENGTHS.map(|len| random.elements(len, 0.1, 1.0))
}

/// What is written elsewhere, and what a step makes of parameters of 1.
fn results<T: Real>(mut grads: Vec<Tensor>) -> Vec<Vec<u64>> {
    assert!(grads.iter().map(Tensor::role).eq(ROLES));
    observe(&mut grads).expect("finite");
    ClipNorm::global(0.5).decide(&mut grads).expect("in range");
    let mut outputs = LENGTHS.map(|len| vec![T::ZERO; len]);
    let mut buffers = outputs.each_mut().map(|out| Buffer::from(&mut out[..]));
    apply_into(&grads, &mut buffers).expect("finite");
    let mut params = LENGTHS.map(|len| vec![1.0_f32; len]);
    let mut slots = params.each_mut().map(|w| Slot::sgd(w));
    let step = Sgd::new(0.1).step(&mut StepState::default(), &mut grads, &mut slots);
    step.expect("finite");
    let outputs = outputs.iter().map(|out| bits(out));
    outputs.chain(params.iter().map(|w| bits(w))).collect()
}

fn read_as_written<T: Real>() {
    let mut data = drawn::<T>();
    let read = data
        .iter()
        .zip(ROLES)
        .map(|(data, role)| Tensor::read(role, data));
    let from_read = results::<T>(read.collect());
    let written = data
        .iter_mut()
        .zip(ROLES)
        .map(|(data, role)| Tensor::new(role, data));
    assert_eq!(from_read, results::<T>(written.collect()));
}

#[test]
fn gradients_that_may_only_be_read_give_the_same_bits() {
    for_every_dtype!(read_as_written);
}

/// Wherever among others it stands, and also where nothing is pending.
#[test]
fn apply_refuses_what_may_only_be_read() {
    for tensor in 0..LENGTHS.len() {
        let mut data = drawn::<f32>();
        let only_read = data[tensor].clone();
        let mut grads = data.each_mut().map(|data| Tensor::weight(data));
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
        let mut data = vec![[1.0_f32, 2.0]; len];
        let tensors = data.iter_mut().map(|data| Tensor::weight(data));
        let grads = Tensor::collect_in(&mut places, tensors).expect("room");
        observe(grads).expect("finite");
        let sums = grads.iter().map(|tensor| tensor.moments().sum);
        assert_eq!(sums.collect::<Vec<_>>(), vec![3.0; len]);
        let data = vec![[4.0_f64; 3]; len];
        let tensors = data.iter().map(|data| Tensor::read_bias(data));
        let grads = Tensor::collect_in(&mut places, tensors).expect("room");
        let fresh = |tensor: &Tensor| tensor.moments().count == 0 && tensor.len() == 3;
        assert!(grads.iter().all(fresh));
    }
    let data = [[1.0_f32; 2]; 5];
    let tensors = data.iter().map(|data| Tensor::read_weight(data));
    let refused = Tensor::collect_in(&mut places, tensors).map(|grads| grads.len());
    assert_eq!(refused, Err(Error::BadLength { index: 4 }));
}

/// What does not match gradients of 5, 3, 4 and 6 elements, and the first that has no partner or the wrong one.
const WRONG_LENGTHS: [(&[usize], usize); 5] = [
    (&[], 0),
    (&[5, 3], 2),
    (&[5, 3, 4, 6, 1], 4),
    (&[5, 3, 3, 6], 2),
    (&[5, 3, 5, 6], 2),
];

fn buffers(dtype: Dtype, lengths: &[usize]) -> Vec<Elements> {
    let one = |len: &usize| Elements::new(dtype, &vec![7.0; *len]);
    lengths.iter().map(one).collect()
}

/// Steps that need all three buffers, or the first two of them.
fn steps() -> [Call; 2] {
    OPTIMIZERS
        .each_ref()
        .map(|optimizer| Call::Ask(optimizer.usual()))
}

#[test]
fn outputs_and_slots_must_match_in_number_and_length() {
    for (lengths, at) in WRONG_LENGTHS {
        let mut data = four();
        let mut world = World::pending(LIBRARIES[0], &mut data);
        let types: Vec<Dtype> = world.grads.iter().map(Tensor::dtype).collect();
        let of_type = |(i, len): (usize, &usize)| {
            Elements::new(*types.get(i).unwrap_or(&Dtype::F32), &vec![7.0; *len])
        };
        world.outputs = lengths.iter().enumerate().map(of_type).collect();
        Call::ApplyInto.refused("a length", &mut world, BAD_LENGTH, at);
        let w = buffers(Dtype::F32, lengths);
        let some: Vec<_> = w.iter().cloned().map(Some).collect();
        world.parameters = Parameters {
            w,
            first: some.clone(),
            second: some,
            ..Parameters::default()
        };
        for step in steps() {
            step.refused("a length", &mut world, BAD_LENGTH, at);
        }
    }
    for part in 1..3 {
        let mut data = four();
        let mut world = World::pending(LIBRARIES[0], &mut data);
        let Parameters { first, second, .. } = &mut world.parameters;
        [first, second][part - 1][2] = Some(Elements::new(Dtype::F32, &[0.0; 5]));
        for step in &steps()[part - 1..] {
            step.refused("a buffer's length", &mut world, BAD_LENGTH, 2);
        }
    }
}

#[test]
fn outputs_and_slots_must_match_in_type() {
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    world.outputs[2] = Elements::new(Dtype::F16, &[7.0; 4]);
    Call::ApplyInto.refused("a type", &mut world, BAD_DTYPE, 2);
    for (dtype, part) in [
        (Dtype::F64, 1),
        (Dtype::F16, 1),
        (Dtype::F64, 2),
        (Dtype::F16, 2),
    ] {
        let mut world = World::pending(LIBRARIES[0], &mut data);
        let Parameters { first, second, .. } = &mut world.parameters;
        [first, second][part - 1][2] = Some(Elements::new(dtype, &[7.0; 4]));
        for step in &steps()[part - 1..] {
            step.refused("a buffer's type", &mut world, BAD_DTYPE, 2);
        }
        // What a step does not need is not looked at.
        let plain = Call::Ask(parsed("sgd"));
        plain.accepted("a buffer of another type", &mut world);
    }
}

/// Parameters that start in the middle of an allocation, at every offset, get the same bits.
#[test]
fn unaligned_parameters_change_no_bit() {
    let stepped_at = |offset: usize| {
        let mut gradient: Vec<f32> = Random(34).elements(101, 0.0, 1.0);
        let [mut w, mut m, mut v] = [1.0_f32, 0.0, 0.0].map(|x| vec![x; 101 + offset]);
        let mut grads = [Tensor::weight(&mut gradient)];
        observe(&mut grads).expect("finite");
        let mut slots = [Slot::adam(
            &mut w[offset..],
            &mut m[offset..],
            &mut v[offset..],
        )];
        let step = Adam::default().step(&mut StepState::default(), &mut grads, &mut slots);
        step.expect("finite");
        observe(&mut grads).expect("finite");
        let mut slots = [Slot::momentum(&mut w[offset..], &mut v[offset..])];
        let sgd = Sgd::default().with_momentum(0.9);
        let step = sgd.step(&mut StepState { steps: 1 }, &mut grads, &mut slots);
        step.expect("finite");
        [w, m, v].map(|data| bits(&data[offset..]))
    };
    (1..9).for_each(|offset| assert_eq!(stepped_at(offset), stepped_at(0), "{offset}"));
}
