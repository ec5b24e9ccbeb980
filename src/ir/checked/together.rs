//! The members of an ensemble as one program for inference: one input, a branch for each member, and what
//! makes one answer of theirs.

use super::super::{
    AugmentSpec, Drawing, Ensemble, EnsembleSpec, LabelKind, LayerId, LayerNode, Link, Meaning, Member,
    Model, OpenSizes, ReportSpec, Scope, ScopeKind, meaning,
};
use super::CheckedProgram;
use crate::layers::{ActivationLayer, Join, Layer, Together};
use crate::source::{Span, Spanned};
use crate::tensor::Shape;
use crate::vocabulary::{Activation, ActivationKind, Attributes, Combine, Words};

/// What the answers of a member are, once they can be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Probabilities of exclusive classes.
    OfClasses,
    /// A probability of each class, or of the one of two, by itself.
    OfEach,
    /// Numbers that stand for themselves.
    Numbers,
    /// A value for each place of the picture.
    Map,
    /// Scores that no probabilities follow from, such as those of a hinge loss.
    Scores,
}

impl Answers {
    /// What the answers of a member's program are. Scores count as the probabilities that its loss makes of
    /// them.
    pub fn of(program: &CheckedProgram) -> Self {
        let is_one_of_several =
            program.label_kind() == LabelKind::Single && program.output_shape().elements() > 1;
        match meaning(program, false) {
            Meaning::Map => Answers::Map,
            Meaning::Numbers => Answers::Numbers,
            Meaning::Scores { link: None } => Answers::Scores,
            Meaning::Scores { link: Some(_) } | Meaning::Probabilities { .. } if is_one_of_several => {
                Answers::OfClasses
            }
            Meaning::Scores { link: Some(_) } | Meaning::Probabilities { .. } => Answers::OfEach,
        }
    }
}

/// What a program's output needs to become probabilities.
fn missing_link(program: &CheckedProgram) -> Option<Activation> {
    let Meaning::Scores { link: Some(link) } = meaning(program, false) else { return None };
    Some(match link {
        Link::Softmax => Activation::Softmax,
        Link::Sigmoid => Activation::Elementwise(ActivationKind::Sigmoid),
    })
}

impl CheckedProgram {
    /// The members of an ensemble as one program. They must have been compared: their input and their output
    /// are of one shape each, they are for the same data, prepare pictures alike, and their [`Answers`] can be
    /// combined as is asked for. It is for inference: its schedule, which says by what answers are judged, is
    /// the first member's, without what is for training alone.
    #[must_use]
    pub(crate) fn together(ensemble: Ensemble) -> Self {
        let first = ensemble.members[0].program.as_ref();
        let mut building = Building::new(first);
        let votes_for = Answers::of(first);
        let share = 1.0 / ensemble.members.len() as f32;
        let outputs: Vec<LayerId> = ensemble
            .members
            .iter()
            .map(|member| building.branch(member, ensemble.spec.combine.value, share))
            .collect();
        let layer = match (ensemble.spec.combine.value, votes_for) {
            (Combine::Mean, _) => Layer::Join(Join::Average),
            (Combine::Weighted, _) => Layer::Together(Together::WeightedSum),
            (Combine::Vote, Answers::OfClasses) => Layer::Together(Together::VoteForClass),
            (Combine::Vote, _) => Layer::Together(Together::VoteForEach),
        };
        let path = building.free(layer.as_op().keyword());
        let output = building.push(path, layer, outputs, &ensemble.spec.combine);
        let Building { layers, shapes, scopes, varying } = building;
        let open = first.open.as_ref().map(|open| OpenSizes {
            axes: open.axes,
            least: least(&ensemble.members, open.least),
            varying,
        });
        let mut program = first.program.clone();
        program.model = Model { name: ensemble.spec.name.clone(), layers, output, heads: Vec::new(), scopes };
        program.augment = AugmentSpec::default();
        program.tune = ensemble.members.iter().find_map(|member| member.program.program.tune.clone());
        program.ensembles = Vec::new();
        if let Some(train) = &mut program.train {
            train.callbacks.clear();
            train.freezes.clear();
            train.rate_scales.clear();
            train.rate_factors.clear();
            train.phases.clear();
            // what was scores has become probabilities
            let are_scores = (votes_for != Answers::Numbers && votes_for != Answers::Map).then_some(false);
            train.loss_options.from_logits = are_scores.map(|said| Spanned::new(said, Span::default()));
        }
        program.report = program
            .report
            .as_ref()
            .map(|report| drawings(report, first, &ensemble.members[0], &program.model));
        let loss = first.loss;
        program.ensemble = Some(Box::new(ensemble));
        Self { program, shapes, loss, open }
    }

    /// The same program with another seed.
    #[must_use]
    pub(crate) fn seeded(&self, seed: u64) -> Self {
        let mut seeded = self.clone();
        if let Some(train) = &mut seeded.program.train {
            train.seed = seed;
            train.phases.iter_mut().for_each(|phase| phase.spec.seed = seed);
        }
        seeded
    }

    /// The same program, its model a member of an ensemble.
    #[must_use]
    pub(crate) fn member_of(&self, ensemble: EnsembleSpec) -> Self {
        let mut member = self.clone();
        member.program.ensembles.push(ensemble);
        member
    }

    /// The same program, its model called otherwise.
    #[must_use]
    pub(crate) fn named(&self, name: &str) -> Self {
        let mut named = self.clone();
        named.program.model.name.value = name.to_owned();
        named
    }
}

