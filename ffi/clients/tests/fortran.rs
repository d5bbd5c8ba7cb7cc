//! The Fortran module: compiled by gfortran with every warning an error, its tests under sanitizers and with link-time
//! optimisation, its packages for CMake and fpm, and its page.

mod compiler;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use compiler::{Build, package};

use crate::common::blocks;
use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed, printed, scratch};
use crate::common::root;
use crate::common::tools::{CMAKE, FPM, GFORTRAN, Tool};
use crate::package::{configure, install};

const WITH_GFORTRAN: &[&Tool] = &[&CMAKE, &GFORTRAN];
const WITH_FPM: &[&Tool] = &[&CMAKE, &GFORTRAN, &FPM];
const README: &str = "ffi/clients/fortran/README.md";
/// Where the README installs to.
const PREFIX: &str = "$HOME/.local";
/// What the program of the README prints, and the README says so.
const PRINTED: &str = "y = 2.00 x + 1.00";

pub fn checks() -> Vec<Check> {
    let check = |name, needs, run| Check { name, needs, run };
    let with = WITH_GFORTRAN;
    vec![
        check("fortran::versions_agree", &[], versions),
        check("fortran::tests_hold_without_warnings", with, warnings),
        check("fortran::tests_hold_under_sanitizers", with, sanitizers),
        check("fortran::tests_hold_when_optimised", with, optimised),
        check("fortran::misuse_does_not_compile", with, misuse),
        check("fortran::procedures_of_the_page_compile", with, procedures),
        check("fortran::cmake_installs_what_cmake_finds", with, by_cmake),
        check(
            "fortran::cmake_takes_it_as_a_subdirectory",
            with,
            subdirectory,
        ),
        check("fortran::cmake_uninstalls_it", with, uninstall),
        check("fortran::programs_are_built_by_hand", with, by_hand),
        check("fortran::fpm_tests_the_package", WITH_FPM, fpm_test),
        check("fortran::fpm_builds_a_dependant", WITH_FPM, fpm_run),
    ]
}

/// One version in Cargo.toml, in fpm.toml and in the README.
fn versions() {
    let version = env!("CARGO_PKG_VERSION");
    let manifest = fs::read_to_string(package().join("fpm.toml")).expect("fpm.toml");
    assert!(manifest.contains(&format!("\nversion = \"{version}\"\n")));
    let (two, _) = version.rsplit_once('.').expect("three numbers");
    let asked = format!("find_package(trimtab {two} CONFIG");
    assert!(block("cmake", "find_package").contains(&asked), "{asked}");
}

fn warnings() {
    hold("warnings", &["-O2"]);
}

/// Halts at floating-point exceptions, too: none may be left to the program.
fn sanitizers() {
    let checks = [
        "-g",
        "-O1",
        "-fcheck=all,no-array-temps",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-ffpe-trap=invalid,zero,overflow",
    ];
    hold("sanitizers", &checks);
}

/// What is inlined here could be called by its interface only before: an interface that promises too much shows.
fn optimised() {
    hold("optimised", &["-O3", "-flto", "-fopenmp"]);
}

/// Compiles and runs all tests and examples.
fn hold(name: &str, flags: &[&str]) {
    let mut build = Build::new(name, flags);
    build.add(&package().join("test/check.f90"));
    let tests = sources("test");
    assert!(tests.len() > 9, "{tests:?}");
    for test in tests.iter().filter(|test| !test.ends_with("check.f90")) {
        let said = printed(&build.run(test, &[]));
        assert!(said.trim_end().ends_with(" checks hold"), "{said}");
    }
    for example in sources("example") {
        let said = printed(&build.run(&example, &[]));
        assert!(said.contains("step 1000   loss "), "{said}");
    }
}

/// The Fortran files in a folder of the package.
fn sources(folder: &str) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(package().join(folder)).expect("a folder of the package");
    let files = entries.map(|entry| entry.expect("an entry").path());
    files
        .filter(|file| file.extension().is_some_and(|e| e == "f90"))
        .collect()
}

