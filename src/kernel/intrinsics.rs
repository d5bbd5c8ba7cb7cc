//! The macros in which an instruction set is written: a table of intrinsics for its packs, and one for the rest of
//! [`Isa`](super::isa::Isa).
//!
//! The SAFETY comments hold for every set, because a value of its type, and so of its packs, exists only where the
//! processor has it.

/// A vector type with its operations, an intrinsic each.
macro_rules! pack {
    (
        $(#[$doc:meta])* $name:ident($vector:ty) of $len:literal $p:ident for $isa:ident,
        $splat:ident, $load:ident, $store:ident, $sqrt:ident,
        $($operator:ident::$function:ident = $intrinsic:ident),*;
        where_positive($x:ident, $of:ident) = $positive:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name($vector);

        $(impl core::ops::$operator for $name {
            type Output = Self;

            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                // SAFETY: a value of this type exists only where the instruction set does; so below.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        })*

        impl $crate::kernel::isa::Pack<$isa, $p> for $name {
            const LEN: usize = $len;

            #[inline(always)]
            fn splat(_: $isa, x: $p) -> Self {
                // SAFETY: the instruction set exists because its value does.
                Self(unsafe { $splat(x) })
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $sqrt(self.0) })
            }

            #[inline(always)]
            fn where_positive(self, of: Self) -> Self {
                let ($x, $of) = (self.0, of.0);
                // SAFETY: as above.
                Self(unsafe { $positive })
            }

            /// # Safety
            ///
            /// As in [`Pack`]($crate::kernel::isa::Pack).
            #[inline(always)]
            unsafe fn load(_: $isa, p: *const $p) -> Self {
                // SAFETY: in bounds by contract; the instruction set exists because its value does.
                Self(unsafe { $load(p) })
            }

            /// # Safety
            ///
            /// As in [`Pack`]($crate::kernel::isa::Pack).
            #[inline(always)]
            unsafe fn store(self, p: *mut $p) {
                // SAFETY: in bounds by contract; the instruction set exists because self does.
                unsafe { $store(p, self.0) }
            }
        }
    };
}
pub(super) use pack;

/// Operations that are a few intrinsics on vectors in, a vector or another value out.
macro_rules! operations {
    ($($name:ident($($x:ident: $t:ty),*) -> $out:ty = $body:expr;)*) => {
        $(#[inline(always)]
        fn $name(self, $($x: $t),*) -> $out {
            // SAFETY: a value of this type exists only where the instruction set does.
            unsafe { $body }
        })*
    };
}
pub(super) use operations;

/// Operations that follow a pointer.
macro_rules! memory {
    ($($name:ident($($x:ident: $t:ty),*) $(-> $out:ty)? = $body:expr;)*) => {
        $(
        /// # Safety
        ///
        /// As in [`Isa`].
        #[inline(always)]
        unsafe fn $name(self, $($x: $t),*) $(-> $out)? {
            // SAFETY: in bounds by contract; the instruction set exists because self does.
            unsafe { $body }
        })*
    };
}
pub(super) use memory;
