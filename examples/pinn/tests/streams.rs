//! The program where its output is not read, does not fit on the disk, or does not go to a terminal.
#![cfg(target_os = "linux")] // For /dev/full, and for a shell with a limit on the size of files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const SMALL: &str = "--depth 2 --width 6 --steps 20 --records 5 --interior-points 30 --boundary-points 10 --grid 9 \
    --method none --method agc";
const STUDY: &str = "title = 'Small'\n[report]\ncolumns = 'depth'\n[base]\nseed = [0, 1]\nwidth = 6\nsteps = 20\n\
    interior-points = 30\nboundary-points = 10\ntest-grid = 9\n[[grid]]\ndepth = 2\nmethod = ['none', 'agc']\n";

fn pinn(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinn"));
    command.args(words.split_whitespace());
    command
}

/// A command, and the files that it leaves.
type Work = (Command, Vec<PathBuf>);

/// The main job, small.
fn job(folder: &Path) -> Work {
    let mut command = pinn(SMALL);
    command.arg("--out").arg(folder);
    let files = ["report.json", "curves.png", "solution.png", "scales.png"];
    (command, files.map(|name| folder.join(name)).to_vec())
}

fn study(folder: &Path) -> Work {
    let file = folder.join("small.toml");
    fs::write(&file, STUDY).expect("a study file");
    let mut command = pinn("study");
    command.arg(file);
    (command, vec![folder.join("small/runs.jsonl")])
}

/// The help, which leaves no file.
fn help(_: &Path) -> Work {
    (pinn("--help"), Vec::new())
}

/// Without the pictures, which take most of the time.
fn brief((mut command, mut files): Work) -> Work {
    if command.get_args().next() != Some("study".as_ref()) {
        command.arg("--no-pictures");
    }
    files.truncate(1);
    (command, files)
}

fn finish(mut command: Command) -> Output {
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A pipe that nobody reads from.
fn closed() -> Stdio {
    let (_, writer) = io::pipe().expect("a pipe");
    writer.into()
}

fn full() -> Stdio {
    let device = File::options().write(true).open("/dev/full");
    device.expect("/dev/full").into()
}

fn must_be_there(files: &[PathBuf]) {
    for file in files {
        let len = fs::metadata(file).map(|file| file.len());
        assert!(len.is_ok_and(|len| len > 0), "{}", file.display());
    }
}

#[test]
fn a_closed_pipe_ends_the_program_quietly_with_its_files_written() {
    for (index, work) in [job, study, help].into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut command, files) = work(folder.path());
        command.stdout(closed());
        let output = finish(command);
        let said = text(&output.stderr);
        assert!(output.status.success(), "{index}: {said}");
        assert!(
            !said.contains("error: ") && !said.contains("panic"),
            "{said}"
        );
        must_be_there(&files);
    }
}

#[test]
fn a_full_disk_behind_the_standard_output_is_told_and_costs_no_file() {
    for (index, work) in [job, study, help].into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut command, files) = brief(work(folder.path()));
        command.stdout(full());
        let output = finish(command);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{index}: {said}");
        assert!(
            said.contains("error: cannot write to the standard output: No space left"),
            "{index}: {said}"
        );
        must_be_there(&files);
    }
}

#[test]
fn nobody_needs_to_listen_to_the_standard_error() {
    for stream in [closed, full] {
        for work in [job, study] {
            let folder = tempfile::tempdir().expect("a folder");
            let (mut command, files) = brief(work(folder.path()));
            command.stderr(stream());
            let output = finish(command);
            assert!(output.status.success(), "{}", text(&output.stdout));
            must_be_there(&files);
        }
    }
}

#[test]
fn off_a_terminal_each_run_is_told_of_at_its_start_and_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = finish(brief(job(folder.path())).0);
    let said = text(&output.stderr);
    for method in ["optimizer alone", "AGC"] {
        for place in ["step 0 of 20, loss ", "all 20 steps, loss "] {
            let beginning = format!("{method}: {place}");
            let told = said.lines().filter(|line| line.starts_with(&beginning));
            let told: Vec<&str> = told.collect();
            assert_eq!(told.len(), 1, "{beginning}\n{said}");
            assert!(
                told[0].contains(", error ") && told[0].ends_with(" s"),
                "{said}"
            );
        }
    }
}

/// As `command`, where no file can grow beyond `blocks` of 512 or 1024 bytes, as the shell counts.
fn limited(command: &Command, blocks: usize) -> Command {
    let mut shell = Command::new("sh");
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    shell.args(["-c", &line, "sh"]).arg(command.get_program());
    shell.args(command.get_args());
    shell
}

/// The contents of all files in a folder, by name.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths
        .map(|path| (path.clone(), fs::read(path).expect("a file")))
        .collect();
    files.sort();
    files
}

#[test]
fn a_full_disk_leaves_the_files_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (command, files) = job(folder.path());
    let output = finish(limited(&command, 100_000));
    assert!(output.status.success(), "{}", text(&output.stderr));
    must_be_there(&files);
    let before = contents(folder.path());

    let output = finish(limited(&command, 1));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("error: cannot write ")
            && said.contains("report.json: ")
            && said.contains("name another folder with --out"),
        "{said}"
    );
    assert_eq!(contents(folder.path()), before, "{said}");
}

/// Of a run that cannot be stored nothing is left, so that the next one is stored whole.
#[test]
fn a_full_disk_leaves_no_half_line_among_the_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (command, files) = brief(study(folder.path()));
    let output = finish(limited(&command, 1));
    let said = text(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("cannot write ") && said.contains("runs.jsonl: "),
        "{said}"
    );
    let stored = fs::read_to_string(&files[0]).expect("the runs");
    assert!(stored.is_empty() || stored.ends_with('\n'), "{stored}");
    let output = finish(command);
    assert!(output.status.success(), "{}", text(&output.stderr));
}
