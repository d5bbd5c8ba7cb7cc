//! The ABI as the Rust types have it, and the text of the manifest.

use core::ffi::c_void;
use core::mem::{align_of, offset_of, size_of};

use trimtab_core::{Affine, Moments};

use crate::common::parse::Header;
use crate::types;

pub struct Struct {
    pub name: &'static str,
    pub size: usize,
    pub alignment: usize,
    pub fields: Vec<Field>,
}

pub struct Field {
    pub name: &'static str,
    /// As the header writes it.
    pub c_type: &'static str,
    pub offset: usize,
    pub size: usize,
}

impl Field {
    /// `void *data`, as the header writes it.
    pub fn declaration(&self) -> String {
        let blank = if self.c_type.ends_with('*') { "" } else { " " };
        format!("{}{blank}{}", self.c_type, self.name)
    }
}

pub struct Enum {
    pub name: &'static str,
    pub constants: Vec<(&'static str, i64)>,
}

/// The name that a Rust type has in C.
trait InC {
    const NAME: &'static str;
}

macro_rules! in_c {
    ($($type:ty = $name:literal),*) => {
        $(impl InC for $type {
            const NAME: &'static str = $name;
        })*
    };
}

in_c! {
    u32 = "uint32_t", u64 = "uint64_t", f64 = "double", usize = "size_t", *mut c_void = "void *",
    *const c_void = "const void *",
    Moments = "trimtab_moments", Affine = "trimtab_affine"
}

/// These are wider or narrower on targets other than the manifest's.
const POINTER_SIZED: [&str; 3] = ["size_t", "void *", "const void *"];

fn field<S, F: InC>(name: &'static str, offset: usize, _: fn(&S) -> &F) -> Field {
    Field {
        name,
        c_type: F::NAME,
        offset,
        size: size_of::<F>(),
    }
}

macro_rules! describe {
    ($($name:ident = $type:ty: $size:literal { $($field:ident: $offset:literal),* })*) => {
        vec![$(Struct {
            name: stringify!($name),
            size: size_of::<$type>(),
            alignment: align_of::<$type>(),
            fields: vec![$(
                field(stringify!($field), offset_of!($type, $field), |s: &$type| &s.$field)
            ),*],
        }),*]
    };
}

pub fn structs() -> Vec<Struct> {
    with_structs!(describe)
}

macro_rules! describe_enums {
    ($($name:ident { $($constant:ident),* })*) => {
        vec![$({
            // A constant that is not listed does not compile: there is no `_` in the match.
            let _: fn(types::$name) = |value| match value { $(types::$name::$constant => ()),* };
            Enum {
                name: stringify!($name),
                constants: vec![$((stringify!($constant), types::$name::$constant as i64)),*],
            }
        }),*]
    };
}

pub fn enums() -> Vec<Enum> {
    describe_enums! {
        trimtab_status_code {
            TRIMTAB_OK, TRIMTAB_SKIP_STEP, TRIMTAB_NULL_POINTER, TRIMTAB_BAD_DTYPE, TRIMTAB_BAD_CONFIG,
            TRIMTAB_BAD_REFERENCE, TRIMTAB_BAD_STATE, TRIMTAB_NON_FINITE, TRIMTAB_OVERFLOW, TRIMTAB_ORDER,
            TRIMTAB_DIVERGED, TRIMTAB_UNSUPPORTED, TRIMTAB_MISALIGNED, TRIMTAB_BAD_LENGTH, TRIMTAB_BAD_MAGIC,
            TRIMTAB_BAD_VERSION, TRIMTAB_WRONG_KIND, TRIMTAB_WRONG_COUNT, TRIMTAB_TRUNCATED, TRIMTAB_BAD_CHECKSUM
        }
        trimtab_dtype { TRIMTAB_F32, TRIMTAB_F16, TRIMTAB_BF16, TRIMTAB_F64 }
        trimtab_role { TRIMTAB_WEIGHT, TRIMTAB_BIAS }
        trimtab_roles { TRIMTAB_ROLES_WEIGHTS, TRIMTAB_ROLES_ALL }
        trimtab_scope { TRIMTAB_SCOPE_TENSOR, TRIMTAB_SCOPE_GLOBAL }
        trimtab_guard_policy { TRIMTAB_GUARD_SKIP_STEP, TRIMTAB_GUARD_ZERO }
        trimtab_state_kind {
            TRIMTAB_STATE_NORM, TRIMTAB_STATE_AUTOSCALE, TRIMTAB_STATE_ZCLIP, TRIMTAB_STATE_GUARD, TRIMTAB_STATE_STEP
        }
        trimtab_method_kind {
            TRIMTAB_METHOD_UNSCALE, TRIMTAB_METHOD_SCALE, TRIMTAB_METHOD_GUARD, TRIMTAB_METHOD_STABLE_GRAD,
            TRIMTAB_METHOD_GRADIENT_STABILIZER, TRIMTAB_METHOD_AUTOSCALE, TRIMTAB_METHOD_CENTRALIZE,
            TRIMTAB_METHOD_ZNORM, TRIMTAB_METHOD_CLIP_NORM, TRIMTAB_METHOD_CLIP_VALUE, TRIMTAB_METHOD_AGC,
            TRIMTAB_METHOD_ZCLIP
        }
        trimtab_activation {
            TRIMTAB_RELU, TRIMTAB_TANH, TRIMTAB_SILU, TRIMTAB_GELU, TRIMTAB_SIN, TRIMTAB_IDENTITY
        }
    }
}

/// The text of `ffi/abi.json`: a line for each field, constant and function, so that a change is one line of a diff.
///
/// The functions are the header's, which another test holds against what the library exports.
pub fn manifest(header: &Header) -> String {
    let structs: Vec<String> = structs().iter().map(of_struct).collect();
    let enums: Vec<String> = enums().iter().map(of_enum).collect();
    let functions: Vec<String> = header.functions.iter().map(|f| of_function(f)).collect();
    let about = "The C ABI of trimtab on 64-bit targets, generated from its Rust types by \
                 ffi/tests/abi_manifest.rs; do not edit. Offsets, sizes and alignments are in bytes. \
                 Fields with pointer_sized are as wide as a pointer; enums are passed and stored as \
                 the integers of the functions and fields that take them.";
    format!(
        "{{\n  \"about\": \"{about}\",\n  \"pointer_bits\": {},\n  \"status_type\": \"int32_t\",\n  \
         \"structs\": {{\n{}\n  }},\n  \"enums\": {{\n{}\n  }},\n  \"functions\": [\n{}\n  ]\n}}\n",
        8 * size_of::<*const c_void>(),
        structs.join(",\n"),
        enums.join(",\n"),
        functions.join(",\n")
    )
}

fn of_struct(s: &Struct) -> String {
    let fields: Vec<String> = s.fields.iter().map(of_field).collect();
    format!(
        "    \"{}\": {{\n      \"size\": {}, \"alignment\": {},\n      \"fields\": [\n{}\n      ]\n    }}",
        s.name,
        s.size,
        s.alignment,
        fields.join(",\n")
    )
}

fn of_field(f: &Field) -> String {
    let wide = match POINTER_SIZED.contains(&f.c_type) {
        true => ", \"pointer_sized\": true",
        false => "",
    };
    format!(
        "        {{ \"name\": \"{}\", \"type\": \"{}\", \"offset\": {}, \"size\": {}{wide} }}",
        f.name, f.c_type, f.offset, f.size
    )
}

fn of_enum(e: &Enum) -> String {
    let line = |(name, value): &(&str, i64)| format!("      \"{name}\": {value}");
    let constants: Vec<String> = e.constants.iter().map(line).collect();
    format!("    \"{}\": {{\n{}\n    }}", e.name, constants.join(",\n"))
}

/// `type name(type, type)`
fn of_function(prototype: &str) -> String {
    let (front, parameters) = prototype.split_once('(').expect("a prototype");
    let parameters = parameters.strip_suffix(')').expect("a prototype");
    let at = front.rfind([' ', '*']).expect("a type before the name") + 1;
    let (returns, name) = (front[..at].trim(), &front[at..]);
    let types = parameters.split(", ").filter(|p| *p != "void");
    let types: Vec<String> = types.map(|p| format!("\"{p}\"")).collect();
    format!(
        "    {{ \"name\": \"{name}\", \"returns\": \"{returns}\", \"parameters\": [{}] }}",
        types.join(", ")
    )
}
