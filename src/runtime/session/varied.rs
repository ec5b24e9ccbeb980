//! The beginning of a model as training computes it: what layers that vary pictures do to them.

use super::{CompileError, CompileOptions, Engine};
use crate::ir::{CheckedProgram, Forward, LayerId, Mode, OutputId, ScalarInput, forward};
use crate::opt;
use crate::runtime::random_key::random_key;
use crate::tensor::Shape;

/// A model up to one of its layers, with the random numbers of training.
#[derive(Debug)]
pub struct VariedSession {
    engine: Engine,
    shape: Shape,
}

impl VariedSession {
    /// Compiles the model up to a layer; there is nothing with weights before it.
    /// # Errors
    /// [`CompileError`].
    pub fn compile(
        program: &CheckedProgram,
        layer: LayerId,
        options: &CompileOptions,
    ) -> Result<Self, CompileError> {
        let Forward { mut graph, layers, .. } = forward(program, Mode::Training { random: true });
        graph.updates.clear();
        graph.outputs.extend(layers[layer.index()].map(|value| (OutputId::Value(0), value)));
        opt::run(&mut graph, opt::TRAINING);
        let engine = Engine::of_graph(&graph, program, options)?;
        Ok(Self { engine, shape: program.shape(layer).clone() })
    }

    /// The shape of a picture behind the layer.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// A batch of prepared pictures as they leave the layer in a step of a run: `[n, H, W, C]`.
    pub fn run(&mut self, images: &[f32], [seed, step]: [u64; 2]) -> &[f32] {
        let engine = &mut self.engine;
        let count = engine.feed(images);
        engine.executor.write_scalars(|scalar| match scalar {
            ScalarInput::RandomKey(path) => random_key(seed, step, path),
            ScalarInput::InverseBatch => (1.0 / count as f32).to_bits(),
            ScalarInput::LearningRate | ScalarInput::StepRate(_) | ScalarInput::AverageShare => 0,
        });
        engine.executor.run(count);
        let engine = &self.engine;
        engine.output(OutputId::Value(0)).map(|output| engine.values(output, count)).unwrap_or_default()
    }
}
