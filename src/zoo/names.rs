//! Names and layouts of the implementation that a model's published weights come from: the tables beside the
//! zoo's models.
//!
//! ```text
//! layout torch                                                 // or keras: how tensors lie, what variables are called
//! {stage}.{turn}.basic.conv0     {stage}.{turn}.downsample.0   // our layer, theirs; the first line that fits counts
//! {block}.{turn}.layer           {block}.layer{turn+1}         // what is counted from 1 there
//! fc6                            classifier.1    flattened 256 // a dense layer behind a flattened map of 256 channels
//! depthwise                      features.1.0    depthwise     // a depthwise convolution
//! expand                         block.3         linear        // a 1x1 convolution that is a dense layer of each pixel
//! layer_scale                    layer_scale     parameter     // the layer's one variable is no layer's there
//! ignored normalization                                        // a layer of theirs that needs no place here
//! ```
//! A word in braces stands for any one part of a path, or what is left of that part, and for the same on both
//! sides.

use crate::tensor::Shape;

/// How tensors lie in the reference's files, and what its variables are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As here; `conv1/kernel`.
    Keras,
    /// Outputs before inputs, channels before pixels; `conv1.weight`.
    Torch,
}

/// What our layers are called in the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTable {
    layout: Layout,
    rules: Vec<Rule>,
    /// Layers of the reference that have no place here.
    ignored: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    ours: String,
    theirs: String,
    kept: Kept,
}

/// How torch keeps a layer. Keras keeps all of them as they are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// As the extents say.
    Plainly,
    /// With inputs that are a flattened map of so many channels.
    Flattened(usize),
    /// With a kernel for each channel: `[C m, 1, Kh, Kw]`.
    Depthwise,
    /// As a matrix for each pixel: `[O, I]` without the window.
    Linear,
    /// As a parameter of its own, `[C, 1, 1]`, without a name for the variable.
    Parameter,
}

/// A parameter of ours in a file of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// What it may be called there.
    pub names: Vec<String>,
    /// Its shape there.
    pub shape: Shape,
    order: Order,
}

/// Where our elements are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// In our own order.
    Same,
    /// `[O, I, Kh, Kw]` for our `[Kh, Kw, I, O]`.
    Convolution,
    /// `[O, I]` for our `[I, O]`; inputs are a flattened map of this many channels, `[C, H·W]` for our `[H·W,
    /// C]`. A vector's map is one pixel of all its elements.
    Dense { channels: usize },
}

