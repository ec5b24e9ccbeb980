//! The same kernels on AArch64: compiled for it here, run in an emulator (`qemu-aarch64`) by a small C
//! program, `tests/aarch64/harness.c`.
//!
//! Every kernel that a test runs with portable tiles runs here too, from the same memory, and has to leave
//! the same bits: the tests' references thus judge both. Without the tools, nothing is run here, and
//! [`tests::runs_or_says_why_not`] says why.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::desc::KernelDesc;
use crate::jit;
use crate::kernel::host::Host;
use crate::kernel::{Simd, Target, scratch_bytes};

const COMPILER: &str = "aarch64-linux-gnu-gcc";
/// The names of one emulator.
const EMULATORS: [&str; 2] = ["qemu-aarch64", "qemu-aarch64-static"];

/// Free bytes around scratch memory, that nothing may write to.
const GUARD: usize = 256;
const GUARD_BYTE: u8 = 0xFF;

/// One call of a kernel: where its arguments but scratch memory begin, and what it is called with.
pub(in crate::kernel) struct Call<'a> {
    pub(in crate::kernel) desc: &'a KernelDesc,
    pub(in crate::kernel) offsets: &'a [usize],
    pub(in crate::kernel) count: usize,
    pub(in crate::kernel) first: usize,
}

impl Call<'_> {
    /// Runs the kernel on a copy of `before`.
    /// # Panics
    /// If it leaves other bits than `after`; one NaN is as good as another.
    pub(in crate::kernel) fn check(&self, before: &[u8], after: &[u8]) {
        let Ok(emulator) = emulator() else { return };
        let code = jit::aarch64(self.desc).expect("compiles");
        let scratch = scratch_bytes(self.desc, &Target::of(Simd::Neon));
        let scratch_at = (before.len() + GUARD).next_multiple_of(64);
        let mut memory = before.to_vec();
        memory.resize(scratch_at + scratch + GUARD, GUARD_BYTE);
        let scratch_offset = (scratch > 0).then_some(scratch_at);
        let offsets: Vec<usize> = self.offsets.iter().copied().chain(scratch_offset).collect();
        let numbers = [code.len(), memory.len(), offsets.len(), self.count, self.first];
        emulator.lock().unwrap_or_else(PoisonError::into_inner).run(&numbers, &offsets, &code, &mut memory);

        let number = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("four bytes"));
        for (at, (got, want)) in memory.chunks_exact(4).zip(after.chunks_exact(4)).enumerate() {
            let [x, y] = [got, want].map(number);
            let equal = got == want || x.is_nan() && y.is_nan();
            let place = 4 * at;
            let Self { desc, offsets, .. } = self;
            assert!(
                equal,
                "aarch64: {x} ({got:x?}) instead of {y} ({want:x?}) at {place} of {offsets:?}: {desc:?}"
            );
        }
        let guards = memory[before.len()..scratch_at].iter().chain(&memory[scratch_at + scratch..]);
        assert!(guards.copied().all(|byte| byte == GUARD_BYTE), "aarch64: written around scratch memory");
    }
}

/// The running emulator. It ends with us: then its input does.
struct Emulator {
    child: Child,
}

impl Emulator {
    /// Builds the C program and starts it.
    fn start() -> Result<Self, String> {
        Host::aarch64().map_err(|_| "built without the feature `aarch64`")?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let program = folder.path().join("harness");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aarch64/harness.c");
        let built = Command::new(COMPILER).args(["-O1", "-static", "-o"]).arg(&program).arg(source).output();
        let built = built.map_err(|e| format!("no {COMPILER}: {e}"))?;
        if !built.status.success() {
            return Err(format!("{COMPILER}: {}", String::from_utf8_lossy(&built.stderr)));
        }
        let start =
            |name| Command::new(name).arg(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let child = EMULATORS.into_iter().find_map(|name| start(name).ok());
        let mut child = child.ok_or(format!("no {}", EMULATORS.join(" or ")))?;
        // the program's file may go once it says that it runs
        let mut ready = [0];
        let answer = child.stdout.as_mut().expect("a pipe").read_exact(&mut ready);
        answer.map_err(|e| format!("the emulator does not run: {e}"))?;
        Ok(Self { child })
    }

    fn run(&mut self, numbers: &[usize; 5], offsets: &[usize], code: &[u8], memory: &mut [u8]) {
        let words = numbers.iter().chain(offsets).flat_map(|&number| (number as u64).to_le_bytes());
        let mut job: Vec<u8> = words.collect();
        job.extend_from_slice(code);
        job.extend_from_slice(memory);
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(&job).and_then(|()| input.flush()).expect("the emulator takes the job");
        self.child.stdout.as_mut().expect("a pipe").read_exact(memory).expect("the kernel comes back");
    }
}

/// Whether kernels run on AArch64 too.
pub(in crate::kernel) fn is_emulated() -> bool {
    emulator().is_ok()
}

/// One for all tests of a process, or why there is none.
fn emulator() -> Result<&'static Mutex<Emulator>, &'static str> {
    static EMULATOR: OnceLock<Result<Mutex<Emulator>, String>> = OnceLock::new();
    EMULATOR.get_or_init(|| Emulator::start().map(Mutex::new)).as_ref().map_err(String::as_str)
}

mod tests {
    use super::*;
    use crate::desc::{MatmulDesc, MatmulKind};

    fn product() -> MatmulDesc {
        MatmulDesc {
            kind: MatmulKind::Forward,
            inputs: 2,
            outputs: 1,
            input_pitch: 2,
            weight_pitch: 1,
            output_pitch: 1,
            max_rows: 1,
            bias: false,
            activation: None,
        }
    }

    /// `[2, 3] · [5, 7]ᵀ`, with the result that is expected.
    fn check(result: f32) {
        let image = |last: f32| {
            [2.0, 3.0, 5.0, 7.0, last].iter().flat_map(|v: &f32| v.to_le_bytes()).collect::<Vec<_>>()
        };
        let desc = KernelDesc::Matmul(product());
        Call { desc: &desc, offsets: &[0, 8, 16], count: 1, first: 0 }.check(&image(0.0), &image(result));
    }

    #[test]
    fn runs_or_says_why_not() {
        match emulator() {
            Ok(_) => check(31.0),
            Err(reason) => println!("skipped: kernels are not run on AArch64: {reason}"),
        }
    }

    /// What makes all the other tests' silence mean something.
    #[test]
    fn a_wrong_result_is_noticed() {
        let noticed = std::panic::catch_unwind(|| check(32.0)).is_err();
        assert_eq!(noticed, emulator().is_ok());
    }
}
