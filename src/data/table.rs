//! `csv("labels.csv", image: path, label: age)`: pictures and labels listed in a table.
//!
//! The table has a header row; cells are separated by commas and may stand in quotes (RFC 4180). Pictures are found from the table's folder on.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::error::DataError;
use super::folder::{HeaderFacts, header_facts};
use super::locations::Locations;
use super::source::{FileBytes, PictureFile, Pictures, Source, Split, Targets, count_classes};
use crate::ir::{CsvSource, LabelKind};
use crate::source::Spanned;

/// Larger tables are refused: 1 GiB.
const MAX_TABLE_BYTES: u64 = 1 << 30;
/// Missing pictures that a message names.
const EXAMPLES: usize = 3;
/// What stands between the classes of one cell.
const SEPARATOR: char = ';';

/// One row.
struct Row {
    line: u64,
    file: PictureFile,
    split: Split,
    label: RowLabel,
}

/// What a row's label cells say.
enum RowLabel {
    Class(String),
    Classes(BTreeSet<String>),
    Numbers(Vec<f32>),
}

/// A table that is being read.
struct Table<'a> {
    /// Where it is.
    path: &'a Path,
    spec: &'a CsvSource,
    kind: LabelKind,
    columns: Columns,
}

/// Places of the columns.
struct Columns {
    image: usize,
    labels: Vec<usize>,
    split: Option<usize>,
}

impl Columns {
    fn find(spec: &CsvSource, path: &Path, header: &StringRecord) -> Result<Self, DataError> {
        let names: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
        let place = |column: &Spanned<String>| {
            names.iter().position(|name| *name == column.value).ok_or_else(|| {
                let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                let problem = format!("it has no column `{}`; its columns are {}", column.value, all.join(", "));
                DataError::malformed(
                    path,
                    problem,
                    "write a name of the table's first row, in quotes if it is no plain word",
                )
            })
        };
        Ok(Self {
            image: place(&spec.image)?,
            labels: spec.labels.iter().map(place).collect::<Result<_, _>>()?,
            split: spec.split.as_ref().map(place).transpose()?,
        })
    }
}

impl Table<'_> {
    fn malformed(&self, line: u64, problem: String, help: &str) -> DataError {
        DataError::malformed(self.path, format!("line {line}: {problem}"), help)
    }

    fn row(&self, record: &StringRecord) -> Result<Row, DataError> {
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let image = cell(self.columns.image);
        if image.is_empty() {
            let problem = format!("`{}` is empty", self.spec.image.value);
            return Err(self.malformed(line, problem, "write the picture's path there, from the table's folder on"));
        }
        let split = match self.columns.split.map(cell) {
            None | Some("train") => Split::Train,
            Some("test") => Split::Test,
            Some(other) => {
                let problem = format!("the split is `{other}`");
                let help = "write `train` or `test`; validation is a share of the training pictures, `validation: 20% of train`";
                return Err(self.malformed(line, problem, help));
            }
        };
        let label = self.label(line, &cell)?;
        let path = self.path.parent().unwrap_or(Path::new("")).join(image);
        let file = PictureFile { name: path.display().to_string(), bytes: FileBytes::Path(path) };
        Ok(Row { line, file, split, label })
    }

    fn label<'r>(&self, line: u64, cell: &impl Fn(usize) -> &'r str) -> Result<RowLabel, DataError> {
        let named = || self.columns.labels.iter().zip(&self.spec.labels).map(|(&at, name)| (cell(at), &name.value));
        let first = named().next().unwrap_or(("", &self.spec.image.value));
        match self.kind {
            LabelKind::Single if first.0.is_empty() => {
                Err(self.malformed(line, format!("`{}` is empty", first.1), "write the picture's class there"))
            }
            LabelKind::Single => Ok(RowLabel::Class(first.0.to_owned())),
            LabelKind::Multi if self.columns.labels.len() == 1 => {
                let classes = first.0.split(SEPARATOR).map(str::trim).filter(|class| !class.is_empty());
                Ok(RowLabel::Classes(classes.map(str::to_owned).collect()))
            }
            LabelKind::Multi => {
                let bit = |(cell, name): (&str, &String)| match cell {
                    "0" => Ok(None),
                    "1" => Ok(Some(name.clone())),
                    other => Err(self.malformed(
                        line,
                        format!("`{name}` is `{other}`"),
                        "write 1 where the picture has the class, else 0",
                    )),
                };
                let classes = named().map(bit).collect::<Result<Vec<_>, _>>()?;
                Ok(RowLabel::Classes(classes.into_iter().flatten().collect()))
            }
            LabelKind::Regression => {
                let number = |(cell, name): (&str, &String)| {
                    cell.parse().ok().filter(|number: &f32| number.is_finite()).ok_or_else(|| {
                        let found =
                            if cell.is_empty() { "empty".to_owned() } else { format!("`{cell}`, which is no number") };
                        let help = "write a number with a decimal point, or take the row out";
                        self.malformed(line, format!("`{name}` is {found}"), help)
                    })
                };
                named().map(number).collect::<Result<_, _>>().map(RowLabel::Numbers)
            }
        }
    }
}

