//! A buffer of elements whose type is known at run time.

use trimtab::{Buffer, Dtype, Role, Tensor, bf16, f16};

use super::compare;
use super::number::Real;

#[derive(Clone, Debug)]
pub enum Elements {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
    F64(Vec<f64>),
}

pub const DTYPES: [Dtype; 4] = [Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::F64];

/// The same expression for each type.
macro_rules! each {
    ($self:expr, $data:ident => $result:expr) => {
        match $self {
            Elements::F32($data) => $result,
            Elements::F16($data) => $result,
            Elements::Bf16($data) => $result,
            Elements::F64($data) => $result,
        }
    };
}

impl Elements {
    /// Values rounded to the element type; they may be infinite or NaN.
    pub fn new(dtype: Dtype, values: &[f64]) -> Elements {
        fn all<T: Real>(values: &[f64]) -> Vec<T> {
            values.iter().map(|x| T::nearest(*x)).collect()
        }
        match dtype {
            Dtype::F32 => Elements::F32(all(values)),
            Dtype::F16 => Elements::F16(all(values)),
            Dtype::BF16 => Elements::Bf16(all(values)),
            Dtype::F64 => Elements::F64(all(values)),
            unknown => panic!("no elements of {unknown:?}"),
        }
    }

    pub fn dtype(&self) -> Dtype {
        match self {
            Elements::F32(_) => Dtype::F32,
            Elements::F16(_) => Dtype::F16,
            Elements::Bf16(_) => Dtype::BF16,
            Elements::F64(_) => Dtype::F64,
        }
    }

    pub fn len(&self) -> usize {
        each!(self, data => data.len())
    }

    pub fn values(&self) -> Vec<f64> {
        each!(self, data => data.iter().map(|x| x.value()).collect())
    }

    pub fn bits(&self) -> Vec<u64> {
        each!(self, data => data.iter().map(|x| x.bits()).collect())
    }

    /// Beside the exact results, with the tolerance of the type.
    pub fn compare(&self, what: &str, expected: &[f64]) {
        each!(self, data => compare::written(what, data, expected));
    }

    /// Overwrites the elements, in place.
    pub fn fill(&mut self, values: &[f64]) {
        assert_eq!(self.len(), values.len());
        each!(self, data => {
            data.iter_mut().zip(values).for_each(|(x, value)| *x = Real::nearest(*value))
        });
    }

    pub fn tensor(&mut self, role: Role) -> Tensor<'_> {
        each!(self, data => Tensor::new(role, data))
    }

    pub fn buffer(&mut self) -> Buffer<'_> {
        each!(self, data => data.as_mut_slice().into())
    }

    /// Where they lie, for C.
    pub fn pointer(&mut self) -> *mut std::ffi::c_void {
        each!(self, data => data.as_mut_ptr().cast())
    }
}
