//! Installation by CMake: what arrives, and that programs of others build with it, from wherever it lies.
//!
//! All projects share one folder of cargo's, so the library is compiled once for each profile. `ffi/cmake/tests/consumer`
//! plays the others.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::elf::{DT_SONAME, FileHeader64};
use object::read::archive::ArchiveFile;
use object::read::elf::{Dyn, FileHeader};
use object::{Endianness, Object, ObjectSection};

use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_fail, must_succeed, printed};
use crate::common::root;
use crate::common::tools::{CMAKE, GCC, NINJA, PKG_CONFIG, Tool};
use crate::package::{configure, definition, install, installed};

const VERSION: &str = env!("CARGO_PKG_VERSION");

const BASIC: &[&Tool] = &[&CMAKE, &GCC];
const WITH_NINJA: &[&Tool] = &[&CMAKE, &GCC, &NINJA];
const WITH_PKG_CONFIG: &[&Tool] = &[&CMAKE, &GCC, &PKG_CONFIG];

pub fn checks() -> Vec<Check> {
    let check = |name, needs, run| Check { name, needs, run };
    vec![
        check("cmake::installs_all_and_nothing_else", BASIC, all),
        check("cmake::names_carry_versions", BASIC, names),
        check("cmake::packages_are_found", BASIC, found),
        check("cmake::other_versions_are_refused", BASIC, versions),
        check("cmake::sources_are_taken_in", BASIC, subdirectory),
        check("cmake::debug_without_a_build_before", WITH_NINJA, debug),
        check("cmake::staged_and_moved", WITH_PKG_CONFIG, moved),
        check(
            "cmake::pkg_config_links_both_ways",
            WITH_PKG_CONFIG,
            pkg_config,
        ),
        check("cmake::libraries_are_light", WITH_PKG_CONFIG, light),
        check("cmake::debug_information_on_demand", BASIC, on_demand),
        check("cmake::two_folders_give_the_same_bytes", BASIC, elsewhere),
        check("cmake::uninstalls_what_it_installed", BASIC, uninstall),
        check("cmake::says_what_cargo_it_wants", BASIC, wanted),
    ]
}

/// Paths of all files below a folder, links included.
fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder that can be read") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("its type").is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let path = path.strip_prefix(folder).expect("a path below it");
                found.insert(path.to_str().expect("a path in UTF-8").to_string());
            }
        }
    }
    found
}

/// What an installation consists of.
fn expected() -> BTreeSet<String> {
    let versioned = format!("lib/libtrimtab.so.{VERSION}");
    [
        "include/trimtab.h",
        "include/trimtab.hpp",
        "include/trimtab_methods.hpp",
        "include/trimtab_mpi.h",
        "include/trimtab_types.hpp",
        "lib/libtrimtab.a",
        "lib/libtrimtab.so",
        "lib/libtrimtab.so.0",
        &versioned,
        "lib/cmake/trimtab/trimtab-config.cmake",
        "lib/cmake/trimtab/trimtab-config-version.cmake",
        "lib/pkgconfig/trimtab.pc",
    ]
    .map(String::from)
    .into()
}

fn all() {
    assert_eq!(files_below(installed()), expected());
    let headers = fs::read_dir(root().join("include")).expect("include/");
    for header in headers.map(|entry| entry.expect("an entry").file_name()) {
        let header = Path::new("include").join(header);
        let content = |base: &Path| fs::read(base.join(&header)).ok();
        assert_eq!(content(installed()), content(root()), "{header:?}");
    }
}

fn names() {
    let library = |name: &str| installed().join("lib").join(name);
    let link = |name: &str| fs::read_link(library(name)).expect("a link");
    let versioned = format!("libtrimtab.so.{VERSION}");
    assert_eq!(link("libtrimtab.so"), Path::new("libtrimtab.so.0"));
    assert_eq!(link("libtrimtab.so.0"), Path::new(&versioned));
    let file = library(&versioned);
    assert!(!file.is_symlink());
    assert_eq!(soname(&file).as_deref(), Some("libtrimtab.so.0"));
}

