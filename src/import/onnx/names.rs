//! What layers are called, by the names of a file's nodes and parameters.

use crate::onnx::proto::NodeProto;

/// What a parameter's name ends in, behind the name of its layer.
const PARAMETERS: &[&str] = &[
    ".weight",
    ".kernel",
    ".depthwise_kernel",
    ".gamma",
    ".w_0",
    "/kernel:0",
    "/kernel",
    "/gamma:0",
    "/gamma",
    "/depthwise_kernel:0",
    "/depthwise_kernel",
    "_weights",
    "_weight",
    "_scale",
];

/// The path that a node's name says, with dots: `/layer1/layer1.0/conv1/Conv` is `layer1.0.conv1`. Empty where the
/// name is made of the operator's alone (`Conv_12`).
pub(super) fn of(node: &NodeProto) -> String {
    let mut parts: Vec<&str> = node.name.split('/').filter(|part| !part.is_empty()).collect();
    if parts.last().is_some_and(|last| is_operator(last, &node.op_type, parts.len() > 1)) {
        parts.pop();
    }
    path_of(&parts)
}

/// The same, if a parameter does not say it better: `layer1.0.conv1.weight`.
pub(super) fn of_layer(node: &NodeProto, parameter: usize) -> String {
    let own = of(node);
    let by_parameter = node.input.get(parameter).and_then(|name| {
        // what an exporter has numbered says nothing: `onnx::Conv_193`
        let name = name.strip_prefix('/').unwrap_or(name);
        let end = PARAMETERS.iter().find(|end| name.ends_with(**end))?;
        let layer = &name[..name.len() - end.len()];
        let parts: Vec<&str> = layer.split('/').filter(|part| !part.is_empty()).collect();
        Some(path_of(&parts)).filter(|path| !path.is_empty() && !path.contains(':'))
    });
    by_parameter.unwrap_or(own)
}

/// Parts as one path; one that begins with the part before it stands for both.
fn path_of(parts: &[&str]) -> String {
    let mut path: Vec<&str> = Vec::new();
    for part in parts {
        if path.last().is_some_and(|last| part.strip_prefix(last).is_some_and(|rest| rest.starts_with('.'))) {
            path.pop();
        }
        path.push(part);
    }
    path.join(".")
}

/// Whether the last part of a name is what the layer does, not what it is called.
fn is_operator(part: &str, op: &str, has_more: bool) -> bool {
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['_', '@']);
    let is_op = word.eq_ignore_ascii_case(op) || word.is_empty();
    // operators of TensorFlow: `Conv2D`, `FusedBatchNormV3`
    let is_camel = part.starts_with(|c: char| c.is_ascii_uppercase());
    is_op || has_more && (is_camel || matches!(word, "convolution" | "add" | "mul" | "sub" | "truediv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, op: &str, input: &[&str]) -> NodeProto {
        NodeProto {
            name: name.to_owned(),
            op_type: op.to_owned(),
            input: input.iter().map(|&input| input.to_owned()).collect(),
            ..NodeProto::default()
        }
    }

    #[test]
    fn paths_are_read_from_nodes() {
        for (name, op, want) in [
            ("/layer1/layer1.0/conv1/Conv", "Conv", "layer1.0.conv1"),
            ("/features/features.3/features.3.1/Relu_2", "Relu", "features.3.1"),
            ("functional_1/conv2d_1/convolution", "Conv", "functional_1.conv2d_1"),
            ("model/bn/FusedBatchNormV3", "BatchNormalization", "model.bn"),
            ("Conv_12", "Conv", ""),
            ("backbone.conv1", "Conv", "backbone.conv1"),
            ("backbone.conv1/relu", "Relu", "backbone.conv1"),
            ("", "Relu", ""),
        ] {
            assert_eq!(of(&node(name, op, &[])), want, "{name}");
        }
    }

    #[test]
    fn parameters_say_it_better() {
        let named = |parameter| of_layer(&node("Conv_3", "Conv", &["x", parameter]), 1);
        assert_eq!(named("layer1.0.conv1.weight"), "layer1.0.conv1");
        assert_eq!(named("model/conv1/kernel:0"), "model.conv1");
        assert_eq!(named("conv2_expand_weights"), "conv2_expand");
        assert_eq!(named("fc_0.w_0"), "fc_0");
        assert_eq!([named("onnx::Conv_193"), named("123")], ["", ""]);
    }
}
