//! The oldest Rust that compiles all this, `rust-version` in Cargo.toml: every package of the workspace names it, the
//! pages name the same one, and no package that is needed asks for a newer one.
//!
//! What the code itself uses is held to it by clippy's `incompatible_msrv`, an error in every package of the workspace.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use common::json::{list, string};
use common::root;
use serde_json::Value;

/// What the library is made of and does not say which Rust it needs. Clippy's lint, told 1.89, had nothing against them.
const SILENT: [&str; 5] = [
    "bytemuck",
    "crc-catalog",
    "hash32",
    "stable_deref_trait",
    "zerocopy-derive",
];

/// Kinds of dependencies. The one without a name is that of what goes into the library.
const TO_BUILD: &[&str] = &["", "build"];
const FOR_ANYTHING: &[&str] = &["", "build", "dev"];

/// What cargo knows of this workspace, and of what it needs on this system.
struct Packages(Value);

impl Packages {
    fn read() -> Packages {
        let mut command = Command::new(env!("CARGO"));
        command.args(["metadata", "--format-version=1", "--locked"]);
        command.args(["--filter-platform", &host()]);
        let output = command
            .current_dir(root())
            .output()
            .expect("cargo can be started");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo metadata fails:\n{errors}");
        Packages(serde_json::from_slice(&output.stdout).expect("cargo writes JSON"))
    }

    fn with_id(&self, id: &str) -> &Value {
        let packages = list(&self.0["packages"]).iter();
        let mut with_id = packages.filter(|package| package["id"] == id);
        with_id.next().expect("cargo describes each package")
    }

    fn members(&self) -> Vec<&str> {
        list(&self.0["workspace_members"])
            .iter()
            .map(string)
            .collect()
    }

    /// These and whatever they need for these kinds of use.
    fn needed<'a>(&'a self, mut open: Vec<&'a str>, kinds: &[&str]) -> BTreeSet<&'a str> {
        let nodes = list(&self.0["resolve"]["nodes"]).iter();
        let nodes: BTreeMap<&str, &Value> = nodes.map(|node| (string(&node["id"]), node)).collect();
        let mut found = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !found.insert(id) {
                continue;
            }
            let dependencies = list(&nodes[id]["deps"]).iter();
            let is_used = |dependency: &&Value| {
                let mut uses = list(&dependency["dep_kinds"]).iter();
                uses.any(|used| kinds.contains(&used["kind"].as_str().unwrap_or("")))
            };
            open.extend(
                dependencies
                    .filter(is_used)
                    .map(|dependency| string(&dependency["pkg"])),
            );
        }
        found
    }
}

/// The target of the compiler that cargo takes.
fn host() -> String {
    let output = Command::new(env!("CARGO")).arg("-vV").output();
    let said = output.expect("cargo can be started").stdout;
    let said = String::from_utf8(said).expect("cargo writes UTF-8");
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo names its host").to_string()
}

/// `1.89` and `1.89.0`, in order.
fn version(text: &str) -> [u32; 3] {
    let mut parts = text.split('.').map(|part| part.parse().expect("a number"));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

/// Which Rust a package asks for, if it says.
fn asked_for(package: &Value) -> Option<[u32; 3]> {
    package["rust_version"].as_str().map(version)
}

const OURS: &str = env!("CARGO_PKG_RUST_VERSION");

#[test]
fn every_package_of_the_workspace_names_the_same() {
    let packages = Packages::read();
    let members = packages.members();
    assert!(members.len() >= 3, "{members:?}");
    for member in members {
        assert_eq!(packages.with_id(member)["rust_version"], OURS, "{member}");
    }
}

#[test]
fn the_pages_name_it() {
    for (page, sentence) in [
        (
            "CONTRIBUTING.md",
            format!("A Rust toolchain ({OURS} or newer)"),
        ),
        (
            "GUARANTEES.md",
            format!("The oldest Rust that compiles the library is {OURS}"),
        ),
    ] {
        let text = fs::read_to_string(root().join(page)).expect("a page");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&sentence), "{page} does not say: {sentence}");
    }
}

/// Tests, benchmarks and examples included.
#[test]
fn no_package_asks_for_a_newer_one() {
    let packages = Packages::read();
    let needed = packages.needed(packages.members(), FOR_ANYTHING);
    let newer = needed
        .iter()
        .map(|id| packages.with_id(id))
        .filter(|package| asked_for(package) > Some(version(OURS)));
    let newer: Vec<String> = newer
        .map(|package| {
            let field = |name| string(&package[name]);
            let (name, version) = (field("name"), field("version"));
            format!("{name} {version} asks for {}", field("rust_version"))
        })
        .collect();
    assert!(
        newer.is_empty(),
        "newer than {OURS}; choose an older version with `cargo update -p NAME --precise VERSION`: {newer:?}"
    );
}

/// Looked at by hand once: a new one is to be looked at too.
#[test]
fn those_of_the_library_that_say_nothing_are_known() {
    let packages = Packages::read();
    let library = packages
        .members()
        .into_iter()
        .filter(|id| ["trimtab", "trimtab-ffi"].contains(&string(&packages.with_id(id)["name"])));
    let needed = packages.needed(library.collect(), TO_BUILD);
    let silent = needed
        .iter()
        .map(|id| packages.with_id(id))
        .filter(|package| asked_for(package).is_none())
        .map(|package| string(&package["name"]));
    assert_eq!(silent.collect::<BTreeSet<_>>(), BTreeSet::from(SILENT));
}
