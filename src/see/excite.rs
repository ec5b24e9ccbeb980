//! Pictures that excite the channels of a layer: gradient ascent from noise.
//!
//! D. Erhan et al., "Visualizing higher-layer features of a deep network" (2009): the picture is changed along
//! the gradient of a channel's mean. So that it can be read, it is regularised: moved by a few pixels before
//! each step (jitter: Mordvintsev et al., "Inceptionism", 2015; Olah et al., "Feature visualization",
//! doi:10.23915/distill.00007), blurred a little and drawn towards grey (Yosinski et al., arXiv:1506.06579).

use ndarray::{Array2, Array3, Array4, ArrayViewMut3, Axis};

use super::error::Error;
use super::photo::red_first;
use crate::data::DecodedPicture;
use crate::experiment::Model;
use crate::random::{Random, text_key};

/// Steps of the ascent.
const STEPS: usize = 128;
/// A step's length, as a share of the range of a pixel: that by which a pixel changes on average (the root of
/// the mean square).
const STEP: f32 = 0.03;
/// How far a picture is drawn to grey at each step.
const DECAY: f32 = 0.01;
/// Steps from one blur to the next, and how much of it is taken.
const BLUR_EVERY: usize = 4;
const BLUR: f32 = 0.5;
/// The noise that it begins with, as a share of the range.
const NOISE: f64 = 0.04;
/// The same where that excites nothing.
const STRONG_NOISE: f64 = 0.25;
/// A picture is moved by up to this part of its side.
const JITTER: usize = 16;

/// A picture that excites a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Exciting {
    /// `[H, W, C]`
    pub size: [usize; 3],
    /// From 0, black, to 1, white.
    pub values: Vec<f32>,
    /// The channel's mean for it; not above 0 where nothing was found.
    pub excitement: f32,
}

/// For each of the first channels of a layer a picture that excites it. The seed decides the noise.
/// # Errors
/// [`Error`].
pub(super) fn exciting(
    model: &mut Model,
    layer: &str,
    channels: usize,
    seed: u64,
) -> Result<Vec<Exciting>, Error> {
    let (height, width, depth) = model.experiment().input_shape().as_pixels();
    let grey = |value: u8| DecodedPicture {
        height,
        width,
        channels: if depth == 3 { 3 } else { 1 },
        pixels: vec![value; height * width * if depth == 3 { 3 } else { 1 }],
    };
    let mut black = model.prepare(&grey(0))?;
    let mut range = model.prepare(&grey(255))? - &black;
    if range.iter().all(|range| *range == 0.0) {
        // each picture is brought to mean 0 and deviation 1
        black.fill(-2.0);
        range.fill(4.0);
    }
    let mut random = Random::keyed(&[seed, text_key("filters"), text_key(layer)]);
    // shares of the range, from 0 to 1, which the model takes as `black + range · share`
    let mut shares =
        Array4::from_shape_fn((channels, height, width, depth), |_| (0.5 + NOISE * random.normal()) as f32);
    let input = model.experiment().layers().next().unwrap_or_default().to_owned();
    let counts = counts(model, layer, channels);
    for step in 0..STEPS {
        let shift = [height, width].map(|side| jitter(&mut random, side));
        let moved = rolled(&shares, shift);
        let images = &moved * &range + &black;
        let found = model.gradient_of_layer(images.view(), layer, counts.view(), &input)?;
        let gradient = found.gradient.into_dimensionality::<ndarray::Ix4>().expect("of the pictures' shape");
        let mut gradient = rolled(&(gradient * &range), shift.map(|by| -by));
        for (picture, gradient) in shares.axis_iter_mut(Axis(0)).zip(gradient.axis_iter_mut(Axis(0))) {
            if !normalized(gradient) {
                redraw(picture, &mut random, step);
            }
        }
        shares.scaled_add(STEP, &gradient);
        shares.mapv_inplace(|share| (share + (0.5 - share) * DECAY).clamp(0.0, 1.0));
        if (step + 1) % BLUR_EVERY == 0 && step + BLUR_EVERY < STEPS {
            shares = blurred(&shares);
        }
    }
    let images = &shares * &range + &black;
    let values = model.values(images.view(), &[layer])?.swap_remove(0);
    let excitement = values.axis_iter(Axis(0)).enumerate().map(|(channel, value)| {
        let own: Vec<f32> =
            value.iter().skip(channel).step_by(value.shape().last().copied().unwrap_or(1)).copied().collect();
        own.iter().sum::<f32>() / own.len().max(1) as f32
    });
    let pictures = shares.axis_iter(Axis(0)).zip(excitement);
    Ok(pictures
        .map(|(picture, excitement)| Exciting {
            size: [height, width, depth],
            values: red_first(
                model.experiment(),
                depth,
                picture.iter().map(|share| if excitement > 0.0 { *share } else { 0.5 }).collect(),
            ),
            excitement,
        })
        .collect())
}

