//! Errors and status codes: the numbers of the C ABI, and texts that name what was wrong and where.

#[allow(dead_code)] // Each test crate uses its own part.
#[path = "common/status.rs"]
mod status;

use trimtab::{Error, Link, Moments, Status, Unscale, decide};

/// `SkipStep` is `SKIP_STEP` in C.
fn name_in_c(status: Status) -> String {
    let mut name = String::new();
    for letter in format!("{status:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[test]
fn status_codes_are_those_of_the_c_abi() {
    for status in Status::ALL {
        assert_eq!(status::name(status.code()), name_in_c(status));
        assert_eq!(status as i32, status.code());
    }
    assert_eq!(Status::ALL.len(), 20);
}

/// One error of every kind, with the status it stands for.
fn errors() -> [(Error, Status); 18] {
    let (index, tensor, what) = (7, 7, "the reason");
    let (found, saved, needed) = (7, 123, 7);
    [
        (Error::BadConfig(what), Status::BadConfig),
        (Error::BadReference, Status::BadReference),
        (Error::BadState { index, what }, Status::BadState),
        (Error::NonFinite { tensor }, Status::NonFinite),
        (Error::Overflow { tensor }, Status::Overflow),
        (Error::Order { tensor, what }, Status::Order),
        (Error::Diverged, Status::Diverged),
        (Error::BadLength { index }, Status::BadLength),
        (Error::BadDtype { index }, Status::BadDtype),
        (Error::MissingBuffer { index }, Status::NullPointer),
        (Error::Unsupported, Status::Unsupported),
        (Error::BadMagic, Status::BadMagic),
        (Error::BadVersion { found }, Status::BadVersion),
        (Error::WrongKind { index }, Status::WrongKind),
        (Error::WrongCount { index, saved }, Status::WrongCount),
        (Error::Truncated { needed }, Status::Truncated),
        (Error::BadChecksum, Status::BadChecksum),
        (Error::BadSize { needed }, Status::BadLength),
    ]
}

#[test]
fn every_error_has_its_status_and_says_what_that_says() {
    for (error, status) in errors() {
        assert_eq!(error.status(), status);
        assert!(error.to_string().contains(status.message()), "{error}");
    }
}

#[test]
fn an_error_that_knows_which_how_many_and_why_says_so() {
    for (error, _) in errors() {
        let (debug, text) = (format!("{error:?}"), error.to_string());
        let says_it = text.contains("7:") || text.contains("7 bytes:");
        assert_eq!(debug.contains('7'), says_it, "{text}");
        assert_eq!(
            debug.contains("the reason"),
            text.contains("the reason"),
            "{text}"
        );
    }
}

#[test]
fn messages_are_different_sentences_that_end_in_nul_for_c() {
    let mut seen: Vec<&str> = Status::ALL.iter().map(|status| status.message()).collect();
    assert!(
        seen.iter()
            .all(|m| !m.is_empty() && m.is_ascii() && !m.contains('\0'))
    );
    for status in Status::ALL {
        assert_eq!(status.message_with_nul(), format!("{}\0", status.message()));
        assert_eq!(status.to_string(), status.message());
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), Status::ALL.len());
}

/// Every refusal is an error of the standard library's kind, so that `?` and `Box<dyn Error>` work.
#[test]
fn an_error_is_an_error() {
    fn boxed() -> Result<(), Box<dyn std::error::Error>> {
        Moments::default().observe_chunk(&[f32::NAN])?;
        Ok(())
    }
    let error = boxed().expect_err("NaN");
    assert_eq!(error.downcast_ref(), Some(&Error::NonFinite { tensor: 0 }));
}

#[test]
fn a_refused_chain_names_the_method_and_hands_on_its_error() {
    let mut chain = [
        Link::Unscale(Unscale::new(1.0)),
        Link::Unscale(Unscale::new(0.0)),
    ];
    let refused = decide(&mut chain, &mut []).expect_err("a loss scale of 0");
    assert!(refused.to_string().starts_with("method 1: "), "{refused}");
    let source = std::error::Error::source(&refused).expect("the method's error");
    assert_eq!(source.to_string(), refused.error.to_string());
}
