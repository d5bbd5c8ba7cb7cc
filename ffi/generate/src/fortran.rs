//! Fortran: constants and types, the interfaces of the functions, the methods of a chain, and arrays of states.

use crate::abi::{Abi, Constant, Enum, Field, Function, Struct, pending, state_kind};
use crate::method::{Count, Held, Method};
use crate::text::{Generated, comment, lines, without_init};

const TYPES: &str = "
!>
!> Constants and structs of trimtab, as `include/trimtab.h` has them.
!>
!> Programs `use trimtab`, which passes all of this on. Names are those of the header but for the roles, which would
!> have been those of the functions `trimtab_weight` and `trimtab_bias`, and for structs that this module wraps, which
!> are called `trimtab_c_...`. Unsigned integers of the header are signed here, because Fortran has no others.
!> Components have the header's defaults: a state starts at zero, and `trimtab_adam_config(lr=1e-4_real64)` sets one
!> value and leaves the rest. Where a descriptor could not be made, `dtype` or `kind` is the `stat` with which every
!> call refuses it.
module trimtab_types
    use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t, c_null_ptr, c_ptr, c_size_t
    implicit none
    private

";

const INFINITY: &str = "    !> Positive infinity: no limit, no largest norm.
    real(c_double), parameter, public :: TRIMTAB_INFINITY = transfer(int(z'7FF0000000000000', c_int64_t), 0.0_c_double)

";

const INTERFACES: &str = "
!>
!> The functions of `include/trimtab.h`, one interface each. Called by the submodules of `trimtab` and by nobody else:
!> arrays come without their sizes here, and nothing checks them.
!>
!> An absent configuration arrives as NULL, which means the defaults. Functions that return a number are `pure`. Where a
!> function may write through the addresses in an argument that it does not change itself, the argument is a `target`:
!> without that, gfortran takes all that can be reached from an `intent(in)` argument for unchanged.
module trimtab_c_api
    use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int8_t, c_ptr, c_size_t
    use trimtab_types
    implicit none
    private

";

const METHODS: &str = "
!>
!> Arrays of states to save or to load, and the methods of a chain: each a function named like its procedure, with `_method` behind, that takes the same
!> arguments but gradients and `stat`.
!>
!> Programs `use trimtab`, which passes on what begins with `trimtab_`. States, and AGC's moments, are `intent(inout)`
!> because their address is kept: they are targets, arrays of them contiguous, and an expression is no argument.
!> Configurations and values are copied.
module trimtab_chain
    use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t, c_loc, c_size_t
    use trimtab_describe
    use trimtab_types
    implicit none
    private

    public :: trimtab_states_of

";

/// `types.f90`
pub fn types(abi: &Abi) -> String {
    let enums: String = abi.enums.iter().map(enumeration).collect();
    let structs = lines(abi.structs.iter().map(|s| structure(abi, s)));
    format!("!> {Generated}{TYPES}{enums}{INFINITY}{structs}end module\n")
}

fn enumeration(e: &Enum) -> String {
    let constants = e.constants.iter().map(|c| constant(e, c));
    let doc = comment("    ! ", &in_fortran(&e.doc));
    format!("{doc}\n{}\n", constants.collect::<String>())
}

fn constant(e: &Enum, c: &Constant) -> String {
    // The values of `stat`, which is a default integer.
    let kind = match e.name.as_str() {
        "trimtab_status_code" => "integer",
        _ => "integer(c_int32_t)",
    };
    let doc = comment("    !> ", &in_fortran(&c.doc));
    let name = in_fortran(&c.name);
    format!(
        "{doc}    {kind}, parameter, public :: {name} = {}\n",
        c.value
    )
}

/// Names of constants that are others here.
fn in_fortran(text: &str) -> String {
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let renamed =
        words.map(
            |word| match word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()) {
                "TRIMTAB_WEIGHT" | "TRIMTAB_BIAS" => word.replace("TRIMTAB_", "TRIMTAB_ROLE_"),
                _ => word.to_string(),
            },
        );
    renamed.collect()
}

/// `trimtab_slot` and `trimtab_method` are types of the module's own, which hold those of C.
fn type_name(c: &str) -> String {
    match c {
        "trimtab_slot" | "trimtab_method" => c.replace("trimtab_", "trimtab_c_"),
        same => same.to_string(),
    }
}

fn structure(abi: &Abi, s: &Struct) -> String {
    let fields = s.fields.iter().map(|field| component(abi, s, field));
    format!(
        "{}    type, public, bind(c) :: {}\n{}    end type\n",
        comment("    !> ", &in_fortran(&without_init(&s.doc))),
        type_name(&s.name),
        fields.collect::<String>()
    )
}

