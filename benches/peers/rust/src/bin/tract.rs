//! tract: inference, from the ONNX file that `export_onnx.py` leaves in the folder for temporary files.
use std::process::ExitCode;

use tract_linalg::multithread::{Executor, set_default_executor};
use tract_onnx::prelude::*;

use rust_peers::Failure;
use rust_peers::arguments::{Arguments, Mode};
use rust_peers::data;
use rust_peers::run::{self, Step};

fn main() -> ExitCode {
    run::main("tract", "tract-onnx", prepare)
}

fn prepare(a: &Arguments) -> Result<Step, Failure> {
    if a.mode == Mode::Train {
        return Err("it does not train".into());
    }
    let path = std::env::temp_dir().join(format!("bench_{}_{}.onnx", a.model, a.batch));
    if !path.exists() {
        return Err(format!("{} is missing: export_onnx.py makes it", path.display()).into());
    }
    if a.threads > 1 {
        set_default_executor(Executor::multithread(a.threads));
    }
    let model = tract_onnx::onnx().model_for_path(&path)?.into_optimized()?;
    let shape = model.input_fact(0)?.shape.as_concrete().ok_or("the file leaves sizes open")?.to_vec();
    let pictures = Tensor::from_shape(&shape, &data::pictures(shape.iter().product()))?.into_tvalue();
    let mut state = model.into_runnable()?.spawn()?;
    Ok(Box::new(move || {
        state.run(tvec!(pictures.clone()))?;
        Ok(())
    }))
}
