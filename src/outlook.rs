//! The outlook: statistics of a gradient as its pending affine will leave it.
//!
//! Methods chain because of this: each sees the gradient as those before it will leave it, without
//! another read of the data. The statistics are computed in the units of the buffer first and
//! scaled last, so no scale can overflow or underflow a square on the way. (A statistic below
//! 2.2e-308 itself has fewer digits, as every f64 there.)

use crate::affine::Affine;
use crate::moments::Moments;

/// A tensor's moments seen through its pending affine; from [`Tensor::outlook`](crate::Tensor::outlook).
///
/// A pending finite limit is ignored: methods that need these numbers refuse to follow one
/// ([`Error::Order`](crate::Error::Order)).
#[derive(Clone, Copy, Debug)]
pub struct Outlook<'t> {
    moments: &'t Moments,
    affine: &'t Affine,
}

impl<'t> Outlook<'t> {
    pub(crate) fn new(moments: &'t Moments, affine: &'t Affine) -> Self {
        Self { moments, affine }
    }

    /// Number of elements.
    pub fn count(&self) -> u64 {
        self.moments.count
    }

    /// Mean; exactly 0 where the mean was subtracted or the scale is 0, else NaN for no elements.
    pub fn mean(&self) -> f64 {
        if self.is_silent() {
            return 0.0;
        }
        // center is the mean to the bit where a method subtracted it: the difference is 0 then.
        self.affine.scale * (self.moments.mean() - self.affine.center)
    }

    /// Unbiased standard deviation; NaN for fewer than two elements.
    pub fn std(&self) -> f64 {
        match self.is_silent() && self.count() >= 2 {
            true => 0.0,
            false => self.affine.scale.abs() * self.moments.std(),
        }
    }

    /// 2-norm.
    pub fn norm(&self) -> f64 {
        if self.is_silent() {
            return 0.0;
        }
        self.affine.scale.abs() * libm::sqrt(self.sum_sq_about_center())
    }

    /// Upper bound on the magnitude of every element.
    pub fn abs_max(&self) -> f64 {
        self.affine.bound(self.moments.abs_max)
    }

    /// Whether the scale is 0 or there are no elements: the outlook is zeros, whatever the moments.
    fn is_silent(&self) -> bool {
        self.affine.scale == 0.0
    }

    /// `sum((x - center)^2)`: the squares about the mean plus n times the squared distance.
    fn sum_sq_about_center(&self) -> f64 {
        if self.affine.center == 0.0 || self.count() == 0 {
            return self.moments.sum_sq;
        }
        let distance = self.moments.mean() - self.affine.center;
        self.moments.centered_sum_sq() + self.count() as f64 * distance * distance
    }
}

impl Moments {
    /// The moments of the tensor after `affine`, computed without the data:
    ///
    /// ```text
    /// sum'     = scale * (sum - count*center)            exactly 0 if center is the mean
    /// sum_sq'  = scale^2 * (sum_sq - 2*center*sum + count*center^2)        never below 0
    /// abs_max' = |scale| * (abs_max + |center|)          an upper bound, at most the limit
    /// ```
    ///
    /// The sums ignore a finite limit: its effect on them depends on the data.
    ///
    /// ```
    /// use trimtab::{Affine, Moments};
    /// let mut moments = Moments::default();
    /// moments.observe_chunk(&[1.0_f32, 3.0])?;
    /// let centered = moments.through(&Affine { center: moments.mean(), ..Affine::IDENTITY });
    /// assert_eq!((centered.sum, centered.sum_sq), (0.0, 2.0));
    /// # Ok::<(), trimtab::Error>(())
    /// ```
    pub fn through(&self, affine: &Affine) -> Self {
        let outlook = Outlook::new(self, affine);
        let count = self.count;
        if count == 0 || outlook.is_silent() {
            return Moments {
                count,
                ..Moments::default()
            };
        }
        Moments {
            count,
            sum: match affine.center == 0.0 {
                true => affine.scale * self.sum,
                false => outlook.mean() * count as f64,
            },
            // One factor after the other: the square of the scale alone may leave the range of f64.
            sum_sq: affine.scale * (affine.scale * outlook.sum_sq_about_center()),
            abs_max: outlook.abs_max(),
        }
    }
}
