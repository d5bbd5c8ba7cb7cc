//! What is told before a write: nothing else changes, and no element comes out larger.

use trimtab::Moments;

use super::play::{Old, Trust};
use super::world::World;
use crate::abi_tests::c;
use crate::common::status::OK;
use crate::oracle::statistics;

/// Asked of every tensor, whatever its descriptor says by now.
pub fn check(world: &World, old: &Old, trust: &[Trust]) {
    let before = world.snapshot();
    for (index, tensor) in world.grads.iter().enumerate() {
        let untouched = Moments {
            count: 7,
            sum: -1.0,
            sum_sq: 2.0,
            abs_max: 3.0,
        };
        let mut told = untouched;
        let code = c::outlook(tensor, &raw mut told);
        if code != OK {
            assert!(code < OK, "tensor {index}: {code}");
            assert_eq!(told, untouched, "tensor {index}: refused with {code}");
            continue;
        }
        assert_eq!(told.count, tensor.moments.count, "tensor {index}");
        if old.is_known(index, trust) && tensor.moments.is_finite() {
            let through: Vec<f64> = old
                .data(index)
                .iter()
                .map(|&x| old.through(index, x))
                .collect();
            // Three roundings on either side, and of numbers below 2.2e-308 more.
            let bound = told.abs_max * (1.0 + 8.0 * f64::EPSILON) + 1e-307;
            let largest = statistics::abs_max(&through);
            assert!(largest <= bound, "tensor {index}: {largest:e}, {told:?}");
        }
    }
    assert!(world.changed_since(&before).is_empty());
}
