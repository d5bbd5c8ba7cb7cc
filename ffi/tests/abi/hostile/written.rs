//! What a write has to leave: the pending affine of every element, finite, and descriptors that are spent.

use trimtab::Moments;

use super::blob::{self, F64};
use super::play::{Old, Trust};
use super::world::World;

/// After `apply`; false if nothing was known about any tensor.
pub fn in_place(world: &World, old: &Old, n: usize, trust: &mut [Trust]) -> bool {
    let mut compared = false;
    for (index, tensor) in world.grads.iter().take(n).enumerate() {
        if old.is_known(index, trust) {
            elements(old, index, &world.buffers[index].values()[..tensor.len]);
            compared = true;
        }
    }
    spent(world, n, trust);
    compared
}

/// After every write but `apply_into`: the descriptors are as before they were observed.
pub fn spent(world: &World, n: usize, trust: &mut [Trust]) {
    for (index, tensor) in world.grads.iter().take(n).enumerate() {
        let affine = &tensor.affine;
        let identity = [affine.center, affine.scale, affine.limit];
        assert_eq!(identity, [0.0, 1.0, f64::INFINITY], "tensor {index}");
        assert_eq!(tensor.moments, Moments::default(), "tensor {index}");
        trust[index] = Trust::None;
    }
}

/// After `apply_into`.
pub fn beside(world: &World, old: &Old, n: usize, trust: &mut [Trust]) -> bool {
    let mut compared = false;
    for index in 0..n {
        let tensor = &world.grads[index];
        let aliased = world.out[index] == tensor.data;
        if old.is_known(index, trust) {
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
