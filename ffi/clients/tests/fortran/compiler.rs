//! gfortran: the module's sources, compiled with some flags, and programs against them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::command::{fresh_folder, must_fail, must_succeed};
use crate::common::root;
use crate::package::installed;

/// The sources of the module, each behind those that it uses.
pub const SOURCES: [&str; 10] = [
    "types", "describe", "chain", "c_api", "trimtab", "decide", "info", "observe", "state", "write",
];

const STRICT: [&str; 5] = ["-std=f2018", "-pedantic", "-Wall", "-Wextra", "-Werror"];

/// The module, compiled with these flags.
pub struct Build {
    folder: PathBuf,
    flags: Vec<String>,
    objects: Vec<PathBuf>,
}

impl Build {
    pub fn new(name: &str, flags: &[&str]) -> Self {
        let mut build = Self {
            folder: fresh_folder(&format!("fortran/{name}")),
            flags: flags.iter().map(ToString::to_string).collect(),
            objects: Vec::new(),
        };
        for source in SOURCES {
            build.add(&package().join(format!("src/{source}.f90")));
        }
        build
    }

    /// Compiles one more source, which all programs are then linked with.
    pub fn add(&mut self, source: &Path) {
        let stem = source.file_stem().and_then(|stem| stem.to_str());
        // A test may be called as a source of the library is.
        let number = self.objects.len();
        let object = format!("{number}-{}.o", stem.expect("a name"));
        let object = self.folder.join(object);
        must_succeed(self.compile(source).arg("-c").arg("-o").arg(&object));
        self.objects.push(object);
    }

    /// What a program does. It has to compile without a warning, and to succeed.
    pub fn run(&self, source: &Path, flags: &[&str]) -> Output {
        let program = source.with_extension("");
        let program = program.file_name().expect("a name");
        let program = self.folder.join("bin").join(program);
        fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
        let mut link = self.compile(source);
        link.args(flags).args(&self.objects);
        let libraries = installed().join("lib");
        link.arg(format!("-L{}", libraries.display()));
        link.arg(format!("-Wl,-rpath,{}", libraries.display()));
        must_succeed(link.arg("-ltrimtab").arg("-o").arg(&program));
        must_succeed(Command::new(program).env("OMP_NUM_THREADS", "4"))
    }

    /// Compiles a text, which has to succeed.
    pub fn compiles(&self, name: &str, text: &str) {
        must_succeed(self.compile(&self.written(name, text)).arg("-fsyntax-only"));
    }

    /// What the compiler has against a text.
    pub fn does_not_compile(&self, name: &str, text: &str) -> String {
        must_fail(self.compile(&self.written(name, text)).arg("-fsyntax-only"))
    }

    fn written(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.join(format!("{name}.f90"));
        fs::write(&file, text).expect("a scratch file");
        file
    }

    fn compile(&self, source: &Path) -> Command {
        let mut command = Command::new("gfortran");
        command.env("LC_ALL", "C");
        command.current_dir(&self.folder);
        command.args(STRICT).args(&self.flags).arg(source);
        command
    }
}

/// `ffi/clients/fortran`
pub fn package() -> PathBuf {
    root().join("ffi/clients/fortran")
}
