//! Checkpoints of the main job: a run that is killed goes on from its last one, with the bits of a run that never
//! stopped.
//!
//! Every run of a job has a file of its own in the output folder, named after its method. Whenever the program or the
//! machine stops, the file is the one before or the new one, whole: [`output::replace`] sees to that.
//!
//! # The bytes
//!
//! Everything is little-endian. A list is its number of items (u64) and the items, an option a list of one or none.
//!
//! | bytes | hold |
//! |---:|---|
//! | 8 | 0x89, then `PINNRUN` in ASCII |
//! | 8 | version of this table: 1 |
//! | 8 | length of the file in bytes |
//! | | the setup and the number of records, as the text of a JSON object: a list of bytes |
//! | 8 | updates made |
//! | | position in the stream of random numbers, in words of 32 bits, from which the present interior points were drawn: option of u128; none: they are those of the start |
//! | | the last losses, for the spikes: list of f64 |
//! | | the spike not recovered from: option of the loss wanted (f64) and a list of the losses since (f64) |
//! | | spikes so far: list of step (u64), factor (f64), tensor (option of u64), steps to recover (option of u64) |
//! | | records so far, five lists: updates (u64), loss (f64), error (f64), scales before and after (lists of f64) |
//! | | parameters, first and second buffers of the optimizer: f32, tensor after tensor, weights and biases in turn |
//! | | [`StepState`](trimtab::StepState) of the optimizer, as all states a record of [`trimtab::checkpoint`] |
//! | | the states of the methods, in the order of the chain: a record for each method that has any |
//! | | only in half precision: loss scale (f64), good steps since its last change (u64), a record of the guard's state |
//! | 16 | nanoseconds spent in the network and in trimtab: two u64 |
//! | 4 | CRC-32 (that of zlib and PNG) of everything before |
//!
//! Everything else follows from the setup: starting points, boundary points, spikes to come, learning rates.

mod fields;

pub use fields::Fields;

use crate::output;
use crate::run::Run;
use crate::setup::Setup;
use crc::{CRC_32_ISO_HDLC, Crc};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const MAGIC: [u8; 8] = *b"\x89PINNRUN";
const VERSION: u64 = 1;
/// Magic, version and length.
const HEADER: usize = 24;
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Longest file name without its ending; many file systems end at 255 bytes.
const LONGEST_NAME: usize = 200;

/// How a job deals with checkpoints.
pub struct Checkpoints {
    folder: PathBuf,
    /// Updates from one to the next; none: they are neither written nor read.
    every: Option<usize>,
    /// Whether to go on from those that there are.
    resume: bool,
    /// Held while the program lives, so that no second one writes to the same files.
    _lock: Option<File>,
    /// The first checkpoint that could not be written.
    failure: OnceLock<String>,
}

impl Checkpoints {
    /// For runs that are not to leave any.
    pub fn none() -> Self {
        Self {
            folder: PathBuf::new(),
            every: None,
            resume: false,
            _lock: None,
            failure: OnceLock::new(),
        }
    }

