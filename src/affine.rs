//! The pending transformation of a tensor: decided, and not yet written.

/// The pending transformation of one gradient tensor, element by element:
///
/// ```text
/// y = clamp((x - center) * scale, -limit, +limit)
/// ```
///
/// `center` is in units of the gradient in the buffer, `limit` in units of the result. All three
/// stay in double precision until they meet the data, so a scale outside the range of the gradient's
/// dtype still gives the correctly scaled result. A scale of 0 writes +0.0 whatever the data, NaN
/// included: that is how [`Guard`](crate::Guard) silences a tensor.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Subtracted first; 0, or the mean of the gradient.
    pub center: f64,
    /// Multiplied next; finite.
    pub scale: f64,
    /// Upper bound on the magnitude of the result; +infinity for none.
    pub limit: f64,
}

impl Affine {
    /// The transformation that leaves every element as it is.
    pub const IDENTITY: Self = Self::new(0.0, 1.0, f64::INFINITY);

    const fn new(center: f64, scale: f64, limit: f64) -> Self {
        Self {
            center,
            scale,
            limit,
        }
    }

    /// The transform of one element, in f64.
    ///
    /// ```
    /// let halved = trimtab::Affine { scale: 0.5, ..trimtab::Affine::IDENTITY };
    /// assert_eq!(halved.transform(3.0), 1.5);
    /// ```
    pub fn transform(&self, x: f64) -> f64 {
        // Selects throughout: they become vector instructions, and f64::clamp may panic.
        let y = (x - self.center) * self.scale;
        let y = if y > self.limit { self.limit } else { y };
        let y = if y < -self.limit { -self.limit } else { y };
        if self.scale == 0.0 { 0.0 } else { y }
    }

    /// Upper bound on the magnitude of the result for |x| <= `abs_max`.
    pub(crate) fn bound(&self, abs_max: f64) -> f64 {
        if self.scale == 0.0 {
            return 0.0;
        }
        let bound = self.scale.abs() * (abs_max + self.center.abs());
        if bound > self.limit {
            self.limit
        } else {
            bound
        }
    }

    /// The factor in f32, for the loops that multiply in f32: that of a plain scaling by a normal f32. None for every
    /// other transformation, which is computed in f64.
    #[inline(always)]
    pub(crate) fn single(&self) -> Option<f32> {
        let plain = self.center == 0.0 && !self.has_limit();
        let factor = self.scale as f32;
        (plain && factor.is_normal()).then_some(factor)
    }

    /// This transformation followed by a multiplication; the limit moves with the result.
    pub(crate) fn then_scale(self, factor: f64) -> Self {
        let limit = if self.has_limit() {
            self.limit * factor.abs()
        } else {
            self.limit
        };
        Self {
            scale: self.scale * factor,
            limit,
            ..self
        }
    }

    /// This transformation followed by a clamp.
    pub(crate) fn then_limit(self, limit: f64) -> Self {
        Self {
            limit: self.limit.min(limit),
            ..self
        }
    }

    /// Whether it is [`Affine::IDENTITY`] to the bit.
    pub(crate) fn is_identity(&self) -> bool {
        let bits = |affine: &Self| [affine.center, affine.scale, affine.limit].map(f64::to_bits);
        bits(self) == bits(&Self::IDENTITY)
    }

    /// Whether a finite limit is pending, after which the moments of the result are unknown.
    #[inline(always)]
    pub(crate) fn has_limit(&self) -> bool {
        self.limit < f64::INFINITY
    }

    /// Whether the loops can use it: a caller's memory may hold anything.
    pub(crate) fn is_valid(&self) -> bool {
        self.center.is_finite() && self.scale.is_finite() && self.limit >= 0.0
    }
}

impl Default for Affine {
    /// [`Affine::IDENTITY`].
    fn default() -> Self {
        Self::IDENTITY
    }
}
