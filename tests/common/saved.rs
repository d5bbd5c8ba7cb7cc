//! Entries of a record of states, and records made without the library, from its documentation.

use trimtab::{AutoscaleState, GuardState, NormState, StepState, ZclipState};

use super::random::Random;

/// States of one kind, in the order of the kinds.
#[derive(Clone, Debug)]
pub enum Saved {
    Norms(Vec<NormState>),
    Autoscales(Vec<AutoscaleState>),
    Zclips(Vec<ZclipState>),
    Guards(Vec<GuardState>),
    Steps(Vec<StepState>),
}

/// How many fields the state of each kind has.
pub const FIELDS: [usize; 5] = [4, 4, 3, 2, 1];

impl Saved {
    pub fn kind(&self) -> u32 {
        match self {
            Saved::Norms(_) => 0,
            Saved::Autoscales(_) => 1,
            Saved::Zclips(_) => 2,
            Saved::Guards(_) => 3,
            Saved::Steps(_) => 4,
        }
    }

    /// States of these fields.
    pub fn of(kind: u32, words: &[u64]) -> Saved {
        let states = words.chunks_exact(FIELDS[kind as usize]);
        let f = f64::from_bits;
        match kind {
            0 => Saved::Norms(states.map(|w| norm(f(w[0]), f(w[1]), w[2], w[3])).collect()),
            1 => Saved::Autoscales(states.map(autoscale).collect()),
            2 => Saved::Zclips(states.map(|w| zclip(f(w[0]), f(w[1]), w[2])).collect()),
            3 => Saved::Guards(states.map(|w| guard(w[0], w[1])).collect()),
            _ => Saved::Steps(states.map(|w| StepState { steps: w[0] }).collect()),
        }
    }

    pub fn zeros(kind: u32, count: usize) -> Saved {
        Self::of(kind, &vec![0; count * FIELDS[kind as usize]])
    }

    /// Any bits in any field: NaNs of all kinds, infinities, subnormals and signed zeros among them.
    pub fn random(random: &mut Random, kind: u32, count: usize) -> Saved {
        let mut word = || match random.below(4) {
            0 => random.bits() | f64::INFINITY.to_bits(), // A NaN with a payload.
            1 => random.bits() & (1 << 63),               // A signed zero.
            _ => random.bits(),
        };
        let words = (0..count * FIELDS[kind as usize]).map(|_| word());
        Self::of(kind, &words.collect::<Vec<_>>())
    }

    /// Every field of every state.
    pub fn words(&self) -> Vec<u64> {
        match self {
            Saved::Norms(all) => {
                let fields = |s: &NormState| [s.m.to_bits(), s.v.to_bits(), s.steps, s.skipped];
                all.iter().flat_map(fields).collect()
            }
            Saved::Autoscales(all) => {
                let floats = |s: &AutoscaleState| [s.exponent, s.sigma, s.alpha].map(f64::to_bits);
                let fields = all
                    .iter()
                    .flat_map(|s| floats(s).into_iter().chain([s.steps]));
                fields.collect()
            }
            Saved::Zclips(all) => {
                let fields = |s: &ZclipState| [s.mean.to_bits(), s.var.to_bits(), s.steps];
                all.iter().flat_map(fields).collect()
            }
            Saved::Guards(all) => all.iter().flat_map(|s| [s.consecutive, s.total]).collect(),
            Saved::Steps(all) => all.iter().map(|s| s.steps).collect(),
        }
    }

    pub fn len(&self) -> usize {
        self.words().len() / FIELDS[self.kind() as usize]
    }
}

fn norm(m: f64, v: f64, steps: u64, skipped: u64) -> NormState {
    NormState {
        m,
        v,
        steps,
        skipped,
    }
}

fn autoscale(words: &[u64]) -> AutoscaleState {
    let [exponent, sigma, alpha] = [words[0], words[1], words[2]].map(f64::from_bits);
    AutoscaleState {
        exponent,
        sigma,
        alpha,
        steps: words[3],
    }
}

fn zclip(mean: f64, var: f64, steps: u64) -> ZclipState {
    ZclipState { mean, var, steps }
}

fn guard(consecutive: u64, total: u64) -> GuardState {
    GuardState { consecutive, total }
}

/// An entry as the documentation of `trimtab::checkpoint` has it; `size` and `count` as they are claimed.
pub fn entry(kind: u32, size: u32, count: u64, words: &[u64]) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), size.to_le_bytes()].concat();
    bytes.extend(count.to_le_bytes());
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes
}

/// A record of these entries with right checksums; `version` and `count` as they are claimed.
pub fn record(version: u32, count: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    let entries = entries.concat();
    let mut bytes = b"\x89TRIMTAB".to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend((32 + entries.len() as u64).to_le_bytes());
    bytes.extend(crc32fast::hash(&entries).to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend(entries);
    bytes
}
