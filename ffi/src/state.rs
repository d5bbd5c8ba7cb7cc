//! State: all states of a run as bytes, and back.

use core::ffi::c_void;

use trimtab_core::checkpoint::{self, Reader, State, Writer};
use trimtab_core::{AutoscaleState, GuardState, NormState, Status, StepState, ZclipState};

use crate::check::{array, array_mut, code, one_mut, room};
use crate::types::trimtab_status;

/// The type of the states in an entry of trimtab_states.
#[repr(C)]
pub enum trimtab_state_kind {
    /// trimtab_norm_state
    TRIMTAB_STATE_NORM = 0,
    /// trimtab_autoscale_state
    TRIMTAB_STATE_AUTOSCALE = 1,
    /// trimtab_zclip_state
    TRIMTAB_STATE_ZCLIP = 2,
    /// trimtab_guard_state
    TRIMTAB_STATE_GUARD = 3,
    /// trimtab_step_state
    TRIMTAB_STATE_STEP = 4,
}

/// An array of states of one kind, to save or to load. A run has one such entry per method and
/// optimizer with a state.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_states {
    /// The array; may be NULL if count is 0.
    pub states: *mut c_void,
    /// Number of states in the array.
    pub count: usize,
    /// Type of the states: TRIMTAB_STATE_NORM, AUTOSCALE, ZCLIP, GUARD or STEP.
    pub kind: u32,
    /// Must be 0.
    pub reserved: u32,
}

/// Writes all states of a run as a record of bytes, to be loaded after a restart: the run then
/// continues as if it had never stopped, to the bit. The bytes are the same on every machine.
///
/// entries   n arrays of states, which are only read; may be NULL if n is 0.
/// bytes     capacity bytes, of any alignment. With capacity 0 the call only returns the size, and
///           bytes may be NULL.
/// size      set to the number of bytes written, or needed; must not be NULL.
///
/// The caller saves parameters and optimizer buffers. BAD_LENGTH if capacity is too small and not 0:
/// only size is written. BAD_CONFIG (kind, reserved), NULL_POINTER, MISALIGNED.
///
/// Integers in the bytes are little-endian, checksums are zlib's CRC-32:
///
///     record  0  0x89 and "TRIMTAB"                 8 bytes
///             8  version, 1                         uint32
///            12  n                                  uint32
///            16  length of the record in bytes      uint64
///            24  checksum of bytes 32 to the end    uint32
///            28  checksum of bytes 0 to 27          uint32
///            32  n entries
///     entry   0  kind                               uint32
///             4  length of one state in bytes       uint32
///             8  count                              uint64
///            16  count states: the fields of the struct in order, double or uint64
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_state_save(
    entries: *const trimtab_states,
    n: usize,
    bytes: *mut c_void,
    capacity: usize,
    size: *mut usize,
) -> trimtab_status {
    let save = || {
        // SAFETY: the pointers are the caller's promise.
        let (entries, size) = unsafe { (array(entries, n)?, one_mut(size)?) };
        // SAFETY: as above.
        let needed = unsafe { size_of_all(entries) }?;
        // SAFETY: as above.
        let bytes = unsafe { room(bytes.cast(), capacity, needed) }?;
        *size = needed;
        if capacity == 0 {
            return Ok(());
        }
        // SAFETY: as above. All entries have been seen to be right.
        checkpoint::save(bytes, |to| _ = unsafe { put_all(entries, to) })?;
        Ok(())
    };
    code(save)
}

