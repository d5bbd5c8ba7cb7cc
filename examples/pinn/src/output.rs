//! Where everything goes that comes out: files, which are replaced as a whole, and the two streams, neither of which
//! can stop the program.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Runs at the same time: as many as asked for, or one for each processor core.
pub fn cores(wanted: Option<NonZeroUsize>) -> usize {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    wanted.map_or_else(all, usize::from)
}

/// Locks a file until it is closed; `busy` is said where another program has it.
pub fn lock(file: &File, busy: impl FnOnce() -> String) -> Result<(), String> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => busy(),
        TryLockError::Error(error) => format!("cannot lock a file: {error}"),
    })
}

/// Creates a folder that is not there yet, with those above it.
pub fn create_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| {
        format!(
            "cannot create the folder {}: {error}; name another with --out",
            folder.display()
        )
    })
}

/// Finds out whether [`replace`] can write a file, and leaves it as it is: absent or with what it holds.
pub fn check_writable(file: &Path) -> Result<(), String> {
    let there = || match file.exists() {
        true => OpenOptions::new().append(true).open(file).map(drop),
        false => Ok(()),
    };
    let beside = || {
        let temporary = temporary(file);
        File::create(&temporary).and_then(|_| fs::remove_file(&temporary))
    };
    there()
        .and_then(|()| beside())
        .map_err(|error| cannot_write(file, &error))
}

/// What is said of a file that cannot be written.
pub fn cannot_write(file: &Path, error: &io::Error) -> String {
    format!(
        "cannot write {}: {error}; name another folder with --out",
        file.display()
    )
}

/// Writes a whole file. Whatever happens, `file` is what it was before or what `write` gives, whole: that goes to a
/// temporary file in the same folder, which is synced and renamed, or removed if it cannot be written.
pub fn replace(
    file: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = temporary(file);
    let mut to = BufWriter::new(File::create(&temporary)?);
    let written = write(&mut to)
        .and_then(|()| to.flush())
        .and_then(|()| to.get_ref().sync_all());
    // Closed before it is renamed or removed, without a second attempt to write what is left in the buffer.
    drop(to.into_parts());
    let renamed = written.and_then(|()| fs::rename(&temporary, file));
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    renamed.and_then(|()| sync_folder(file))
}

/// Where a new file lies until it is whole. What such a file holds is never read.
pub fn temporary(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".new");
    name.into()
}

/// Puts the new name on the disk.
#[cfg(unix)]
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Elsewhere a folder cannot be synced: when the power fails, the file may be the one before.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The standard output. What cannot be written to it costs no result: the work goes on, and the end says so.
#[derive(Default)]
pub struct Stdout {
    failure: Option<io::Error>,
}

impl Stdout {
    /// Writes a line, or several.
    pub fn say(&mut self, text: impl Display) {
        let mut to = io::stdout().lock();
        self.keep(writeln!(to, "{text}").and_then(|()| to.flush()));
    }

    /// Remembers the first failure.
    pub fn keep(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.failure.get_or_insert(error);
        }
    }

    /// Whether everything arrived. A reader that has closed its end, such as `head`, has what it wanted.
    pub fn finish(self) -> Result<(), String> {
        match self.failure {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(format!("cannot write to the standard output: {error}"))
            }
            _ => Ok(()),
        }
    }
}

/// Writes a line to the standard error, if somebody listens.
pub fn warn(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_can_be_written_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report.json");
        assert_eq!(check_writable(&file), Ok(()));
        assert!(!file.exists() && !temporary(&file).exists());
        fs::write(&file, "earlier").expect("written");
        assert_eq!(check_writable(&file), Ok(()));
        assert_eq!(fs::read_to_string(&file).expect("read"), "earlier");
    }

    #[test]
    fn what_cannot_be_written_is_named_with_a_remedy() {
        let folder = tempfile::tempdir().expect("a folder");
        let taken = folder.path().join("report.json");
        fs::create_dir(&taken).expect("a folder of that name");
        let below = folder.path().join("absent/report.json");
        for file in [&taken, &below] {
            let error = check_writable(file).expect_err("it cannot be written");
            let beginning = format!("cannot write {}: ", file.display());
            assert!(error.starts_with(&beginning), "{error}");
            assert!(
                error.ends_with("; name another folder with --out"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report.json");
        // More than a buffer: some of it is in the temporary file when the disk is full.
        let long = vec![b'x'; 1 << 20];
        let full = |to: &mut BufWriter<File>| {
            to.write_all(&long)?;
            Err(ErrorKind::StorageFull.into())
        };
        let failed = replace(&file, full).map_err(|error| error.kind());
        assert_eq!(failed, Err(ErrorKind::StorageFull));
        assert!(!file.exists() && !temporary(&file).exists());
        replace(&file, |to| to.write_all(b"earlier")).expect("written");
        replace(&file, full).expect_err("the disk is full");
        assert_eq!(fs::read_to_string(&file).expect("read"), "earlier");
        assert!(!temporary(&file).exists());
    }

    #[test]
    fn a_closed_pipe_ends_quietly_and_a_full_disk_does_not() {
        let finish = |kind: Option<ErrorKind>| {
            let mut stdout = Stdout::default();
            stdout.keep(Ok(()));
            stdout.keep(kind.map_or(Ok(()), |kind| Err(kind.into())));
            stdout.keep(Ok(()));
            stdout.finish()
        };
        assert_eq!(finish(None), Ok(()));
        assert_eq!(finish(Some(ErrorKind::BrokenPipe)), Ok(()));
        let error = finish(Some(ErrorKind::StorageFull)).expect_err("an error");
        assert!(error.starts_with("cannot write to the standard output: "));
    }
}
