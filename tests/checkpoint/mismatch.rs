//! Intact records of another run: of other kinds, in another order, with more or fewer states.

use trimtab::checkpoint::{self, Reader, State, Writer};
use trimtab::{
    Autoscale, AutoscaleState, Error, GradientStabilizer, Guard, GuardState, NormState, Pipeline,
    Scale, StepState, ZclipState,
};

use crate::run::{Run, entry, record};

/// What saving and loading one state says.
fn across<A: State + Default, B: State + Default>() -> Result<(), Error> {
    let (mut bytes, mut state) = ([0; 100], B::default());
    let len = checkpoint::save(&mut bytes, |to| to.put_one(&A::default()))?;
    checkpoint::load(&bytes[..len], |from| from.take_one(&mut state))
}

macro_rules! across_all {
    ($($from:ty),*; $to:ty) => { [$(across::<$from, $to>()),*] };
}

/// Also where states have as many bytes, as those of the norms and of autoscale.
#[test]
fn every_kind_into_every_kind() {
    macro_rules! into {
        ($to:ty) => {
            across_all!(NormState, AutoscaleState, ZclipState, GuardState, StepState; $to)
        };
    }
    let results = [
        into!(NormState),
        into!(AutoscaleState),
        into!(ZclipState),
        into!(GuardState),
        into!(StepState),
    ];
    for (to, row) in results.iter().enumerate() {
        for (from, result) in row.iter().enumerate() {
            match from == to {
                true => assert_eq!(*result, Ok(())),
                false => assert_eq!(*result, Err(Error::WrongKind { index: 0 }), "{from} > {to}"),
            }
        }
    }
}

#[test]
fn more_or_fewer_states() {
    let saved = Run::zeros(3, 2).saved();
    let refused = |norms, zclips, error| {
        let mut run = Run::random(&mut crate::common::data::Random(94), norms, zclips);
        let before = run.bits();
        assert_eq!(run.load(&saved), Err(error));
        assert_eq!(run.bits(), before);
    };
    for norms in [0, 1, 2, 4, 100] {
        refused(norms, 2, Error::WrongCount { index: 0, saved: 3 });
    }
    for zclips in [0, 1, 3] {
        refused(3, zclips, Error::WrongCount { index: 2, saved: 2 });
    }
}

/// What one list of states saves, and the other is asked to load.
fn load(put: impl Fn(&mut Writer), take: impl FnMut(&mut Reader)) -> Result<(), Error> {
    let mut bytes = [0; 500];
    let len = checkpoint::save(&mut bytes, put)?;
    checkpoint::load(&bytes[..len], take)
}

#[test]
fn more_or_fewer_entries_and_another_order() {
    let (guard, step) = (
        GuardState {
            consecutive: 1,
            total: 2,
        },
        StepState { steps: 3 },
    );
    let both = |to: &mut Writer| {
        to.put_one(&guard);
        to.put_one(&step);
    };
    let (mut g, mut s, mut more) = <(GuardState, StepState, StepState)>::default();
    let fewer = load(both, |from| from.take_one(&mut g));
    assert_eq!(fewer, Err(Error::WrongKind { index: 1 }));
    let none = load(both, |_| ());
    assert_eq!(none, Err(Error::WrongKind { index: 0 }));
    let too_many = load(both, |from| {
        from.take_one(&mut g);
        from.take_one(&mut s);
        from.take_one(&mut more);
    });
    assert_eq!(too_many, Err(Error::WrongKind { index: 2 }));
    let turned_round = load(both, |from| {
        from.take_one(&mut s);
        from.take_one(&mut g);
    });
    assert_eq!(turned_round, Err(Error::WrongKind { index: 0 }));
    assert_eq!((g, s, more), Default::default());
    let as_saved = load(both, |from| {
        from.take_one(&mut g);
        from.take_one(&mut s);
    });
    assert_eq!((as_saved, g, s), (Ok(()), guard, step));
}

