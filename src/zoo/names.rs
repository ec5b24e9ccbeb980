//! Names and layouts of the implementation that a model's published weights come from: the tables beside the
//! zoo's models.
//!
//! ```text
//! layout torch                                                 // or keras: how tensors lie, what variables are called
//! {stage}.{turn}.basic.conv0     {stage}.{turn}.downsample.0   // our layer, theirs; the first line that fits counts
//! {block}.{turn}.layer           {block}.layer{turn+1}         // what is counted from 1 there
//! expand                         block.3         linear        // a 1x1 convolution that is a dense layer of each pixel
//! predictions                    conv_preds      convolution   // a dense layer that is a 1x1 convolution
//! layer_scale                    layer_scale     parameter     // the layer's one variable is no layer's there
//! ignored normalization                                        // a layer of theirs that needs no place here
//! prepare torchvision                                          // pictures are prepared as there, and not as the file says
//! ```
//! A second `layout` begins the table of another implementation of the same network.
//! A word in braces stands for any one part of a path, or what is left of that part, and for the same on both
//! sides.

use super::layout::Place;
use crate::ir::Variable;

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
    /// Its weights want pictures as torchvision prepares them, whatever the model's own file says.
    is_torchvision: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    ours: String,
    theirs: String,
    kept: Kept,
}

/// What a layer is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// The same as here.
    Plainly,
    /// A dense layer of each pixel: its kernel has no window.
    Linear,
    /// A convolution of one pixel: its kernel has a window of 1x1.
    Convolution,
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
                tables.push(Self { layout, rules: Vec::new(), is_torchvision: false });
                continue;
            }
            let table = tables.last_mut().ok_or(NO_LAYOUT)?;
            match words[..] {
                // for the scripts that compare tables with references
                ["ignored", _] => {}
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

    /// What the reference calls a variable of one of our layers, which is called `layer` in its network, and
    /// how it lies there; `None` where the table does not know the layer.
    pub fn reference(&self, layer: &str, variable: &Variable) -> Option<(String, Place)> {
        let (layer, name, place) = self.place(layer, variable)?;
        let name = match (self.layout, layer.as_str()) {
            (Layout::Keras, layer) => format!("{layer}/{name}"),
            (Layout::Torch, "") => name,
            (Layout::Torch, layer) => format!("{layer}.{name}"),
        };
        Some((name, place))
    }

    /// Where the reference keeps a variable of one of our layers, which is called `layer` in its network: the
    /// layer and the variable there, and how it lies. `None` where the table does not know the layer.
    pub(super) fn place(&self, layer: &str, variable: &Variable) -> Option<(String, String, Place)> {
        let (theirs, kept) = self.rule(layer)?;
        let place = Place::of(variable, self.layout);
        let extents = place.shape.extents().to_vec();
        let place = match (self.layout, kept, &extents[..]) {
            (Layout::Torch, Kept::Linear, &[outputs, inputs, 1, 1]) => place.shaped(&[outputs, inputs]),
            (Layout::Keras, Kept::Convolution, &[inputs, outputs]) => place.shaped(&[1, 1, inputs, outputs]),
            (Layout::Torch, Kept::Parameter, &[channels]) => place.shaped(&[channels, 1, 1]),
            _ => place,
        };
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
}

impl Kept {
    /// What stands behind the two names of a line.
    fn parse(words: &[&str]) -> Option<Self> {
        Some(match *words {
            [] => Self::Plainly,
            ["convolution"] => Self::Convolution,
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
    use crate::layers::Axes;
    use crate::tensor::Shape;

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
        let read = table("// names\nlayout torch\nfc6  classifier.1  linear // as it is\n");
        assert_eq!(
            read.rules,
            [Rule { ours: "fc6".into(), theirs: "classifier.1".into(), kept: Kept::Linear }]
        );
        for wrong in
            ["a b", "layout tf", "layout keras\na", "layout torch\na b linear 2", "layout torch\na b wide"]
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

    fn variable(name: &'static str, extents: &[usize], axes: Axes) -> Variable {
        let (layer, shape) = ("net.x".into(), Shape::new(extents));
        Variable { at: 0, layer, name, position: 0, shape, axes, rows: None, kind: "conv2d" }
    }

    #[test]
    fn references_keep_some_layers_in_ways_of_their_own() {
        let torch =
            table("layout torch\nexpand  block.3  linear\nscale  block.scale  parameter\n{layer} {layer}\n");
        let find = |table: &NameTable, layer, variable: &Variable| {
            let (name, place) = table.reference(layer, variable).expect("known");
            (name, place.shape.extents().to_vec())
        };
        let window = variable("kernel", &[1, 1, 2, 3], Axes::Windows);
        assert_eq!(find(&torch, "conv", &window), ("conv.weight".to_owned(), vec![3, 2, 1, 1]));
        assert_eq!(find(&torch, "expand", &window), ("block.3.weight".to_owned(), vec![3, 2]));
        let depthwise = variable("kernel", &[1, 2, 2, 2], Axes::Depthwise);
        assert_eq!(find(&torch, "dw", &depthwise), ("dw.weight".to_owned(), vec![4, 1, 1, 2]));
        let of_channels = |name| variable(name, &[3], Axes::Features);
        assert_eq!(find(&torch, "dw", &of_channels("bias")), ("dw.bias".to_owned(), vec![3]));
        assert_eq!(find(&torch, "scale", &of_channels("gamma")), ("block.scale".to_owned(), vec![3, 1, 1]));
        let variance = of_channels("moving_variance");
        assert_eq!(find(&torch, "bn", &variance), ("bn.running_var".to_owned(), vec![3]));
        let keras = table("layout keras\npredictions conv_preds convolution\n");
        let matrix = variable("kernel", &[2, 3], Axes::Matrix);
        assert_eq!(find(&keras, "predictions", &matrix), ("conv_preds/kernel".to_owned(), vec![1, 1, 2, 3]));
        // other programs have a window where there is none here, or none where there is one
        let (.., place) = torch.place("conv", &window).expect("known");
        assert!(place.takes(&Shape::new([3, 2, 1, 1])) && place.takes(&Shape::new([3, 2])));
    }
}
