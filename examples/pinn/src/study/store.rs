//! `runs.jsonl`: one line for each finished run, written and synced before the next one counts.
//!
//! A killed program leaves at most the beginning of a line at the end, which is cut off when the file is opened again.
//! Everything else that is no run is an error, and stays. A lock keeps two programs from working on one study.

use super::record::Record;
use crate::output::lock;
use crate::setup::Setup;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The file, open and locked.
pub struct Store {
    path: PathBuf,
    file: File,
    /// Held while a line is written, so that lines do not mix; not while it is synced, which may take long.
    writing: Mutex<()>,
}

impl Store {
    /// Opens or creates `path` and reads what it holds.
    pub fn open(path: &Path) -> Result<(Self, Vec<Record>), String> {
        let fail = |what: &str, error: std::io::Error| {
            format!(
                "cannot {what} {}: {error}; name another folder with --out",
                path.display()
            )
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| fail("open", error))?;
        lock(&file, || {
            let same = "in use: the same study runs in another program; wait for it or end it";
            format!("{} is {same}", path.display())
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| fail("read", error))?;
        let (records, whole) =
            read(&bytes).map_err(|error| format!("{}, {error}", path.display()))?;
        if whole < bytes.len() {
            file.set_len(whole as u64)
                .map_err(|error| fail("shorten", error))?;
            file.seek(SeekFrom::End(0))
                .map_err(|error| fail("shorten", error))?;
        }
        let store = Self {
            path: path.to_owned(),
            file,
            writing: Mutex::new(()),
        };
        Ok((store, records))
    }

    /// Adds a run; when this returns, it is on the disk.
    pub fn append(&self, record: &Record) -> Result<(), String> {
        let mut line = serde_json::to_vec(record).map_err(|error| error.to_string())?;
        line.push(b'\n');
        let write = || {
            let _alone = self.writing.lock();
            let before = self.file.metadata()?.len();
            // On a full disk: no half line in front of what another run still writes.
            let remove = |_: &_| drop(self.file.set_len(before));
            (&self.file).write_all(&line).inspect_err(remove)
        };
        let written = write().and_then(|()| self.file.sync_data());
        written.map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}

/// How every line begins.
const BEGINNING: &[u8] = b"{\"setup\":";

/// The records, and the number of bytes that hold them: all but the beginning of a line at the end.
fn read(bytes: &[u8]) -> Result<(Vec<Record>, usize), String> {
    let (mut records, mut whole) = (Vec::new(), 0);
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let ended = line.ends_with(b"\n");
        let torn = line
            .iter()
            .zip(BEGINNING)
            .all(|(byte, wanted)| byte == wanted);
        let record = match serde_json::from_slice(line) {
            _ if torn && !ended => break,
            Ok(record) if ended => Ok(record),
            Ok(_) => Err("it does not end".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        records.push(record.map_err(|error| {
            format!(
                "line {}: {error}; repair or delete that line (its run is then repeated), \
                 or name another folder with --out",
                index + 1
            )
        })?);
        whole += line.len();
    }
    Ok((records, whole))
}

/// What is stored of a study: how many of its runs are finished, those still to be run, and how many stored runs belong
/// to no combination of it.
pub struct Sorted {
    /// Finished.
    pub done: usize,
    /// To be run.
    pub open: Vec<Setup>,
    /// Stored, but not in the study.
    pub strangers: usize,
}

/// Finds the stored runs of a study.
pub fn sort(setups: &[Setup], records: Vec<Record>) -> Sorted {
    let key = |setup: &Setup| serde_json::to_string(setup).expect("a setup is JSON");
    let mut stored: HashSet<String> = records.iter().map(|record| key(&record.setup)).collect();
    let is_open = |setup: &&Setup| !stored.remove(&key(setup));
    let open: Vec<Setup> = setups.iter().filter(is_open).cloned().collect();
    Sorted {
        done: setups.len() - open.len(),
        open,
        strangers: stored.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seed: u64) -> Record {
        let text = format!(
            r#"{{"setup": {{"seed": {seed}}}, "steps": 10, "diverged": null, "loss": 1, "error": 0.5, "best-error": 0.5,
            "network-us": 2, "trimtab-us": 1, "curve": {{"every": 1, "loss": [], "error": []}}, "scales": []}}"#
        );
        serde_json::from_str(&text).expect("a record")
    }

    fn seeds(records: &[Record]) -> Vec<u64> {
        records.iter().map(|record| record.setup.seed).collect()
    }

    #[test]
    fn runs_are_read_back_and_a_torn_line_is_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("runs.jsonl");
        let (store, none) = Store::open(&path).expect("a new file");
        assert!(none.is_empty());
        store
            .append(&record(3))
            .and_then(|()| store.append(&record(4)))
            .expect("written");
        drop(store);
        let whole = std::fs::read(&path).expect("the file");
        for torn in [
            &b"{"[..],
            b"{\"setup\":{\"pro",
            &whole[..whole.len() / 2 - 1],
        ] {
            std::fs::write(&path, [&whole, torn].concat()).expect("a torn file");
            let (store, records) = Store::open(&path).expect("a torn last line is no error");
            assert_eq!(seeds(&records), [3, 4]);
            store.append(&record(5)).expect("written");
            drop(store);
            let (_, records) = Store::open(&path).expect("a whole file");
            assert_eq!(seeds(&records), [3, 4, 5]);
        }
    }

    #[test]
    fn what_is_no_run_is_named_and_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("runs.jsonl");
        let line = serde_json::to_string(&record(1)).expect("JSON");
        let damaged = [
            (format!("{line}\n{{\"setup\"\n{line}\n"), "line 2"),
            (format!("{line}\n{{\"setup\"\n"), "line 2"),
            (format!("{line}\n\n"), "line 2"),
            (format!("{line}\nmy notes"), "line 2"),
            ("my notes\n".to_owned(), "line 1"),
            ("my notes".to_owned(), "line 1"),
        ];
        for (content, place) in damaged {
            std::fs::write(&path, &content).expect("a damaged file");
            let error = Store::open(&path).err().expect("an error");
            for part in [path.to_str().expect("UTF-8"), place, "delete that line"] {
                assert!(error.contains(part), "{error}");
            }
            assert_eq!(std::fs::read_to_string(&path).ok(), Some(content));
        }
    }

    #[test]
    fn two_programs_do_not_share_a_study() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("runs.jsonl");
        let _first = Store::open(&path).expect("a new file");
        let error = Store::open(&path).err().expect("an error");
        assert!(error.contains("is in use"), "{error}");
    }

    #[test]
    fn stored_runs_are_found_whatever_their_order() {
        let setups = [0, 1, 2].map(|seed| record(seed).setup);
        let sorted = sort(&setups, vec![record(2), record(9), record(0)]);
        assert_eq!(sorted.done, 2);
        assert_eq!(sorted.open, [record(1).setup]);
        assert_eq!(sorted.strangers, 1);
    }
}