    /// In a folder that exists, every so many updates; `resume` if runs may go on from those that lie there. Locks the
    /// folder, and refuses runs that would share a file.
    pub fn open(
        folder: &Path,
        every: usize,
        resume: bool,
        setups: &[Setup],
    ) -> Result<Self, String> {
        let mut names = HashSet::new();
        if let Some(twice) = setups.iter().find(|setup| !names.insert(name(setup))) {
            return Err(format!(
                "--method {} is there twice, and both runs would write the same checkpoint; leave one out",
                twice.method
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
            every: Some(every),
            resume,
            _lock: Some(lock(folder)?),
            failure: OnceLock::new(),
        })
    }

    /// Where the checkpoints of a run lie.
    pub fn path(&self, setup: &Setup) -> PathBuf {
        self.folder.join(format!("{}.checkpoint", name(setup)))
    }

    /// Sets a run that has not begun to where its checkpoint is, if there is one.
    pub fn resume(&self, run: &mut Run) -> Result<(), String> {
        if self.every.is_none() {
            return Ok(());
        }
        let path = self.path(run.setup());
        let restored = match fs::read(&path) {
            Ok(bytes) if self.resume => restore(run, &bytes),
            Ok(_) => Err(
                "holds an earlier run; give --resume to go on from it, another folder with --out, or delete it"
                    .to_owned(),
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(format!("cannot be read: {error}")),
        };
        restored.map_err(|reason| format!("{} {reason}", path.display()))
    }

    /// Writes a checkpoint if it is time for one: after every so many updates and after the last. When that fails, it
    /// fails for all runs from then on: they end behind their own checkpoints, and the user hears of it in time.
    pub fn save_if_due(&self, run: &mut Run) -> Result<(), String> {
        let due = |every| run.steps().is_multiple_of(every) || run.steps() == run.setup().steps;
        if !self.every.is_some_and(due) {
            return Ok(());
        }
        if let Err(error) = self.save(run) {
            let _ = self.failure.set(error);
        }
        self.failure
            .get()
            .map_or(Ok(()), |error| Err(error.clone()))
    }

    fn save(&self, run: &mut Run) -> Result<(), String> {
        let path = self.path(run.setup());
        let bytes = encode(run);
        output::replace(&path, |to| to.write_all(&bytes)).map_err(|error| {
            format!(
                "cannot write {}: {error}; when that is repaired, --resume goes on from the checkpoint before",
                path.display()
            )
        })
    }
}

/// What can be done about a file that is no use.
const REPAIR: &str = "put back a copy, or delete it and start this run from the beginning";

/// The file's name without its ending: the method's, without what means something to a shell.
fn name(setup: &Setup) -> String {
    let text = setup.method.to_string();
    let plain = text
        .replace(" + ", "+")
        .replace(", ", "_")
        .replace('(', "_")
        .replace(')', "");
    match plain.get(..LONGEST_NAME) {
        Some(beginning) => format!("{beginning}~{:08x}", CHECKSUM.checksum(text.as_bytes())),
        None => plain,
    }
}

/// Everything that decides the result, as JSON.
fn question(setup: &Setup, records: usize) -> String {
    let mut keys = serde_json::to_value(setup).expect("a setup is JSON");
    keys["records"] = records.into();
    keys.to_string()
}

fn encode(run: &mut Run) -> Vec<u8> {
    let mut text = question(run.setup(), run.records());
    let body = Fields::write(|fields| {
        fields.text(&mut text);
        run.fields(fields);
    });
    let len = HEADER + body.len() + size_of::<u32>();
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((len as u64).to_le_bytes());
    bytes.extend(body);
    bytes.extend(CHECKSUM.checksum(&bytes).to_le_bytes());
    bytes
}

/// Sets a run to where the one of these bytes was. Refuses bytes that were changed since they were written, and those
/// of a run with another setup.
fn restore(run: &mut Run, bytes: &[u8]) -> Result<(), String> {
    let (now, mut then) = (question(run.setup(), run.records()), String::new());
    let rest = Fields::read(body(bytes)?, |fields| fields.text(&mut then));
    let differences = differences(&then, &now);
    if !differences.is_empty() {
        return Err(format!(
            "was written by another run: {}; give the options that it was written with, another folder with --out, \
             or delete it and start this run from the beginning",
            differences.join(", ")
        ));
    }
    match Fields::read(rest.unwrap_or_default(), |fields| run.fields(fields)) {
        Some([]) if run.steps() <= run.setup().steps => {
            run.redraw();
            Ok(())
        }
        _ => Err(format!(
            "has other fields than this program keeps; {REPAIR}"
        )),
    }
}

/// What lies between header and checksum, or what is wrong with the file.
fn body(bytes: &[u8]) -> Result<&[u8], String> {
    let word = |at: usize| {
        let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
        word.map(|&word| u64::from_le_bytes(word))
    };
    if bytes.iter().zip(MAGIC).any(|(byte, magic)| *byte != magic) {
        return Err(format!("is no checkpoint of this program; {REPAIR}"));
    }
    if let Some(version) = word(8).filter(|&version| version != VERSION) {
        return Err(format!(
            "has version {version} of the format, and this program reads version {VERSION}; resume with the program \
             that wrote it, or delete it and start this run from the beginning"
        ));
    }
    if word(16).is_none_or(|len| len > bytes.len() as u64) {
        return Err(format!("is cut off after {} bytes; {REPAIR}", bytes.len()));
    }
    let damaged = || format!("is damaged, its checksum does not match; {REPAIR}");
    let (before, checksum) = bytes.split_last_chunk().ok_or_else(damaged)?;
    match CHECKSUM.checksum(before) == u32::from_le_bytes(*checksum) {
        true => before.get(HEADER..).ok_or_else(damaged),
        false => Err(damaged()),
    }
}

/// The keys in which the setup of a checkpoint differs from that of the run, with both values.
fn differences(then: &str, now: &str) -> Vec<String> {
    let keys = |text| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let (then, now) = (keys(then), keys(now));
    let show = |value: Option<&Value>| value.map_or("not known".to_owned(), Value::to_string);
    let old = then.keys().filter(|key| !now.contains_key(*key));
    let pairs = now
        .keys()
        .chain(old)
        .map(|key| (key, then.get(key), now.get(key)));
    pairs
        .filter(|(_, then, now)| then != now)
        .map(|(key, then, now)| format!("{key} was {} and is {}", show(then), show(now)))
        .collect()
}

fn lock(folder: &Path) -> Result<File, String> {
    let path = folder.join("checkpoints.lock");
    let fail = |error: io::Error| format!("cannot lock {}: {error}", path.display());
    let file = File::create(&path).map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "{} is in use: another program writes checkpoints to this folder; wait for it or end it, \
             or name another folder with --out",
            folder.display()
        )),
        Err(TryLockError::Error(error)) => Err(fail(error)),
    }
}

#[cfg(test)]
mod tests;
