//! The module's interfaces, types, constants and defaults against those of the C ABI, one by one and none left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::compiler::Build;
use crate::common::command::printed;
use crate::common::root;
use crate::manifest::{self, Manifest, Struct};

/// What the interfaces of `c_api.f90` say about a function of C.
#[derive(Debug, PartialEq)]
struct Prototype {
    returns: String,
    /// Names and types in C.
    parameters: Vec<(String, String)>,
}

/// Every function of the header has an interface with its name, its arguments in their order, and its types.
pub fn interfaces() {
    let bound = prototypes();
    let functions = manifest::read().functions;
    let names: BTreeSet<&String> = functions.keys().collect();
    assert_eq!(bound.keys().collect::<BTreeSet<_>>(), names);
    for (name, function) in &functions {
        let parameters = function.parameters.iter();
        let expected = Prototype {
            returns: as_fortran_has_it(&function.returns),
            parameters: parameters
                .map(|(c, name)| (name.clone(), as_fortran_has_it(c)))
                .collect(),
        };
        assert_eq!(bound[name], expected, "{name} in c_api.f90 and in C");
    }
}

/// Fortran has no unsigned integers, and a `type(c_ptr)` does not say whether what it points to is written.
fn as_fortran_has_it(c: &str) -> String {
    match c {
        "uint32_t" => "int32_t",
        "const void *" => "void *",
        other => other,
    }
    .to_string()
}

fn prototypes() -> BTreeMap<String, Prototype> {
    let text = std::fs::read_to_string(root().join("ffi/clients/fortran/src/c_api.f90"));
    let text = text.expect("c_api.f90").replace("&\n", " ");
    let functions = text.split("        end function").map(prototype);
    functions
        .flatten()
        .filter(|(name, _)| name != "strlen")
        .collect()
}

/// From one `end function` to the next.
fn prototype(text: &str) -> Option<(String, Prototype)> {
    let line = text.lines().find(|line| line.contains(" function c_"))?;
    let (result, rest) = line.split_once(" function ").expect("a function");
    let (_, rest) = rest.split_once('(').expect("arguments");
    let (arguments, rest) = rest.split_once(')').expect("the end of the arguments");
    let (_, name) = rest.split_once("bind(c, name=\"").expect("a name in C");
    let result = result.trim().trim_start_matches("pure ");
    let returns = match result {
        "integer(c_int32_t)" => "trimtab_status",
        "real(c_double)" => "double",
        "type(c_ptr)" => "const char *",
        other => other,
    };
    let declared: BTreeMap<&str, String> = text.lines().filter_map(declaration).collect();
    let arguments = arguments
        .split(',')
        .map(str::trim)
        .filter(|a| !a.is_empty());
    let parameters = arguments.map(|name| (name.to_string(), declared[name].clone()));
    let prototype = Prototype {
        returns: returns.to_string(),
        parameters: parameters.collect(),
    };
    Some((name.trim_end_matches("\")").to_string(), prototype))
}

/// `type(trimtab_moments), intent(in) :: from` is `const trimtab_moments *`.
fn declaration(line: &str) -> Option<(&str, String)> {
    let (attributes, name) = line.trim().split_once(" :: ")?;
    let (name, array) = match name.strip_suffix("(*)") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let c = match (attributes, array) {
        ("integer(c_int32_t), value", false) => "int32_t",
        ("integer(c_size_t), value", false) => "size_t",
        ("integer(c_size_t), intent(inout)", false) => "size_t *",
        ("real(c_double), value", false) => "double",
        ("type(c_ptr), value", false) => "void *",
        ("type(c_ptr), intent(in), target", true) => "void *const *",
        ("integer(c_int8_t), intent(in)", true) | ("integer(c_int8_t), intent(inout)", true) => {
            "void *"
        }
        _ => return Some((name, struct_pointer(attributes)?)),
    };
    Some((name, c.to_string()))
}

fn struct_pointer(attributes: &str) -> Option<String> {
    let (name, intent) = attributes.strip_prefix("type(")?.split_once("), ")?;
    let name = c_name(name);
    if intent.starts_with("intent(inout)") {
        Some(format!("{name} *"))
    } else if intent.starts_with("intent(in)") {
        Some(format!("const {name} *"))
    } else {
        None
    }
}

fn c_name(fortran: &str) -> &str {
    match fortran {
        "trimtab_c_slot" => "trimtab_slot",
        "trimtab_c_method" => "trimtab_method",
        same => same,
    }
}

fn fortran_name(c: &str) -> &str {
    match c {
        "trimtab_slot" => "trimtab_c_slot",
        "trimtab_method" => "trimtab_c_method",
        "TRIMTAB_WEIGHT" => "TRIMTAB_ROLE_WEIGHT",
        "TRIMTAB_BIAS" => "TRIMTAB_ROLE_BIAS",
        same => same,
    }
}