/// What the compiler can know is wrong does not compile.
fn misuse() {
    let build = Build::new("misuse", &[]);
    let program = |line: &str| {
        format!(
            "subroutine wrong(known, whole, count)\n    use, intrinsic :: iso_fortran_env\n    use trimtab\n    \
             implicit none\n    real(real64), intent(in), target :: known(3)\n    \
             integer(int16), intent(inout), target :: whole(3)\n    \
             integer(int32), intent(inout), target :: count(3)\n    \
             type(trimtab_tensor) :: grads(1)\n    type(trimtab_slot) :: slots(1)\n    \
             type(trimtab_method) :: chain(1)\n    real(real64), target :: x(3)\n    \
             real(real32), target :: y(3)\n    integer :: stat\n    x = known\n    y = 0\n    \
             grads(1) = trimtab_weight(x)\n    slots(1) = trimtab_sgd_slot(y)\n    \
             chain(1) = trimtab_scale_method(x(1))\n    stat = int(whole(1)) + count(1)\n    \
             {line}\nend subroutine\n"
        )
    };
    build.compiles("right", &program("call trimtab_observe(grads, stat)"));
    let wrong = [
        ("grads(1) = trimtab_weight(2 * x)", "no specific function"),
        ("grads(1) = trimtab_weight(known)", "no specific function"),
        ("grads(1) = trimtab_weight(whole)", "no specific function"),
        ("grads(1) = trimtab_weight(count)", "no specific function"),
        (
            "slots(1) = trimtab_adam_slot(x, y, y)",
            "no specific function",
        ),
        (
            "chain(1) = trimtab_guard_method(trimtab_guard_state())",
            "Non-variable expression",
        ),
        ("call trimtab_observe(grads)", "Missing actual argument"),
        (
            "call trimtab_clip_norm(grads, 1.0, TRIMTAB_SCOPE_TENSOR, stat)",
            "Type mismatch",
        ),
    ];
    for (number, (line, complaint)) in wrong.into_iter().enumerate() {
        let said = build.does_not_compile(&format!("wrong{number}"), &program(line));
        assert!(said.contains(complaint), "{line}:\n{said}");
    }
}

/// The blocks of the README that are no whole programs.
fn procedures() {
    let build = Build::new("page", &["-O2"]);
    let blocks = blocks::in_language(README, "fortran");
    assert!(blocks.len() > 2);
    for block in &blocks {
        build.compiles(&format!("line{}", block.line), &block.text);
    }
}

/// The one block of the README in this language with this word in it.
fn block(language: &str, word: &str) -> String {
    let mut blocks = blocks::in_language(README, language);
    blocks.retain(|block| block.text.contains(word));
    assert_eq!(blocks.len(), 1, "blocks of {language} with {word}");
    blocks.remove(0).text
}

/// Runs lines of the README in a folder, with this prefix in place of the README's.
fn shell(lines: &str, folder: &Path, prefix: &Path) -> String {
    assert!(lines.contains(PREFIX), "{lines}");
    let lines = lines.replace(PREFIX, prefix.to_str().expect("UTF-8"));
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", &lines]).current_dir(folder);
    printed(&must_succeed(&mut shell))
}

/// The prefix below which the module is installed, as the README says.
fn with_fortran() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let (folder, prefix) = (scratch("fortran"), fresh_folder("prefix-fortran"));
        fs::create_dir_all(&folder).expect("a folder");
        let cargo = crate::package::cargo_target_dir();
        let source = format!(
            "-S {} -DTRIMTAB_CARGO_TARGET_DIR={}",
            root().join("ffi").display(),
            cargo.display()
        );
        let lines = block("sh", "cmake -S ffi").replace("-S ffi", &source);
        shell(&lines, &folder, &prefix);
        prefix
    })
}

/// A folder with the program of the README.
fn with_program(name: &str) -> PathBuf {
    let folder = fresh_folder(&format!("fortran-{name}"));
    fs::write(folder.join("fit.f90"), block("fortran", "program fit")).expect("the program");
    folder
}

fn by_cmake() {
    let folder = with_program("cmake");
    fs::write(
        folder.join("CMakeLists.txt"),
        block("cmake", "find_package"),
    )
    .expect("a project");
    build_and_run(&folder, |configure| {
        configure.arg(format!("-DCMAKE_PREFIX_PATH={}", with_fortran().display()));
    });
}

