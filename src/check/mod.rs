//! Shapes, labels and schedule: the only room that makes a [`CheckedProgram`].
//!
//! A layer whose shape cannot be known is silent about what follows from it, so that one mistake gives one
//! report.

mod augmentation;
mod edit;
mod fixes;
mod labels;
mod lints;
mod numbers;
mod open;
mod output;
mod own_splits;
mod pictures;
mod pretrained;
mod run_files;
mod run_names;
mod scaling;
mod schedule;
mod search;
mod shapes;
mod shrink;
mod splits;
mod value_range;

use std::collections::BTreeSet;

use crate::card::DataCard;
use crate::diag::{Code, Problems};
use crate::ir::{CheckedProgram, Color, DataSource, DataSpec, LabelKind, LayerId, OpenSizes, Program};
use crate::tensor::Shape;

/// Checks a program of which some layers' attributes are not known (`unknown`; what depends on them is not
/// judged). With an error there is no checked program.
pub fn check_around(
    mut program: Program,
    card: Option<&DataCard>,
    unknown: &BTreeSet<LayerId>,
) -> (Option<CheckedProgram>, Problems) {
    let mut problems = Problems::new();
    let open = open::settle(&mut program, card, unknown, &mut problems);
    let shapes = shapes::infer(&program, unknown, &mut problems);
    let view = View { program: &program, card, shapes: &shapes, open: open.as_ref() };
    let mut of_backbones = Problems::new();
    if lints::check_inputs(&view, &mut of_backbones) {
        // what shrinks to nothing inside is said by the network's name
        problems = problems.without(&[Code::E0101, Code::E0102]);
        problems.extend(of_backbones);
    }
    pictures::check(&view, &mut problems);
    // what the weights bring is not to be judged together with what contradicts it
    if !pretrained::check(&view, &mut problems) {
        scaling::check(&view, &mut problems);
        value_range::check(&view, &mut problems);
    }
    labels::check(&view, &mut problems);
    labels::check_class_names(&view, &mut problems);
    own_splits::check(&view, &mut problems);
    splits::check(&view, &mut problems);
    augmentation::check(&view, &mut problems);
    let loss = output::check(&view, &mut problems);
    schedule::check(&view, &mut problems);
    search::check(&view, &mut problems);
    run_names::check(&view, &mut problems);
    run_files::check(&view, &mut problems);
    lints::check(&view, &mut problems);
    let misfits = problems.iter().any(|problem| matches!(problem.code, Code::E0101 | Code::E0102));
    if let Some(problem) = pictures::channels_first(&view, misfits) {
        problems = problems.without(pictures::OF_SHAPES);
        problems.push(problem);
    }
    let shapes: Option<Vec<Shape>> = shapes.into_iter().collect();
    let checked = match shapes {
        Some(shapes) if unknown.is_empty() && !problems.has_errors() => {
            let checked = CheckedProgram::assume_checked(program, shapes, loss);
            Some(match open {
                Some(open) => checked.leaving_open(open),
                None => checked,
            })
        }
        _ => None,
    };
    (checked, problems)
}

/// What the checks read.
struct View<'a> {
    program: &'a Program,
    card: Option<&'a DataCard>,
    /// Output shape of each layer, where known.
    shapes: &'a [Option<Shape>],
    /// What is known where the size of the pictures is left open.
    open: Option<&'a OpenSizes>,
}

impl View<'_> {
    /// The shape of the model's output.
    fn output(&self) -> Option<&Shape> {
        self.shape(self.program.model.output)
    }

    /// The shape of a layer's result.
    fn shape(&self, layer: LayerId) -> Option<&Shape> {
        self.shapes.get(layer.index())?.as_ref()
    }

    /// Pictures to train on: without those of the validation split, and of a test split that is drawn. Where
    /// whole groups are drawn, about this many.
    fn training_pictures(&self, card: &DataCard, data: &DataSpec) -> usize {
        let splits = match &card.pass {
            Some(pass) => Some(pass.splits.clone()),
            None => data.planned_splits(card.own_counts()),
        };
        match splits {
            Some([train, ..]) => train.iter().sum(),
            None => data.drawn(card.own_images())[0],
        }
    }

    /// Number of classes: as the file lists them, else as the card knows. Not known where labels do not start
    /// at 0: that is reported, and with it the number will change.
    fn classes(&self) -> Option<usize> {
        if self.late_first_label().is_some() || self.program.label_kind() == LabelKind::Regression {
            return None;
        }
        let listed =
            self.program.data.as_ref().and_then(|data| data.classes.as_ref()).map(|list| list.value.len());
        listed.or(self.card.map(|card| card.classes.len())).filter(|classes| *classes > 0)
    }

    /// The lowest label that a training picture of arrays has, where that is not 0.
    fn late_first_label(&self) -> Option<usize> {
        let card = self.card.filter(|_| self.program.label_kind() == LabelKind::Single)?;
        if !matches!(self.program.data.as_ref()?.source.value, DataSource::Npz(_)) {
            return None;
        }
        let occurs = |class: &String| card.images_of(class).is_some_and(|images| images > 0);
        card.found_classes.iter().position(occurs).filter(|first| *first > 0)
    }

    /// Smallest and largest value of a picture after `color` and `resize`: what augmentation and `rescale`
    /// get.
    fn arranged_range(&self) -> Option<(f32, f32)> {
        let data = self.program.data.as_ref()?;
        match (&self.program.prepare.color, self.card) {
            (Some(color), _) if color.value == Color::LabL => Some((0.0, 100.0)),
            (_, Some(card)) => Some(card.range),
            (_, None) => data.source.value.holds_bytes().then_some((0.0, 255.0)),
        }
    }

    /// Numbers that a regression's model must make: as the file lists their columns, else as the card knows.
    fn numbers(&self) -> Option<usize> {
        if let DataSource::Csv(table) = &self.program.data.as_ref()?.source.value {
            return Some(table.labels.len());
        }
        self.card.map(|card| card.targets.len()).filter(|columns| *columns > 0)
    }

    /// The data set's name, for sentences.
    fn data_name(&self) -> String {
        if let Some(card) = self.card {
            return card.name.clone();
        }
        self.program.data.as_ref().map_or_else(|| "the data".to_owned(), |data| data.source.value.name())
    }

    /// Whether the file trains or names data: then the model is a classifier.
    fn is_experiment(&self) -> bool {
        self.program.data.is_some() || self.program.train.is_some()
    }
}