/// The name by which programs that are linked with this library look for it.
fn soname(library: &Path) -> Option<String> {
    let data = &*fs::read(library).expect("the shared library");
    let header = FileHeader64::<Endianness>::parse(data).expect("an ELF file");
    let endian = header.endian().expect("its byte order");
    let sections = header.sections(endian, data).expect("its sections");
    let dynamic = sections.dynamic(endian, data).expect("readable");
    let (entries, strings) = dynamic.expect("the dynamic section");
    let strings = sections.strings(endian, data, strings).expect("strings");
    let mut entries = entries.iter();
    let entry = entries.find(|entry| entry.tag32(endian) == Some(DT_SONAME))?;
    let name = entry.string(endian, strings).expect("a name");
    Some(String::from_utf8_lossy(name).into_owned())
}

/// The command that configures the consumer for a fresh build folder, which comes with it.
fn consumer(name: &str) -> (Command, PathBuf) {
    let build = fresh_folder(&format!("cmake/{name}-consumer"));
    let mut configure = Command::new("cmake");
    configure
        .arg("-S")
        .arg(root().join("ffi/cmake/tests/consumer"));
    configure.arg("-B").arg(&build);
    (configure, build)
}

/// Configures, builds and runs the consumer with both libraries.
fn must_work((mut configure, build): (Command, PathBuf)) {
    must_succeed(&mut configure);
    must_succeed(Command::new("cmake").arg("--build").arg(&build));
    for program in ["with_shared", "with_static"] {
        must_compute(&mut Command::new(build.join(program)));
    }
}

/// {3, 4} clipped to norm 1.
fn must_compute(consumer: &mut Command) {
    let expected = format!("trimtab {VERSION}: ok, {{0.6, 0.8}}\n");
    assert_eq!(printed(&must_succeed(consumer)), expected, "{consumer:?}");
}

fn found() {
    let mut consumer = consumer("found");
    consumer.0.arg(definition("CMAKE_PREFIX_PATH", installed()));
    must_work(consumer);
}

fn versions() {
    for asked in ["0.2", "1.0", "99"] {
        let mut configure = consumer("versions").0;
        configure.arg(definition("CMAKE_PREFIX_PATH", installed()));
        configure.arg(format!("-DTRIMTAB_AT_LEAST={asked}"));
        let said = must_fail(&mut configure);
        assert!(said.contains(&format!("version \"{asked}\"")), "{said}");
        assert!(said.contains(&format!("version: {VERSION}")), "{said}");
    }
}

fn subdirectory() {
    let mut consumer = consumer("subdirectory");
    let build = consumer.1.clone();
    consumer
        .0
        .arg(definition("TRIMTAB_SOURCE", &root().join("ffi")));
    consumer.0.arg("-DCMAKE_BUILD_TYPE=Release");
    crate::package::share_cargo(&mut consumer.0);
    must_work(consumer);
    // Who takes the sources in decides what is installed.
    let prefix = fresh_folder("cmake/subdirectory-prefix");
    must_succeed(&mut install(&build, &prefix));
    assert!(files_below(&prefix).is_empty());
}

/// Several configurations in one build folder, nothing built before, and cargo's profile for Debug.
fn debug() {
    let build = fresh_folder("cmake/debug");
    let prefix = fresh_folder("cmake/debug-prefix");
    must_succeed(configure(&build).args(["-G", "Ninja Multi-Config"]));
    must_succeed(install(&build, &prefix).args(["--config", "Debug"]));
    assert_eq!(files_below(&prefix), expected());
    let archive = |folder: &Path| {
        fs::metadata(folder.join("lib/libtrimtab.a"))
            .expect("it")
            .len()
    };
    assert_ne!(archive(&prefix), archive(installed()));
    let sections = sections(&prefix.join("lib/libtrimtab.a"));
    assert!(sections.contains(".debug_info"), "{sections:?}");
    let mut consumer = consumer("debug");
    consumer.0.arg("-DCMAKE_BUILD_TYPE=Debug");
    consumer.0.arg(definition("CMAKE_PREFIX_PATH", &prefix));
    must_work(consumer);
}

