//! From raw pointers to references, or a status.
//!
//! Checked are NULL, alignment, lengths, dtypes, roles and the size of configurations. That a pointer
//! which passes points to live memory of that length is the caller's promise, and the one
//! precondition of every function here with a section `# Safety`.

use core::ffi::c_void;
use core::slice;

use trimtab_core::{Buffer, Dtype, Error, Outputs, Slot, Slots, Status, Tensor, in_default_mode};

use crate::config::Configuration;
use crate::types::{TRIMTAB_NOWHERE, trimtab_slot, trimtab_status, trimtab_tensor};

/// The status of a refused call, and the index of the tensor, state, slot or output at fault.
#[derive(Clone, Copy)]
pub(crate) struct Blame {
    status: Status,
    at: usize,
}

impl From<Status> for Blame {
    fn from(status: Status) -> Self {
        let at = TRIMTAB_NOWHERE;
        Self { status, at }
    }
}

impl From<Error> for Blame {
    fn from(error: Error) -> Self {
        Self {
            status: error.status(),
            at: error.index().unwrap_or(TRIMTAB_NOWHERE),
        }
    }
}

/// Checks every item; blames the first that is refused.
fn each<T>(items: &[T], check: impl Fn(usize, &T) -> Result<(), Status>) -> Result<(), Blame> {
    let mut items = items.iter().enumerate();
    items.try_for_each(|(at, item)| check(at, item).map_err(|status| Blame { status, at }))
}

/// The status of `body`, which runs in the default floating-point mode.
pub(crate) fn code(body: impl FnOnce() -> Result<(), Blame>) -> trimtab_status {
    in_default_mode(|| body().map_or_else(|blame| blame.status.code(), |()| Status::Ok.code()))
}

/// [`code`] for a function that also writes the index at fault.
///
/// # Safety
///
/// As `put`.
pub(crate) unsafe fn blamed(
    at: *mut usize,
    body: impl FnOnce() -> Result<(), Blame>,
) -> trimtab_status {
    code(|| {
        let result = body();
        let place = result.map_or_else(|blame| blame.at, |()| TRIMTAB_NOWHERE);
        // SAFETY: passed on.
        unsafe { put(at, place) };
        result
    })
}

/// Writes an index, if the caller asked for it.
///
/// # Safety
///
/// `to` is NULL or writable.
pub(crate) unsafe fn put(to: *mut usize, index: usize) {
    if !to.is_null() {
        // SAFETY: not NULL; writable by the caller's promise, aligned or not.
        unsafe { to.write_unaligned(index) };
    }
}

/// Refuses NULL, misalignment, and impossible lengths.
fn pointer<T>(pointer: *const T, len: usize) -> Result<(), Status> {
    if len == 0 {
        Ok(())
    } else if pointer.is_null() {
        Err(Status::NullPointer)
    } else if !pointer.is_aligned() {
        Err(Status::Misaligned)
    } else if len > isize::MAX as usize / size_of::<T>() {
        Err(Status::BadLength)
    } else {
        Ok(())
    }
}

/// # Safety
///
/// A pointer that passes is readable for `len` elements, for `'a`.
pub(crate) unsafe fn array<'a, T>(data: *const T, len: usize) -> Result<&'a [T], Status> {
    pointer(data, len)?;
    Ok(match len {
        0 => &[],
        // SAFETY: not NULL, aligned, of possible length; live by the caller's promise.
        _ => unsafe { slice::from_raw_parts(data, len) },
    })
}

/// # Safety
///
/// A pointer that passes is readable and writable for `len` elements, for `'a`, and not reached in
/// any other way meanwhile.
pub(crate) unsafe fn array_mut<'a, T>(data: *mut T, len: usize) -> Result<&'a mut [T], Status> {
    pointer(data, len)?;
    Ok(match len {
        0 => &mut [],
        // SAFETY: not NULL, aligned, of possible length; live and unshared by the caller's promise.
        _ => unsafe { slice::from_raw_parts_mut(data, len) },
    })
}

/// The first `needed` of `capacity` bytes, set to 0, because the caller's memory may be
/// uninitialised; or none if there are fewer.
///
/// # Safety
///
/// A pointer that passes is writable for `capacity` bytes, for `'a`, and not reached in any other way
/// meanwhile.
pub(crate) unsafe fn room<'a>(
    data: *mut u8,
    capacity: usize,
    needed: usize,
) -> Result<&'a mut [u8], Status> {
    pointer(data, capacity.min(needed))?;
    if capacity < needed {
        return Ok(&mut []);
    }
    // SAFETY: not NULL, of possible length; live and unshared by the caller's promise.
    unsafe { data.write_bytes(0, needed) };
    // SAFETY: as above, and now they hold something.
    unsafe { array_mut(data, needed) }
}

