//! Random networks: all layer kinds, joins of branches, open sizes, any batch.
//!
//! A [`Net`] is a tree of pieces with raw numbers, so that proptest can shrink it. Its text is made piece by
//! piece: what the checker refuses where it would stand is left out, so every tree is a network, and the
//! checker's shape rules are asked instead of written again here.

use proptest::prelude::*;

use crate::front::load;
use crate::ir::CheckedProgram;
use crate::lower::LowerOptions;
use crate::source::SourceFile;
use crate::vocabulary::{Activation, Words};

/// Options of a piece, by place: 0 is the simplest choice of each.
type Numbers = [u8; 6];

/// A layer, or a join of branches.
#[derive(Debug, Clone)]
pub(in crate::runtime) enum Piece {
    /// One of [`LAYERS`].
    Layer(usize, Numbers),
    /// One of [`JOINS`], of some branches.
    Join(usize, Vec<Vec<Piece>>),
}

/// A network with the batch that it is compiled for.
#[derive(Debug, Clone)]
pub(in crate::runtime) struct Net {
    input: [u8; 3],
    /// Height and width are open.
    pub(in crate::runtime) open: bool,
    pieces: Vec<Piece>,
    end: u8,
    /// Pictures of a full batch.
    pub(in crate::runtime) batch: usize,
    /// Pictures of the last batch, from 1 to `batch`.
    pub(in crate::runtime) last: usize,
}

const CHANNELS: [usize; 18] = [1, 2, 3, 4, 5, 8, 7, 16, 12, 32, 17, 24, 33, 48, 64, 40, 96, 128];
const SIDES: [usize; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 19, 24];
const WINDOWS: [&str; 10] = ["1", "3x3", "2x2", "3x1", "1x3", "5x5", "7x7", "4x4", "2x5", "9x9"];
const STRIDES: [&str; 5] = ["1", "2", "3", "1x2", "2x1"];
const PADDINGS: [&str; 4] = ["valid", "same", "1", "2"];
const FILTERS: [&str; 4] = ["sobel_x", "laplacian", "[[1]]", "[[0.5, -1, 2, 0, 1]]"];

/// A layer's text, by its options and the extents of what it takes.
type Write = fn(&Numbers, [usize; 3]) -> String;

