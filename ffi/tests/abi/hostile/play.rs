//! Plays a program: before and after every call a snapshot of every byte, and behind every accepted call the oracle.

use std::collections::BTreeMap;

use super::call::{Args, Call};
use super::source::Source;
use super::world::World;
use super::{decided, outlook, read, saved, spoil, stepped, written};
use crate::common::states::{StateKind, States};
use crate::common::status::{self, NON_FINITE, OK, SKIP_STEP};

/// No program is longer.
const MOST_CALLS: usize = 24;

/// How many methods lie between the read and the write.
const MOST_METHODS: usize = 8;

/// What is known about the moments of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trust {
    /// They may be a lie.
    None,
    /// They are those of so many elements of the buffer.
    Exact(usize),
}

/// What happened, for tests that must not be empty.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls by name and status.
    pub statuses: BTreeMap<(String, i32), usize>,
    /// Accepted calls that were compared with the oracle, by name.
    pub compared: BTreeMap<String, usize>,
}

impl Tally {
    fn add(&mut self, call: Call, code: i32, compared: bool) {
        let name = format!("{call:?}");
        *self.statuses.entry((name.clone(), code)).or_default() += 1;
        *self.compared.entry(name).or_default() += usize::from(compared);
    }
}

/// Plays the program that these bytes are; panics where a claim does not hold.
pub fn play(bytes: &[u8], tally: &mut Tally) {
    let mut source = Source::new(bytes);
    let world = spoil::world(&mut source);
    let trust = vec![Trust::None; world.grads.len()];
    let mut player = Player {
        source,
        world,
        trust,
        tally,
    };
    let mut calls = 0;
    while calls < MOST_CALLS && !player.source.is_empty() {
        calls += player.step();
    }
    saved::check(&mut player.source, &mut player.world);
}

struct Player<'a> {
    source: Source<'a>,
    world: World,
    trust: Vec<Trust>,
    tally: &'a mut Tally,
}

impl Player<'_> {
    /// Observe, some methods, a write; or anything, in any order. Returns how many calls.
    fn step(&mut self) -> usize {
        let methods = 1 + self.source.below(MOST_METHODS);
        if self.source.once_in(4) {
            for _ in 0..methods {
                self.call_one_of(&Call::all());
            }
            return methods;
        }
        self.call(Call::Observe);
        for _ in 0..methods {
            self.call_one_of(&Call::methods());
        }
        self.call_one_of(&Call::writes());
        methods + 2
    }

    fn call_one_of(&mut self, calls: &[Call]) {
        let call = calls[self.source.below(calls.len())];
        self.call(call);
    }

    fn call(&mut self, call: Call) {
        let sound = spoil::Sound::of(&self.world);
        self.spoil();
        let mut args = Args::of(call, &mut self.world);
        let way = self.source.below(8);
        args.at = way >= 5;
        if let Some(raw) = &mut args.raw {
            if way == 7 {
                raw.config = std::ptr::null();
            }
            if self.source.once_in(4) && raw.setting.of.number.is_some() {
                raw.number = self.source.number();
            }
        }
        if self.source.once_in(16) {
            spoil::arguments(&mut self.source, &mut args);
        }
        self.run(call, args);
        sound.restore(&mut self.world);
    }

    fn spoil(&mut self) {
        let (source, world) = (&mut self.source, &mut self.world);
        match source.below(32) {
            16..=23 => spoil::configs(source, world),
            24..=26 => spoil::states(source, world),
            27..=28 => {
                if let Some(index) = spoil::lie(source, world) {
                    self.trust[index] = Trust::None;
                }
            }
            29..=31 => spoil::descriptor(source, world),
            _ => (),
        }
    }

    fn run(&mut self, call: Call, mut args: Args) {
        let before = self.world.snapshot();
        let old = Old::of(&self.world);
        outlook::check(&self.world, &old, &self.trust);
        let code = args.run(call);
        assert!(
            (status::BAD_CHECKSUM..=SKIP_STEP).contains(&code),
            "{call:?} returns {code}"
        );
        let changed = self.world.changed_since(&before);
        let allowed = allowed(call, code);
        let surprise = changed.iter().find(|name| !allowed.contains(name));
        if let Some(name) = surprise {
            let aliased = call == Call::ApplyInto && *name == "gradients" && aliases(&self.world);
            assert!(aliased, "{call:?}: {} changes {name}", status::name(code));
        }
        let compared = self.compare(call, &args, code, &old);
        self.tally.add(call, code, compared);
    }

    /// Compares an accepted call with what it should have done; false where that cannot be said.
    fn compare(&mut self, call: Call, args: &Args, code: i32, old: &Old) -> bool {
        let accepted = code == OK || code == SKIP_STEP || code == status::DIVERGED;
        let (world, trust) = (&mut self.world, &mut self.trust);
        match call {
            Call::Observe if code == OK || code == NON_FINITE => {
                read::check(world, args.n, code, trust);
                true
            }
            _ if !accepted => false,
            Call::Apply => written::in_place(world, old, args.n, trust),
            Call::ApplyInto => written::beside(world, old, args.n, trust),
            Call::Observe => unreachable!("has no other status"),
            Call::Ask(place) => {
                let raw = args.raw.as_ref().expect("of an Ask");
                let setting = world.accepted(place, raw, args.at);
                match setting.of.is_method() {
                    true => decided::check(&setting, code, world, old, args.n, trust),
                    false => stepped::check(&setting, world, old, args.n, trust),
                }
            }
        }
    }
}