/// One state or other struct of the caller's.
///
/// # Safety
///
/// As `array_mut` for one element.
pub(crate) unsafe fn one_mut<'a, T>(data: *mut T) -> Result<&'a mut T, Status> {
    pointer(data, 1)?;
    // SAFETY: not NULL and aligned; live and unshared by the caller's promise.
    Ok(unsafe { &mut *data })
}

/// # Safety
///
/// As `array` for one element.
pub(crate) unsafe fn one<'a, T>(data: *const T) -> Result<&'a T, Status> {
    pointer(data, 1)?;
    // SAFETY: not NULL and aligned; live by the caller's promise.
    Ok(unsafe { &*data })
}

/// A configuration as the core takes it; the defaults for NULL.
///
/// Callers built against another release have structs of another size. Fields that a shorter one lacks take the default;
/// fields that a longer one adds must be 0, because this library does not have them.
///
/// # Safety
///
/// A pointer that is not NULL is readable for as many bytes as the `struct_size` it begins with.
pub(crate) unsafe fn configuration<C: Configuration>(data: *const C) -> Result<C::Core, Status> {
    let mut config = C::of(&C::Core::default());
    if data.is_null() {
        return config.read();
    }
    pointer(data, 1)?;
    // SAFETY: every configuration begins with its size, an aligned u32.
    let size = unsafe { data.cast::<u32>().read() } as usize;
    if !(C::SMALLEST..=LARGEST_CONFIG).contains(&size) || !size.is_multiple_of(4) {
        return Err(Status::BadConfig);
    }
    let known = size.min(size_of::<C>());
    // SAFETY: readable for `size` bytes by the caller's promise, of which `known` fit into `config`, a struct of numbers.
    let beyond = unsafe {
        (&raw mut config)
            .cast::<u8>()
            .copy_from_nonoverlapping(data.cast(), known);
        slice::from_raw_parts(data.cast::<u8>().add(known), size - known)
    };
    if beyond.iter().any(|byte| *byte != 0) {
        return Err(Status::BadConfig);
    }
    config.read()
}

/// Upper bound on the size of a configuration, in bytes, in any release.
const LARGEST_CONFIG: usize = 4096;

/// # Safety
///
/// A pointer that passes is readable for `n` descriptors, for `'a`, and each one's `data` for the
/// `len` elements it states.
pub(crate) unsafe fn tensors<'a>(
    data: *const trimtab_tensor,
    n: usize,
) -> Result<&'a [Tensor<'a>], Blame> {
    // SAFETY: passed on.
    let descriptors = unsafe { array(data, n) }?;
    each(descriptors, |_, tensor| descriptor(tensor))?;
    // SAFETY: `Tensor` is repr(C) with the layout of `trimtab_tensor` (asserted in types.rs), and
    // `descriptor` has seen that dtype and role are values that the enums have.
    Ok(unsafe { slice::from_raw_parts(descriptors.as_ptr().cast(), descriptors.len()) })
}

/// # Safety
///
/// As `tensors`, and descriptors and data are writable and not reached in any other way meanwhile.
pub(crate) unsafe fn tensors_mut<'a>(
    data: *mut trimtab_tensor,
    n: usize,
) -> Result<&'a mut [Tensor<'a>], Blame> {
    // SAFETY: passed on.
    let descriptors = unsafe { array_mut(data, n) }?;
    each(descriptors, |_, tensor| descriptor(tensor))?;
    // SAFETY: as in `tensors`; the mutable borrow is passed on, not shared.
    Ok(unsafe { slice::from_raw_parts_mut(descriptors.as_mut_ptr().cast(), descriptors.len()) })
}

fn descriptor(tensor: &trimtab_tensor) -> Result<(), Status> {
    let dtype = Dtype::from_code(tensor.dtype).ok_or(Status::BadDtype)?;
    if tensor.role > 1 {
        return Err(Status::BadConfig);
    }
    elements(tensor.data, tensor.len, dtype)
}

/// Refuses a pointer that cannot be to `len` elements of `dtype`.
fn elements(data: *mut c_void, len: usize, dtype: Dtype) -> Result<(), Status> {
    match dtype {
        Dtype::F32 => pointer(data.cast::<f32>(), len),
        Dtype::F16 | Dtype::BF16 => pointer(data.cast::<u16>(), len),
        Dtype::F64 => pointer(data.cast::<f64>(), len),
        _ => Err(Status::BadDtype),
    }
}

