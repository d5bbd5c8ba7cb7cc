//! Descriptors that no gradient can have, in every function that takes them: the code, whom it blames, and that not one
//! byte moves.

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::slice;

use trimtab::{Affine, Moments};

use super::c;
use super::library::LIBRARIES;
use super::raw::{Raw, descriptors, slots};
use crate::common::calls::{Call, moments_of};
use crate::common::elements::Elements;
use crate::common::status::{
    BAD_CONFIG, BAD_DTYPE, BAD_LENGTH, BAD_STATE, MISALIGNED, NULL_POINTER, OK, expect,
};
use crate::common::table::Setting;
use crate::common::world::{World, four};
use crate::types::{TRIMTAB_NOWHERE, trimtab_tensor};

/// Before every call, so that a write is seen.
const UNTOUCHED: usize = 77;

/// A function that takes gradients.
#[derive(Clone, Debug)]
enum Function {
    Observe,
    Call(Call),
}

impl Function {
    fn all() -> impl Iterator<Item = Function> {
        [Function::Observe]
            .into_iter()
            .chain(Call::all().map(Function::Call))
    }

    /// Its code, which is that of its twin as well, and whom that blames.
    fn answer(&self, world: &mut World, grads: *mut trimtab_tensor, n: usize) -> (i32, usize) {
        let mut at = UNTOUCHED;
        let to = &raw mut at;
        let list: Vec<_> = world.outputs.iter_mut().map(Elements::pointer).collect();
        let out = if n == 0 { null() } else { list.as_ptr() };
        let (at_code, code) = match self {
            Function::Observe => (c::observe_at(grads, n, to), c::observe(grads, n)),
            Function::Call(Call::Apply) => (c::apply_at(grads, n, to), c::apply(grads, n)),
            Function::Call(Call::ApplyInto) => (
                c::apply_into_at(grads, out, n, to),
                c::apply_into(grads, out, n),
            ),
            Function::Call(Call::Ask(setting)) => asked(setting, world, grads, n, to),
        };
        expect(&format!("{self:?} and its twin"), at_code, code);
        (code, at)
    }
}

fn asked(
    setting: &Setting,
    world: &mut World,
    grads: *mut trimtab_tensor,
    n: usize,
    at: *mut usize,
) -> (i32, i32) {
    let mut running = world.under_way(setting.clone());
    let before = running.states.bits();
    let slots = slots(&mut world.parameters);
    let mut raw = match setting.of.is_method() {
        true => Raw::method(&mut running, &world.params, &mut world.grads),
        false => Raw::optimizer(setting, &mut world.grads, &mut world.parameters, &slots),
    };
    (raw.grads, raw.n) = (grads, n);
    if n == 0 {
        (raw.slots, raw.input) = (null(), null());
    }
    let codes = (raw.at(at), raw.alone());
    let unchanged = running.states.bits() == before;
    assert!(unchanged || codes.0 == OK, "{setting:?}: its state");
    codes
}

/// Refused with this code and this blame when descriptors are spoilt, and not one byte has moved.
#[track_caller]
fn refused(
    function: &Function,
    code: i32,
    at: usize,
    what: &str,
    spoil: impl FnOnce(&mut [trimtab_tensor]),
) {
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let before = world.bits();
    let mut grads = copies(&mut world);
    spoil(&mut grads);
    let spoilt = format!("{grads:?}");
    let answer = function.answer(&mut world, grads.as_mut_ptr(), 4);
    assert_eq!(answer, (code, at), "{function:?} with {what}");
    assert_eq!(format!("{grads:?}"), spoilt, "{function:?} with {what}");
    assert!(world.bits() == before, "{function:?} with {what}");
}

/// As a C program would have filled them in.
fn copies(world: &mut World) -> Vec<trimtab_tensor> {
    let grads = descriptors(&mut world.grads);
    // SAFETY: as many descriptors as there are, which nothing else borrows now.
    unsafe { slice::from_raw_parts(grads, world.grads.len()) }.to_vec()
}

fn size(tensor: &trimtab_tensor) -> usize {
    [4, 2, 2, 8][tensor.dtype as usize]
}

