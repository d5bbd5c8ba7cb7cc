//! The seam to the crates that know the machine: matrix products (`faer`) and vectorised loops (`pulp`).
//!
//! All matrices are dense, row by row. Products use one thread: parallelism is spent on whole training runs.

use crate::real::Real;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// `out = a b` with `a` of `rows` rows, `b` of shape `inner` x `columns`.
pub fn product<F: Real>(out: &mut [F], a: &[F], b: &[F], inner: usize, columns: usize) {
    let rows = a.len() / inner;
    let out = MatMut::from_row_major_slice_mut(out, rows, columns);
    let (a, b) = (view(a, rows, inner), view(b, inner, columns));
    matmul(out, Accum::Replace, a, b, F::rounded(1.0), Par::Seq);
}

/// `out = a bᵀ` with `a` of `rows` rows, `b` of shape `columns` x `inner`.
pub fn product_with_transposed<F: Real>(
    out: &mut [F],
    a: &[F],
    b: &[F],
    inner: usize,
    columns: usize,
) {
    let rows = a.len() / inner;
    let out = MatMut::from_row_major_slice_mut(out, rows, columns);
    let (a, b) = (view(a, rows, inner), view(b, columns, inner));
    matmul(
        out,
        Accum::Replace,
        a,
        b.transpose(),
        F::rounded(1.0),
        Par::Seq,
    );
}

/// `out += aᵀ b` with `a` of `rows` x `left` and `b` of `rows` x `right`.
pub fn add_product_of_transposed<F: Real>(
    out: &mut [F],
    a: &[F],
    b: &[F],
    left: usize,
    right: usize,
) {
    let rows = a.len() / left;
    let out = MatMut::from_row_major_slice_mut(out, left, right);
    let (a, b) = (view(a, rows, left), view(b, rows, right));
    matmul(out, Accum::Add, a.transpose(), b, F::rounded(1.0), Par::Seq);
}

fn view<F: Real>(slice: &[F], rows: usize, columns: usize) -> MatRef<'_, F> {
    MatRef::from_row_major_slice(slice, rows, columns)
}

/// Runs a loop compiled for the widest instruction set of this machine. The loop must be inlined into the closure.
#[inline(always)]
pub fn vectorised<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

    #[test]
    fn products_agree_with_hand_computed_ones() {
        let b = [1.0, -1.0, 2.0, 0.5];
        let mut out = [0.0; 6];
        product(&mut out, &A, &b, 2, 2);
        assert_eq!(out, [5.0, 0.0, 11.0, -1.0, 17.0, -2.0]);
        product_with_transposed(&mut out, &A, &b, 2, 2);
        assert_eq!(out, [-1.0, 3.0, -1.0, 8.0, -1.0, 13.0]);
    }

    #[test]
    fn gradient_product_adds_to_what_is_there() {
        let mut out = [100.0, 0.0];
        add_product_of_transposed(&mut out, &A, &[1.0, 0.0, -1.0], 2, 1);
        assert_eq!(out, [96.0, -4.0]);
    }
}
