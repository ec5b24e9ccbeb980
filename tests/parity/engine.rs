//! The command line as a library: files in, files out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use cnnc::internals::kernel::Simd;
use ndarray::ArrayD;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tempfile::TempDir;

/// Values in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    /// Extents.
    pub(crate) shape: Vec<usize>,
    /// As many as the extents' product.
    pub(crate) values: Vec<f32>,
}

impl Tensor {
    /// The values, widened.
    pub(crate) fn as_f64(&self) -> Vec<f64> {
        self.values.iter().map(|&v| f64::from(v)).collect()
    }
}

/// Labels of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Labels {
    /// A class index each.
    Classes(Vec<i64>),
    /// Numbers `[N, K]`.
    Numbers(Tensor),
}

/// Weights by `LAYER.VARIABLE`.
pub(crate) type Weights = BTreeMap<String, Tensor>;

/// What `cnnc step` leaves.
pub(crate) struct Trained {
    /// After the last step.
    pub(crate) weights: Weights,
    /// Before each step.
    pub(crate) losses: Vec<f64>,
}

/// A model file with its inputs written out, ready to be run.
pub(crate) struct Engine {
    dir: TempDir,
    model: PathBuf,
    /// Which model of the file is meant, where it has several.
    chosen: Option<&'static str>,
    simd: Simd,
    /// Whether steps draw random numbers: for the cases `random_…`, whose ranges leave nothing to chance.
    random: bool,
}

impl Engine {
    /// Writes weights, images `[N, H, W, C]` and labels into a directory of its own.
    pub(crate) fn new(
        model: PathBuf,
        simd: Simd,
        weights: &Weights,
        x: &Tensor,
        labels: &Labels,
    ) -> Result<Self, String> {
        let dir = TempDir::new().map_err(|e| e.to_string())?;
        write_weights(&dir.path().join("w0.safetensors"), weights)?;
        let images = ArrayD::from_shape_vec(x.shape.clone(), x.values.clone()).map_err(|e| e.to_string())?;
        ndarray_npy::write_npy(dir.path().join("x.npy"), &images).map_err(|e| e.to_string())?;
        let path = dir.path().join("y.npy");
        match labels {
            Labels::Classes(labels) => ndarray_npy::write_npy(path, &ndarray::Array1::from(labels.clone())),
            Labels::Numbers(Tensor { shape, values }) => {
                let numbers =
                    ArrayD::from_shape_vec(shape.clone(), values.clone()).map_err(|e| e.to_string())?;
                ndarray_npy::write_npy(path, &numbers)
            }
        }
        .map_err(|e| e.to_string())?;
        let random = model.file_stem().is_some_and(|name| name.to_string_lossy().starts_with("random_"));
        Ok(Self { dir, model, chosen: None, simd, random })
    }

    /// The same for a text that is in no file yet, and one of its models.
    pub(crate) fn of_text(
        text: &str,
        chosen: &'static str,
        simd: Simd,
        weights: &Weights,
        x: &Tensor,
        labels: &Labels,
    ) -> Result<Self, String> {
        let mut engine = Self::new(PathBuf::new(), simd, weights, x, labels)?;
        engine.model = engine.path("model.cnn");
        engine.chosen = Some(chosen);
        std::fs::write(&engine.model, text).map_err(|e| e.to_string())?;
        Ok(engine)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `cnnc predict`: the output after the last activation.
    pub(crate) fn predict(&self) -> Result<Tensor, String> {
        let mut command = self.command("predict");
        command.arg("--output").arg(self.path("out.npy"));
        run(command)?;
        let out: ArrayD<f32> =
            ndarray_npy::read_npy(self.path("out.npy")).map_err(|e| format!("out.npy: {e}"))?;
        Ok(Tensor { shape: out.shape().to_vec(), values: out.iter().copied().collect() })
    }

    /// `cnnc step`: this many steps on the one batch, with the file's optimizer or another.
    pub(crate) fn train(&self, steps: usize, optimizer: Option<&str>) -> Result<Trained, String> {
        let mut command = self.command("step");
        command.arg("--labels").arg(self.path("y.npy"));
        if self.random {
            command.arg("--seed").arg("1");
        }
        command.arg("--steps").arg(steps.to_string());
        command.arg("--output").arg(self.path("w1.safetensors"));
        if let Some(optimizer) = optimizer {
            command.arg("--set").arg(format!("train.optimizer={optimizer}"));
        }
        let losses = losses_of(&run(command)?);
        if losses.len() != steps {
            return Err(format!("{steps} steps print {} losses", losses.len()));
        }
        Ok(Trained { weights: read_weights(&self.path("w1.safetensors"))?, losses })
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env("CNNC_MEMORY_MIB", "65536").arg(name).arg(&self.model);
        command.args(self.chosen.iter().flat_map(|chosen| ["--model", chosen]));
        command.arg("--simd").arg(self.simd.to_string());
        command.arg("--weights").arg(self.path("w0.safetensors"));
        command.arg("--input").arg(self.path("x.npy"));
        command
    }
}

/// Runs it to its end; its standard output.
fn run(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}\n{}: {}", output.status, said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The last number of each line that speaks of a loss.
fn losses_of(text: &str) -> Vec<f64> {
    text.lines()
        .filter(|line| line.contains("loss"))
        .filter_map(|line| {
            line.split(|c: char| c.is_whitespace() || "=:,".contains(c)).rev().find_map(|w| w.parse().ok())
        })
        .collect()
}

/// `(w0 − w1) / rate` of one tensor.
pub(crate) fn gradient(before: &Weights, after: &Weights, path: &str, rate: f64) -> Result<Vec<f64>, String> {
    let old = before.get(path).ok_or_else(|| format!("{path} has no starting value"))?;
    let new = after.get(path).ok_or_else(|| format!("{path} is not in the trained weights"))?;
    if old.shape != new.shape {
        return Err(format!("{path}: shape {:?} became {:?}", old.shape, new.shape));
    }
    Ok(old.values.iter().zip(&new.values).map(|(&a, &b)| (f64::from(a) - f64::from(b)) / rate).collect())
}

pub(crate) fn write_weights(path: &Path, weights: &Weights) -> Result<(), String> {
    let bytes: BTreeMap<&str, (&[usize], Vec<u8>)> = weights
        .iter()
        .map(|(name, tensor)| {
            let bytes = tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name.as_str(), (tensor.shape.as_slice(), bytes))
        })
        .collect();
    let views = bytes
        .iter()
        .map(|(name, (shape, bytes))| Ok((*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|e| e.to_string())?;
    safetensors::serialize_to_file(views, None, path).map_err(|e| e.to_string())
}

/// All float32 tensors of a file.
pub(crate) fn read_weights(path: &Path) -> Result<Weights, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| e.to_string())?;
    Ok(file
        .iter()
        .filter(|(_, view)| view.dtype() == Dtype::F32)
        .map(|(name, view)| {
            let (values, _) = view.data().as_chunks::<4>();
            let values = values.iter().map(|&b| f32::from_le_bytes(b)).collect();
            (name.to_owned(), Tensor { shape: view.shape().to_vec(), values })
        })
        .collect())
}

#[test]
fn losses_are_found_in_what_step_prints() {
    assert_eq!(losses_of("step 1  loss 2.25\nstep 2  loss 1.5e-3\n"), [2.25, 1.5e-3]);
    assert_eq!(losses_of("step 1/2: loss=0.25\ndone\n"), [0.25]);
}
