//! `trimtab_decide`: the functions one after another in one call, or nothing, every byte compared.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use super::blob::{BF16, Blob, F16, F32, F64};
use super::c;
use super::call::{Args, Call};
use super::status::{BAD_CONFIG, MISALIGNED, NULL_POINTER, OK, ORDER, SKIP_STEP, expect, name};
use super::world::{BIAS, WEIGHT, World};
use crate::chain::trimtab_method;

/// The methods in the order of their kinds in the header.
const METHODS: [Call; 12] = [
    Call::Unscale,
    Call::Scale,
    Call::Guard,
    Call::StableGrad,
    Call::Stabilizer,
    Call::Autoscale,
    Call::Centralize,
    Call::Znorm,
    Call::ClipNorm,
    Call::ClipValue,
    Call::Agc,
    Call::Zclip,
];
const UNTOUCHED: usize = 77;

/// The call as a method of a chain.
pub fn method(call: Call, a: &Args) -> trimtab_method {
    let kind = METHODS.iter().position(|method| *method == call);
    let none = trimtab_method {
        kind: kind.expect("a method").try_into().expect("small"),
        reserved: 0,
        config: null(),
        state: null_mut(),
        number: 0.0,
        input: null(),
    };
    let config = |config: *const c_void| trimtab_method { config, ..none };
    let number = |number: f64| trimtab_method { number, ..none };
    let state = |state: *mut c_void| trimtab_method { state, ..none };
    match call {
        Call::Unscale => number(a.loss_scale),
        Call::Scale => number(a.factor),
        Call::Guard => trimtab_method {
            config: a.guard_config.cast(),
            ..state(a.guard.cast())
        },
        Call::StableGrad => trimtab_method {
            number: a.reference,
            ..config(a.stable_grad_config.cast())
        },
        Call::Stabilizer => trimtab_method {
            config: a.stabilizer_config.cast(),
            ..state(a.norms.cast())
        },
        Call::Autoscale => state(a.autoscale.cast()),
        Call::Znorm => config(a.znorm_config.cast()),
        Call::ClipNorm => number(a.max_norm),
        Call::ClipValue => number(a.limit),
        Call::Agc => trimtab_method {
            input: a.weights.cast(),
            ..config(a.agc_config.cast())
        },
        Call::Zclip => trimtab_method {
            config: a.zclip_config.cast(),
            ..state(a.zclip.cast())
        },
        _ => none, // centralize
    }
}

/// Four gradients just observed; the second may hold a NaN.
fn observed(nan: bool) -> World {
    let bad = if nan { f64::NAN } else { -1.5 };
    let mut world = World::of(&[
        (WEIGHT, Blob::new(F32, &[1.0, -2.5, 0.5, 4.0, -0.125])),
        (BIAS, Blob::new(F64, &[0.25, bad, 3.0])),
        (WEIGHT, Blob::new(BF16, &[2.0, 1.25, -0.75, 6.0])),
        (BIAS, Blob::new(F16, &[-1.0, 0.5, 8.0, 0.0625, -3.0, 1.0])),
    ]);
    let _ = world.try_observe();
    world
}

/// One after another, up to a refusal or a skip: the code, and which method refused.
fn one_by_one(calls: &[Call], world: &mut World, spoil: impl Fn(&mut Args)) -> (i32, usize) {
    let mut args = Args::of(world);
    spoil(&mut args);
    for (index, call) in calls.iter().enumerate() {
        match call.run(&args) {
            OK => (),
            SKIP_STEP => return (SKIP_STEP, UNTOUCHED),
            code => return (code, index),
        }
    }
    (OK, UNTOUCHED)
}

fn in_one_call(calls: &[Call], world: &mut World, spoil: impl Fn(&mut Args)) -> (i32, usize) {
    let mut args = Args::of(world);
    spoil(&mut args);
    let chain: Vec<_> = calls.iter().map(|call| method(*call, &args)).collect();
    let mut refused = UNTOUCHED;
    let code = c::decide(
        chain.as_ptr(),
        chain.len(),
        args.grads,
        args.n,
        &raw mut refused,
    );
    (code, refused)
}