/// All layers that may stand anywhere.
const LAYERS: [(&str, Write); 50] = [
    ("conv2d", |n, [_, _, channels]| {
        let groups = [1, 1, 1, 2, 4, channels][usize::from(n[5]) % 6].max(1);
        let filters = pick(&CHANNELS, n[0]).next_multiple_of(groups);
        let dilation = 1 + usize::from(n[4] % 4 == 3);
        format!(
            "conv2d({filters}, {}, {}, dilation: {dilation}, groups: {groups}, {})",
            pick(&WINDOWS, n[1]),
            place(n),
            activation(n)
        )
    }),
    ("conv2d", |n, _| format!("conv2d({}, 3x3, padding: same, {})", pick(&CHANNELS, n[0]), activation(n))),
    ("conv2d", |n, _| format!("conv2d({}, 1, {})", pick(&CHANNELS, n[0]), activation(n))),
    ("depthwise_conv2d", |n, _| {
        format!(
            "depthwise_conv2d({}, {}, depth_multiplier: {}, {})",
            pick(&WINDOWS, n[1]),
            place(n),
            1 + n[5] % 3,
            activation(n)
        )
    }),
    ("separable_conv2d", |n, _| {
        format!(
            "separable_conv2d({}, {}, {}, {})",
            pick(&CHANNELS, n[0]),
            pick(&WINDOWS, n[1]),
            place(n),
            activation(n)
        )
    }),
    ("conv2d_transpose", |n, _| {
        format!(
            "conv2d_transpose({}, {}, {}, {})",
            pick(&CHANNELS, n[0]),
            pick(&WINDOWS, n[1]),
            place(n),
            activation(n)
        )
    }),
    ("conv2d_transpose", |n, _| {
        format!("conv2d_transpose({}, 3x3, padding: same, {})", pick(&CHANNELS, n[0]), activation(n))
    }),
    ("max_pool2d", |n, _| format!("max_pool2d({}, {})", pick(&WINDOWS, n[1]), place(n))),
    ("max_pool2d", |_, _| "max_pool2d(2)".to_owned()),
    ("avg_pool2d", |n, _| format!("avg_pool2d({}, {})", pick(&WINDOWS, n[1]), place(n))),
    ("depth_max_pool", |n, _| format!("depth_max_pool({}, stride: {})", 1 + n[0] % 4, 1 + n[1] % 3)),
    ("batch_norm", |n, _| {
        format!("batch_norm(momentum: 0, center: {}, scale: {})", n[0] % 3 != 1, n[0] % 3 != 2)
    }),
    ("layer_norm", |n, _| format!("layer_norm(center: {}, scale: {})", n[0] % 3 != 1, n[0] % 3 != 2)),
    ("local_response_norm", |n, _| format!("local_response_norm({}, alpha: 0.5)", 1 + n[0] % 6)),
    ("dropout", |_, _| "dropout(40%)".to_owned()),
    ("spatial_dropout2d", |_, _| "spatial_dropout2d(40%)".to_owned()),
    ("gaussian_noise", |_, _| "gaussian_noise(0.5)".to_owned()),
    ("zero_pad2d", |n, _| format!("zero_pad2d([{}, {}, {}, {}])", n[0] % 4, n[1] % 3, n[2] % 3, n[3] % 4)),
    ("crop2d", |n, _| format!("crop2d([{}, {}, {}, {}])", n[0] % 3, n[1] % 2, n[2] % 3, n[3] % 2)),
    ("upsample2d", |n, _| {
        format!(
            "upsample2d({}, interpolation: {})",
            pick(&["2", "1x2", "3x1"], n[0]),
            pick(&["nearest", "bilinear"], n[1])
        )
    }),
    ("resizing", |n, _| {
        let [height, width] = [n[0], n[1]].map(|number| pick(&SIDES, number));
        format!("resizing({height}, {width}, interpolation: {})", pick(&["bilinear", "nearest"], n[2]))
    }),
    ("rescaling", |_, _| "rescaling(-1.5, offset: 0.25)".to_owned()),
    ("normalization", |_, _| "normalization(mean: 0.25, variance: 2)".to_owned()),
    ("fixed_filter", |n, _| {
        format!("fixed_filter({}, padding: {})", pick(&FILTERS, n[0]), pick(&["same", "valid"], n[1]))
    }),
    ("reshape", |_, [height, width, channels]| format!("reshape({width}x{channels}x{height})")),
    ("relu", |_, _| "relu".to_owned()),
    ("relu6", |_, _| "relu6".to_owned()),
    ("leaky_relu", |_, _| "leaky_relu".to_owned()),
    ("elu", |_, _| "elu".to_owned()),
    ("selu", |_, _| "selu".to_owned()),
    ("gelu", |_, _| "gelu".to_owned()),
    ("silu", |_, _| "silu".to_owned()),
    ("hard_swish", |_, _| "hard_swish".to_owned()),
    ("sigmoid", |_, _| "sigmoid".to_owned()),
    ("hard_sigmoid", |_, _| "hard_sigmoid".to_owned()),
    ("tanh", |_, _| "tanh".to_owned()),
    ("softplus", |_, _| "softplus".to_owned()),
    ("softmax", |_, _| "softmax".to_owned()),
    ("activation", |n, _| format!("activation({})", any_activation(usize::from(n[0])))),
    ("random_flip", |_, _| "random_flip".to_owned()),
    ("random_rotation", |_, _| "random_rotation(20deg)".to_owned()),
    ("random_zoom", |_, _| "random_zoom(20%)".to_owned()),
    ("random_translation", |_, _| "random_translation(20%, 20%)".to_owned()),
    ("random_crop", |n, _| format!("random_crop({}, {})", pick(&SIDES, n[0]), pick(&SIDES, n[1]))),
    ("random_contrast", |_, _| "random_contrast(20%, value_range: [-9, 9])".to_owned()),
    ("random_brightness", |_, _| "random_brightness(20%, value_range: [-9, 9])".to_owned()),
    ("stochastic_depth", |_, _| "stochastic_depth(40%)".to_owned()),
    ("layer_scale", |_, _| "layer_scale(0.5)".to_owned()),
    ("hard_sigmoid", |_, _| "hard_sigmoid(alpha: 0.2)".to_owned()),
    ("multiply", |n, [_, _, channels]| {
        let gates = [
            "global_avg_pool2d(keep_dims: true); conv2d(C, 1, activation: sigmoid)",
            "global_max_pool2d; dense(C, activation: hard_sigmoid)",
            "global_avg_pool2d",
        ];
        let gate = pick(&gates, n[0]).replace('C', &channels.to_string());
        let branches = [format!("branch {{ {gate} }}"), "branch { }".to_owned()];
        let [first, second] = [&branches[usize::from(n[1] % 2)], &branches[usize::from(1 - n[1] % 2)]];
        format!("multiply {{ {first} {second} }}")
    }),
];

