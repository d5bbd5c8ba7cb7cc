//! The C ABI as data, and what follows from it: sizes and offsets by C's rules, which pointers are arrays, which integers
//! are enums, and what each method of a chain is made of.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use crate::method::Method;

/// The declarations of the header, in its order.
#[derive(Default)]
pub struct Abi {
    /// All structs: a struct comes behind those that it contains.
    pub structs: Vec<Struct>,
    /// All enums.
    pub enums: Vec<Enum>,
    /// All functions.
    pub functions: Vec<Function>,
    /// The values of the `_INIT` macros by the name of their struct.
    pub defaults: BTreeMap<String, Vec<String>>,
}

/// A struct.
pub struct Struct {
    /// Its name in C.
    pub name: String,
    /// The comment in front of it.
    pub doc: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// A field of a struct.
pub struct Field {
    /// Its name.
    pub name: String,
    /// As the header writes it: `void *`.
    pub c_type: String,
    /// The comment in front of it.
    pub doc: String,
}

/// An enum. Its values are passed and stored as integers.
pub struct Enum {
    /// Its name in C.
    pub name: String,
    /// The comment in front of it.
    pub doc: String,
    /// Its constants.
    pub constants: Vec<Constant>,
}

/// A constant of an enum.
pub struct Constant {
    /// Its name in C.
    pub name: String,
    /// Its value.
    pub value: i64,
    /// The comment in front of it.
    pub doc: String,
}

/// A function.
pub struct Function {
    /// Its name in C.
    pub name: String,
    /// The comment in front of it.
    pub doc: String,
    /// As the header writes it.
    pub returns: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a function.
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// As the header writes it.
    pub c_type: String,
}

/// A number of bytes: of pointers, as wide as the target has them, and of others.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Size {
    /// How many pointers, or integers as wide.
    pub words: usize,
    /// How many other bytes.
    pub bytes: usize,
}

impl Size {
    /// On 64-bit targets.
    pub fn on_64_bits(self) -> usize {
        8 * self.words + self.bytes
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.words += other.words;
        self.bytes += other.bytes;
    }
}

impl Abi {
    /// The struct of this name.
    pub fn structure(&self, name: &str) -> Option<&Struct> {
        self.structs.iter().find(|s| s.name == name)
    }

    /// The struct that a pointer points to.
    pub fn pointee(&self, c_type: &str) -> Option<&Struct> {
        let name = c_type
            .trim_start_matches("const ")
            .trim_end_matches('*')
            .trim();
        self.structure(name)
    }

    /// The size of a type, and its alignment on 64-bit targets.
    pub fn size(&self, c_type: &str) -> (Size, usize) {
        let bytes = |bytes| (Size { words: 0, bytes }, bytes);
        match c_type {
            "uint32_t" => bytes(4),
            "uint64_t" | "double" => bytes(8),
            "size_t" => (Size { words: 1, bytes: 0 }, 8),
            pointer if pointer.ends_with('*') => (Size { words: 1, bytes: 0 }, 8),
            name => {
                let s = self.structure(name);
                self.layout(s.unwrap_or_else(|| panic!("a type unknown so far: {name}")))
            }
        }
    }

    /// The size of a struct, and its alignment on 64-bit targets.
    pub fn layout(&self, s: &Struct) -> (Size, usize) {
        let (mut end, mut widest) = (Size::default(), 1);
        for field in &s.fields {
            let (size, alignment) = self.size(&field.c_type);
            let place = format!("{}.{}", s.name, field.name);
            assert_eq!(end.on_64_bits() % alignment, 0, "a gap before {place}");
            end += size;
            widest = widest.max(alignment);
        }
        // No padding anywhere: every byte of a struct can be written to disk and compared.
        assert_eq!(
            end.on_64_bits() % widest,
            0,
            "a gap at the end of {}",
            s.name
        );
        (end, widest)
    }

