//! Gradients sharded over MPI ranks: `ffi/clients/mpi/`, built by CMake against the installed package and run by `mpirun`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::common::blocks;
use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed, output_of, printed, scratch};
use crate::common::root;
use crate::common::tools::{CMAKE, GCC, Tool};
use crate::package::{definition, installed};

/// Its parameters choose the algorithms below, so it has to be this one.
static OPEN_MPI: Tool = Tool::new("Open MPI", "apt install libopenmpi-dev openmpi-bin", || {
    let ours = |program: &str, option: &str, word: &str| {
        let output = Command::new(program).arg(option).output();
        output.is_ok_and(|output| printed(&output).contains(word))
    };
    ours("mpirun", "--version", "Open MPI") && ours("mpicc", "--showme", "openmpi")
});

const NEEDS: &[&Tool] = &[&CMAKE, &GCC, &OPEN_MPI];
const README: &str = "ffi/clients/mpi/README.md";

pub fn checks() -> Vec<Check> {
    let check = |name, run| Check {
        name,
        needs: NEEDS,
        run,
    };
    vec![
        check("mpi::merged_moments_keep_their_promises", merging),
        check(
            "mpi::every_algorithm_decides_on_the_same_bits",
            every_algorithm,
        ),
        check(
            "mpi::every_method_treats_shards_as_their_whole",
            every_method,
        ),
        check("mpi::the_example_trains_as_one_process_does", example),
        check("mpi::the_program_of_the_readme_runs", program_of_readme),
        check(
            "mpi::the_fragment_of_the_readme_compiles",
            fragment_of_readme,
        ),
    ]
}

/// The folder with the programs of `ffi/clients/mpi`, built once.
fn programs() -> &'static Path {
    static BUILD: OnceLock<PathBuf> = OnceLock::new();
    BUILD.get_or_init(|| {
        let build = scratch("mpi/build");
        let mut configure = Command::new("cmake");
        configure.arg("-S").arg(root().join("ffi/clients/mpi"));
        configure.arg("-B").arg(&build);
        configure.arg(definition("CMAKE_PREFIX_PATH", installed()));
        configure.arg("-DCMAKE_BUILD_TYPE=Release");
        configure.arg("-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Werror");
        must_succeed(&mut configure);
        must_succeed(Command::new("cmake").arg("--build").arg(&build));
        build
    })
}

/// What a program prints on so many ranks, with parameters of Open MPI's.
fn on_ranks(ranks: usize, program: &str, parameters: &[(&str, &str)]) -> String {
    let mut run = Command::new("mpirun");
    // A rank that waits for ever is a failure, too.
    run.args(["--timeout", "120", "-np", &ranks.to_string()]);
    for (name, value) in parameters {
        run.args(["--mca", name, value]);
    }
    run.arg(programs().join(program));
    printed(&must_succeed(in_a_container(&mut run)))
}

/// Tests may run as root, on fewer processors than ranks, where processes may not look into each other's memory.
fn in_a_container(command: &mut Command) -> &mut Command {
    command
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .env("OMPI_MCA_btl_vader_single_copy_mechanism", "none")
}

fn merging() {
    for ranks in 1..=4 {
        let output = on_ranks(ranks, "merge", &[]);
        assert_eq!(output.lines().last(), Some("ok"), "{ranks} ranks: {output}");
    }
}

/// Six algorithms in one component, and another component. That they do differ shows in the control, an all-reduce of
/// plain moments.
fn every_algorithm() {
    for ranks in [3, 4] {
        let mut runs: Vec<(String, String)> = (1..=6).map(|n| forced(ranks, n)).collect();
        runs.push(digests(&on_ranks(ranks, "merge", &[("coll", "^tuned")])));
        let (decided, plain) = &runs[0];
        let same = |run: &&(String, String)| run.0 == *decided;
        assert_eq!(
            runs.iter().filter(same).count(),
            7,
            "{ranks} ranks: {runs:?}"
        );
        assert!(
            runs.iter().any(|run| run.1 != *plain),
            "the control cannot tell algorithms apart: {runs:?}"
        );
    }
}

fn forced(ranks: usize, algorithm: usize) -> (String, String) {
    let algorithm = algorithm.to_string();
    let parameters = [
        ("coll_tuned_use_dynamic_rules", "1"),
        ("coll_tuned_allreduce_algorithm", algorithm.as_str()),
    ];
    digests(&on_ranks(ranks, "merge", &parameters))
}

