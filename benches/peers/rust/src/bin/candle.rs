//! candle: training on the processor.
//!
//! Its Adam is AdamW without decay. Gradients of its max pool take windows to lie at multiples of `size /
//! results`, which is 2 only where the size is even: the last row and column of odd maps, which no window
//! reads, are cut off before.
use std::process::ExitCode;

use candle_core::{DType, Device, Tensor};
use candle_nn::{
    AdamW, BatchNorm, Conv2d, Conv2dConfig, Dropout, Linear, Module, ModuleT, Optimizer, ParamsAdamW, VarBuilder,
    VarMap, batch_norm, conv2d, linear, loss,
};

use rust_peers::Failure;
use rust_peers::arguments::{Arguments, Mode};
use rust_peers::data;
use rust_peers::network::{CLASSES, Map, Network, Vector};
use rust_peers::run::{self, Step};

fn main() -> ExitCode {
    run::main("candle", "candle-core", prepare)
}

fn prepare(a: &Arguments) -> Result<Step, Failure> {
    if a.mode == Mode::Infer {
        return Err("only its training is measured".into());
    }
    let network = Network::named(&a.model)?;
    let device = Device::Cpu;
    let shape = (a.batch, network.channels, network.side, network.side);
    let pictures = Tensor::from_vec(data::pictures(a.batch * network.picture()), shape, &device)?;
    let labels = Tensor::from_vec(data::labels(a.batch, CLASSES), a.batch, &device)?;

    let weights = VarMap::new();
    let model = Model::new(&network, VarBuilder::from_varmap(&weights, DType::F32, &device))?;
    let adam = ParamsAdamW { lr: 1e-3, eps: 1e-7, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(weights.all_vars(), adam)?;
    Ok(Box::new(move || {
        let scores = model.forward(&pictures)?;
        optimizer.backward_step(&loss::cross_entropy(&scores, &labels)?)?;
        Ok(())
    }))
}

enum Layer {
    Conv(Conv2d),
    Dense(Linear),
    Relu,
    Norm(BatchNorm),
    Pool,
    Dropout(Dropout),
    Flatten,
}

struct Model(Vec<Layer>);

impl Model {
    fn new(network: &Network, weights: VarBuilder) -> Result<Model, candle_core::Error> {
        let (mut channels, mut side) = (network.channels, network.side);
        let mut layers = Vec::new();
        for layer in &network.maps {
            let weights = weights.pp(layers.len());
            layers.push(match *layer {
                Map::Conv { filters, same } => {
                    let inputs = std::mem::replace(&mut channels, filters);
                    side -= if same { 0 } else { 2 };
                    let shape = Conv2dConfig { padding: usize::from(same), ..Conv2dConfig::default() };
                    Layer::Conv(conv2d(inputs, filters, 3, shape, weights)?)
                }
                Map::Relu => Layer::Relu,
                Map::Norm => Layer::Norm(batch_norm(channels, 1e-5, weights)?),
                Map::Pool => {
                    side /= 2;
                    Layer::Pool
                }
                Map::Dropout(share) => Layer::Dropout(Dropout::new(share as f32)),
            });
        }
        layers.push(Layer::Flatten);
        let mut width = channels * side * side;
        for layer in &network.vectors {
            let weights = weights.pp(layers.len());
            layers.push(match *layer {
                Vector::Dense(outputs) => {
                    let inputs = std::mem::replace(&mut width, outputs);
                    Layer::Dense(linear(inputs, outputs, weights)?)
                }
                Vector::Relu => Layer::Relu,
                Vector::Norm => Layer::Norm(batch_norm(width, 1e-5, weights)?),
                Vector::Dropout(share) => Layer::Dropout(Dropout::new(share as f32)),
            });
        }
        Ok(Model(layers))
    }

    fn forward(&self, pictures: &Tensor) -> Result<Tensor, candle_core::Error> {
        self.0.iter().try_fold(pictures.clone(), |x, layer| match layer {
            Layer::Conv(layer) => layer.forward(&x),
            Layer::Dense(layer) => layer.forward(&x),
            Layer::Relu => x.relu(),
            Layer::Norm(layer) => layer.forward_t(&x, true),
            Layer::Pool => even(x)?.max_pool2d(2),
            Layer::Dropout(layer) => layer.forward_t(&x, true),
            Layer::Flatten => x.flatten_from(1),
        })
    }
}

/// Without the last row and column of maps whose side is odd.
fn even(x: Tensor) -> Result<Tensor, candle_core::Error> {
    let (_, _, height, width) = x.dims4()?;
    if height % 2 == 0 && width % 2 == 0 {
        return Ok(x);
    }
    x.narrow(2, 0, height / 2 * 2)?.narrow(3, 0, width / 2 * 2)?.contiguous()
}
