//! What can be refused, and why: [`Error`] in Rust, [`Status`] in C.

use core::fmt;

/// The reason why a call was refused. A refused call has changed nothing, except that
/// [`observe`](fn@crate::observe) and [`Moments::observe_chunk`](crate::Moments::observe_chunk) fill
/// the moments all the same.
///
/// `tensor` and `index` count from 0 in the order of the slice that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A configuration value is outside its range; the text names it and the range.
    BadConfig(&'static str),
    /// StableGrad's reference is not finite and greater than 0.
    BadReference,
    /// A state (or a caller's moments or affine) holds values that no call can have left there.
    BadState {
        /// Index of the state or tensor.
        index: usize,
        /// The fault.
        what: &'static str,
    },
    /// A tensor holds NaN, an infinity, or (f64) a magnitude beyond 1e150.
    NonFinite {
        /// Index of the tensor.
        tensor: usize,
    },
    /// The result would not be finite in its element type, or a factor leaves the range of f64: too large, or so small
    /// that it would vanish.
    Overflow {
        /// Index of the tensor.
        tensor: usize,
    },
    /// The call is out of order: the text says what has to come first.
    Order {
        /// Index of the tensor.
        tensor: usize,
        /// The call that has to come first.
        what: &'static str,
    },
    /// The guard counted `max_consecutive` bad steps in a row.
    Diverged,
    /// A length is impossible, or lengths that must agree differ.
    BadLength {
        /// Index of the tensor, state, slot, output or entry.
        index: usize,
    },
    /// An element type is not allowed here, or types that must agree differ.
    BadDtype {
        /// Index of the tensor, slot or output.
        index: usize,
    },
    /// The tensor was made by [`Tensor::read`](crate::Tensor::read), and the call would write it. In the C ABI, where
    /// there are no such tensors, this is the code of a bad role.
    ReadOnly {
        /// Index of the tensor.
        tensor: usize,
    },
    /// A slot lacks a buffer that the optimizer needs.
    MissingBuffer {
        /// Index of the slot.
        index: usize,
    },
    /// This build or this machine cannot do what was asked.
    Unsupported,
    /// The bytes to [load](crate::checkpoint::load) are not a record of states.
    BadMagic,
    /// The record has a version that this library does not support.
    BadVersion {
        /// The version of the record.
        found: u32,
    },
    /// The record holds states of another kind than asked for, or more or fewer entries.
    WrongKind {
        /// Index of the entry.
        index: usize,
    },
    /// An entry of the record holds more or fewer states than asked for.
    WrongCount {
        /// Index of the entry.
        index: usize,
        /// Number of states in the record's entry.
        saved: u64,
    },
    /// The record is shorter than its header says.
    Truncated {
        /// Length of the whole record in bytes; if the header itself is cut off, that of a header.
        needed: u64,
    },
    /// The record is damaged: a checksum does not match.
    BadChecksum,
    /// The bytes to save into are too few for the record, or those to load are more than it has.
    BadSize {
        /// Length of the record in bytes.
        needed: u64,
    },
}

impl Error {
    /// Index of the tensor, slot, state, output or entry at fault; None where no single one is. The only state of a
    /// method has index 0.
    pub const fn index(&self) -> Option<usize> {
        match *self {
            Error::NonFinite { tensor }
            | Error::Overflow { tensor }
            | Error::Order { tensor, .. }
            | Error::ReadOnly { tensor } => Some(tensor),
            Error::BadState { index, .. }
            | Error::BadLength { index }
            | Error::BadDtype { index }
            | Error::MissingBuffer { index }
            | Error::WrongKind { index }
            | Error::WrongCount { index, .. } => Some(index),
            _ => None,
        }
    }

