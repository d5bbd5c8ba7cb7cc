//! `ffi/tests/c/layout.c`: a program that does not compile unless C lays out and numbers all as the manifest has it.

use crate::abi::{Abi, Enum, Size, Struct};
use crate::text::{Generated, lines};

const TOP: &str = r#"
 * Sizes, offsets and values, checked when this is compiled. */
#include "check.h"

#if defined(__cplusplus)
#define HOLDS(condition) static_assert(condition, #condition)
#elif __STDC_VERSION__ >= 201112L
#define HOLDS(condition) _Static_assert(condition, #condition)
#else
/* C99 has no _Static_assert: an array of length -1 does not compile. */
#define HOLDS(condition) extern char holds[(condition) ? 1 : -1]
#endif

#define OFFSET(type, field, offset) HOLDS(offsetof(type, field) == (offset))
#define SIZE(type, size) HOLDS(sizeof(type) == (size))
#define WORD sizeof(void *)

HOLDS(sizeof(size_t) == WORD);
HOLDS(sizeof(trimtab_status) == 4 && (trimtab_status)-1 < 0);
"#;

const END: &str = r#"
int main(void) {
    configurations();
    printf("sizeof trimtab_tensor %zu, trimtab_slot %zu\nok\n", sizeof(trimtab_tensor), sizeof(trimtab_slot));
    return 0;
}
"#;

/// The text of the file.
pub fn layout(abi: &Abi) -> String {
    let structs = lines(abi.structs.iter().map(|s| structure(abi, s)));
    let enums = lines(abi.enums.iter().map(enumeration));
    let configs: String = abi.configs().map(configuration).collect();
    format!(
        "/* {Generated}{TOP}\n{structs}\n{enums}\nstatic void configurations(void) {{\n{configs}}}\n{END}"
    )
}

fn structure(abi: &Abi, s: &Struct) -> String {
    let name = &s.name;
    let offsets = abi.offsets(s).into_iter();
    let offsets = offsets
        .map(|(field, offset)| format!("OFFSET({name}, {}, {});\n", field.name, sum(offset)));
    let size = sum(abi.layout(s).0);
    format!("{}SIZE({name}, {size});\n", offsets.collect::<String>())
}

/// `2 * WORD + 8`
fn sum(size: Size) -> String {
    match (size.words, size.bytes) {
        (0, bytes) => bytes.to_string(),
        (1, 0) => "WORD".to_string(),
        (words, 0) => format!("{words} * WORD"),
        (1, bytes) => format!("WORD + {bytes}"),
        (words, bytes) => format!("{words} * WORD + {bytes}"),
    }
}

fn enumeration(e: &Enum) -> String {
    let constants = e.constants.iter();
    let constants = constants.map(|c| format!("HOLDS({} == {});\n", c.name, c.value));
    constants.collect()
}

/// Its macro initialises it.
fn configuration(s: &Struct) -> String {
    let (name, bare) = (&s.name, s.bare());
    let initialised = format!("const {name} {bare} = {}_INIT;", name.to_uppercase());
    format!("    {{ {initialised} CHECK({bare}.struct_size == sizeof {bare}); }}\n")
}
