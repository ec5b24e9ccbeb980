//! `csv("labels.csv", image: path, label: age)`: pictures and labels listed in a table.
//!
//! The table has a header row; cells are separated by commas and may stand in quotes (RFC 4180). Pictures are
//! found from the table's folder on.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::bounds::{Bounds, size_text};
use super::error::DataError;
use super::folder::{HeaderFacts, header_facts};
use super::locations::Locations;
use super::source::{FileBytes, PictureFile, Pictures, Source, Split, Targets, count_classes};
use crate::files;
use crate::ir::{CsvSource, LabelKind};
use crate::printed::shown;
use crate::source::Spanned;

/// Longer lines are refused: a row names a picture and some labels.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// Columns that a message names.
const COLUMNS_NAMED: usize = 20;
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
                let all: Vec<String> =
                    names.iter().take(COLUMNS_NAMED).map(|name| format!("`{}`", shown(name))).collect();
                let more = if names.len() > COLUMNS_NAMED { ", …" } else { "" };
                let problem = format!(
                    "it has no column `{}`; its columns are {}{more}",
                    shown(&column.value),
                    all.join(", ")
                );
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

impl Row {
    /// What it takes in memory.
    fn bytes(&self) -> u64 {
        let label = match &self.label {
            RowLabel::Class(class) => class.len(),
            RowLabel::Classes(several) => {
                several.iter().map(|class| size_of::<String>() * 2 + class.len()).sum()
            }
            RowLabel::Numbers(numbers) => numbers.len() * size_of::<f32>(),
        };
        // its name stands twice: as it is shown, and as a path
        (size_of::<Self>() + 2 * self.file.name.len() + label) as u64
    }
}

impl Table<'_> {
    /// Rows take more than their lines: they must leave room for all else.
    fn check_memory(&self, taken: u64, rows: usize, bounds: Bounds) -> Result<(), DataError> {
        let most = bounds.memory_bytes / 2;
        if taken <= most {
            return Ok(());
        }
        let problem = format!("its first {rows} rows take {}, half of the memory", size_text(most));
        Err(DataError::malformed(self.path, problem, "list fewer pictures"))
    }

    fn malformed(&self, line: u64, problem: String, help: &str) -> DataError {
        DataError::malformed(self.path, format!("line {line}: {problem}"), help)
    }

    fn row(&self, record: &StringRecord) -> Result<Row, DataError> {
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let image = cell(self.columns.image);
        if image.is_empty() {
            let problem = format!("`{}` is empty", self.spec.image.value);
            return Err(self.malformed(
                line,
                problem,
                "write the picture's path there, from the table's folder on",
            ));
        }
        let split = match self.columns.split.map(cell) {
            None | Some("train") => Split::Train,
            Some("validation") => Split::Validation,
            Some("test") => Split::Test,
            Some(other) => {
                let problem = format!("the split is `{}`", shown(other));
                let help = "write `train`, `validation` or `test`";
                return Err(self.malformed(line, problem, help));
            }
        };
        let label = self.label(line, &cell)?;
        let path = self.path.parent().unwrap_or(Path::new("")).join(image);
        let file = PictureFile { name: path.display().to_string(), bytes: FileBytes::Path(path) };
        Ok(Row { line, file, split, label })
    }

    fn label<'r>(&self, line: u64, cell: &impl Fn(usize) -> &'r str) -> Result<RowLabel, DataError> {
        let named =
            || self.columns.labels.iter().zip(&self.spec.labels).map(|(&at, name)| (cell(at), &name.value));
        let first = named().next().unwrap_or(("", &self.spec.image.value));
        match self.kind {
            LabelKind::Single if first.0.is_empty() => Err(self.malformed(
                line,
                format!("`{}` is empty", first.1),
                "write the picture's class there",
            )),
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
                        format!("`{name}` is `{}`", shown(other)),
                        "write 1 where the picture has the class, else 0",
                    )),
                };
                let classes = named().map(bit).collect::<Result<Vec<_>, _>>()?;
                Ok(RowLabel::Classes(classes.into_iter().flatten().collect()))
            }
            LabelKind::Regression => {
                let number = |(cell, name): (&str, &String)| {
                    cell.parse().ok().filter(|number: &f32| number.is_finite()).ok_or_else(|| {
                        let found = if cell.is_empty() {
                            "empty".to_owned()
                        } else {
                            format!("`{}`, which is no number", shown(cell))
                        };
                        let help = "write a number with a decimal point, or take the row out";
                        self.malformed(line, format!("`{name}` is {found}"), help)
                    })
                };
                named().map(number).collect::<Result<_, _>>().map(RowLabel::Numbers)
            }
        }
    }
}

/// A stream whose lines are no longer than [`MAX_LINE_BYTES`].
struct Lines<R> {
    stream: R,
    /// Bytes of the present line.
    length: u64,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        for line in buffer[..read].split_inclusive(|&byte| byte == b'\n') {
            self.length += line.len() as u64;
            if self.length > MAX_LINE_BYTES {
                let problem = format!("a line has more than {}", size_text(MAX_LINE_BYTES));
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
            if line.ends_with(b"\n") {
                self.length = 0;
            }
        }
        Ok(read)
    }
}

