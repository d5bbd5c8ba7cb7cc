//! The Python package: installed by pip as a user would, with what is there instead of what could be downloaded, and its
//! own tests run against the installed copy. These compare it with the header, `ffi/abi.json` and the test vectors, and
//! run what its page says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed, printed};
use crate::common::root;
use crate::common::tools::{CMAKE, GCC, Tool, succeeds};
use crate::package::cargo_target_dir;

/// An interpreter in whose environment the package can be installed and tested.
pub static PYTHON: Tool = Tool::new(
    "Python 3.10 or newer with what the package's tests need",
    "apt install python3 python3-venv, then in the environment of python3, or of the interpreter that TRIMTAB_PYTHON \
     names, pip install -r ffi/clients/python/requirements-test.txt",
    || succeeds(&interpreter(), &["-c", PROBE]),
);

const PROBE: &str = "import sys; sys.version_info >= (3, 10) or sys.exit(1); \
                     import pip, scikit_build_core, numpy, jax, jaxlib, optax, ml_dtypes, pytest";

const NEEDS: &[&Tool] = &[&PYTHON, &CMAKE, &GCC];
const PACKAGE: &str = "ffi/clients/python";

pub fn checks() -> Vec<Check> {
    vec![Check {
        name: "python::the_installed_package_passes_its_tests",
        needs: NEEDS,
        run: tests,
    }]
}

/// The Python that the tests run: python3, unless `TRIMTAB_PYTHON` names another.
pub fn interpreter() -> String {
    std::env::var("TRIMTAB_PYTHON").unwrap_or_else(|_| "python3".to_string())
}

fn tests() {
    let mut pytest = Command::new(interpreter());
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    pytest.arg(root().join(PACKAGE));
    pytest.env("PYTHONPATH", site());
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    pytest.env("JAX_PLATFORMS", "cpu");
    let output = printed(&must_succeed(&mut pytest));
    let summary = output.lines().last().unwrap_or_default();
    eprintln!("python: {summary}");
    assert!(summary.contains(" passed"), "{output}");
    // Nothing that counts as passed has been left out.
    assert!(!summary.contains("skipped"), "{output}");
}

/// The folder that the package is installed in, once for all checks of the process.
pub fn site() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| {
        let site = fresh_folder("python/site");
        install(&site);
        site
    })
}

/// Into a folder of its own, without a network.
fn install(site: &Path) {
    let mut pip = Command::new(interpreter());
    pip.args(["-m", "pip", "--disable-pip-version-check", "install"]);
    pip.args(["--no-build-isolation", "--no-deps", "--no-index"]);
    pip.arg("--target").arg(site);
    let cargo = cargo_target_dir();
    for define in [
        format!("TRIMTAB_CARGO_TARGET_DIR={}", cargo.display()),
        "CMAKE_COMPILE_WARNING_AS_ERROR=ON".to_string(),
    ] {
        pip.arg(format!("--config-settings=cmake.define.{define}"));
    }
    must_succeed(pip.arg(root().join(PACKAGE)));
}
