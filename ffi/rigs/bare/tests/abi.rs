//! The C ABI as data: what the header declares, and what it says of each kind of method.

use std::fs;
use std::sync::OnceLock;

use crate::common::parse::Header;
use crate::common::root;

pub struct Function {
    pub name: String,
    pub returns: String,
    /// Types and names.
    pub parameters: Vec<(String, String)>,
}

pub struct Abi {
    pub functions: Vec<Function>,
    pub header: Header,
    text: String,
}

pub fn abi() -> &'static Abi {
    static ABI: OnceLock<Abi> = OnceLock::new();
    ABI.get_or_init(|| {
        let path = root().join("include/trimtab.h");
        let text = fs::read_to_string(path).expect("the header");
        let header = Header::parse(&text);
        let functions = header.functions.iter();
        let functions = functions.map(|prototype| Function::read(prototype, &header));
        Abi {
            functions: functions.collect(),
            header,
            text,
        }
    })
}

impl Function {
    /// `type name(type, type *)`
    fn read(prototype: &str, header: &Header) -> Function {
        let (front, types) = prototype.split_once('(').expect("parameters");
        let name_at = front.rfind([' ', '*']).expect("a type and a name") + 1;
        let names = &header.parameters[&front[name_at..]];
        let types = types.trim_end_matches(')').split(", ").map(String::from);
        Function {
            name: front[name_at..].to_string(),
            returns: front[..name_at].trim().to_string(),
            parameters: types.zip(names.iter().cloned()).collect(),
        }
    }
}

impl Abi {
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function.name == name)
    }

    /// Types and names of the fields of a struct.
    pub fn fields(&self, of: &str) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.header.structs[of].iter();
        fields.map(|field| field.rsplit_once(' ').expect("a type and a name"))
    }

    /// How many kinds of states can be saved; their codes count from 0.
    pub fn state_kinds(&self) -> usize {
        self.header.enums["trimtab_state_kind"].len()
    }

    /// The value of the constant that ends like this, such as `ROLES_ALL`; those of statuses are none.
    pub fn constant(&self, ending: &str) -> u64 {
        let enums = self.header.enums.iter();
        let others = enums.filter(|(name, _)| *name != "trimtab_status_code");
        let ending = format!("_{ending}");
        let fits = |constant: &&(String, i64)| constant.0.ends_with(&ending);
        let fitting: Vec<_> = others.flat_map(|(_, all)| all).filter(fits).collect();
        let [(_, value)] = fitting[..] else {
            panic!("not one constant ends with {ending}");
        };
        *value as u64
    }

    /// A kind of method, by the name that its function would have.
    pub fn kind(&self, name: &str) -> Kind<'_> {
        let constant = format!("METHOD_{}", name.to_uppercase());
        let before = self.text.split_once(&format!("TRIMTAB_{constant} ="));
        let comment = before.and_then(|(before, _)| before.rsplit_once("/*"));
        Kind {
            code: self.constant(&constant),
            has: comment.expect("a comment on the kind").1,
        }
    }
}

/// A kind of method for `trimtab_decide`.
pub struct Kind<'a> {
    pub code: u64,
    /// What it has, as the comment on its constant says: `trimtab_clip_norm_config, number: the largest norm`.
    has: &'a str,
}

impl<'a> Kind<'a> {
    fn named(&self, ending: &str) -> Option<&'a str> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut words = self.has.split(|c| !is_part(c));
        words.find(|word| word.ends_with(ending))
    }

    pub fn config(&self) -> Option<&'a str> {
        self.named("_config")
    }

    pub fn state(&self) -> Option<&'a str> {
        self.named("_state")
    }

    /// How many words of states: one state, or one for each tensor unless its scope is all of them.
    pub fn state_words(&self, tensors: usize, global: bool) -> usize {
        let one_each = self.has.contains("_state: n") && !global;
        let words = self.state().map_or(0, |state| abi().fields(state).count());
        words * if one_each { tensors } else { 1 }
    }

    pub fn has_number(&self) -> bool {
        self.has.contains("number:")
    }

    pub fn has_input(&self) -> bool {
        self.has.contains("input:")
    }
}
