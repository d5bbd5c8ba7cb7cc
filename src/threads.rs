//! One seam between the passes and the threads: serial, or rayon over fixed pieces.
//!
//! No thread runs unless [`set_threads`] has asked for it, and even then only where there is more
//! work than waking a thread costs. Pieces end at fixed boundaries and partial results are combined
//! in index order, so the number of threads changes no bit of any result.

use crate::cpu::Level;
use crate::status::{Error, require};

/// Elements below which reading or writing them is not worth waking a thread: it takes some 12 us,
/// in which one core gets through about this many.
pub(crate) const LEAST_TO_PASS: usize = 1 << 19;

/// The same for an optimizer step, which does more for each element.
pub(crate) const LEAST_TO_STEP: usize = 1 << 17;

/// More threads than this are a mistake of the caller's.
const MOST: usize = 1_024;

/// What carries out a pass: an instruction set, and one thread or several.
#[derive(Clone, Copy)]
pub(crate) struct Crew {
    pub level: Level,
    several: bool,
}

/// Something to be done that can be divided.
pub(crate) trait Work: Send + Sized {
    /// Two parts of about equal size, the first part first, or the whole if it is too small to be
    /// worth dividing.
    fn halves(self) -> Result<(Self, Self), Self>;
}

impl Crew {
    /// Whether there is only one thread, and nothing to gain from dividing.
    pub(crate) fn is_alone(self) -> bool {
        // Known to the compiler without the feature: the code for several is left out then.
        !cfg!(feature = "rayon") || !self.several
    }

    /// Does `job` on all of the work, in pieces if there are hands for them.
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

/// Both, at the same time if there is a thread free.
fn join(left: impl FnOnce() + Send, right: impl FnOnce() + Send) {
    #[cfg(feature = "rayon")]
    rayon::join(left, right);
    #[cfg(not(feature = "rayon"))]
    {
        left();
        right();
    }
}

/// Carries out a pass over `elements` with the level in use, and with several threads if they were
/// asked for and the elements are at least `least`.
pub(crate) fn pass<R: Send>(
    elements: usize,
    least: usize,
    job: impl FnOnce(Crew) -> R + Send,
) -> Result<R, Error> {
    let level = Level::current()?;
    #[cfg(feature = "rayon")]
    if elements >= least
        && let Some(pool) = pool::current()
    {
        let several = true;
        return Ok(pool.install(|| job(Crew { level, several })));
    }
    let _ = (elements, least); // Without the feature nobody asks.
    let several = false;
    Ok(job(Crew { level, several }))
}

/// Lets the passes use up to `threads` threads, for all callers in this process; 1 to begin with.
///
/// The threads are started here and sleep between passes. Results are the same, to the bit, for any
/// number.
///
/// # Errors
///
/// [`Error::BadConfig`] for 0 and for more than 1,024; [`Error::Unsupported`] for more than 1 without the `rayon` feature,
/// or if the threads cannot be started.
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

/// How many threads the passes may use.
pub fn threads() -> usize {
    #[cfg(feature = "rayon")]
    return pool::current().map_or(1, |pool| pool.current_num_threads());
    #[cfg(not(feature = "rayon"))]
    1
}

#[cfg(feature = "rayon")]
mod pool {
    //! The threads that were asked for.

    use std::sync::{Arc, PoisonError, RwLock};

    use rayon::{ThreadPool, ThreadPoolBuilder};

    use crate::status::Error;

    static POOL: RwLock<Option<Arc<ThreadPool>>> = RwLock::new(None);

    /// None for one thread.
    pub(super) fn current() -> Option<Arc<ThreadPool>> {
        POOL.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A pass that is under way keeps the threads it has.
    pub(super) fn start(threads: usize) -> Result<(), Error> {
        let pool = match threads {
            1 => None,
            _ => Some(Arc::new(build(threads)?)),
        };
        *POOL.write().unwrap_or_else(PoisonError::into_inner) = pool;
        Ok(())
    }

    fn build(threads: usize) -> Result<ThreadPool, Error> {
        let builder = ThreadPoolBuilder::new().num_threads(threads);
        let named = builder.thread_name(|index| std::format!("trimtab-{index}"));
        named.build().map_err(|_| Error::Unsupported)
    }
}