    /// The code that the C ABI returns for this error.
    pub const fn status(&self) -> Status {
        match self {
            Error::BadConfig(_) => Status::BadConfig,
            Error::BadReference => Status::BadReference,
            Error::BadState { .. } => Status::BadState,
            Error::NonFinite { .. } => Status::NonFinite,
            Error::Overflow { .. } => Status::Overflow,
            Error::Order { .. } => Status::Order,
            Error::Diverged => Status::Diverged,
            Error::BadLength { .. } => Status::BadLength,
            Error::BadDtype { .. } => Status::BadDtype,
            Error::ReadOnly { .. } => Status::BadConfig,
            Error::MissingBuffer { .. } => Status::NullPointer,
            Error::Unsupported => Status::Unsupported,
            Error::BadMagic => Status::BadMagic,
            Error::BadVersion { .. } => Status::BadVersion,
            Error::WrongKind { .. } => Status::WrongKind,
            Error::WrongCount { .. } => Status::WrongCount,
            Error::Truncated { .. } => Status::Truncated,
            Error::BadChecksum => Status::BadChecksum,
            Error::BadSize { .. } => Status::BadLength,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.status().message();
        match self {
            Error::BadConfig(what) => write!(f, "{message}: {what}"),
            Error::BadState { index, what } => write!(f, "number {index}: {message}: {what}"),
            Error::Order { tensor, what } => write!(f, "tensor {tensor}: {message}: {what}"),
            Error::NonFinite { tensor } | Error::Overflow { tensor } => {
                write!(f, "tensor {tensor}: {message}")
            }
            Error::ReadOnly { tensor } => {
                write!(
                    f,
                    "tensor {tensor}: the gradient is borrowed for reading: write it elsewhere with apply_into"
                )
            }
            Error::BadLength { index }
            | Error::BadDtype { index }
            | Error::MissingBuffer { index } => write!(f, "number {index}: {message}"),
            Error::WrongKind { index } => write!(f, "entry {index}: {message}"),
            Error::WrongCount { index, saved } => {
                write!(f, "entry {index}: {message}: {saved} were saved")
            }
            Error::BadVersion { found } => write!(f, "version {found}: {message}"),
            Error::Truncated { needed } | Error::BadSize { needed } => {
                write!(f, "a record of {needed} bytes: {message}")
            }
            Error::BadReference
            | Error::Diverged
            | Error::Unsupported
            | Error::BadMagic
            | Error::BadChecksum => f.write_str(message),
        }
    }
}

impl core::error::Error for Error {}

/// `Ok` if `holds`, else a configuration error with the text `what`.
pub(crate) fn require(holds: bool, what: &'static str) -> Result<(), Error> {
    if holds {
        Ok(())
    } else {
        Err(Error::BadConfig(what))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        error.status()
    }
}

/// `Ok` if the counts are equal; else an error with the first index that only one side has.
pub(crate) fn require_same(left: usize, right: usize) -> Result<(), Error> {
    if left == right {
        Ok(())
    } else {
        let index = left.min(right);
        Err(Error::BadLength { index })
    }
}

/// The status codes of the C ABI. Negative: refused, nothing was changed.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The call succeeded.
    Ok = 0,
    /// The guard asks the caller to skip this step.
    SkipStep = 1,
    /// A required pointer is NULL.
    NullPointer = -1,
    /// An element type is unknown, or not allowed here.
    BadDtype = -2,
    /// A configuration value or an enum value is out of range.
    BadConfig = -3,
    /// The reference of StableGrad is not finite, or not greater than 0.
    BadReference = -4,
    /// A state, moments or an affine hold values that no call can have left there.
    BadState = -5,
    /// A gradient holds NaN, an infinity, or (f64) a magnitude beyond 1e150.
    NonFinite = -6,
    /// The result would not be finite, or a factor leaves the range of f64 at either end.
    Overflow = -7,
    /// The call is out of order.
    Order = -8,
    /// The guard counted too many bad steps in a row.
    Diverged = -9,
    /// This build or this machine cannot do what was asked.
    Unsupported = -10,
    /// A pointer is not aligned to its type.
    Misaligned = -11,
    /// A length is impossible, or does not match.
    BadLength = -12,
    /// The bytes are not a record of states.
    BadMagic = -13,
    /// The record has a version that this library does not support.
    BadVersion = -14,
    /// The record holds states of other kinds than asked for, or more or fewer entries.
    WrongKind = -15,
    /// The record holds more or fewer states than asked for.
    WrongCount = -16,
    /// The record is shorter than its header says.
    Truncated = -17,
    /// The record is damaged: a checksum does not match.
    BadChecksum = -18,
}