/// Layers that join values, and whether these need one shape.
const JOINS: [(&str, bool); 6] = [
    ("add", true),
    ("concat", false),
    ("multiply", true),
    ("average", true),
    ("maximum", true),
    ("subtract", true),
];

fn pick<T: Copy>(choices: &[T], number: u8) -> T {
    choices[usize::from(number) % choices.len()]
}

fn place(n: &Numbers) -> String {
    format!("stride: {}, padding: {}", pick(&STRIDES, n[2]), pick(&PADDINGS, n[3]))
}

/// Of all activations, `softmax` the last.
fn any_activation(at: usize) -> &'static str {
    Activation::keywords().nth(at % Activation::TABLE.len()).expect("below their number")
}

fn activation(n: &Numbers) -> String {
    let element_wise = Activation::TABLE.len() - 1;
    let activation = any_activation(usize::from(n[4] / 4) % element_wise);
    format!("activation: {activation}, use_bias: {}", n[4] % 4 != 2).replace("activation: linear, ", "")
}

fn pieces(depth: u32) -> BoxedStrategy<Vec<Piece>> {
    let layer = (0..LAYERS.len(), any::<Numbers>()).prop_map(|(kind, numbers)| Piece::Layer(kind, numbers));
    // convolutions are what can be computed in many ways
    let heavy = (0..9_usize, any::<Numbers>()).prop_map(|(kind, numbers)| Piece::Layer(kind, numbers));
    let piece = if depth == 0 {
        prop_oneof![3 => heavy, 2 => layer].boxed()
    } else {
        let branches = prop::collection::vec(pieces(depth - 1), 2..=3);
        let join = (0..JOINS.len(), branches).prop_map(|(kind, branches)| Piece::Join(kind, branches));
        prop_oneof![6 => heavy, 4 => layer, 2 => join].boxed()
    };
    prop::collection::vec(piece, 0..=if depth == 0 { 3 } else { 6 }).boxed()
}

/// Networks of up to six pieces, with joins in joins.
pub(in crate::runtime) fn net() -> impl Strategy<Value = Net> {
    let batch = (1_usize..=33).prop_flat_map(|batch| (Just(batch), 1..=batch));
    (any::<[u8; 3]>(), prop::bool::weighted(0.15), pieces(2), any::<u8>(), batch)
        .prop_map(|(input, open, pieces, end, (batch, last))| Net { input, open, pieces, end, batch, last })
}

/// How a network ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime) enum End {
    /// Numbers, judged by their squared distance.
    Linear,
    /// Shares of classes.
    Softmax,
    /// One yes or no.
    Sigmoid,
}

impl Net {
    /// Height and width of the pictures of each round: others and the first ones again where both are open.
    pub(in crate::runtime) fn sizes(&self) -> Vec<[usize; 2]> {
        let [height, width] = [self.input[0], self.input[1]].map(|side| pick(&SIDES, side));
        let size = [height, width];
        if self.open { vec![size, [height + 3, width + 1], size] } else { vec![size, size] }
    }

