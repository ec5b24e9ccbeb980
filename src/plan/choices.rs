//! Ways to compute a convolution that were chosen by a timing, in place of the model of the processor.
//!
//! Lowering asks a [`Question`] for each convolution. Where [`Choices`] have an answer it is taken, otherwise
//! the model's. Either way equal choices give equal plans, and equal bits.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::desc::{
    ConvDesc, ConvGradWeightDesc, ConvOutlet, KernelDesc, PackDesc, Rank, Square, StrassenDesc,
    StrassenWeightDesc, WinogradDesc, WinogradGradWeightDesc, WinogradWeightDesc,
};
use crate::kernel::{Calls, Target, conv, depthwise, strassen, winograd};
use crate::tensor::Layout;

/// Loop orders that are timed: the cheapest by the model.
const ORDERS: u8 = 3;

/// Cuts into tiles that are timed.
const CUTS: u8 = 4;

/// How a convolution, or one of its gradients, is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// Product by product, with these of the models' loop orders and tiles.
    Direct(Rank),
    /// By Winograd's method.
    Winograd(Square),
    /// By Strassen's.
    Strassen,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Direct(Rank { order: 0, cut: 0 }) => f.write_str("direct"),
            Way::Direct(Rank { order, cut }) => write!(f, "direct, loop order {order}, tiles {cut}"),
            Way::Winograd(Square::Two) => f.write_str("winograd 2x2"),
            Way::Winograd(Square::Four) => f.write_str("winograd 4x4"),
            Way::Strassen => f.write_str("strassen"),
        }
    }
}

impl FromStr for Way {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let ranks = (0..ORDERS).flat_map(|order| (0..CUTS).map(move |cut| Rank { order, cut }));
        let squares = Square::ALL.into_iter().map(Way::Winograd);
        ranks
            .map(Way::Direct)
            .chain(squares)
            .chain([Way::Strassen])
            .find(|way| way.to_string() == text)
            .ok_or(())
    }
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Product {
    /// Forward, or the gradient by the input; weights as rows.
    Conv(ConvDesc),
    /// The gradient by the weights.
    GradWeight(ConvGradWeightDesc),
}

/// A convolution that can be computed in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Question {
    /// What is computed.
    pub product: Product,
    /// Images of a call.
    pub images: usize,
    /// Calls for each time that the weights change; `None` where they never do.
    pub calls: Option<usize>,
    /// Whether a call finds its weights in memory, not in a cache: the model's layers have too many for that.
    pub cold: bool,
}

/// A kernel to time: what it is, and the bytes of its arguments. Made of questions alone, so that the
/// sizes are those that the kernel touches.
#[derive(Debug, Clone)]
pub struct TimedCall {
    kernel: KernelDesc,
    arguments: Vec<usize>,
    count: usize,
    uncached: Option<usize>,
}

impl TimedCall {
    /// The kernel.
    pub fn kernel(&self) -> &KernelDesc {
        &self.kernel
    }

    /// Bytes of each argument, scratch memory not among them.
    pub fn arguments(&self) -> &[usize] {
        &self.arguments
    }

    /// `count` of the call.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The argument that a call finds in memory, and in no cache.
    pub fn uncached(&self) -> Option<usize> {
        self.uncached
    }
}

/// What is timed of one way.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The way.
    pub way: Way,
    /// The call itself.
    pub call: TimedCall,
    /// What rearranges the weights, once for [`Question::calls`] calls.
    pub weights: Option<TimedCall>,
}

/// Chosen ways, by what [`Question::key`] says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choices(BTreeMap<String, Way>);

impl Choices {
    /// The way chosen for a question, if one was.
    pub fn of(&self, question: &Question, target: &Target) -> Option<Way> {
        // a key is made only where there is something to find
        if self.0.is_empty() {
            return None;
        }
        let way = self.0.get(&question.key(target)).copied()?;
        // a file may say anything
        let is_possible = matches!(way, Way::Direct(_)) || question.ways(target).contains(&way);
        is_possible.then_some(way)
    }

    /// Remembers a choice.
    pub fn insert(&mut self, question: &Question, target: &Target, way: Way) {
        self.0.insert(question.key(target), way);
    }

