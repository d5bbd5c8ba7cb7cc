//! Races that ThreadSanitizer has to find, or its silence about the others says nothing: another thread touches an
//! element that the library reads, or writes. `threads.sh` wants both to fail.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

use trimtab_core::{Scale, Tensor, apply, observe};

/// Of these, the first is the loop's over vectors, not of the rest that does not fill one.
const LEN: usize = 1 << 14;

/// One in three is missed.
const ROUNDS: usize = 30;

#[test]
fn what_the_library_reads_is_written() {
    let observe = |grads: &mut [Tensor]| observe(grads).expect("finite");
    // SAFETY: an element that outlives the threads; the race is undefined behaviour, and the purpose.
    race(observe, |element| unsafe { element.write(2.0) });
}

#[test]
fn what_the_library_writes_is_read() {
    let halve = |grads: &mut [Tensor]| {
        observe(grads).expect("finite");
        Scale::new(0.5).decide(grads).expect("in range");
        apply(grads).expect("in range");
    };
    race(halve, |element| {
        // SAFETY: as above.
        black_box(unsafe { element.read() });
    });
}

/// `pass` over a gradient and `touch` on its first element, at the same time.
fn race(pass: impl Fn(&mut [Tensor]) + Sync, touch: impl Fn(*mut f32) + Sync) {
    let mut gradient = vec![1.0_f32; LEN];
    let pointer = AtomicPtr::new(gradient.as_mut_ptr());
    let pointer = || pointer.load(Ordering::Relaxed);
    for _ in 0..ROUNDS {
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                // SAFETY: LEN elements that outlive the threads; the race is undefined behaviour, and the purpose.
                let gradient = unsafe { std::slice::from_raw_parts_mut(pointer(), LEN) };
                start.wait();
                pass(&mut [Tensor::weight(gradient)]);
            });
            scope.spawn(|| {
                start.wait();
                touch(pointer());
            });
        });
    }
}