/// The first of several things that do not fit is said.
#[test]
fn the_first_mismatch_is_said() {
    let saved = Run::zeros(3, 2).saved();
    let mut run = Run::zeros(4, 1);
    let error = Error::WrongCount { index: 0, saved: 3 };
    assert_eq!(run.load(&saved), Err(error));
}

/// Right checksums over entries that no writer of this library makes.
#[test]
fn entries_that_do_not_fill_the_record() {
    let refused = |bytes: &[u8], error| {
        let mut state = StepState { steps: 77 };
        let result = checkpoint::load(bytes, |from| from.take_one(&mut state));
        assert_eq!((result, state.steps), (Err(error), 77));
    };
    let (whole, first) = (entry(4, 8, 1, &[5]), Error::BadLength { index: 0 });
    for len in 0..whole.len() {
        let error = match len % 8 {
            0 => first,
            _ => Error::BadLength { index: 1 }, // Not even a row of 64-bit words.
        };
        refused(&record(1, 1, &[whole[..len].to_vec()]), error);
    }
    let behind = Error::BadLength { index: 1 };
    refused(&record(1, 1, &[whole.clone(), vec![0; 8]]), behind);
    refused(&record(1, 1, &[whole.clone(), vec![0]]), behind);
    refused(
        &record(1, 2, std::slice::from_ref(&whole)),
        Error::WrongKind { index: 1 },
    );
    // A state of another length, as a later kind 4 might have: not this one.
    refused(
        &record(1, 1, &[entry(4, 16, 1, &[5, 6])]),
        Error::WrongKind { index: 0 },
    );
    refused(
        &record(1, 1, &[entry(5, 8, 1, &[5])]),
        Error::WrongKind { index: 0 },
    );
    // A count whose bytes no memory has.
    for saved in [2, 1 << 61, u64::MAX] {
        let bytes = record(1, 1, &[entry(4, 8, saved, &[5])]);
        refused(&bytes, Error::WrongCount { index: 0, saved });
    }
    let mut nothing: [StepState; 0] = [];
    let empty = record(1, 1, &[entry(4, 8, 0, &[])]);
    assert_eq!(
        checkpoint::load(&empty, |from| from.take(&mut nothing)),
        Ok(())
    );
}

/// Into a pipeline: as many states as it has, or any number that there is room for if it has none yet.
#[test]
fn a_pipeline_of_other_methods_or_other_tensors() {
    let new = || Pipeline::<2, 2>::new().with(GradientStabilizer::default());
    let loads = |pipeline: &mut Pipeline<2, 2>, norms: usize| {
        let norms = vec![NormState::default(); norms];
        load(|to| to.put(&norms), |from| pipeline.load(from))
    };
    for norms in 0..=2 {
        assert_eq!(loads(&mut new().expect("there is room"), norms), Ok(()));
    }
    let wrong = |saved| Err(Error::WrongCount { index: 0, saved });
    let mut pipeline = new().expect("there is room");
    assert_eq!(loads(&mut pipeline, 3), wrong(3));
    assert_eq!(loads(&mut pipeline, 2), Ok(()));
    assert_eq!(loads(&mut pipeline, 1), wrong(1));
    assert_eq!(loads(&mut pipeline, 0), Ok(()));
    let mut more = new()
        .and_then(|p| p.with(Guard::default()))
        .expect("there is room");
    assert_eq!(loads(&mut more, 2), Err(Error::WrongKind { index: 1 }));
    let mut without_states = Pipeline::<1, 1>::new()
        .with(Autoscale::default())
        .expect("there is room");
    let saved = load(|to| pipeline.save(to), |from| without_states.load(from));
    assert_eq!(saved, Err(Error::WrongKind { index: 0 }));
    let clip = Pipeline::<1, 1>::new()
        .with(Scale::new(2.0))
        .expect("there is room");
    assert_eq!(checkpoint::size(|to| clip.save(to)), 32);
}

/// A state of the caller's own, of a kind above the library's.
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
    let result = load(
        |to| to.put_one(&Mine(9, 0.5)),
        |from| from.take_one(&mut mine),
    );
    assert_eq!((result, mine), (Ok(()), Mine(9, 0.5)));
}