/// Installed for one place, put together in another, used in a third.
fn moved() {
    let build = fresh_folder("cmake/moved");
    let stage = fresh_folder("cmake/stage");
    must_succeed(&mut configure(&build));
    must_succeed(Command::new("cmake").arg("--build").arg(&build));
    let prefix = Path::new("/opt/trimtab-staged-only");
    must_succeed(install(&build, prefix).env("DESTDIR", &stage));
    assert!(!prefix.exists());
    let moved = fresh_folder("cmake/moved here").join("and renamed");
    fs::rename(stage.join("opt/trimtab-staged-only"), &moved).expect("a rename");
    assert_eq!(files_below(&moved), expected());
    assert!(files_below(&stage).is_empty());
    let mut consumer = consumer("moved");
    consumer.0.arg(definition("CMAKE_PREFIX_PATH", &moved));
    must_work(consumer);
    let flags = flags_of(&moved, &["--cflags", "--libs"]);
    assert!(!flags.contains("staged"), "{flags}");
    let program = compile_with(&flags, "moved-by-pkg-config", &[&rpath(&moved)]);
    must_compute(&mut Command::new(program));
}

/// What pkg-config says about the trimtab installed there.
fn flags_of(prefix: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let flags = printed(&must_succeed(
        command.args(arguments).arg("trimtab = 0.1.0"),
    ));
    flags.trim().to_string()
}

/// The consumer, compiled by the shell as a makefile would.
fn compile_with(flags: &str, name: &str, more: &[&str]) -> PathBuf {
    let program = fresh_folder(&format!("cmake/{name}")).join("program");
    let line = format!("gcc -std=c99 {} \"$1\" {flags} -o \"$2\"", more.join(" "));
    let mut shell = Command::new("sh");
    shell.args(["-c", &line, "sh"]);
    shell.arg(root().join("ffi/cmake/tests/consumer/main.c"));
    must_succeed(shell.arg(&program));
    program
}

/// Lets a program find the shared library of this prefix, which pkg-config leaves to its user.
fn rpath(prefix: &Path) -> String {
    format!("'-Wl,-rpath,{}'", prefix.join("lib").display())
}

fn pkg_config() {
    let shared = flags_of(installed(), &["--cflags", "--libs"]);
    let shared = compile_with(&shared, "pkg-config-shared", &[&rpath(installed())]);
    must_compute(&mut Command::new(shared));
    // Against the archive alone: what pkg-config says has to be enough, with and without the system's archives.
    let flags = flags_of(installed(), &["--static", "--cflags", "--libs"]);
    let archive = installed().join("lib/libtrimtab.a");
    let named = flags.replace("-ltrimtab", archive.to_str().expect("UTF-8"));
    let program = compile_with(&named, "pkg-config-archive", &[]);
    must_compute(&mut Command::new(program));
    let program = compile_with(&flags, "pkg-config-static", &["-static"]);
    must_compute(&mut Command::new(program));
}

/// The names of all sections of a shared library, or of the members of an archive.
fn sections(library: &Path) -> BTreeSet<String> {
    let bytes = fs::read(library).expect("a library");
    let of = |data: &[u8]| {
        let file = object::File::parse(data).expect("an object");
        let names = file
            .sections()
            .map(|section| section.name().expect("a name").to_owned());
        names.collect::<Vec<_>>()
    };
    let Ok(archive) = ArchiveFile::parse(&*bytes) else {
        return of(&bytes).into_iter().collect();
    };
    let members = archive.members().map(|member| member.expect("a member"));
    members
        .flat_map(|member| of(member.data(&*bytes).expect("its data")))
        .collect()
}

