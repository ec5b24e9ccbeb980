//! Every word that a file may hold, and the typed value that it makes.
//!
//! A word is a row of a table: keyword, options (name, type, default as it would be written), one sentence,
//! formula, source, example, and what Keras calls it. A row also makes the typed value of attributes that
//! were read by its options ([`Words`]), and the value can write itself back ([`Written`]). Whatever tells
//! words apart reads these tables: lowering, `show`, the settings of a run, the reference, suggestions,
//! reserved words, `cnnc explain`. `docs/adding-a-word.md` adds one.
//!
//! Layers are words too. Their rows stand beside what they compute, in [`crate::layers`]; models of the zoo
//! are files. [`crate::reference`] puts all of them together.
//!
//! Rules that hold between several options, or between a word and its place, are functions of lowering and of
//! the checker.

mod activation;
mod attributes;
mod augmentation;
mod callback;
mod category;
mod choices;
mod drawing;
mod filter;
mod initializer;
mod limit;
mod loss;
mod metric;
mod optimizer;
mod option;
mod prepare;
mod regularizer;
mod schedule;
mod sections;
mod settings;
mod source;
mod strategy;
mod text;
mod value;
mod word;

pub use activation::{Activation, ActivationKind};
pub use attributes::Attributes;
pub use augmentation::{AugmentKind, Fill};
pub use callback::{Callback, Writes};
pub use category::Category;
pub use choices::Choices;
pub use drawing::{Drawing, LayerId, Projection};
pub use filter::Filter;
pub use initializer::{FanMode, Initializer, ScaledDistribution};
pub use limit::Limit;
pub use loss::{Link, Loss, LossOptions};
pub use metric::{Metric, Monitor};
pub use optimizer::Optimizer;
pub use option::{MOST, NONE, OptionSpec, OptionType, WIDEST};
pub use prepare::{Color, Fit, Normalize, Resize, ResizeMethod};
pub use regularizer::Regularizer;
pub use schedule::{Schedule, SchedulePoint};
pub use sections::{
    AUGMENT, DATA, ENSEMBLE, OF_ALL_PHASES, PREPARE, REPORT, SECTIONS, SectionInfo, TRAIN, TUNE, section,
};
pub use settings::{
    Cache, ClassWeight, Combine, Damaged, Grouping, Impossible, LabelKind, Matching, Split, SplitBase,
};
pub use source::{CsvSource, DataSource};
pub use strategy::{Sampling, Strategy};
pub use text::{call, factor, list, named, number, quoted};
pub use value::OptionValue;
pub use word::{Row, Word, Words, Written};

pub(crate) use regularizer::{BIAS_REGULARIZER, KERNEL_REGULARIZER, option as regularizer_option};
