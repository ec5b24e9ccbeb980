//! What each operator is here: the functions of [`crate::onnx`]'s layers turned around, one file for each
//! subject.

mod activation;
mod conv;
mod join;
mod norm;
mod place;
mod pool;
mod resize;
mod scale;
mod vector;
pub(super) mod view;
mod window;

use super::active::Value;
use super::patterns::Layer;
use super::reader::Reader;
use super::refusal::{Refusal, refuse};
use crate::onnx::proto::NodeProto;

pub(super) use scale::finished;
pub(super) use window::Word;

/// What is read of a node.
type Read = fn(&mut Reader<'_>, &NodeProto) -> Result<Value, Refusal>;

/// Reads a node that takes what depends on the pictures.
pub(super) fn layer(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    match read_of(&node.op_type) {
        Some(read) => read(reader, node),
        None => {
            Err(refuse(format!("no layer does what `{}` does", node.op_type)).near(nearest(&node.op_type)))
        }
    }
}

/// Whether a node is one that is read, if its options allow it.
pub(super) fn is_known(node: &NodeProto) -> bool {
    let is_constant = matches!(
        node.op_type.as_str(),
        "Constant" | "ConstantOfShape" | "Range" | "Size" | "Expand" | "Shape" | "Floor" | "Ceil"
    );
    super::graph::is_own_domain(&node.domain) && (is_constant || read_of(&node.op_type).is_some())
}

/// Reads what several nodes do together.
pub(super) fn pattern(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    layer: &Layer,
    inputs: &[String],
) -> Result<Value, Refusal> {
    let x = match inputs.first().and_then(|name| reader.values.get(name.as_str())) {
        Some(Value::Active(x)) => x.clone(),
        _ => return Err(refuse("its operand does not depend on the pictures")),
    };
    match layer {
        Layer::Activation(activation) => activation::apply(reader, node, &x, *activation),
        Layer::ChannelNorm { epsilon, axes } => norm::layer_norm(reader, node, &x, *epsilon, axes),
        Layer::ResponseNorm(norm) => norm::response_norm(reader, node, &x, *norm),
    }
}

/// The table of operators.
fn read_of(op: &str) -> Option<Read> {
    Some(match op {
        "Conv" => conv::conv,
        "ConvTranspose" => conv::transposed,
        "MaxPool" => pool::max,
        "AveragePool" => pool::average,
        "GlobalAveragePool" | "GlobalMaxPool" => pool::global,
        "ReduceMean" | "ReduceMax" => pool::reduce,
        "BatchNormalization" => norm::batch_norm,
        "LayerNormalization" => norm::layer_normalization,
        "LRN" => norm::lrn,
        "Gemm" => vector::gemm,
        "MatMul" => vector::matmul,
        "Relu" | "LeakyRelu" | "Elu" | "Selu" | "Gelu" | "Sigmoid" | "HardSigmoid" | "HardSwish" | "Tanh"
        | "Softplus" | "Celu" | "PRelu" | "Mish" | "Swish" => activation::node,
        "Softmax" => activation::softmax,
        "Clip" => activation::clip,
        "Add" | "Sub" | "Mul" | "Div" => join::arithmetic,
        "Sum" | "Mean" | "Max" | "Min" => join::several,
        "Concat" => join::concat,
        "Neg" => scale::negate,
        "Pad" => place::pad,
        "Slice" => place::slice,
        "Resize" | "Upsample" => resize::resize,
        "Transpose" => view::transpose,
        "Reshape" => view::reshape,
        "Flatten" => view::flatten,
        "Squeeze" => view::squeeze,
        "Unsqueeze" => view::unsqueeze,
        "Gather" => view::gather,
        "Expand" => view::expand,
        "Shape" => view::shape,
        "Identity" | "Dropout" | "Cast" => view::same,
        _ => return None,
    })
}

/// The nearest thing to an operator that is not read.
fn nearest(op: &str) -> &'static str {
    match op {
        "InstanceNormalization" | "GroupNormalization" | "MeanVarianceNormalization" => {
            "`layer_norm` normalises the channels of each pixel, `batch_norm` those of the batch"
        }
        "LogSoftmax" => "`softmax`: the loss takes its logarithm",
        "QLinearConv"
        | "ConvInteger"
        | "QuantizeLinear"
        | "DequantizeLinear"
        | "DynamicQuantizeLinear"
        | "QLinearMatMul"
        | "MatMulInteger" => "export the model before it is quantized",
        "DepthToSpace" => "`upsample2d`, or `conv2d_transpose`",
        "SpaceToDepth" => "`conv2d` with a stride",
        "If" | "Loop" | "Scan" => "export the model in evaluation mode, with fixed sizes",
        "ThresholdedRelu" | "Softsign" | "Hardmax" | "Shrink" => "`relu`, `leaky_relu`, `elu`",
        "GlobalLpPool" | "LpPool" => "`global_avg_pool2d`, `avg_pool2d`",
        "Split" => "convolutions of their own for each part: `branch { conv2d }`",
        "ReduceSum" => "`global_avg_pool2d`, which divides by the number of pixels",
        "ArgMax" | "TopK" => "leave it away: `cnnc predict` ranks the answers",
        "Pow" | "Sqrt" | "Exp" | "Log" | "Abs" | "Reciprocal" | "Erf" | "Sin" | "Cos" => {
            "element by element there are activations, `rescaling` and joins"
        }
        _ => "",
    }
}