/// What is drawn of an ensemble: the drawings of its first member, of that member's layers. Curves are drawn by
/// each member's own run.
fn drawings(report: &ReportSpec, first: &CheckedProgram, member: &Member, together: &Model) -> ReportSpec {
    let of_ensemble = |drawing: &Spanned<Drawing>| {
        let value = drawing.value.clone();
        let value = match value.layer() {
            _ if value == Drawing::Curves => return None,
            None => value,
            Some(layer) => {
                let path = format!("{}.{}", member.name, first.program.model.layers[layer.index()].path);
                let place = together.layers.iter().position(|node| node.path == path)?;
                value.of_layer(LayerId(place as u32))
            }
        };
        Some(Spanned::new(value, drawing.span))
    };
    ReportSpec { images: report.images, drawings: report.drawings.iter().filter_map(of_ensemble).collect() }
}

/// The smallest pictures that all members take.
fn least(members: &[Member], first: [usize; 2]) -> [usize; 2] {
    members
        .iter()
        .filter_map(|member| member.program.open.as_ref())
        .fold(first, |[height, width], open| [height.max(open.least[0]), width.max(open.least[1])])
}

/// The network while members are added to it.
struct Building {
    layers: Vec<LayerNode>,
    shapes: Vec<Shape>,
    scopes: Vec<Scope>,
    /// As [`OpenSizes::varying`]; empty where sizes are not open.
    varying: Vec<Vec<bool>>,
}

impl Building {
    /// With the input of the first member, which all have alike.
    fn new(first: &CheckedProgram) -> Self {
        let varying = first.open.iter().filter_map(|open| open.varying.first().cloned()).collect();
        let input = LayerNode { path: "input".to_owned(), ..first.program.model.layers[0].clone() };
        Self { layers: vec![input], shapes: vec![first.shapes[0].clone()], scopes: Vec::new(), varying }
    }

    /// Adds the layers of a member that its answer needs; gives where its answer is.
    fn branch(&mut self, member: &Member, combine: Combine, share: f32) -> LayerId {
        let program = member.program.as_ref();
        let model = &program.program.model;
        let start = self.layers.len();
        let scope = self.scopes.len();
        let kind = ScopeKind::Block(model.name.value.clone());
        let span = model.name.span;
        self.scopes.push(Scope { path: member.name.clone(), kind, layers: start..start, span });
        let mut left_out = model.only_for_heads();
        // where each of its layers is now; those before it that are left out count as the next
        let mut places: Vec<usize> = Vec::with_capacity(model.layers.len() + 1);
        for (at, node) in model.layers.iter().enumerate() {
            if at == 0 {
                places.push(0);
                continue;
            }
            places.push(self.layers.len());
            // what nothing needs may take what is left out
            left_out[at] |= node.inputs.iter().any(|input| left_out[input.index()]);
            if left_out[at] {
                continue;
            }
            let inputs = node.inputs.iter().map(|input| LayerId(places[input.index()] as u32)).collect();
            self.layers.push(LayerNode {
                path: format!("{}.{}", member.name, node.path),
                inputs,
                ..node.clone()
            });
            self.shapes.push(program.shapes[at].clone());
            self.varying.extend(program.open.iter().filter_map(|open| open.varying.get(at).cloned()));
        }
        places.push(self.layers.len());
        for inner in &model.scopes {
            let layers = places[inner.layers.start].max(start)..places[inner.layers.end].max(start);
            if layers.is_empty() {
                continue;
            }
            let mut kind = inner.kind.clone();
            if let ScopeKind::Model(backbone) = &mut kind {
                // all weights are those of the ensemble
                backbone.weights = None;
            }
            let path = format!("{}.{}", member.name, inner.path);
            self.scopes.push(Scope { path, kind, layers, span: inner.span });
        }
        let mut answer = LayerId(places[model.output.index()] as u32);
        let from = Spanned::new((), span);
        if let Some(activation) = missing_link(program) {
            let layer = Layer::Activation(ActivationLayer::of(activation));
            let path = self.free(&format!("{}.{}", member.name, activation.keyword()));
            answer = self.push(path, layer, vec![answer], &from);
        }
        if combine == Combine::Weighted {
            let path = self.free(&format!("{}.share", member.name));
            answer = self.push(path, Layer::Together(Together::Weight(share)), vec![answer], &from);
        }
        self.scopes[scope].layers.end = self.layers.len();
        answer
    }

    fn push<T>(&mut self, path: String, layer: Layer, inputs: Vec<LayerId>, from: &Spanned<T>) -> LayerId {
        let id = LayerId(self.layers.len() as u32);
        // none of these layers changes a shape
        let like = inputs[0].index();
        self.shapes.push(self.shapes[like].clone());
        if let Some(varying) = self.varying.get(like).cloned() {
            self.varying.push(varying);
        }
        self.layers.push(LayerNode {
            path,
            layer,
            inputs,
            span: from.span,
            options: Vec::new(),
            attributes: Attributes::default(),
            used_at: Vec::new(),
            frozen: false,
        });
        id
    }

    /// A path, or the first with a number behind it that no layer has.
    fn free(&self, path: &str) -> String {
        let is_taken = |wanted: &str| {
            self.layers.iter().any(|node| node.path == wanted)
                || self.scopes.iter().any(|scope| scope.path == wanted)
        };
        let numbered = (1_usize..).map(|count| format!("{path}_{count}"));
        std::iter::once(path.to_owned()).chain(numbered).find(|path| !is_taken(path)).unwrap_or_default()
    }
}