impl Status {
    /// All of them, in the order of the header.
    pub const ALL: [Status; 20] = [
        Status::Ok,
        Status::SkipStep,
        Status::NullPointer,
        Status::BadDtype,
        Status::BadConfig,
        Status::BadReference,
        Status::BadState,
        Status::NonFinite,
        Status::Overflow,
        Status::Order,
        Status::Diverged,
        Status::Unsupported,
        Status::Misaligned,
        Status::BadLength,
        Status::BadMagic,
        Status::BadVersion,
        Status::WrongKind,
        Status::WrongCount,
        Status::Truncated,
        Status::BadChecksum,
    ];

    /// The number that the C ABI returns.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The meaning of the status, and the remedy.
    pub const fn message(self) -> &'static str {
        // All texts end in NUL for C; Rust sees them without it.
        let text = self.message_with_nul();
        text.split_at(text.len() - 1).0
    }

    /// [`Status::message`] as the C ABI returns it.
    #[doc(hidden)]
    pub const fn message_with_nul(self) -> &'static str {
        match self {
            Status::Ok => "ok\0",
            Status::SkipStep => {
                "a gradient is not finite: skip this step (the guard has counted it)\0"
            }
            Status::NullPointer => "a required pointer is NULL: pass the buffer it stands for\0",
            Status::BadDtype => {
                "unknown or mismatched element type: gradients are f32, f16, bf16 or f64, \
                 parameters f32 or f64, outputs of the gradient's type\0"
            }
            Status::BadConfig => {
                "a configuration value is out of range: that may be a role, scope, kind or struct_size too, or \
                 a reserved field that is not 0; start from the defaults (in C the INIT macro)\0"
            }
            Status::BadReference => {
                "the reference must be finite and greater than 0: pass the standard deviation \
                 of dL/d(prediction), pooled with that of its derivatives where it is empty\0"
            }
            Status::BadState => {
                "a state holds values that no call can have left there: zero-initialise it before the first step, or \
                 restore an intact copy; if it is moments or an affine, observe again\0"
            }
            Status::NonFinite => {
                "a gradient holds NaN, infinity or a magnitude beyond 1e150: skip the step, or \
                 put a guard in front\0"
            }
            Status::Overflow => {
                "the result would not be finite in its element type, or a factor would leave the range of double, \
                 too large or vanishing: bring scales, references and limits nearer to 1, or clip first\0"
            }
            Status::Order => {
                "the call is out of order: observe before anything else and again after every write, and clip by \
                 value last\0"
            }
            Status::Diverged => {
                "too many steps in a row had gradients that are not finite: stop, go back to a \
                 checkpoint, lower the learning rate\0"
            }
            Status::Unsupported => {
                "this build or machine cannot do that: more than one thread needs the rayon feature, \
                 and TRIMTAB_LEVEL must name an instruction set that the processor has\0"
            }
            Status::Misaligned => {
                "a pointer is not aligned to its type: buffers need the alignment of their \
                 elements, structs that of their fields\0"
            }
            Status::BadLength => {
                "a length is impossible or does not match: every parameter, state and output \
                 belongs to one tensor, in the same order; a record of states is saved into as many bytes as the \
                 size asked for, and loaded with no bytes behind it\0"
            }
            Status::BadMagic => {
                "the bytes are not a record of states: check which file was read, and from which position\0"
            }
            Status::BadVersion => {
                "the record of states has a format that this version of trimtab does not support: load it with the \
                 version that saved it, or a later one\0"
            }
            Status::WrongKind => {
                "the record holds states of other kinds: pass the same kinds in the same order as when it was saved\0"
            }
            Status::WrongCount => {
                "the record holds more or fewer states than asked for: pass the same tensors as when it was saved\0"
            }
            Status::Truncated => {
                "the record is shorter than its header says: read the whole file, or go back to an older copy\0"
            }
            Status::BadChecksum => "the record is damaged: go back to an older copy\0",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}