    /// The fields of a struct with their offsets.
    pub fn offsets<'s>(&self, s: &'s Struct) -> Vec<(&'s Field, Size)> {
        let mut end = Size::default();
        let fields = s.fields.iter().map(|field| {
            let start = end;
            end += self.size(&field.c_type).0;
            (field, start)
        });
        fields.collect()
    }

    /// The default of each field of a configuration.
    pub fn all_defaults(&self, s: &Struct) -> Option<&[String]> {
        let values = self.defaults.get(&s.name)?;
        assert_eq!(values.len(), s.fields.len(), "{}_INIT", s.name);
        Some(values)
    }

    /// The default of a field; `None` outside of configurations and for `struct_size`.
    pub fn default_of(&self, s: &Struct, field: &Field) -> Option<&str> {
        let mut behind_the_size = s.fields.iter().skip(1);
        let place = behind_the_size.position(|f| f.name == field.name)?;
        Some(&self.all_defaults(s)?[1 + place])
    }

    /// The enum that a field takes its values from: that of its default, or of the first constant in its comment.
    pub fn enumeration(&self, s: &Struct, field: &Field) -> Option<&Enum> {
        if field.c_type != "uint32_t" {
            return None;
        }
        let text = self.default_of(s, field).unwrap_or(&field.doc);
        self.enums
            .iter()
            .find(|e| e.constants.iter().any(|c| is_first_name(text, &c.name)))
    }

    /// The value of a constant, or of a whole number.
    pub fn value(&self, text: &str) -> i64 {
        let mut constants = self.enums.iter().flat_map(|e| &e.constants);
        let constant = constants.find(|c| c.name == text);
        let value = constant.map(|c| c.value).or_else(|| text.parse().ok());
        value.unwrap_or_else(|| panic!("neither a constant nor a whole number: {text}"))
    }

    /// The configurations.
    pub fn configs(&self) -> impl Iterator<Item = &Struct> {
        self.structs.iter().filter(|s| s.is_config())
    }

    /// The values that `TRIMTAB_METHOD_...` constants name, and what each is made of.
    pub fn methods(&self) -> Vec<Method> {
        let kinds = self
            .enums
            .iter()
            .filter(|e| e.name == "trimtab_method_kind");
        let kinds = kinds.flat_map(|e| &e.constants);
        kinds.map(|kind| Method::read(self, kind)).collect()
    }

    /// Whether a function takes an array there: a pointer with a length behind it, or with a name in the plural in a
    /// function that has an `n`.
    pub fn is_array(&self, function: &Function, place: usize) -> bool {
        let parameters = &function.parameters;
        let counted = |at: usize| parameters.get(at + 1).is_some_and(|p| p.c_type == "size_t");
        let parameter = &parameters[place];
        let pointer = parameter.c_type.ends_with('*');
        let plural = parameter.name.ends_with('s') && parameters.iter().any(|p| p.name == "n");
        pointer && (counted(place) || plural)
    }
}

impl Struct {
    /// Whether it is a configuration.
    pub fn is_config(&self) -> bool {
        self.name.ends_with("_config")
    }

    /// Whether any of its fields is a pointer, or as wide.
    pub fn has_pointers(&self) -> bool {
        self.fields.iter().any(|f| f.c_type.ends_with('*'))
    }

    /// `agc_config` of `trimtab_agc_config`.
    pub fn bare(&self) -> &str {
        bare(&self.name)
    }

    /// Of a configuration that is one choice and nothing else: its field.
    pub fn only_choice(&self) -> Option<&Field> {
        match self.fields.as_slice() {
            [size, field] if size.name == "struct_size" => Some(field),
            _ => None,
        }
    }
}

impl Enum {
    /// `skip_step` of `TRIMTAB_GUARD_SKIP_STEP`: without what the names of all constants begin with.
    pub fn own_name(&self, constant: &Constant) -> String {
        let names = self.constants.iter().map(|c| bare(&c.name));
        let shared = names.reduce(|a, b| {
            let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b);
            &a[..same.count()]
        });
        let shared = shared.and_then(|s| s.rfind('_')).map_or(0, |at| at + 1);
        bare(&constant.name)[shared..].to_lowercase()
    }
}

/// The default of a field of a struct of numbers: an affine, where nothing has been decided; zero in all others.
pub fn pending(s: &Struct, field: &Field) -> &'static str {
    match (s.bare(), field.name.as_str()) {
        ("affine", "scale") => "1",
        ("affine", "limit") => "TRIMTAB_INFINITY",
        _ => "0",
    }
}

/// `TRIMTAB_STATE_NORM` of `trimtab_norm_state`.
pub fn state_kind<'a>(abi: &'a Abi, s: &Struct) -> Option<&'a str> {
    let kind = s.bare().strip_suffix("_state")?.to_uppercase();
    let kind = format!("TRIMTAB_STATE_{kind}");
    let constants = abi.enums.iter().flat_map(|e| &e.constants);
    let mut names = constants.map(|c| c.name.as_str());
    let found = names.find(|name| *name == kind);
    Some(found.unwrap_or_else(|| panic!("{} has no {kind}", s.name)))
}

/// A name without `trimtab_` or `TRIMTAB_`.
pub fn bare(name: &str) -> &str {
    let prefix = "trimtab_".len();
    assert!(
        name.to_lowercase().starts_with("trimtab_"),
        "not ours: {name}"
    );
    &name[prefix..]
}

fn is_first_name(text: &str, name: &str) -> bool {
    let start = text.find("TRIMTAB_").unwrap_or(text.len());
    let first = &text[start..];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = first.find(|c| !is_name(c)).unwrap_or(first.len());
    &first[..end] == name
}
