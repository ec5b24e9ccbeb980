//! A confusion matrix as a picture.

use crate::assess::ClassFindings;
use crate::draw::colors::{Color, ColorMap};
use crate::draw::scene::{
    Anchor, Area, Group, Point, Rect, Scene, Stroke, Text, Weight, fitted, width as width_of,
};

/// White around everything, in pixels.
const MARGIN: f64 = 20.0;
/// Letters of names, in pixels, and of the title.
const NAME: f64 = 12.0;
const TITLE: f64 = 15.0;
/// Longer names are cut, in pixels.
const LONGEST_NAME: f64 = 180.0;
/// The bar that tells what a colour means, in pixels.
const BAR: f64 = 12.0;
/// Colours of the bar.
const STEPS: usize = 60;

/// A row for each class, a column for each answer, coloured by the share of the row; the count in each cell
/// where there is room for it.
pub fn confusion(found: &ClassFindings, names: &[String], split: &str, colors: ColorMap) -> Scene {
    let side = side(names.len());
    let letters = NAME.min(side - 2.0);
    let longest = names.iter().map(|name| width_of(name, letters, Weight::Regular)).fold(0.0, f64::max);
    let name_room = longest.min(LONGEST_NAME);
    // names that fit below a cell are read without turning the head
    let is_narrow = longest < side - 4.0;
    let below = if is_narrow { letters } else { name_room };
    let extent = side * names.len() as f64;
    let (left, top) = (MARGIN + 24.0 + name_room + 8.0, MARGIN + 2.0 * TITLE + 24.0);
    let title = format!("{split} accuracy {:.4}", found.accuracy);
    let heading = match found.interval {
        Some(interval) => format!(
            "{} pictures, 95% interval {:.4} to {:.4}",
            found.confusion.total(),
            interval.low,
            interval.high
        ),
        None => "no pictures".to_owned(),
    };
    let wide = extent.max(width_of(&heading, NAME, Weight::Regular)).max(200.0);
    let mut scene = Scene::new(
        format!("Confusion matrix: {title}"),
        left + wide + MARGIN + BAR + 60.0,
        top + extent + 8.0 + below + 24.0 + MARGIN,
    );
    scene.push(Text::new(Point::new(left, MARGIN + TITLE), title, TITLE).bold());
    scene.push(Text::new(Point::new(left, MARGIN + 2.0 * TITLE + 4.0), heading, NAME).colored(Color::FAINT));
    let mut cells = Group::at(Point::new(left, top));
    for (class, row) in found.confusion.rows().enumerate() {
        let all: u64 = row.iter().sum();
        for (answer, &count) in row.iter().enumerate() {
            cells.push(cell(Cell { class, answer, count, all }, side, names, colors));
        }
    }
    scene.push(cells);
    let name = |class: usize| fitted(&names[class], letters, Weight::Regular, LONGEST_NAME);
    for class in 0..names.len() {
        let middle = (class as f64 + 0.5) * side;
        let at = Point::new(left - 8.0, top + middle + letters / 2.0 - 2.0);
        scene.push(Text::new(at, name(class), letters).name().anchored(Anchor::End));
        scene.push(if is_narrow {
            let at = Point::new(left + middle, top + extent + 4.0 + letters);
            Text::new(at, name(class), letters).name().anchored(Anchor::Middle)
        } else {
            let at = Point::new(left + middle + letters / 2.0 - 2.0, top + extent + 8.0);
            Text::new(at, name(class), letters).name().anchored(Anchor::End).upward()
        });
    }
    let at = Point::new(MARGIN + NAME, top + extent / 2.0);
    scene.push(Text::new(at, "class", NAME).bold().anchored(Anchor::Middle).upward());
    let at = Point::new(left + extent / 2.0, top + extent + 8.0 + below + 20.0);
    scene.push(Text::new(at, "answer", NAME).bold().anchored(Anchor::Middle));
    scene.push(bar(Point::new(left + extent + MARGIN, top), extent.min(200.0), colors));
    scene
}