/// `decided 0123, plain 4567`
fn digests(output: &str) -> (String, String) {
    let line = output.lines().next().unwrap_or_default();
    let digests = line.strip_prefix("decided ");
    let digests = digests.and_then(|rest| rest.split_once(", plain "));
    let (decided, plain) = digests.unwrap_or_else(|| panic!("no digests in {output}"));
    (decided.to_string(), plain.to_string())
}

fn every_method() {
    for ranks in 1..=4 {
        let output = on_ranks(ranks, "methods", &[]);
        assert_eq!(output.trim(), "ok", "{ranks} ranks");
    }
}

/// How a training run ended.
struct Training {
    /// Before the step with the NaN, and at the end.
    losses: [f64; 2],
    norm: f64,
}

fn example() {
    let alone = train(1);
    assert!(
        alone.losses[1] < alone.losses[0] / 2.0,
        "training goes on after the skipped step"
    );
    for ranks in 2..=4 {
        let sharded = train(ranks);
        for (found, expected) in [
            (sharded.losses[1], alone.losses[1]),
            (sharded.norm, alone.norm),
        ] {
            assert!(
                (found / expected - 1.0).abs() <= 1e-12,
                "{ranks} ranks: {found:e}, one process: {expected:e}"
            );
        }
    }
}

fn train(ranks: usize) -> Training {
    let output = on_ranks(ranks, "sharded", &[]);
    let skips = |line: &&str| line.contains("skipped");
    let mut skipped: Vec<&str> = output.lines().filter(skips).collect();
    skipped.sort_unstable();
    let expected = (0..ranks).map(|rank| format!("step  40  skipped on rank {rank}"));
    assert_eq!(skipped, expected.collect::<Vec<_>>(), "{output}");
    Training {
        losses: [
            number_after(&output, "step  40  loss "),
            number_after(&output, &format!("ranks {ranks}  loss ")),
        ],
        norm: number_after(&output, "norm of the parameters "),
    }
}

fn number_after(text: &str, words: &str) -> f64 {
    let rest = text.split_once(words).map(|(_, rest)| rest);
    let number = rest.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no number after \"{words}\" in {text}"))
}

/// The page's program, built and run by the page's commands.
fn program_of_readme() {
    let folder = fresh_folder("mpi/readme");
    let write = |name: &str, language: &str| {
        let block = &blocks::in_language(README, language)[0];
        fs::write(folder.join(name), &block.text).expect("a file of the program");
    };
    write("step.c", "c");
    write("CMakeLists.txt", "cmake");
    let commands = &blocks::in_language(README, "sh")[0].text;
    let prefix = installed().display().to_string();
    let mut shell = Command::new("sh");
    shell.args(["-ec", &commands.replace("/where/trimtab/is", &prefix)]);
    let output = output_of(in_a_container(shell.current_dir(&folder)));
    let last = printed(&output).lines().last().map(String::from);
    // 16 elements of magnitude 3: the norm is sqrt(16 * 9), and 6 is half of it.
    let expected = "ok: the norm was 12.0, shard[0] is 1.50, db[0] is 0.25";
    assert_eq!(last.as_deref(), Some(expected), "{output:?}");
    let page = fs::read_to_string(root().join(README)).expect("the page");
    assert!(page.contains(expected), "the page says what it prints");
}

/// The lines about the guard, in a function that has what they name.
fn fragment_of_readme() {
    let folder = fresh_folder("mpi/fragment");
    let fragment = &blocks::in_language(README, "c")[1].text;
    let program = format!(
        "#include \"trimtab_mpi.h\"\n\
         trimtab_status step(trimtab_mpi world, trimtab_tensor *grads, trimtab_slot *slots, size_t n,\n\
         trimtab_guard_state guard, trimtab_norm_state *norms, trimtab_step_state steps);\n\
         trimtab_status step(trimtab_mpi world, trimtab_tensor *grads, trimtab_slot *slots, size_t n,\n\
         trimtab_guard_state guard, trimtab_norm_state *norms, trimtab_step_state steps) {{\n\
         trimtab_adam_config adam = TRIMTAB_ADAM_CONFIG_INIT;\n\
         trimtab_status status;\n{fragment}return status;\n}}\n"
    );
    let file = folder.join("fragment.c");
    fs::write(&file, program).expect("a file");
    let mut compile = Command::new("mpicc");
    compile.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]);
    compile
        .arg("-I")
        .arg(installed().join("include"))
        .arg(&file);
    must_succeed(&mut compile);
}
