//! How a method is described for the tests of all languages: its configuration in the order of the C struct, the values
//! that each field may have, its number, its state, and what it is in Rust and in the oracle.
//!
//! The descriptions themselves are in [`methods`](super::methods). They are written from the documentation and never
//! ask the library.

use trimtab::{Adam, GuardPolicy, Method, Roles, Scope, Sgd};

use super::states::{OracleStates, StateKind};
use super::status::BAD_CONFIG;
use crate::oracle::{Gradient, update::Adapted};

/// A method or an optimizer.
pub struct Description {
    /// As in the C ABI: `agc` has the function `trimtab_agc`, the struct `trimtab_agc_config` and the kind
    /// `TRIMTAB_METHOD_AGC`.
    pub name: &'static str,
    /// The fields of the configuration behind `struct_size`, in the order of the C struct.
    pub fields: &'static [Field],
    /// The size of the C struct in its first release, which never changes; 0 where there is none.
    pub first_size: usize,
    pub number: Option<Number>,
    pub state: StateKind,
    /// Whether it reads the moments of the parameters.
    pub reads_params: bool,
    /// Whether it has to know the gradient, which a finite limit in front of it hides.
    pub needs_moments: bool,
    /// Values with which it acts on ordinary gradients; the others are the defaults.
    pub usual: Values,
    /// More configurations that generic tests walk, by name, as changes of the usual one.
    pub variants: &'static [(&'static str, Values)],
    /// Changes of the usual configuration that are refused though each value is in its range.
    pub clashes: &'static [Values],
    pub rule: Rule,
}

/// Values of some fields, by name; the number is called by its own name.
pub type Values = &'static [(&'static str, f64)];

/// What it is in Rust, None where Rust's types do not have such values, and what the oracle makes of it.
pub enum Rule {
    /// By its `TRIMTAB_METHOD_` number.
    Method(u32, fn(&Setting) -> Option<Method>, Exact),
    /// The oracle's side is told the step, from 1, and the gradient of one tensor.
    Optimizer(
        fn(&Setting) -> Option<Optimizer>,
        fn(&Setting, u64, &Gradient, &Adapted) -> Adapted,
    ),
}

/// The gradients after a method: told its state, the parameters and the gradients.
type Exact = fn(&Setting, &mut OracleStates, &[Vec<f64>], &[Gradient]) -> Vec<Gradient>;

#[derive(Clone, Copy, Debug)]
pub enum Optimizer {
    Sgd(Sgd),
    Adam(Adam),
}

/// A field of a configuration.
pub struct Field {
    pub name: &'static str,
    pub class: Class,
    pub default: f64,
    /// A value that makes a difference: to the defaults, or to the usual configuration.
    pub other: f64,
}

/// The number that a method is told in every step.
pub struct Number {
    pub name: &'static str,
    pub class: Class,
    /// What a bad one is refused with.
    pub code: i32,
}

pub const fn field(name: &'static str, class: Class, default: f64, other: f64) -> Field {
    Field {
        name,
        class,
        default,
        other,
    }
}

pub const RESERVED: Field = field("reserved", Class::Reserved, 0.0, 0.0);

pub const fn number(name: &'static str, class: Class) -> Option<Number> {
    let code = BAD_CONFIG;
    Some(Number { name, class, code })
}

/// Which values are in range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Class {
    /// Finite and > 0.
    Positive,
    /// > 0, may be infinite.
    Limit,
    /// Finite and >= 0.
    Eps,
    /// In [0, 1).
    Decay,
    /// In [0, 1].
    Unit,
    Finite,
    /// `uint32_t`, 0 or 1: a flag or one of two constants.
    Choice,
    /// `uint32_t`, >= 1.
    Steps,
    /// `uint64_t`, any.
    Count,
    /// `uint32_t`, 0.
    Reserved,
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;
const TINY: f64 = 1e-300;
const MOST: f64 = u32::MAX as f64;