/// Side of a cell, in pixels: large enough to be read where the classes are few, small enough to be seen at
/// once where they are many.
fn side(classes: usize) -> f64 {
    match classes {
        0..=5 => 64.0,
        6..=12 => 44.0,
        13..=24 => 32.0,
        25..=60 => 18.0,
        _ => (1080.0 / classes as f64).max(3.0),
    }
}

struct Cell {
    class: usize,
    answer: usize,
    count: u64,
    /// Pictures of the class.
    all: u64,
}

fn cell(cell: Cell, side: f64, names: &[String], colors: ColorMap) -> Group {
    let Cell { class, answer, count, all } = cell;
    let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
    let color = colors.at(share as f32);
    let mut group = Group::at(Point::new(answer as f64 * side, class as f64 * side));
    let (name, said) = (&names[class], &names[answer]);
    group.tooltip = Some(format!("{name}, answered {said}: {count} of {all} ({:.1}%)", share * 100.0));
    let edge = Stroke::solid(Color::WHITE, if side < 10.0 { 0.25 } else { 1.0 });
    group.push(Rect { area: Area::new(0.0, 0.0, side, side), fill: Some(color), stroke: Some(edge) });
    let text = count.to_string();
    let letters = (side * 0.32).clamp(6.0, 14.0);
    // zeros say nothing, and what has no room is said where the mouse is
    if count > 0 && width_of(&text, letters, Weight::Regular) < side - 2.0 && side >= 14.0 {
        let at = Point::new(side / 2.0, side / 2.0 + letters * 0.36);
        group.push(Text::new(at, text, letters).anchored(Anchor::Middle).colored(color.text_on()));
    }
    group
}

/// What a colour means.
fn bar(at: Point, height: f64, colors: ColorMap) -> Group {
    let mut group = Group::at(at);
    let step = height / STEPS as f64;
    for place in 0..STEPS {
        let share = 1.0 - (place as f32 + 0.5) / STEPS as f32;
        // a little higher than they are apart, so that no line is seen between them
        let area = Area::new(0.0, place as f64 * step, BAR, step + 0.5);
        group.push(Rect { area, fill: Some(colors.at(share)), stroke: None });
    }
    for (share, text) in [(1.0, "100%"), (0.5, "50%"), (0.0, "0%")] {
        let at = Point::new(BAR + 4.0, (1.0 - share) * height + 4.0);
        group.push(Text::new(at, text, 10.0).colored(Color::FAINT));
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::{Answers, Findings, PictureAnswer, Task, Truth};

    fn found(classes: usize, pairs: &[(usize, usize)]) -> (ClassFindings, Vec<String>) {
        let picture = |&(truth, answer): &(usize, usize)| {
            let mut scores = vec![0.0; classes];
            scores[answer] = 1.0;
            PictureAnswer { name: String::new(), truth: Truth::Class(truth), scores }
        };
        let names: Vec<String> = (0..classes).map(|class| format!("class {class}")).collect();
        let task = Task::Classes { are_probabilities: true };
        let answers = Answers { task, names: names.clone(), pictures: pairs.iter().map(picture).collect() };
        let Findings::Classes(found) = answers.assess().findings else { panic!("these are classes") };
        (*found, names)
    }

    #[test]
    fn every_cell_says_what_it_is() {
        let (found, names) = found(2, &[(0, 0), (0, 1), (1, 1)]);
        let text = confusion(&found, &names, "test", ColorMap::Viridis).to_svg();
        assert!(text.contains("class 0, answered class 1: 1 of 2 (50.0%)"), "{text}");
        assert!(text.contains("class 1, answered class 0: 0 of 1 (0.0%)"), "{text}");
        assert!(text.contains("test accuracy 0.6667"), "{text}");
    }

    #[test]
    fn many_classes_have_their_place() {
        for classes in [1, 43, 200] {
            let (found, names) = found(classes, &[(0, 0)]);
            let scene = confusion(&found, &names, "test", ColorMap::Viridis);
            assert!(
                scene.width < 1500.0 && scene.height < 1500.0,
                "{classes}: {} {}",
                scene.width,
                scene.height
            );
        }
        let (nothing, names) = found(3, &[]);
        assert!(confusion(&nothing, &names, "test", ColorMap::Viridis).to_svg().contains("no pictures"));
    }
}
