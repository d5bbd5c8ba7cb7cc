//! Decide: a chain of methods in one call.

use core::ffi::c_void;
use core::ptr;

use trimtab_core::custom::{Custom, Run};
use trimtab_core::{
    Autoscale, Chain, ClipNorm, ClipValue, Error, Link, Moments, NormState, Scale, Status, Tensor,
    Unscale, Verdict,
};

use crate::check::{Blame, array, array_mut, blamed, configuration, one_mut, put, tensors_mut};
use crate::config::{
    Configuration, trimtab_agc_config, trimtab_centralize_config, trimtab_clip_norm_config,
    trimtab_gradient_stabilizer_config, trimtab_guard_config, trimtab_stable_grad_config,
    trimtab_zclip_config, trimtab_znorm_config,
};
use crate::types::{trimtab_method, trimtab_method_kind, trimtab_status, trimtab_tensor};

/// Decides by a chain of methods, one after another, as a whole: if any of them refuses, no state and no
/// affine has changed.
///
/// chain    the methods in order, as many as methods says; may be NULL if methods is 0. No two may
///          share a state.
/// refused  set to the index of the method that refused; unchanged if none did. May be NULL.
///
/// SKIP_STEP if a guard returns it: the guard has counted, the methods before it have decided, and
/// those after it have not.
///
/// The codes are those of the methods' own functions. A chain of two or more methods must follow
/// trimtab_observe directly, where the affines are {0, 1, infinity}; else ORDER, of method 0. A chain of
/// one may follow other methods. BAD_CONFIG also for an unknown kind, a reserved field that is not 0, and
/// a config, state, number or input that is not NULL or 0 where the method has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_decide(
    chain: *const trimtab_method,
    methods: usize,
    grads: *mut trimtab_tensor,
    n: usize,
    refused: *mut usize,
) -> trimtab_status {
    // SAFETY: passed on.
    unsafe { trimtab_decide_at(chain, methods, grads, n, refused, ptr::null_mut()) }
}

/// trimtab_decide that also writes which tensor made it fail: see trimtab_observe_at. For a single
/// method pass a chain of one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_decide_at(
    chain: *const trimtab_method,
    methods: usize,
    grads: *mut trimtab_tensor,
    n: usize,
    refused: *mut usize,
    at: *mut usize,
) -> trimtab_status {
    let decide = || {
        // SAFETY: the pointers are the caller's promise.
        let methods = unsafe { array(chain, methods) }?;
        let mut chain = RawChain {
            methods,
            blame: None,
        };
        // SAFETY: as above.
        let result = unsafe { chain.decide(grads, n) };
        result.map_err(|(method, blame)| {
            if let Some(method) = method {
                // SAFETY: as above.
                unsafe { put(refused, method) };
            }
            blame
        })
    };
    // SAFETY: as above.
    unsafe { blamed(at, decide) }
}

/// A chain as C has it: each method becomes a link whenever it is asked.
struct RawChain<'a> {
    methods: &'a [trimtab_method],
    /// Why a method could not become one, which no error of the core can say.
    blame: Option<Blame>,
}

impl RawChain<'_> {
    /// Blames a method by its index, if it was one that refused.
    ///
    /// # Safety
    ///
    /// Descriptors and methods are as the header requires.
    unsafe fn decide(
        &mut self,
        grads: *mut trimtab_tensor,
        n: usize,
    ) -> Result<(), (Option<usize>, Blame)> {
        // In the order of the method's own function: first its arguments, then the gradients.
        if let Some(first) = self.methods.first() {
            // SAFETY: passed on.
            unsafe { link(first, n) }.map_err(|blame| (Some(0), blame))?;
        }
        // SAFETY: passed on.
        let grads = unsafe { tensors_mut(grads, n) }.map_err(|blame| (None, blame))?;
        match trimtab_core::decide(self, grads) {
            Ok(Verdict::Proceed) => Ok(()),
            Ok(Verdict::SkipStep) => Err((None, Status::SkipStep.into())),
            Err(refused) => {
                let blame = self.blame.unwrap_or(refused.error.into());
                Err((Some(refused.method), blame))
            }
        }
    }
}

impl Chain for RawChain<'_> {
    fn len(&self) -> usize {
        self.methods.len()
    }

    fn decide(&mut self, method: usize, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error> {
        let index = method;
        let method = self.methods.get(index).ok_or(Error::BadLength { index })?;
        // SAFETY: the caller of trimtab_decide promises that the pointers fit the kind.
        match unsafe { link(method, grads.len()) } {
            Ok(mut link) => link.decide(grads, run),
            Err(blame) => {
                self.blame = Some(blame);
                Err(Error::Unsupported)
            }
        }
    }
}