/// Loads a record of trimtab_state_save into states of the same kinds and counts, in the same order:
/// all of them, or none.
///
/// entries   n arrays of states, which must not overlap; may be NULL if n is 0.
/// bytes     len bytes, of any alignment: the record, and nothing behind it.
///
/// Returns the first code that applies: NULL_POINTER for the two arrays, then for each entry in turn
/// BAD_CONFIG (kind, reserved), NULL_POINTER, MISALIGNED; BAD_MAGIC; BAD_VERSION; TRUNCATED if there are
/// fewer bytes than the record has, BAD_LENGTH if there are more; BAD_CHECKSUM; WRONG_KIND for the
/// first entry of another kind, also if there are more or fewer entries, or WRONG_COUNT for the first of
/// another count. A damaged length is a BAD_CHECKSUM. The method that uses a state judges its values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_state_load(
    entries: *const trimtab_states,
    n: usize,
    bytes: *const c_void,
    len: usize,
) -> trimtab_status {
    let load = || {
        // SAFETY: the pointers are the caller's promise.
        let (entries, bytes) = unsafe { (array(entries, n)?, array(bytes.cast::<u8>(), len)?) };
        // SAFETY: as above.
        unsafe { size_of_all(entries) }?;
        // SAFETY: as above. All entries have been seen to be right.
        checkpoint::load(bytes, |from| _ = unsafe { take_all(entries, from) })?;
        Ok(())
    };
    code(load)
}

/// The number of bytes of a record of these entries, or the status of the first bad one.
///
/// # Safety
///
/// As `put_all`.
unsafe fn size_of_all(entries: &[trimtab_states]) -> Result<usize, Status> {
    let mut seen = Ok(());
    // SAFETY: passed on.
    let size = checkpoint::size(|to| seen = unsafe { put_all(entries, to) });
    seen.map(|()| size)
}

/// # Safety
///
/// A pointer that passes is readable for the `count` states of its `kind`.
unsafe fn put_all(entries: &[trimtab_states], to: &mut Writer) -> Result<(), Status> {
    // SAFETY: passed on.
    entries.iter().try_for_each(|entry| unsafe {
        match entry.kind {
            _ if entry.reserved != 0 => Err(Status::BadConfig),
            NormState::KIND => put::<NormState>(entry, to),
            AutoscaleState::KIND => put::<AutoscaleState>(entry, to),
            ZclipState::KIND => put::<ZclipState>(entry, to),
            GuardState::KIND => put::<GuardState>(entry, to),
            StepState::KIND => put::<StepState>(entry, to),
            _ => Err(Status::BadConfig),
        }
    })
}

/// # Safety
///
/// As `put_all`, and writable and not reached in any other way meanwhile.
unsafe fn take_all(entries: &[trimtab_states], from: &mut Reader) -> Result<(), Status> {
    // SAFETY: passed on.
    entries.iter().try_for_each(|entry| unsafe {
        match entry.kind {
            NormState::KIND => take::<NormState>(entry, from),
            AutoscaleState::KIND => take::<AutoscaleState>(entry, from),
            ZclipState::KIND => take::<ZclipState>(entry, from),
            GuardState::KIND => take::<GuardState>(entry, from),
            StepState::KIND => take::<StepState>(entry, from),
            _ => Err(Status::BadConfig),
        }
    })
}

/// # Safety
///
/// As `put_all`, for states of this kind.
unsafe fn put<S: State>(entry: &trimtab_states, to: &mut Writer) -> Result<(), Status> {
    // SAFETY: passed on.
    to.put::<S>(unsafe { array(entry.states.cast(), entry.count) }?);
    Ok(())
}

/// # Safety
///
/// As `take_all`, for states of this kind.
unsafe fn take<S: State>(entry: &trimtab_states, from: &mut Reader) -> Result<(), Status> {
    // SAFETY: passed on.
    from.take::<S>(unsafe { array_mut(entry.states.cast(), entry.count) }?);
    Ok(())
}

const _: () = {
    use trimtab_state_kind::*;
    assert!(TRIMTAB_STATE_NORM as u32 == NormState::KIND);
    assert!(TRIMTAB_STATE_AUTOSCALE as u32 == AutoscaleState::KIND);
    assert!(TRIMTAB_STATE_ZCLIP as u32 == ZclipState::KIND);
    assert!(TRIMTAB_STATE_GUARD as u32 == GuardState::KIND);
    assert!(TRIMTAB_STATE_STEP as u32 == StepState::KIND);
};
