//! Texts, and how many threads may be asked for.

use std::collections::HashSet;

use super::c::{self, text};
use crate::common::calls::turn;
use crate::common::status::{BAD_CONFIG, OK, UNSUPPORTED, expect};

#[test]
fn every_status_has_its_own_message() {
    let message = |code| text(c::status_message(code));
    let known: HashSet<String> = (-18..=1).map(message).collect();
    assert!(known.iter().all(|text| !text.is_empty() && text.is_ascii()));
    assert_eq!(known.len(), 20);
    for code in (-30..-18).chain(2..=20).chain([i32::MIN, i32::MAX]) {
        let unknown = message(code);
        assert!(!unknown.is_empty() && !known.contains(&unknown), "{code}");
        assert_eq!(c::status_message(code), c::status_message(code), "static");
    }
}

#[test]
fn version_and_level() {
    assert_eq!(text(c::version()), env!("CARGO_PKG_VERSION"));
    assert_eq!(text(c::version()).split('.').count(), 3);
    let level = text(c::cpu_level());
    let is_word = level.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(!level.is_empty() && is_word, "{level:?}");
}

/// As many as are asked for, where the library has threads at all; never none, and never thousands. The number is the
/// whole process's.
#[test]
fn numbers_of_threads() {
    let _turn = turn();
    for threads in [0, 1_025, usize::MAX] {
        let what = format!("{threads} threads");
        expect(&what, c::set_threads(threads), BAD_CONFIG);
    }
    let several = if cfg!(feature = "rayon") {
        OK
    } else {
        UNSUPPORTED
    };
    expect("2", c::set_threads(2), several);
    expect("1", c::set_threads(1), OK);
}
