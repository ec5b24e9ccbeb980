//! What is random in training: dropout, noise, and pictures moved about.
//!
//! Random numbers are keyed by (seed, step, layer's path and purpose), so they depend on no other layer. Each
//! element has its own, or each channel of an image, or each image.

use super::{GraphBuilder, Mode};
use crate::desc::{Compare, Expr, ExprId, Matrix};
use crate::ir::{ScalarInput, Value};
use crate::ops::{self, Map, MapResult, Op};
use crate::tensor::Shape;

impl GraphBuilder<'_> {
    /// Whether random layers act: in training, unless randomness is off.
    pub fn is_random(&self) -> bool {
        self.mode == (Mode::Training { random: true })
    }

    /// The key of this layer's random numbers for one purpose; "" where it has only one.
    fn key(&mut self, purpose: &str) -> Value {
        let path =
            if purpose.is_empty() { self.layer.to_owned() } else { format!("{}:{purpose}", self.layer) };
        self.graph.scalar(ScalarInput::RandomKey(path))
    }

    /// Zeroes a share `rate` of the elements in training and scales the rest by `1 / (1 − rate)`.
    pub fn dropout(&mut self, x: Value, rate: f32) -> Value {
        if !self.is_random() || rate == 0.0 {
            return x;
        }
        let key = self.key("");
        self.push(Op::Dropout(ops::Dropout::new(rate)), &[x, key])
    }

    /// Zeroes a share `rate` of each image's channels in training, all pixels of a channel alike, and scales
    /// the rest by `1 / (1 − rate)`.
    pub fn spatial_dropout(&mut self, x: Value, rate: f32) -> Value {
        if !self.is_random() || rate == 0.0 {
            return x;
        }
        let key = self.key("");
        let channels = self.shape(x).channels();
        let mask = self.per_image(&[key], Shape::vector(channels), |e| {
            let (u, share, zero) = (e.uniform(0), e.constant(rate), e.constant(0.0));
            let scale = e.constant(1.0 / (1.0 - rate));
            e.select(Compare::Less, u, share, zero, scale)
        });
        self.map(&[x, mask], |e| {
            let (x, mask) = (e.input(0), e.input(1));
            e.mul(x, mask)
        })
    }

    /// Zeroes a share `rate` of the images in training, all elements of an image alike, and scales the rest by
    /// `1 / (1 − rate)`.
    pub fn image_dropout(&mut self, x: Value, rate: f32) -> Value {
        if !self.is_random() || rate == 0.0 {
            return x;
        }
        let channels = self.shape(x).channels();
        let mask = self.random_number(channels, |e, u| {
            let (share, zero, scale) = (e.constant(rate), e.constant(0.0), e.constant(1.0 / (1.0 - rate)));
            e.select(Compare::Less, u, share, zero, scale)
        });
        self.map(&[x, mask], |e| {
            let (x, mask) = (e.input(0), e.input(1));
            e.mul(x, mask)
        })
    }

    /// Adds normal numbers of mean 0 and this deviation in training.
    pub fn gaussian_noise(&mut self, x: Value, deviation: f32) -> Value {
        if !self.is_random() || deviation == 0.0 {
            return x;
        }
        let key = self.key("");
        self.map(&[x, key], |e| {
            let (x, normal, deviation) = (e.input(0), e.normal(1), e.constant(deviation));
            e.mul_add(normal, deviation, x)
        })
    }

    /// One value of this shape per image, out of random keys alone.
    fn per_image(&mut self, keys: &[Value], shape: Shape, write: impl FnOnce(&mut Expr) -> ExprId) -> Value {
        let map = Map { repeated_to: Some(shape), ..Map::single(write) };
        self.push(Op::Map(map), keys)
    }

    /// Samples of each image by a matrix of its own. `write` gets a uniform number in [0, 1) for each
    /// purpose, drawn per image, and makes the matrix (see [`Matrix`]).
    pub fn random_warp(
        &mut self,
        x: Value,
        warp: ops::Warp,
        purposes: &[&str],
        write: impl FnOnce(&mut Expr, &[ExprId]) -> [ExprId; 6],
    ) -> Value {
        let keys: Vec<Value> = purposes.iter().map(|purpose| self.key(purpose)).collect();
        let map = Map::several(|e| {
            let uniform: Vec<ExprId> = (0..keys.len()).map(|key| e.uniform(key)).collect();
            write(e, &uniform).into_iter().map(|number| (number, MapResult::Each)).collect()
        });
        let map = Map { repeated_to: Some(Shape::vector(1)), ..map };
        let node = self.graph.push(Op::Map(map), &keys, self.layer);
        let numbers = self.graph.results(node);
        let matrices = self.concat(&numbers);
        self.push(Op::Warp(ops::Warp { matrix: Matrix::PerImage, ..warp }), &[x, matrices])
    }

    /// A random number per image, made of a uniform one, as a vector with the same number for each of
    /// `channels` channels.
    pub fn random_number(
        &mut self,
        channels: usize,
        write: impl FnOnce(&mut Expr, ExprId) -> ExprId,
    ) -> Value {
        let key = self.key("");
        let number = self.per_image(&[key], Shape::vector(1), |e| {
            let u = e.uniform(0);
            write(e, u)
        });
        self.repeat_channel(number, channels)
    }

    /// A vector per image whose elements are given constants.
    pub fn constants(&mut self, values: &[f32]) -> Value {
        let numbers: Vec<Value> = values
            .iter()
            .map(|&value| self.per_image(&[], Shape::vector(1), |e| e.constant(value)))
            .collect();
        if let [number] = numbers[..] { number } else { self.concat(&numbers) }
    }

    /// `[1]` per image as `[channels]`: the pixel of a row that all its pixels share, and the row as a vector.
    fn repeat_channel(&mut self, number: Value, channels: usize) -> Value {
        if channels == 1 {
            return number;
        }
        let row = Map { repeated_to: Some(Shape::image(1, channels, 1)), ..Map::single(|e| e.input(0)) };
        let row = self.push(Op::Map(row), &[number]);
        self.reshape(row, Shape::vector(channels))
    }
}
