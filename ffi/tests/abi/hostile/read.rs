//! What `observe` has to find: the sums in the order that is part of the definition, to the bit.

use super::LARGEST;
use super::play::Trust;
use super::world::World;
use crate::common::status::{NON_FINITE, OK};
use crate::oracle::{order, statistics};

/// Whether every element counts as finite.
pub fn is_finite(values: &[f64]) -> bool {
    values.iter().all(|x| x.abs() <= LARGEST)
}

/// After `observe` has returned OK or NON_FINITE.
pub fn check(world: &World, n: usize, code: i32, trust: &mut [Trust]) {
    let mut all_finite = true;
    for (index, tensor) in world.grads.iter().take(n).enumerate() {
        let values = &world.buffers[index].values()[..tensor.len];
        let (found, affine) = (&tensor.moments, &tensor.affine);
        let identity = [affine.center, affine.scale, affine.limit];
        assert_eq!(identity, [0.0, 1.0, f64::INFINITY], "tensor {index}");
        assert_eq!(found.count, values.len() as u64, "tensor {index}");
        if is_finite(values) {
            let (sum, sum_sq) = order::sums(values);
            assert_eq!(found.sum, sum, "tensor {index}");
            assert_eq!(found.sum_sq, sum_sq, "tensor {index}");
            assert_eq!(found.abs_max, statistics::abs_max(values), "tensor {index}");
        } else {
            all_finite = false;
            assert!(!found.is_finite(), "tensor {index}: {found:?}");
        }
        trust[index] = Trust::Exact(tensor.len);
    }
    assert_eq!(code, if all_finite { OK } else { NON_FINITE });
}
