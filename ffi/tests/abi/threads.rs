//! Several threads: how many may be asked for, and that each part of the tensors gets what is its own.
//!
//! The number is the whole process's, so these tests take turns. No other test asks for threads; to those it makes no
//! difference.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::c;
use super::status::{BAD_CONFIG, OK, UNSUPPORTED, expect};

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As many as are asked for, where the library has threads at all; never none, and never thousands.
#[test]
fn numbers() {
    let _turn = turn();
    for threads in [0, 1_025, usize::MAX] {
        let what = format!("{threads} threads");
        expect(&what, c::set_threads(threads), BAD_CONFIG);
    }
    let several = if cfg!(feature = "rayon") {
        OK
    } else {
        UNSUPPORTED
    };
    expect("2", c::set_threads(2), several);
    expect("1", c::set_threads(1), OK);
}

#[cfg(feature = "rayon")]
mod parts {
    use super::*;
    use crate::abi_tests::blob::{BF16, Blob, F16, F32, F64};
    use crate::abi_tests::call::Call;
    use crate::abi_tests::world::{WEIGHT, World};

    /// Enough elements for several threads. Three tensors and one are about half of them each, then two and one: the
    /// second part is longer than the first tensor, and of another type.
    const LENGTHS: [usize; 4] = [40_000, 50_000, 90_000, 400_000];

    fn world() -> World {
        let values = |len: usize| {
            (0..len)
                .map(|i| (i % 19) as f64 - 9.0)
                .collect::<Vec<f64>>()
        };
        let gradient = |(dtype, len)| (WEIGHT, Blob::new(dtype, &values(len)));
        let gradients = [F32, F64, BF16, F16].into_iter().zip(LENGTHS).map(gradient);
        World::of(&gradients.collect::<Vec<_>>())
    }

    /// All elements after a call with this many threads.
    fn left_by(call: Call, threads: usize) -> Vec<Vec<u8>> {
        let mut world = world();
        expect("threads", c::set_threads(threads), OK);
        world.observe();
        let n = world.grads.len();
        expect("scale", c::scale(0.5, world.grads.as_mut_ptr(), n), OK);
        expect("the call", call.run_in(&mut world), OK);
        expect("one thread", c::set_threads(1), OK);
        let moments = [&world.firsts, &world.seconds];
        let written = [&world.buffers, &world.outputs, &world.params];
        let all = written.into_iter().chain(moments).flatten();
        all.map(Blob::bytes).collect()
    }

    #[test]
    fn every_part_is_written_as_by_one_thread() {
        let _turn = turn();
        for call in [Call::Apply, Call::ApplyInto, Call::Sgd, Call::Adam] {
            let same = left_by(call, 3) == left_by(call, 1);
            assert!(same, "{call:?}: three threads and one differ");
        }
    }
}
