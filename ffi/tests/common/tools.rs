//! The compilers and runtimes that checks need, and what brings them.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Something that has to be there for a check to run.
pub struct Tool {
    /// What it is called.
    pub name: &'static str,
    /// What to do to have it, as an instruction: `apt install gfortran`.
    pub remedy: &'static str,
    /// Whether it can be installed wherever these tests run in CI. What cannot be (a GPU) may be missing there.
    pub in_ci: bool,
    /// Whether it is there; asked once.
    pub probe: fn() -> bool,
    found: OnceLock<bool>,
}

impl Tool {
    /// A tool that CI installs.
    pub const fn new(name: &'static str, remedy: &'static str, probe: fn() -> bool) -> Self {
        Self {
            name,
            remedy,
            in_ci: true,
            probe,
            found: OnceLock::new(),
        }
    }

    /// A tool that CI may lack.
    pub const fn rare(name: &'static str, remedy: &'static str, probe: fn() -> bool) -> Self {
        let mut tool = Self::new(name, remedy, probe);
        tool.in_ci = false;
        tool
    }

    /// Whether it is there.
    pub fn found(&self) -> bool {
        *self.found.get_or_init(self.probe)
    }
}

/// Whether this command starts and succeeds.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// CMake 3.20 or newer, and a program for it to drive.
pub static CMAKE: Tool = Tool::new("CMake", "apt install cmake make", || {
    succeeds("cmake", &["--version"])
});

/// The GNU compilers for C and C++.
pub static GCC: Tool = Tool::new("gcc and g++", "apt install gcc g++", || {
    succeeds("gcc", &["--version"]) && succeeds("g++", &["--version"])
});

/// Clang for C and C++, with its sanitizers.
pub static CLANG: Tool = Tool::new("clang", "apt install clang libclang-rt-dev", || {
    succeeds("clang", &["--version"]) && succeeds("clang++", &["--version"])
});

/// Valgrind, which sees every access to memory of a program that is as it will be used.
pub static VALGRIND: Tool = Tool::new("Valgrind", "apt install valgrind libc6-dbg", || {
    succeeds("valgrind", &["-q", "--error-exitcode=1", "true"])
});

/// What drives several configurations in one build folder.
pub static NINJA: Tool = Tool::new("Ninja", "apt install ninja-build", || {
    succeeds("ninja", &["--version"])
});

/// pkg-config, of whichever make.
pub static PKG_CONFIG: Tool = Tool::new("pkg-config", "apt install pkg-config", || {
    succeeds("pkg-config", &["--version"])
});

/// Julia. What the advice says is done without it is what `clients/julia.rs` does.
pub static JULIA: Tool = Tool::rare(
    "julia",
    "install it from julialang.org. The Julia code was parsed, and not run",
    || succeeds("julia", &["--version"]),
);

/// Optimisers.jl, in an environment that Julia finds by itself, and a Julia that knows package extensions.
pub static OPTIMISERS: Tool = Tool::rare(
    "Optimisers.jl",
    "with Julia 1.9 or newer, julia -e 'import Pkg; Pkg.add(\"Optimisers\")'",
    || {
        succeeds(
            "julia",
            &["-e", "import Optimisers; VERSION >= v\"1.9\" || exit(1)"],
        )
    },
);

/// GNU Fortran 11 or newer.
pub static GFORTRAN: Tool = Tool::new("gfortran", "apt install gfortran", || {
    succeeds("gfortran", &["--version"])
});

/// fortran-lang's package manager. Another program of that name makes packages of distributions.
pub static FPM: Tool = Tool::new("fpm", "pip install fpm", || {
    let output = Command::new("fpm").arg("--version").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("Fortran"))
});
