//! From the list of methods to any of them as a value, and as a link of a chain.
//!
//! The argument of a method's `decide` before the gradients has one of these names:
//!
//! | name | in a [`Link`](super::Link) | of a pipeline |
//! |---|---|---|
//! | `reference` | a number | [`Inputs`](super::Inputs) |
//! | `params` | moments, one per tensor | [`Inputs`](super::Inputs) |
//! | `state` | its state | the variant of [`Memory`](super::Memory) with the method's name |
//! | `norms` | norm states; the method says how many | the stage's row |

use super::Verdict;

/// The result of a `decide`, which is `()` for methods that never skip a step.
pub(super) trait Answer {
    fn verdict(self) -> Verdict;
}

impl Answer for () {
    fn verdict(self) -> Verdict {
        Verdict::Proceed
    }
}

impl Answer for Verdict {
    fn verdict(self) -> Verdict {
        self
    }
}

macro_rules! methods {
    ($($method:ident $(($takes:ident: $extra:ty))?;)*) => {
        /// A method of this library, with its configuration.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        #[allow(missing_docs)] // Each variant is the method of its name.
        pub enum Method {
            $($method($method),)*
        }

        $(impl From<$method> for Method {
            fn from(method: $method) -> Self {
                Method::$method(method)
            }
        })*

        /// A method of a chain, and the other arguments of its `decide`: the reference, its state or states,
        /// or the moments of the parameters.
        #[non_exhaustive]
        #[allow(missing_docs)] // Each variant is the method of its name.
        pub enum Link<'a> {
            $($method($method $(, $extra)?),)*
            /// A method of your own: see [`custom`](crate::custom).
            Other(&'a mut dyn Custom),
        }

        impl Custom for Link<'_> {
            fn decide(&mut self, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error> {
                use $crate::method::table::{Answer, ask};
                match self {
                    $(Link::$method(method $(, $takes)?) => {
                        ask!([$($takes $takes)?] method grads run).map(Answer::verdict)
                    })*
                    Link::Other(method) => method.decide(grads, run),
                }
            }
        }

        impl Method {
            /// Its memory before the first step.
            pub(crate) fn memory(&self) -> Memory {
                use $crate::method::table::empty;
                match self {
                    $(Method::$method(_) => empty!([$($takes)?] $method),)*
                }
            }

            /// How many norm states it has for this many tensors.
            pub(crate) fn norms(&self, tensors: usize) -> usize {
                use $crate::method::table::norms;
                match self {
                    $(Method::$method(_method) => norms!([$($takes)?] _method tensors),)*
                }
            }

            /// Itself in a chain, with its memory, its norm states, and the inputs of this step.
            pub(crate) fn link<'l>(
                self,
                memory: &'l mut Memory,
                norms: &'l mut [NormState],
                inputs: &Inputs<'l>,
            ) -> Result<Link<'l>, Error> {
                use $crate::method::table::{given, remembered};
                Ok(match (self, memory) {
                    $((Method::$method(method), remembered!([$($takes $takes)?] $method)) => {
                        Link::$method(method $(, given!([$takes $takes] norms inputs))?)
                    })*
                    _ => {
                        let what = "the memory of a pipeline's stage belongs to another method";
                        return Err(Error::BadState { index: 0, what });
                    }
                })
            }
        }
    };
}

/// The call of `decide`.
macro_rules! ask {
    ([] $method:ident $grads:ident $run:ident) => {
        $method.decide($grads)
    };
    ([reference $x:ident] $method:ident $grads:ident $run:ident) => {
        $method.decide(*$x, $grads)
    };
    ([params $x:ident] $method:ident $grads:ident $run:ident) => {
        $method.decide($x, $grads)
    };
    ([norms $x:ident] $method:ident $grads:ident $run:ident) => {
        $method.decide_in($run, $x, $grads)
    };
    ([state $x:ident] $method:ident $grads:ident $run:ident) => {
        $run.advance(*$x, |state| $method.decide(state, $grads))
    };
}

/// The memory before the first step.
macro_rules! empty {
    ([state] $method:ident) => {
        Memory::$method(Default::default())
    };
    ([norms] $method:ident) => {
        Memory::Norms(0)
    };
    ([$($takes:ident)?] $method:ident) => {
        Memory::None
    };
}

/// How many norm states there are.
macro_rules! norms {
    ([norms] $method:ident $tensors:ident) => {
        $method.states($tensors)
    };
    ([$($takes:ident)?] $method:ident $tensors:ident) => {
        0
    };
}

/// The pattern of the memory that the method needs; any for one without a state.
macro_rules! remembered {
    ([state $x:ident] $method:ident) => {
        Memory::$method($x)
    };
    ([norms $x:ident] $method:ident) => {
        Memory::Norms(_)
    };
    ([$($takes:ident $x:ident)?] $method:ident) => {
        _
    };
}

/// What `decide` takes, of a pipeline.
macro_rules! given {
    ([state $x:ident] $norms:ident $inputs:ident) => {
        $x
    };
    ([norms $x:ident] $norms:ident $inputs:ident) => {
        $norms
    };
    ([$input:ident $x:ident] $norms:ident $inputs:ident) => {
        $inputs.$input
    };
}

pub(super) use {ask, empty, given, methods, norms, remembered};
