//! The table of codes.

use super::Level;
use std::fmt;
use std::str::FromStr;

macro_rules! codes {
    ($($code:ident $level:ident),+ $(,)?) => {
        /// The stable name of a kind of problem. Its letter is part of the name; the level is a field of the
        /// diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the catalogue has a page on each of them")]
        pub enum Code {
            $($code),+
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$code),+];

            /// As it is printed.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$code => stringify!($code)),+
                }
            }

            /// The usual level.
            pub fn level(self) -> Level {
                match self {
                    $(Code::$code => Level::$level),+
                }
            }

            /// A file that has this problem, and the nearest one that has not.
            pub(super) fn examples(self) -> [&'static str; 2] {
                match self {
                    $(Code::$code => [
                        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/check/", stringify!($code), ".cnn")),
                        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/check/", stringify!($code), ".ok.cnn")),
                    ]),+
                }
            }
        }
    };
}

// E00xx syntax and names, E01xx shapes and wiring, E02xx output and loss, E03xx data, E04xx augmentation,
// E05xx training.
codes! {
    E0001 Error,
    E0002 Error,
    E0003 Error,
    E0004 Error,
    E0005 Error,
    E0006 Error,
    E0007 Error,
    E0008 Error,
    E0009 Error,
    E0010 Error,
    E0011 Error,
    E0012 Error,
    E0013 Error,
    E0014 Error,
    E0015 Error,
    E0016 Error,
    E0017 Error,
    E0018 Error,
    E0019 Error,
    E0020 Error,
    E0021 Error,
    E0022 Error,
    E0023 Error,
    E0024 Error,
    E0025 Error,
    E0026 Error,
    E0027 Error,
    E0101 Error,
    E0102 Error,
    E0103 Error,
    E0104 Error,
    E0107 Error,
    E0108 Error,
    E0109 Error,
    E0110 Error,
    E0111 Error,
    E0112 Error,
    E0113 Error,
    W0114 Warning,
    W0115 Hint,
    E0116 Error,
    E0117 Error,
    W0118 Warning,
    E0119 Error,
    E0120 Error,
    E0121 Error,
    E0122 Error,
    E0123 Error,
    E0124 Error,
    W0125 Warning,
    E0126 Error,
    W0128 Warning,
    W0129 Warning,
    E0201 Error,
    W0202 Warning,
    E0203 Error,
    E0204 Error,
    E0206 Error,
    W0207 Warning,
    W0208 Warning,
    W0209 Warning,
    W0210 Warning,
    W0211 Warning,
    W0212 Warning,
    E0213 Error,
    E0214 Error,
    E0215 Error,
    W0216 Warning,
    E0217 Error,
    E0218 Error,
    E0219 Error,
    E0220 Error,
    E0223 Error,
    W0229 Warning,
    H0230 Hint,
    W0301 Warning,
    E0302 Error,
    E0304 Error,
    E0305 Error,
    W0306 Warning,
    W0307 Warning,
    W0308 Warning,
    W0310 Warning,
    W0311 Warning,
    H0312 Hint,
    H0313 Hint,
    E0315 Error,
    W0321 Warning,
    W0322 Warning,
    E0323 Error,
    W0402 Warning,
    W0403 Warning,
    W0404 Warning,
    E0405 Error,
    E0406 Error,
    E0407 Error,
    W0408 Warning,
    W0409 Warning,
    W0410 Hint,
    E0501 Error,
    W0503 Warning,
    W0504 Warning,
    W0505 Warning,
    W0506 Warning,
    W0507 Warning,
    E0508 Error,
    E0509 Error,
    W0510 Warning,
    W0511 Warning,
    W0512 Warning,
    H0513 Hint,
    W0514 Warning,
    E0515 Error,
    W0516 Warning,
    W0517 Warning,
    E0518 Error,
    W0519 Warning,
    W0520 Warning,
    E0522 Error,
    E0525 Error,
    W0529 Warning,
    W0530 Warning,
    W0531 Warning,
    E0532 Error,
    E0533 Error,
    E0534 Error,
    W0535 Warning,
    E0540 Error,
    E0541 Error,
}

impl Code {
    /// Whether it is about how the model is trained, on which data and how these are varied: nothing to
    /// whoever looks at a model or uses it.
    pub fn is_about_training(self) -> bool {
        let is_of_layers = matches!(self, Code::W0512 | Code::H0513);
        let is_of_pictures = matches!(self, Code::W0301);
        let is_of_classes = matches!(self, Code::W0216);
        let section = self.as_str().as_bytes()[2];
        is_of_classes || (matches!(section, b'3' | b'4' | b'5') && !is_of_layers && !is_of_pictures)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no such code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCode;

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Code::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownCode)
    }
}