/// # Safety
///
/// The pointers of the method are those that its kind takes, valid for `n` tensors and for `'a`.
unsafe fn link<'a>(method: &trimtab_method, n: usize) -> Result<Link<'a>, Blame> {
    use trimtab_method_kind::*;
    let kind = kind(method)?;
    let (config, state, number) = (method.config, method.state, method.number);
    // SAFETY: passed on; each state's type is that of its kind.
    Ok(unsafe {
        match kind {
            TRIMTAB_METHOD_UNSCALE => Link::Unscale(Unscale::new(number)),
            TRIMTAB_METHOD_SCALE => Link::Scale(Scale::new(number)),
            TRIMTAB_METHOD_GUARD => {
                let guard = configured::<trimtab_guard_config>(config)?;
                Link::Guard(guard, one_mut(state.cast())?)
            }
            TRIMTAB_METHOD_STABLE_GRAD => {
                let stable_grad = configured::<trimtab_stable_grad_config>(config)?;
                Link::StableGrad(stable_grad, number)
            }
            TRIMTAB_METHOD_GRADIENT_STABILIZER => {
                let stabilizer = configured::<trimtab_gradient_stabilizer_config>(config)?;
                let states = array_mut(state.cast::<NormState>(), stabilizer.states(n))?;
                Link::GradientStabilizer(stabilizer, states)
            }
            TRIMTAB_METHOD_AUTOSCALE => {
                Link::Autoscale(Autoscale::default(), one_mut(state.cast())?)
            }
            TRIMTAB_METHOD_CENTRALIZE => {
                let centralize = configured::<trimtab_centralize_config>(config)?;
                Link::Centralize(centralize)
            }
            TRIMTAB_METHOD_ZNORM => {
                let znorm = configured::<trimtab_znorm_config>(config)?;
                Link::Znorm(znorm)
            }
            TRIMTAB_METHOD_CLIP_NORM => {
                let scope = configured::<trimtab_clip_norm_config>(config)?;
                Link::ClipNorm(ClipNorm::new(number, scope))
            }
            TRIMTAB_METHOD_CLIP_VALUE => Link::ClipValue(ClipValue::new(number)),
            TRIMTAB_METHOD_AGC => {
                let agc = configured::<trimtab_agc_config>(config)?;
                Link::Agc(agc, array(method.input.cast::<Moments>(), n)?)
            }
            TRIMTAB_METHOD_ZCLIP => {
                let zclip = configured::<trimtab_zclip_config>(config)?;
                Link::Zclip(zclip, one_mut(state.cast())?)
            }
        }
    })
}

/// # Safety
///
/// As `configuration`.
unsafe fn configured<C: Configuration>(config: *const c_void) -> Result<C::Core, Status> {
    // SAFETY: passed on.
    unsafe { configuration(config.cast::<C>()) }
}

/// Refuses an unknown kind, and fields in use that it does not have.
fn kind(method: &trimtab_method) -> Result<trimtab_method_kind, Status> {
    use trimtab_method_kind::*;
    // Whether each has a configuration, a state, a number and an input.
    let (kind, has) = match method.kind {
        0 => (TRIMTAB_METHOD_UNSCALE, [false, false, true, false]),
        1 => (TRIMTAB_METHOD_SCALE, [false, false, true, false]),
        2 => (TRIMTAB_METHOD_GUARD, [true, true, false, false]),
        3 => (TRIMTAB_METHOD_STABLE_GRAD, [true, false, true, false]),
        4 => (
            TRIMTAB_METHOD_GRADIENT_STABILIZER,
            [true, true, false, false],
        ),
        5 => (TRIMTAB_METHOD_AUTOSCALE, [false, true, false, false]),
        6 => (TRIMTAB_METHOD_CENTRALIZE, [true, false, false, false]),
        7 => (TRIMTAB_METHOD_ZNORM, [true, false, false, false]),
        8 => (TRIMTAB_METHOD_CLIP_NORM, [true, false, true, false]),
        9 => (TRIMTAB_METHOD_CLIP_VALUE, [false, false, true, false]),
        10 => (TRIMTAB_METHOD_AGC, [true, false, false, true]),
        11 => (TRIMTAB_METHOD_ZCLIP, [true, true, false, false]),
        _ => return Err(Status::BadConfig),
    };
    let given = [
        !method.config.is_null(),
        !method.state.is_null(),
        method.number != 0.0,
        !method.input.is_null(),
    ];
    let only_what_it_has = given.iter().zip(has).all(|(given, has)| has || !given);
    match only_what_it_has && method.reserved == 0 {
        true => Ok(kind),
        false => Err(Status::BadConfig),
    }
}
