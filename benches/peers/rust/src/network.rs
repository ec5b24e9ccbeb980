//! The networks that are trained, layer for layer those of cnnc's `models/` and of the other peers.
//!
//! Their last layer gives scores: the loss takes them, as PyTorch's does.
use crate::Failure;

/// A layer on feature maps. Windows of convolutions are 3x3, those of pools 2x2.
#[derive(Clone, Copy, Debug)]
pub enum Map {
    Conv { filters: usize, same: bool },
    Relu,
    Norm,
    Pool,
    Dropout(f64),
}

/// A layer on vectors, behind the maps, which are flattened.
#[derive(Clone, Copy, Debug)]
pub enum Vector {
    Dense(usize),
    Relu,
    Norm,
    Dropout(f64),
}

pub struct Network {
    pub channels: usize,
    pub side: usize,
    pub maps: Vec<Map>,
    pub vectors: Vec<Vector>,
}

pub const CLASSES: usize = 10;

impl Network {
    pub fn named(name: &str) -> Result<Network, Failure> {
        match name {
            "fashion" => Ok(fashion()),
            "cifar_basic" => Ok(cifar_basic()),
            "cifar_advanced" => Ok(cifar_advanced()),
            _ => Err(format!("no such model: {name}; there are fashion, cifar_basic and cifar_advanced").into()),
        }
    }

    /// Values of one picture.
    pub fn picture(&self) -> usize {
        self.channels * self.side * self.side
    }
}

fn conv(filters: usize) -> [Map; 2] {
    [Map::Conv { filters, same: false }, Map::Relu]
}

fn same_conv(filters: usize) -> [Map; 2] {
    [Map::Conv { filters, same: true }, Map::Relu]
}

fn fashion() -> Network {
    let maps = [&same_conv(32)[..], &[Map::Pool], &same_conv(64), &[Map::Pool]].concat();
    let vectors = vec![Vector::Dense(100), Vector::Relu, Vector::Dropout(0.4), Vector::Dense(CLASSES)];
    Network { channels: 1, side: 28, maps, vectors }
}

fn cifar_basic() -> Network {
    let maps = [&conv(32)[..], &[Map::Pool], &conv(64), &[Map::Pool], &conv(64)].concat();
    let vectors = vec![Vector::Dense(64), Vector::Relu, Vector::Dense(CLASSES)];
    Network { channels: 3, side: 32, maps, vectors }
}

fn cifar_advanced() -> Network {
    let block = |filters| [&conv(filters)[..], &[Map::Norm], &conv(filters), &[Map::Pool, Map::Dropout(0.25)]].concat();
    let end = [&conv(128)[..], &[Map::Norm, Map::Dropout(0.25)]].concat();
    let maps = [block(32), block(64), end].concat();
    let vectors = vec![Vector::Dense(512), Vector::Relu, Vector::Norm, Vector::Dropout(0.5), Vector::Dense(CLASSES)];
    Network { channels: 3, side: 32, maps, vectors }
}
