//! Where results are compared: plain Rust first, then every other level of this processor.

use std::fmt::Debug;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use trimtab::Level;

/// Every level that there is on any processor.
pub const NAMES: [&str; 5] = ["avx512", "avx2", "sse2", "neon", "scalar"];

/// One way to run a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
struct World {
    level: Level,
}

/// All worlds, plain Rust first: it is the one that the others have to agree with.
fn worlds() -> Vec<World> {
    let others = Level::available().filter(|level| *level != Level::SCALAR);
    let levels: Vec<Level> = [Level::SCALAR].into_iter().chain(others).collect();
    name_what_is_missing(&levels);
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        assert!(levels.len() > 1, "nothing to compare plain Rust with");
    }
    levels.into_iter().map(|level| World { level }).collect()
}

/// Past the capture of test output, so that it is seen in a run that succeeds.
fn name_what_is_missing(levels: &[Level]) {
    static ONCE: Once = Once::new();
    let missing = |name: &&str| levels.iter().all(|level| level.name() != *name);
    let missing: Vec<&str> = NAMES.into_iter().filter(missing).collect();
    let there: Vec<&str> = levels.iter().map(|level| level.name()).collect();
    ONCE.call_once(|| {
        let note =
            format!("\ncompared: {there:?}; NOT TESTED, this processor lacks: {missing:?}\n");
        std::io::stderr()
            .write_all(note.as_bytes())
            .expect("stderr");
    });
}

/// A test's turn with the level of the process, which is put back at its end.
struct Turn {
    before: Level,
    _alone: MutexGuard<'static, ()>,
}

impl Turn {
    fn take() -> Turn {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        // A test that failed has put the level back too.
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let before = Level::current().expect("TRIMTAB_LEVEL is not set to nonsense");
        Turn {
            before,
            _alone: alone,
        }
    }

    fn enter(&self, world: World) {
        world.level.force();
        assert_eq!(Level::current(), Ok(world.level));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.before.force();
    }
}

/// Runs `visit` in every world, plain Rust first, with the world's name.
pub fn everywhere(mut visit: impl FnMut(&str)) {
    let turn = Turn::take();
    for world in worlds() {
        turn.enter(world);
        visit(&format!("{world:?}"));
    }
}

/// Runs every case in every world; each must leave the bits that it leaves in the first.
pub fn same_everywhere<C: Debug>(cases: &[C], run: impl Fn(&C) -> Vec<u64>) {
    assert!(!cases.is_empty(), "nothing to compare");
    let mut expected: Vec<Vec<u64>> = Vec::new();
    everywhere(|world| {
        if expected.is_empty() {
            expected = cases.iter().map(&run).collect();
            return;
        }
        for (case, expected) in cases.iter().zip(&expected) {
            assert_same(&run(case), expected, || format!("{case:?} in {world}"));
        }
    });
}

/// Two lists of bits, with the first difference named.
fn assert_same(actual: &[u64], expected: &[u64], what: impl Fn() -> String) {
    if actual == expected {
        return;
    }
    let differ = |(a, e): (&u64, &u64)| a != e;
    let at = actual.iter().zip(expected).position(differ);
    let word = |words: &[u64]| at.map(|at| format!("{:#x}", words[at]));
    panic!(
        "{}: word {at:?} is {:?} instead of {:?} ({} words instead of {})",
        what(),
        word(actual),
        word(expected),
        actual.len(),
        expected.len(),
    );
}
