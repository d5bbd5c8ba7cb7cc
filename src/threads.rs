//! One seam between the passes and the threads: serial, or rayon over fixed pieces.
//!
//! No thread runs unless [`set_threads`] has asked for it, and even then only where the work outweighs
//! the cost of waking it. Pieces end at fixed boundaries and partial results are combined
//! in index order, so the number of threads changes no bit of any result.

use crate::cpu::Level;
use crate::status::{Error, require};

/// Number of elements below which reading or writing them is not worth waking a thread: that takes some
/// 12 us, in which one core gets through about this many.
pub(crate) const LEAST_TO_PASS: usize = 1 << 19;

/// The same for an optimizer step, which does more for each element.
pub(crate) const LEAST_TO_STEP: usize = 1 << 17;

/// Upper bound on the number of threads: more are a mistake of the caller's.
const MOST: usize = 1_024;

/// The means of a pass: an instruction set, and one thread or several.
#[derive(Clone, Copy)]
pub(crate) struct Crew {
    pub level: Level,
    several: bool,
}

/// Work that can be divided.
pub(crate) trait Work: Send + Sized {
    /// Two parts of about equal size, the first part first, or the whole if it is too small to be
    /// worth dividing.
    fn halves(self) -> Result<(Self, Self), Self>;
}

impl Crew {
    /// Whether there is only one thread, and nothing to gain from dividing.
    pub(crate) fn is_alone(self) -> bool {
        // A constant without the feature, so that the code for several is left out.
        !cfg!(feature = "rayon") || !self.several
    }

    /// Does `job` on all of the work, in pieces if there are threads for them.
    pub(crate) fn divide<W: Work>(self, work: W, job: &(impl Fn(W) + Sync)) {
        if self.is_alone() {
            return job(work);
        }
        match work.halves() {
            Ok((left, right)) => join(|| self.divide(left, job), || self.divide(right, job)),
            Err(whole) => job(whole),
        }
    }
}

/// Runs both, at the same time if a thread is free.
fn join(left: impl FnOnce() + Send, right: impl FnOnce() + Send) {
    #[cfg(feature = "rayon")]
    rayon::join(left, right);
    #[cfg(not(feature = "rayon"))]
    {
        left();
        right();
    }
}

/// Carries out a pass over this many elements with the level in use, and with several threads if the
/// caller has set them and the elements are at least `least`.
pub(crate) fn pass<R: Send>(
    elements: usize,
    least: usize,
    job: impl FnOnce(Crew) -> R + Send,
) -> Result<R, Error> {
    let level = Level::current()?;
    #[cfg(feature = "rayon")]
    if elements >= least
        && let Some(pool) = pool::to_hand_over()
    {
        let several = true;
        return Ok(pool.install(|| job(Crew { level, several })));
    }
    let _ = (elements, least); // Unused without the feature.
    let several = false;
    Ok(job(Crew { level, several }))
}

/// Sets the number of threads that a pass may use, for all callers in this process; 1 until then.
///
/// The threads are started here and sleep between passes. Results are the same, to the bit, for any
/// number.
///
/// The calling thread makes a pass alone
/// * in a process made by `fork`, which has none of its parent's threads, until that process sets a number of its own;
/// * in a worker of another rayon pool: rayon would have it run other jobs of that pool while it waits, and one of them may
///   need a lock that its job holds;
/// * where memory for handing over work is not available, and while another thread is changing the number.
///
/// # Errors
///
/// [`Error::BadConfig`] for 0 and for more than 1,024; [`Error::Unsupported`] for more than 1 without the `rayon` feature,
/// or if the threads cannot be started, which needs 40 MiB of address space beside their stacks; the threads then stay as
/// they were. Also, for any number, in a process forked at the very moment when another thread was changing or reading the
/// number: it keeps one.
///
/// ```
/// trimtab::set_threads(1)?;
/// assert_eq!(trimtab::threads(), 1);
/// # Ok::<(), trimtab::Error>(())
/// ```
pub fn set_threads(threads: usize) -> Result<(), Error> {
    require(
        (1..=MOST).contains(&threads),
        "set_threads: from 1 to 1,024 threads",
    )?;
    #[cfg(feature = "rayon")]
    return pool::start(threads);
    #[cfg(not(feature = "rayon"))]
    return if threads == 1 {
        Ok(())
    } else {
        Err(Error::Unsupported)
    };
}

/// Number of threads that a pass may use; 1 also while another thread is changing the number.
pub fn threads() -> usize {
    #[cfg(feature = "rayon")]
    return pool::current().map_or(1, |pool| pool.len());
    #[cfg(not(feature = "rayon"))]
    1
}

