//! The plain read: every byte loaded into a register once, and as little else as possible. The benches
//! measure against it.

use std::hint::black_box;

/// Reads all of `data` with the widest loads there are.
pub fn read<T: Copy>(data: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512 F.
            black_box(unsafe { wide::read(data) });
            return;
        }
    }
    black_box(portable(data));
}

/// Bytes added up; the compiler makes vectors of it.
fn portable<T: Copy>(data: &[T]) -> u64 {
    // SAFETY: f32, f64 and 16-bit floats have no padding, and any byte is a u8.
    let bytes =
        unsafe { std::slice::from_raw_parts(data.as_ptr().cast::<u8>(), size_of_val(data)) };
    let (words, rest) = bytes.as_chunks::<8>();
    let all = words
        .iter()
        .fold(0, |all, word| all | u64::from_ne_bytes(*word));
    rest.iter().fold(all, |all, byte| all | u64::from(*byte))
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    const VECTOR: usize = 64;

    /// Eight loads in flight, each with one OR.
    ///
    /// # Safety
    ///
    /// The processor has AVX-512 F.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn read<T: Copy>(data: &[T]) -> u64 {
        let start = data.as_ptr().cast::<u8>();
        let whole = size_of_val(data) / VECTOR;
        let mut all = [_mm512_setzero_si512(); 8];
        let mut at = 0;
        while at + 8 <= whole {
            for (i, slot) in all.iter_mut().enumerate() {
                // SAFETY: vector at + i lies within the slice.
                let x = unsafe { _mm512_loadu_si512(start.add((at + i) * VECTOR).cast()) };
                *slot = _mm512_or_si512(*slot, x);
            }
            at += 8;
        }
        let rest = super::portable(&data[at * VECTOR / size_of::<T>()..]);
        all.iter().fold(rest, |bits, vector| {
            bits | _mm512_reduce_or_epi64(*vector) as u64
        })
    }
}
