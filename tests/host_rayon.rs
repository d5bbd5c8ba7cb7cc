//! Passes called from the workers of a program's own rayon pool.
#![cfg(feature = "rayon")]

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use trimtab::{Moments, Tensor, observe, set_threads};

/// More elements than `observe` needs to share out its work (2^19).
const MANY: usize = (1 << 19) + 4_321;

fn moments() -> Moments {
    let mut data: Vec<f32> = (0..MANY).map(|i| (i % 1_009) as f32 - 504.25).collect();
    let mut grads = [Tensor::weight(&mut data)];
    observe(&mut grads).expect("finite");
    *grads[0].moments()
}

fn one_worker() -> ThreadPool {
    let builder = ThreadPoolBuilder::new().num_threads(1);
    builder.build().expect("a thread can be started")
}

/// The only worker holds a lock during a pass, and the job that is queued behind it wants the same lock: a worker that ran
/// other jobs while it waits for the pass would wait for itself.
#[test]
fn a_worker_that_holds_a_lock_runs_no_other_job_meanwhile() {
    let alone = moments();
    set_threads(2).expect("threads can be started");
    let (host, lock) = (one_worker(), Arc::new(Mutex::new(())));
    let (queued, is_queued) = channel();
    let (tell, told) = channel();
    let (held, wanted, second) = (lock.clone(), lock, tell.clone());
    host.spawn(move || {
        is_queued.recv().expect("the other job is queued");
        let _guard = held.lock().unwrap_or_else(PoisonError::into_inner);
        tell.send(Some(moments())).expect("the test waits");
    });
    host.spawn(move || {
        let _guard = wanted.lock().unwrap_or_else(PoisonError::into_inner);
        second.send(None).expect("the test waits");
    });
    queued.send(()).expect("the first job waits");
    let within = Duration::from_secs(60);
    let first = told.recv_timeout(within).expect("no deadlock");
    assert_eq!(first, Some(alone));
    assert_eq!(told.recv_timeout(within), Ok(None));
    set_threads(1).expect("always there");
}
