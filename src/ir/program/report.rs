//! Drawings of what a trained model has learnt.

use super::LayerId;
use crate::source::Spanned;

/// The `report` section.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportSpec {
    /// Test pictures that drawings are made of. Default 8.
    pub images: usize,
    /// In the order written.
    pub drawings: Vec<Spanned<Drawing>>,
}

/// One drawing.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawing {
    /// How much each place of a layer's map speaks for the answer. Source: Selvaraju et al., arXiv:1610.02391.
    GradCam {
        /// The layer, where it could be found.
        layer: Option<Spanned<LayerId>>,
    },
    /// The maps that a layer makes of a picture.
    FeatureMaps {
        /// The layer, where it could be found.
        layer: Option<Spanned<LayerId>>,
        /// How many channels, from the first on. Default 16.
        channels: usize,
    },
    /// The kernels of a convolution as small pictures.
    Filters {
        /// The layer, where it could be found.
        layer: Option<Spanned<LayerId>>,
    },
    /// How often each class was taken for each other one.
    ConfusionMatrix,
    /// Pictures with the most confident wrong answers.
    Mistakes,
}

impl Drawing {
    /// As it is written.
    pub fn keyword(&self) -> &'static str {
        match self {
            Drawing::GradCam { .. } => "grad_cam",
            Drawing::FeatureMaps { .. } => "feature_maps",
            Drawing::Filters { .. } => "filters",
            Drawing::ConfusionMatrix => "confusion_matrix",
            Drawing::Mistakes => "mistakes",
        }
    }
}
