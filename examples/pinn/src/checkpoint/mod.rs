//! Checkpoints of the main job: a run that is killed goes on from its last one, with the bits of a run that never
//! stopped.
//!
//! Every run of a job has a file of its own in the output folder, named after its method. Whenever the program or the
//! machine stops, the file is the one before or the new one, whole: [`output::replace`] sees to that.
//!
//! # The bytes
//!
//! | bytes | hold |
//! |---:|---|
//! | 8 | 0x89, then `PINNRUN` in ASCII |
//! | 8 | version of what follows: 2, little-endian as all numbers |
//! | 8 | length of the file |
//! | | a [`Checkpoint`] as postcard writes it |
//! | 4 | CRC-32 (that of zlib and PNG) of everything before |

use crate::output;
use crate::run::{Run, Snapshot};
use crate::setup::Setup;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const MAGIC: [u8; 8] = *b"\x89PINNRUN";
const VERSION: u64 = 2;
/// Magic, version and length.
const HEADER: usize = 24;

/// Longest file name without its ending; many file systems end at 255 bytes.
const LONGEST_NAME: usize = 200;

/// How a job deals with checkpoints.
pub struct Checkpoints {
    folder: PathBuf,
    /// Updates from one to the next; none: they are neither written nor read.
    every: Option<NonZeroUsize>,
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
        every: NonZeroUsize,
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
            Ok(bytes) if self.resume => Checkpoint::decode(&bytes).and_then(|it| it.restore(run)),
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
    pub fn save_if_due(&self, run: &Run) -> Result<(), String> {
        let due = |every: NonZeroUsize| {
            run.steps().is_multiple_of(every.get()) || run.steps() == run.setup().steps
        };
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

    fn save(&self, run: &Run) -> Result<(), String> {
        let path = self.path(run.setup());
        let bytes = Checkpoint::of(run).encode();
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
        Some(beginning) => format!("{beginning}~{:08x}", crc32fast::hash(text.as_bytes())),
        None => plain,
    }
}

/// A run on the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What decides the result, as the text of a JSON object: the setup, and `records`.
    question: String,
    /// Where the run was.
    pub run: Snapshot,
}

impl Checkpoint {
    fn of(run: &Run) -> Self {
        Self {
            question: question(run.setup(), run.records()),
            run: run.snapshot(),
        }
    }

    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let body = postcard::to_stdvec(self).expect("lists have lengths, and memory has room");
        let len = (HEADER + body.len() + size_of::<u32>()) as u64;
        let mut bytes = [MAGIC, VERSION.to_le_bytes(), len.to_le_bytes()].concat();
        bytes.extend(body);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the bytes of a file; refuses those that were changed since they were written.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let whole = postcard::take_from_bytes(body(bytes)?).ok();
        let whole = whole.filter(|(_, rest)| rest.is_empty());
        whole.map(|(it, _)| it).ok_or_else(other_fields)
    }

    /// Sets a run to where this one was. Refuses one with another setup.
    fn restore(self, run: &mut Run) -> Result<(), String> {
        let differences = differences(&self.question, &question(run.setup(), run.records()));
        if !differences.is_empty() {
            return Err(format!(
                "was written by another run: {}; give the options that it was written with, another folder with --out, \
                 or delete it and start this run from the beginning",
                differences.join(", ")
            ));
        }
        match run.restore(self.run) {
            true => Ok(()),
            false => Err(other_fields()),
        }
    }
}

fn question(setup: &Setup, records: usize) -> String {
    let mut keys = setup.fields();
    keys.insert("records".to_owned(), records.into());
    Value::from(keys).to_string()
}

fn other_fields() -> String {
    format!("has other fields than this program keeps; {REPAIR}")
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
    match crc32fast::hash(before) == u32::from_le_bytes(*checksum) {
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
    let fail = |error: io::Error| format!("cannot create {}: {error}", path.display());
    let file = File::create(&path).map_err(fail)?;
    output::lock(&file, || {
        format!(
            "{} is in use: another program writes checkpoints to this folder; wait for it or end it, \
             or name another folder with --out",
            folder.display()
        )
    })?;
    Ok(file)
}

#[cfg(test)]
mod tests;