impl NameTable {
    /// Reads a table.
    /// # Errors
    /// The line that is none of a table's.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut layout = None;
        let (mut rules, mut ignored) = (Vec::new(), Vec::new());
        for line in text.lines() {
            let words: Vec<&str> = line.split("//").next().unwrap_or_default().split_whitespace().collect();
            match words[..] {
                [] => {}
                ["layout", "keras"] => layout = Some(Layout::Keras),
                ["layout", "torch"] => layout = Some(Layout::Torch),
                ["ignored", layer] => ignored.push(layer.to_owned()),
                [ours, theirs, ref kept @ ..] => {
                    let kept = Kept::parse(kept)
                        .ok_or_else(|| format!("`{line}` is no line of a table of names"))?;
                    rules.push(Rule { ours: ours.into(), theirs: theirs.into(), kept });
                }
                _ => return Err(format!("`{line}` is no line of a table of names")),
            }
        }
        let layout = layout.ok_or("a table of names says `layout keras` or `layout torch`")?;
        Ok(Self { layout, rules, ignored })
    }

    /// How tensors lie in the reference's files.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// What one of our layers is called in the reference, and the channels of the map that it takes as a
    /// vector; `None` where the table does not know it.
    pub(super) fn layer(&self, layer: &str) -> Option<(String, Option<usize>)> {
        let fitting =
            |rule: &Rule| translate(layer, &rule.ours, &rule.theirs).map(|theirs| (theirs, rule.flattened));
        self.rules.iter().find_map(fitting)
    }

    /// What the reference calls a variable of one of our layers, and its shape there; `None` where the table
    /// does not know the layer.
    pub fn reference(&self, layer: &str, variable: &str, shape: &Shape) -> Option<(String, Shape)> {
        let Foreign { names, shape, .. } = self.find(layer, variable, shape)?;
        names.into_iter().next().map(|name| (name, shape))
    }

    /// Where the reference keeps a variable of one of our layers; `None` where the table does not know the
    /// layer.
    pub(super) fn find(&self, layer: &str, variable: &str, shape: &Shape) -> Option<Foreign> {
        let (theirs, kept) = self
            .rules
            .iter()
            .find_map(|rule| translate(layer, &rule.ours, &rule.theirs).map(|theirs| (theirs, rule.kept)))?;
        let same = |name: String| Foreign { names: vec![name], shape: shape.clone(), order: Order::Same };
        if self.layout == Layout::Keras {
            let names = ["/", "."].map(|point| format!("{theirs}{point}{variable}"));
            return Some(Foreign { names: names.into(), ..same(theirs) });
        }
        let name = format!("{theirs}.{}", torch_variable(variable));
        let dense = |inputs: usize, outputs: usize, channels: usize| {
            (Shape::new([outputs, inputs]), Order::Dense { channels })
        };
        let (shape, order) = match (kept, shape.extents()) {
            (Kept::Depthwise, &[height, width, channels, multiplier]) => {
                // a convolution of one input channel for each of its outputs
                (Shape::new([channels * multiplier, 1, height, width]), Order::Convolution)
            }
            (Kept::Linear, &[1, 1, inputs, outputs]) => dense(inputs, outputs, inputs),
            (_, &[height, width, inputs, outputs]) => {
                (Shape::new([outputs, inputs, height, width]), Order::Convolution)
            }
            (Kept::Flattened(channels), &[inputs, outputs]) => dense(inputs, outputs, channels),
            (_, &[inputs, outputs]) => dense(inputs, outputs, inputs),
            (Kept::Parameter, &[channels]) => {
                return Some(Foreign { shape: Shape::new([channels, 1, 1]), ..same(theirs) });
            }
            _ => return Some(same(name)),
        };
        Some(Foreign { names: vec![name], shape, order })
    }

    /// Whether a tensor of the reference's file needs no place here: it counts batches, or belongs to a layer
    /// that the table names.
    pub fn ignores(&self, tensor: &str) -> bool {
        let counter = self.layout == Layout::Torch && tensor.ends_with(".num_batches_tracked");
        let of = |layer: &str| tensor.strip_prefix(layer).is_some_and(|rest| rest.starts_with(['/', '.']));
        counter || self.ignored.iter().any(|layer| of(layer))
    }
}

impl Kept {
    /// What stands behind the two names of a line.
    fn parse(words: &[&str]) -> Option<Self> {
        Some(match *words {
            [] => Self::Plainly,
            ["flattened", channels] => Self::Flattened(channels.parse().ok()?),
            ["depthwise"] => Self::Depthwise,
            ["linear"] => Self::Linear,
            ["parameter"] => Self::Parameter,
            _ => return None,
        })
    }
}

impl Foreign {
    /// One of ours, by that very name.
    pub(super) fn own(name: String, shape: &Shape) -> Self {
        Self { names: vec![name], shape: shape.clone(), order: Order::Same }
    }

    /// Whether a tensor of this shape is it: extents of 1 in front do not count, since a 1x1 convolution of
    /// one pixel is a dense layer.
    pub fn takes(&self, found: &Shape) -> bool {
        fn bare(shape: &Shape) -> &[usize] {
            let extents = shape.extents();
            &extents[extents.iter().take_while(|&&extent| extent == 1).count()..]
        }
        match self.order {
            Order::Same => bare(&self.shape) == bare(found),
            Order::Convolution | Order::Dense { .. } => self.shape == *found,
        }
    }

    /// The elements in our order.
    pub fn ours(&self, values: Vec<f32>) -> Vec<f32> {
        match (self.order, self.shape.extents()) {
            (Order::Convolution, &[outputs, inputs, height, width]) => {
                let area = height * width;
                let place =
                    |pixel: usize, input: usize, output: usize| (output * inputs + input) * area + pixel;
                gather(&values, [area, inputs, outputs], place)
            }
            (Order::Dense { channels }, &[outputs, inputs]) => {
                let pixels = inputs / channels.max(1);
                let place =
                    |pixel: usize, channel: usize, output: usize| output * inputs + channel * pixels + pixel;
                gather(&values, [pixels, channels, outputs], place)
            }
            _ => values,
        }
    }
}

