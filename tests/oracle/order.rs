//! The order of the sums, which is part of the library's definition, as plain loops.
//!
//! Element `i` of a run of 2,048 goes to lane `i % 32`; the lanes of a run are added to those of its block of 65,536,
//! run by run; the lanes of a block are added pairwise, the upper half onto the lower, until one is left; blocks are
//! added in index order. Everything in f64, nothing fused. Unlike the
//! rest of the oracle this gives not the best value but the very bits.

const LANES: usize = 32;
const RUN: usize = 2_048;
const BLOCK: usize = 65_536;

/// The sum of `values` in the library's order, starting from `total`.
pub fn sum_onto(total: f64, values: &[f64]) -> f64 {
    values
        .chunks(BLOCK)
        .fold(total, |total, block| total + block_sum(block))
}

fn block_sum(block: &[f64]) -> f64 {
    let mut lanes = vec![0.0; LANES];
    for run in block.chunks(RUN) {
        let mut own = [0.0; LANES];
        for (i, x) in run.iter().enumerate() {
            own[i % LANES] += x;
        }
        for (lane, sum) in lanes.iter_mut().zip(own) {
            *lane += sum;
        }
    }
    while lanes.len() > 1 {
        let upper = lanes.split_off(lanes.len() / 2);
        for (low, high) in lanes.iter_mut().zip(upper) {
            *low += high;
        }
    }
    lanes[0]
}

/// Sum and sum of squares.
pub fn sums(values: &[f64]) -> (f64, f64) {
    let squares: Vec<f64> = values.iter().map(|x| x * x).collect();
    (sum_onto(0.0, values), sum_onto(0.0, &squares))
}

/// How many additions at most lie between an element and the total: the error of a sum is at most this many times
/// 2^-53 of the sum of magnitudes (to first order).
pub fn depth(len: usize) -> usize {
    let (run, block) = (len.min(RUN), len.min(BLOCK));
    run.div_ceil(LANES) + block.div_ceil(RUN) + 5 + len.div_ceil(BLOCK)
}