/// The same in both ways, every byte; and nothing changed where it is refused. The code.
fn same(calls: &[Call], nan: bool, spoil: impl Fn(&mut Args) + Copy) -> i32 {
    let (mut alone, mut together) = (observed(nan), observed(nan));
    // The snapshots hold pointers: only what lies at them is compared between worlds.
    let pointers = ["descriptors", "output pointers", "slots"];
    let before = together.snapshot();
    let expected = one_by_one(calls, &mut alone, spoil);
    let result = in_one_call(calls, &mut together, spoil);
    assert_eq!(result, expected, "{calls:?}: {}", name(expected.0));
    if expected.0 < 0 {
        let changed = together.changed_since(&before);
        assert!(
            changed.is_empty(),
            "{calls:?}: refused, but {changed:?} changed"
        );
        return expected.0;
    }
    let contents = |world: &World| {
        let parts = world.snapshot().into_iter();
        parts
            .filter(|(name, _)| !pointers.contains(name))
            .collect::<Vec<_>>()
    };
    assert_eq!(contents(&together), contents(&alone), "{calls:?}");
    for (one, other) in together.grads.iter().zip(&alone.grads) {
        let bits = |a: &trimtab_core::Affine| [a.center, a.scale, a.limit].map(f64::to_bits);
        assert_eq!(bits(&one.affine), bits(&other.affine), "{calls:?}");
        assert_eq!(
            format!("{:?}", one.moments),
            format!("{:?}", other.moments),
            "{calls:?}"
        );
    }
    expected.0
}

/// Every chain of one, two and three methods, with good gradients and with a NaN.
#[test]
fn a_chain_is_its_functions_one_after_another() {
    let mut codes = [0_u32; 3]; // accepted, skipped, refused
    let mut play = |calls: &[Call]| {
        for nan in [false, true] {
            match same(calls, nan, |_| ()) {
                OK => codes[0] += 1,
                SKIP_STEP => codes[1] += 1,
                _ => codes[2] += 1,
            }
        }
    };
    play(&[]);
    for first in METHODS {
        play(&[first]);
        for second in METHODS {
            play(&[first, second]);
            METHODS
                .into_iter()
                .for_each(|third| play(&[first, second, third]));
        }
    }
    assert!(codes.iter().all(|count| *count > 100), "{codes:?}");
}

/// The last method refuses, for each of its reasons: the states of those before it are as they were.
#[test]
fn a_refusal_by_a_later_method_undoes_the_earlier() {
    type Spoil = (Call, fn(&mut Args));
    let spoils: [Spoil; 8] = [
        (Call::StableGrad, |a| a.reference = f64::NAN),
        (Call::Unscale, |a| a.loss_scale = 0.0),
        (Call::Scale, |a| a.factor = f64::INFINITY),
        (Call::ClipNorm, |a| a.max_norm = -1.0),
        (Call::ClipValue, |a| a.limit = f64::NAN),
        (Call::Agc, |a| a.weights = null()),
        (Call::Zclip, |a| a.zclip = null_mut()),
        (Call::Autoscale, |a| {
            a.autoscale = a.autoscale.wrapping_byte_add(1)
        }),
    ];
    for (last, spoil) in spoils {
        for first in [Call::Guard, Call::Stabilizer, Call::Centralize] {
            let code = same(&[first, last], false, spoil);
            assert!(code < 0, "{last:?} accepted");
        }
    }
}

/// What a chain has and its functions have not: each is refused by the second method, and nothing changes.
#[test]
fn fields_that_a_method_does_not_have_are_refused() {
    let somewhere = 8_usize as *mut c_void;
    type Spoil = (Call, i32, fn(&mut trimtab_method, *mut c_void));
    let spoils: [Spoil; 12] = [
        (Call::Znorm, BAD_CONFIG, |m, _| m.kind = 12),
        (Call::Znorm, BAD_CONFIG, |m, _| m.kind = u32::MAX),
        (Call::Znorm, BAD_CONFIG, |m, _| m.reserved = 1),
        (Call::Znorm, BAD_CONFIG, |m, p| m.input = p),
        (Call::Znorm, BAD_CONFIG, |m, p| m.state = p),
        (Call::Znorm, BAD_CONFIG, |m, _| m.number = 1.0),
        (Call::Znorm, BAD_CONFIG, |m, _| m.number = f64::NAN),
        (Call::Scale, BAD_CONFIG, |m, p| m.config = p),
        (Call::Zclip, BAD_CONFIG, |m, p| m.input = p),
        (Call::Agc, NULL_POINTER, |m, _| m.input = null()),
        (Call::Guard, NULL_POINTER, |m, _| m.state = null_mut()),
        (Call::Guard, MISALIGNED, |m, _| {
            m.state = m.state.wrapping_byte_add(4)
        }),
    ];
    for (index, (call, code, spoil)) in spoils.into_iter().enumerate() {
        let mut world = observed(false);
        let args = Args::of(&mut world);
        let mut chain = [method(Call::Stabilizer, &args), method(call, &args)];
        spoil(&mut chain[1], somewhere);
        let before = world.snapshot();
        let mut refused = UNTOUCHED;
        let result = c::decide(chain.as_ptr(), 2, args.grads, args.n, &raw mut refused);
        expect(&format!("spoil {index}"), result, code);
        assert_eq!(refused, 1);
        assert!(world.changed_since(&before).is_empty());
    }
}

