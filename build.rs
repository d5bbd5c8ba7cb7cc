//! Build script of `ffi/`: makes the C header with cbindgen and compares it with the committed one.
//!
//! The new header is `OUT_DIR/trimtab.h`. It replaces `include/trimtab.h` only on request, by
//! building with `TRIMTAB_BLESS=1`, so that a change of the ABI is always deliberate; until then a
//! warning says that they differ, and a test of `ffi/` fails.
//!
//! Without the feature `header` there is nothing to do: who only builds the library has no use for cbindgen.

fn main() {
    println!("cargo::rerun-if-changed=../build.rs");
    #[cfg(feature = "header")]
    header::make();
}

#[cfg(feature = "header")]
mod header {
    use std::path::{Path, PathBuf};
    use std::{env, fs};

    /// The sources of the header, in its order: constants, structs of the core, then functions.
    const SOURCES: [&str; 15] = [
        "ffi/src/types.rs",
        "src/moments.rs",
        "src/affine.rs",
        "ffi/src/config.rs",
        "src/method/gradient_stabilizer.rs",
        "src/method/autoscale.rs",
        "src/method/zclip.rs",
        "src/method/guard.rs",
        "src/optimizer/mod.rs",
        "ffi/src/observe.rs",
        "ffi/src/decide.rs",
        "ffi/src/chain.rs",
        "ffi/src/write.rs",
        "ffi/src/state.rs",
        "ffi/src/info.rs",
    ];

    /// See above.
    pub fn make() {
        let ffi = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
        let root = ffi
            .parent()
            .expect("ffi/ lies in the repository")
            .to_path_buf();
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("trimtab.h");
        let committed = root.join("include/trimtab.h");
        watch(&root);

        let header = generate(&root, &ffi);
        fs::write(&out, &header).expect("OUT_DIR can be written");
        if fs::read_to_string(&committed).is_ok_and(|text| text == header) {
            return;
        }
        if env::var_os("TRIMTAB_BLESS").is_some_and(|value| value == "1") {
            fs::write(&committed, &header).expect("include/ can be written");
        } else {
            println!(
                "cargo::warning=include/trimtab.h is not what the sources say; if the ABI is meant to \
                 change, build with TRIMTAB_BLESS=1 and commit it"
            );
        }
    }

    /// Runs again whenever the header can change.
    fn watch(root: &Path) {
        println!("cargo::rerun-if-env-changed=TRIMTAB_BLESS");
        let others = ["build.rs", "include/trimtab.h"];
        let texts = [
            "ffi/cbindgen.toml",
            "ffi/header_top.h",
            "ffi/header_defaults.h",
        ];
        for path in SOURCES.iter().chain(&others).chain(&texts) {
            println!("cargo::rerun-if-changed={}", root.join(path).display());
        }
    }

    fn generate(root: &Path, ffi: &Path) -> String {
        let text = |name: &str| fs::read_to_string(ffi.join(name)).expect("a part of the header");
        let mut config =
            cbindgen::Config::from_file(ffi.join("cbindgen.toml")).expect("cbindgen.toml is valid");
        config.header = Some(text("header_top.h").trim_end().to_string());
        config.export.include = SOURCES
            .iter()
            .flat_map(|path| types_of(&root.join(path)))
            .collect();
        config.after_includes = Some("#include <stddef.h>\n#include <stdint.h>".to_string());

        let mut builder = cbindgen::Builder::new().with_config(config);
        for source in SOURCES {
            builder = builder.with_src(root.join(source));
        }
        let mut header = Vec::new();
        builder
            .generate()
            .expect("cbindgen reads the sources")
            .write(&mut header);
        let header = String::from_utf8(header).expect("cbindgen writes UTF-8");
        let plain = on_one_line(&without_markup(&header));
        arranged(&plain, &text("header_defaults.h"))
    }

    /// The enums, structs and types that a source declares for C: in the header whether a function takes them or not.
    fn types_of(source: &Path) -> Vec<String> {
        let text = fs::read_to_string(source).expect("a source of the header");
        let declared = ["pub enum ", "pub struct ", "pub type "]
            .iter()
            .flat_map(|kind| {
                let names = text.split(kind).skip(1);
                names.filter_map(|rest| rest.split([' ', '{']).next())
            });
        let ours = declared.filter(|name| name.starts_with("trimtab_"));
        ours.map(str::to_string).collect()
    }

    /// A comment of one line without the frame of three that cbindgen gives it.
    fn on_one_line(header: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        for line in header.lines().map(str::to_string) {
            match lines.as_slice() {
                [.., open, text] if line.trim() == "*/" && open.trim() == "/**" => {
                    let joined = text.replacen(" * ", "/** ", 1) + " */";
                    lines.truncate(lines.len() - 2);
                    lines.push(joined);
                }
                _ => lines.push(line),
            }
        }
        lines.join("\n") + "\n"
    }

    /// Each configuration with its defaults, and each state, in front of the first function that takes it, or of
    /// `trimtab_decide` for a method without a function. The types shared by all functions, which end with
    /// `trimtab_tensor`, stay at the top.
    fn arranged(header: &str, defaults: &str) -> String {
        let (shared, rest) = after(header, "} trimtab_tensor;\n");
        let (types, functions) = rest.split_at(rest.find("#ifdef __cplusplus").expect("functions"));
        let (inits, macros): (Vec<&str>, Vec<&str>) =
            blocks(defaults).partition(|block| block.contains("_CONFIG_INIT"));

        let mut items: Vec<String> = blocks(functions).map(str::to_string).collect();
        for block in blocks(types) {
            let (_, name) = block.rsplit_once("} ").expect("a struct");
            let name = name.trim_end_matches(';');
            let init = format!("#define {}_INIT ", name.to_uppercase());
            let init = inits.iter().find(|macros| macros.starts_with(&init));
            let users = [
                format!("{name} *"),
                format!("{}(", name.trim_end_matches("_config")),
                "trimtab_method *".to_string(),
            ];
            let place = |user: &String| items.iter().position(|item| item.contains(user));
            let place = users.iter().find_map(place).expect("trimtab_decide");
            items.splice(
                place..place,
                [block, init.copied().unwrap_or_default()].map(String::from),
            );
        }
        items.retain(|item| !item.is_empty());
        format!(
            "{shared}\n{}\n\n{}\n",
            macros.join("\n\n"),
            items.join("\n\n")
        )
    }

    /// What blank lines separate: a declaration or macro with the comment above it.
    fn blocks(text: &str) -> impl Iterator<Item = &str> {
        text.split("\n\n")
            .map(str::trim)
            .filter(|block| !block.is_empty())
    }

    /// The text up to the end of `mark`, and the rest.
    fn after<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
        text.split_at(text.find(mark).expect(mark) + mark.len())
    }

    /// The core's comments without the markup of Rust's documentation: links, code marks and fences.
    fn without_markup(header: &str) -> String {
        let lines = header.lines().filter(|line| !line.contains("```"));
        let plain = lines.map(|line| without_links(line).replace('`', ""));
        plain
            .map(|line| line.trim_end().to_string() + "\n")
            .collect()
    }

    /// ``[`x`](y)`` and ``[`x`]`` become `x`.
    fn without_links(line: &str) -> String {
        let Some((before, link)) = line.split_once("[`") else {
            return line.to_string();
        };
        let (name, after) = link.split_once("`]").expect("a link ends on its line");
        let rest = match after.strip_prefix('(') {
            Some(target) => target.split_once(')').expect("a target ends on its line").1,
            None => after,
        };
        format!("{before}{name}{}", without_links(rest))
    }
}
