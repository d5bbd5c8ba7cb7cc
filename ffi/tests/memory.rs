//! No pass allocates: every method and both optimizers, counted by an allocator of this test's own.
//!
//! Here and not beside the other tests of the core, because an allocator is `unsafe`, which belongs into ffi/ and the
//! kernels. On several threads it is rayon that allocates, now and then, a place in its queue, and where the allocator has
//! none one thread goes on; on one thread nothing allocates. Without std there is no allocator to ask: `size.rs` links
//! that library with nothing.

extern crate trimtab_core as trimtab; // The name that the shared files know.

#[path = "../../tests/common/again.rs"]
mod again;
#[allow(dead_code)] // Each test crate uses its own part.
#[path = "../../tests/common/mod.rs"]
mod common;
#[allow(dead_code)]
#[path = "../../tests/oracle/mod.rs"]
mod oracle;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::data::{Batch, Random};
use common::methods::every_setting;
use trimtab::{
    Adam, Buffer, Error, Moments, Pipeline, Sgd, Slot, StepState, Tensor, Verdict, apply,
    apply_into, observe,
};

/// The system's allocator, which counts what this thread asks of it, and can have nothing left for it.
struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
    static EMPTY: Cell<bool> = const { Cell::new(false) };
}

/// Counts, and says whether there is nothing left.
fn count() -> bool {
    // A thread that is ending has no counter any more, and nothing to count.
    let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
    EMPTY.try_with(Cell::get).unwrap_or(false)
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if count() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What `work` returns; it must not allocate.
fn without_allocating<R>(what: &str, work: impl FnOnce() -> R) -> R {
    let before = ASKED.get();
    let result = work();
    let asked = ASKED.get() - before;
    assert_eq!(asked, 0, "{what} allocates {asked} times");
    result
}

/// The first call of a process asks the environment which instruction set to use.
fn after_the_first_call() {
    observe(&mut []).expect("TRIMTAB_LEVEL is not set to nonsense");
}

fn batch() -> Batch<f32> {
    Batch::random(&mut Random(1), &[300, 0, 70_000, 33])
}

#[test]
fn an_allocation_is_seen() {
    let before = ASKED.get();
    drop(std::hint::black_box(vec![1_u8; 100]));
    assert!(ASKED.get() > before);
}

#[test]
fn passes_do_not_allocate() {
    after_the_first_call();
    let (mut batch, mut params) = (batch(), batch());
    let (mut first, mut second) = (batch.clone(), batch.clone());
    let mut copies = batch.data.clone();
    let mut outputs: Vec<Buffer> = copies
        .iter_mut()
        .map(|c| Buffer::from(&mut c[..]))
        .collect();
    let buffers = params.data.iter_mut().zip(&mut first.data);
    let slots = buffers.zip(&mut second.data);
    let mut slots: Vec<Slot> = slots.map(|((p, f), s)| Slot::adam(p, f, s)).collect();
    let mut state = StepState::default();
    let mut grads = batch.tensors();
    decide(&mut grads);
    without_allocating("apply_into", || apply_into(&grads, &mut outputs)).expect("in range");
    let momentum = Sgd::default().with_momentum(0.9);
    without_allocating("sgd", || momentum.step(&mut state, &mut grads, &mut slots))
        .expect("in range");
    decide(&mut grads);
    let adam = Adam::default();
    without_allocating("adam", || adam.step(&mut state, &mut grads, &mut slots)).expect("in range");
    decide(&mut grads);
    without_allocating("apply", || apply(&mut grads)).expect("in range");
    let mut moments = Moments::default();
    let data = &outputs[2].as_slice::<f32>().expect("f32");
    without_allocating("observe_chunk", || moments.observe_chunk(data)).expect("finite");
}

/// A mean to subtract.
fn decide(grads: &mut [Tensor]) {
    without_allocating("observe", || observe(grads)).expect("finite");
    let roles = trimtab::Roles::All;
    let centralize = trimtab::Centralize::default().with_roles(roles);
    without_allocating("centralize", || centralize.decide(grads)).expect("finite");
}

#[test]
fn methods_do_not_allocate() {
    after_the_first_call();
    let mut batch = batch();
    let mut moments = vec![Moments::default(); batch.data.len()];
    for of_one in &mut moments {
        of_one.observe_chunk(&[2.0_f64]).expect("finite");
    }
    for setting in every_setting() {
        let mut grads = batch.tensors();
        let method = setting.method().expect("can be said");
        let pipeline = Pipeline::<1, 4>::new().with(method);
        let mut pipeline = pipeline.expect("room for one");
        let inputs = trimtab::Inputs::default()
            .with_reference(0.5)
            .with_params(&moments);
        for _ in 0..3 {
            let name = setting.of.name;
            let decided = without_allocating(name, || pipeline.decide(&inputs, &mut grads));
            assert_eq!(decided, Ok(Verdict::Proceed), "{name}");
        }
    }
}

/// Refusals neither: they are values, and their texts are written out in the program.
#[test]
fn refusals_do_not_allocate() {
    after_the_first_call();
    let mut bad = [1.0_f32, f32::NAN];
    let mut grads = [Tensor::weight(&mut bad)];
    let not_finite = without_allocating("observe", || observe(&mut grads));
    assert_eq!(not_finite, Err(Error::NonFinite { tensor: 0 }));
    assert_eq!(
        without_allocating("apply", || apply(&mut grads)),
        not_finite
    );
}

/// A name that no processor's instruction set has is read once, refused at every pass, and copied at the first only.
#[test]
fn a_level_that_is_refused_is_read_once() {
    const TEST: &str = "a_level_that_is_refused_is_read_once";
    if std::env::var_os("TRIMTAB_LEVEL").is_none_or(|name| name != "abacus") {
        let mut child = again::again();
        child.args(["--exact", TEST]).env("TRIMTAB_LEVEL", "abacus");
        let output = child.output().expect("a child can be started");
        let text = String::from_utf8_lossy(&output.stdout);
        let ran = text.contains("1 passed");
        assert!(output.status.success() && ran, "{text}");
        return;
    }
    assert_eq!(observe(&mut []), Err(Error::Unsupported));
    for _ in 0..3 {
        let refused = without_allocating("a refused level", || observe(&mut []));
        assert_eq!(refused, Err(Error::Unsupported));
    }
}

/// Its queue gets a new block every 63rd time that something is handed over: one thread does those passes.
#[test]
#[cfg(feature = "rayon")]
fn without_memory_one_thread_goes_on() {
    let mut data: Vec<f32> = (0..600_000).map(|i| (i % 1_009) as f32).collect();
    let mut grads = [Tensor::weight(&mut data)];
    observe(&mut grads).expect("finite");
    let alone = *grads[0].moments();
    trimtab::set_threads(2).expect("threads can be started");
    observe(&mut grads).expect("finite");
    let mut same = 0;
    EMPTY.set(true);
    for _ in 0..200 {
        let done = observe(&mut grads);
        same += usize::from(done.is_ok() && *grads[0].moments() == alone);
    }
    let more = trimtab::set_threads(3);
    EMPTY.set(false);
    assert_eq!((same, more), (200, Err(Error::Unsupported)));
    assert_eq!(trimtab::threads(), 2);
    trimtab::set_threads(1).expect("always there");
}