/// # Safety
///
/// A pointer that passes is readable and writable for `len` elements of `dtype`, for `'a`.
pub(crate) unsafe fn buffer<'a>(
    data: *mut c_void,
    len: usize,
    dtype: Dtype,
) -> Result<Buffer<'a>, Status> {
    elements(data, len, dtype)?;
    // SAFETY: aligned, of possible length; live by the caller's promise.
    Ok(unsafe { Buffer::from_raw_parts(data, len, dtype) })
}

/// The outputs of `trimtab_apply_into`, one pointer per tensor.
pub(crate) struct RawOutputs<'a> {
    pointers: &'a [*mut c_void],
    grads: &'a [Tensor<'a>],
}

/// # Safety
///
/// A pointer that passes is readable for one pointer per tensor, for `'a`, and each of those writable
/// for the elements of its tensor, which may be the same memory.
pub(crate) unsafe fn output_array<'a>(
    data: *const *mut c_void,
    grads: &'a [Tensor<'a>],
) -> Result<RawOutputs<'a>, Blame> {
    // SAFETY: passed on.
    let pointers = unsafe { array(data, grads.len()) }?;
    each(pointers, |index, pointer| {
        let tensor = grads.get(index).ok_or(Status::BadLength)?;
        elements(*pointer, tensor.len(), tensor.dtype())
    })?;
    Ok(RawOutputs { pointers, grads })
}

// SAFETY: each pointer stands for a buffer of its own, writable by the caller's promise; elements of
// every dtype may be written from any thread.
unsafe impl Send for RawOutputs<'_> {}

impl Outputs for RawOutputs<'_> {
    fn len(&self) -> usize {
        self.pointers.len()
    }

    fn output(&mut self, index: usize) -> Option<Buffer<'_>> {
        let (data, tensor) = (*self.pointers.get(index)?, self.grads.get(index)?);
        // SAFETY: `output_array` has checked the pointer; live by its caller's promise.
        Some(unsafe { Buffer::from_raw_parts(data, tensor.len(), tensor.dtype()) })
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (left, right) = halves(self.pointers, at);
        let (first, second) = halves(self.grads, at);
        (
            RawOutputs {
                pointers: left,
                grads: first,
            },
            RawOutputs {
                pointers: right,
                grads: second,
            },
        )
    }
}

/// The first `at` entries and the rest; whatever `at` is, without a panic.
fn halves<T>(entries: &[T], at: usize) -> (&[T], &[T]) {
    entries.split_at(at.min(entries.len()))
}

/// The slots of an optimizer step, of which the first `needed` pointers are used.
pub(crate) struct RawSlots<'a> {
    slots: &'a [trimtab_slot],
    needed: usize,
}

/// # Safety
///
/// A pointer that passes is readable for one slot per tensor, for `'a`, and the first `needed`
/// pointers of each slot are writable for the elements of its tensor, without overlap.
pub(crate) unsafe fn slot_array<'a>(
    data: *const trimtab_slot,
    grads: &[Tensor],
    needed: usize,
) -> Result<RawSlots<'a>, Blame> {
    // SAFETY: passed on.
    let slots = unsafe { array(data, grads.len()) }?;
    each(slots, |index, slot| {
        let tensor = grads.get(index).ok_or(Status::BadLength)?;
        let dtype = parameter_dtype(slot).ok_or(Status::BadDtype)?;
        if slot.reserved != 0 {
            return Err(Status::BadConfig);
        }
        let pointers = [slot.param, slot.first, slot.second];
        let mut needed = pointers.into_iter().take(needed);
        needed.try_for_each(|pointer| elements(pointer, tensor.len(), dtype))
    })?;
    Ok(RawSlots { slots, needed })
}

/// Parameters and their buffers are f32 or f64.
fn parameter_dtype(slot: &trimtab_slot) -> Option<Dtype> {
    Dtype::from_code(slot.dtype).filter(|dtype| matches!(dtype, Dtype::F32 | Dtype::F64))
}

// SAFETY: as for RawOutputs, three buffers a slot.
unsafe impl Send for RawSlots<'_> {}

impl Slots for RawSlots<'_> {
    fn len(&self) -> usize {
        self.slots.len()
    }

    fn slot(&mut self, index: usize, len: usize) -> Option<Slot<'_>> {
        let slot = self.slots.get(index)?;
        let dtype = parameter_dtype(slot).unwrap_or(Dtype::F32);
        // SAFETY: `slot_array` has checked dtype and pointer; live by its caller's promise.
        let buffer = |data| unsafe { Buffer::from_raw_parts(data, len, dtype) };
        Some(Slot::from_buffers(
            buffer(slot.param),
            (self.needed > 1).then(|| buffer(slot.first)),
            (self.needed > 2).then(|| buffer(slot.second)),
        ))
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let needed = self.needed;
        let (left, right) = halves(self.slots, at);
        let half = |slots| RawSlots { slots, needed };
        (half(left), half(right))
    }
}
