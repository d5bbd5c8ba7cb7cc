//! What is read out of a header: comments, layouts by C's rules, arrays, enums, and what methods are made of.

use trimtab_generate::abi::{Abi, Size};
use trimtab_generate::method::Count;

const HEADER: &str = r#"
/* A comment that documents nothing. */
#include <stdint.h>
/** Colours. */
typedef enum {
  /**
   * As blood,
   * or so.
   */
  TRIMTAB_COLOUR_RED = 0,
  /** As grass. */
  TRIMTAB_COLOUR_GREEN = -1,
} trimtab_colour;
/** Kinds. */
typedef enum {
  /** trimtab_a_config, trimtab_a_state: n or one, number: the loss scale */
  TRIMTAB_METHOD_A = 0,
  /** input: n trimtab_a_state, of the parameters */
  TRIMTAB_METHOD_B_C = 1,
} trimtab_method_kind;
typedef int32_t trimtab_status;
/** Start from TRIMTAB_A_CONFIG_INIT. */
typedef struct {
  uint32_t struct_size;
  /** Any colour. */
  uint32_t tint;
  double x;
  void *data;
  size_t len;
} trimtab_a_config;
typedef struct { double m; uint64_t steps; } trimtab_a_state;
#define TRIMTAB_A_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_a_config), TRIMTAB_COLOUR_GREEN, 1e-3, \
      0, 0 }
#ifdef __cplusplus
extern "C" {
#endif
/** A method of its own. */
trimtab_status trimtab_b_c(const trimtab_a_state *params, const trimtab_a_config *config, void *bytes,
                           size_t len, size_t n, size_t *at);
const char *trimtab_version(void);
#ifdef __cplusplus
}
#endif
"#;

fn header() -> Abi {
    trimtab_generate::read(HEADER)
}

#[test]
fn comments_are_read_on_one_line_and_on_many() {
    let abi = header();
    let docs = abi.enums[0].constants.iter().map(|c| c.doc.as_str());
    assert_eq!(docs.collect::<Vec<_>>(), ["As blood,\nor so.", "As grass."]);
    assert_eq!(abi.enums[0].doc, "Colours.");
    assert_eq!(abi.functions[0].doc, "A method of its own.");
    assert_eq!(abi.functions[1].doc, "");
}

#[test]
fn fields_lie_one_behind_the_other() {
    let abi = header();
    let offsets = abi.offsets(&abi.structs[0]).into_iter();
    let offsets: Vec<(usize, usize)> = offsets.map(|(_, o)| (o.words, o.bytes)).collect();
    assert_eq!(offsets, [(0, 0), (0, 4), (0, 8), (0, 16), (1, 16)]);
    let (size, alignment) = abi.layout(&abi.structs[0]);
    assert!(
        size == Size {
            words: 2,
            bytes: 16
        } && alignment == 8
    );
    assert_eq!(size.on_64_bits(), 32);
}

/// Padding is no part of a saved state, and not the same on every machine.
#[test]
#[should_panic(expected = "a gap before trimtab_s.x")]
fn padding_is_refused() {
    let abi = trimtab_generate::read("typedef struct { uint32_t a; double x; } trimtab_s;");
    abi.layout(&abi.structs[0]);
}

#[test]
#[should_panic(expected = "a gap at the end of trimtab_s")]
fn padding_at_the_end_is_refused() {
    let abi = trimtab_generate::read("typedef struct { double x; uint32_t a; } trimtab_s;");
    abi.layout(&abi.structs[0]);
}

#[test]
fn a_default_names_the_enum_of_its_field() {
    let abi = header();
    let config = &abi.structs[0];
    let found = config
        .fields
        .iter()
        .map(|f| abi.enumeration(config, f).map(|e| e.name.as_str()));
    assert_eq!(
        found.collect::<Vec<_>>(),
        [None, Some("trimtab_colour"), None, None, None]
    );
    assert_eq!(abi.default_of(config, &config.fields[2]), Some("1e-3"));
    assert_eq!(abi.value("TRIMTAB_COLOUR_GREEN"), -1);
    assert_eq!(abi.enums[0].own_name(&abi.enums[0].constants[0]), "red");
}

