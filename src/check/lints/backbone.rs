//! E0112 and W0114: pictures too small, or of other channels, for a network that was trained before.

use super::{Network, backbones};
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Backbone, Scope};
use crate::layers::Layer;

/// Networks of the zoo whose weights are to be had: least extent of a picture (Keras Applications;
/// torchvision for the others), and channels.
const PRETRAINED: &[(&str, usize, usize)] = &[
    ("alexnet", 63, 3),
    ("convnext_tiny", 32, 3),
    ("densenet121", 32, 3),
    ("efficientnet_b0", 32, 3),
    ("efficientnet_lite0", 32, 3),
    ("googlenet", 32, 3),
    ("inception_v3", 75, 3),
    ("mobilenet", 32, 3),
    ("mobilenet_v2", 32, 3),
    ("mobilenet_v3_large", 32, 3),
    ("mobilenet_v3_small", 32, 3),
    ("resnet18", 32, 3),
    ("resnet34", 32, 3),
    ("resnet50", 32, 3),
    ("resnet50_v1_5", 32, 3),
    ("resnet101", 32, 3),
    ("squeezenet", 32, 3),
    ("vgg16", 32, 3),
    ("vgg19", 32, 3),
];

/// Rows and columns of a map that still shows where things are.
const LEAST: usize = 4;

/// E0112. Returns whether there was one: what does not fit inside the network follows from it.
pub(in crate::check) fn check_inputs(view: &View<'_>, problems: &mut Problems) -> bool {
    let mut found = false;
    for (scope, backbone) in backbones(&view.program.model) {
        found |= check_input(view, scope, backbone, problems);
    }
    found
}

fn check_input(view: &View<'_>, scope: &Scope, backbone: &Backbone, problems: &mut Problems) -> bool {
    let Some(weights) = backbone.weights.as_ref().filter(|_| backbone.zoo) else { return false };
    let Some((_, least, channels)) = PRETRAINED.iter().find(|(name, ..)| *name == backbone.model) else {
        return false;
    };
    let layers = &view.program.model.layers;
    let Some(input) = layers.get(scope.layers.start).and_then(|first| first.inputs.first()) else {
        return false;
    };
    let shape = view.shapes.get(input.index()).and_then(Option::as_ref).and_then(|shape| shape.as_image());
    let Some((height, width, found)) = shape else { return false };
    let small = height < *least || width < *least;
    if !small && found == *channels {
        return false;
    }
    let problem = Diagnostic::new(Code::E0112)
        .saying(if small { "say" } else { "channels" })
        .arg("model", &backbone.model)
        .arg("least", least)
        .arg("channels", channels)
        .arg("found", format!("{height}x{width}x{found}"))
        .at(scope.span, "here")
        .also(weights.span, "weights")
        .also(layers[input.index()].span, "input");
    let target = if small { 2 * least } else { height };
    let problem = problem
        .arg("target", format!("{target}x{target}"))
        .arg("input", format!("{target}x{target}x{channels}"));
    let area = (target * target) as f64 / (height * width) as f64;
    let problem = if small { problem.arg("times", format!("{area:.1}")).note("cost") } else { problem };
    problems.push(match (small, found == *channels) {
        (true, true) => problem.help("resize"),
        (true, false) => problem.help("both"),
        (false, _) => problem.help("color"),
    });
    true
}

/// W0114. What is lost at the borders of the small maps on the way (W0115) is then no news.
pub(super) fn check(view: &View<'_>, network: &Network<'_>, problems: &mut Problems) {
    let mut found = Problems::new();
    for (scope, backbone) in backbones(&view.program.model) {
        check_output(network, scope, backbone, &mut found);
    }
    if !found.is_empty() {
        *problems = std::mem::take(problems).without(&[Code::W0115]);
        problems.extend(found);
    }
}

/// The map that a network hands over, where strides alone have made it one pixel.
fn check_output(network: &Network<'_>, scope: &Scope, backbone: &Backbone, problems: &mut Problems) {
    let Some(entry) = network.before(scope.layers.start) else { return };
    let Some((height, width, _)) = network.shapes[entry].as_image() else { return };
    // the layer that makes a vector of the map, in the network or behind it
    let summary = (scope.layers.start..network.layers.len()).find(|&at| {
        let summarizes = matches!(network.layers[at].layer, Layer::Flatten(_) | Layer::GlobalPool2d(_));
        summarizes && path_from(network, at, entry).is_some()
    });
    let Some(summary) = summary else { return };
    let Some(path) = path_from(network, summary, entry) else { return };
    let Some(&last) = path.first() else { return };
    if !scope.layers.contains(&last) || network.shapes[last].as_image().is_none_or(|(h, w, _)| h * w > 1) {
        return;
    }
    let stride = |axis: fn(&crate::tensor::Window) -> usize| {
        path.iter()
            .filter_map(|&at| network.layers[at].layer.as_op().window(&network.inputs(at)))
            .map(|window| axis(&window))
            .product::<usize>()
    };
    let (down, across) = (stride(|window| window.y.stride), stride(|window| window.x.stride));
    // made so by strides, not by windows that are meant to see all of a small picture
    if height * width == 1 || 2 * down <= height || 2 * across <= width {
        return;
    }
    let large =
        |at: &&usize| network.shapes[**at].as_image().is_some_and(|(h, w, _)| h >= LEAST && w >= LEAST);
    let cut = path.iter().filter(|at| scope.layers.contains(at)).find(large);
    let problem = Diagnostic::new(Code::W0114)
        .arg("model", &backbone.model)
        .arg("size", format!("{height}x{width}"))
        .arg("stride", down)
        .arg("target", format!("{0}x{0}", 3 * down))
        .at(scope.span, "here")
        .also(network.layers[entry].span, "input")
        .also(network.layers[summary].span, "summary")
        .help("resize");
    problems.push(match cut {
        Some(&cut) => {
            let inner = network.layers[cut].path.strip_prefix(&format!("{}.", scope.path));
            let name = inner.unwrap_or(&network.layers[cut].path);
            problem.arg("cut", name.split('.').next().unwrap_or(name)).help("cut")
        }
        None => problem,
    });
}

/// Layers between a layer and one before it along first inputs, the last first.
fn path_from(network: &Network<'_>, at: usize, entry: usize) -> Option<Vec<usize>> {
    let mut path = Vec::new();
    let mut at = network.before(at)?;
    while at != entry {
        path.push(at);
        at = network.before(at)?;
    }
    Some(path)
}
