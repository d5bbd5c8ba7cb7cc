//! Which instruction set is used: by value, and by the environment variable TRIMTAB_LEVEL.
//!
//! The variable is read once, at the first pass of a process: each test that needs one starts itself again as a child.

#[path = "common/again.rs"]
mod again;
#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use std::ffi::OsStr;

use common::calls::{Call, moments_of, scaled, weight};
use common::elements::Elements;
use common::library::Answer;
use common::rust::LIBRARIES;
use common::status::UNSUPPORTED;
use common::world::World;
use trimtab::{
    Affine, Dtype, Error, GradientStabilizer, Inputs, Level, Moments, Pipeline, Tensor, observe,
};

/// Every level that there is on any processor.
const NAMES: [&str; 5] = ["avx512", "avx2", "sse2", "neon", "scalar"];

/// Set in children only.
const CHILD: &str = "TRIMTAB_TEST_IS_A_CHILD";

/// Whether this process is the child of the test that asks.
fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs the test of this name in a new process, with TRIMTAB_LEVEL set or not; it has to pass, and to be run at all.
fn run_again(test: &str, level: Option<&OsStr>) {
    let mut command = again::again();
    command
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1");
    match level {
        Some(level) => command.env("TRIMTAB_LEVEL", level),
        None => command.env_remove("TRIMTAB_LEVEL"),
    };
    let output = command.output().expect("a child can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let all = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "TRIMTAB_LEVEL={level:?}:\n{all}");
    assert!(
        text.contains("1 passed"),
        "no test is called {test}:\n{all}"
    );
}

fn there() -> Vec<&'static str> {
    Level::available().map(Level::name).collect()
}

#[test]
fn levels_have_the_documented_names_best_first() {
    let place = |name: &&str| NAMES.iter().position(|n| n == name).expect("documented");
    let places: Vec<usize> = there().iter().map(place).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{:?}", there());
    assert_eq!(there().last(), Some(&"scalar"));
    let base = match () {
        () if cfg!(target_arch = "x86_64") => "sse2",
        () if cfg!(target_arch = "aarch64") => "neon",
        () => "scalar",
    };
    assert!(
        there().contains(&base),
        "{base} is part of the architecture"
    );
}

#[test]
fn a_level_is_found_by_its_name_only_where_it_exists() {
    for name in NAMES {
        let found = Level::named(name).map(Level::name);
        assert_eq!(found, there().contains(&name).then_some(name));
    }
    for name in ["", "nonsense", "AVX2", "avx", "scalar ", "scalar\0"] {
        assert_eq!(Level::named(name), None, "{name:?}");
    }
}

/// What the standard library finds is what this library finds with CPUID alone.
#[test]
#[cfg(target_arch = "x86_64")]
fn detection_agrees_with_the_standard_library() {
    use std::arch::is_x86_feature_detected as has;
    let avx2 = has!("avx2") && has!("fma") && has!("f16c");
    let wide = has!("avx512f") && has!("avx512vl") && has!("avx512dq") && has!("avx512bw");
    assert_eq!(Level::named("avx2").is_some(), avx2);
    assert_eq!(Level::named("avx512").is_some(), avx2 && wide);
}

#[test]
fn the_best_level_is_used_when_nothing_is_said() {
    if is_child() {
        assert_eq!(
            Level::current(),
            Ok(Level::available().next().expect("one"))
        );
        return;
    }
    run_again("the_best_level_is_used_when_nothing_is_said", None);
    run_again(
        "the_best_level_is_used_when_nothing_is_said",
        Some("".as_ref()),
    );
}

#[test]
fn the_variable_names_the_level() {
    if is_child() {
        let asked = std::env::var("TRIMTAB_LEVEL").expect("set");
        observe(&mut [Tensor::weight(&mut [1.0_f32])]).expect("every pass works");
        assert_eq!(Level::current().map(Level::name), Ok(&asked[..]));
        return;
    }
    for name in there() {
        run_again("the_variable_names_the_level", Some(name.as_ref()));
    }
}

#[test]
fn a_level_forced_by_value_is_used_whatever_the_variable_says() {
    if is_child() {
        assert_eq!(Level::current(), Err(Error::Unsupported));
        for level in Level::available() {
            assert_eq!((level.force(), Level::current()), (level, Ok(level)));
            observe(&mut [Tensor::weight(&mut [1.0_f32])]).expect("every pass works");
        }
        return;
    }
    let test = "a_level_forced_by_value_is_used_whatever_the_variable_says";
    run_again(test, Some("nonsense".as_ref()));
}

#[test]
fn every_pass_is_refused_where_the_variable_names_no_level_of_this_processor() {
    if is_child() {
        return every_pass_is_refused();
    }
    let test = "every_pass_is_refused_where_the_variable_names_no_level_of_this_processor";
    let missing = NAMES.into_iter().filter(|name| !there().contains(name));
    for name in missing.chain(["nonsense", "AVX2", "scalar "]) {
        run_again(test, Some(name.as_ref()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        run_again(test, Some(OsStr::from_bytes(b"scalar\xff"))); // no UTF-8
    }
}

/// A pipeline observes first.
#[test]
fn a_pipeline_is_refused_too() {
    if !is_child() {
        return run_again("a_pipeline_is_refused_too", Some("nonsense".as_ref()));
    }
    let mut gradient = [1.0_f32, -2.0, 3.0];
    let mut grads = [Tensor::weight(&mut gradient)];
    grads[0].set_moments(moments()); // as if observed
    let stabilizer = GradientStabilizer::default();
    let pipeline = Pipeline::<1, 1>::new().with(stabilizer);
    let mut pipeline = pipeline.expect("room for one");
    let before = pipeline.stages().to_vec();
    let refused = pipeline.decide(&Inputs::default(), &mut grads);
    assert_eq!(refused, Err(Error::Unsupported));
    assert_eq!(pipeline.stages(), before);
    assert_eq!(*grads[0].moments(), moments());
}

/// Those of 1, -2, 3, which no pass has to find.
fn moments() -> Moments {
    moments_of(3, 2.0, 14.0, 3.0)
}

/// Every pass says Unsupported and why, and writes nothing; what only thinks goes on.
fn every_pass_is_refused() {
    assert_eq!(Level::current(), Err(Error::Unsupported));
    let text = Error::Unsupported.to_string();
    assert!(text.contains("TRIMTAB_LEVEL"), "{text}");
    let library = LIBRARIES[0];
    let mut data = weight(Dtype::F32, &[1.0, -2.0, 3.0]);
    for call in Call::writes() {
        let mut world = World::new(library, &mut data);
        world.grads[0].set_moments(moments());
        scaled(library, 2.0, &mut world.grads);
        call.refused("no level", &mut world, UNSUPPORTED, None);
    }
    let mut world = World::new(library, &mut data);
    world.grads[0].set_moments(moments());
    let before = world.bits();
    let mut streamed = moments();
    let mut chunk = Elements::new(Dtype::F64, &[1.0]);
    let refused = [
        library.observe(&mut world.grads),
        library.observe(&mut []),
        library.observe_chunk(&mut streamed, &mut chunk),
        Answer::from(streamed.observe_chunk(&[1.0_f32])),
    ];
    assert_eq!(refused, [Answer::of(UNSUPPORTED); 4]);
    assert!(world.bits() == before && streamed == moments());
    assert_eq!(moments().through(&Affine::IDENTITY), moments());
}
