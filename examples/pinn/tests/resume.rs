//! The main job, killed at random moments with SIGKILL and resumed until it is finished, ends with the bits of one that
//! was left alone.

use pinn::checkpoint::Checkpoint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Kills in the middle of the runs that each job has to survive.
const KILLS: usize = 4;

/// Numbers of updates to try: on a fast machine a small job is over before it has been killed so often.
const STEPS: [usize; 5] = [150, 600, 2400, 9600, 38400];

/// Every method with a state, alone and in chains, through AdamW.
const ADAMW: &str = "--resample 7 --method gradient-stabilizer --method autoscale --method zclip(warmup=20) \
    --method centralize+gradient-stabilizer(scope=global,gamma1=0.5)+clip-norm";

/// In half precision, where spikes overflow.
const SGD: &str = "--precision f16 --spikes tensor(to=1e4) --optimizer sgd(momentum=0.9) --lr 1e-4 --resample 0 \
    --method autoscale --method stable-grad+zclip(warmup=20)";

fn command(folder: &Path, options: &str) -> Command {
    let small = "--depth 2 --width 6 --records 20 --interior-points 20 --boundary-points 8 --grid 5 --no-pictures";
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinn"));
    command
        .args(small.split_whitespace())
        .args(options.split_whitespace())
        .arg("--out")
        .arg(folder);
    command
}

fn pinn(folder: &Path, options: &str) -> Output {
    command(folder, options)
        .output()
        .expect("the program starts")
}

fn succeed(folder: &Path, options: &str) -> String {
    let output = pinn(folder, options);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The runs of the report, without what depends on the clock.
fn report(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("report.json")).expect("a report");
    let mut report: Value = serde_json::from_str(&text).expect("the report is JSON");
    let runs = report["runs"].as_array_mut().expect("a list of runs");
    for run in runs.iter_mut() {
        let fields = run.as_object_mut().expect("with fields");
        for clock in ["milliseconds_per_step", "trimtab_share"] {
            assert!(fields.remove(clock).is_some());
        }
    }
    runs.clone()
}

/// The checkpoints in a folder by their names.
fn checkpoints(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "checkpoint"))
        .filter_map(|path| {
            let bytes = fs::read(&path).ok()?;
            Some((path.file_name()?.into(), bytes))
        })
        .collect()
}

/// Everything that has the name of a checkpoint is whole.
fn whole(bytes: &[u8]) -> Checkpoint {
    Checkpoint::decode(bytes).expect("a whole checkpoint")
}

/// Updates made.
fn steps(bytes: &[u8]) -> usize {
    whole(bytes).run.done
}

/// Parameters, buffers, states and records: everything but two times.
fn timeless(bytes: &[u8]) -> Vec<u8> {
    let mut checkpoint = whole(bytes);
    checkpoint.run.trainer.time = Default::default();
    checkpoint.encode()
}

fn all_steps(folder: &Path) -> Vec<usize> {
    checkpoints(folder)
        .values()
        .map(|bytes| steps(bytes))
        .collect()
}

/// Kills the job when its runs have made some `progress` together, and a moment more: whatever it is doing then. Gives the
/// updates made by each run; none if it came to its end first.
fn kill(
    mut child: Child,
    folder: &Path,
    progress: usize,
    random: &mut ChaCha8Rng,
) -> Option<Vec<usize>> {
    let goal = all_steps(folder).iter().sum::<usize>() + progress;
    while all_steps(folder).iter().sum::<usize>() < goal {
        if let Some(status) = child.try_wait().expect("its state") {
            assert!(status.success());
            return None;
        }
    }
    std::thread::sleep(Duration::from_micros(random.random_range(0..3000)));
    child.kill().expect("SIGKILL");
    let status = child.wait().expect("its end");
    (!status.success()).then(|| all_steps(folder))
}

