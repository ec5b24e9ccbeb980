//! What a trained model sees: computed by cuts of its own graph, and laid out as pictures.
//!
//! Each kind of picture has a function that computes (`attend`, `feature_maps`) and one that lays out
//! what came of it as a [`Scene`](crate::draw::scene::Scene). Neither reads or writes a file: the command
//! line does, and a page of a run can hold the scenes as SVG.

mod album;
mod attention;
mod attention_sheet;
mod charts;
mod class;
mod color_bar;
mod drawings;
mod embedding;
mod error;
mod excite;
mod feature_maps;
mod filters;
mod filters_sheet;
mod heat_map;
mod layer;
mod maps_sheet;
mod mistakes;
mod occlusion;
mod photo;
mod samples;

pub(crate) use crate::experiment::sheet::{class_name, varied_sheet};
pub use crate::vocabulary::Projection;
pub use album::{Album, Entry};
pub use attention::{Asked, Attention, Method, attend};
pub use attention_sheet::{Look, attention_sheet, nothing_speaks};
pub use charts::{confusion_of, curves_of};
pub use class::Answer;
pub use drawings::{Material, drawn, file_name, samples_of};
pub use embedding::{Embedding, MOST_POINTS, Wanted, embedding, embedding_sheet};
pub use error::Error;
pub use excite::Exciting;
pub use feature_maps::{FeatureMaps, feature_maps};
pub use filters::{Filters, Kernel, Shown, filters};
pub use filters_sheet::filters_sheet;
pub use heat_map::HeatMap;
pub use maps_sheet::maps_sheet;
pub use mistakes::{Mistake, Mistakes, mistakes, mistakes_in, mistakes_sheet};
pub use photo::Photo;
pub use samples::{Sampled, contact_sheet, sample_sheet, samples, samples_sheet};
