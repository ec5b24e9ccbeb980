//! The table of layer kinds.

use super::LayerOp;
use super::conv2d::Conv2d;
use crate::tensor::Shape;

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
        }
    };
}

layers! { Conv2d(Conv2d) }