/// Kills and resumes a job of so many updates until it is finished, and compares it to one that was left alone. False
/// if it was finished too soon to have been killed often enough.
fn survives(options: &str, updates: usize, random: &mut ChaCha8Rng) -> bool {
    let (whole, killed) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let job = format!("{options} --steps {updates} --checkpoint-every");
    let all = updates * options.matches("--method").count();
    let (mut kills, mut resume) = (0, "");
    loop {
        // Few steps between checkpoints, so that writing them is a good part of what is interrupted.
        let every = random.random_range(1..4);
        let mut command = command(killed.path(), &format!("{job} {every} {resume}"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let progress = random.random_range(1..=all / 6);
        match kill(child.expect("it starts"), killed.path(), progress, random) {
            None => break,
            Some(steps) => {
                let middle = steps.iter().any(|&steps| 0 < steps && steps < updates);
                kills += usize::from(middle);
            }
        }
        resume = "--resume";
    }
    if kills < KILLS {
        return false;
    }
    succeed(whole.path(), &format!("{job} {updates}"));
    assert_eq!(report(killed.path()), report(whole.path()));
    let (resumed, whole) = (checkpoints(killed.path()), checkpoints(whole.path()));
    assert!(resumed.keys().eq(whole.keys()));
    for (name, bytes) in whole {
        assert_eq!(steps(&bytes), updates);
        assert!(timeless(&resumed[&name]) == timeless(&bytes), "{name:?}");
    }
    true
}

fn survives_with_some_steps(options: &str, seed: u64) {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let enough = |&updates: &usize| survives(options, updates, random);
    assert!(STEPS.iter().any(enough), "it was always over too soon");
}

#[test]
fn a_job_killed_at_random_moments_ends_with_the_same_bits() {
    survives_with_some_steps(ADAMW, 1);
}

#[test]
fn a_job_with_spikes_and_a_loss_scale_killed_at_random_moments_ends_with_the_same_bits() {
    survives_with_some_steps(SGD, 2);
}

#[test]
fn checkpoints_change_no_result() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let job = format!("--steps 30 {SGD}");
    succeed(folders[0].path(), &job);
    succeed(folders[1].path(), &format!("{job} --checkpoint-every 1"));
    let [without, with] = folders.each_ref().map(|folder| report(folder.path()));
    assert_eq!(without, with);
    assert!(with[0]["skipped_steps"].as_u64() > Some(0));
    assert!(checkpoints(folders[0].path()).is_empty());
}

#[test]
fn a_finished_job_makes_its_report_again_and_others_begin() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = "--steps 20 --checkpoint-every 6 --method none --method agc --method clip-norm";
    succeed(folder.path(), job);
    let (first, file) = (report(folder.path()), folder.path().join("agc.checkpoint"));
    fs::remove_file(folder.path().join("report.json")).expect("a report");
    fs::remove_file(&file).expect("a checkpoint");
    let said = succeed(folder.path(), &format!("{job} --resume"));
    let lines = "optimizer alone: finished, all 20 steps are done\n\
        AGC: no checkpoint, starts from the beginning\nnorm clipping: finished, all 20 steps are done\n";
    assert!(said.contains(lines), "{said}");
    assert_eq!(report(folder.path()), first);
    assert_eq!(steps(&fs::read(file).expect("a checkpoint")), 20);
}

/// Nothing is written when a run diverges: resumed, it does so again.
#[test]
fn a_run_that_diverged_diverges_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = "--steps 30 --checkpoint-every 3 --optimizer sgd --lr 100 --method none";
    succeed(folder.path(), job);
    let first = report(folder.path());
    assert_eq!(first[0]["status"], "diverged");
    let made = first[0]["steps"].as_u64().expect("a number");
    assert!(3 < made && made < 30, "{made}");
    let said = succeed(folder.path(), &format!("{job} --resume"));
    let line = format!("goes on from step {} of 30", made / 3 * 3);
    assert!(said.contains(&line), "{said}");
    assert_eq!(report(folder.path()), first);
}

#[test]
fn what_cannot_be_resumed_is_refused_with_advice_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = "--steps 20 --checkpoint-every 10 --method none --method agc";
    succeed(folder.path(), job);
    let file = folder.path().join("agc.checkpoint");
    let whole = fs::read(&file).expect("a checkpoint");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 4;
    let refusals: [(&[u8], &str, &str); 7] = [
        (
            &whole,
            "",
            "none.checkpoint holds an earlier run; give --resume to go on from it",
        ),
        (
            &whole,
            "--resume --lr 0.5",
            "none.checkpoint was written by another run: lr was 0.001 and is 0.5; give the options that it was written with",
        ),
        (&whole, "--resume --records 3", "records was 20 and is 3"),
        (
            &damaged,
            "--resume",
            "agc.checkpoint is damaged, its checksum does not match; put back a copy",
        ),
        (
            &whole[..700],
            "--resume",
            "agc.checkpoint is cut off after 700 bytes",
        ),
        (
            b"\x89PNG\r\n",
            "--resume",
            "agc.checkpoint is no checkpoint of this program",
        ),
        (
            &whole,
            "--method none --resume",
            "--method none is there twice",
        ),
    ];
    for (bytes, options, advice) in refusals {
        fs::write(&file, bytes).expect("a file");
        let before = checkpoints(folder.path());
        let output = pinn(folder.path(), &format!("{job} {options}"));
        let message = text(&output.stderr);
        assert!(
            !output.status.success() && message.contains(advice),
            "{message}"
        );
        assert!(
            !text(&output.stdout).contains("final loss"),
            "nothing was trained"
        );
        assert!(checkpoints(folder.path()) == before, "{advice}");
    }
    let message = text(&pinn(folder.path(), "--resume").stderr);
    assert!(message.contains("--checkpoint-every <N>"), "{message}");
}
