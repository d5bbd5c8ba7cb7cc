//! Checkpoints after every step, of every kind of state, changed in every bit, cut off everywhere and out of place.

use super::*;
use crate::problem::Problem;
use crate::run::{Outcome, Start};

/// A run of a moment, with new points every third step.
fn setup(method: &str) -> Setup {
    Setup {
        depth: 1,
        width: 3,
        method: method.parse().expect("a method"),
        steps: 12,
        interior_points: 8,
        boundary_points: 4,
        resample: 3,
        test_grid: 3,
        ..Setup::default()
    }
}

/// The setups whose fields differ: every kind of state, optimizer, spike and resampling.
fn setups() -> Vec<Setup> {
    let spiked = |method, precision, spikes: &str| Setup {
        precision,
        spikes: spikes.parse().expect("spikes"),
        ..setup(method)
    };
    let (f32, f16) = (
        crate::precision::Precision::F32,
        crate::precision::Precision::F16,
    );
    let sgd = Setup {
        optimizer: "sgd(momentum=0.9)".parse().expect("an optimizer"),
        resample: 0,
        ..spiked("gradient-stabilizer(scope=global)", f16, "tensor(from=1e5)")
    };
    vec![
        setup("none"),
        setup("centralize + gradient-stabilizer + autoscale"),
        spiked("zclip(warmup=2) + clip-norm", f32, "batch(count=3)"),
        spiked("stable-grad + zclip(warmup=2)", f16, "tensor(count=2)"),
        sgd,
    ]
}

const RECORDS: usize = 6;
const EVERY: NonZeroUsize = NonZeroUsize::new(5).unwrap();

/// Gives a fresh run of a setup, with everything that it borrows, to `work`.
fn with<R>(setup: &Setup, work: impl FnOnce(Run) -> R) -> R {
    let problem: Box<dyn Problem> = setup.problem.problem();
    let start = Start::draw(setup, &*problem);
    work(Run::new(setup, &*problem, &start, RECORDS))
}

/// Trains to the end, or to `steps` and gives the bytes of the checkpoint then.
fn train(run: Run, steps: usize) -> Result<Outcome, Vec<u8>> {
    run.train(&mut |_, _, _| (), |run| match run.steps() == steps {
        true => Err(Checkpoint::of(run).encode()),
        false => Ok(()),
    })
}

fn checkpoint_after(setup: &Setup, steps: usize) -> Vec<u8> {
    with(setup, |run| train(run, steps).err().expect("a checkpoint"))
}

fn refusal(setup: &Setup, bytes: &[u8]) -> String {
    with(setup, |mut run| {
        let restored = Checkpoint::decode(bytes).and_then(|it| it.restore(&mut run));
        restored.expect_err("a refusal")
    })
}

/// Everything of an end but the times, to the bit: Debug tells all finite numbers and zeros apart.
fn end(outcome: Outcome) -> String {
    let prediction: Vec<u64> = outcome.prediction.iter().map(|u| u.to_bits()).collect();
    format!(
        "{:?} {:?} {:?} {prediction:?} {} {} {:?} {:?}",
        outcome.loss.to_bits(),
        outcome.error.to_bits(),
        outcome.history,
        outcome.steps,
        outcome.skipped,
        outcome.recoveries,
        outcome.divergence
    )
}

/// Without the times, which are of the clock.
fn timeless(bytes: &[u8]) -> Vec<u8> {
    let mut checkpoint = Checkpoint::decode(bytes).expect("a whole one");
    checkpoint.run.trainer.time = Default::default();
    checkpoint.encode()
}

/// With the length and the checksum that the bytes should have. Bit by bit, as the definition says.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 4);
    let len = bytes.len() as u64 + 4;
    bytes[16..24].copy_from_slice(&len.to_le_bytes());
    let crc = bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    });
    bytes.extend((!crc).to_le_bytes());
    bytes
}

fn open(folder: &Path, resume: bool, setups: &[Setup]) -> Checkpoints {
    Checkpoints::open(folder, EVERY, resume, setups).expect("a free folder")
}

