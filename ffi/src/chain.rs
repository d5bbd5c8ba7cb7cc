//! Decide: a chain of methods in one call.

use core::ffi::c_void;
use core::{mem, ptr};

use trimtab_core::custom::{Custom, Run};
use trimtab_core::{
    Autoscale, Chain, ClipNorm, ClipValue, Error, Link, Scale, Status, Tensor, Unscale, Verdict,
};

use crate::check::{Blame, array, array_mut, blamed, configuration, one_mut, put, tensors_mut};
use crate::config::{
    Configuration, trimtab_adagc_config, trimtab_agc_config, trimtab_centralize_config,
    trimtab_clip_norm_config, trimtab_gradient_stabilizer_config, trimtab_guard_config,
    trimtab_stable_grad_config, trimtab_zclip_config, trimtab_znorm_config,
};
use crate::types::{trimtab_status, trimtab_tensor};

/// The methods, for trimtab_decide, and the fields of trimtab_method that each uses.
#[repr(C)]
pub enum trimtab_method_kind {
    /// number: the loss scale
    TRIMTAB_METHOD_UNSCALE = 0,
    /// number: the factor
    TRIMTAB_METHOD_SCALE = 1,
    /// trimtab_guard_config, trimtab_guard_state
    TRIMTAB_METHOD_GUARD = 2,
    /// trimtab_stable_grad_config, number: the reference
    TRIMTAB_METHOD_STABLE_GRAD = 3,
    /// trimtab_gradient_stabilizer_config, trimtab_norm_state: n or one
    TRIMTAB_METHOD_GRADIENT_STABILIZER = 4,
    /// trimtab_autoscale_state
    TRIMTAB_METHOD_AUTOSCALE = 5,
    /// trimtab_centralize_config
    TRIMTAB_METHOD_CENTRALIZE = 6,
    /// trimtab_znorm_config
    TRIMTAB_METHOD_ZNORM = 7,
    /// trimtab_clip_norm_config, number: the maximum norm
    TRIMTAB_METHOD_CLIP_NORM = 8,
    /// number: the limit
    TRIMTAB_METHOD_CLIP_VALUE = 9,
    /// trimtab_agc_config, input: n trimtab_moments, of the parameters
    TRIMTAB_METHOD_AGC = 10,
    /// trimtab_zclip_config, trimtab_zclip_state
    TRIMTAB_METHOD_ZCLIP = 11,
    /// trimtab_adagc_config, trimtab_norm_state: n
    TRIMTAB_METHOD_ADAGC = 12,
}

/// A method of a chain, for trimtab_decide. Fields that its kind does not use are NULL or 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_method {
    /// The method: TRIMTAB_METHOD_UNSCALE and so on.
    pub kind: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The configuration of the method; NULL means the defaults.
    pub config: *const c_void,
    /// The state of the method, or its array of states; zeros before the first step.
    pub state: *mut c_void,
    /// The reference, maximum norm, limit, factor or loss scale.
    pub number: f64,
    /// Input of the method beside the gradients: for TRIMTAB_METHOD_AGC the moments of the parameters.
    pub input: *const c_void,
}

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

