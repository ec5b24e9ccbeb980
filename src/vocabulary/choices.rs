//! Closed sets of words without options.

/// One of a closed set of words, such as `bilinear` or `nearest`. Made by `choices!`.
pub trait Choices: Copy + Sized + 'static {
    /// All of them, as they are written.
    const NAMES: &'static [&'static str];
    /// The values, in the same order.
    const ALL: &'static [Self];

    /// The value of a word.
    fn from_name(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        Self::ALL.get(at).copied()
    }
}

/// Declares an enum of words: each variant with its spelling. It implements [`Choices`].
macro_rules! choices {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// As it is written.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::vocabulary::Choices for $name {
            const NAMES: &'static [&'static str] = &[$($word),+];
            const ALL: &'static [Self] = &[$(Self::$variant),+];
        }
    };
}

pub(super) use choices;