fn component(abi: &Abi, s: &Struct, field: &Field) -> String {
    let (kind, zero) = match field.c_type.as_str() {
        "double" => ("real(c_double)".to_string(), " = 0"),
        "uint32_t" => ("integer(c_int32_t)".to_string(), " = 0"),
        "uint64_t" => ("integer(c_int64_t)".to_string(), " = 0"),
        "size_t" => ("integer(c_size_t)".to_string(), " = 0"),
        pointer if pointer.ends_with('*') => ("type(c_ptr)".to_string(), " = c_null_ptr"),
        name => (format!("type({})", type_name(name)), ""),
    };
    let value = initial(abi, s, field).map_or(zero.to_string(), |value| format!(" = {value}"));
    let doc = comment("        !> ", &in_fortran(&field.doc));
    format!("{doc}        {kind} :: {}{value}\n", field.name)
}

/// What a component has by itself, if it is not zero.
fn initial(abi: &Abi, s: &Struct, field: &Field) -> Option<String> {
    if field.name == "struct_size" {
        return Some(abi.layout(s).0.on_64_bits().to_string());
    }
    let value = match abi.default_of(s, field) {
        Some("TRIMTAB_INFINITY") => "TRIMTAB_INFINITY".to_string(),
        Some(number) if field.c_type == "double" => format!("{number}_c_double"),
        Some(value) => in_fortran(value),
        None if !s.has_pointers() => pending(s, field).to_string(),
        None => in_fortran(&abi.enumeration(s, field)?.constants[0].name),
    };
    Some(value)
}

/// `c_api.f90`
pub fn interfaces(abi: &Abi) -> String {
    let functions = lines(abi.functions.iter().map(|f| interface(abi, f)));
    let public = abi
        .functions
        .iter()
        .map(|f| format!("    public :: {}\n", own_name(f)));
    let public = public.collect::<String>();
    format!(
        "!> {Generated}{INTERFACES}{public}\n    interface\n{functions}    end interface\nend module\n"
    )
}

/// `c_observe` of `trimtab_observe`.
fn own_name(f: &Function) -> String {
    f.name.replacen("trimtab_", "c_", 1)
}

fn interface(abi: &Abi, f: &Function) -> String {
    let result = match f.returns.as_str() {
        "trimtab_status" => "integer(c_int32_t)",
        "double" => "pure real(c_double)",
        "const char *" => "type(c_ptr)",
        other => panic!("{} returns {other}", f.name),
    };
    let names: Vec<&str> = f.parameters.iter().map(|p| p.name.as_str()).collect();
    let declared = (0..names.len()).map(|place| argument(abi, f, place));
    let front = format!("{result} function {}({})", own_name(f), names.join(", "));
    let name = &f.name;
    format!(
        "        {front} &\n                bind(c, name=\"{name}\")\n            import\n{}        end function\n",
        declared.collect::<String>()
    )
}

fn argument(abi: &Abi, f: &Function, place: usize) -> String {
    let parameter = &f.parameters[place];
    let (c_type, array) = (parameter.c_type.as_str(), abi.is_array(f, place));
    let intent = if c_type.starts_with("const ") {
        "in"
    } else {
        "inout"
    };
    let kind = match c_type {
        "double" => "real(c_double), value".to_string(),
        "uint32_t" | "int32_t" => "integer(c_int32_t), value".to_string(),
        "size_t" => "integer(c_size_t), value".to_string(),
        "size_t *" => "integer(c_size_t), intent(inout)".to_string(),
        "void *const *" => "type(c_ptr), intent(in), target".to_string(),
        "void *" | "const void *" if parameter.name == "bytes" => {
            format!("integer(c_int8_t), intent({intent})")
        }
        "const void *" => return format!("            type(c_ptr), value :: {}\n", parameter.name),
        _ => {
            let s = abi.pointee(c_type);
            let s = s.unwrap_or_else(|| panic!("{}: {c_type}", f.name));
            let optional = if s.is_config() { ", optional" } else { "" };
            let target = if s.has_pointers() && intent == "in" {
                ", target"
            } else {
                ""
            };
            format!(
                "type({}), intent({intent}){optional}{target}",
                type_name(&s.name)
            )
        }
    };
    let extent = if array { "(*)" } else { "" };
    format!("            {kind} :: {}{extent}\n", parameter.name)
}

/// `chain.f90`
pub fn methods(abi: &Abi) -> String {
    let methods = abi.methods();
    let configs = methods
        .iter()
        .filter_map(|m| abi.structure(m.config.as_ref()?));
    let largest = configs.map(|s| abi.layout(s).0.on_64_bits()).max();
    let words = largest.expect("a configuration").div_ceil(8);
    let public: String = methods
        .iter()
        .map(|m| format!("    public :: trimtab_{}_method\n", m.name))
        .collect();
    let functions = lines(methods.iter().map(|m| method(abi, m)));
    let (names, entries): (Vec<String>, Vec<String>) =
        abi.structs.iter().filter_map(|s| states(abi, s)).unzip();
    format!(
        "!> {Generated}{METHODS}{}{public}{STATES_OF}{}\n    end interface\n\ncontains\n\n{functions}\n{}{CONFIGURE}",
        wrapper(words),
        names.join(", "),
        lines(entries.into_iter())
    )
}

