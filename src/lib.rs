//! trimtab keeps gradients in scale between the backward pass and the optimizer update.
//!
//! Everything here is one idea in three moves:
//!
//! ```text
//! observe   read each gradient tensor once       -> Moments {count, sum, sum_sq, abs_max}
//! decide    moments (+ the method's state)       -> Affine  y = clamp((x - center) * scale, -limit, limit)
//! write     apply the affine in place, or hand it to a fused optimizer step
//! ```
//!
//! Deciding costs a few floating-point operations per *tensor*. Moments can be pushed through an
//! affine without another read of the data, so methods chain for free: however long the chain,
//! the gradients are read once and written once.
//!
//! ```
//! use trimtab::{Adam, ClipNorm, Slot, StableGrad, StepState, Tensor};
//!
//! // One layer: its parameters, Adam's two moments, and this step's gradients.
//! let (mut w, mut m, mut v) = ([0.1_f32, -0.2, 0.3], [0.0; 3], [0.0; 3]);
//! let (mut dw, mut steps) = ([2e-9_f32, 1e-9, -3e-9], StepState::default());
//!
//! let mut grads = [Tensor::weight(&mut dw)];
//! trimtab::observe(&mut grads)?;
//! StableGrad::default().decide(0.5, &mut grads)?; // 0.5 = std of dL/d(prediction)
//! ClipNorm::global(1.0).decide(&mut grads)?;
//! Adam::default().step(&mut steps, &mut grads, &mut [Slot::adam(&mut w, &mut m, &mut v)])?;
//! # Ok::<(), trimtab::Error>(())
//! ```
//!
//! # A complete program
//!
//! ```
//! use trimtab::{Adam, ClipNorm, GradientStabilizer, NormState, Slot, StepState, Tensor};
//!
//! fn main() -> Result<(), trimtab::Error> {
//!     // Fit y = a*x + b to y = 2x + 1, with one wild batch on the way.
//!     let (mut a, mut b) = ([0.0_f32], [0.0_f32]);
//!     let mut buffers = [[0.0_f32]; 4]; // Adam's moments of a and of b
//!     let mut steps = StepState::default();
//!     let mut norms = [NormState::default(); 2];
//!     let adam = Adam::new(0.02);
//!
//!     for step in 0..2000 {
//!         let x = (step % 7) as f32 / 7.0;
//!         let wild = if step == 500 { 1e30 } else { 1.0 };
//!         let residual = (a[0] * x + b[0] - (2.0 * x + 1.0)) * wild;
//!         let (mut da, mut db) = ([residual * x], [residual]);
//!
//!         let mut grads = [Tensor::weight(&mut da), Tensor::bias(&mut db)];
//!         trimtab::observe(&mut grads)?;
//!         ClipNorm::global(1.0).decide(&mut grads)?;
//!         GradientStabilizer::default().decide(&mut norms, &mut grads)?;
//!         let [ma, va, mb, vb] = &mut buffers;
//!         let mut slots = [Slot::adam(&mut a, ma, va), Slot::adam(&mut b, mb, vb)];
//!         adam.step(&mut steps, &mut grads, &mut slots)?;
//!     }
//!     println!("y = {:.2} x + {:.2}", a[0], b[0]);
//!     assert!((a[0] - 2.0).abs() < 0.01 && (b[0] - 1.0).abs() < 0.01);
//!     Ok(())
//! }
//! ```
//!
//! It prints `y = 2.00 x + 1.00`. The clip comes first so that the running average of GradientStabilizer
//! never sees the spike: behind a batch that wild it alone would keep updates small for thousands of steps.
//!
//! For one call per step instead of three, with configurations and states in one value: [`Pipeline`]. For
//! methods of your own: [`custom`]. Features: `std` (default) and `rayon`; without either
//! (`default-features = false`) the crate needs nothing but core. It is not on crates.io yet:
//! `trimtab = { path = "path/to/trimtab" }`.
//!
//! # Map
//!
//! `ARCHITECTURE.md` in the repository is the whole picture, with a glossary.
//!
//! | module | holds |
//! |---|---|
//! | [`Tensor`] | the descriptor of a gradient: buffer, role, moments and pending affine |
//! | [`Moments`], [`Affine`], [`Outlook`] | statistics, the pending transformation, statistics after it |
//! | [`observe`](fn@observe) | the read pass |
//! | `method/` | one file per method: [`StableGrad`], [`GradientStabilizer`], [`Autoscale`], [`Centralize`], [`Znorm`], [`ClipNorm`], [`ClipValue`], [`Agc`], [`Zclip`], [`Unscale`], [`Scale`], [`Guard`] |
//! | [`apply`](fn@apply), [`apply_into`] | the write pass |
//! | `optimizer/` | the write pass fused with an update: [`Sgd`], [`Adam`] |
//! | [`decide`](fn@decide), [`Link`], [`Chain`] | several methods as one call: all decide, or nothing changes |
//! | [`Pipeline`], [`PipelineMut`] | methods with their states in one value, for one call per step |
//! | [`custom`] | methods of your own |
//! | [`checkpoint`] | all states of a run as bytes, and back |
//! | [`Level`] | the instruction set that the loops use |
//! | [`set_threads`] | the number of threads that a pass may use, 1 by default |
//! | `kernel/` | the loops over elements, and the only `unsafe` of this crate |
//! | [`init_std`] | the initialisation recommended with StableGrad |
//! | [`Error`], [`Status`] | the reasons for which a call is refused |
//!
//! # Promises
//!
//! * On one thread nothing is allocated; gradients are never copied; no panic is reachable.
//! * A refused call changes no bit of gradients, parameters, states or affines. (Observing returns
//!   [`Error::NonFinite`] with the moments filled in and the affines reset.)
//! * The order of every sum is fixed, so results do not depend on instruction set, number of threads
//!   or build.
#![no_std]
#![deny(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod affine;
mod apply;
mod chain;
pub mod checkpoint;
mod cpu;
pub mod custom;
mod decide;
mod init;
#[allow(unsafe_code)] // The only module that may: see its header.
mod kernel;
mod method;
mod moments;
mod observe;
mod optimizer;
mod outlook;
mod pipeline;
mod setters;
mod status;
mod tensor;
mod threads;

pub use affine::Affine;
pub use apply::{Outputs, apply, apply_into, apply_into_with};
pub use chain::{Chain, Refused, decide};
pub use cpu::Level;
pub use half::{bf16, f16};
pub use init::{Activation, init_std};
#[doc(hidden)] // For the C ABI.
pub use kernel::in_default_mode;
pub use kernel::{BLOCK, Buffer, Dtype, Element, LANES, Parameter, Place, Role};
pub use method::*;
pub use moments::Moments;
pub use observe::observe;
pub use optimizer::{Adam, Sgd, Slot, Slots, StepState};
pub use outlook::Outlook;
pub use pipeline::{Pipeline, PipelineMut, Stage};
pub use status::{Error, Status};
pub use tensor::Tensor;
pub use threads::{set_threads, threads};
