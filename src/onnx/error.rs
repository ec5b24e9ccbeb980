//! What cannot be written.

use super::opset::Opset;

/// A layer cannot be written as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// A picture of any size is made one of a fixed size, which came with opset 18.
    #[error("`{layer}` makes one size of pictures of any size, which ONNX's opset {asked} cannot say")]
    ResizeOfAny {
        /// The layer.
        layer: String,
        /// The one that was asked for.
        asked: Opset,
    },
    /// How much is cut off or put around follows the picture's size.
    #[error("what `{layer}` cuts off or puts around follows the picture's size, which the model leaves open")]
    OpenMargins {
        /// The layer.
        layer: String,
    },
    /// The length of a vector, or another shape, follows the picture's size.
    #[error(
        "the order of the values that `{layer}` makes follows the picture's size, which the model leaves open"
    )]
    OpenVector {
        /// The layer.
        layer: String,
    },
    /// The least deviation follows the picture's size.
    #[error("`normalize: per_image` divides by the number of pixels, which the model leaves open")]
    OpenPerImage,
}

impl Unsupported {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Unsupported::ResizeOfAny { .. } => {
                format!("write it in a newer one: `--opset {}`", Opset::RESIZES_ANY)
            }
            Unsupported::OpenMargins { .. } | Unsupported::OpenVector { .. } => {
                "write the size in the model: `input(224x224x3)`".to_owned()
            }
            Unsupported::OpenPerImage => "prepare pictures before the graph: `--no-prepare`".to_owned(),
        }
    }
}