/// Nothing for debuggers, nothing for rustc, and nothing about the machine that built it.
fn light() {
    let library = |name: &str| installed().join("lib").join(name);
    // With debug sections they have 36 and 10 MB, and the archive 16 with bitcode: well above the bounds. Well below are
    // what they have without (6.4 and 1.4 MB on x86-64, 2026-11-21), so that there is room for more functions.
    for (name, most) in [("libtrimtab.a", 9_000_000), ("libtrimtab.so", 2_000_000)] {
        let sections = sections(&library(name));
        assert!(
            sections.iter().any(|name| name.starts_with(".text")),
            "{sections:?}"
        );
        let ballast = |name: &&String| {
            [".debug", ".zdebug", ".llvmbc", ".llvmcmd"]
                .iter()
                .any(|kind| name.starts_with(kind))
        };
        assert_eq!(sections.iter().find(ballast), None, "{name}");
        let bytes = fs::read(library(name)).expect("a library");
        assert!(bytes.len() < most, "{name}: {} bytes", bytes.len());
        let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME"));
        let folders = [
            root().to_str().expect("UTF-8").to_owned(),
            home.expect("a home"),
        ];
        for folder in folders.map(|folder| folder + "/") {
            let there = bytes
                .windows(folder.len())
                .any(|part| part == folder.as_bytes());
            assert!(!there, "{name} tells of {folder}");
        }
    }
    // Of the archive a program takes what it uses, and Rust's standard library: 2.8 MB; with debug sections 12.
    let flags = flags_of(installed(), &["--static", "--cflags", "--libs"]);
    let archive = library("libtrimtab.a");
    let flags = flags.replace("-ltrimtab", archive.to_str().expect("UTF-8"));
    let len = |name, more| {
        fs::metadata(compile_with(&flags, name, more))
            .expect("a program")
            .len()
    };
    let whole = len("light", &[]);
    assert!(whole < 4_000_000, "{whole} bytes");
    // What ffi/clients/c/README.md recommends: 0.7 MB.
    let used = len("lighter", &["-Wl,--gc-sections"]);
    assert!(used < 1_000_000, "{used} bytes");
}

/// What the tools are told to do, without doing it.
fn on_demand() {
    let commands = |more: &str| {
        let build = fresh_folder("cmake/on-demand");
        must_succeed(configure(&build).args(["-G", "Unix Makefiles", more]));
        let mut dry = Command::new("cmake");
        printed(&must_succeed(
            dry.arg("--build").arg(&build).args(["--", "-n"]),
        ))
    };
    let strips = |commands: &str| {
        commands.contains("-DSTRIP=/") && commands.contains("--remap-path-prefix=")
    };
    let keeps = |commands: &str| {
        commands.contains("profile.release.debug") && commands.contains("-DSTRIP= ")
    };
    for (more, light) in [
        ("-DCMAKE_BUILD_TYPE=Release", true),
        ("-DTRIMTAB_KEEP_DEBUG_INFO=ON", false),
        ("-DCMAKE_BUILD_TYPE=RelWithDebInfo", false),
    ] {
        let commands = commands(more);
        assert_eq!(
            (strips(&commands), keeps(&commands)),
            (light, !light),
            "{more}\n{commands}"
        );
    }
}

/// The same sources in another folder, compiled anew.
fn elsewhere() {
    let copy = fresh_folder("cmake/else where").join("trimtab");
    copy_sources(root(), &copy);
    let (build, prefix) = (copy.join("build"), fresh_folder("cmake/elsewhere-prefix"));
    must_succeed(
        Command::new("cmake")
            .arg("-S")
            .arg(copy.join("ffi"))
            .arg("-B")
            .arg(&build),
    );
    must_succeed(Command::new("cmake").arg("--build").arg(&build));
    must_succeed(&mut install(&build, &prefix));
    for name in ["lib/libtrimtab.a", "lib/libtrimtab.so"] {
        let bytes = |prefix: &Path| fs::read(prefix.join(name)).expect("a library");
        // Not assert_eq: it would print them.
        assert!(bytes(&prefix) == bytes(installed()), "{name} differs");
    }
    fs::remove_dir_all(&copy).expect("it is not needed any more");
}