    /// Takes the other's choices where there are none yet.
    pub fn extend(&mut self, other: Choices) {
        for (key, way) in other.0 {
            self.0.entry(key).or_insert(way);
        }
    }

    /// Number of choices.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was chosen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// (key, way), for files.
    pub fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(key, way)| (key.as_str(), way.to_string()))
    }

    /// What [`Self::texts`] gave. Ways that are not known are left out: another build wrote them.
    pub fn from_texts<'t>(texts: impl Iterator<Item = (&'t str, &'t str)>) -> Self {
        Self(texts.filter_map(|(key, way)| Some((key.to_owned(), way.parse().ok()?))).collect())
    }
}

impl Question {
    /// A name that people can read, with a hash of all that makes a difference to the kernels.
    pub fn key(&self, target: &Target) -> String {
        let all = format!("{self:?} {target:?}");
        let hash = Sha256::digest(all.as_bytes());
        let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let (what, window, input, output) = match &self.product {
            Product::Conv(desc) if desc.grad_input => {
                ("conv_grad_input", &desc.window, &desc.input, &desc.output)
            }
            Product::Conv(desc) => ("conv", &desc.window, &desc.input, &desc.output),
            Product::GradWeight(desc) => ("conv_grad_weight", &desc.window, &desc.input, &desc.grad),
        };
        let size = |layout: &Layout| format!("{}x{}x{}", layout.height, layout.width, layout.channels);
        format!(
            "{what} {}x{}, {} and {}, {} images, {}, {hash}",
            window.y.kernel_size,
            window.x.kernel_size,
            size(input),
            size(output),
            self.images,
            target.simd,
        )
    }

    /// The ways that there are.
    pub fn ways(&self, target: &Target) -> Vec<Way> {
        let (window, groups) = match &self.product {
            Product::Conv(desc) => (&desc.window, desc.groups),
            Product::GradWeight(desc) => (&desc.window, desc.groups),
        };
        let squares = if !target.exact && winograd::applies(window, groups) { &Square::ALL[..] } else { &[] };
        let strassen = match &self.product {
            Product::Conv(desc) => !target.exact && strassen::applies(desc),
            Product::GradWeight(_) => false,
        };
        std::iter::once(Way::Direct(Rank::default()))
            .chain(squares.iter().copied().map(Way::Winograd))
            .chain(strassen.then_some(Way::Strassen))
            .collect()
    }

    /// Direct ways that differ from this one in the loop order alone, itself among them;
    /// [`Self::with_other_tiles`] says the rest.
    pub fn with_other_orders(&self, rank: Rank) -> Vec<Way> {
        let orders = match &self.product {
            Product::Conv(desc) if !depthwise::applies(desc) => ORDERS,
            Product::Conv(_) | Product::GradWeight(_) => 1,
        };
        (0..orders).map(|order| Way::Direct(Rank { order, ..rank })).collect()
    }

    /// Direct ways that differ from this one in the tiles alone, itself among them.
    pub fn with_other_tiles(&self, rank: Rank) -> Vec<Way> {
        let by_channels = match &self.product {
            Product::Conv(desc) => depthwise::applies(desc),
            Product::GradWeight(desc) => depthwise::applies_to_grad_weight(desc),
        };
        (0..if by_channels { 1 } else { CUTS }).map(|cut| Way::Direct(Rank { cut, ..rank })).collect()
    }

    /// The way that the model of the processor chooses.
    pub fn modelled(&self, target: &Target) -> Way {
        let square = match &self.product {
            Product::Conv(desc) => {
                let desc = ConvDesc { block: conv::block(desc, target), ..*desc };
                let calls = Calls { images: self.images, cold: self.cold };
                if strassen::is_worth_it(&desc, calls, self.calls, target) {
                    return Way::Strassen;
                }
                winograd::choose(&desc, calls, target)
            }
            Product::GradWeight(desc) => winograd::choose_grad_weight(desc, self.images, target),
        };
        square.map_or(Way::Direct(Rank::default()), Way::Winograd)
    }

