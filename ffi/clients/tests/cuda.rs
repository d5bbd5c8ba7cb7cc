//! Memory that a GPU sees, too: `ffi/clients/cuda/`, compiled by NVIDIA's nvcc, run where there is a GPU.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::common::blocks;
use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed, output_of, printed, scratch};
use crate::common::root;
use crate::common::tools::{CMAKE, GCC, Tool, succeeds};
use crate::package::installed;

static NVCC: Tool = Tool::new(
    "nvcc",
    "pip install 'cuda-toolkit[nvcc]==13.0.*', and set CUDA_HOME to site-packages/nvidia/cu13",
    || nvcc().is_some(),
);

static GPU: Tool = Tool::rare(
    "an NVIDIA GPU",
    "run this on a machine with one, and with its driver",
    || {
        let output = Command::new("nvidia-smi").arg("-L").output();
        output.is_ok_and(|output| printed(&output).contains("GPU "))
    },
);

const README: &str = "ffi/clients/cuda/README.md";

/// What the programs end with where there is no GPU that they can use.
const NOT_RUN: i32 = 77;

pub fn checks() -> Vec<Check> {
    const TO_COMPILE: &[&Tool] = &[&CMAKE, &GCC, &NVCC];
    const TO_RUN: &[&Tool] = &[&CMAKE, &GCC, &NVCC, &GPU];
    let check = |name, needs, run| Check { name, needs, run };
    vec![
        check("cuda::the_programs_compile", TO_COMPILE, compile),
        check(
            "cuda::without_a_gpu_they_say_not_run",
            TO_COMPILE,
            without_gpu,
        ),
        check(
            "cuda::kernels_and_trimtab_share_every_kind_of_memory",
            TO_RUN,
            every_kind,
        ),
        check("cuda::the_program_of_the_readme_runs", TO_RUN, readme_runs),
    ]
}

/// Where nvcc is: `TRIMTAB_NVCC`, else below `CUDA_HOME`, else in the PATH.
fn nvcc() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let found = if let Some(path) = variable("TRIMTAB_NVCC") {
        PathBuf::from(path)
    } else if let Some(home) = variable("CUDA_HOME") {
        Path::new(&home).join("bin/nvcc")
    } else {
        let path = std::env::var_os("PATH")?;
        let candidates = std::env::split_paths(&path).map(|folder| folder.join("nvcc"));
        candidates.into_iter().find(|file| file.is_file())?
    };
    succeeds(found.to_str()?, &["--version"]).then_some(found)
}

/// The folder above `bin/nvcc`.
fn cuda_home() -> PathBuf {
    let nvcc = nvcc().expect("nvcc was found");
    let home = nvcc.parent().and_then(Path::parent);
    home.expect("nvcc is in a folder called bin").to_path_buf()
}

/// The folder with both programs, built once by the page's own lines, with warnings as errors.
fn programs() -> &'static Path {
    static BUILD: OnceLock<PathBuf> = OnceLock::new();
    BUILD.get_or_init(|| {
        let folder = fresh_folder("cuda/build");
        fs::copy(
            root().join("ffi/clients/cuda/memory.cu"),
            folder.join("memory.cu"),
        )
        .expect("a copy");
        let page_blocks = blocks::in_language(README, "cuda");
        let complete = page_blocks.iter().find(|b| b.text.contains("int main"));
        let complete = &complete.expect("a complete program").text;
        fs::write(folder.join("step.cu"), complete).expect("the program of the page");
        let builds = blocks::in_language(README, "sh").into_iter();
        let mut builds = builds.filter(|block| block.text.contains("bin/nvcc"));
        let build = builds.next().expect("how to build it").text;
        let prefix = installed().display().to_string();
        let mut shell = Command::new("sh");
        shell.args(["-ec", &build.replace("/where/trimtab/is", &prefix)]);
        let warnings = "-Werror all-warnings -Xcompiler -Wall,-Wextra,-Werror";
        shell
            .env("CUDA_HOME", cuda_home())
            .env("NVCC_APPEND_FLAGS", warnings)
            .current_dir(&folder);
        must_succeed(&mut shell);
        folder
    })
}

/// Both programs, and the function of the page.
fn compile() {
    for program in ["step", "memory"] {
        assert!(programs().join(program).is_file(), "{program} is missing");
    }
    let page_blocks = blocks::in_language(README, "cuda");
    let function = &page_blocks[0].text;
    assert!(
        function.contains("host_may_use"),
        "the function comes first"
    );
    let file = scratch("cuda/build/function.cu");
    fs::write(&file, function).expect("a scratch file");
    let mut compile = Command::new(nvcc().expect("nvcc was found"));
    compile.args(["-std=c++17", "-Werror", "all-warnings", "-c"]);
    compile.arg(&file).arg("-o").arg(file.with_extension("o"));
    must_succeed(&mut compile);
}

fn run(program: &str) -> Output {
    output_of(&mut Command::new(programs().join(program)))
}

/// On any machine: the driver is told to show no GPU, if there is a driver.
fn without_gpu() {
    for program in ["step", "memory"] {
        let mut hidden = Command::new(programs().join(program));
        let output = output_of(hidden.env("CUDA_VISIBLE_DEVICES", ""));
        assert_eq!(output.status.code(), Some(NOT_RUN), "{program}: {output:?}");
        let said = printed(&output);
        assert!(said.starts_with("not run: "), "{program}: {said}");
        assert_eq!(said.lines().count(), 1, "{program}: {said}");
    }
}

fn every_kind() {
    let output = run("memory");
    let said = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for kind in ["mapped pinned", "managed", "registered", "write-combined"] {
        let line = said.lines().find(|line| line.starts_with(kind));
        assert!(
            line.is_some_and(|line| line.contains("ok, observed in ")),
            "{kind}: {said}"
        );
    }
    assert!(said.contains("refused: the host cannot reach it"), "{said}");
    // What was measured is of interest to whoever looks at the run of this machine.
    eprint!("{said}");
}

fn readme_runs() {
    let output = run("step");
    // 4,096 elements of 3 have the norm 3 * 64, and 96 is half of it.
    let expected = "ok: gradient[0] is 1.50";
    assert_eq!(printed(&output).trim(), expected, "{output:?}");
    let page = fs::read_to_string(root().join(README)).expect("the page");
    assert!(page.contains(expected), "the page says what it prints");
}