/// A folder with everything below it but what was built, and git's.
fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder that can be read") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        let (from, to) = (entry.path(), to.join(&name));
        let built = ["target", ".git", "out"].map(OsStr::new).contains(&&*name);
        match from.is_dir() {
            _ if built => (),
            true => copy_sources(&from, &to),
            false => drop(fs::copy(&from, &to).expect("a copy")),
        }
    }
}

fn uninstall() {
    let build = fresh_folder("cmake/uninstall");
    let prefix = fresh_folder("cmake/uninstall-prefix");
    let others = prefix.join("lib/cmake/others");
    fs::create_dir_all(&others).expect("a folder");
    fs::write(others.join("others-config.cmake"), "").expect("a file of somebody else's");
    must_succeed(&mut configure(&build));
    must_succeed(&mut install(&build, &prefix));
    assert_eq!(files_below(&prefix).len(), expected().len() + 1);
    let mut uninstall = Command::new("cmake");
    uninstall
        .arg("--build")
        .arg(&build)
        .args(["--target", "uninstall"]);
    must_succeed(&mut uninstall);
    let left: Vec<String> = files_below(&prefix).into_iter().collect();
    assert_eq!(left, ["lib/cmake/others/others-config.cmake"]);
    assert!(!prefix.join("lib/cmake/trimtab").exists());
    let said = must_fail(&mut uninstall);
    assert!(said.contains("Nothing has been installed"), "{said}");
}

/// No cargo, and one from before the oldest that will do.
fn wanted() {
    let folder = fresh_folder("cmake/wanted");
    let mut without = configure(&folder.join("without"));
    without.arg("-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF");
    without.env("PATH", programs_but_cargo(&folder));
    without.env("CARGO_HOME", &folder).env("HOME", &folder);
    let said = must_fail(&mut without);
    let wish = "cargo, which is not in the PATH. Install Rust 1.89";
    assert!(in_one_line(&said).contains(wish), "{said}");

    let old = folder.join("cargo");
    fs::write(
        &old,
        "#!/bin/sh\necho 'cargo 1.80.1'\necho 'release: 1.80.1'\n",
    )
    .expect("a script");
    must_succeed(Command::new("chmod").arg("+x").arg(&old));
    let mut with_old = configure(&folder.join("old"));
    let said = must_fail(with_old.arg(definition("TRIMTAB_CARGO", &old)));
    let wish = "trimtab needs Rust 1.89, and ";
    assert!(in_one_line(&said).contains(wish), "{said}");
    assert!(
        in_one_line(&said).contains("is 1.80.1. Install Rust 1.89"),
        "{said}"
    );
}

/// A folder with links to all programs in the PATH that are not Rust's.
fn programs_but_cargo(folder: &Path) -> PathBuf {
    let links = folder.join("programs");
    fs::create_dir(&links).expect("a folder");
    let path = std::env::var_os("PATH").expect("a PATH");
    for place in std::env::split_paths(&path) {
        // Not every folder in a PATH exists.
        for program in fs::read_dir(place).into_iter().flatten().flatten() {
            let link = links.join(program.file_name());
            let rusts = ["cargo", "rustc"]
                .map(OsStr::new)
                .contains(&&*program.file_name());
            if !rusts && !link.is_symlink() {
                std::os::unix::fs::symlink(program.path(), link).expect("a link");
            }
        }
    }
    links
}

/// CMake breaks lines where it likes.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
