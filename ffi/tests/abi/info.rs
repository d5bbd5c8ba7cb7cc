//! Initialisation and texts.

use std::collections::HashSet;

use super::c::{self, text};

/// The gains `1 / sqrt(E[f(z)^2])` for standard normal z, to seven digits.
const GAINS: [(u32, f64); 6] = [
    (0, std::f64::consts::SQRT_2),
    (1, 1.5925374),
    (2, 1.6765325),
    (3, 1.5335304),
    (4, 1.5208666),
    (5, 1.0),
];

#[test]
fn init_std_is_gain_over_the_root_of_fan_in() {
    for (activation, gain) in GAINS {
        for fan_in in [1, 2, 64, 1_000_003] {
            let actual = c::init_std(activation, fan_in) * (fan_in as f64).sqrt();
            assert!(
                (actual - gain).abs() < 0.6e-7,
                "activation {activation}, fan_in {fan_in}: {actual}"
            );
        }
    }
}

#[test]
fn init_std_is_nan_where_there_is_none() {
    for (activation, _) in GAINS {
        assert!(c::init_std(activation, 0).is_nan());
    }
    for activation in [6, 7, 255, 256, u32::MAX] {
        assert!(c::init_std(activation, 64).is_nan());
        assert!(c::init_std(activation, 0).is_nan());
    }
}

#[test]
fn every_status_has_its_own_message() {
    let known: Vec<String> = (-18..=1)
        .map(|code| text(c::status_message(code)))
        .collect();
    assert!(
        known
            .iter()
            .all(|message| !message.is_empty() && message.is_ascii())
    );
    let distinct: HashSet<&String> = known.iter().collect();
    assert_eq!(distinct.len(), 20);
    for code in (-30..-18).chain(2..=20).chain([i32::MIN, i32::MAX]) {
        let message = text(c::status_message(code));
        assert!(
            !message.is_empty() && !known.contains(&message),
            "{code}: {message}"
        );
    }
}

#[test]
fn messages_are_static() {
    for code in -30..=20 {
        assert_eq!(c::status_message(code), c::status_message(code));
    }
}

#[test]
fn version_is_that_of_the_package() {
    assert_eq!(text(c::version()), env!("CARGO_PKG_VERSION"));
    assert_eq!(text(c::version()).split('.').count(), 3);
}

#[test]
fn cpu_level_is_a_word() {
    let level = text(c::cpu_level());
    assert!(
        !level.is_empty() && level.bytes().all(|b| b.is_ascii_graphic()),
        "{level:?}"
    );
}