/// A code, and how a descriptor gets to deserve it.
type Spoilt = (i32, &'static str, fn(&mut trimtab_tensor));

/// One element more than fits into the address space, and a length whose byte size wraps around to something small.
const BUFFERS: [Spoilt; 11] = [
    (BAD_DTYPE, "dtype 4", |t| t.dtype = 4),
    (BAD_DTYPE, "dtype 255", |t| t.dtype = 255),
    (BAD_DTYPE, "dtype -1", |t| t.dtype = u32::MAX),
    (BAD_CONFIG, "role 2", |t| t.role = 2),
    (BAD_CONFIG, "role 3", |t| t.role = 3),
    (BAD_CONFIG, "role 256", |t| t.role = 256),
    (BAD_CONFIG, "role -1", |t| t.role = u32::MAX),
    (BAD_LENGTH, "a length", |t| {
        t.len = isize::MAX as usize / size(t) + 1
    }),
    (BAD_LENGTH, "a wrapping length", |t| {
        t.len = usize::MAX / size(t) + 2
    }),
    (NULL_POINTER, "no data", |t| t.data = null_mut()),
    (MISALIGNED, "data off", |t| {
        t.data = t.data.wrapping_byte_add(size(t) / 2)
    }),
];

const AFFINES: [Spoilt; 6] = [
    (BAD_STATE, "center NaN", |t| t.affine.center = f64::NAN),
    (BAD_STATE, "center infinite", |t| {
        t.affine.center = f64::INFINITY
    }),
    (BAD_STATE, "scale NaN", |t| t.affine.scale = f64::NAN),
    (BAD_STATE, "scale infinite", |t| {
        t.affine.scale = f64::NEG_INFINITY
    }),
    (BAD_STATE, "limit NaN", |t| t.affine.limit = f64::NAN),
    (BAD_STATE, "limit negative", |t| t.affine.limit = -1.0),
];

/// Every tensor in turn is to blame. `observe` does not look at affines.
#[test]
fn spoilt_descriptors() {
    for function in Function::all() {
        let looks = !matches!(function, Function::Observe);
        let affines = AFFINES.into_iter().filter(|_| looks);
        for (code, what, spoil) in BUFFERS.into_iter().chain(affines) {
            for at in 0..4 {
                refused(&function, code, at, what, |grads| spoil(&mut grads[at]));
            }
        }
    }
}

/// The first that is wrong is to blame.
#[test]
fn two_bad_descriptors() {
    for function in Function::all() {
        refused(&function, BAD_CONFIG, 1, "role, dtype", |grads| {
            (grads[1].role, grads[2].dtype) = (2, 4);
        });
    }
}

/// No single tensor is to blame for an array that cannot be.
#[test]
fn arrays() {
    let descriptor = size_of::<trimtab_tensor>();
    let most = isize::MAX as usize / descriptor;
    for function in Function::all() {
        let mut data = four();
        let mut world = World::pending(LIBRARIES[0], &mut data);
        let before = world.bits();
        let grads = descriptors(&mut world.grads);
        let refused = [
            (BAD_LENGTH, grads, usize::MAX),
            (BAD_LENGTH, grads, most + 1),
            (BAD_LENGTH, grads, usize::MAX / descriptor + 2),
            (NULL_POINTER, null_mut(), 4),
            (MISALIGNED, grads.wrapping_byte_add(1), 4),
            (MISALIGNED, grads.wrapping_byte_add(4), 4),
        ];
        for (code, grads, n) in refused {
            let answer = function.answer(&mut world, grads, n);
            assert_eq!(answer, (code, TRIMTAB_NOWHERE), "{function:?}, {n} tensors");
        }
        assert!(world.bits() == before, "{function:?}");
    }
}

/// No tensors: nothing is followed, there is nothing to do, and nobody is to blame.
#[test]
fn no_tensors_and_no_arrays() {
    for function in Function::all() {
        let mut data = Vec::new();
        let mut world = World::new(LIBRARIES[0], &mut data);
        let answer = function.answer(&mut world, null_mut(), 0);
        assert_eq!(answer, (OK, TRIMTAB_NOWHERE), "{function:?}");
    }
}

/// `at` needs no alignment, and is written whatever happens.
#[test]
fn where_the_place_is_written() {
    const WORD: usize = size_of::<usize>();
    for (dtype, expected) in [(9, 1), (3, TRIMTAB_NOWHERE)] {
        let mut data = four();
        let mut world = World::pending(LIBRARIES[0], &mut data);
        let mut grads = copies(&mut world);
        grads[1].dtype = dtype;
        let mut bytes = [0xff_u8; 2 * WORD];
        c::observe_at(grads.as_mut_ptr(), 4, bytes[1..].as_mut_ptr().cast());
        let (place, behind) = bytes[1..].split_at(WORD);
        assert_eq!(
            usize::from_ne_bytes(place.try_into().expect("a word")),
            expected
        );
        assert!(bytes[0] == 0xff && behind.iter().all(|byte| *byte == 0xff));
    }
}

/// GLOBAL takes one state: what lies behind it is not looked at and not touched.
#[test]
fn global_scope_takes_one_state() {
    let setting = crate::common::calls::parsed("gradient_stabilizer");
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let mut running = world.under_way(setting);
    running.states.norms[1].m = f64::NAN;
    let before = running.states.bits();
    running.setting = running.setting.with(&[("scope", 1.0)]);
    let raw = Raw::method(&mut running, &world.params, &mut world.grads);
    expect("global", raw.alone(), OK);
    assert_eq!(running.states.norms[0].steps, 4);
    assert_eq!(running.states.bits()[4..], before[4..]);
}

/// 16-bit elements need an even address, no more.
#[test]
fn element_types_are_told_apart_by_their_alignment() {
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let mut first = copies(&mut world)[0];
    (first.data, first.dtype) = (first.data.wrapping_byte_add(2), 1);
    expect("f16 at an even address", c::observe(&raw mut first, 1), OK);
}

/// The outlook of one descriptor: refused, and nothing is written to where it was to go.
#[test]
fn outlooks() {
    const TOLD: Moments = moments_of(7, -1.0, 2.0, 3.0);
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let good = copies(&mut world)[0];
    let mut told = TOLD;
    let into = &raw mut told;
    let unobserved: Spoilt = (BAD_STATE, "moments", |t| t.moments.sum_sq = -1.0);
    for (code, what, spoil) in BUFFERS.into_iter().chain(AFFINES).chain([unobserved]) {
        let mut spoilt = good;
        spoil(&mut spoilt);
        expect(what, c::outlook(&raw const spoilt, into), code);
    }
    let (tensor, off) = (&raw const good, into.wrapping_byte_add(4));
    for (code, tensor, into) in [
        (NULL_POINTER, null(), into),
        (MISALIGNED, tensor.wrapping_byte_add(4), into),
        (NULL_POINTER, tensor, null_mut()),
        (MISALIGNED, tensor, off),
    ] {
        expect("a pointer", c::outlook(tensor, into), code);
    }
    assert_eq!(told, TOLD);
    // Where a center is pending that is no mean: (x - 1)/2.
    let mut centred = good;
    centred.affine = Affine {
        center: 1.0,
        scale: 0.5,
        limit: 2.0,
    };
    expect("a center", c::outlook(&raw const centred, into), OK);
    // Of 1, -2.5, 0.5, 4 and -0.125: 0, -1.75, -0.25, 1.5 and -0.5625.
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-14, "{a} for {b}");
    near(told.sum, -1.0625);
    near(told.sum_sq, 5.69140625);
    assert_eq!((told.count, told.abs_max), (5, 2.0));
}