impl Class {
    /// Values that are refused, the nearest ones among them.
    pub const fn bad(self) -> &'static [f64] {
        match self {
            Class::Positive => &[NAN, INF, -INF, 0.0, -0.0, -TINY, -1.0],
            Class::Limit => &[NAN, -INF, 0.0, -0.0, -TINY, -1.0],
            Class::Eps => &[NAN, INF, -INF, -TINY, -1.0],
            Class::Decay => &[NAN, INF, -INF, -TINY, -1.0, 1.0, 1.0 + f64::EPSILON, 2.0],
            Class::Unit => &[NAN, INF, -INF, -TINY, -1.0, 1.0 + f64::EPSILON, 2.0],
            Class::Finite => &[NAN, INF, -INF],
            Class::Choice => &[2.0, 3.0, 256.0, MOST],
            Class::Steps => &[0.0],
            Class::Count => &[],
            Class::Reserved => &[1.0, 2147483648.0, MOST],
        }
    }

    /// Values that are accepted, the outermost ones among them.
    pub const fn good(self) -> &'static [f64] {
        match self {
            Class::Positive => &[TINY, 1.0, 1e6],
            Class::Limit => &[TINY, 1.0, INF],
            Class::Eps => &[0.0, TINY, 1.0],
            Class::Decay => &[0.0, 0.5, 1.0 - f64::EPSILON],
            Class::Unit => &[0.0, 0.5, 1.0],
            Class::Finite => &[0.0, -1.0, 1.0],
            Class::Choice => &[0.0, 1.0],
            Class::Steps => &[1.0, 2.0, MOST],
            Class::Count => &[0.0, 1.0, 9007199254740992.0],
            Class::Reserved => &[0.0],
        }
    }

    /// The type in C.
    pub const fn c_type(self) -> &'static str {
        match self {
            Class::Choice | Class::Steps | Class::Reserved => "uint32_t",
            Class::Count => "uint64_t",
            _ => "double",
        }
    }
}

/// A method or an optimizer with the values of its fields.
#[derive(Clone)]
pub struct Setting {
    pub of: &'static Description,
    values: Vec<f64>,
    /// 0 where there is none.
    pub number: f64,
}

impl Description {
    /// The documented defaults, and the usual number.
    pub fn defaults(&'static self) -> Setting {
        let is_number = |name: &str| self.number.iter().any(|number| number.name == name);
        let mut usual = self.usual.iter().filter(|(name, _)| is_number(name));
        Setting {
            of: self,
            values: self.fields.iter().map(|field| field.default).collect(),
            number: usual.next().map_or(0.0, |(_, value)| *value),
        }
    }

    /// Values with which it acts on ordinary gradients.
    pub fn usual(&'static self) -> Setting {
        self.defaults().with(self.usual)
    }

    /// The usual values and their variants.
    pub fn settings(&'static self) -> impl Iterator<Item = Setting> {
        self.named_settings().map(|(_, setting)| setting)
    }

    /// The same with names.
    pub fn named_settings(&'static self) -> impl Iterator<Item = (&'static str, Setting)> {
        let variants = self.variants.iter();
        let variants = variants.map(|(name, values)| (*name, self.usual().with(values)));
        std::iter::once((self.name, self.usual())).chain(variants)
    }

    pub fn is_method(&self) -> bool {
        matches!(self.rule, Rule::Method(..))
    }

    /// Every name with its class: the fields and the number.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, Class)> {
        let fields = self.fields.iter().map(|field| (field.name, field.class));
        fields.chain(self.number.iter().map(|number| (number.name, number.class)))
    }

    /// What a bad value of this name is refused with.
    pub fn code(&self, name: &str) -> i32 {
        let number = self.number.iter().find(|number| number.name == name);
        number.map_or(BAD_CONFIG, |number| number.code)
    }
}

impl Setting {
    /// With these values instead.
    pub fn with(mut self, values: &[(&str, f64)]) -> Setting {
        for (name, value) in values {
            *self.place(name) = *value;
        }
        self
    }

