//! What each kind of layer is in ONNX.
//!
//! One file for each subject, one function for each kind: the operators that compute it, with the operands
//! and attributes that carry its options. Whoever reads ONNX files turns the same functions around.

mod activation;
mod conv;
mod ensemble;
mod join;
mod norm;
mod place;
mod pool;
mod scale;
mod vector;

pub(super) use scale::channel_constant;

use super::error::Unsupported;
use super::writer::{LayerWriter, Operand};
use crate::layers::Layer;
use crate::tensor::{Shape, VectorOrder};

/// A layer and what it stands between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) inputs: &'a [Operand],
    /// Shape of its result.
    pub(super) output: &'a Shape,
    /// How its result lies, if that is a vector.
    pub(super) order: Option<&'a VectorOrder>,
}

impl Site<'_> {
    /// The only operand, or the first.
    fn x(&self) -> &Operand {
        &self.inputs[0]
    }
}

/// Writes a layer; the name of its result comes back.
pub(super) fn write(
    layer: &Layer,
    site: Site<'_>,
    w: &mut LayerWriter<'_, '_>,
) -> Result<String, Unsupported> {
    let x = &site.x().name;
    Ok(match layer {
        // the pictures, which are there, and what is done in training alone
        Layer::Input(_)
        | Layer::Dropout(_)
        | Layer::SpatialDropout2d(_)
        | Layer::GaussianNoise(_)
        | Layer::StochasticDepth(_)
        | Layer::RandomColor(_) => x.clone(),
        Layer::Conv2d(conv) => conv::conv2d(conv, site, w),
        Layer::DepthwiseConv2d(conv) => conv::depthwise_conv2d(conv, site, w),
        Layer::SeparableConv2d(conv) => conv::separable_conv2d(conv, site, w),
        Layer::Conv2dTranspose(conv) => conv::conv2d_transpose(conv, site, w),
        Layer::FixedFilter(filter) => conv::fixed_filter(filter, site, w),
        Layer::Pool2d(pool) => pool::pool2d(pool, site, w),
        Layer::GlobalPool2d(pool) => pool::global_pool2d(pool, site, w),
        Layer::DepthMaxPool(pool) => pool::depth_max_pool(pool, site, w),
        Layer::BatchNorm(norm) => norm::batch_norm(norm, site, w),
        Layer::LayerNorm(norm) => norm::layer_norm(norm, site, w),
        Layer::LocalResponseNorm(norm) => norm::local_response_norm(norm, site, w),
        Layer::Flatten(_) => vector::flatten(site, w)?,
        Layer::Reshape(_) => vector::reshape(site, w)?,
        Layer::Dense(dense) => vector::dense(dense, site, w),
        Layer::ZeroPad2d(pad) => place::zero_pad(x, pad.padding, w),
        Layer::Crop2d(crop) => place::crop(x, crop.cropping, w),
        Layer::Upsample2d(upsample) => place::upsample2d(upsample, site, w),
        Layer::Resizing(resizing) => place::resizing(resizing, site, w)?,
        Layer::RandomPlace(random) => place::random_place(random, site, w)?,
        Layer::Join(join) => join::join(*join, site, w),
        Layer::Together(together) => ensemble::together(*together, site, w),
        Layer::Activation(layer) => activation::activation(x, layer.activation, w),
        Layer::LayerScale(_) => scale::layer_scale(site, w),
        Layer::Rescaling(rescaling) => scale::rescaling(rescaling, site, w),
        Layer::Normalization(normalization) => scale::normalization(normalization, site, w),
    })
}
