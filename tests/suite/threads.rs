//! Several threads: each part of the tensors gets what is its own.

use trimtab::{Dtype, Role};

use super::once;
use crate::common::calls::{Call, scaled, with_threads};
use crate::common::elements::Elements;
use crate::common::methods::OPTIMIZERS;
use crate::common::world::{Gradients, World};

/// Enough elements for several threads. Three tensors and one are about half of them each, then two and one: the second
/// part is longer than the first tensor, and of another type.
const TENSORS: [(Dtype, usize); 4] = [
    (Dtype::F32, 40_000),
    (Dtype::F64, 50_000),
    (Dtype::BF16, 90_000),
    (Dtype::F16, 400_000),
];

fn gradients() -> Gradients {
    let one = |(dtype, len)| {
        let values: Vec<f64> = (0..len).map(|i| (i % 19) as f64 - 9.0).collect();
        (Role::Weight, Elements::new(dtype, &values))
    };
    TENSORS.map(one).into()
}

#[test]
fn every_part_is_written_as_by_one_thread() {
    once(|library| {
        let gradients = gradients();
        let steps = OPTIMIZERS.iter().map(|of| Call::Ask(of.usual()));
        for call in [Call::Apply, Call::ApplyInto].into_iter().chain(steps) {
            let [one, many] = [false, true].map(|several| {
                let mut data = gradients.clone();
                let mut world = World::observed(library, &mut data);
                scaled(library, 0.5, &mut world.grads);
                with_threads(several, || call.accepted("a write", &mut world));
                world.bits()
            });
            assert!(one == many, "{call:?}: three threads and one differ");
        }
    });
}
