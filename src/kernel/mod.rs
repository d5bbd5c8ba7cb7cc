//! The loops over elements, and the only `unsafe` code of this crate.
//!
//! | file | holds |
//! |---|---|
//! | `element.rs` | the element types and their conversions to f64 and back |
//! | `buffer.rs` | [`Buffer`]: elements of a type chosen at run time |
//! | `isa.rs` | the small trait over which every loop is written: vectors of f64 and of f32 |
//! | `portable.rs`, `x86/`, `arm.rs` | that trait in plain Rust, and for each instruction set |
//! | `intrinsics.rs` | the macros in which such a set is written |
//! | `halves.rs` | f16 and bf16 to f32 and back, for sets without an instruction for it |
//! | `place.rs` | [`Place`]: room for descriptors, kept from step to step |
//! | `cpuid.rs` | detection of the features of an x86-64 processor |
//! | `dispatch.rs` | from a [`Level`](crate::Level) to the loop compiled for it |
//! | `sums.rs` | the read loop: lanes, blocks and their order |
//! | `write.rs` | the write loop: an affine, in place or into another buffer |
//! | `step.rs` | the write loop fused with an update, over the small trait `Rule` |
//! | `mode.rs` | the processor's floating-point mode, set to the default for the time of a call |
//!
//! A kernel never sees a method: it takes numbers and buffers. Each loop exists once, over groups of
//! [`LANES`] elements, and works on raw pointers so that source and target may be the same memory.

#[cfg(all(target_arch = "x86", not(target_feature = "sse2")))]
compile_error!(
    "trimtab needs SSE2 on 32-bit x86: x87 rounds to 64 bits of significand on the way, so that results would be others"
);

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod arm;
mod buffer;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) mod cpuid;
mod dispatch;
mod element;
mod halves;
#[cfg(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon")
))]
mod intrinsics;
mod isa;
mod mode;
mod place;
mod portable;
mod step;
mod sums;
mod write;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86;

pub use buffer::{Buffer, Role};
pub use element::{Dtype, Element};
pub use isa::Parameter;
pub(crate) use isa::{Isa, Pack};
pub use mode::in_default_mode;
#[cfg(feature = "rayon")]
pub(crate) use mode::set_default_mode;
pub use place::Place;
pub(crate) use step::{Buffers, Rule, step};
pub use sums::{BLOCK, LANES};
pub(crate) use sums::{observe, observe_buffer};
pub(crate) use write::{write_in_place, write_into};

/// Runs `$body` with `$T` standing for the element type of `$dtype`.
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            crate::kernel::Dtype::F32 => {
                type $T = f32;
                $body
            }
            crate::kernel::Dtype::F16 => {
                type $T = half::f16;
                $body
            }
            crate::kernel::Dtype::BF16 => {
                type $T = half::bf16;
                $body
            }
            crate::kernel::Dtype::F64 => {
                type $T = f64;
                $body
            }
        }
    };
}
pub(crate) use with_element;
