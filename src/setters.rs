//! Setters of configurations, which are not exhaustive so that they can grow.

/// One setter per field, taking and returning the value: `Adam::default().with_lr(1e-2).with_eps(1e-6)`.
macro_rules! setters {
    ($name:ident $(<$life:lifetime>)?: $($with:ident = $field:ident: $type:ty),+ $(,)?) => {
        impl $(<$life>)? $name $(<$life>)? {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub const fn $with(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}

pub(crate) use setters;
