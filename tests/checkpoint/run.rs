//! All states that a run can have, and records of bytes made without the library, from its documentation.

use trimtab::checkpoint::{Reader, Writer};
use trimtab::{AutoscaleState, Error, GuardState, NormState, StepState, ZclipState, checkpoint};

use crate::common::data::Random;

/// One entry of every kind.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub norms: Vec<NormState>,
    pub autoscale: AutoscaleState,
    pub zclips: Vec<ZclipState>,
    pub guard: GuardState,
    pub step: StepState,
}

impl Run {
    pub fn zeros(norms: usize, zclips: usize) -> Self {
        Self {
            norms: vec![NormState::default(); norms],
            zclips: vec![ZclipState::default(); zclips],
            ..Self::default()
        }
    }

    /// Any bits in any field: NaNs of all kinds, infinities, subnormals and signed zeros among them.
    pub fn random(random: &mut Random, norms: usize, zclips: usize) -> Self {
        let mut run = Self::zeros(norms, zclips);
        let float = |random: &mut Random| match random.below(4) {
            0 => f64::from_bits(random.bits()),
            1 => f64::from_bits(random.bits() | f64::INFINITY.to_bits()), // A NaN with a payload.
            2 => f64::from_bits(random.bits() & (1 << 63)),               // A signed zero.
            _ => random.normal(),
        };
        for n in &mut run.norms {
            (n.m, n.v) = (float(random), float(random));
            (n.steps, n.skipped) = (random.bits(), random.bits());
        }
        let a = &mut run.autoscale;
        (a.exponent, a.sigma, a.alpha) = (float(random), float(random), float(random));
        a.steps = random.bits();
        for z in &mut run.zclips {
            (z.mean, z.var, z.steps) = (float(random), float(random), random.bits());
        }
        (run.guard.consecutive, run.guard.total) = (random.bits(), random.bits());
        run.step.steps = random.bits();
        run
    }

    pub fn put(&self, to: &mut Writer) {
        to.put(&self.norms);
        to.put_one(&self.autoscale);
        to.put(&self.zclips);
        to.put_one(&self.guard);
        to.put_one(&self.step);
    }

    pub fn take(&mut self, from: &mut Reader) {
        from.take(&mut self.norms);
        from.take_one(&mut self.autoscale);
        from.take(&mut self.zclips);
        from.take_one(&mut self.guard);
        from.take_one(&mut self.step);
    }

    pub fn saved(&self) -> Vec<u8> {
        let mut bytes = vec![0xa5; checkpoint::size(|to| self.put(to))];
        let len = checkpoint::save(&mut bytes, |to| self.put(to));
        assert_eq!(len, Ok(bytes.len()));
        bytes
    }

    /// The error of loading into this run.
    pub fn load(&mut self, bytes: &[u8]) -> Result<(), Error> {
        checkpoint::load(bytes, |from| self.take(from))
    }

    /// Every field of every state.
    pub fn bits(&self) -> Vec<u64> {
        let (a, g) = (&self.autoscale, &self.guard);
        let norms = self.norms.iter();
        let zclips = self.zclips.iter();
        let mut all: Vec<u64> = norms
            .flat_map(|n| [n.m.to_bits(), n.v.to_bits(), n.steps, n.skipped])
            .collect();
        all.extend([a.exponent, a.sigma, a.alpha].map(f64::to_bits));
        all.push(a.steps);
        all.extend(zclips.flat_map(|z| [z.mean.to_bits(), z.var.to_bits(), z.steps]));
        all.extend([g.consecutive, g.total, self.step.steps]);
        all
    }
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
