//! A frozen part of a model as a program of its own, compiled for inference: its batch norms are folded, and
//! nothing of it is kept for a backward pass.

use std::collections::HashMap;
use std::sync::Arc;

use super::{CompileError, CompileOptions, Engine, Kind};
use crate::ir::{CheckedProgram, FrozenPart, OutputId, Param, ParamId, ParamRole};

/// Images that a frozen part takes at once, whatever the batch of a step is: features depend on no setting of
/// the training.
pub const FEATURES_AT_ONCE: usize = 32;

/// A frozen part, compiled.
#[derive(Debug)]
pub(super) struct FrozenSession {
    pub(super) engine: Engine,
    /// Parameters were written since the setup ran.
    stale: bool,
}

impl FrozenSession {
    fn compile(
        program: &CheckedProgram,
        part: Arc<FrozenPart>,
        options: &CompileOptions,
    ) -> Result<Self, CompileError> {
        let options = CompileOptions { batch: Kind::Frozen.batch(options), ..options.clone() };
        Ok(Self { engine: Engine::new(program, Some(part), &options, Kind::Frozen)?, stale: true })
    }

    /// As [`super::EvalSession::prepare`].
    pub(super) fn prepare(&mut self, size: [usize; 2]) -> Result<(), CompileError> {
        self.stale |= self.engine.prepare(size)?;
        Ok(())
    }

    /// As [`super::TrainSession::features`].
    pub(super) fn run(&mut self, images: &[f32], features: &mut Vec<f32>) {
        if std::mem::take(&mut self.stale) {
            self.engine.executor.run_setup();
        }
        let program = &self.engine.program;
        let part = self.engine.part.as_ref().expect("a frozen part has been compiled");
        let (columns, row) = (part.columns(program), part.width(program));
        let elements = program.input_shape().elements();
        features.clear();
        features.resize(images.len() / elements * row, 0.0);
        let chunks = images.chunks(FEATURES_AT_ONCE * elements);
        for (images, rows) in chunks.zip(features.chunks_mut(FEATURES_AT_ONCE * row)) {
            let count = self.engine.run_inference(images);
            for output in &self.engine.executor.plan().outputs {
                let OutputId::Value(place) = output.id else { continue };
                let (column, values) = (columns[place].clone(), self.engine.values(output, count));
                for (row, values) in rows.chunks_exact_mut(row).zip(values.chunks_exact(column.len())) {
                    row[column.clone()].copy_from_slice(values);
                }
            }
        }
    }
}

/// A frozen part beside what is trained, and the parameters of both as those of one model.
#[derive(Debug)]
pub(super) struct Divided {
    pub(super) frozen: FrozenSession,
    /// In the order of the model's layers, then what belongs to updates: as a model has them that is not
    /// divided.
    pub(super) params: Vec<Param>,
    homes: Vec<Home>,
}

/// Which engine has a parameter, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Frozen(usize),
    Trained(usize),
}

impl Divided {
    /// Compiles the part; `trained` are the parameters of the engine that trains the rest.
    pub(super) fn compile(
        program: &CheckedProgram,
        part: Arc<FrozenPart>,
        options: &CompileOptions,
        trained: &[Param],
    ) -> Result<Self, CompileError> {
        let frozen = FrozenSession::compile(program, part, options)?;
        let layers = program.program().model.layers.iter().enumerate();
        let places: HashMap<&str, usize> = layers.map(|(at, node)| (node.path.as_str(), at)).collect();
        let of_frozen = frozen.engine.params.iter().enumerate().map(|(at, param)| (Home::Frozen(at), param));
        let of_trained = trained.iter().enumerate().map(|(at, param)| (Home::Trained(at), param));
        let mut all: Vec<(Home, &Param)> = of_frozen.chain(of_trained).collect();
        // stable: the parameters of a layer keep their order, and so do slots
        all.sort_by_key(|(_, param)| match param.role {
            ParamRole::Weight | ParamRole::State => places.get(param.layer.as_str()).copied(),
            ParamRole::Slot | ParamRole::Average(_) => Some(usize::MAX),
        });
        let homes: Vec<Home> = all.iter().map(|(home, _)| *home).collect();
        let mut moved = vec![ParamId(0); trained.len()];
        for (place, home) in (0_u32..).zip(&homes) {
            if let Home::Trained(at) = home {
                moved[*at] = ParamId(place);
            }
        }
        let param = |param: &Param| match param.role {
            ParamRole::Average(weight) => {
                Param { role: ParamRole::Average(moved[weight.index()]), ..param.clone() }
            }
            ParamRole::Weight | ParamRole::State | ParamRole::Slot => param.clone(),
        };
        let params = all.iter().map(|(_, of)| param(of)).collect();
        Ok(Self { frozen, params, homes })
    }

    /// Contents of a parameter; `trained` is the other engine.
    pub(super) fn values<'e>(&'e self, trained: &'e Engine, index: usize) -> &'e [f32] {
        match self.homes[index] {
            Home::Frozen(at) => self.frozen.engine.values_of(at),
            Home::Trained(at) => trained.values_of(at),
        }
    }

    /// Writes a parameter.
    pub(super) fn write(&mut self, trained: &mut Engine, index: usize, values: &[f32]) {
        match self.homes[index] {
            Home::Frozen(at) => {
                self.frozen.engine.write(at, values);
                self.frozen.stale = true;
            }
            Home::Trained(at) => trained.write(at, values),
        }
    }
}
