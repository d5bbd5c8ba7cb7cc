//! The C ABI as the generator reads it from the header, and what it says of each kind of method.

use std::ops::Deref;
use std::sync::OnceLock;

pub use trimtab_generate::abi::Function;
use trimtab_generate::method::{Count, Method};

pub struct Abi {
    header: trimtab_generate::Abi,
    methods: Vec<Method>,
}

pub fn abi() -> &'static Abi {
    static ABI: OnceLock<Abi> = OnceLock::new();
    ABI.get_or_init(|| {
        let header = trimtab_generate::committed();
        let methods = header.methods();
        Abi { header, methods }
    })
}

impl Deref for Abi {
    type Target = trimtab_generate::Abi;

    fn deref(&self) -> &Self::Target {
        &self.header
    }
}

impl Abi {
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function.name == name)
    }

    /// Types and names of the fields of a struct.
    pub fn fields(&self, of: &str) -> impl Iterator<Item = (&str, &str)> {
        let of = self.structure(of).expect("a struct of the header");
        of.fields.iter().map(|f| (&f.c_type[..], &f.name[..]))
    }

    /// How many kinds of states can be saved; their codes count from 0.
    pub fn state_kinds(&self) -> usize {
        let kinds = self.enums.iter().find(|e| e.name == "trimtab_state_kind");
        kinds.expect("kinds of states").constants.len()
    }

    /// The value of the constant that ends like this, such as `ROLES_ALL`; those of statuses are none.
    pub fn constant(&self, ending: &str) -> u64 {
        let others = self
            .enums
            .iter()
            .filter(|e| e.name != "trimtab_status_code");
        let ending = format!("_{ending}");
        let fitting: Vec<_> = others
            .flat_map(|e| &e.constants)
            .filter(|constant| constant.name.ends_with(&ending))
            .collect();
        let [constant] = fitting[..] else {
            panic!("not one constant ends with {ending}");
        };
        constant.value as u64
    }

    /// A kind of method, by the name that its function would have.
    pub fn kind(&self, name: &str) -> &Method {
        let kind = self.methods.iter().find(|method| method.name == name);
        kind.unwrap_or_else(|| panic!("the header has no kind {name}"))
    }

    /// How many words of states a method has: one state, or one for each tensor unless its scope is all of them.
    pub fn state_words(&self, method: &Method, tensors: usize, global: bool) -> usize {
        let Some(state) = &method.state else { return 0 };
        let count = match state.count {
            Count::One => 1,
            Count::ByScope if global => 1,
            Count::Each | Count::ByScope => tensors,
        };
        count * self.fields(&state.structure).count()
    }
}
