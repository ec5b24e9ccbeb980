//! Drawings of what a trained model has learnt.

use super::{Category, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};
use crate::source::Spanned;

/// A layer, by its place in [`crate::ir::Model::layers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerId(pub u32);

impl LayerId {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One drawing.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawing {
    /// How much each place of a layer's map speaks for the answer. Source: Selvaraju et al.,
    /// arXiv:1610.02391.
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

const fn layer(help: &'static str) -> OptionSpec {
    OptionSpec::required("layer", OptionType::Layer, help)
}

impl Words for Drawing {
    const EXPECTED: &'static str = Category::Drawing.one();

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("grad_cam", "How much each place of a layer's map speaks for the answer.")
                .formula("max(0, Σ α_c A_c), α_c the mean of ∂(score of the answer) / ∂A_c over the map")
                .source("Selvaraju et al., arXiv:1610.02391")
                .example("grad_cam(conv2d_3)")
                .options(&[layer("A layer with a map, best the last one.")])
                .unnamed(1),
            |a| Drawing::GradCam { layer: a.layer("layer") },
        ),
        Row::new(
            Word::new("feature_maps", "The maps that a layer makes of a picture.")
                .example("feature_maps(conv2d_1, channels: 16)")
                .options(&[
                    layer("A layer with a map."),
                    OptionSpec::optional(
                        "channels",
                        OptionType::Int { min: 1 },
                        "16",
                        "How many, from the first on.",
                    ),
                ])
                .unnamed(1),
            |a| Drawing::FeatureMaps { layer: a.layer("layer"), channels: a.int("channels") },
        ),
        Row::new(
            Word::new("filters", "The kernels of a convolution as small pictures.")
                .example("filters(conv2d_1)")
                .options(&[layer("A convolution.")])
                .unnamed(1),
            |a| Drawing::Filters { layer: a.layer("layer") },
        ),
        Row::new(
            Word::new("confusion_matrix", "How often each class was taken for each other one.")
                .keras("ConfusionMatrixDisplay")
                .example("confusion_matrix"),
            |_| Drawing::ConfusionMatrix,
        ),
        Row::new(
            Word::new("mistakes", "Pictures with the most confident wrong answers.").example("mistakes"),
            |_| Drawing::Mistakes,
        ),
    ];

    /// Names of layers are the program's: [`Drawing::written_in`] has them.
    fn written(&self) -> Written {
        self.written_in(&|_| String::new())
    }
}

impl Drawing {
    /// As it is written in a program whose layers have these names.
    pub fn written_in(&self, path: &dyn Fn(LayerId) -> String) -> Written {
        let of = |layer: &Option<Spanned<LayerId>>| {
            let layer = layer
                .as_ref()
                .map(|layer| ("layer", OptionValue::Layer(path(layer.value), Some(layer.value))));
            layer.into_iter().collect::<Vec<_>>()
        };
        match self {
            Drawing::GradCam { layer } => Written::new("grad_cam", of(layer)),
            Drawing::FeatureMaps { layer, channels } => {
                let mut options = of(layer);
                options.push(("channels", OptionValue::Int(*channels)));
                Written::new("feature_maps", options)
            }
            Drawing::Filters { layer } => Written::new("filters", of(layer)),
            Drawing::ConfusionMatrix => Written::bare("confusion_matrix"),
            Drawing::Mistakes => Written::bare("mistakes"),
        }
    }
}