    /// How it ends.
    pub(in crate::runtime) fn end(&self) -> End {
        match self.end % 5 {
            0..=2 => End::Linear,
            3 => End::Softmax,
            _ => End::Sigmoid,
        }
    }

    /// The file.
    pub(in crate::runtime) fn text(&self) -> String {
        let [height, width] = self.sizes()[0];
        let sides = if self.open { "?x?".to_owned() } else { format!("{height}x{width}") };
        let channels = pick(&CHANNELS[..8], self.input[2]);
        let mut body = vec![format!("input({sides}x{channels})")];
        write(&mut body, &[], &self.pieces);
        let vector = if self.open {
            ["global_avg_pool2d", "global_max_pool2d"]
        } else {
            ["flatten", "global_avg_pool2d"]
        };
        body.push(pick(&vector, self.end / 5).to_owned());
        let (end, loss) = match self.end() {
            End::Linear => ("dense(3)", "mse"),
            End::Softmax => ("dense(5, activation: softmax)", "categorical_crossentropy"),
            End::Sigmoid => ("dense(1, activation: sigmoid)", "binary_crossentropy"),
        };
        body.push(end.to_owned());
        format!(
            "model M {{\n    {}\n}}\ntrain {{ epochs: 1; batch: {}; loss: {loss}; optimizer: sgd(lr: 0.01) }}\n",
            body.join("\n    "),
            self.batch
        )
    }
}

/// Adds what of the pieces fits behind the body, each a line. `around` are the lines that the body itself
/// stands behind.
fn write(body: &mut Vec<String>, around: &[String], pieces: &[Piece]) {
    for piece in pieces {
        let Some(extents_here) = extents(around, body) else { return };
        let line = match piece {
            Piece::Layer(kind, numbers) => LAYERS[*kind].1(numbers, extents_here),
            Piece::Join(kind, branches) => join(&[around, body].concat(), *kind, branches),
        };
        body.push(line);
        // within bounds, so that thousands can be computed
        let fits = extents(around, body).is_some_and(|[height, width, channels]| {
            height * width * channels <= 40_000 && channels <= 384 && height.max(width) <= 64
        });
        if !fits {
            body.pop();
        }
    }
}

fn join(around: &[String], kind: usize, branches: &[Vec<Piece>]) -> String {
    let (keyword, alike) = JOINS[kind];
    let mut wanted = None;
    let branches = branches.iter().take(if keyword == "subtract" { 2 } else { 3 }).map(|pieces| {
        let mut body = Vec::new();
        write(&mut body, around, pieces);
        if let Some([height, width, channels]) = extents(around, &body) {
            let [h, w, c] = *wanted.get_or_insert([height, width, channels]);
            if [h, w] != [height, width] {
                body.push(format!("resizing({h}, {w})"));
            }
            if alike && c != channels {
                body.push(format!("conv2d({c}, 1)"));
            }
        }
        format!("branch {{ {} }}", body.join("; "))
    });
    let branches: Vec<String> = branches.collect();
    format!("{keyword} {{ {} }}", branches.join(" "))
}

/// Height, width and channels of the result, where the checker takes these lines and the result is a picture.
fn extents(around: &[String], body: &[String]) -> Option<[usize; 3]> {
    let lines = [around, body].concat();
    let program = load_text(format!("model M {{ {} }}", lines.join("; "))).ok()?;
    let (height, width, channels) = program.output_shape().as_pixels();
    (program.output_shape().rank() == 3).then_some([height, width, channels])
}

/// A program, or its problems.
pub(in crate::runtime) fn load_text(text: String) -> Result<CheckedProgram, String> {
    let loaded = load(SourceFile::new("net.cnn", text), &LowerOptions::default(), &|_| None);
    loaded.program.ok_or_else(|| format!("{:?}", loaded.problems))
}
