//! The memory that a tried kernel works on.

use super::aarch64;
use crate::desc::KernelDesc;
use crate::jit::{Arena, BoundArgument, BoundKernel, FlushDenormals, KernelSet, compile};
#[cfg(target_os = "linux")]
use crate::jit::{FencedArena, page_bytes};
use crate::kernel::{Simd, Target, scratch_bytes};

/// Bytes before and after each argument. As f32 they are NaN: what is read there and used shows.
const GUARD: usize = 256;
const GUARD_BYTE: u8 = 0xFF;

/// Scratch memory begins on a cache line, as in plans.
const LINE: usize = 64;

/// A kernel and what it is called with: scratch memory of this many bytes, `count` and `first`.
struct Trial<'a> {
    set: &'a KernelSet,
    scratch: usize,
    count: usize,
    first: usize,
}

/// Where arguments lie in an arena.
struct Places {
    offsets: Vec<usize>,
    scratch_at: usize,
}

/// Compiles a kernel, calls it with `count` and `first` on copies of the arguments, and returns what these
/// hold afterwards. With portable tiles it runs on AArch64 too ([`aarch64`]), and everywhere again with its
/// arguments between pages that nothing may touch ([`between_fences`]).
///
/// Which kernel it was that ended the program there: `CNNC_NAME_TRIALS=1` prints each one before it runs.
/// # Panics
/// If it wrote outside of its arguments, or left other bits at other places.
pub(in crate::kernel) fn run(
    desc: &KernelDesc,
    simd: Simd,
    args: &[Vec<u8>],
    [count, first]: [usize; 2],
) -> Vec<Vec<u8>> {
    let target = Target::of(simd);
    let set = compile(&target, std::slice::from_ref(desc)).expect("compiles");
    let trial = Trial { set: &set, scratch: scratch_bytes(desc, &target), count, first };
    name(desc, &trial);
    let mut end = GUARD;
    let mut offsets = Vec::new();
    for (i, arg) in args.iter().enumerate() {
        // each at another distance from a vector's alignment
        let offset = end.next_multiple_of(LINE) + 4 * (i % 4 + 1);
        offsets.push(offset);
        end = offset + arg.len() + GUARD;
    }
    let scratch_at = end.next_multiple_of(LINE);
    let size = scratch_at + trial.scratch + GUARD;
    let mut arena = Arena::new(size).expect("memory");
    arena.bytes_mut(0, size).fill(GUARD_BYTE);
    let places = Places { offsets, scratch_at };
    places.write(&mut arena, args);
    let before = arena.bytes(0, scratch_at).to_vec();
    trial.call(&places, &mut arena);
    if simd == Simd::Portable {
        aarch64::Call { desc, offsets: &places.offsets, count, first }
            .check(&before, arena.bytes(0, scratch_at));
    }
    let mut clean = 0;
    let regions = places.offsets.iter().copied().zip(args.iter().map(Vec::len));
    for (offset, bytes) in regions.chain([(scratch_at, trial.scratch)]) {
        let guard = arena.bytes(clean, offset - clean);
        assert!(
            guard.iter().all(|&b| b == GUARD_BYTE),
            "written before byte {offset} of the arena: {desc:?}"
        );
        clean = offset + bytes;
    }
    let rest = arena.bytes(clean, size - clean);
    assert!(rest.iter().all(|&b| b == GUARD_BYTE), "written behind the arguments: {desc:?}");
    let results = places.read(&arena, args);
    #[cfg(target_os = "linux")]
    for at_end in [false, true] {
        let again = trial.between_fences(args, at_end);
        assert!(again == results, "at other places the kernel leaves other bits: {desc:?}");
    }
    results
}

fn name(desc: &KernelDesc, trial: &Trial<'_>) {
    if std::env::var_os("CNNC_NAME_TRIALS").is_some() {
        eprintln!("{} from {} of {desc:?}", trial.count, trial.first);
    }
}

impl Trial<'_> {
    #[allow(unsafe_code, reason = "a test of exactly this: whether a kernel keeps to its arguments")]
    fn call(&self, places: &Places, arena: &mut Arena) {
        let argument = |&offset: &usize| BoundArgument::Arena { offset, stride: 0, tasks: 1 };
        let scratch = (self.scratch > 0).then_some(BoundArgument::Scratch { offset: 0 });
        let arguments: Vec<_> = places.offsets.iter().map(argument).chain(scratch).collect();
        let kernel = BoundKernel::new(self.set.entry(0), &arguments, arena.size_bytes(), self.scratch)
            .expect("inside");
        let _flush = FlushDenormals::new();
        // SAFETY: tests give arguments of the sizes that the description asks for; no other call is made
        // meanwhile. A kernel that goes further is what the guards and fences around them are there for.
        unsafe { kernel.call(&arena.run(), 0, self.count, self.first, places.scratch_at) };
    }

    /// The same call with each argument, and the scratch memory, between two pages that nothing may touch:
    /// right behind the first, or right before the second. Whoever reads a byte too many ends the program
    /// there, even where the byte would not be used.
    #[cfg(target_os = "linux")]
    fn between_fences(&self, args: &[Vec<u8>], at_end: bool) -> Vec<Vec<u8>> {
        let sizes = args.iter().map(Vec::len).chain([self.scratch.next_multiple_of(LINE)]);
        let page = page_bytes();
        let mut fences = Vec::new();
        let mut offsets = Vec::new();
        let mut end = 0;
        for size in sizes {
            fences.push(end..end + page);
            let room = size.next_multiple_of(page).max(page);
            offsets.push(end + page + if at_end { room - size } else { 0 });
            end += page + room;
        }
        fences.push(end..end + page);
        let mut arena = FencedArena::new(end + page).expect("memory");
        let scratch_at = offsets.pop().expect("the scratch memory's");
        let places = Places { offsets, scratch_at };
        places.write(&mut arena, args);
        for fence in fences {
            arena.fence(fence);
        }
        self.call(&places, &mut arena);
        places.read(&arena, args)
    }
}

impl Places {
    fn write(&self, arena: &mut Arena, args: &[Vec<u8>]) {
        for (arg, &offset) in args.iter().zip(&self.offsets) {
            arena.bytes_mut(offset, arg.len()).copy_from_slice(arg);
        }
    }

    fn read(&self, arena: &Arena, args: &[Vec<u8>]) -> Vec<Vec<u8>> {
        args.iter().zip(&self.offsets).map(|(arg, &offset)| arena.bytes(offset, arg.len()).to_vec()).collect()
    }
}
