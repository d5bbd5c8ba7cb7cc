//! The folder for what comes out, and whether it can be written: found out before training, not after it.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a folder that is not there yet, with those above it.
pub fn create_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| {
        format!(
            "cannot create the folder {}: {error}; name another with --out",
            folder.display()
        )
    })
}

/// Finds out whether a file can be written, and leaves it as it is: absent or with what it holds.
pub fn check_writable(file: &Path) -> Result<(), String> {
    let absent = !file.exists();
    let open = || OpenOptions::new().append(true).create(true).open(file);
    let checked = open().and_then(|_| {
        if absent {
            fs::remove_file(file)
        } else {
            Ok(())
        }
    });
    checked.map_err(|error| cannot_write(file, &error))
}

/// What is said of a file that cannot be written.
pub fn cannot_write(file: &Path, error: &io::Error) -> String {
    format!(
        "cannot write {}: {error}; name another folder with --out",
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_can_be_written_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report.json");
        assert_eq!(check_writable(&file), Ok(()));
        assert!(!file.exists());
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
}
