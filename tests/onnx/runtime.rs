//! The Python that runs exported models, and numbers to ask it with.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A Python that has ONNX Runtime.
pub(crate) fn python() -> Option<PathBuf> {
    let named = std::env::var_os("CNNC_ONNX_PYTHON").map(PathBuf::from);
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let has_it = Process::new(&python).args(["-c", "import onnx, onnxruntime"]).output();
    let has_it = has_it.is_ok_and(|done| done.status.success());
    assert!(has_it || named.is_none(), "{} has no `onnx` and `onnxruntime`", python.display());
    has_it.then_some(python)
}

/// Numbers that look random, in -1..1.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f32 {
        // Knuth's multiplier
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}
