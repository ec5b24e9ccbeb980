//! Activations as layers: `relu`, `leaky_relu`, …, `softmax`, and `activation(name)`.

use super::{
    Activation, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose, per_element,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;
use crate::vocabulary::{Word, Words};

/// An activation by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivationLayer {
    /// How it is written: the activation's own name, or `activation`.
    keyword: &'static str,
    /// What it applies.
    pub activation: Activation,
}

const NAME: &[OptionSpec] =
    &[OptionSpec::required("activation", OptionType::Activation, "The activation's name.")];

/// `activation(name)`, where the name is a parameter.
const BY_NAME: Kind<ActivationLayer> = Kind {
    info: KindInfo {
        keyword: "activation",
        keras: "Activation",
        help: "The activation of a name: where the name is a parameter.",
        inputs: Inputs::One,
        options: NAME,
        shape: "The input's.",
        formula: "y = f(x)",
        source: "",
        example: "activation(relu)",
    },
    make: |a| ActivationLayer { keyword: "activation", activation: a.activation("activation") },
};

/// All activations but the first, `linear`, and [`BY_NAME`].
const COUNT: usize = Activation::TABLE.len();

impl ActivationLayer {
    /// The layer that applies an activation.
    pub(crate) fn of(activation: Activation) -> Self {
        Self { keyword: activation.keyword(), activation }
    }

    pub(super) const KINDS: &'static [Kind<Self>] = &const {
        let mut kinds = [BY_NAME; COUNT];
        let mut at = 1;
        while at < COUNT {
            kinds[at - 1] = of_word(&Activation::TABLE[at].word);
            at += 1;
        }
        kinds
    };
}

/// The layer that applies the activation of a word.
const fn of_word(word: &Word) -> Kind<ActivationLayer> {
    let Word { keyword, keras, help, formula, source, example, options, unnamed: _ } = *word;
    let options = own_options(keyword, options);
    let shape = "The input's.";
    Kind {
        info: KindInfo {
            keyword,
            keras,
            help,
            inputs: Inputs::One,
            options,
            shape,
            formula,
            source,
            example,
        },
        make: |a| {
            let row = Activation::row(a.word()).expect("the word of a row");
            ActivationLayer { keyword: row.word.keyword, activation: row.make(a) }
        },
    }
}

/// The options of an activation as a layer.
const fn own_options(keyword: &str, options: &'static [OptionSpec]) -> &'static [OptionSpec] {
    let mut at = 0;
    while at < Activation::AS_LAYERS.len() {
        if same(Activation::AS_LAYERS[at].0, keyword) {
            return Activation::AS_LAYERS[at].1;
        }
        at += 1;
    }
    options
}

/// Whether two texts are the same, while compiling.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

impl LayerOp for ActivationLayer {
    fn keyword(&self) -> &'static str {
        self.keyword
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.activation(inputs[0], self.activation)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        match self.activation {
            Activation::Linear => 0,
            Activation::Elementwise(_) => per_element(&inputs[0], 1),
            Activation::Softmax => per_element(&inputs[0], 3),
        }
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn purpose(&self) -> Purpose {
        Purpose::Activate
    }
}
