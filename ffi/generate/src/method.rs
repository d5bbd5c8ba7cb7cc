//! What each method of a chain is made of, as the comment of its `TRIMTAB_METHOD_...` says: `trimtab_agc_config, input: n
//! trimtab_moments, of the parameters`.

use crate::abi::{Abi, Constant, Function, bare};
use crate::text::without_init;

/// A method of a chain.
pub struct Method {
    /// `clip_norm`
    pub name: String,
    /// `TRIMTAB_METHOD_CLIP_NORM`
    pub kind: String,
    /// The number that it takes, by the name that C's function gives it: `max_norm`.
    pub number: Option<String>,
    /// The struct of its configuration.
    pub config: Option<String>,
    /// What it remembers.
    pub state: Option<Held>,
    /// What it reads beside the gradients.
    pub input: Option<Held>,
}

/// Structs of the caller's that a method works with.
pub struct Held {
    /// Their name in C.
    pub structure: String,
    /// The argument's name.
    pub name: String,
    /// How many.
    pub count: Count,
}

/// How many structs a method works with.
#[derive(Clone, Copy, PartialEq)]
pub enum Count {
    /// One in all.
    One,
    /// One a gradient.
    Each,
    /// One a gradient, or one in all with `TRIMTAB_SCOPE_GLOBAL`.
    ByScope,
}

impl Method {
    /// From the comment of its constant.
    pub(crate) fn read(abi: &Abi, kind: &Constant) -> Self {
        let name = bare(&kind.name)
            .trim_start_matches("METHOD_")
            .to_lowercase();
        let function = format!("trimtab_{name}");
        let function = abi.functions.iter().find(|f| f.name == function);
        let mut method = Self {
            name,
            kind: kind.name.clone(),
            number: None,
            config: None,
            state: None,
            input: None,
        };
        let doc = kind.doc.replace('\n', " ");
        for part in doc.trim_end_matches('.').split(", ") {
            method.read_part(part, function);
        }
        for name in method.structs() {
            assert!(abi.structure(name).is_some(), "{}: no {name}", kind.name);
        }
        method
    }

    fn read_part(&mut self, part: &str, function: Option<&Function>) {
        let (what, rest) = part.split_once(": ").unwrap_or((part, "one"));
        if what == "number" {
            let own = rest.trim_start_matches("the ").replace(' ', "_");
            self.number = Some(named(function, "double").unwrap_or(own));
        } else if what == "input" {
            let structure = rest.trim_start_matches("n ").to_string();
            self.input = Some(Held::new(structure, "inputs", Count::Each, function));
        } else if what.starts_with("trimtab_") && what.ends_with("_config") {
            self.config = Some(what.to_string());
        } else if what.starts_with("trimtab_") && what.ends_with("_state") {
            let (count, name) = match rest {
                "one" => (Count::One, "state"),
                "n" => (Count::Each, "states"),
                "n or one" => (Count::ByScope, "states"),
                other => panic!("{}: how many states is that: {other}", self.kind),
            };
            self.state = Some(Held::new(what.to_string(), name, count, function));
        } else {
            assert!(
                part.starts_with("of "),
                "{}: what is {part:?} of a method?",
                self.kind
            );
        }
    }

    fn structs(&self) -> impl Iterator<Item = &String> {
        let held = [&self.state, &self.input].into_iter().flatten();
        held.map(|held| &held.structure).chain(&self.config)
    }

    /// What it points to: its states, or what it reads.
    pub fn held(&self) -> Option<&Held> {
        self.state.as_ref().or(self.input.as_ref())
    }

    /// Its function in C, if it has one of its own.
    pub fn function<'a>(&self, abi: &'a Abi) -> Option<&'a Function> {
        let name = format!("trimtab_{}", self.name);
        abi.functions.iter().find(|f| f.name == name)
    }

    /// What it does: the comment of its function, or else of its configuration.
    pub fn doc(&self, abi: &Abi) -> String {
        let config = self.config.as_deref().and_then(|name| abi.structure(name));
        let of_config = config.map(|s| without_init(&s.doc)).unwrap_or_default();
        self.function(abi).map_or(of_config, |f| f.doc.clone())
    }

    /// Whether it may ask to skip a step.
    pub fn may_skip(&self) -> bool {
        self.name == "guard"
    }
}

impl Count {
    /// As the header's comments say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Each => "n",
            Self::ByScope => "n or one",
        }
    }
}

impl Held {
    fn new(structure: String, name: &str, count: Count, function: Option<&Function>) -> Self {
        let name = named(function, &structure).unwrap_or(name.to_string());
        Self {
            structure,
            name,
            count,
        }
    }
}

/// The name of the first parameter of this type, or a pointer to it.
fn named(function: Option<&Function>, c_type: &str) -> Option<String> {
    let is_it = |text: &str| text.trim_start_matches("const ").trim_end_matches(" *") == c_type;
    let parameters = &function?.parameters;
    let parameter = parameters.iter().find(|p| is_it(&p.c_type));
    parameter.map(|p| p.name.clone())
}
