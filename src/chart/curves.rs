//! Loss, metrics and learning rate over the epochs of one or several runs, as a picture.

use super::axes::{Axes, Scale};
use crate::draw::colors::{Color, of_class};
use crate::draw::scene::{
    Area, Group, Point, Polyline, Scene, Stroke, Text, Weight, fitted, width as width_of,
};

/// A field, in pixels.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 240.0;
/// Around a field: its labels and heading, in pixels.
const LEFT: f64 = 64.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 48.0;
const RIGHT: f64 = 16.0;
/// Height of a line of the key, in pixels.
const KEY_LINE: f64 = 20.0;
const LETTERS: f64 = 12.0;

/// What is drawn of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// What it is called.
    pub name: String,
    /// By the names of their columns: `loss`, `val_loss`, `accuracy`, `learning_rate`. For each epoch, from 1, a
    /// value.
    pub columns: Vec<(String, Vec<f64>)>,
    /// The epoch whose weights it ended with, where that is not the last.
    pub best_epoch: Option<usize>,
}

/// A field for each thing that was measured: training solid, validation dashed, each run in its colour.
pub fn curves(runs: &[Curves]) -> Scene {
    let fields = fields(runs);
    let columns = if fields.len() > 1 { 2 } else { 1 };
    let rows = fields.len().div_ceil(columns).max(1);
    let key = key(runs);
    let [cell_width, cell_height] = [LEFT + WIDTH + RIGHT, ABOVE + HEIGHT + BELOW];
    let mut scene =
        Scene::new("Learning curves", columns as f64 * cell_width, key.height + rows as f64 * cell_height);
    scene.push(key.group);
    for (at, field) in fields.iter().enumerate() {
        let corner =
            Point::new((at % columns) as f64 * cell_width, key.height + (at / columns) as f64 * cell_height);
        let mut group = Group::at(corner);
        draw(field, runs, &mut group);
        scene.push(group);
    }
    scene
}

/// Names of all that was measured, without that of validation, in the order of the first runs.
fn fields(runs: &[Curves]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (column, _) in runs.iter().flat_map(|run| &run.columns) {
        let name = column.strip_prefix("val_").unwrap_or(column);
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn values<'r>(run: &'r Curves, column: &str) -> Option<&'r [f64]> {
    run.columns.iter().find(|(name, _)| name == column).map(|(_, values)| values.as_slice())
}

fn draw(field: &str, runs: &[Curves], group: &mut Group) {
    let validation = format!("val_{field}");
    let both = [field, validation.as_str()];
    let all =
        runs.iter().flat_map(|run| both.iter().filter_map(|column| values(run, column))).flatten().copied();
    let Some(y) = Scale::over(all) else { return };
    let epochs = runs.iter().flat_map(|run| &run.columns).map(|(_, values)| values.len()).max().unwrap_or(1);
    let axes = Axes { area: Area::new(LEFT, ABOVE, WIDTH, HEIGHT), x: Scale::linear(1.0, epochs as f64), y };
    axes.draw(&field.replace('_', " "), "epoch", group);
    for (at, run) in runs.iter().enumerate() {
        for (column, is_validation) in both.iter().zip([false, true]) {
            let Some(values) = values(run, column) else { continue };
            let points: Vec<(f64, f64)> =
                values.iter().enumerate().map(|(epoch, value)| (epoch as f64 + 1.0, *value)).collect();
            let stroke = stroke(runs.len(), at, is_validation);
            axes.line(&points, stroke, group);
        }
        if let Some(epoch) = run.best_epoch {
            let [foot, top] = [axes.y.low, axes.y.high].map(|y| axes.at(epoch as f64, y));
            let color = if runs.len() == 1 { Color::FAINT } else { of_class(at) };
            group.push(Polyline::line(foot, top, Stroke::dashed(color, 1.0)));
        }
    }
}

/// A single run has a colour for training and one for validation; of several each has its own.
fn stroke(runs: usize, run: usize, is_validation: bool) -> Stroke {
    let color = of_class(if runs == 1 { usize::from(is_validation) } else { run });
    if is_validation { Stroke::dashed(color, 1.8) } else { Stroke::solid(color, 1.8) }
}

struct Key {
    group: Group,
    height: f64,
}

/// What the lines are.
fn key(runs: &[Curves]) -> Key {
    let has_validation = runs.iter().flat_map(|run| &run.columns).any(|(name, _)| name.starts_with("val_"));
    let mut lines: Vec<(Stroke, String)> = Vec::new();
    match runs {
        [only] => {
            lines.push((stroke(1, 0, false), format!("{}, training", only.name)));
            if has_validation {
                lines.push((stroke(1, 0, true), "validation".to_owned()));
            }
            if let Some(epoch) = only.best_epoch {
                let text = format!("the epoch whose weights were kept: {epoch}");
                lines.push((Stroke::dashed(Color::FAINT, 1.0), text));
            }
        }
        several => {
            let named = several.iter().enumerate();
            lines.extend(named.map(|(at, run)| (stroke(several.len(), at, false), run.name.clone())));
            if has_validation {
                lines.push((Stroke::dashed(Color::FAINT, 1.8), "validation".to_owned()));
            }
        }
    }
    let mut group = Group::at(Point::new(LEFT, 16.0));
    let room = 2.0 * WIDTH;
    let (mut x, mut y) = (0.0, 0.0);
    for (stroke, text) in lines {
        let text = fitted(&text, LETTERS, Weight::Regular, room - 60.0);
        let wide = 32.0 + width_of(&text, LETTERS, Weight::Regular) + 24.0;
        if x > 0.0 && x + wide > room {
            (x, y) = (0.0, y + KEY_LINE);
        }
        group.push(Polyline::line(Point::new(x, y + 6.0), Point::new(x + 24.0, y + 6.0), stroke));
        group.push(Text::new(Point::new(x + 32.0, y + 10.0), text, LETTERS));
        x += wide;
    }
    Key { group, height: y + KEY_LINE + 16.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, columns: &[(&str, &[f64])]) -> Curves {
        let columns = columns.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())).collect();
        Curves { name: name.to_owned(), columns, best_epoch: None }
    }

    #[test]
    fn each_measure_has_a_field() {
        let scene = curves(&[run(
            "digits-1",
            &[
                ("loss", &[2.0, 1.0, 0.5]),
                ("accuracy", &[0.3, 0.6, 0.8]),
                ("val_loss", &[2.1, f64::NAN, 0.7]),
                ("learning_rate", &[1e-3, 1e-4, 1e-5]),
            ],
        )]);
        let text = scene.to_svg();
        for said in
            [">loss<", ">accuracy<", ">learning rate<", ">epoch<", ">validation<", "digits-1, training"]
        {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(scene.width, 2.0 * (LEFT + WIDTH + RIGHT));
    }

    #[test]
    fn a_run_of_one_epoch_or_of_nothing_but_nan_is_drawn() {
        curves(&[run("a", &[("loss", &[1.0])]), run("b", &[("loss", &[f64::NAN, f64::INFINITY])])]).to_svg();
        curves(&[]).to_svg();
    }
}