/// Their configurations exist for chains only; the functions take the numbers themselves.
#[test]
fn roles_and_scopes_are_configurations() {
    use crate::config::{trimtab_centralize_config, trimtab_clip_norm_config};
    for code in [0, 1] {
        let (mut alone, mut together) = (observed(false), observed(false));
        let args = Args::of(&mut alone);
        expect("centralize", c::centralize(code, args.grads, args.n), OK);
        expect("clip_norm", c::clip_norm(0.5, code, args.grads, args.n), OK);
        let centralize = trimtab_centralize_config {
            struct_size: 8,
            roles: code,
        };
        let clip_norm = trimtab_clip_norm_config {
            struct_size: 8,
            scope: code,
        };
        let args = Args::of(&mut together);
        let mut chain = [
            method(Call::Centralize, &args),
            method(Call::ClipNorm, &args),
        ];
        chain[0].config = (&raw const centralize).cast();
        chain[1].config = (&raw const clip_norm).cast();
        expect(
            "decide",
            c::decide(chain.as_ptr(), 2, args.grads, args.n, null_mut()),
            OK,
        );
        for (one, other) in together.grads.iter().zip(&alone.grads) {
            assert_eq!(one.affine, other.affine);
        }
    }
    let unknown = trimtab_clip_norm_config {
        struct_size: 8,
        scope: 2,
    };
    let short = trimtab_clip_norm_config {
        struct_size: 4,
        scope: 0,
    };
    for config in [&raw const unknown, &raw const short] {
        let mut world = observed(false);
        let args = Args::of(&mut world);
        let chain = [trimtab_method {
            config: config.cast(),
            ..method(Call::ClipNorm, &args)
        }];
        let code = c::decide(chain.as_ptr(), 1, args.grads, args.n, null_mut());
        expect("an unknown scope, a short struct", code, BAD_CONFIG);
    }
}

/// Two methods behind something pending are refused; one is not, nor is none.
#[test]
fn a_chain_starts_right_after_observing() {
    let mut world = World::new(); // each gradient is to be halved
    let before = world.snapshot();
    let args = Args::of(&mut world);
    let chain = [method(Call::Scale, &args), method(Call::Znorm, &args)];
    let (mut refused, mut at) = (UNTOUCHED, UNTOUCHED);
    let (to_refused, to_at) = (&raw mut refused, &raw mut at);
    let code = c::decide_at(chain.as_ptr(), 2, args.grads, args.n, to_refused, to_at);
    expect("two methods", code, ORDER);
    assert_eq!((refused, at), (0, 0));
    assert!(world.changed_since(&before).is_empty());
    expect(
        "one",
        c::decide(chain.as_ptr(), 1, args.grads, args.n, null_mut()),
        OK,
    );
    assert_eq!(world.grads[3].affine.scale, 1.5);
    expect(
        "none",
        c::decide(null(), 0, args.grads, args.n, null_mut()),
        OK,
    );
}

/// What no method has refused leaves `refused` alone.
#[test]
fn bad_arguments_of_the_call_itself() {
    let mut world = observed(false);
    let before = world.snapshot();
    let args = Args::of(&mut world);
    let chain = [method(Call::Znorm, &args)];
    let mut refused = UNTOUCHED;
    let to = &raw mut refused;
    expect(
        "no chain",
        c::decide(null(), 1, args.grads, args.n, to),
        NULL_POINTER,
    );
    let odd = chain.as_ptr().wrapping_byte_add(1);
    expect(
        "an odd chain",
        c::decide(odd, 1, args.grads, args.n, to),
        MISALIGNED,
    );
    expect(
        "no gradients",
        c::decide(chain.as_ptr(), 1, null_mut(), args.n, to),
        NULL_POINTER,
    );
    assert_eq!(refused, UNTOUCHED);
    assert!(world.changed_since(&before).is_empty());
}
