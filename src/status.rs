//! What can be refused, and why: [`Error`] in Rust, [`Status`] in C.

use core::fmt;

/// Why a call was refused. Nothing was changed then, except that [`observe`](fn@crate::observe)
/// and [`Moments::observe_chunk`](crate::Moments::observe_chunk) fill the moments all the same.
///
/// `tensor` and `index` count from 0 in the order of the slice that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A configuration value is outside its range; the text names it and the range.
    BadConfig(&'static str),
    /// StableGrad's reference is not finite and greater than 0.
    BadReference,
    /// A state (or a caller's moments or affine) holds what no call can have left there.
    BadState {
        /// Which of the states or tensors.
        index: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A tensor holds NaN, an infinity, or (f64) a magnitude beyond 1e150.
    NonFinite {
        /// Which of the tensors.
        tensor: usize,
    },
    /// The result would not be finite in the dtype it is written to, or a factor leaves the range of f64 at either end.
    Overflow {
        /// Which of the tensors.
        tensor: usize,
    },
    /// Calls came in an order that cannot work: the text says what has to come first.
    Order {
        /// Which of the tensors.
        tensor: usize,
        /// What has to be done first.
        what: &'static str,
    },
    /// The guard saw `max_consecutive` steps in a row that were not finite.
    Diverged,
    /// Lengths that belong together differ, or a length cannot exist.
    BadLength {
        /// Which of the tensors, states, slots, outputs or entries.
        index: usize,
    },
    /// Element types that belong together differ, or are not allowed here.
    BadDtype {
        /// Which of the tensors, slots or outputs.
        index: usize,
    },
    /// The tensor was made by [`Tensor::read`](crate::Tensor::read), and the call would write it. In the C ABI, where
    /// there are no such tensors, this is the code of a bad role.
    ReadOnly {
        /// Which of the tensors.
        tensor: usize,
    },
    /// An optimizer needs a buffer that the slot does not have.
    MissingBuffer {
        /// Which of the slots.
        index: usize,
    },
    /// This build cannot do what was asked.
    Unsupported,
    /// Bytes to [load](crate::checkpoint::load) do not begin as a record of states does.
    BadMagic,
    /// A record of states has a version that this library does not know.
    BadVersion {
        /// Which.
        found: u32,
    },
    /// A record holds states of another kind than asked for, or more or fewer entries.
    WrongKind {
        /// Which of the entries.
        index: usize,
    },
    /// An entry of a record holds more or fewer states than asked for.
    WrongCount {
        /// Which of the entries.
        index: usize,
        /// How many it holds.
        saved: u64,
    },
    /// A record of states ends before its end.
    Truncated {
        /// How many bytes it has to have, as far as is known.
        needed: u64,
    },
    /// Bytes of a record are not those that were written.
    BadChecksum,
    /// There are too few bytes for a record, or more than it has.
    BadSize {
        /// How many it has.
        needed: u64,
    },
}

impl Error {
    /// Which tensor, or slot, state, output or entry; None where no single one is to blame. The only state of a
    /// method counts as number 0.
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

    /// The code that the C ABI returns for it.
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
                    "tensor {tensor}: it may only be read: write it elsewhere with apply_into"
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

/// `Ok` if `holds`, else a configuration error that says `what` is expected.
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

/// `Ok` if there are as many of one thing as of the other; else the first that has no partner.
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
    /// Done.
    Ok = 0,
    /// The guard asks the caller to skip this step.
    SkipStep = 1,
    /// A pointer is NULL that must not be.
    NullPointer = -1,
    /// An element type is unknown or not allowed here.
    BadDtype = -2,
    /// A configuration value is outside its range, or an enum value unknown.
    BadConfig = -3,
    /// StableGrad's reference is not finite and greater than 0.
    BadReference = -4,
    /// A state holds what no call can have left there.
    BadState = -5,
    /// A gradient holds NaN or an infinity.
    NonFinite = -6,
    /// The result would not be finite.
    Overflow = -7,
    /// Calls came in an order that cannot work.
    Order = -8,
    /// Too many bad steps in a row.
    Diverged = -9,
    /// This build cannot do what was asked.
    Unsupported = -10,
    /// A pointer is not aligned to its element type.
    Misaligned = -11,
    /// A length cannot exist or does not match.
    BadLength = -12,
    /// Bytes do not begin as a record of states does.
    BadMagic = -13,
    /// A record of states has an unknown version.
    BadVersion = -14,
    /// A record holds states of another kind, or more or fewer entries.
    WrongKind = -15,
    /// A record holds more or fewer states.
    WrongCount = -16,
    /// A record of states ends before its end.
    Truncated = -17,
    /// Bytes of a record are not those that were written.
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

    /// The number the C ABI returns.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// What it means and what to do.
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
                "a state holds what no call can have left there: zero-initialise it before the first step, or \
                 restore an intact copy; if it is moments or an affine, observe again\0"
            }
            Status::NonFinite => {
                "a gradient holds NaN, infinity or a magnitude beyond 1e150: skip the step, or \
                 put a guard in front\0"
            }
            Status::Overflow => {
                "the result would not be finite in its element type: lower the scale or the \
                 reference, or clip first\0"
            }
            Status::Order => {
                "calls came in an order that cannot work: observe before anything else, and \
                 clip by value last\0"
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
                 goes with one tensor, in the same order; states are saved into as many bytes as the \
                 size asked for, and loaded with no bytes behind them\0"
            }
            Status::BadMagic => {
                "these bytes are no states that trimtab saved: check which file was read, and from \
                 where in it\0"
            }
            Status::BadVersion => {
                "the states were saved in a format that this version of trimtab does not know: load \
                 them with the version that saved them, or a later one\0"
            }
            Status::WrongKind => {
                "the states saved are of other kinds: name the same kinds in the same order as when \
                 they were saved\0"
            }
            Status::WrongCount => {
                "more or fewer states were saved than are to be loaded: describe the same tensors as \
                 when they were saved\0"
            }
            Status::Truncated => {
                "the saved states end too early: read the whole file, or go back to an older copy\0"
            }
            Status::BadChecksum => "the saved states have been damaged: go back to an older copy\0",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}
