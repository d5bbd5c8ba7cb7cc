//! A check, and how checks are run and reported.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::common::tools::Tool;

/// One thing to see working.
pub struct Check {
    /// `language::what`.
    pub name: &'static str,
    /// Without these it cannot run.
    pub needs: &'static [&'static Tool],
    /// Panics where something is wrong.
    pub run: fn(),
}

impl Check {
    fn missing(&self) -> Vec<&'static Tool> {
        let needs = self.needs.iter().copied();
        needs.filter(|tool| !tool.found()).collect()
    }

    fn trial(&self) -> Trial {
        let missing = self.missing();
        let must_be_there = in_ci() && missing.iter().any(|tool| tool.in_ci);
        let run = self.run;
        let what = missing.iter().map(|tool| advice(tool));
        let what: Vec<String> = what.collect();
        let skip = !what.is_empty();
        let trial = Trial::test(self.name, move || {
            if skip {
                return Err(Failed::from(what.join("; ")));
            }
            run();
            Ok(())
        });
        trial.with_ignored_flag(skip && !must_be_there)
    }
}

fn advice(tool: &Tool) -> String {
    format!("{} is missing: {}", tool.name, tool.remedy)
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Runs them as `cargo test` runs its own, then names what was not run.
pub fn run(checks: Vec<Check>) -> ExitCode {
    let arguments = Arguments::from_args();
    let listing = arguments.list;
    let trials = checks.iter().map(Check::trial).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !listing {
        name_what_was_not_run(&checks);
    }
    conclusion.exit_code()
}

/// Once for each tool, with the checks that wait for it.
fn name_what_was_not_run(checks: &[Check]) {
    let mut waiting: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for check in checks {
        for tool in check.missing() {
            waiting.entry(advice(tool)).or_default().push(check.name);
        }
    }
    let mut stderr = std::io::stderr().lock();
    for (advice, names) in waiting {
        // Nothing can be done about an error stream that is gone.
        let _ = writeln!(stderr, "NOT RUN: {}. {advice}", names.join(", "));
    }
}
