//! The statistics of one gradient tensor, all that a method ever sees of it.

use crate::kernel::{self, Buffer, Element};
use crate::status::Error;
use crate::threads::{self, Crew, LEAST_TO_PASS};

/// Below this share of `sum_sq`, `sum_sq - sum^2/n` is rounding and not signal (2^-44).
const ROUNDING: f64 = 1.0 / (1_u64 << 44) as f64;

/// Largest magnitude that counts as finite: beyond it the squares of f64 elements overflow.
const LARGEST: f64 = 1e150;

/// Count, sum, sum of squares and largest magnitude of the elements of a tensor.
///
/// Sums are accumulated in double precision in a fixed order: element `i` goes to lane `i % 32`; after
/// every 2,048 elements the lanes are added to those of the block, after 65,536 those are added pairwise
/// (`lane[i] += lane[i + width]`, width 16, 8, 4, 2, 1), and blocks are added in index order. The
/// bits of the result depend on nothing else.
///
/// NaN elements leave `abs_max` alone and make the sums NaN (always the same NaN). Infinite elements, and
/// elements of double precision whose squares overflow, make `sum_sq` infinite.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// Number of elements.
    pub count: u64,
    /// Sum of the elements.
    pub sum: f64,
    /// Sum of the squares of the elements.
    pub sum_sq: f64,
    /// Largest magnitude of the elements that are not NaN; an upper bound where a mean was subtracted
    /// without another read of the data.
    pub abs_max: f64,
}

impl Moments {
    /// Adds the elements of `data`: observes a tensor piece by piece, while it is in the cache.
    ///
    /// A boundary between two chunks at a multiple of 65,536 elements from the start changes no
    /// bit of the result; other boundaries change the rounding of the sums.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] (tensor 0) if an element added so far is NaN, infinite or beyond
    /// 1e150; the moments are filled all the same. [`Error::BadLength`] if the count overflows.
    ///
    /// ```
    /// let mut moments = trimtab::Moments::default();
    /// moments.observe_chunk(&[3.0_f32, -4.0])?;
    /// assert_eq!((moments.norm(), moments.mean()), (5.0, -0.5));
    /// # Ok::<(), trimtab::Error>(())
    /// ```
    pub fn observe_chunk<T: Element>(&mut self, data: &[T]) -> Result<(), Error> {
        self.extend(data.len(), |crew, total| kernel::observe(crew, data, total))
    }

    /// [`observe_chunk`](Self::observe_chunk) for an element type chosen at run time.
    ///
    /// # Errors
    ///
    /// As [`observe_chunk`](Self::observe_chunk).
    pub fn observe_buffer(&mut self, data: &Buffer) -> Result<(), Error> {
        self.extend(data.len(), |crew, total| {
            kernel::observe_buffer(crew, data, total)
        })
    }

    /// Adds `len` elements by `add`, or refuses before anything changes.
    fn extend(
        &mut self,
        len: usize,
        add: impl FnOnce(Crew, &mut Self) + Send,
    ) -> Result<(), Error> {
        self.check_shape(0)?;
        if self.count.checked_add(len as u64).is_none() {
            return Err(Error::BadLength { index: 0 });
        }
        threads::pass(len, LEAST_TO_PASS, |crew| add(crew, self))?;
        self.check_finite(0)
    }

    /// Adds the moments `other`, so that these describe the elements of both: ranks, shards, or several outputs of a
    /// network.
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`] if the count overflows and [`Error::BadState`] if either holds a
    /// negative sum of squares or magnitude. Moments that are not finite merge like any others, so that
    /// every rank learns of them.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        self.check_shape(0)?;
        other.check_shape(1)?;
        if self.count.checked_add(other.count).is_none() {
            return Err(Error::BadLength { index: 1 });
        }
        self.add(other);
        Ok(())
    }

    /// `merge` without its checks: the one place where partial results are combined.
    #[inline]
    pub(crate) fn add(&mut self, other: &Self) {
        self.count = self.count.wrapping_add(other.count);
        self.sum = one_nan(self.sum + other.sum);
        self.sum_sq = one_nan(self.sum_sq + other.sum_sq);
        if other.abs_max > self.abs_max {
            self.abs_max = other.abs_max;
        }
    }

    /// Mean, `sum / count`; NaN for no elements.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// Unbiased standard deviation `sqrt((sum_sq - sum^2/n) / (n - 1))`; NaN for n < 2.
    ///
    /// Where the difference is at most 2^-44 of `sum_sq` it is rounding and counts as 0: a constant
    /// gradient has standard deviation 0. That is a standard deviation below 2^-22 (2.4e-7) of the mean; centring such
    /// a gradient silences it. Above, the variance has a relative error of about `2^-52 * (mean/std)^2`: 2e-12 where the
    /// mean is 100 times the standard deviation, 2e-8 where it is 10^4 times, 2e-4 where it is 10^6 times.
    ///
    /// Blocks are added one after the other, so that a constant of more than some 1e8 elements may show a standard
    /// deviation of rounding size again. The squares of f64 elements below 1.5e-154 lose digits, those below 1.5e-162
    /// are 0, and norm and standard deviation with them.
    pub fn std(&self) -> f64 {
        if self.count < 2 {
            return f64::NAN;
        }
        libm::sqrt(self.centered_sum_sq() / (self.count - 1) as f64)
    }

    /// 2-norm, `sqrt(sum_sq)`.
    pub fn norm(&self) -> f64 {
        libm::sqrt(self.sum_sq)
    }

    /// Whether the sums are finite and `abs_max` is at most 1e150, which holds if all elements are (and fewer than some
    /// 1e8 of them are that large).
    pub fn is_finite(&self) -> bool {
        self.sum.is_finite() && self.sum_sq.is_finite() && self.abs_max <= LARGEST
    }

    /// Sum of squares about the mean, `sum_sq - sum^2/n`, with rounding counted as 0.
    pub(crate) fn centered_sum_sq(&self) -> f64 {
        // sum * (sum/n), because sum^2 may overflow where the quotient does not.
        let difference = self.sum_sq - self.sum * self.mean();
        if difference <= ROUNDING * self.sum_sq {
            0.0
        } else {
            difference
        }
    }

    /// Refuses moments that no observation can have left in the caller's memory.
    pub(crate) fn check_shape(&self, index: usize) -> Result<(), Error> {
        if self.sum_sq < 0.0 || self.abs_max < 0.0 {
            let what = "moments hold a negative sum of squares or magnitude";
            return Err(Error::BadState { index, what });
        }
        Ok(())
    }

    pub(crate) fn check_finite(&self, tensor: usize) -> Result<(), Error> {
        if self.is_finite() {
            Ok(())
        } else {
            Err(Error::NonFinite { tensor })
        }
    }
}

/// Every NaN becomes the same one, because the payload and sign that arithmetic returns depend on the
/// processor.
#[inline]
fn one_nan(x: f64) -> f64 {
    if x.is_nan() { f64::NAN } else { x }
}
