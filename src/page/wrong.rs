//! The pictures that the model is wrong about, the surest first, by their names.

use super::html::Html;
use super::shown_numbers::significant;
use super::words;
use crate::assess::{Answers, PictureAnswer, THRESHOLD, Task, Truth};
use crate::printed::thousands;

/// So many are listed.
const MOST: usize = 30;

pub(super) fn write(answers: &Answers, html: &mut Html) {
    match answers.task {
        Task::Classes { are_probabilities } => of_classes(answers, are_probabilities, html),
        Task::Labels => of_labels(answers, html),
        Task::Numbers => of_numbers(answers, html),
    }
}

/// How many are wrong of all, and whether some of them are not shown.
fn heading(wrong: usize, answers: &Answers, html: &mut Html) {
    html.tags("<h3>").said(words::MOST_SURE).tags("</h3><p>");
    if wrong == 0 {
        html.said(words::NOTHING_WRONG).tags("</p>");
        return;
    }
    let [wrong_text, all] = [wrong, answers.pictures.len()].map(|count| thousands(count as u64));
    html.told(words::WRONG_OF_ALL, &[&wrong_text, &all]);
    if wrong > MOST {
        html.tags(" ").told(words::FIRST_SHOWN, &[&MOST.to_string()]);
    }
    html.tags("</p>");
}

fn of_classes(answers: &Answers, are_probabilities: bool, html: &mut Html) {
    let mut wrong: Vec<(&PictureAnswer, usize)> = answers
        .pictures
        .iter()
        .filter_map(|picture| match picture.truth {
            Truth::Class(class) if picture.answer() != class => Some((picture, class)),
            Truth::Class(_) | Truth::Labels(_) | Truth::Numbers(_) => None,
        })
        .collect();
    // of equal ones the order of the data set
    wrong.sort_by(|(a, _), (b, _)| b.confidence().total_cmp(&a.confidence()));
    heading(wrong.len(), answers, html);
    if wrong.is_empty() {
        return;
    }
    html.tags("<div class=\"wide\"><table class=\"sortable\"><thead><tr><th>")
        .said(words::PICTURE)
        .tags("</th><th>");
    html.said(words::TRUTH).tags("</th><th>").said(words::ANSWER).tags("</th><th class=\"n\">");
    html.said(if are_probabilities { words::PROBABILITY } else { words::SCORE })
        .tags("</th><th class=\"n\">");
    html.said(words::OF_TRUTH).tags("</th></tr></thead><tbody>");
    let name = |class: usize| answers.names.get(class).map_or("", String::as_str);
    let digits = if are_probabilities { 4 } else { 3 };
    for (picture, class) in wrong.into_iter().take(MOST) {
        html.element("<tr><td class=\"file\">", &picture.name, "</td>").element("<td>", name(class), "</td>");
        html.element("<td>", name(picture.answer()), "</td><td class=\"n\">");
        html.number(picture.confidence(), digits).tags("</td><td class=\"n\">");
        html.number(picture.scores.get(class).copied().unwrap_or_default(), digits).tags("</td></tr>");
    }
    html.tags("</tbody></table></div>");
}

fn of_labels(answers: &Answers, html: &mut Html) {
    // a mistake each: how far the probability is on the wrong side
    let mut wrong: Vec<(&PictureAnswer, usize, f32)> = Vec::new();
    for picture in &answers.pictures {
        let Truth::Labels(truth) = &picture.truth else { continue };
        for (label, (&wanted, &score)) in truth.iter().zip(&picture.scores).enumerate() {
            if wanted != (score > THRESHOLD) {
                wrong.push((picture, label, (score - THRESHOLD).abs()));
            }
        }
    }
    wrong.sort_by(|(.., a), (.., b)| b.total_cmp(a));
    let pictures = answers.pictures.iter().filter(|picture| picture.is_right() == Some(false)).count();
    heading(pictures, answers, html);
    if wrong.is_empty() {
        return;
    }
    html.tags("<div class=\"wide\"><table><thead><tr><th>").said(words::PICTURE).tags("</th><th>");
    html.said(words::LABEL).tags("</th><th>").said(words::ANSWER).tags("</th><th class=\"n\">");
    html.said(words::PROBABILITY).tags("</th></tr></thead><tbody>");
    for (picture, label, _) in wrong.into_iter().take(MOST) {
        let score = picture.scores[label];
        html.element("<tr><td class=\"file\">", &picture.name, "</td>");
        html.element("<td>", &answers.names[label], "</td><td>");
        html.said(if score > THRESHOLD { words::SAID_IT } else { words::MISSED_IT })
            .tags("</td><td class=\"n\">");
        html.number(score, 4).tags("</td></tr>");
    }
    html.tags("</tbody></table></div>");
}

fn of_numbers(answers: &Answers, html: &mut Html) {
    let mut errors: Vec<(&PictureAnswer, usize, f32, f32)> = Vec::new();
    for picture in &answers.pictures {
        let Truth::Numbers(truth) = &picture.truth else { continue };
        let pairs = truth.iter().zip(&picture.scores).enumerate();
        errors.extend(pairs.map(|(at, (&truth, &said))| (picture, at, truth, said)));
    }
    let error = |&(_, _, truth, said): &(&PictureAnswer, usize, f32, f32)| (truth - said).abs();
    errors.sort_by(|a, b| error(b).total_cmp(&error(a)));
    html.tags("<h3>")
        .said(words::LARGEST_ERRORS)
        .tags("</h3><div class=\"wide\"><table class=\"sortable\"><thead><tr><th>");
    html.said(words::PICTURE)
        .tags("</th><th>")
        .said(words::NUMBER)
        .tags("</th><th class=\"n\">")
        .said(words::TRUTH);
    html.tags("</th><th class=\"n\">").said(words::ANSWER).tags("</th><th class=\"n\">").said(words::ERROR);
    html.tags("</th></tr></thead><tbody>");
    for entry in errors.iter().take(MOST) {
        let (picture, at, truth, said) = *entry;
        html.element("<tr><td class=\"file\">", &picture.name, "</td>");
        html.element("<td>", &answers.names[at], "</td>");
        for value in [truth, said, error(entry)] {
            html.element("<td class=\"n\">", &significant(f64::from(value)), "</td>");
        }
        html.tags("</tr>");
    }
    html.tags("</tbody></table></div>");
}
