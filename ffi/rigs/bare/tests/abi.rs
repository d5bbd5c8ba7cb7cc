//! The C ABI as data: functions and structs of `ffi/abi.json`, and of the header what it says of each kind of method.

use std::fs;
use std::sync::OnceLock;

use serde_json::Value;

use crate::common::json::{list, string};
use crate::common::parse::Header;
use crate::common::root;

pub struct Function {
    pub name: String,
    pub returns: String,
    /// Types and names.
    pub parameters: Vec<(String, String)>,
}

/// A kind of method for `trimtab_decide`.
pub struct Kind {
    pub code: u64,
    /// As its function is called, without the prefix.
    pub name: String,
    /// What it has, as the comment on its constant says: `trimtab_clip_norm_config, number: the largest norm`.
    has: String,
}

/// A field of a struct whose fields are numbers.
pub struct Field<'a> {
    pub name: &'a str,
    pub of: &'a str,
    pub offset: usize,
    pub size: usize,
}

pub struct Abi {
    pub functions: Vec<Function>,
    pub kinds: Vec<Kind>,
    manifest: Value,
}

pub fn abi() -> &'static Abi {
    static ABI: OnceLock<Abi> = OnceLock::new();
    ABI.get_or_init(Abi::read)
}

impl Abi {
    fn read() -> Abi {
        let file = |path| fs::read_to_string(root().join(path)).expect("a file of the repository");
        let (header, manifest) = (file("include/trimtab.h"), file("ffi/abi.json"));
        let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
        let parsed = Header::parse(&header);
        let functions = list(&manifest["functions"]).iter();
        let kinds = parsed.enums["trimtab_method_kind"].iter();
        Abi {
            functions: functions.map(|f| Function::of(f, &parsed)).collect(),
            kinds: kinds
                .map(|(name, code)| Kind::of(name, *code, &header))
                .collect(),
            manifest,
        }
    }

    pub fn kind(&self, name: &str) -> &Kind {
        let found = self.kinds.iter().find(|kind| kind.name == name);
        found.unwrap_or_else(|| panic!("no kind of method {name}"))
    }

    pub fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function.name == name)
    }

    pub fn fields<'a>(&'a self, of: &str) -> Vec<Field<'a>> {
        let size = |value: &Value| value.as_u64().expect("a size") as usize;
        let field = |field: &'a Value| Field {
            name: string(&field["name"]),
            of: string(&field["type"]),
            offset: size(&field["offset"]),
            size: size(&field["size"]),
        };
        let fields = list(&self.manifest["structs"][of]["fields"]);
        fields.iter().map(field).collect()
    }

    /// How many kinds of states can be saved; their codes count from 0.
    pub fn state_kinds(&self) -> usize {
        let kinds = &self.manifest["enums"]["trimtab_state_kind"];
        kinds.as_object().expect("constants").len()
    }

    /// Words of a state.
    pub fn words(&self, state: &str) -> usize {
        self.fields(state).len()
    }

    /// The value of the constant that ends like this, such as `ROLES_ALL`.
    pub fn constant(&self, ending: &str) -> u64 {
        let enums = self.manifest["enums"].as_object().expect("enums");
        let others = enums
            .iter()
            .filter(|(name, _)| *name != "trimtab_status_code");
        let constants = others.flat_map(|(_, all)| all.as_object().expect("constants"));
        let ending = format!("_{ending}");
        let mut fitting = constants.filter(|(name, _)| name.ends_with(&ending));
        match (fitting.next(), fitting.next()) {
            (Some((_, value)), None) => value.as_u64().expect("a code"),
            _ => panic!("not one constant ends with {ending}"),
        }
    }
}

impl Function {
    fn of(value: &Value, header: &Header) -> Function {
        let name = string(&value["name"]).to_string();
        let types = list(&value["parameters"])
            .iter()
            .map(|of| string(of).to_string());
        let parameters = types
            .zip(header.parameters[&name].iter().cloned())
            .collect();
        let returns = string(&value["returns"]).to_string();
        Function {
            name,
            returns,
            parameters,
        }
    }
}

impl Kind {
    fn of(constant: &str, code: i64, header: &str) -> Kind {
        let (before, _) = header
            .split_once(&format!("{constant} ="))
            .expect("the constant");
        let (_, comment) = before.rsplit_once("/*").expect("a comment on it");
        let name = constant
            .strip_prefix("TRIMTAB_METHOD_")
            .expect("the prefix");
        Kind {
            code: code as u64,
            name: name.to_lowercase(),
            has: comment.to_string(),
        }
    }

    fn word(&self, fits: impl Fn(&&str) -> bool) -> Option<&str> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.has.split(|c| !is_part(c)).find(fits)
    }

    pub fn config(&self) -> Option<&str> {
        self.word(|word| word.ends_with("_config"))
    }

    pub fn state(&self) -> Option<&str> {
        self.word(|word| word.ends_with("_state"))
    }

    /// How many states it has for these tensors: one, or one for each unless its scope is all of them.
    pub fn states(&self, tensors: usize, global: bool) -> usize {
        let one_each = self.has.contains("_state: n");
        if one_each && !global { tensors } else { 1 }
    }

    pub fn has_number(&self) -> bool {
        self.has.contains("number:")
    }

    pub fn has_input(&self) -> bool {
        self.has.contains("input:")
    }
}
