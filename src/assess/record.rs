//! Answers as a table of comma-separated values: `predictions.csv`.
//!
//! ```text
//! classes    picture,truth,answer,p(cat),p(dog)             score(cat) where scores are no probabilities
//! labels     picture,truth(cat),truth(dog),p(cat),p(dog)    0 or 1, then the probability
//! numbers    picture,truth(age),answer(age)
//! ```
//! Numbers are written so that they are read as the same bits.

use std::io;

use super::answers::{Answers, PictureAnswer, Task, Truth};

impl Answers {
    /// Writes the table, row by row: of many pictures and classes the text takes more room than the answers.
    /// # Errors
    /// What the writer says.
    pub fn write_csv(&self, to: impl io::Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(to);
        writer.write_record(self.heading())?;
        self.pictures.iter().try_for_each(|picture| writer.write_record(self.row(picture)))?;
        writer.flush()
    }

    fn heading(&self) -> Vec<String> {
        let of = |what: &str| self.names.iter().map(|name| format!("{what}({name})")).collect::<Vec<_>>();
        let (truth, scores) = match self.task {
            Task::Classes { are_probabilities } => (
                vec!["truth".to_owned(), "answer".to_owned()],
                of(if are_probabilities { "p" } else { "score" }),
            ),
            Task::Labels => (of("truth"), of("p")),
            Task::Numbers => (of("truth"), of("answer")),
        };
        std::iter::once("picture".to_owned()).chain(truth).chain(scores).collect()
    }

    fn row(&self, picture: &PictureAnswer) -> Vec<String> {
        let name = |class: usize| self.names.get(class).cloned().unwrap_or_default();
        let truth = match &picture.truth {
            Truth::Class(class) => vec![name(*class), name(picture.answer())],
            Truth::Labels(labels) => labels.iter().map(|&is| u8::from(is).to_string()).collect(),
            Truth::Numbers(numbers) => numbers.iter().map(f32::to_string).collect(),
        };
        let scores = picture.scores.iter().map(f32::to_string);
        std::iter::once(picture.name.clone()).chain(truth).chain(scores).collect()
    }

    /// What [`Answers::write_csv`] wrote.
    /// # Errors
    /// What is wrong with the table, and in which line.
    pub fn from_csv(text: &str) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let heading = reader.headers().map_err(|error| error.to_string())?;
        let cells: Vec<&str> = heading.iter().skip(1).collect();
        let (task, names) = of_heading(&cells).ok_or("its heading is not that of answers")?;
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut pictures = Vec::new();
        for (at, record) in reader.into_records().enumerate() {
            let record = record.map_err(|error| error.to_string())?;
            let picture = picture(task, &names, &record);
            pictures.push(picture.ok_or_else(|| format!("line {} is not an answer", at + 2))?);
        }
        Ok(Self { task, names, pictures })
    }
}

fn of_heading<'h>(cells: &[&'h str]) -> Option<(Task, Vec<&'h str>)> {
    let within = |what: &str, cells: &[&'h str]| -> Option<Vec<&'h str>> {
        cells.iter().map(|cell| cell.strip_prefix(what)?.strip_prefix('(')?.strip_suffix(')')).collect()
    };
    if let ["truth", "answer", scores @ ..] = cells {
        let classes = |are_probabilities| Task::Classes { are_probabilities };
        let probabilities = within("p", scores).map(|names| (classes(true), names));
        return probabilities.or_else(|| Some((classes(false), within("score", scores)?)));
    }
    let (truths, scores) = cells.split_at_checked(cells.len() / 2)?;
    let names = within("truth", truths)?;
    let same = |what: &str| within(what, scores).is_some_and(|scores| scores == names);
    let task = if same("p") { Task::Labels } else { Task::Numbers };
    (!names.is_empty() && (same("p") || same("answer"))).then_some((task, names))
}

fn picture(task: Task, names: &[String], record: &csv::StringRecord) -> Option<PictureAnswer> {
    let mut cells = record.iter();
    let name = cells.next()?.to_owned();
    let truth = match task {
        Task::Classes { .. } => {
            let truth = cells.next()?;
            // the answer follows from the scores
            cells.next()?;
            Truth::Class(names.iter().position(|name| name == truth)?)
        }
        Task::Labels => Truth::Labels(
            cells
                .by_ref()
                .take(names.len())
                .map(|cell| Some(cell.parse::<u8>().ok()? == 1))
                .collect::<Option<_>>()?,
        ),
        Task::Numbers => Truth::Numbers(
            cells.by_ref().take(names.len()).map(|cell| cell.parse().ok()).collect::<Option<_>>()?,
        ),
    };
    let scores: Vec<f32> = cells.map(|cell| cell.parse().ok()).collect::<Option<_>>()?;
    (scores.len() == names.len()).then_some(PictureAnswer { name, truth, scores })
}