#[test]
fn a_run_continued_after_any_step_ends_as_if_it_had_never_stopped() {
    for setup in setups() {
        let whole = with(&setup, |run| end(train(run, 0).expect("an end")));
        let last = checkpoint_after(&setup, setup.steps);
        for steps in 1..=setup.steps {
            let bytes = checkpoint_after(&setup, steps);
            let resume = |goal| {
                with(&setup, |mut run| {
                    let checkpoint = Checkpoint::decode(&bytes).expect("a whole one");
                    checkpoint.restore(&mut run).expect("its own");
                    assert_eq!(run.steps(), steps);
                    train(run, goal)
                })
            };
            assert_eq!(end(resume(0).expect("an end")), whole, "{steps}");
            if steps < setup.steps {
                let resumed = resume(setup.steps).err().expect("a checkpoint");
                assert_eq!(timeless(&resumed), timeless(&last));
            }
        }
    }
}

#[test]
fn the_setups_of_these_tests_skip_steps_and_corrupt_them() {
    let ends: Vec<_> = setups()
        .iter()
        .map(|setup| with(setup, |run| train(run, 0).expect("an end")))
        .collect();
    assert!(ends.iter().all(|end| end.steps == 12));
    assert!(ends[3].skipped > 0 && ends[4].skipped > 0);
    assert!(ends[2].recoveries.len() == 3 && ends[3].recoveries.len() == 2);
}

#[test]
fn the_bytes_are_the_documented_ones() {
    let setup = setup("zclip");
    let bytes = checkpoint_after(&setup, 7);
    assert_eq!(sealed(bytes.clone()), bytes);
    let word = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("8 bytes"));
    assert_eq!(&bytes[..8], b"\x89PINNRUN");
    assert_eq!((word(8), word(16)), (2, bytes.len() as u64));
    // The text of a JSON object after its length, below 2^14: two bytes of seven bits each.
    let text = usize::from(bytes[24] & 0x7F) | usize::from(bytes[25]) << 7;
    let keys: Value = serde_json::from_slice(&bytes[26..26 + text]).expect("JSON");
    assert_eq!((&keys["width"], &keys["records"]), (&3.into(), &6.into()));
    assert_eq!(bytes[26 + text], 7, "updates made");
}

#[test]
fn changed_bytes_are_refused() {
    let setup = setup("zclip");
    let bytes = checkpoint_after(&setup, 7);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let reason = Checkpoint::decode(&flipped).expect_err("a flipped bit");
            let expected = match at {
                0..8 => "is no checkpoint of this program; put back a copy, or delete it",
                8..16 => {
                    "of the format, and this program reads version 2; resume with the program that"
                }
                // The length may be too small, too.
                16..24 => "; put back a copy, or delete it",
                _ => "is damaged, its checksum does not match; put back a copy, or delete it",
            };
            assert!(reason.contains(expected), "byte {at}: {reason}");
        }
    }
}

#[test]
fn files_that_are_cut_off_or_go_on_are_refused() {
    let bytes = checkpoint_after(&setup("zclip"), 7);
    for len in 0..bytes.len() {
        let reason = Checkpoint::decode(&bytes[..len]).expect_err("a part");
        assert!(reason.contains(&format!("cut off after {len} bytes")));
    }
    let longer = [&bytes[..], b"x"].concat();
    assert!(Checkpoint::decode(&longer).is_err_and(|reason| reason.contains("damaged")));
}

#[test]
fn fields_of_another_program_are_refused() {
    let setup = setup("zclip");
    let bytes = checkpoint_after(&setup, 7);
    // Whole by their checksum: some fields too few, one too many, more updates than the run has, fewer parameters.
    let shorter = sealed(bytes[..bytes.len() - 8].to_vec());
    let longer = sealed([&bytes[..], &[0; 8]].concat());
    let mut beyond = Checkpoint::decode(&bytes).expect("a whole one");
    beyond.run.done = 13;
    let narrow = Setup {
        width: 2,
        ..setup.clone()
    };
    let mut smaller = Checkpoint::decode(&checkpoint_after(&narrow, 7)).expect("a whole one");
    smaller.question = beyond.question.clone();
    for bytes in [shorter, longer, beyond.encode(), smaller.encode()] {
        let reason = refusal(&setup, &bytes);
        assert!(
            reason.contains("other fields than this program keeps"),
            "{reason}"
        );
    }
}