    fn place(&mut self, name: &str) -> &mut f64 {
        if self.of.number.iter().any(|number| number.name == name) {
            return &mut self.number;
        }
        let field = self.of.fields.iter().position(|field| field.name == name);
        let field = field.unwrap_or_else(|| panic!("{} has no {name}", self.of.name));
        &mut self.values[field]
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> f64 {
        let field = self.of.fields.iter().position(|field| field.name == name);
        let field = field.unwrap_or_else(|| panic!("{} has no {name}", self.of.name));
        self.values[field]
    }

    /// Sets StableGrad's reference, if this is StableGrad.
    pub fn refer_to(&mut self, reference: f64) {
        if self
            .of
            .number
            .iter()
            .any(|number| number.name == "reference")
        {
            self.number = reference;
        }
    }

    /// Whether it leaves a finite limit behind, which hides the gradient from those that have to know it.
    pub fn limits(&self) -> bool {
        self.of.number.iter().any(|number| number.name == "limit") && self.number.is_finite()
    }

    /// The gradients after the method, by the oracle.
    pub fn exact(
        &self,
        states: &mut OracleStates,
        params: &[Vec<f64>],
        grads: &[Gradient],
    ) -> Vec<Gradient> {
        match self.of.rule {
            Rule::Method(_, _, oracle) => oracle(self, states, params, grads),
            Rule::Optimizer(..) => panic!("{} is no method", self.of.name),
        }
    }

    /// A parameter and its buffers after step `t`, by the oracle.
    pub fn updated(&self, t: u64, grad: &Gradient, old: &Adapted) -> Adapted {
        match self.of.rule {
            Rule::Optimizer(_, oracle) => oracle(self, t, grad, old),
            Rule::Method(..) => panic!("{} is no optimizer", self.of.name),
        }
    }

    /// The fields with their values, in the order of the C struct.
    pub fn fields(&self) -> impl Iterator<Item = (&'static Field, f64)> {
        self.of.fields.iter().zip(self.values.iter().copied())
    }

    /// One of two, by its number; None for any other.
    fn choice<T>(&self, name: &str, zero: T, one: T) -> Option<T> {
        match self.get(name) {
            0.0 => Some(zero),
            1.0 => Some(one),
            _ => None,
        }
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.choice(name, false, true)
    }

    pub fn roles(&self, name: &str) -> Option<Roles> {
        self.choice(name, Roles::Weights, Roles::All)
    }

    pub fn scope(&self) -> Option<Scope> {
        self.choice("scope", Scope::Tensor, Scope::Global)
    }

    pub fn policy(&self) -> Option<GuardPolicy> {
        self.choice("policy", GuardPolicy::SkipStep, GuardPolicy::Zero)
    }

    /// Whether one state or decision is over all tensors together.
    pub fn is_global(&self) -> bool {
        self.of.fields.iter().any(|field| field.name == "scope") && self.get("scope") == 1.0
    }

    /// In Rust; None where its types do not have such values.
    pub fn method(&self) -> Option<Method> {
        match self.of.rule {
            Rule::Method(_, rust, _) if self.reserves_nothing() => rust(self),
            _ => None,
        }
    }

    /// In Rust; None where its types do not have such values.
    pub fn optimizer(&self) -> Option<Optimizer> {
        match self.of.rule {
            Rule::Optimizer(rust, _) if self.reserves_nothing() => rust(self),
            _ => None,
        }
    }

    fn reserves_nothing(&self) -> bool {
        let mut fields = self.fields();
        fields.all(|(field, value)| field.class != Class::Reserved || value == 0.0)
    }
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}(", self.of.name)?;
        for (field, value) in self.fields().filter(|(field, x)| field.default != *x) {
            write!(f, "{} {value:e}, ", field.name)?;
        }
        match &self.of.number {
            Some(number) => write!(f, "{} {:e})", number.name, self.number),
            None => write!(f, ")"),
        }
    }
}