/// A chunk has no descriptor: its dtype is an argument.
#[test]
fn dtypes_of_chunks() {
    let (mut moments, data) = (Moments::default(), [1.0_f32]);
    let data: *const c_void = data.as_ptr().cast();
    for dtype in [4, u32::MAX] {
        let code = c::observe_chunk(&raw mut moments, data, 1, dtype);
        expect(&format!("dtype {dtype}"), code, BAD_DTYPE);
    }
    for dtype in 0..4 {
        let code = c::observe_chunk(&raw mut moments, null_mut(), 0, dtype);
        expect("an empty chunk", code, OK);
    }
    assert_eq!(moments, Moments::default());
}

/// Into itself: only pointers can say that.
#[test]
fn merging_with_itself_doubles() {
    let mut moments = moments_of(4, 10.0, 30.0, 4.0);
    let pointer = &raw mut moments;
    expect("merge", c::moments_merge(pointer, pointer), OK);
    assert_eq!(
        (moments.count, moments.sum, moments.sum_sq),
        (8, 20.0, 60.0)
    );
    assert_eq!(moments.abs_max, 4.0);
}

#[test]
fn statistics_of_null_are_nan() {
    for statistic in [c::moments_mean, c::moments_std, c::moments_norm] {
        assert!(statistic(null()).is_nan());
    }
}