/// The type of a method that holds its configuration, which may be as large as the largest.
fn wrapper(words: usize) -> String {
    format!(
        "    !> A method of a chain, for `trimtab_decide`. Made by `trimtab_guard_method` and its kind.
    !>
    !> Knows its configuration, so that an expression can be one, and how many states or inputs it has.
    type, public :: trimtab_method
        type(trimtab_c_method) :: c            !! The C struct `trimtab_method`; `trimtab_decide` fills in the address
        logical :: configured = .false.        !! Whether it has a configuration; else the defaults
        integer(c_int64_t) :: config({words}) = 0    !! The bytes of its configuration, and zeros
        logical :: each = .false.              !! Whether each tensor has a state or input of its own; else one in all
        integer(c_size_t) :: count = 1         !! How many there are
    end type

"
    )
}

const STATES_OF: &str = "
    !> States to save or to load: `trimtab_states_of(norms)`, an array of any rank or one alone, contiguous, a target.
    interface trimtab_states_of
        module procedure ";

/// A function that describes states of one kind, and its name.
fn states(abi: &Abi, s: &Struct) -> Option<(String, String)> {
    let (kind, own) = (state_kind(abi, s)?, format!("{}s", s.bare()));
    let text = format!(
        "    function {own}(states) result(entry)
        type({}), intent(inout), target :: states(..)
        type(trimtab_states) :: entry
        entry = entry_of(states, {kind})
    end function
",
        s.name
    );
    Some((own, text))
}

const CONFIGURE: &str = "
    pure subroutine configure(method, bytes)
        type(trimtab_method), intent(inout) :: method
        integer(c_int64_t), intent(in) :: bytes(:)
        method%configured = .true.
        method%config(:size(bytes)) = bytes
    end subroutine
end module
";

fn method(abi: &Abi, m: &Method) -> String {
    let held = m.held();
    let choice = m
        .config
        .as_deref()
        .and_then(|c| abi.structure(c)?.only_choice());
    let mut arguments = Vec::new();
    if let Some(held) = held {
        let structure = type_name(&held.structure);
        let extent = if held.count == Count::One { "" } else { "(..)" };
        let attributes = format!("type({structure}), intent(inout), target");
        arguments.push((held.name.as_str(), attributes, extent));
    }
    if let Some(number) = &m.number {
        arguments.push((number, "real(c_double), intent(in)".to_string(), ""));
    }
    match (choice, &m.config) {
        (Some(field), _) => {
            arguments.push((
                &field.name,
                "integer(c_int32_t), intent(in)".to_string(),
                "",
            ));
        }
        (None, Some(config)) => {
            arguments.push((
                "config",
                format!("type({config}), intent(in), optional"),
                "",
            ));
        }
        (None, None) => {}
    }
    let names: Vec<&str> = arguments.iter().map(|(name, ..)| *name).collect();
    let declared = arguments
        .iter()
        .map(|(name, attributes, extent)| format!("        {attributes} :: {name}{extent}\n"));
    let doc = match m.function(abi) {
        Some(_) => format!("`trimtab_{}` in a chain.", m.name),
        None => m.doc(abi),
    };
    format!(
        "{}    function trimtab_{name}_method({}) result(method)\n{}        type(trimtab_method) :: method\n{}    \
         end function\n",
        comment("    !> ", &doc),
        names.join(", "),
        declared.collect::<String>(),
        body(m, choice),
        name = m.name,
    )
}

/// The statements that make a method of its arguments.
fn body(m: &Method, choice: Option<&Field>) -> String {
    let mut statements = vec![format!("method%c%kind = {}", m.kind)];
    statements.extend(m.number.as_ref().map(|n| format!("method%c%number = {n}")));
    statements.extend(m.held().into_iter().flat_map(|held| place(m, held)));
    if let (Some(config), Some(field)) = (&m.config, choice) {
        let value = format!("{config}({0}={0})", field.name);
        statements.push(format!(
            "call configure(method, transfer({value}, [0_c_int64_t]))"
        ));
    } else if m.config.is_some() {
        let made = "call configure(method, transfer(config, [0_c_int64_t]))";
        statements.push(format!("if (present(config)) {made}"));
    }
    if m.held().is_some_and(|held| held.count != Count::One) {
        statements.insert(0, "integer :: stat".to_string());
        statements.push("if (stat /= TRIMTAB_OK) method%c%kind = stat".to_string());
    }
    statements
        .iter()
        .map(|s| format!("        {s}\n"))
        .collect()
}

fn place(m: &Method, held: &Held) -> Vec<String> {
    let field = if m.state.is_some() { "state" } else { "input" };
    let name = &held.name;
    if held.count == Count::One {
        return vec![format!("method%c%{field} = c_loc({name})")];
    }
    let mut statements = vec![
        "method%each = .true.".to_string(),
        format!("call locate({name}, method%c%{field}, method%count, stat)"),
    ];
    if held.count == Count::ByScope {
        let each = "method%each = config%scope /= TRIMTAB_SCOPE_GLOBAL";
        statements.push(format!("if (present(config)) {each}"));
    }
    statements
}
