//! How a picture becomes the model's input.

use super::Backbone;
use crate::source::{Span, Spanned};
use crate::vocabulary::{Color, Normalize, Resize};

/// The `prepare` section: the one description of how a picture becomes the model's input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrepareSpec {
    /// New size.
    pub resize: Option<Spanned<Resize>>,
    /// Colour conversion. Without it a picture keeps its channels (built-in sets) or is read as RGB
    /// (folders).
    pub color: Option<Spanned<Color>>,
    /// Factor for every value (0..=255 before it).
    pub rescale: Option<Spanned<f32>>,
    /// Shift and scale after that.
    pub normalize: Option<Spanned<Normalize>>,
}

impl PrepareSpec {
    /// As torchvision prepares pictures for its weights, in the size that is said here.
    pub fn as_torchvision(&self) -> Self {
        let somewhere = Span::default();
        Self {
            color: None,
            rescale: Some(Spanned::new(1.0 / 255.0, somewhere)),
            normalize: Some(Spanned::new(Normalize::imagenet(), somewhere)),
            ..self.clone()
        }
    }

    /// Takes over what the weights of a model used as a layer bring and this section does not say. `used` is
    /// where the model is used; `size` that of the whole model's input: a size is taken over only where it is
    /// this one.
    pub fn adopt(&mut self, backbone: &Backbone, used: Span, size: Option<[usize; 2]>) {
        let (Some(_), Some(theirs)) = (&backbone.weights, &backbone.prepare) else { return };
        let fits = |resize: &Spanned<Resize>| Some([resize.value.height, resize.value.width]) == size;
        take(&mut self.resize, theirs.resize.as_ref().filter(|resize| fits(resize)), used);
        take(&mut self.color, theirs.color.as_ref(), used);
        take(&mut self.rescale, theirs.rescale.as_ref(), used);
        take(&mut self.normalize, theirs.normalize.as_ref(), used);
    }
}

fn take<T: Clone>(ours: &mut Option<Spanned<T>>, theirs: Option<&Spanned<T>>, used: Span) {
    if ours.is_none() {
        *ours = theirs.map(|theirs| Spanned::new(theirs.value.clone(), used));
    }
}
