//! The table of layer kinds.

use super::{
    ActivationLayer, Attributes, BatchNorm, Conv2d, Conv2dTranspose, Crop2d, Dense, DepthMaxPool,
    DepthwiseConv2d, Dropout, FixedFilter, Flatten, GaussianNoise, GlobalPool2d, Input, Join, KindInfo,
    LayerNorm, LayerOp, LayerScale, LocalResponseNorm, Normalization, Pool2d, RandomColor, RandomPlace,
    Rescaling, Reshape, Resizing, SeparableConv2d, SpatialDropout2d, StochasticDepth, Together, Upsample2d,
    ZeroPad2d,
};

macro_rules! layers {
    ($($variant:ident($ty:ty)),+ $(,)?) => {
        /// Any layer.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Layer {
            $(
                #[doc = concat!("See [`", stringify!($ty), "`].")]
                $variant($ty),
            )+
        }

        impl Layer {
            /// This layer's knowledge.
            pub fn as_op(&self) -> &dyn LayerOp {
                match self {
                    $(Layer::$variant(layer) => layer,)+
                }
            }

            /// All layer kinds, in the order of the table.
            pub fn kinds() -> impl Iterator<Item = &'static KindInfo> {
                std::iter::empty()$(.chain(<$ty>::KINDS.iter().map(|kind| &kind.info)))+
            }

            /// The layer of a keyword, with attributes made by its option table; `None` where there is no
            /// such kind.
            pub fn from_attributes(keyword: &str, attributes: &Attributes) -> Option<Self> {
                $(
                    if let Some(kind) = <$ty>::KINDS.iter().find(|kind| kind.info.keyword == keyword) {
                        return Some(Layer::$variant((kind.make)(attributes)));
                    }
                )+
                None
            }
        }
    };
}

layers! {
    Input(Input),
    Conv2d(Conv2d),
    DepthwiseConv2d(DepthwiseConv2d),
    SeparableConv2d(SeparableConv2d),
    Conv2dTranspose(Conv2dTranspose),
    Pool2d(Pool2d),
    GlobalPool2d(GlobalPool2d),
    DepthMaxPool(DepthMaxPool),
    BatchNorm(BatchNorm),
    LayerNorm(LayerNorm),
    LayerScale(LayerScale),
    LocalResponseNorm(LocalResponseNorm),
    Dropout(Dropout),
    SpatialDropout2d(SpatialDropout2d),
    StochasticDepth(StochasticDepth),
    GaussianNoise(GaussianNoise),
    Flatten(Flatten),
    Dense(Dense),
    Reshape(Reshape),
    ZeroPad2d(ZeroPad2d),
    Crop2d(Crop2d),
    Upsample2d(Upsample2d),
    Join(Join),
    Activation(ActivationLayer),
    Resizing(Resizing),
    Rescaling(Rescaling),
    Normalization(Normalization),
    RandomPlace(RandomPlace),
    RandomColor(RandomColor),
    FixedFilter(FixedFilter),
    Together(Together),
}

impl Layer {
    /// How a keyword's kind is written.
    pub fn kind(keyword: &str) -> Option<&'static KindInfo> {
        Self::kinds().find(|kind| kind.keyword == keyword)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;
    use crate::vocabulary::{Filter, OptionType, OptionValue};

    /// Every kind can be made of its defaults, with any value where there is none: table and constructor
    /// agree about names and types.
    #[test]
    fn tables_and_constructors_agree() {
        for kind in Layer::kinds() {
            let attributes = Attributes::new(kind.options, |option| match (option.default, option.ty) {
                (Some(_), _) => None,
                (None, OptionType::Int { .. }) => Some(OptionValue::Int(2)),
                (None, OptionType::Extents) => Some(OptionValue::Extents([2, 2])),
                (None, OptionType::Shape) => Some(OptionValue::Shape(vec![8, 8, 1])),
                (None, OptionType::Target) => Some(OptionValue::Shape(vec![8])),
                (None, OptionType::Range { .. }) => Some(OptionValue::Range([-0.1, 0.2])),
                (None, OptionType::Numbers) => Some(OptionValue::Numbers(vec![0.5])),
                (None, OptionType::Filter) => Filter::from_name("sobel_x").map(OptionValue::Filter),
                (None, OptionType::Activation) => OptionType::Activation.default_value("relu"),
                (None, _) => Some(OptionValue::Float(0.5)),
            })
            .expect("all are given")
            .placed((kind.keyword, Span::default()), Vec::new());
            let layer = Layer::from_attributes(kind.keyword, &attributes).expect("the kind is in the table");
            assert_eq!(layer.as_op().keyword(), kind.keyword);
        }
    }
}