#[test]
fn a_checkpoint_is_found_again_and_never_overwritten_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let setups = [setup("none"), setup("zclip")];
    let path = {
        let checkpoints = open(folder.path(), false, &setups);
        let path = checkpoints.path(&setups[0]);
        // What a killed program may leave: half of a new file.
        fs::write(output::temporary(&path), "\x7fPINN").expect("a file");
        with(&setups[0], |mut run| {
            checkpoints.resume(&mut run).expect("nothing is there");
            assert_eq!(run.steps(), 0);
            let stopped = run.train(&mut |_, _, _| (), |run| {
                checkpoints.save_if_due(run)?;
                match run.steps() == 8 {
                    true => Err("killed".to_owned()),
                    false => Ok(()),
                }
            });
            assert_eq!(stopped.err(), Some("killed".to_owned()));
        });
        path
    };
    let before = fs::read(&path).expect("a checkpoint");
    let steps = |resume| {
        let checkpoints = open(folder.path(), resume, &setups);
        with(&setups[0], |mut run| {
            checkpoints.resume(&mut run).map(|()| run.steps())
        })
    };
    assert_eq!(steps(true), Ok(5));
    let error = steps(false).expect_err("a refusal");
    assert!(
        error.contains("none.checkpoint holds an earlier run; give --resume"),
        "{error}"
    );
    fs::write(output::temporary(&path), &before[..50]).expect("half a file");
    assert_eq!(steps(true), Ok(5));
    assert_eq!(fs::read(&path).ok(), Some(before));
}

#[test]
fn a_file_that_cannot_be_written_or_read_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let setups = [setup("none"), setup("agc")];
    let checkpoints = open(folder.path(), true, &setups);
    let path = checkpoints.path(&setups[0]);
    fs::create_dir(output::temporary(&path)).expect("a folder in the way");
    // The second could be written, and is, but ends for the sake of the first.
    for setup in &setups {
        let saved = |run: Run| run.train(&mut |_, _, _| (), |run| checkpoints.save_if_due(run));
        let error = with(setup, |run| saved(run).err().expect("no file can be made"));
        assert!(
            error.contains("none.checkpoint: ") && error.contains("--resume goes on"),
            "{error}"
        );
    }
    assert!(!path.exists() && checkpoints.path(&setups[1]).exists());
    fs::create_dir(&path).expect("a folder in the way");
    with(&setups[0], |mut run| {
        let error = checkpoints.resume(&mut run).expect_err("no file");
        assert!(
            error.contains("none.checkpoint cannot be read: "),
            "{error}"
        );
    });
}

#[test]
fn a_folder_is_for_one_program_and_a_file_for_one_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let setups = [setup("none"), setup("agc"), setup("none")];
    let error = Checkpoints::open(folder.path(), EVERY, true, &setups).err();
    assert!(error.is_some_and(|error| error.contains("--method none is there twice")));
    let _first = open(folder.path(), true, &setups[..2]);
    let error = Checkpoints::open(folder.path(), EVERY, true, &setups[..2]).err();
    assert!(error.is_some_and(|error| error.contains("is in use")));
}

#[test]
fn names_are_plain_and_different() {
    let name = |method| name(&setup(method));
    assert_eq!(name("none"), "none");
    assert_eq!(
        name("stable-grad(reference=0.5) + clip-norm(max-norm=2, scope=tensor)"),
        "stable-grad_reference=0.5+clip-norm_max-norm=2_scope=tensor"
    );
    // 1e-300 is written in full.
    let (long, longer) = (
        name("clip-value(limit=1e-300)"),
        name("clip-value(limit=1e-301)"),
    );
    assert!(long.len() == 209 && longer.len() == 209 && long != longer);
    assert!(long.starts_with("clip-value_limit=0.000"));
}