/// All rows in the order of the bytes of their pictures' paths, each picture once and there.
fn rows(spec: &CsvSource, kind: LabelKind, locations: &Locations) -> Result<Vec<Row>, DataError> {
    let place = locations.resolve(&spec.path)?;
    let path = &place.path;
    if place.inner.is_some() || path.is_dir() {
        return Err(DataError::malformed(path, "is no table", "name a .csv file; unpack it if it lies in an archive"));
    }
    let file = File::open(path).map_err(|error| DataError::io(path, error))?;
    let bytes = file.metadata().map_err(|error| DataError::io(path, error))?.len();
    if bytes > MAX_TABLE_BYTES {
        return Err(DataError::malformed(path, format!("has {bytes} bytes"), "tables are read up to 1 GiB: split it"));
    }
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file.take(MAX_TABLE_BYTES));
    let unreadable = |error: csv::Error| {
        let help = "write one row a picture, cells separated by commas, each row with as many as the first, as UTF-8";
        DataError::malformed(path, error.to_string(), help)
    };
    let columns = Columns::find(spec, path, reader.headers().map_err(unreadable)?)?;
    let table = Table { path, spec, kind, columns };
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(table.row(&record.map_err(unreadable)?)?);
    }
    rows.iter().try_for_each(|row: &Row| row.file.may_be_read(locations))?;
    check_pictures(&table, &rows)?;
    rows.sort_by(|a: &Row, b: &Row| a.file.name.as_bytes().cmp(b.file.name.as_bytes()));
    Ok(rows)
}

