//! Cards of data whose labels come from tables, and of labels that are numbers.

use super::super::error::DataError;
use super::super::locations::Locations;
use super::super::source::Targets;
use super::super::table::{TableFacts, table_facts};
use super::folder::of_headers;
use crate::card::{DataCard, TargetColumn};
use crate::ir::{CsvSource, LabelKind};
use crate::printed::shown_path;

/// The card of a table, from the headers of the pictures that it names.
pub(super) fn card(table: &CsvSource, kind: LabelKind, locations: &Locations) -> Result<DataCard, DataError> {
    let TableFacts { classes, counts, targets, images, headers } = table_facts(table, kind, locations)?;
    let targets = targets.as_ref().filter(|_| kind == LabelKind::Regression).map(columns).unwrap_or_default();
    let [class_counts, validation_counts, test_counts] = counts;
    let [train_images, validation_images, test_images] = images;
    let card = of_headers(shown_path(&table.path), headers, classes)
        .with_counts(class_counts, test_counts)
        .with_validation(validation_counts);
    Ok(DataCard { targets, train_images, validation_images, test_images, ..card })
}

/// What is known of each column of numbers.
pub(super) fn columns(targets: &Targets) -> Vec<TargetColumn> {
    let column = |(at, name): (usize, &String)| {
        let (mut min, mut max, mut sum, mut count) = (f32::INFINITY, f32::NEG_INFINITY, 0.0_f64, 0_u32);
        for value in targets.column(at) {
            (min, max) = (min.min(value), max.max(value));
            (sum, count) = (sum + f64::from(value), count + 1);
        }
        TargetColumn { name: name.clone(), min, max, mean: (sum / f64::from(count.max(1))) as f32 }
    };
    targets.names.iter().enumerate().map(column).collect()
}
