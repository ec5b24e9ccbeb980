//! How much of a picture, an archive or a table is taken in before it is refused.

/// Pixels of a picture where nothing else is asked for: 100 million. Cameras make 12 to 61 million;
/// a picture of this size takes 300 MB decoded, so that a few of them at once still fit into small
/// machines. Panoramas, scans and satellite pictures beyond it are asked for by `--max-pixels`.
pub const MAX_PIXELS: u64 = 100_000_000;

/// All threads together decode within this: 1 GiB, about 24 photos of 12 million pixels.
const TOGETHER_BYTES: u64 = 1 << 30;
/// Pictures out of compressed archives are kept in memory, as long as they take no more than this:
/// 4 GiB.
const HELD_BYTES: u64 = 4 << 30;
/// Larger picture files are refused: 512 MiB.
const FILE_BYTES: u64 = 512 << 20;
/// Larger tables are refused: 1 GiB.
const TABLE_BYTES: u64 = 1 << 30;

/// Within which bounds data are read. What is beyond them is an error with figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Pixels of a picture, by its header.
    pub max_pixels: u64,
    /// Memory that there is, in bytes.
    pub memory_bytes: u64,
}

impl Default for Bounds {
    /// As many pixels as where nothing else is asked for, and memory without end.
    fn default() -> Self {
        Self { max_pixels: MAX_PIXELS, memory_bytes: u64::MAX }
    }
}

impl Bounds {
    /// What decoding one picture may take: half of the memory.
    pub(crate) fn picture_bytes(self) -> u64 {
        self.memory_bytes / 2
    }

    /// What decoding may take in all threads together, unless one picture alone takes more.
    pub(crate) fn together_bytes(self) -> u64 {
        TOGETHER_BYTES.min(self.memory_bytes / 2)
    }

    /// What may be held of the files in a compressed archive.
    pub(super) fn held_bytes(self) -> u64 {
        HELD_BYTES.min(self.memory_bytes / 2)
    }

    /// Size of a picture file.
    pub(super) fn file_bytes(self) -> u64 {
        FILE_BYTES.min(self.memory_bytes / 4)
    }

    /// Size of a table. What is made of its rows takes more.
    pub(super) fn table_bytes(self) -> u64 {
        TABLE_BYTES.min(self.memory_bytes / 8)
    }

    /// What the labels of an array may take in their file; in memory they stand as other numbers
    /// beside it.
    pub(super) fn label_bytes(self) -> u64 {
        self.memory_bytes / 8
    }

    /// What arrays may take.
    pub(super) fn array_bytes(self) -> u64 {
        self.memory_bytes
    }
}

/// `1.5 GiB`
pub(crate) fn size_text(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    match mib {
        small if small < 1.0 => format!("{bytes} bytes"),
        mib if mib < 1024.0 => format!("{mib:.0} MiB"),
        mib => format!("{:.1} GiB", mib / 1024.0),
    }
}