#[test]
fn arrays_have_a_length_behind_them_or_a_name_in_the_plural() {
    let abi = header();
    let function = &abi.functions[0];
    let arrays = (0..function.parameters.len()).filter(|i| abi.is_array(function, *i));
    let names: Vec<&str> = arrays
        .map(|i| function.parameters[i].name.as_str())
        .collect();
    assert_eq!(names, ["params", "bytes"]);
}

#[test]
fn methods_are_what_their_constants_say() {
    let methods = header().methods();
    let a = &methods[0];
    assert_eq!(
        (a.name.as_str(), a.number.as_deref()),
        ("a", Some("loss_scale"))
    );
    assert_eq!(a.config.as_deref(), Some("trimtab_a_config"));
    let state = a.state.as_ref().expect("states");
    assert!(
        state.structure == "trimtab_a_state"
            && state.count == Count::ByScope
            && state.name == "states"
    );
    let input = methods[1].input.as_ref().expect("inputs");
    assert!(input.name == "params" && input.count == Count::Each && methods[1].config.is_none());
}

#[test]
#[should_panic(expected = "TRIMTAB_METHOD_A: what is \"some words\" of a method?")]
fn a_comment_that_says_something_else_of_a_method_is_refused() {
    let comment = "trimtab_a_config, trimtab_a_state: n or one, number: the loss scale";
    trimtab_generate::read(&HEADER.replace(comment, "some words")).methods();
}

/// What breaks where the header has one text in place of another.
fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(HEADER.contains(from));
    let manifest = |text: &str| trimtab_generate::abi_json(&trimtab_generate::read(text));
    trimtab_generate::broken(&manifest(HEADER), &manifest(&HEADER.replace(from, to)))
}

#[test]
fn what_breaks_programs_is_told_from_what_does_not() {
    let nothing: [&str; 0] = [];
    assert_eq!(changed("As grass.", "As a leaf."), nothing);
    let another = "/** Red. */ TRIMTAB_COLOUR_BLUE = 1, } trimtab_colour;";
    assert_eq!(changed("} trimtab_colour;", another), nothing);
    assert_eq!(
        changed(
            "const char *trimtab_v",
            "double trimtab_w(void); const char *trimtab_v"
        ),
        nothing
    );
    assert_eq!(
        changed("uint64_t steps;", "uint64_t steps; double v;"),
        ["trimtab_a_state"]
    );
    assert_eq!(
        changed("uint64_t steps;", "double steps;"),
        ["trimtab_a_state"]
    );
    assert_eq!(changed("double x;", "double y;"), ["trimtab_a_config"]);
    assert_eq!(changed("GREEN = -1", "GREEN = 2"), ["TRIMTAB_COLOUR_GREEN"]);
    assert_eq!(changed("size_t n, ", "uint32_t n, "), ["trimtab_b_c"]);
    assert_eq!(
        changed("const char *trimtab_version(void);", ""),
        ["trimtab_version"]
    );
}

#[test]
fn a_configuration_may_grow_at_its_end() {
    let grown = HEADER
        .replace("size_t len;\n}", "size_t len;\n  double more;\n}")
        .replace("0, 0 }", "0, 0, 2.0 }");
    let manifest = |text: &str| trimtab_generate::abi_json(&trimtab_generate::read(text));
    assert!(grown.len() > HEADER.len() + 10);
    assert!(trimtab_generate::broken(&manifest(HEADER), &manifest(&grown)).is_empty());
    assert_eq!(
        trimtab_generate::broken(&manifest(&grown), &manifest(HEADER)),
        ["trimtab_a_config"]
    );
}