/// Configures, builds and runs what the README has.
fn build_and_run(folder: &Path, prepare: impl FnOnce(&mut Command)) {
    let build = folder.join("build");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(folder).arg("-B").arg(&build);
    prepare(&mut configure);
    must_succeed(&mut configure);
    must_succeed(Command::new("cmake").arg("--build").arg(&build));
    let output = must_succeed(&mut Command::new(build.join("fit")));
    assert_eq!(printed(&output).trim(), PRINTED);
}

fn subdirectory() {
    let folder = with_program("subdirectory");
    let ffi = root().join("ffi");
    let taken = format!("add_subdirectory({} trimtab)", ffi.display());
    let project = block("cmake", "find_package");
    let found = project
        .lines()
        .find(|line| line.starts_with("find_package"));
    let project = project.replace(found.expect("such a line"), &taken);
    fs::write(folder.join("CMakeLists.txt"), project).expect("a project");
    build_and_run(&folder, |configure| {
        configure.args(["-DTRIMTAB_FORTRAN=ON", "-DCMAKE_BUILD_TYPE=Release"]);
        crate::package::share_cargo(configure);
    });
}

/// `cmake --install` straight after configuring builds first; what it installs can be taken away again.
fn uninstall() {
    let build = fresh_folder("fortran-uninstall");
    let prefix = fresh_folder("prefix-fortran-uninstall");
    must_succeed(configure(&build).arg("-DTRIMTAB_FORTRAN=ON"));
    must_succeed(&mut install(&build, &prefix));
    let module = prefix.join("include/trimtab/trimtab.mod");
    assert!(module.exists() && prefix.join("lib/libtrimtab_fortran.a").exists());
    let mut uninstall = Command::new("cmake");
    uninstall
        .arg("--build")
        .arg(&build)
        .args(["--target", "uninstall"]);
    must_succeed(&mut uninstall);
    for folder in ["include", "lib/cmake"] {
        let left = fs::read_dir(prefix.join(folder)).expect("a folder").count();
        assert_eq!(left, 0, "{folder}");
    }
}

fn by_hand() {
    let folder = with_program("by-hand");
    let printed = shell(&block("sh", "gfortran "), &folder, with_fortran());
    assert_eq!(printed.trim(), PRINTED);
    let readme = fs::read_to_string(root().join(README)).expect("the README");
    assert!(readme.contains(&format!("prints `{PRINTED}`")));
}

/// A copy of the package, because fpm builds in the folder that it works on.
fn copy_of_the_package(place: &Path) {
    fs::create_dir_all(place).expect("a folder");
    fs::copy(package().join("fpm.toml"), place.join("fpm.toml")).expect("fpm.toml");
    for folder in ["src", "test", "example"] {
        fs::create_dir_all(place.join(folder)).expect("a folder");
        for file in sources(folder) {
            let name = file.file_name().expect("a name");
            fs::copy(&file, place.join(folder).join(name)).expect("a copy");
        }
    }
}

/// The README's line for the library, and then another command.
fn with_flags(command: &str) -> String {
    block("sh", "fpm run").replace("fpm run", command)
}

fn fpm_test() {
    let folder = fresh_folder("fortran-fpm-test");
    copy_of_the_package(&folder);
    let said = shell(&with_flags("fpm test"), &folder, with_fortran());
    let tests = sources("test").len() - 1;
    assert_eq!(said.matches(" checks hold").count(), tests, "{said}");
    let example = with_flags("fpm run --example train");
    let said = shell(&example, &folder, with_fortran());
    assert!(said.contains("step 1000   loss "), "{said}");
}

fn fpm_run() {
    let folder = fresh_folder("fortran-fpm-run");
    copy_of_the_package(&folder.join("trimtab/ffi/clients/fortran"));
    fs::write(folder.join("fpm.toml"), block("toml", "trimtab-fortran")).expect("fpm.toml");
    fs::create_dir(folder.join("app")).expect("a folder");
    let program = block("fortran", "program fit");
    fs::write(folder.join("app/main.f90"), program).expect("the program");
    let said = shell(&with_flags("fpm run"), &folder, with_fortran());
    assert!(said.lines().any(|line| line == PRINTED), "{said}");
}