/// What a call may change.
fn allowed(call: Call, code: i32) -> &'static [&'static str] {
    let state = call.of().map(|of| of.state);
    match (call, code, state) {
        (Call::Observe, OK | NON_FINITE, _) => &["descriptors"],
        (_, SKIP_STEP, Some(StateKind::Guard)) => &["guard state"],
        (_, ..=-1, _) => &[],
        (Call::Apply, ..) => &["descriptors", "gradients"],
        (Call::ApplyInto, ..) => &["outputs"],
        (_, _, Some(StateKind::Guard)) => &["descriptors", "guard state"],
        (_, _, Some(StateKind::Norms)) => &["descriptors", "norm states"],
        (_, _, Some(StateKind::Autoscale)) => &["descriptors", "autoscale state"],
        (_, _, Some(StateKind::Zclip)) => &["descriptors", "zclip state"],
        (_, _, Some(StateKind::Steps)) => STEPPED,
        _ => &["descriptors"],
    }
}

/// That SGD leaves the second buffers alone is its tests' claim.
const STEPPED: &[&str] = &[
    "descriptors",
    "parameters",
    "first buffers",
    "second buffers",
    "step state",
];

/// Whether an output is the gradient itself.
fn aliases(world: &World) -> bool {
    let pairs = world.out.iter().zip(&world.grads);
    pairs.into_iter().any(|(out, tensor)| *out == tensor.data)
}

/// The world before a call, as values.
pub struct Old {
    pub grads: Vec<crate::types::trimtab_tensor>,
    pub values: Vec<Vec<f64>>,
    pub params: Vec<Vec<f64>>,
    pub firsts: Vec<Vec<f64>>,
    pub seconds: Vec<Vec<f64>>,
    pub states: States,
    pub step: trimtab::StepState,
}

impl Old {
    fn of(world: &World) -> Self {
        let values = |blobs: &[super::blob::Blob]| {
            blobs.iter().map(|blob| blob.values()).collect::<Vec<_>>()
        };
        Self {
            grads: world.grads.clone(),
            values: values(&world.buffers),
            params: values(&world.params),
            firsts: values(&world.firsts),
            seconds: values(&world.seconds),
            states: world.states.clone(),
            step: world.step,
        }
    }

    /// The elements that a descriptor covers.
    pub fn data(&self, index: usize) -> &[f64] {
        &self.values[index][..self.grads[index].len]
    }

    /// Whether the moments of a tensor are those of exactly the elements that its descriptor covers.
    pub fn is_known(&self, index: usize, trust: &[Trust]) -> bool {
        trust[index] == Trust::Exact(self.grads[index].len)
    }

    /// An element through the pending affine, as trimtab_affine in the header writes it; a scale of 0 leaves 0.
    pub fn through(&self, index: usize, x: f64) -> f64 {
        let affine = &self.grads[index].affine;
        match affine.scale == 0.0 {
            true => 0.0,
            false => ((x - affine.center) * affine.scale).clamp(-affine.limit, affine.limit),
        }
    }
}
