//! The resolved program as a file of the language: every default, inferred value, block and import spelled
//! out, with the same meaning.
//!
//! One file here for each part of [`Program`]. Each takes its part to pieces by name, so that a field that is
//! added there cannot be forgotten here.

mod augment;
mod data;
mod model;
mod prepare;
mod report;
mod text;
mod train;

use std::collections::BTreeSet;

use crate::ast;
use crate::ir::{CheckedProgram, EnsembleSpec, Program, TuneSpec};

use crate::vocabulary::quoted;
pub use prepare::prepare_differences;
use text::Text;

/// Sections that are for one model of several have its name.
type Target<'a> = Option<&'a str>;

/// A file with these models, each checked by itself, and what the source file allows. A search stands for the
/// point at which a program was lowered.
pub fn show(programs: &[&CheckedProgram], source: &ast::File) -> String {
    let mut text = Text::default();
    text.line("language 1");
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (allow, _) in source.allows().into_iter().filter(|(allow, _)| known.insert(&allow.code.value)) {
        text.line(format!("allow {} because {}", allow.code.value, quoted(&allow.reason.value)));
    }
    let several = programs.len() > 1;
    let names = programs.iter().map(|program| program.program().model.name.value.clone());
    let mut taken = model::Taken::new(names);
    let mut ensembles: Vec<&EnsembleSpec> = Vec::new();
    for program in programs {
        let Program {
            source: _,
            model,
            data,
            prepare,
            augment,
            train,
            tune,
            ensembles: own,
            is_asked_for: _,
            report,
        } = program.program();
        // the values that a search has put in stand in the layers and settings
        let _: &Option<TuneSpec> = tune;
        let target = several.then_some(model.name.value.as_str());
        model::write(&mut text, program, &mut taken);
        data.iter().for_each(|data| data::write(&mut text, data, target));
        prepare::write(&mut text, prepare, target);
        augment::write(&mut text, augment, target);
        train.iter().for_each(|train| train::write(&mut text, train, program.loss(), target));
        report.iter().for_each(|report| report::write(&mut text, report, model, target));
        ensembles.extend(own.iter().filter(|_| several));
    }
    let mut written: BTreeSet<&str> = BTreeSet::new();
    for ensemble in ensembles {
        if written.insert(&ensemble.name.value) {
            report::write_ensemble(&mut text, ensemble);
        }
    }
    text.finish()
}