#[cfg(feature = "rayon")]
mod pool {
    //! The pool of threads.
    //!
    //! A process made by `fork` has the pool in its memory but not its threads, and a lock that another thread held at
    //! that moment stays locked. So no lock is waited for without end, and a pool is used and dropped in its own process
    //! only.

    use std::hint::black_box;
    use std::sync::{Arc, Barrier, RwLock, TryLockError};
    use std::time::Duration;
    use std::vec::Vec;
    use std::{io, mem, process, thread};

    use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

    use crate::kernel::set_default_mode;
    use crate::status::Error;

    pub(super) struct Pool {
        threads: ThreadPool,
        /// The process that started them.
        process: u32,
    }

    static POOL: RwLock<Option<Arc<Pool>>> = RwLock::new(None);

    /// Number of bytes, more than the queue allocates for a pass that is handed over.
    const TO_HAND_OVER: usize = 1 << 12;

    /// The same for a pool of 1,024 threads, for what these allocate when they begin, and for the stack of one. More than
    /// 32 MiB, which the C library of Linux maps by themselves and gives back at once, so that others find them.
    const TO_BEGIN: usize = 40 << 20;

    impl Pool {
        pub(super) fn len(&self) -> usize {
            self.threads.current_num_threads()
        }

        pub(super) fn install<R: Send>(&self, job: impl FnOnce() -> R + Send) -> R {
            self.threads.install(job)
        }

        fn is_here(&self) -> bool {
            self.process == process::id()
        }
    }

    /// None for one thread, and while another thread is changing the number.
    pub(super) fn current() -> Option<Arc<Pool>> {
        let pool = match POOL.try_read() {
            Ok(pool) => pool.clone(),
            Err(TryLockError::Poisoned(pool)) => pool.into_inner().clone(),
            Err(TryLockError::WouldBlock) => None,
        };
        pool.filter(|pool| pool.is_here())
    }

    /// The pool, if the calling thread may hand a pass over to it. A worker of the program's own rayon would run other
    /// jobs of its pool while it waits, which may need a lock that its job holds. Without memory the queue would abort.
    pub(super) fn to_hand_over() -> Option<Arc<Pool>> {
        let pool = current()?;
        let may = rayon::current_thread_index().is_none() && has_memory(TO_HAND_OVER);
        may.then_some(pool)
    }

    /// A pass in progress keeps its threads.
    pub(super) fn start(threads: usize) -> Result<(), Error> {
        let new = match threads {
            1 => None,
            _ => Some(Arc::new(build(threads)?)),
        };
        let old = exchange(new)?;
        // To drop a pool takes locks, which threads that do not exist here may have held.
        mem::forget(old.filter(|old| !old.is_here()));
        Ok(())
    }

    /// The present pool. The holder of the lock releases it at once, or never in a process made by `fork`.
    fn exchange(new: Option<Arc<Pool>>) -> Result<Option<Arc<Pool>>, Error> {
        for _ in 0..1_000 {
            match POOL.try_write() {
                Ok(mut pool) => return Ok(mem::replace(&mut *pool, new)),
                Err(TryLockError::Poisoned(pool)) => {
                    return Ok(mem::replace(&mut *pool.into_inner(), new));
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            }
        }
        Err(Error::Unsupported)
    }

    /// All of them, or none.
    fn build(threads: usize) -> Result<Pool, Error> {
        if !has_memory(TO_BEGIN) {
            return Err(Error::Unsupported);
        }
        let builder = ThreadPoolBuilder::new().num_threads(threads);
        let started = builder.spawn_handler(begin).build();
        let threads = started.map_err(|_| Error::Unsupported)?;
        let process = process::id();
        Ok(Pool { threads, process })
    }

    /// One thread, if its first memory is available. Waits until the thread has it: several threads at the same time could
    /// take more than was free when each was checked.
    fn begin(worker: ThreadBuilder) -> io::Result<()> {
        if !has_memory(TO_BEGIN) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let name = std::format!("trimtab-{}", worker.index());
        let begun = Arc::new(Barrier::new(2));
        let work = {
            let begun = Arc::clone(&begun);
            move || {
                set_default_mode();
                has_memory(TO_HAND_OVER); // So that the C library has given the thread its own share.
                begun.wait();
                worker.run();
            }
        };
        thread::Builder::new().name(name).spawn(work)?;
        begun.wait();
        Ok(())
    }

    /// Whether this many bytes can be allocated. Checked beforehand, because a failed allocation in Rust, rayon or the C
    /// library ends the process instead of returning an error.
    fn has_memory(bytes: usize) -> bool {
        let mut memory: Vec<u8> = Vec::new();
        let reserved = memory.try_reserve_exact(bytes).is_ok();
        black_box(&mut memory); // Else it is optimised away.
        reserved
    }
}