/// There are pictures, all are there, and none is listed twice.
fn check_pictures(table: &Table<'_>, rows: &[Row]) -> Result<(), DataError> {
    if rows.is_empty() {
        return Err(DataError::malformed(table.path, "lists no pictures", "write a row for each picture"));
    }
    let mut lines: HashMap<&str, u64> = HashMap::new();
    for row in rows {
        if let Some(first) = lines.insert(&row.file.name, row.line) {
            let problem = format!("`{}` is listed before, on line {first}", row.file.name);
            return Err(table.malformed(row.line, problem, "list each picture once"));
        }
    }
    let is_there = |row: &&Row| match &row.file.bytes {
        FileBytes::Path(path) => fs::metadata(path).is_ok_and(|about| about.is_file()),
        FileBytes::Stretch { .. } | FileBytes::Memory { .. } => true,
    };
    let missing: Vec<&Row> = rows.iter().filter(|row| !is_there(row)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<String> =
        missing.iter().take(EXAMPLES).map(|row| format!("`{}` (line {})", row.file.name, row.line)).collect();
    let rest = if missing.len() > EXAMPLES { ", …" } else { "" };
    let problem = format!("{} of {} pictures are not there: {}{rest}", missing.len(), rows.len(), named.join(", "));
    let help = "paths are taken from the table's folder on; put the pictures there, or take their rows out";
    Err(DataError::malformed(table.path, problem, help))
}

/// Reads a table. No picture is opened.
pub(super) fn load(spec: &CsvSource, kind: LabelKind, locations: &Locations) -> Result<Source, DataError> {
    let rows = rows(spec, kind, locations)?;
    let classes: Vec<String> = match kind {
        LabelKind::Regression => Vec::new(),
        LabelKind::Multi if spec.labels.len() > 1 => spec.labels.iter().map(|name| name.value.clone()).collect(),
        LabelKind::Single | LabelKind::Multi => {
            let mut classes = BTreeSet::new();
            for row in &rows {
                match &row.label {
                    RowLabel::Class(class) => drop(classes.insert(class.clone())),
                    RowLabel::Classes(several) => classes.extend(several.iter().cloned()),
                    RowLabel::Numbers(_) => {}
                }
            }
            classes.into_iter().collect()
        }
    };
    let index: HashMap<&str, usize> = classes.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut labels = Vec::with_capacity(rows.len());
    let mut values = Vec::new();
    for row in &rows {
        match &row.label {
            RowLabel::Class(class) => labels.push(index[class.as_str()] as i32),
            RowLabel::Classes(several) => {
                labels.push(0);
                values.extend(classes.iter().map(|class| f32::from(u8::from(several.contains(class)))));
            }
            RowLabel::Numbers(numbers) => {
                labels.push(0);
                values.extend_from_slice(numbers);
            }
        }
    }
    let names = match kind {
        LabelKind::Single => None,
        LabelKind::Multi => Some(classes.clone()),
        LabelKind::Regression => Some(spec.labels.iter().map(|name| name.value.clone()).collect()),
    };
    let targets = names.map(|names| Targets { names, values });
    let splits = rows.iter().map(|row| row.split).collect();
    let pictures = Pictures::Files(rows.into_iter().map(|row| row.file).collect());
    Ok(Source { classes, labels, targets, splits, pictures, ignored: Vec::new() })
}

/// What a table and the headers of its pictures say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TableFacts {
    /// Class names in the order of their indices.
    pub(crate) classes: Vec<String>,
    /// Training images of each class.
    pub(crate) class_counts: Vec<usize>,
    /// Test images of each class; empty where there are none.
    pub(crate) test_counts: Vec<usize>,
    /// Labels that are numbers.
    pub(crate) targets: Option<Targets>,
    /// Images to train on, and those that the table says are for the test.
    pub(crate) images: [usize; 2],
    /// Of all pictures.
    pub(crate) headers: HeaderFacts,
}

/// Reads a table and the headers of its pictures.
/// # Errors
/// [`DataError`].
pub(crate) fn table_facts(spec: &CsvSource, kind: LabelKind, locations: &Locations) -> Result<TableFacts, DataError> {
    let source = load(spec, kind, locations)?;
    let headers = match &source.pictures {
        Pictures::Files(files) => header_facts(files)?,
        Pictures::Arrays { .. } => header_facts(&[])?,
    };
    let of = |wanted: Split| -> Vec<usize> {
        (0..source.splits.len()).filter(|&item| source.splits[item] == wanted).collect()
    };
    let counts = |items: &[usize]| -> Vec<usize> {
        match &source.targets {
            Some(targets) => {
                let rows: Vec<f32> = items.iter().flat_map(|&item| targets.row(item).to_vec()).collect();
                count_classes(&source.classes, &rows)
            }
            None => {
                let mut counts = vec![0; source.classes.len()];
                items.iter().for_each(|&item| counts[source.labels[item] as usize] += 1);
                counts
            }
        }
    };
    let (train, test) = (of(Split::Train), of(Split::Test));
    Ok(TableFacts {
        class_counts: counts(&train),
        test_counts: if test.is_empty() { Vec::new() } else { counts(&test) },
        images: [train.len(), test.len()],
        classes: source.classes,
        targets: source.targets,
        headers,
    })
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