/// A program that compares the module with the manifest, made of the manifest: what the module lacks does not compile.
pub fn layout() {
    let manifest = manifest::read();
    let (mut declarations, mut statements, mut checks) = (String::new(), String::new(), 0);
    for (number, (name, structure)) in manifest.structs.iter().enumerate() {
        let variable = format!("s{number}");
        let fortran = fortran_name(name);
        writeln!(declarations, "type({fortran}), target :: {variable}").expect("text");
        statements += &struct_checks(&variable, name, structure);
        checks += 1 + structure.fields.len();
    }
    for (name, value) in manifest.enums.values().flatten() {
        let fortran = fortran_name(name);
        writeln!(
            statements,
            "call same(int({fortran}, int64), {value}_int64, '{name}')"
        )
        .expect("text");
        checks += 1;
    }
    for (name, values) in manifest::defaults() {
        checks += values.len();
        statements += &default_checks(&name, &values, &manifest);
    }
    let program = LAYOUT
        .replace("! declarations\n", &declarations)
        .replace("! statements\n", &statements);
    let build = Build::new("layout", &["-O0", "-ffree-line-length-none"]);
    let output = build.run_text("layout", &program, &[]);
    assert_eq!(
        printed(&output).trim(),
        format!("layout: {checks} checks hold")
    );
}

fn struct_checks(variable: &str, name: &str, structure: &Struct) -> String {
    let size = structure.size;
    let mut text =
        format!("call same(int(c_sizeof({variable}), int64), {size}_int64, 'sizeof {name}')\n");
    for field in &structure.fields {
        let (component, offset) = (format!("{variable}%{}", field.name), field.offset);
        let what = format!("{name}.{}", field.name);
        let c = as_fortran_has_it(&field.c_type);
        writeln!(
            text,
            "call lies(c_loc({variable}), c_loc({component}), {offset}_int64, \
             in_c({component}), '{c}', '{what}')"
        )
        .expect("text");
    }
    text
}

/// What a type has in it by itself, against the macro that initialises the struct in C.
fn default_checks(name: &str, values: &[String], manifest: &Manifest) -> String {
    let structure = &manifest.structs[name];
    assert_eq!(values.len(), structure.fields.len(), "{name}");
    let place = manifest.structs.keys().position(|other| other == name);
    let variable = format!("s{}", place.expect("one of the structs"));
    let mut text = String::new();
    for (field, value) in structure.fields.iter().zip(values) {
        let component = format!("{variable}%{}", field.name);
        let what = format!("default of {name}.{}", field.name);
        let value = match value.as_str() {
            size if size.contains("sizeof") => structure.size.to_string(),
            constant => constant.to_string(),
        };
        let call = match field.c_type.as_str() {
            // To the bit: the same digits are the same number.
            "double" if value == "TRIMTAB_INFINITY" => {
                format!("call same(transfer({component}, 0_int64), int(z'7FF0000000000000', int64)")
            }
            "double" => format!(
                "call same(transfer({component}, 0_int64), transfer({value}_c_double, 0_int64)"
            ),
            _ => format!("call same(int({component}, int64), int({value}, int64)"),
        };
        writeln!(text, "{call}, '{what}')").expect("text");
    }
    text
}

const LAYOUT: &str = "
module names
use, intrinsic :: iso_c_binding
use trimtab
implicit none
interface in_c
    module procedure of_double, of_int32, of_int64, of_pointer, of_moments, of_affine
end interface
contains
function of_double(x) result(c)
    real(c_double), intent(in) :: x
    character(:), allocatable :: c
    c = trim(merge('double', '?     ', storage_size(x) == 64))
end function
function of_int32(x) result(c)
    integer(c_int32_t), intent(in) :: x
    character(:), allocatable :: c
    c = trim(merge('uint32_t', '?       ', storage_size(x) == 32))
end function
function of_int64(x) result(c)
    integer(c_int64_t), intent(in) :: x
    character(:), allocatable :: c
    c = trim(merge('uint64_t size_t', '?              ', storage_size(x) == 64))
end function
function of_pointer(x) result(c)
    type(c_ptr), intent(in) :: x
    character(:), allocatable :: c
    c = trim(merge('void *', '?     ', storage_size(x) == 64))
end function
function of_moments(x) result(c)
    type(trimtab_moments), intent(in) :: x
    character(:), allocatable :: c
    c = trim(merge('trimtab_moments', '?              ', storage_size(x) > 0))
end function
function of_affine(x) result(c)
    type(trimtab_affine), intent(in) :: x
    character(:), allocatable :: c
    c = trim(merge('trimtab_affine', '?             ', storage_size(x) > 0))
end function
end module
program layout
use, intrinsic :: iso_c_binding
use, intrinsic :: iso_fortran_env, only: int64
use names, only: in_c
use trimtab
implicit none
integer :: held = 0
! declarations
! statements
print '(a, i0, a)', 'layout: ', held, ' checks hold'
contains
subroutine same(found, expected, what)
    integer(int64), intent(in) :: found, expected
    character(*), intent(in) :: what
    if (found /= expected) then
        print '(a, 2(a, i0))', what, ' is ', found, ' in Fortran and in C ', expected
        error stop 1
    end if
    held = held + 1
end subroutine
subroutine lies(whole, part, offset, found, expected, what)
    type(c_ptr), intent(in) :: whole, part
    integer(int64), intent(in) :: offset
    character(*), intent(in) :: found, expected, what
    if (index(found, expected) == 0) then
        print '(5a)', what, ' is ', found, ' in Fortran and in C ', expected
        error stop 1
    end if
    call same(transfer(part, 0_int64) - transfer(whole, 0_int64), offset, 'offset of ' // what)
end subroutine
end program
";