/// The mean of channel `n` of the layer for picture `n`.
fn counts(model: &Model, layer: &str, channels: usize) -> Array2<f32> {
    let shape =
        model.experiment().layers().position(|name| name == layer).and_then(|at| u32::try_from(at).ok());
    let shape = shape.map(|at| model.experiment().program.shape(crate::ir::LayerId(at)).clone());
    let (elements, all) = shape.map_or((0, 1), |shape| (shape.elements(), shape.channels()));
    let share = all as f32 / elements.max(1) as f32;
    Array2::from_shape_fn((channels, elements), |(n, at)| if at % all == n { share } else { 0.0 })
}

/// By how many pixels a picture is moved.
fn jitter(random: &mut Random, side: usize) -> isize {
    let most = (side / JITTER).max(1) as isize;
    random.below(2 * most as u64 + 1) as isize - most
}

/// Pictures moved; what leaves on one side comes back on the other.
fn rolled(pictures: &Array4<f32>, [down, right]: [isize; 2]) -> Array4<f32> {
    let (_, height, width, _) = pictures.dim();
    let from = |at: usize, by: isize, side: usize| (at as isize - by).rem_euclid(side as isize) as usize;
    Array4::from_shape_fn(pictures.dim(), |(n, y, x, c)| {
        pictures[[n, from(y, down, height), from(x, right, width), c]]
    })
}

/// Noise in squares, which are larger and smaller by turns. A channel that no place of a picture excites (all
/// below the 0 of a `relu`) has no gradient: from there no way leads up.
fn redraw(mut picture: ArrayViewMut3<'_, f32>, random: &mut Random, step: usize) {
    let (height, width, depth) = picture.dim();
    let side = 2_usize << (step % 4);
    let squares = (height.div_ceil(side), width.div_ceil(side), depth);
    let squares = Array3::from_shape_fn(squares, |_| (0.5 + STRONG_NOISE * random.normal()) as f32);
    for ((y, x, c), value) in picture.indexed_iter_mut() {
        *value = squares[[y / side, x / side, c]].clamp(0.0, 1.0);
    }
}

/// Brings a gradient to a mean square of 1; whether there is any.
fn normalized(mut gradient: ArrayViewMut3<'_, f32>) -> bool {
    let squares: f64 = gradient.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    let root = (squares / gradient.len().max(1) as f64).sqrt() as f32;
    let is_there = root > 0.0 && root.is_finite();
    if is_there {
        gradient.mapv_inplace(|value| value / root);
    }
    is_there
}

/// Each pixel with some of its neighbours: `[1, 2, 1] / 4` along both axes, in part.
fn blurred(pictures: &Array4<f32>) -> Array4<f32> {
    let (_, height, width, _) = pictures.dim();
    let near = |at: usize, side: usize| [at.saturating_sub(1), at, (at + 1).min(side - 1)];
    Array4::from_shape_fn(pictures.dim(), |(n, y, x, c)| {
        let mut sum = 0.0;
        for (row, along) in near(y, height).into_iter().zip([1.0, 2.0, 1.0]) {
            for (column, across) in near(x, width).into_iter().zip([1.0, 2.0, 1.0]) {
                sum += along * across / 16.0 * pictures[[n, row, column, c]];
            }
        }
        let own = pictures[[n, y, x, c]];
        own + (sum - own) * BLUR
    })
}