/// All rows in the order of the bytes of their pictures' paths, each picture once and there.
fn rows(spec: &CsvSource, kind: LabelKind, locations: &Locations) -> Result<Vec<Row>, DataError> {
    let place = locations.resolve(&spec.path)?;
    let path = &place.path;
    if place.inner.is_some() || path.is_dir() {
        return Err(DataError::malformed(
            path,
            "is no table",
            "name a .csv file; unpack it if it lies in an archive",
        ));
    }
    let file = files::open(path).map_err(|error| DataError::io(path, error))?;
    let bytes = file.metadata().map_err(|error| DataError::io(path, error))?.len();
    let most = locations.bounds.table_bytes();
    if bytes > most {
        let help = format!(
            "tables are read up to {} (1 GiB, and an eighth of the memory): split it",
            size_text(most)
        );
        return Err(DataError::malformed(path, format!("has {bytes} bytes"), help));
    }
    let mut reader =
        ReaderBuilder::new().trim(Trim::All).from_reader(Lines { stream: file.take(most), length: 0 });
    let unreadable = |error: csv::Error| {
        let help = "write one row a picture, cells separated by commas, each row with as many as the first, as UTF-8";
        DataError::malformed(path, error.to_string(), help)
    };
    let columns = Columns::find(spec, path, reader.headers().map_err(unreadable)?)?;
    let table = Table { path, spec, kind, columns };
    let (mut rows, mut record, mut taken) = (Vec::new(), StringRecord::new(), 0);
    while reader.read_record(&mut record).map_err(unreadable)? {
        let row = table.row(&record)?;
        taken += row.bytes();
        table.check_memory(taken, rows.len(), locations.bounds)?;
        rows.push(row);
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
            let problem = format!("`{}` is listed before, on line {first}", shown(&row.file.name));
            return Err(table.malformed(row.line, problem, "list each picture once"));
        }
    }
    let is_there = |row: &&Row| match &row.file.bytes {
        // something else than a file is there, and told when it is read
        FileBytes::Path(path) => match fs::metadata(path) {
            Ok(about) => !about.is_dir(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        },
        FileBytes::Stretch { .. } | FileBytes::Memory { .. } | FileBytes::Seen(_) => true,
    };
    let missing: Vec<&Row> = rows.iter().filter(|row| !is_there(row)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = missing
        .iter()
        .take(EXAMPLES)
        .map(|row| format!("`{}` (line {})", shown(&row.file.name), row.line))
        .collect();
    let rest = if missing.len() > EXAMPLES { ", …" } else { "" };
    let problem =
        format!("{} of {} pictures are not there: {}{rest}", missing.len(), rows.len(), named.join(", "));
    let help = "paths are taken from the table's folder on; put the pictures there, or take their rows out";
    Err(DataError::malformed(table.path, problem, help))
}

/// Reads a table. No picture is opened.
pub(super) fn load(spec: &CsvSource, kind: LabelKind, locations: &Locations) -> Result<Source, DataError> {
    let rows = rows(spec, kind, locations)?;
    let classes: Vec<String> = match kind {
        LabelKind::Regression => Vec::new(),
        LabelKind::Multi if spec.labels.len() > 1 => {
            spec.labels.iter().map(|name| name.value.clone()).collect()
        }
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
    let index: HashMap<&str, usize> =
        classes.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    if kind == LabelKind::Multi {
        let taken = rows.len() as u64 * classes.len() as u64 * size_of::<f32>() as u64;
        if taken > locations.bounds.memory_bytes / 2 {
            let (rows, classes, taken) = (rows.len(), classes.len(), size_text(taken));
            let problem = format!(
                "a number for each of {classes} classes of {rows} pictures takes {taken}, more than half of the memory"
            );
            return Err(DataError::malformed(&spec.path, problem, "list fewer classes or fewer pictures"));
        }
    }
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
    Ok(Source { classes, labels, targets, splits, pictures, ignored: Vec::new(), damaged: Vec::new() })
}

/// What a table and the headers of its pictures say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TableFacts {
    /// Class names in the order of their indices.
    pub(crate) classes: Vec<String>,
    /// Images of each class in the splits that the table makes: training, validation, test; empty for the
    /// last two where there are none.
    pub(crate) counts: [Vec<usize>; 3],
    /// Labels that are numbers.
    pub(crate) targets: Option<Targets>,
    /// Images in these splits.
    pub(crate) images: [usize; 3],
    /// Of all pictures.
    pub(crate) headers: HeaderFacts,
}

/// Reads a table and the headers of its pictures.
/// # Errors
/// [`DataError`].
pub(crate) fn table_facts(
    spec: &CsvSource,
    kind: LabelKind,
    locations: &Locations,
) -> Result<TableFacts, DataError> {
    let source = load(spec, kind, locations)?;
    let headers = match &source.pictures {
        Pictures::Files(files) => header_facts(files, locations.bounds)?,
        Pictures::Arrays { .. } => header_facts(&[], locations.bounds)?,
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
    let [train, validation, test] = [Split::Train, Split::Validation, Split::Test].map(of);
    let held_out = |items: &[usize]| if items.is_empty() { Vec::new() } else { counts(items) };
    Ok(TableFacts {
        counts: [counts(&train), held_out(&validation), held_out(&test)],
        images: [train.len(), validation.len(), test.len()],
        classes: source.classes,
        targets: source.targets,
        headers,
    })
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
