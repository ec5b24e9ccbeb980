//! burn: training on its processor backend, Flex.
use std::process::ExitCode;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d, Relu};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};

use rust_peers::Failure;
use rust_peers::arguments::{Arguments, Mode};
use rust_peers::data;
use rust_peers::network::{CLASSES, Map, Network, Vector};
use rust_peers::run::{self, Step};

fn main() -> ExitCode {
    run::main("burn", "burn", prepare)
}

fn prepare(a: &Arguments) -> Result<Step, Failure> {
    if a.mode == Mode::Infer {
        return Err("only its training is measured".into());
    }
    let network = Network::named(&a.model)?;
    let device = Device::flex().autodiff();
    let shape = [a.batch, network.channels, network.side, network.side];
    let pictures = TensorData::new(data::pictures(a.batch * network.picture()), shape);
    let pictures = Tensor::<4>::from_data(pictures, &device);
    let labels: Vec<i64> = data::labels(a.batch, CLASSES).into_iter().map(i64::from).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [a.batch]), &device);

    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut optimizer = AdamConfig::new().with_epsilon(1e-7).init();
    let mut model = Some(Model::new(&network, &device));
    Ok(Box::new(move || {
        let before = model.take().ok_or("a step before this one failed")?;
        let scores = before.forward(pictures.clone());
        let gradients = loss.forward(scores, labels.clone()).backward();
        let gradients = GradientsParams::from_grads(gradients, &before);
        model = Some(optimizer.step(1e-3, before, gradients));
        Ok(())
    }))
}

#[derive(Module, Debug)]
struct Model {
    maps: Vec<MapLayer>,
    vectors: Vec<VectorLayer>,
}

#[derive(Module, Debug)]
enum MapLayer {
    Conv(Conv2d),
    Relu(Relu),
    Norm(BatchNorm),
    Pool(MaxPool2d),
    Dropout(Dropout),
}

#[derive(Module, Debug)]
enum VectorLayer {
    Dense(Linear),
    Relu(Relu),
    Norm(BatchNorm),
    Dropout(Dropout),
}

impl Model {
    fn new(network: &Network, device: &Device) -> Model {
        let (mut channels, mut side) = (network.channels, network.side);
        let mut maps = Vec::new();
        for layer in &network.maps {
            maps.push(match *layer {
                Map::Conv { filters, same } => {
                    let inputs = std::mem::replace(&mut channels, filters);
                    side -= if same { 0 } else { 2 };
                    let padding = if same { PaddingConfig2d::Same } else { PaddingConfig2d::Valid };
                    MapLayer::Conv(Conv2dConfig::new([inputs, filters], [3, 3]).with_padding(padding).init(device))
                }
                Map::Relu => MapLayer::Relu(Relu::new()),
                Map::Norm => MapLayer::Norm(BatchNormConfig::new(channels).init(device)),
                Map::Pool => {
                    side /= 2;
                    MapLayer::Pool(MaxPool2dConfig::new([2, 2]).init())
                }
                Map::Dropout(share) => MapLayer::Dropout(DropoutConfig::new(share).init()),
            });
        }
        let mut width = channels * side * side;
        let mut vectors = Vec::new();
        for layer in &network.vectors {
            vectors.push(match *layer {
                Vector::Dense(outputs) => {
                    let inputs = std::mem::replace(&mut width, outputs);
                    VectorLayer::Dense(LinearConfig::new(inputs, outputs).init(device))
                }
                Vector::Relu => VectorLayer::Relu(Relu::new()),
                Vector::Norm => VectorLayer::Norm(BatchNormConfig::new(width).init(device)),
                Vector::Dropout(share) => VectorLayer::Dropout(DropoutConfig::new(share).init()),
            });
        }
        Model { maps, vectors }
    }

    fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        let maps = self.maps.iter().fold(pictures, |x, layer| match layer {
            MapLayer::Conv(layer) => layer.forward(x),
            MapLayer::Relu(layer) => layer.forward(x),
            MapLayer::Norm(layer) => layer.forward(x),
            MapLayer::Pool(layer) => layer.forward(x),
            MapLayer::Dropout(layer) => layer.forward(x),
        });
        self.vectors.iter().fold(maps.flatten(1, 3), |x, layer| match layer {
            VectorLayer::Dense(layer) => layer.forward(x),
            VectorLayer::Relu(layer) => layer.forward(x),
            VectorLayer::Norm(layer) => layer.forward(x),
            VectorLayer::Dropout(layer) => layer.forward(x),
        })
    }
}
