//! Drawings of what a trained model has learnt.

use super::choices::{Choices, choices};
use super::{Category, NONE, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};
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
    /// Pictures of the data with their labels.
    Samples {
        /// Beside each the same as it is augmented. Default false.
        augmented: bool,
    },
    /// Loss, metrics and learning rate, epoch by epoch.
    Curves,
    /// How much each place of a layer's map speaks for the answer. Source: Selvaraju et al.,
    /// arXiv:1610.02391.
    GradCam {
        /// The layer; `None`: the last one with a map of at least 4x4.
        layer: Option<Spanned<LayerId>>,
    },
    /// The maps that a layer makes of a picture.
    FeatureMaps {
        /// The layer; `None`: the last one with a map of at least 4x4.
        layer: Option<Spanned<LayerId>>,
        /// How many channels, from the first on. Default 16.
        channels: usize,
    },
    /// The kernels of a convolution as small pictures.
    Filters {
        /// The layer; `None`: the first one that has kernels.
        layer: Option<Spanned<LayerId>>,
    },
    /// How often each class was taken for each other one.
    ConfusionMatrix,
    /// Pictures with the most confident wrong answers.
    Mistakes,
    /// Pictures as points: those that the model holds to be alike lie near each other.
    Embedding {
        /// The layer; `None`: the one before the last that has weights.
        layer: Option<Spanned<LayerId>>,
        /// How many dimensions become two. Default t-SNE.
        projection: Projection,
    },
}

choices! {
    /// How points in many dimensions become points in two.
    #[derive(Default)]
    pub enum Projection {
        /// Neighbours stay neighbours. Source: van der Maaten and Hinton, JMLR 9 (2008).
        #[default]
        Tsne = "tsne",
        /// Seen from where they lie furthest apart: the two largest principal components.
        Pca = "pca",
    }
}

const fn layer(help: &'static str) -> OptionSpec {
    OptionSpec::optional("layer", OptionType::Layer, NONE, help)
}

impl Drawing {
    /// The layer that it is of, if one is named.
    pub fn layer(&self) -> Option<LayerId> {
        match self {
            Drawing::GradCam { layer }
            | Drawing::FeatureMaps { layer, .. }
            | Drawing::Filters { layer }
            | Drawing::Embedding { layer, .. } => layer.as_ref().map(|layer| layer.value),
            Drawing::Samples { .. } | Drawing::Curves | Drawing::ConfusionMatrix | Drawing::Mistakes => None,
        }
    }

    /// The same of another layer, where one is named.
    #[must_use]
    pub fn of_layer(mut self, place: LayerId) -> Self {
        match &mut self {
            Drawing::GradCam { layer }
            | Drawing::FeatureMaps { layer, .. }
            | Drawing::Filters { layer }
            | Drawing::Embedding { layer, .. } => {
                if let Some(layer) = layer {
                    layer.value = place;
                }
            }
            Drawing::Samples { .. } | Drawing::Curves | Drawing::ConfusionMatrix | Drawing::Mistakes => {}
        }
        self
    }
}

impl Words for Drawing {
    const EXPECTED: &'static str = Category::Drawing.one();

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("samples", "Pictures of the data with their labels.")
                .example("samples(augmented: true)")
                .options(&[OptionSpec::optional(
                    "augmented",
                    OptionType::Bool,
                    "false",
                    "Beside each the same as it is augmented.",
                )]),
            |a| Drawing::Samples { augmented: a.bool("augmented") },
        ),
        Row::new(
            Word::new("curves", "Loss, metrics and learning rate, epoch by epoch.")
                .keras("History")
                .example("curves"),
            |_| Drawing::Curves,
        ),
        Row::new(
            Word::new("grad_cam", "How much each place of a layer's map speaks for the answer.")
                .formula("max(0, Σ α_c A_c), α_c the mean of ∂(score of the answer) / ∂A_c over the map")
                .source("Selvaraju et al., arXiv:1610.02391")
                .example("grad_cam(conv2d_3)")
                .options(&[layer("A layer with a map; `none`: the last one with a map of at least 4x4.")])
                .unnamed(1),
            |a| Drawing::GradCam { layer: a.layer("layer") },
        ),
        Row::new(
            Word::new("feature_maps", "The maps that a layer makes of a picture.")
                .example("feature_maps(conv2d_1, channels: 16)")
                .options(&[
                    layer("A layer with a map; `none`: the last one with a map of at least 4x4."),
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
                .options(&[layer("A convolution; `none`: the first one.")])
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
        Row::new(
            Word::new(
                "embedding",
                "Pictures as points: those that the model holds to be alike lie near each other.",
            )
            .source("van der Maaten and Hinton, JMLR 9 (2008)")
            .example("embedding(projection: tsne)")
            .options(&[
                layer(
                    "Whose results pictures are compared by; `none`: the one before the last with weights.",
                ),
                OptionSpec::optional(
                    "projection",
                    OptionType::Choice(Projection::NAMES),
                    "tsne",
                    "How many dimensions become two: neighbours stay neighbours (`tsne`), or seen from where \
                     they lie furthest apart (`pca`).",
                ),
            ])
            .unnamed(1),
            |a| Drawing::Embedding { layer: a.layer("layer"), projection: a.one_of("projection") },
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
            let layer = layer.as_ref().map(|layer| OptionValue::Layer(path(layer.value), Some(layer.value)));
            vec![("layer", layer.unwrap_or(OptionValue::None))]
        };
        match self {
            Drawing::Samples { augmented } => {
                Written::new("samples", [("augmented", OptionValue::Bool(*augmented))])
            }
            Drawing::Curves => Written::bare("curves"),
            Drawing::GradCam { layer } => Written::new("grad_cam", of(layer)),
            Drawing::FeatureMaps { layer, channels } => {
                let mut options = of(layer);
                options.push(("channels", OptionValue::Int(*channels)));
                Written::new("feature_maps", options)
            }
            Drawing::Filters { layer } => Written::new("filters", of(layer)),
            Drawing::ConfusionMatrix => Written::bare("confusion_matrix"),
            Drawing::Mistakes => Written::bare("mistakes"),
            Drawing::Embedding { layer, projection } => {
                let mut options = of(layer);
                options.push(("projection", OptionValue::Choice(projection.name())));
                Written::new("embedding", options)
            }
        }
    }
}
