//! The confusion matrix, in colours of the page, to point at: the script tells the cell.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::html::Html;
use super::words;
use crate::assess::{Answers, ClassFindings, Truth};
use crate::draw::scene::{Weight, fitted, width as width_of};
use crate::printed::shown;

/// Of more classes there is no matrix: a cell would be smaller than a pixel on a phone.
const MOST_CLASSES: usize = 200;
/// Names that are longer are cut, in pixels.
const LONGEST_NAME: f64 = 130.0;
/// So many pictures are named of each mistake, and of all.
const NAMED: usize = 3;
const NAMED_OF_ALL: usize = 3000;

/// The matrix; nothing where there are too many classes.
pub(super) fn write(found: &ClassFindings, names: &[String], html: &mut Html) {
    if names.len() > MOST_CLASSES {
        return;
    }
    let place = Place::of(names);
    html.tags("<h3>").said(words::CONFUSION).tags("</h3><p class=\"hint\">").said(words::HOW_TO_READ);
    html.tags("</p><div class=\"wide\"><svg id=\"matrix\" tabindex=\"0\" role=\"img\" viewBox=\"0 0 ");
    html.number(place.extent, 0).tags(" ").number(place.extent, 0).tags("\" style=\"max-width:");
    html.number(place.extent, 0).tags("px\" data-side=\"").number(place.side, 0).tags("\" data-left=\"");
    html.number(place.room, 0).tags("\" font-size=\"").number(place.letters, 0).tags("\">");
    headings(&place, names, html);
    for (class, row) in found.confusion.rows().enumerate() {
        let all: u64 = row.iter().sum();
        for (answer, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            cell(&place, [class, answer], count, all, html);
        }
    }
    html.tags("<rect id=\"cursor\" width=\"")
        .number(place.side, 0)
        .tags("\" height=\"")
        .number(place.side, 0);
    html.tags(
        "\" visibility=\"hidden\"/></svg></div><p id=\"cell\" class=\"readout\" aria-live=\"polite\"></p>",
    );
}

/// Where everything is.
struct Place {
    /// Of a cell, in pixels.
    side: f64,
    letters: f64,
    /// For names, at the left and above.
    room: f64,
    /// Of all.
    extent: f64,
}

impl Place {
    fn of(names: &[String]) -> Self {
        let side = match names.len() {
            0..=6 => 56.0,
            7..=12 => 42.0,
            13..=24 => 28.0,
            25..=60 => 16.0,
            _ => 8.0,
        };
        let letters = f64::clamp(side - 4.0, 6.0, 13.0);
        let longest =
            names.iter().map(|name| width_of(&shown(name), letters, Weight::Regular)).fold(0.0, f64::max);
        let room = (longest.min(LONGEST_NAME) + 28.0).ceil();
        Self { side, letters, room, extent: room + side * names.len() as f64 + 2.0 }
    }

    fn at(&self, class: usize) -> f64 {
        self.room + class as f64 * self.side
    }
}

/// The field, its names, and what rows and columns are.
fn headings(place: &Place, names: &[String], html: &mut Html) {
    let extent = place.side * names.len() as f64;
    html.tags("<rect class=\"field\" x=\"").number(place.room, 0).tags("\" y=\"").number(place.room, 0);
    html.tags("\" width=\"").number(extent, 0).tags("\" height=\"").number(extent, 0).tags("\"/>");
    for (class, name) in names.iter().enumerate() {
        let name = fitted(&shown(name), place.letters, Weight::Regular, LONGEST_NAME);
        let middle = place.at(class) + place.side / 2.0 + place.letters * 0.36;
        html.tags("<text text-anchor=\"end\" x=\"")
            .number(place.room - 6.0, 0)
            .tags("\" y=\"")
            .number(middle, 1);
        html.element("\">", &name, "</text>");
        html.tags("<text transform=\"translate(").number(middle, 1).tags(" ").number(place.room - 6.0, 0);
        html.element(") rotate(-90)\">", &name, "</text>");
    }
    let middle = place.room + extent / 2.0;
    let said = [
        (words::CLASS_ROWS.en, "en", true),
        (words::CLASS_ROWS.ko, "ko", true),
        (words::ANSWER_COLUMNS.en, "en", false),
        (words::ANSWER_COLUMNS.ko, "ko", false),
    ];
    for (text, language, is_side) in said {
        html.tags("<text class=\"axis\" text-anchor=\"middle\" font-size=\"12\" lang=\"").text(language);
        html.tags("\" transform=\"translate(");
        let [x, y] = if is_side { [11.0, middle] } else { [middle, 11.0] };
        html.number(x, 0).tags(" ").number(y, 0).tags(")");
        html.tags(if is_side { " rotate(-90)\">" } else { "\">" }).text(text).tags("</text>");
    }
}

fn cell(place: &Place, [class, answer]: [usize; 2], count: u64, all: u64, html: &mut Html) {
    // the square root: of mistakes, which are few, more can be told apart
    let share = (count as f64 / all as f64).sqrt();
    let kind = match (class == answer, share > 0.6) {
        (true, true) => "<g class=\"hit deep\"><rect x=\"",
        (true, false) => "<g class=\"hit\"><rect x=\"",
        (false, true) => "<g class=\"miss deep\"><rect x=\"",
        (false, false) => "<g class=\"miss\"><rect x=\"",
    };
    let [x, y] = [place.at(answer), place.at(class)];
    html.tags(kind).number(x, 0).tags("\" y=\"").number(y, 0).tags("\" width=\"").number(place.side, 0);
    html.tags("\" height=\"").number(place.side, 0).tags("\" fill-opacity=\"").number(share.max(0.08), 2);
    html.tags("\"/>");
    let text = count.to_string();
    let letters = (place.side * 0.36).min(14.0);
    if place.side >= 14.0 && width_of(&text, letters, Weight::Regular) < place.side - 1.0 {
        html.tags("<text text-anchor=\"middle\" font-size=\"").number(letters, 1).tags("\" x=\"");
        html.number(x + place.side / 2.0, 1).tags("\" y=\"").number(y + place.side / 2.0 + letters * 0.36, 1);
        html.element("\">", &text, "</text>");
    }
    html.tags("</g>");
}

/// What the script tells of cells: names of the classes, and of each cell that is not empty
/// `[class, answer, count, [pictures]]`.
pub(super) fn data(found: &ClassFindings, answers: &Answers) -> Value {
    let names: Vec<_> = answers.names.iter().map(|name| shown(name)).collect();
    if names.len() > MOST_CLASSES {
        return Value::Null;
    }
    let mut left = NAMED_OF_ALL;
    let mut named: BTreeMap<[usize; 2], Vec<Cow<'_, str>>> = BTreeMap::new();
    for picture in &answers.pictures {
        let Truth::Class(class) = picture.truth else { continue };
        let answer = picture.answer();
        if class != answer && left > 0 {
            let of_cell = named.entry([class, answer]).or_default();
            if of_cell.len() < NAMED {
                of_cell.push(shown(&picture.name));
                left -= 1;
            }
        }
    }
    let mut cells = Vec::new();
    for (class, row) in found.confusion.rows().enumerate() {
        for (answer, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            cells.push(json!([class, answer, count, named.remove(&[class, answer]).unwrap_or_default()]));
        }
    }
    let all: Vec<u64> = found.confusion.rows().map(|row| row.iter().sum()).collect();
    json!({ "names": names, "all": all, "cells": cells })
}
