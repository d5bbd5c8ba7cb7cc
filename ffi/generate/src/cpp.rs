//! C++: enums, configurations and states, which `trimtab.hpp` begins with, and the methods, which it ends with.

use crate::abi::{Abi, Enum, Field, Struct, bare, state_kind};
use crate::method::{Count, Held, Method};
use crate::text::{Generated, comment, lines, without_init, wrapped};

const TYPES: &str = r#"
// Enums and configurations of trimtab.h, and what methods remember: a part of trimtab.hpp, which includes it.
//
// Configurations are the C structs field by field, with the defaults of their INIT macros. Name what is to differ, in
// this order: {.lr = 1e-2, .weight_decay = 0.01}. Leave struct_size and reserved alone.
#ifndef TRIMTAB_TYPES_HPP
#define TRIMTAB_TYPES_HPP

#include <cstdint>

#include "trimtab.h"

namespace trimtab {
"#;

const STATES: &str = "
/// A C struct that holds zeros from its constructor on: see trimtab.hpp.
template <class C, int state_kind = -1>
struct zeroed;
";

const METHODS: &str = r#"
// The methods of trimtab.h: the last part of trimtab.hpp, which includes it.
//
// Each is made for decide. With gradients behind the first arguments, as in scale(0.5, grads), it decides at once, as a
// chain of one.
#ifndef TRIMTAB_METHODS_HPP
#define TRIMTAB_METHODS_HPP

#include "trimtab.hpp"

namespace trimtab {
"#;

const AT_ONCE: &str = "
#if defined(TRIMTAB_NO_EXCEPTIONS)
inline namespace returning {
#else
inline namespace throwing {
#endif
";

/// What programs do not write: a tensor's role, and the kinds of states and methods.
const OTHERS: [&str; 3] = ["trimtab_role", "trimtab_state_kind", "trimtab_method_kind"];

/// `include/trimtab_types.hpp`
pub fn types(abi: &Abi) -> String {
    let enums = abi
        .enums
        .iter()
        .filter(|e| !OTHERS.contains(&e.name.as_str()));
    let enums = lines(enums.map(enumeration));
    // A choice is passed as such, and needs no configuration.
    let configs = abi.configs().filter(|s| s.only_choice().is_none());
    let configs = lines(configs.map(|s| config(abi, s)));
    let states: String = abi.structs.iter().filter_map(|s| state(abi, s)).collect();
    format!(
        "// {Generated}{TYPES}{enums}\n{configs}{STATES}{states}}}  // namespace trimtab\n\n#endif  // TRIMTAB_TYPES_HPP\n"
    )
}

/// `status` of `trimtab_status_code`.
fn name(e: &Enum) -> &str {
    bare(&e.name).trim_end_matches("_code")
}

fn enumeration(e: &Enum) -> String {
    let base = if e.constants.iter().any(|c| c.value < 0) {
        "std::int32_t"
    } else {
        "std::uint32_t"
    };
    let constants = e.constants.iter().map(|c| {
        let doc = comment("    /// ", &c.doc);
        format!("{doc}    {} = {},\n", e.own_name(c), c.name)
    });
    let unknown = match e.name.as_str() {
        "trimtab_dtype" => "    /// That of no tensor.\n    unknown = 0xffff'ffff,\n",
        _ => "",
    };
    let constants = constants.collect::<String>();
    format!(
        "{}enum class {} : {base} {{\n{constants}{unknown}}};\n",
        comment("/// ", &e.doc),
        name(e)
    )
}

fn config(abi: &Abi, s: &Struct) -> String {
    let own = without_init(&s.doc);
    let for_whom = format!("For {}. {own}", s.bare().trim_end_matches("_config"));
    let fields: String = s.fields.iter().map(|field| member(abi, s, field)).collect();
    format!(
        "{}struct {} {{\n{fields}}};\n",
        comment("/// ", &for_whom),
        s.bare()
    )
}

fn member(abi: &Abi, s: &Struct, field: &Field) -> String {
    let doc = comment("    /// ", &field.doc);
    let name = &field.name;
    let Some(default) = abi.default_of(s, field) else {
        return format!("{doc}    std::uint32_t {name} = sizeof({});\n", s.name);
    };
    format!(
        "{doc}    {} {name} = {};\n",
        type_of(abi, s, field),
        value(abi, s, field, default)
    )
}

fn type_of(abi: &Abi, s: &Struct, field: &Field) -> String {
    match (abi.enumeration(s, field), field.c_type.as_str()) {
        (Some(e), _) => format!("trimtab::{}", name(e)),
        (None, "double") => "double".to_string(),
        (None, integer) => format!("std::{integer}"),
    }
}

fn value(abi: &Abi, s: &Struct, field: &Field, default: &str) -> String {
    let Some(e) = abi.enumeration(s, field) else {
        return default.to_string();
    };
    let constant = e.constants.iter().find(|c| c.name == default);
    format!(
        "trimtab::{}::{}",
        name(e),
        e.own_name(constant.expect("a constant of the enum"))
    )
}

fn state(abi: &Abi, s: &Struct) -> Option<String> {
    let kind = state_kind(abi, s)?;
    let doc = comment("/// ", &s.doc);
    Some(format!(
        "{doc}using {} = zeroed<{}, {kind}>;\n",
        s.bare(),
        s.name
    ))
}

/// `include/trimtab_methods.hpp`
pub fn methods(abi: &Abi) -> String {
    let methods = abi.methods();
    let made: String = methods
        .iter()
        .map(|m| Arguments::of(abi, m).made(abi, m))
        .collect();
    let at_once: String = methods
        .iter()
        .map(|m| Arguments::of(abi, m).at_once(m))
        .collect();
    format!(
        "// {Generated}{METHODS}{made}{AT_ONCE}{at_once}}}  // inline namespace throwing, or returning\n}}  // namespace \
         trimtab\n\n#endif  // TRIMTAB_METHODS_HPP\n"
    )
}

/// The arguments of a method: those in front of the gradients, and those behind them, which may be left out.
#[derive(Default)]
struct Arguments {
    front: Vec<(String, String)>,
    back: Vec<(String, String, String)>,
    /// The fields of `trimtab::method`.
    fields: Vec<String>,
}

impl Arguments {
    fn of(abi: &Abi, m: &Method) -> Self {
        let mut all = Self::default();
        all.configure(abi, m);
        if let Some(number) = &m.number {
            all.front.insert(0, ("double".to_string(), number.clone()));
            all.fields.push(format!(".number = {number}"));
        }
        if let Some(held) = m.held() {
            all.hold(m, held);
        }
        all
    }

    /// A choice comes with the number, if there is one.
    fn configure(&mut self, abi: &Abi, m: &Method) {
        let Some(s) = m.config.as_deref().and_then(|config| abi.structure(config)) else {
            return;
        };
        let Some(field) = s.only_choice() else {
            let config = s.bare();
            self.back.push((
                format!("const {config}&"),
                "config".to_string(),
                "{}".to_string(),
            ));
            self.fields.push(".config = config".to_string());
            return;
        };
        let (kind, name) = (type_of(abi, s, field), field.name.clone());
        let code = format!("static_cast<std::uint32_t>({name})");
        self.fields
            .push(format!(".config = {{sizeof({}), {code}}}", s.name));
        if m.number.is_some() {
            self.front.push((kind, name));
        } else {
            let default = abi.default_of(s, field).expect("a default");
            self.back.push((kind, name, value(abi, s, field, default)));
        }
    }

    fn hold(&mut self, m: &Method, held: &Held) {
        let own = bare(&held.structure);
        // `states` is a type.
        let name = match held.name.as_str() {
            "states" => "all_states".to_string(),
            other => other.to_string(),
        };
        let field = if m.state.is_some() { "state" } else { "input" };
        if held.count == Count::One {
            self.fields.push(format!(".{field} = &{name}"));
            self.front.insert(0, (format!("{}&", held.structure), name));
            return;
        }
        self.fields.push(format!(".{field} = {name}.data()"));
        self.fields.push(format!(".partners = {name}.size()"));
        let each = if held.count == Count::Each {
            "true"
        } else {
            "config.scope != scope::global"
        };
        self.fields.push(format!(".for_each = {each}"));
        let readonly = if m.state.is_some() { "" } else { "const " };
        self.front
            .insert(0, (format!("std::span<{readonly}{own}>"), name));
    }

    /// `double max_norm, const x_config& config = {}`, with the gradients between them, if any.
    fn declared(&self, grads: Option<&str>) -> String {
        let front = self
            .front
            .iter()
            .map(|(kind, name)| format!("{kind} {name}"));
        let back = self
            .back
            .iter()
            .map(|(kind, name, default)| format!("{kind} {name} = {default}"));
        front
            .chain(grads.map(String::from))
            .chain(back)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn made(&self, abi: &Abi, m: &Method) -> String {
        let config = m.config.as_deref().and_then(|config| abi.structure(config));
        let kind = match config {
            Some(s) if s.only_choice().is_some() => format!("method<{}, {}>", m.kind, s.name),
            Some(s) => format!("method<{}, {}>", m.kind, s.bare()),
            None => format!("method<{}>", m.kind),
        };
        let fields = sorted(&self.fields).join(", ");
        let front = wrapped(
            &format!(
                "constexpr auto {}({}) noexcept {{",
                m.name,
                self.declared(None)
            ),
            "    ",
        );
        let made = wrapped(
            &format!("    return {kind}{{.name = \"{}\", {fields}}};", m.name),
            "        ",
        );
        format!(
            "{}{front}\n{}\n}}\n",
            comment("/// ", &m.doc(abi)),
            made.replace(", }", "}")
        )
    }

    fn at_once(&self, m: &Method) -> String {
        let names = self.front.iter().map(|(_, name)| name);
        let names = names.chain(self.back.iter().map(|(_, name, _)| name));
        let names: Vec<&str> = names.map(String::as_str).collect();
        let kind = if m.may_skip() {
            "[[nodiscard]] inline answer"
        } else {
            "inline done"
        };
        let front = format!(
            "{kind} {}({})",
            m.name,
            self.declared(Some("tensors grads"))
        );
        format!(
            "{}\n    noexcept(detail::quiet) {{ return decide(grads, trimtab::{}({})); }}\n",
            wrapped(&front, "    "),
            m.name,
            names.join(", ")
        )
    }
}

/// In the order in which `trimtab::method` has them, as designated initialisers must be.
fn sorted(fields: &[String]) -> Vec<&str> {
    let order = [
        ".config",
        ".number",
        ".state",
        ".input",
        ".partners",
        ".for_each",
    ];
    let place = |field: &&str| {
        order
            .iter()
            .position(|name| field.starts_with(&format!("{name} ")))
    };
    let mut fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    fields.sort_by_key(place);
    fields
}
