//! Saving and loading of states as Rust has it: details of errors, states of one's own, pipelines. What the bytes have to
//! be like is in the suite.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::saved::{entry, record};
use trimtab::checkpoint::{self, Reader, State, Writer};
use trimtab::{
    Autoscale, Error, GradientStabilizer, Guard, GuardState, NormState, Pipeline, Scale, StepState,
};

const STATES: (GuardState, StepState) = (
    GuardState {
        consecutive: 1,
        total: 2,
    },
    StepState { steps: 3 },
);

fn put_both(to: &mut Writer) {
    to.put_one(&STATES.0);
    to.put_one(&STATES.1);
}

/// What one list of states saves, and the other is asked to load.
fn load(put: impl Fn(&mut Writer), take: impl FnMut(&mut Reader)) -> Result<(), Error> {
    let mut bytes = [0; 500];
    let len = checkpoint::save(&mut bytes, put)?;
    checkpoint::load(&bytes[..len], take)
}

#[test]
fn too_small_a_buffer_stays_as_it_is() {
    let needed = 32 + 2 * 16 + 16 + 8;
    assert_eq!(checkpoint::size(put_both), needed);
    for len in 0..needed {
        let mut bytes = vec![0xa5; len];
        let result = checkpoint::save(&mut bytes, put_both);
        let needed = needed as u64;
        assert_eq!(result, Err(Error::BadSize { needed }));
        assert_eq!(bytes, vec![0xa5; len]);
    }
    let mut bytes = vec![0xa5; needed + 44];
    assert_eq!(checkpoint::save(&mut bytes, put_both), Ok(needed));
    assert_eq!(bytes[needed..], [0xa5; 44]);
}

/// How many bytes it should be, which version it is, which entry does not fit, and how many states were saved.
#[test]
fn errors_have_details() {
    let read = |bytes: &[u8]| {
        let mut state = StepState { steps: 77 };
        let result = checkpoint::load(bytes, |from| from.take_one(&mut state));
        assert_eq!(state.steps, 77);
        result.expect_err("damaged")
    };
    let one = |entries: &[Vec<u8>]| record(1, entries.len() as u32, entries);
    let whole = one(&[entry(4, 8, 1, &[5])]);
    assert_eq!(read(&whole[..31]), Error::Truncated { needed: 32 });
    assert_eq!(read(&whole[..55]), Error::Truncated { needed: 56 });
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(read(&longer), Error::BadSize { needed: 56 });
    assert_eq!(read(&record(7, 0, &[])), Error::BadVersion { found: 7 });
    let cut = |words| one(&[entry(4, 8, 1, &[5])[..words].to_vec()]);
    assert_eq!(read(&cut(16)), Error::BadLength { index: 0 });
    assert_eq!(read(&cut(17)), Error::BadLength { index: 1 }); // Not even a row of 64-bit words.
    for saved in [2, 1 << 61, u64::MAX] {
        let bytes = one(&[entry(4, 8, saved, &[5])]);
        assert_eq!(read(&bytes), Error::WrongCount { index: 0, saved });
    }
    let two = [entry(4, 8, 1, &[5]), entry(4, 8, 1, &[5])];
    assert_eq!(read(&one(&two)), Error::WrongKind { index: 1 });
}

#[test]
fn more_or_fewer_entries_and_another_order() {
    let (mut g, mut s, mut more) = <(GuardState, StepState, StepState)>::default();
    let wrong = |index| Err(Error::WrongKind { index });
    assert_eq!(load(put_both, |from| from.take_one(&mut g)), wrong(1));
    assert_eq!(load(put_both, |_| ()), wrong(0));
    let too_many = load(put_both, |from| {
        from.take_one(&mut g);
        from.take_one(&mut s);
        from.take_one(&mut more);
    });
    assert_eq!(too_many, wrong(2));
    let turned_round = load(put_both, |from| {
        from.take_one(&mut s);
        from.take_one(&mut g);
    });
    assert_eq!(turned_round, wrong(0));
    assert_eq!((g, s, more), Default::default());
    let as_saved = load(put_both, |from| {
        from.take_one(&mut g);
        from.take_one(&mut s);
    });
    assert_eq!((as_saved, (g, s)), (Ok(()), STATES));
}

/// Into a pipeline: as many states as it has, or any number that there is room for if it has none yet.
#[test]
fn a_pipeline_of_other_methods_or_other_tensors() {
    let new = || Pipeline::<2, 2>::new().with(GradientStabilizer::default());
    let new = || new().expect("there is room");
    let loads = |pipeline: &mut Pipeline<2, 2>, norms: usize| {
        let norms = vec![NormState::default(); norms];
        load(|to| to.put(&norms), |from| pipeline.load(from))
    };
    for norms in 0..=2 {
        assert_eq!(loads(&mut new(), norms), Ok(()));
    }
    let wrong = |saved| Err(Error::WrongCount { index: 0, saved });
    let mut pipeline = new();
    let loaded = [3, 2, 1, 0].map(|norms| loads(&mut pipeline, norms));
    assert_eq!(loaded, [wrong(3), Ok(()), wrong(1), Ok(())]);
    let mut more = new().with(Guard::default()).expect("there is room");
    assert_eq!(loads(&mut more, 2), Err(Error::WrongKind { index: 1 }));
    let autoscale = Pipeline::<1, 1>::new().with(Autoscale::default());
    let mut autoscale = autoscale.expect("there is room");
    let saved = load(|to| pipeline.save(to), |from| autoscale.load(from));
    assert_eq!(saved, Err(Error::WrongKind { index: 0 }));
    let without_states = Pipeline::<1, 1>::new().with(Scale::new(2.0));
    let without_states = without_states.expect("there is room");
    assert_eq!(checkpoint::size(|to| without_states.save(to)), 32);
}

/// Of a kind above the library's.
#[test]
fn a_state_of_ones_own() {
    #[derive(Debug, Default, PartialEq)]
    struct Mine(u64, f64);
    impl State for Mine {
        const KIND: u32 = 1 << 31;
        type Words = [u64; 2];
        fn to_words(&self) -> [u64; 2] {
            [self.0, self.1.to_bits()]
        }
        fn from_words([a, b]: [u64; 2]) -> Self {
            Self(a, f64::from_bits(b))
        }
    }
    let mut mine = Mine::default();
    let put = |to: &mut Writer| to.put_one(&Mine(9, 0.5));
    let result = load(put, |from| from.take_one(&mut mine));
    assert_eq!((result, mine), (Ok(()), Mine(9, 0.5)));
}
