//! Loops in C, built by the machine's own compiler when a bench starts, and called. They are what the
//! benches measure against, and lie here because `unsafe` may.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::transmute;
use std::path::Path;
use std::process::Command;

/// For this processor, the widest vectors, and a root that need not set errno.
const FLAGS: [&str; 6] = [
    "-O3",
    "-march=native",
    "-mprefer-vector-width=512",
    "-fno-math-errno",
    "-shared",
    "-fPIC",
];

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

type Scale = unsafe extern "C" fn(*mut f32, usize, f32);
type Adamw = unsafe extern "C" fn(
    *mut f32,
    *mut f32,
    *mut f32,
    *const f32,
    usize,
    f32,
    f32,
    f32,
    f32,
    f32,
    f32,
);

/// The functions of `ceilings.c`.
#[derive(Clone, Copy)]
pub struct Native {
    scale: Scale,
    adamw: Adamw,
}

/// The factors of one plain AdamW step.
#[derive(Clone, Copy)]
pub struct Factors {
    pub shrink: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub rate: f32,
    pub inverse_root: f32,
    pub eps: f32,
}

impl Factors {
    /// torch's defaults after many steps, when the bias corrections have become 1.
    pub const SETTLED: Self = Self {
        shrink: 1.0 - 1e-5,
        beta1: 0.9,
        beta2: 0.999,
        rate: 1e-3,
        inverse_root: 1.0,
        eps: 1e-8,
    };
}

impl Native {
    /// Builds and loads them.
    ///
    /// # Panics
    ///
    /// Without a C compiler there are no ceilings, and a bench without them says nothing.
    pub fn build() -> Self {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/ffi/rigs/ceilings/ceilings.c");
        let name = format!("trimtab-ceilings-{}.so", std::process::id());
        let library = std::env::temp_dir().join(name);
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
        let status = Command::new(&compiler)
            .args(FLAGS)
            .arg("-o")
            .args([&library, Path::new(source)])
            .arg("-lm")
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "{compiler} cannot build {source}"
        );
        let native = Self::load(&library);
        let _ = std::fs::remove_file(&library);
        native
    }

    fn load(path: &Path) -> Self {
        const NOW: c_int = 2;
        let path = CString::new(path.as_os_str().as_encoded_bytes()).expect("a path without NUL");
        // SAFETY: a NUL-terminated path to a library without initialisers.
        let library = unsafe { dlopen(path.as_ptr(), NOW) };
        assert!(!library.is_null(), "cannot load {path:?}");
        let symbol = |name: &CStr| {
            // SAFETY: the library was loaded above and is never closed.
            let address = unsafe { dlsym(library, name.as_ptr()) };
            assert!(!address.is_null(), "{name:?} is missing");
            address
        };
        // SAFETY: these are the types that ceilings.c gives them.
        unsafe {
            Self {
                scale: transmute::<*mut c_void, Scale>(symbol(c"scale_in_place")),
                adamw: transmute::<*mut c_void, Adamw>(symbol(c"adamw")),
            }
        }
    }

    /// `x *= factor`
    pub fn scale(&self, x: &mut [f32], factor: f32) {
        // SAFETY: exactly the elements of the slice.
        unsafe { (self.scale)(x.as_mut_ptr(), x.len(), factor) }
    }

    /// One step of the plain loop.
    pub fn adamw(&self, w: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32], f: &Factors) {
        assert!(w.len() == g.len() && m.len() == g.len() && v.len() == g.len());
        // SAFETY: all four have this length, and exclusive borrows do not overlap.
        unsafe {
            (self.adamw)(
                w.as_mut_ptr(),
                m.as_mut_ptr(),
                v.as_mut_ptr(),
                g.as_ptr(),
                g.len(),
                f.shrink,
                f.beta1,
                f.beta2,
                f.rate,
                f.inverse_root,
                f.eps,
            )
        }
    }
}
