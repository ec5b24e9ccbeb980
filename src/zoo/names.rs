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
//! prepare torchvision                                          // pictures are prepared as there, and not as the file says
//! ```
//! A second `layout` begins the table of another implementation of the same network.
//! A word in braces stands for any one part of a path, or what is left of that part, and for the same on both
//! sides.

use super::layout::Place;
use crate::ir::Variable;
use crate::layers::Axes;
use crate::tensor::Shape;

/// How tensors lie in the reference's files, and what its variables are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As here; `conv1/kernel`.
    Keras,
    /// Outputs before inputs, channels before pixels; `conv1.weight`.
    Torch,
}

/// What a text without a layout lacks.
const NO_LAYOUT: &str = "a table of names says `layout keras` or `layout torch`";

/// What our layers are called in the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTable {
    layout: Layout,
    rules: Vec<Rule>,
    /// Layers of the reference that have no place here.
    ignored: Vec<String>,
    /// Its weights want pictures as torchvision prepares them, whatever the model's own file says.
    is_torchvision: bool,
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

impl NameTable {
    /// Reads the table of a model's reference.
    /// # Errors
    /// The line that is none of a table's.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tables = Self::parse_all(text)?;
        tables.into_iter().next().ok_or_else(|| NO_LAYOUT.to_owned())
    }

    /// Reads the tables of all implementations of a model, the reference first.
    /// # Errors
    /// The line that is none of a table's.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let mut tables: Vec<Self> = Vec::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split("//").next().unwrap_or_default().split_whitespace().collect();
            let layout = match words[..] {
                [] => continue,
                ["layout", "keras"] => Some(Layout::Keras),
                ["layout", "torch"] => Some(Layout::Torch),
                _ => None,
            };
            if let Some(layout) = layout {
                let (rules, ignored) = (Vec::new(), Vec::new());
                tables.push(Self { layout, rules, ignored, is_torchvision: false });
                continue;
            }
            let table = tables.last_mut().ok_or(NO_LAYOUT)?;
            match words[..] {
                ["ignored", layer] => table.ignored.push(layer.to_owned()),
                ["prepare", "torchvision"] => table.is_torchvision = true,
                [ours, theirs, ref kept @ ..] if ours != "layout" => {
                    let kept = Kept::parse(kept)
                        .ok_or_else(|| format!("`{line}` is no line of a table of names"))?;
                    table.rules.push(Rule { ours: ours.into(), theirs: theirs.into(), kept });
                }
                _ => return Err(format!("`{line}` is no line of a table of names")),
            }
        }
        if tables.is_empty() { Err(NO_LAYOUT.to_owned()) } else { Ok(tables) }
    }

    /// Whether its weights want pictures as torchvision prepares them, whatever the model's own file says.
    pub(super) fn is_torchvision(&self) -> bool {
        self.is_torchvision
    }

    /// How tensors lie in the reference's files.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// What the reference calls a variable of one of our layers, and its shape there; `None` where the table
    /// does not know the layer.
    pub fn reference(&self, layer: &str, variable: &str, shape: &Shape) -> Option<(String, Shape)> {
        let (theirs, kept) = self.rule(layer)?;
        if self.layout == Layout::Keras {
            return Some((format!("{theirs}/{variable}"), shape.clone()));
        }
        let extents = match (kept, shape.extents()) {
            (Kept::Depthwise, &[height, width, channels, multiplier]) => {
                vec![channels * multiplier, 1, height, width]
            }
            (Kept::Linear, &[1, 1, inputs, outputs]) => vec![outputs, inputs],
            (_, &[height, width, inputs, outputs]) => vec![outputs, inputs, height, width],
            (_, &[inputs, outputs]) => vec![outputs, inputs],
            (Kept::Parameter, &[channels]) => return Some((theirs, Shape::new([channels, 1, 1]))),
            (_, others) => others.to_vec(),
        };
        Some((format!("{theirs}.{}", torch_variable(variable)), Shape::new(extents)))
    }

    /// Where the reference keeps a variable of one of our layers, which is called `layer` in its network: the
    /// layer and the variable there, and how it lies. `None` where the table does not know the layer.
    pub(super) fn place(&self, layer: &str, variable: &Variable) -> Option<(String, String, Place)> {
        let (theirs, kept) = self.rule(layer)?;
        let flattened = if let Kept::Flattened(channels) = kept { Some(channels) } else { None };
        // it is the inputs that are a map; a bias has a number for each output
        let flattened = flattened.filter(|_| variable.axes == Axes::Matrix);
        let place = Place::of(variable, self.layout, flattened);
        Some(match (self.layout, kept) {
            (Layout::Keras, _) => (theirs, variable.name.to_owned(), place),
            (Layout::Torch, Kept::Parameter) => {
                let (around, own) = theirs.rsplit_once('.').unwrap_or(("", &theirs));
                (around.to_owned(), own.to_owned(), place)
            }
            (Layout::Torch, _) => (theirs, torch_variable(variable.name).to_owned(), place),
        })
    }

    /// The first rule that fits a layer: what it is called there, and how it is kept.
    fn rule(&self, layer: &str) -> Option<(String, Kept)> {
        let fitting = |rule: &Rule| Some((translate(layer, &rule.ours, &rule.theirs)?, rule.kept));
        self.rules.iter().find_map(fitting)
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
    fn another_implementation_has_a_table_of_its_own() {
        let text = "layout keras\n{layer} {layer}\n\nlayout torch\nprepare torchvision\na features.0\n";
        let tables = NameTable::parse_all(text).expect("two tables");
        assert_eq!(tables.iter().map(NameTable::layout).collect::<Vec<_>>(), [Layout::Keras, Layout::Torch]);
        assert_eq!(tables.iter().map(NameTable::is_torchvision).collect::<Vec<_>>(), [false, true]);
        assert_eq!(NameTable::parse(text).as_ref(), Ok(&tables[0]));
        assert_eq!(tables[1].rule("b"), None);
    }

    #[test]
    fn torch_keeps_some_layers_in_ways_of_their_own() {
        let table = table(
            "layout torch\ndw  dw  depthwise\nexpand  block.3  linear\nscale  block.scale  parameter\n{layer} {layer}\n",
        );
        let find = |layer, variable, shape: &[usize]| {
            let (name, shape) = table.reference(layer, variable, &Shape::new(shape)).expect("known");
            (name, shape.extents().to_vec())
        };
        assert_eq!(find("dw", "kernel", &[1, 2, 2, 2]), ("dw.weight".to_owned(), vec![4, 1, 1, 2]));
        assert_eq!(find("dw", "bias", &[4]), ("dw.bias".to_owned(), vec![4]));
        assert_eq!(find("expand", "kernel", &[1, 1, 2, 3]), ("block.3.weight".to_owned(), vec![3, 2]));
        assert_eq!(find("scale", "gamma", &[3]), ("block.scale".to_owned(), vec![3, 1, 1]));
        assert_eq!(find("bn", "moving_variance", &[4]), ("bn.running_var".to_owned(), vec![4]));
    }

    #[test]
    fn places_are_read_where_they_are() {
        let variable = |name: &'static str, extents: &[usize], axes| Variable {
            at: 0,
            layer: "net.x".into(),
            name,
            position: 0,
            shape: Shape::new(extents),
            axes,
            flattened: None,
            kind: "conv2d",
        };
        let torch = table("layout torch\nfc a flattened 2\nscale  block.scale  parameter\n{layer} {layer}\n");
        let kernel = variable("kernel", &[1, 1, 2, 3], Axes::Windows);
        let (layer, name, place) = torch.place("conv", &kernel).expect("known");
        assert_eq!((layer.as_str(), name.as_str()), ("conv", "weight"));
        // a dense layer of each pixel has no window there
        assert!(place.takes(&Shape::new([3, 2, 1, 1])) && place.takes(&Shape::new([3, 2])));
        let gamma = variable("gamma", &[3], Axes::Features);
        let (layer, name, place) = torch.place("scale", &gamma).expect("known");
        assert_eq!((layer.as_str(), name.as_str()), ("block", "scale"));
        assert!(place.takes(&Shape::new([3, 1, 1])));
        let matrix = variable("kernel", &[6, 1], Axes::Matrix);
        let theirs: Vec<f32> = (0..6_u8).map(f32::from).collect();
        let (.., place) = torch.place("fc", &matrix).expect("known");
        assert_eq!(place.ours(theirs.clone()), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        // a bias is one of the outputs, whatever the inputs were
        let bias = variable("bias", &[6], Axes::Features);
        let (.., place) = torch.place("fc", &bias).expect("known");
        assert_eq!(place.ours(theirs.clone()), theirs);
        let keras = table("layout keras\npredictions conv_preds\n");
        let (layer, name, _) = keras.place("predictions", &kernel).expect("known");
        assert_eq!((layer.as_str(), name.as_str()), ("conv_preds", "kernel"));
    }

    /// What is written for PyTorch ([`super::super::Naming`]) is read as it was.
    #[test]
    fn ours_are_theirs_turned_back() {
        use crate::tensor::{Turn, VectorOrder};
        let matrix = Turn::Matrix(VectorOrder::flattened(3, 2));
        let windows = (Axes::Windows, vec![2, 1, 3, 4], None, Turn::Windows);
        for (axes, extents, flattened, turn) in [windows, (Axes::Matrix, vec![6, 4], Some(2), matrix)] {
            let values: Vec<f32> = (0..24_u8).map(f32::from).collect();
            let variable = Variable {
                at: 0,
                layer: "x".into(),
                name: "kernel",
                position: 0,
                shape: Shape::new(extents.clone()),
                axes,
                flattened,
                kind: "conv2d",
            };
            let place = Place::of(&variable, Layout::Torch, None);
            assert_eq!(place.shape.extents(), turn.extents(&extents));
            let theirs = turn.apply(&extents, &values).into_owned();
            assert!(theirs != values && place.ours(theirs) == values, "{axes:?}");
        }
    }

    #[test]
    fn what_needs_no_place_is_known() {
        let torch = table("layout torch\n{layer} {layer}\n");
        assert!(torch.ignores("bn1.num_batches_tracked") && !torch.ignores("bn1.running_mean"));
        let keras = table("layout keras\nignored normalization\n{layer} {layer}\n");
        assert!(keras.ignores("normalization/mean") && keras.ignores("normalization.count"));
        assert!(!keras.ignores("normalization_1/mean") && !keras.ignores("bn1.num_batches_tracked"));
    }
}
