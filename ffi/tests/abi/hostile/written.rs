//! What a write has to leave: the pending affine of every element, finite, and moments of what lies there.

use super::oracle::{order, statistics};
use super::play::{Old, Trust};
use crate::abi_tests::blob::{self, F64};
use crate::abi_tests::world::World;

/// After `apply`; false if nothing was known about any tensor.
pub fn in_place(world: &World, old: &Old, n: usize, trust: &mut [Trust]) -> bool {
    let mut compared = false;
    for (index, tensor) in world.grads.iter().take(n).enumerate() {
        let affine = &tensor.affine;
        let identity = [affine.center, affine.scale, affine.limit];
        assert_eq!(identity, [0.0, 1.0, f64::INFINITY], "tensor {index}");
        let values = world.buffers[index].values();
        let now = &values[..tensor.len];
        if !old.is_bounded(index, trust) {
            trust[index] = Trust::None;
            continue;
        }
        elements(old, index, now);
        tells(index, tensor, now, old.is_known(index, trust));
        trust[index] = Trust::Told(tensor.len);
        compared = true;
    }
    compared
}

/// After `apply_into`.
pub fn beside(world: &World, old: &Old, n: usize, trust: &mut [Trust]) -> bool {
    let mut compared = false;
    for index in 0..n {
        let tensor = &world.grads[index];
        let aliased = world.out[index] == tensor.data;
        if old.is_bounded(index, trust) {
            let blobs = if aliased {
                &world.buffers
            } else {
                &world.outputs
            };
            elements(old, index, &blobs[index].values()[..tensor.len]);
            compared = true;
        }
        if aliased {
            // The data is another now, and the moments are not.
            trust[index] = Trust::None;
        }
    }
    compared
}

/// f64 is exact, since it is the arithmetic of the definition. f32 may round the scale first and then the product: 1.5
/// units in the last place. 16-bit types are rounded by way of f32, which can make the neighbour of a tie.
fn elements(old: &Old, index: usize, now: &[f64]) {
    let dtype = old.grads[index].dtype;
    for (i, (&x, &y)) in old.data(index).iter().zip(now).enumerate() {
        let exact = old.through(index, x);
        let allowed = if dtype == F64 {
            0.0
        } else {
            2.0 * blob::ulp(dtype, exact)
        };
        assert!(
            y.is_finite() && (y - exact).abs() <= allowed,
            "tensor {index} element {i}: {x:e} through {:?} is {y:e} instead of {exact:e}",
            old.grads[index].affine
        );
    }
}

/// Half a unit in the last place of rounding for the scale and as much for every element: the sums are known to two. The
/// squares of f64 may leave its range at both ends, and the sums themselves at the upper one; then neither is finite.
fn tells(index: usize, tensor: &crate::types::trimtab_tensor, now: &[f64], known: bool) {
    let told = &tensor.moments;
    assert_eq!(told.count, now.len() as u64, "tensor {index}");
    assert_eq!(
        told.abs_max,
        statistics::abs_max(now),
        "tensor {index}: {told:?}"
    );
    if !known {
        return;
    }
    let (sum, sum_sq) = order::sums(now);
    let same = |told: f64, exact: f64| told == exact || !(told.is_finite() || exact.is_finite());
    let n = now.len() as f64;
    let relative = blob::ulp(tensor.dtype, 1.0).max(1e-14);
    let bound = 2.0 * n * (relative * told.abs_max + blob::ulp(tensor.dtype, 0.0));
    assert!(
        same(told.sum, sum) || (told.sum - sum).abs() <= bound,
        "tensor {index}: {told:?}, {sum:e}"
    );
    let off = (told.sum_sq.sqrt() - sum_sq.sqrt()).abs();
    assert!(
        same(told.sum_sq, sum_sq) || off <= bound + 1e-160,
        "tensor {index}: {told:?}, {sum_sq:e}"
    );
}
