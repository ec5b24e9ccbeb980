//! What is said about a file before it is read.

use crate::data::Locations;

/// How a file is read. The default takes it as it stands.
///
/// ```
/// use cnnc::Options;
///
/// let mut options = Options { model: Some("Small".to_owned()), ..Options::default() };
/// options.set("train.batch", 64);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The model that is meant, where the file has several.
    pub model: Option<String>,
    /// Settings that overrule those of the file, in its own notation: `("train.batch", "64")`. No warning is
    /// made of them.
    pub settings: Vec<(String, String)>,
    /// Where data are looked for, what may be read, and how much is taken in. `None`: beside the file,
    /// in `CNNC_DATA_DIR`, in the user's cache; what is missing is fetched.
    pub locations: Option<Locations>,
    /// How closely the data are looked at.
    pub look: Look,
    /// The most memory that the program may be planned with, in bytes; never more than the machine has.
    pub memory_bytes: Option<u64>,
}

impl Options {
    /// Overrules a setting of the file.
    pub fn set(&mut self, key: impl Into<String>, value: impl ToString) {
        self.settings.push((key.into(), value.to_string()));
    }
}

/// How closely data are looked at before anything is compiled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Look {
    /// Names and headers; and the memory of the machine is not asked for: for what does not train.
    Names,
    /// Names and headers.
    #[default]
    Card,
    /// All files once, where they are few and small.
    SmallPass,
    /// All files once.
    Pass,
}