/// The link of a method: the one place that names the fields of each kind.
///
/// # Safety
///
/// The pointers of the method are those that its kind takes, valid for `n` tensors and for `'a`.
unsafe fn link<'a>(method: &trimtab_method, n: usize) -> Result<Link<'a>, Blame> {
    use trimtab_method_kind::*;
    let mut has = Fields::of(method);
    let is = |kind: trimtab_method_kind| kind as u32 == method.kind;
    // SAFETY: passed on; each state's and each input's type is that of its kind.
    let link = unsafe {
        match () {
            _ if is(TRIMTAB_METHOD_UNSCALE) => Link::Unscale(Unscale::new(has.number())),
            _ if is(TRIMTAB_METHOD_SCALE) => Link::Scale(Scale::new(has.number())),
            _ if is(TRIMTAB_METHOD_GUARD) => {
                Link::Guard(has.config::<trimtab_guard_config>()?, has.state()?)
            }
            _ if is(TRIMTAB_METHOD_STABLE_GRAD) => {
                Link::StableGrad(has.config::<trimtab_stable_grad_config>()?, has.number())
            }
            _ if is(TRIMTAB_METHOD_GRADIENT_STABILIZER) => {
                let stabilizer = has.config::<trimtab_gradient_stabilizer_config>()?;
                Link::GradientStabilizer(stabilizer, has.states(stabilizer.states(n))?)
            }
            _ if is(TRIMTAB_METHOD_AUTOSCALE) => {
                Link::Autoscale(Autoscale::default(), has.state()?)
            }
            _ if is(TRIMTAB_METHOD_CENTRALIZE) => {
                Link::Centralize(has.config::<trimtab_centralize_config>()?)
            }
            _ if is(TRIMTAB_METHOD_ZNORM) => Link::Znorm(has.config::<trimtab_znorm_config>()?),
            _ if is(TRIMTAB_METHOD_CLIP_NORM) => {
                let scope = has.config::<trimtab_clip_norm_config>()?;
                Link::ClipNorm(ClipNorm::new(has.number(), scope))
            }
            _ if is(TRIMTAB_METHOD_CLIP_VALUE) => Link::ClipValue(ClipValue::new(has.number())),
            _ if is(TRIMTAB_METHOD_AGC) => {
                Link::Agc(has.config::<trimtab_agc_config>()?, has.inputs(n)?)
            }
            _ if is(TRIMTAB_METHOD_ZCLIP) => {
                Link::Zclip(has.config::<trimtab_zclip_config>()?, has.state()?)
            }
            _ if is(TRIMTAB_METHOD_ADAGC) => {
                Link::Adagc(has.config::<trimtab_adagc_config>()?, has.states(n)?)
            }
            _ => return Err(Status::BadConfig.into()),
        }
    };
    has.nothing_else()?;
    Ok(link)
}

/// The fields of a method that have not been taken yet; those left at the end must be NULL or 0.
struct Fields {
    left: trimtab_method,
}

impl Fields {
    fn of(method: &trimtab_method) -> Self {
        Self { left: *method }
    }

    fn number(&mut self) -> f64 {
        mem::take(&mut self.left.number)
    }

    /// # Safety
    ///
    /// As `configuration`.
    unsafe fn config<C: Configuration>(&mut self) -> Result<C::Core, Status> {
        let config = mem::replace(&mut self.left.config, ptr::null());
        // SAFETY: passed on.
        unsafe { configuration(config.cast::<C>()) }
    }

    /// # Safety
    ///
    /// As `one_mut`.
    unsafe fn state<'a, S>(&mut self) -> Result<&'a mut S, Status> {
        let state = mem::replace(&mut self.left.state, ptr::null_mut());
        // SAFETY: passed on.
        unsafe { one_mut(state.cast()) }
    }

    /// # Safety
    ///
    /// As `array_mut`.
    unsafe fn states<'a, S>(&mut self, len: usize) -> Result<&'a mut [S], Status> {
        let states = mem::replace(&mut self.left.state, ptr::null_mut());
        // SAFETY: passed on.
        unsafe { array_mut(states.cast(), len) }
    }

    /// # Safety
    ///
    /// As `array`.
    unsafe fn inputs<'a, T>(&mut self, len: usize) -> Result<&'a [T], Status> {
        let inputs = mem::replace(&mut self.left.input, ptr::null());
        // SAFETY: passed on.
        unsafe { array(inputs.cast(), len) }
    }

    /// Refuses fields in use that the kind does not have.
    fn nothing_else(&self) -> Result<(), Status> {
        let left = &self.left;
        let pointers = [left.config, left.state.cast_const(), left.input];
        match left.number == 0.0 && left.reserved == 0 && pointers.iter().all(|p| p.is_null()) {
            true => Ok(()),
            false => Err(Status::BadConfig),
        }
    }
}
