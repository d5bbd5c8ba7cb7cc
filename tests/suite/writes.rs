//! The write pass: what is written is the documented formula, rounded as documented, in place and beside.

use trimtab::{Affine, Dtype, Role, Tensor, bf16, f16};

use super::{each, once};
use crate::common::calls::{Call, decided, parsed, setting, weight};
use crate::common::data::Random;
use crate::common::elements::{DTYPES, Elements};
use crate::common::library::Library;
use crate::common::number::Real;
use crate::common::snapshot;
use crate::common::status::{OK, expect};
use crate::common::table::Setting;
use crate::common::world::{World, changed};
use crate::for_every_dtype;

/// clamp((x - center) * scale, -limit, limit) in f64, rounded once, and 16-bit types twice, to f32 and from there; a plain
/// scaling of f32 by a factor that is a normal f32 is a multiplication in f32. A scale of 0 makes zeros of anything.
fn formula(affine: &Affine, dtype: Dtype, x: f64) -> f64 {
    let Affine {
        center,
        scale,
        limit,
    } = *affine;
    let narrow = scale as f32;
    let plain = center == 0.0 && limit == f64::INFINITY && narrow.is_normal();
    let exact = match dtype {
        _ if scale == 0.0 => 0.0,
        Dtype::F32 if plain => x * f64::from(narrow),
        _ => ((x - center) * scale).clamp(-limit, limit),
    };
    match dtype {
        Dtype::F16 | Dtype::BF16 => f32::nearest(exact).value(),
        _ => exact,
    }
}

/// Chains that end in affines of every kind: none, plain scales, a mean removed, a limit, beyond the range of f32.
fn chains() -> Vec<Vec<Setting>> {
    let scale = |factor| setting("scale", &[("factor", factor)]);
    let centralize = || parsed("centralize roles=1");
    let limit = |limit| setting("clip_value", &[("limit", limit)]);
    vec![
        vec![],
        vec![scale(0.1)],
        vec![scale(-0.5)],
        vec![scale(1e-45)],
        vec![scale(0.0)],
        vec![limit(0.7)],
        vec![centralize()],
        vec![centralize(), scale(-7.0)],
        vec![centralize(), scale(1e3), limit(0.7)],
        vec![limit(1.1), scale(0.3)],
    ]
}

/// 77 elements: more than two rows of lanes, and a rest; among them values that round away and that a limit cuts.
fn gradients(random: &mut Random) -> Vec<(Role, Elements)> {
    let values: Vec<f64> = random.elements(77, 0.4, 1.0);
    let one = |dtype| (Role::Weight, Elements::new(dtype, &values));
    DTYPES.map(one).into()
}

fn bits(data: &[(Role, Elements)]) -> Vec<Vec<u64>> {
    data.iter().map(|(_, elements)| elements.bits()).collect()
}

#[test]
fn what_is_written_is_the_formula_to_the_bit() {
    each(|library| {
        let mut random = Random(71);
        for chain in chains() {
            let mut data = gradients(&mut random);
            let before: Vec<_> = data.iter().map(|(_, x)| x.values()).collect();
            let mut world = World::observed(library, &mut data);
            decided(library, &chain, &mut world.grads);
            let affines: Vec<_> = world.grads.iter().map(|grad| *grad.affine()).collect();
            let untouched = world.bits();
            Call::ApplyInto.accepted("beside", &mut world);
            let moved = changed(&untouched, &world.bits());
            assert!(moved == ["outputs"] || (moved.is_empty() && affines[0].scale == 0.0));
            let beside: Vec<_> = world.outputs.iter().map(Elements::bits).collect();
            Call::Apply.accepted("in place", &mut world);
            drop(world);
            assert_eq!(bits(&data), beside, "{chain:?}");
            for ((x, affine), (_, written)) in before.iter().zip(&affines).zip(&data) {
                let exact = x.iter().map(|x| formula(affine, written.dtype(), *x));
                let exact = Elements::new(written.dtype(), &exact.collect::<Vec<_>>());
                assert_eq!(
                    written.bits(),
                    exact.bits(),
                    "{chain:?}: {:?}",
                    exact.dtype()
                );
            }
        }
    });
}

/// The same elements at every offset within a cache line.
#[test]
fn an_unaligned_start_changes_no_bit() {
    fn at_every_offset<T: Real>(library: &dyn Library) {
        let data: Vec<T> = Random(72).elements(1000, 0.3, 1.0);
        let written_at = |offset: usize| {
            let mut memory = vec![T::exact(0.0); offset];
            memory.extend_from_slice(&data);
            let mut tensors = [Tensor::weight(&mut memory[offset..])];
            expect("observe", library.observe(&mut tensors).code, OK);
            let third = setting("scale", &[("factor", 1.0 / 3.0)]);
            decided(library, &[third], &mut tensors);
            expect("apply", library.apply(&mut tensors).code, OK);
            snapshot::data(&tensors[0])
        };
        (1..17).for_each(|offset| assert!(written_at(offset) == written_at(0), "{offset}"));
    }
    once(|library| {
        for_every_dtype!(at_every_offset(library));
    });
}

/// The factor 0.75 lengthens a significand by two bits at most, so the product is exact in f64 (and for 16-bit types in
/// f32, by way of which they go) and is rounded exactly once. Half of all results with two bits too many are ties or lie
/// beside one: every finite 16-bit number, and f32 at every exponent.
#[test]
fn results_are_rounded_to_the_nearest_even() {
    let mut random = Random(91);
    let f32s = (0..100_000).map(|_| f32::from_bits(random.bits() as u32).value());
    let numbers: [(Dtype, Vec<f64>); 3] = [
        (Dtype::F32, f32s.collect()),
        (
            Dtype::F16,
            (0..=u16::MAX).map(|x| f16::from_bits(x).value()).collect(),
        ),
        (
            Dtype::BF16,
            (0..=u16::MAX).map(|x| bf16::from_bits(x).value()).collect(),
        ),
    ];
    once(|library| {
        for (dtype, numbers) in &numbers {
            let finite: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
            let mut data = weight(*dtype, &finite);
            let mut world = World::observed(library, &mut data);
            let scale = parsed("scale factor=0.75");
            decided(library, &[scale], &mut world.grads);
            Call::Apply.accepted("three quarters", &mut world);
            drop(world);
            let exact: Vec<f64> = finite.iter().map(|x| 0.75 * x).collect();
            assert!(
                data[0].1.bits() == Elements::new(*dtype, &exact).bits(),
                "{dtype:?}"
            );
        }
    });
}