    /// What to time of a way.
    pub fn candidate(&self, way: Way, target: &Target) -> Candidate {
        match &self.product {
            Product::Conv(desc) => self.conv_candidate(desc, way, target),
            Product::GradWeight(desc) => {
                let images = self.images;
                let kernel = grad_weight_kernel(desc, way, images);
                let dw = desc.window.area() * desc.input.channels / desc.groups * desc.grad.channels;
                let elements = [images * desc.input.image_pitch, images * desc.grad.image_pitch, dw];
                let arguments = elements.map(|elements| elements * size_of::<f32>()).to_vec();
                Candidate {
                    way,
                    call: TimedCall { kernel, arguments, count: images, uncached: None },
                    weights: None,
                }
            }
        }
    }

    fn conv_candidate(&self, desc: &ConvDesc, way: Way, target: &Target) -> Candidate {
        let bytes = |elements: usize| elements * size_of::<f32>();
        let (inputs, outputs) = (desc.input.channels, desc.output.channels);
        let rows = desc.window.area() * inputs / desc.groups;
        let block = conv::block(desc, target);
        let (weight_elements, rearranging) = match way {
            Way::Direct(_) => match block {
                Some(block) => {
                    let kernel = KernelDesc::Pack(PackDesc { rows, columns: outputs, block });
                    (rows * outputs.next_multiple_of(block), Some((kernel, rows)))
                }
                None => (rows * outputs, None),
            },
            Way::Winograd(square) => {
                let desc = WinogradWeightDesc { square, flipped: desc.grad_input, inputs, outputs };
                (desc.elements(target.simd.lanes()), Some((KernelDesc::WinogradWeight(desc), inputs)))
            }
            Way::Strassen => {
                let desc = StrassenWeightDesc { inputs, outputs, part: outputs };
                (desc.elements(target.simd.lanes()), Some((KernelDesc::StrassenWeight(desc), inputs / 2)))
            }
        };
        let weights = rearranging.filter(|_| self.calls.is_some()).map(|(kernel, count)| {
            let arguments = vec![bytes(rows * outputs), bytes(weight_elements)];
            TimedCall { kernel, arguments, count, uncached: None }
        });
        let winners = desc.epilogue.pool.and_then(|pool| pool.winners);
        let outlet = ConvOutlet {
            bias: desc.epilogue.bias.then_some(bytes(outputs)),
            residual: desc.epilogue.residual.map(|layout| bytes(self.images * layout.image_pitch)),
            output: bytes(self.images * desc.output.image_pitch),
            // a byte each
            winners: winners.map(|winners| self.images * winners.image_pitch),
        };
        let arguments = outlet.behind([bytes(self.images * desc.input.image_pitch), bytes(weight_elements)]);
        let kernel = conv_kernel(desc, way, block);
        // the weights
        let uncached = self.cold.then_some(1);
        Candidate { way, call: TimedCall { kernel, arguments, count: self.images, uncached }, weights }
    }
}

/// The kernel of a convolution, with weights in blocks for a direct one.
pub(super) fn conv_kernel(desc: &ConvDesc, way: Way, block: Option<usize>) -> KernelDesc {
    match way {
        // along the channels where each is by itself
        Way::Direct(_) if depthwise::applies(desc) => {
            KernelDesc::Depthwise(crate::desc::DepthwiseDesc { conv: *desc })
        }
        Way::Direct(rank) => KernelDesc::Conv(ConvDesc { block, rank, ..*desc }),
        Way::Winograd(square) => {
            KernelDesc::Winograd(WinogradDesc { conv: *desc, square, images: desc.images })
        }
        Way::Strassen => KernelDesc::Strassen(StrassenDesc { conv: *desc, images: desc.images }),
    }
}

/// The kernel of a gradient by the weights.
pub(super) fn grad_weight_kernel(desc: &ConvGradWeightDesc, way: Way, images: usize) -> KernelDesc {
    match way {
        Way::Winograd(square) => {
            KernelDesc::WinogradGradWeight(WinogradGradWeightDesc { conv: *desc, square, images })
        }
        Way::Direct(_) | Way::Strassen if depthwise::applies_to_grad_weight(desc) => {
            KernelDesc::DepthwiseGradWeight(crate::desc::DepthwiseGradWeightDesc { conv: *desc })
        }
        Way::Direct(Rank { cut, .. }) => KernelDesc::ConvGradWeight(ConvGradWeightDesc { cut, ..*desc }),
        // not one of its ways
        Way::Strassen => KernelDesc::ConvGradWeight(*desc),
    }
}
