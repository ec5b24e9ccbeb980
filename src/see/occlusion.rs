//! How far an answer falls when parts of a picture are covered.

use ndarray::{Array4, Axis, s};

use super::class::Answer;
use super::error::Error;
use super::heat_map::HeatMap;
use super::photo::Photo;
use crate::experiment::Model;

/// Windows that go through the model at once.
const TOGETHER: usize = 32;

/// Covers windows of an eighth of the side, half of that apart, with the mean colour, and says for each place
/// how far the probability falls on average over the windows that cover it.
pub(super) fn occlusion(
    model: &mut Model,
    photo: &Photo,
    answer: &Answer,
    class: usize,
) -> Result<HeatMap, Error> {
    let [height, width] = photo.size;
    let sides = photo.size.map(|side| side.div_ceil(8).max(1));
    let starts = |axis: usize| {
        let (side, window) = (photo.size[axis], sides[axis]);
        let step = (window / 2).max(1);
        let last = side - window;
        (0..last).step_by(step).chain([last]).collect::<Vec<usize>>()
    };
    let columns = starts(1);
    let windows: Vec<[usize; 2]> =
        starts(0).into_iter().flat_map(|y| columns.iter().map(move |&x| [y, x])).collect();
    let fill = fill_of(model, photo);
    let mut falls = vec![(0.0_f64, 0_u32); height * width];
    for together in windows.chunks(TOGETHER) {
        let mut covered = Array4::zeros((together.len(), height, width, photo.prepared.len_of(Axis(3))));
        for (mut image, &[y, x]) in covered.outer_iter_mut().zip(together) {
            image.assign(&photo.prepared.index_axis(Axis(0), 0));
            let mut window = image.slice_mut(s![y..y + sides[0], x..x + sides[1], ..]);
            window.lanes_mut(Axis(2)).into_iter().for_each(|mut pixel| {
                pixel.iter_mut().zip(&fill).for_each(|(value, fill)| *value = *fill);
            });
        }
        let outputs = model.predict(covered.view())?;
        for (outputs, &[y, x]) in outputs.outer_iter().zip(together) {
            let seen = Answer::of(model, &outputs.to_vec())?;
            let fall = f64::from(answer.values[class] - seen.values[class]);
            for row in y..y + sides[0] {
                for (sum, count) in &mut falls[row * width + x..][..sides[1]] {
                    *sum += fall;
                    *count += 1;
                }
            }
        }
    }
    let values = falls.into_iter().map(|(sum, count)| (sum / f64::from(count.max(1))) as f32).collect();
    Ok(HeatMap { size: photo.size, values })
}

/// What windows are filled with: the mean of the training pictures where the weights bring it, else that of
/// the picture, channel by channel.
fn fill_of(model: &Model, photo: &Photo) -> Vec<f32> {
    let channels = photo.prepared.len_of(Axis(3));
    if model.is_normalized() {
        return vec![0.0; channels];
    }
    let mean = |channel: ndarray::ArrayView3<'_, f32>| {
        (channel.iter().map(|&value| f64::from(value)).sum::<f64>() / channel.len().max(1) as f64) as f32
    };
    photo.prepared.axis_iter(Axis(3)).map(mean).collect()
}
