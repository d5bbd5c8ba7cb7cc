//! Trimtab.jl. Without Julia its files are parsed, and names that it exports and that its page uses are looked up; where
//! there is a Julia its tests and the programs of its page are run, too.

mod declared;
mod names;
mod source;

use std::process::{Command, Output};

use crate::common::blocks::{self, Block};
use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed, printed, said};
use crate::common::libraries;
use crate::common::tools::{JULIA, OPTIMISERS, Tool};
use source::Source;

const A_JULIA: &[&Tool] = &[&JULIA];
const WITH_OPTIMISERS: &[&Tool] = &[&OPTIMISERS];

pub fn checks() -> Vec<Check> {
    let unaided = |name, run| Check {
        name,
        needs: &[],
        run,
    };
    vec![
        unaided("julia::every_file_and_program_parses", everything_parses),
        unaided("julia::the_version_is_the_librarys", version),
        unaided("julia::exported_names_exist", names::exports_exist),
        unaided("julia::the_page_calls_what_exists", names::page_calls),
        Check {
            name: "julia::tests",
            needs: A_JULIA,
            run: tests,
        },
        Check {
            name: "julia::programs_of_the_page",
            needs: A_JULIA,
            run: programs,
        },
        Check {
            name: "julia::rules_for_optimisers",
            needs: WITH_OPTIMISERS,
            run: rules,
        },
    ]
}

fn everything_parses() {
    let broken = "f(x) = (x + 1\nif x end end";
    let notices = !Source::parse("broken", broken.to_string())
        .errors()
        .is_empty();
    assert!(notices, "the parser takes this for Julia: {broken}");
    let (files, programs) = (source::files(), source::programs());
    assert!(files.len() > 15 && programs.len() > 3);
    let errors = files.iter().chain(&programs).flat_map(Source::errors);
    let errors: Vec<String> = errors.collect();
    assert!(errors.is_empty(), "no Julia:\n  {}", errors.join("\n  "));
}

fn version() {
    let project = std::fs::read_to_string(source::package().join("Project.toml"));
    let line = format!("\nversion = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    let project = project.expect("Project.toml");
    assert!(project.contains(&line), "not{line}in\n{project}");
}

/// A command that runs Julia in the package, with the library of this build.
fn julia() -> Command {
    let mut command = Command::new("julia");
    command.arg("--startup-file=no");
    command.arg(format!("--project={}", source::package().display()));
    command.env("TRIMTAB_LIBRARY", &libraries().shared);
    command
}

fn tests() {
    run_tests();
}

fn run_tests() -> String {
    let file = source::package().join("test/runtests.jl");
    said(&must_succeed(julia().arg(file)))
}

/// Of the programs on the page those that need no other package, each followed by what it prints.
fn programs() {
    let mut blocks = blocks::of_page(source::README).into_iter().peekable();
    let mut compared = 0;
    while let Some(block) = blocks.next() {
        if block.language == "julia" && !needs_optimisers(&block) {
            let output = run_program(&block);
            let expected = blocks.next_if(|next| next.language == "text");
            let expected = expected.expect("a program is followed by what it prints");
            assert_eq!(printed(&output), expected.text, "line {}", block.line);
            compared += 1;
        }
    }
    assert!(compared > 1, "only {compared} programs");
}

/// The tests, of which those of the rules have to be among what runs, and the other programs.
fn rules() {
    let said = run_tests();
    assert!(!said.contains("NOT RUN"), "{said}");
    let blocks = blocks::in_language(source::README, "julia").into_iter();
    let programs: Vec<Block> = blocks.filter(needs_optimisers).collect();
    assert!(programs.len() > 1, "only {} programs", programs.len());
    for program in &programs {
        run_program(program);
    }
}

fn needs_optimisers(program: &Block) -> bool {
    program.text.contains("using Optimisers")
}

fn run_program(program: &Block) -> Output {
    let file = fresh_folder(&format!("julia/{}", program.line)).join("program.jl");
    std::fs::write(&file, &program.text).expect("a scratch file");
    must_succeed(julia().arg(&file))
}
