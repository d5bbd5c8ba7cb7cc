//! The bits of everything that a refused call may not move.

use trimtab::{Affine, Moments, Tensor, bf16, f16};

use super::data::bits;

/// A tensor's role, dtype, data, moments and affine, as bits.
pub fn tensor(tensor: &Tensor) -> Vec<u64> {
    let mut all = vec![tensor.role() as u64, tensor.dtype() as u64];
    all.extend(moments(tensor.moments()));
    all.extend(affine(tensor.affine()));
    all.extend(data(tensor));
    all
}

/// All tensors of a call.
pub fn tensors(tensors: &[Tensor]) -> Vec<Vec<u64>> {
    tensors.iter().map(tensor).collect()
}

/// The gradients in the buffer.
pub fn data(tensor: &Tensor) -> Vec<u64> {
    None.or_else(|| tensor.as_slice::<f32>().map(bits))
        .or_else(|| tensor.as_slice::<f64>().map(bits))
        .or_else(|| tensor.as_slice::<f16>().map(bits))
        .or_else(|| tensor.as_slice::<bf16>().map(bits))
        .expect("a tensor is one of four dtypes")
}

/// Moments, field by field.
pub fn moments(m: &Moments) -> [u64; 4] {
    [
        m.count,
        m.sum.to_bits(),
        m.sum_sq.to_bits(),
        m.abs_max.to_bits(),
    ]
}

/// An affine, field by field.
pub fn affine(a: &Affine) -> [u64; 3] {
    [a.center.to_bits(), a.scale.to_bits(), a.limit.to_bits()]
}
