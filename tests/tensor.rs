//! What a buffer and a tensor say of the memory that they borrow.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::number::Real;
use trimtab::{Affine, Buffer, Dtype, Element, Role, Tensor, bf16, f16};

/// A buffer of `T`, which is not of `Other`.
fn a_buffer_knows<T: Real, Other: Element>(dtype: Dtype, size: usize) {
    for len in [0, 1, 3] {
        let mut data = vec![T::nearest(2.0); len];
        let start = data.as_ptr();
        let mut buffer = Buffer::from(&mut data[..]);
        assert_eq!((buffer.len(), buffer.is_empty()), (len, len == 0));
        assert_eq!((buffer.dtype(), dtype.size()), (dtype, size));
        let elements = buffer.as_slice::<T>().expect("of this type");
        assert_eq!(elements.len(), len);
        assert!(len == 0 || elements.as_ptr() == start);
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

/// (x - 1) * 2 between -3 and 3.
#[test]
fn an_affine_clamps_at_both_ends() {
    let affine = Affine {
        center: 1.0,
        scale: 2.0,
        limit: 3.0,
    };
    let pairs = [
        (-9.0, -3.0),
        (-0.5, -3.0),
        (0.0, -2.0),
        (1.0, 0.0),
        (2.0, 2.0),
        (2.5, 3.0),
        (9.0, 3.0),
    ];
    for (x, y) in pairs {
        assert_eq!(affine.transform(x), y, "{x}");
    }
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