/// The elements at `place(i, j, k)`, k fastest.
fn gather(
    values: &[f32],
    [first, second, third]: [usize; 3],
    place: impl Fn(usize, usize, usize) -> usize,
) -> Vec<f32> {
    let mut gathered = Vec::with_capacity(values.len());
    for i in 0..first {
        for j in 0..second {
            gathered.extend((0..third).map(|k| values[place(i, j, k)]));
        }
    }
    gathered
}

/// What PyTorch calls a variable.
pub(super) fn torch_variable(variable: &str) -> &str {
    match variable {
        "kernel" | "gamma" => "weight",
        "beta" => "bias",
        "moving_mean" => "running_mean",
        "moving_variance" => "running_var",
        other => other,
    }
}

/// `to` with the words of `pattern` replaced by what they stand for in `path`, if it fits; `{word+1}` is the number
/// after that which the word stands for.
fn translate(path: &str, pattern: &str, to: &str) -> Option<String> {
    let mut translated = to.to_owned();
    let mut parts = path.split('.');
    for pattern in pattern.split('.') {
        let part = parts.next()?;
        match pattern.split_once('{') {
            None if part == pattern => {}
            None => return None,
            Some((before, rest)) => {
                let (word, after) = rest.split_once('}')?;
                let stands_for =
                    part.strip_prefix(before)?.strip_suffix(after).filter(|text| !text.is_empty())?;
                translated = translated.replace(&format!("{{{word}}}"), stands_for);
                let next = stands_for.parse().ok().and_then(|number: u32| number.checked_add(1));
                if let Some(next) = next {
                    translated = translated.replace(&format!("{{{word}+1}}"), &next.to_string());
                }
            }
        }
    }
    // a word that is left wants a number and has none
    (parts.next().is_none() && !translated.contains('{')).then_some(translated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> NameTable {
        NameTable::parse(text).expect("a table")
    }

    #[test]
    fn words_stand_for_parts() {
        assert_eq!(
            translate("conv2_block1.conv1", "{block}.conv1", "{block}_1_conv").as_deref(),
            Some("conv2_block1_1_conv")
        );
        assert_eq!(
            translate("block_7.conv_dw", "block_{n}.conv_dw", "conv_dw_{n}").as_deref(),
            Some("conv_dw_7")
        );
        assert_eq!(translate("block_7.conv_dw_bn", "block_{n}.conv_dw", "conv_dw_{n}"), None);
        assert_eq!(translate("a.b", "{layer}", "{layer}"), None);
        assert_eq!(translate("a", "{layer}.{more}", "{layer}"), None);
        assert_eq!(translate("block_", "block_{n}", "{n}"), None);
        let next = |path| translate(path, "{block}.{n}.{layer}", "{block}_{n+1}_{layer}");
        assert_eq!(next("dense.9.conv").as_deref(), Some("dense_10_conv"));
        assert_eq!(next("dense.one.conv"), None);
        assert_eq!(next(&format!("dense.{}.conv", u32::MAX)), None);
    }

    #[test]
    fn tables_are_read_or_refused() {
        let read = table("// names\nlayout torch\nfc6  classifier.1  flattened 2 // as it is\n");
        assert_eq!(
            read.rules,
            [Rule { ours: "fc6".into(), theirs: "classifier.1".into(), kept: Kept::Flattened(2) }]
        );
        for wrong in
            ["a b", "layout tf", "layout keras\na", "layout torch\na b flattened x", "layout torch\na b wide"]
        {
            assert!(NameTable::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn torch_turns_windows_inputs_and_outputs_around() {
        let table = table("layout torch\n{layer} net.{layer}\n");
        let kernel = table.find("conv", "kernel", &Shape::new([1, 2, 3, 2])).expect("known");
        assert_eq!(
            (&kernel.names[..], kernel.shape.extents()),
            (&["net.conv.weight".to_owned()][..], &[2, 3, 1, 2][..])
        );
        // the element [o, i, 0, x] is 100·o + 10·i + x
        let theirs = [0, 1].map(|o| [0, 1, 2].map(|i| [0, 1].map(|x| (100 * o + 10 * i + x) as f32)));
        let ours = kernel.ours(theirs.as_flattened().as_flattened().to_vec());
        assert_eq!(ours, [0.0, 100.0, 10.0, 110.0, 20.0, 120.0, 1.0, 101.0, 11.0, 111.0, 21.0, 121.0]);
        let variance = table.find("bn", "moving_variance", &Shape::new([4])).expect("known");
        assert_eq!(variance.names, ["net.bn.running_var"]);
        assert_eq!(variance.ours(vec![1.0, 2.0]), [1.0, 2.0]);
    }

    #[test]
    fn torch_flattens_channel_by_channel() {
        let table = table("layout torch\nfc a flattened 2\n{layer} {layer}\n");
        let kernel = |layer| table.find(layer, "kernel", &Shape::new([6, 1])).expect("known");
        // their input is channel · 3 + pixel, ours pixel · 2 + channel
        let theirs: Vec<f32> = (0..6_u8).map(f32::from).collect();
        assert_eq!(kernel("fc").ours(theirs.clone()), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(kernel("other").ours(theirs.clone()), theirs);
    }

    /// What is written for PyTorch ([`super::super::Naming`]) is read as it was.
    #[test]
    fn ours_are_theirs_turned_back() {
        use crate::tensor::{Turn, VectorOrder};
        let table = table("layout torch\nfc a flattened 2\n{layer} {layer}\n");
        let matrix = Turn::Matrix(VectorOrder::flattened(3, 2));
        for (layer, extents, turn) in [("conv", vec![2, 1, 3, 4], Turn::Windows), ("fc", vec![6, 4], matrix)]
        {
            let values: Vec<f32> = (0..24_u8).map(f32::from).collect();
            let place = table.find(layer, "kernel", &Shape::new(extents.clone())).expect("known");
            assert_eq!(place.shape.extents(), turn.extents(&extents));
            let theirs = turn.apply(&extents, &values).into_owned();
            assert!(theirs != values && place.ours(theirs) == values, "{layer}");
        }
    }

    #[test]
    fn torch_keeps_some_layers_in_ways_of_their_own() {
        let table = table(
            "layout torch\ndw  dw  depthwise\nexpand  block.3  linear\nscale  block.scale  parameter\n{layer} {layer}\n",
        );
        let find = |layer, variable, shape: &[usize]| {
            table.find(layer, variable, &Shape::new(shape.to_vec())).expect("known")
        };
        let found = |foreign: &Foreign| (foreign.names[0].clone(), foreign.shape.extents().to_vec());
        let values = |count: u8| (0..count).map(f32::from).collect::<Vec<_>>();

        // their [channel · 2 + multiple, 0, pixel]; ours [pixel, channel, multiple]
        let kernel = find("dw", "kernel", &[1, 2, 2, 2]);
        assert_eq!(found(&kernel), ("dw.weight".to_owned(), vec![4, 1, 1, 2]));
        assert_eq!(kernel.ours(values(8)), [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0]);
        assert_eq!(found(&find("dw", "bias", &[4])), ("dw.bias".to_owned(), vec![4]));

        let kernel = find("expand", "kernel", &[1, 1, 2, 3]);
        assert_eq!(found(&kernel), ("block.3.weight".to_owned(), vec![3, 2]));
        assert!(!kernel.takes(&Shape::new([3, 2, 1, 1])));
        assert_eq!(kernel.ours(values(6)), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);

        let gamma = find("scale", "gamma", &[3]);
        assert_eq!(found(&gamma), ("block.scale".to_owned(), vec![3, 1, 1]));
        assert!(gamma.takes(&Shape::new([3, 1, 1])));
        assert_eq!(gamma.ours(values(3)), values(3));
    }

    #[test]
    fn what_needs_no_place_is_known() {
        let torch = table("layout torch\n{layer} {layer}\n");
        assert!(torch.ignores("bn1.num_batches_tracked") && !torch.ignores("bn1.running_mean"));
        let keras = table("layout keras\nignored normalization\n{layer} {layer}\n");
        assert!(keras.ignores("normalization/mean") && keras.ignores("normalization.count"));
        assert!(!keras.ignores("normalization_1/mean") && !keras.ignores("bn1.num_batches_tracked"));
    }

    #[test]
    fn keras_has_our_layout_and_a_convolution_of_one_pixel() {
        let table = table("layout keras\npredictions conv_preds\n");
        let kernel = table.find("predictions", "kernel", &Shape::new([8, 3])).expect("known");
        assert_eq!(kernel.names, ["conv_preds/kernel", "conv_preds.kernel"]);
        assert!(kernel.takes(&Shape::new([1, 1, 8, 3])) && kernel.takes(&Shape::new([8, 3])));
        assert!(!kernel.takes(&Shape::new([3, 8])) && !kernel.takes(&Shape::new([8, 1, 3])));
    }
}
