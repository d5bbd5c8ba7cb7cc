//! Where results are compared: plain Rust on one thread first, then other levels and numbers of threads.

use std::fmt::Debug;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use trimtab::Level;

/// Every level that there is on any processor.
const NAMES: [&str; 5] = ["avx512", "avx2", "sse2", "neon", "scalar"];

/// One, an even number, an odd one, and more than many machines have cores for.
const THREADS: [usize; 4] = [1, 2, 3, 7];

/// One way to run a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct World {
    level: Level,
    threads: usize,
}

impl World {
    /// The same level with every number of threads, alone first.
    fn crews(self) -> Vec<World> {
        let count = if with_threads() { THREADS.len() } else { 1 };
        let crew = move |threads| World { threads, ..self };
        THREADS.into_iter().take(count).map(crew).collect()
    }
}

/// All levels with one thread, plain Rust first: it is the one that the others have to agree with.
pub fn levels() -> Vec<World> {
    let others = Level::available().filter(|level| *level != Level::SCALAR);
    let levels: Vec<Level> = [Level::SCALAR].into_iter().chain(others).collect();
    name_what_is_missing(&levels);
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        assert!(levels.len() > 1, "nothing to compare plain Rust with");
    }
    let alone = |level| World { level, threads: 1 };
    levels.into_iter().map(alone).collect()
}

/// Every level with every number of threads, plain Rust alone first.
pub fn crews() -> Vec<World> {
    levels().into_iter().flat_map(World::crews).collect()
}

/// Plain Rust alone, then every level with one number of threads, another for each; in optimised builds, where loops
/// are ten times as fast, all of [`crews`].
pub fn some_crews() -> Vec<World> {
    if !cfg!(debug_assertions) {
        return crews();
    }
    let levels = levels();
    let one_of = |(i, crews): (usize, Vec<World>)| crews[(i + 1) % crews.len()];
    let crews = levels.iter().map(|world| world.crews());
    let several = crews.enumerate().map(one_of);
    levels.iter().take(1).copied().chain(several).collect()
}

/// The best level alone and with two threads, for what takes long.
pub fn best() -> Vec<World> {
    let level = Level::available().next();
    let level = level.expect("plain Rust is everywhere");
    let crews = World { level, threads: 1 }.crews();
    crews.into_iter().take(2).collect()
}

/// Whether this build has threads at all.
pub fn with_threads() -> bool {
    static ONCE: Once = Once::new();
    let with = cfg!(feature = "rayon");
    if !with {
        ONCE.call_once(|| tell("NOT TESTED: threads, this build is without the feature rayon"));
    }
    with
}

fn name_what_is_missing(levels: &[Level]) {
    static ONCE: Once = Once::new();
    let there: Vec<&str> = levels.iter().map(|level| level.name()).collect();
    let missing: Vec<&str> = NAMES.into_iter().filter(|n| !there.contains(n)).collect();
    ONCE.call_once(|| tell(&format!("compared: {there:?}; NOT TESTED: {missing:?}")));
}

/// Past the capture of test output, so that it is seen in a run that succeeds.
fn tell(note: &str) {
    let note = format!("\n{note}\n");
    std::io::stderr()
        .write_all(note.as_bytes())
        .expect("stderr");
}

/// A test's turn with the level and the threads of the process, which are put back at its end.
pub struct Turn {
    before: World,
    _alone: MutexGuard<'static, ()>,
}

impl Turn {
    pub fn take() -> Turn {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        // A test that failed has put everything back too.
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let before = World {
            level: Level::current().expect("TRIMTAB_LEVEL is not set to nonsense"),
            threads: trimtab::threads(),
        };
        Turn {
            before,
            _alone: alone,
        }
    }

    fn enter(&self, world: World) {
        world.level.force();
        trimtab::set_threads(world.threads).expect("threads can be started");
        let now = (Level::current(), trimtab::threads());
        assert_eq!(now, (Ok(world.level), world.threads));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.enter(self.before);
    }
}

/// Runs `visit` in every one of these worlds, with the world's name.
pub fn in_each(worlds: &[World], mut visit: impl FnMut(&str)) {
    let turn = Turn::take();
    for world in worlds {
        turn.enter(*world);
        visit(&format!("{world:?}"));
    }
}

/// Runs every case in every one of these worlds; each must leave the bits that it leaves in the first.
pub fn same_in_each<C: Debug>(worlds: &[World], cases: &[C], run: impl Fn(&C) -> Vec<u64>) {
    assert!(!cases.is_empty(), "nothing to compare");
    let mut expected: Vec<Vec<u64>> = Vec::new();
    in_each(worlds, |world| {
        if expected.is_empty() {
            expected = cases.iter().map(&run).collect();
            return;
        }
        for (case, expected) in cases.iter().zip(&expected) {
            assert_same(&run(case), expected, || format!("{case:?} in {world}"));
        }
    });
}

/// The same at every level, with one thread.
pub fn same_everywhere<C: Debug>(cases: &[C], run: impl Fn(&C) -> Vec<u64>) {
    same_in_each(&levels(), cases, run);
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
