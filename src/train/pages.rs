//! Pages of `cnnc explain` on what can go wrong with a run and its files. They have no example file: the file is not at fault.

use crate::diag::{Language, Level};

/// Code, title, page.
const PAGES: &[(&str, &str, &str)] = &[
    (
        "E0521",
        "the loss is not a number any more",
        "A step's loss became NaN or infinite, and training stopped there: no weight was changed by that step, and the state of the\n\
         last complete epoch is kept. The message names the first layer, in order of evaluation, whose result is not finite.\n\n\
         Usual causes: a learning rate that is too high for the optimizer; pictures that were not scaled (0..255 instead of\n\
         0..1); a loss on outputs that are no probabilities.",
    ),
    (
        "E0601",
        "weights do not fit the model",
        "A weights file must hold every weight and moving statistic of the model under its name, with its shape, and nothing else.\n\
         The message lists what is missing, what has another shape and what the model does not have.\n\n\
         Usual causes: the file is of another model; a layer was added, renamed or resized since; the data set has another\n\
         number of classes.",
    ),
    (
        "E0602",
        "a file cannot be read",
        "The system refuses to open or read the file, for the reason that is given. Paths on the command line are taken from the\n\
         folder that cnnc was started in; paths in a .cnn file from the folder of that file.",
    ),
    (
        "E0603",
        "a file is not what it should be",
        "Weights and training states are safetensors files of 32-bit floating-point numbers. A file that was cut off, or written by\n\
         another program in another element type, is refused as a whole: nothing of it is used.",
    ),
    (
        "E0604",
        "a file cannot be written",
        "The system refuses to write, for the reason that is given: the disk is full, the folder is not yours, or a file stands\n\
         where a folder is wanted. Files of a run are replaced at one moment: what stood there before is still whole. After\n\
         making room a run goes on with `--resume`.",
    ),
    (
        "E0605",
        "the run's folder is not empty",
        "A run never overwrites another. Leave `--out` away to get a folder of its own, or go on with the run that is there\n\
         with `--resume`.",
    ),
    (
        "E0606",
        "a run is resumed with other settings",
        "A resumed run ends exactly as if it had never stopped. That is only so with the same model, data, preparation,\n\
         augmentation and schedule; the one setting that may change is `train.epochs`, and it may only grow. The message lists each\n\
         setting that differs.",
    ),
    (
        "E0607",
        "a checkpoint outside the run's folder",
        "`checkpoint(\"best.safetensors\")` names a file in the run's folder: runs stay apart, and a .cnn file from elsewhere cannot\n\
         write where it likes. The names of the run's own files are taken: weights.safetensors, state.safetensors, history.csv, run.json.",
    ),
    (
        "E0620",
        "weights that are not finite numbers",
        "A weights file holds NaN or infinity. One such number makes every answer of the model NaN, so the file is refused when it\n\
         is read. The message names each tensor with how many of its numbers are NaN or infinite.\n\n\
         Usual causes: the training that made it diverged (a learning rate that is too high); the file was converted from\n\
         16-bit numbers that had overflowed. Older checkpoints of the same run may be sound.",
    ),
    (
        "E0621",
        "the model's result is not a number",
        "What the model made of some pictures is NaN or infinite although all its weights are finite. The message names the first\n\
         layer, in order of evaluation, whose result is not finite.\n\n\
         Usual causes: pictures on another scale than those of training (0..255 instead of 0..1); weights of enormous size; a\n\
         stored variance that is negative.",
    ),
];

/// The page on a code of this room, in English where the language has none; `None` where there is no such code.
pub fn explain(code: &str, language: Language) -> Option<String> {
    let of = |pages: &'static [(&str, &str, &str)]| pages.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code));
    let own = match language {
        Language::English => None,
        Language::Korean => of(super::pages_ko::PAGES),
    };
    let (code, title, page) = own.or_else(|| of(PAGES))?;
    Some(format!("{code} ({}): {title}\n\n{page}\n", language.level(Level::Error)))
}

/// Codes and titles of this room.
pub fn run_codes(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    let pages = match language {
        Language::English => PAGES,
        Language::Korean => super::pages_ko::PAGES,
    };
    pages.iter().map(|(code, title, _)| (*code, *title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::RunError;

    #[test]
    fn every_code_has_a_page() {
        let io = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let path = std::path::PathBuf::new;
        let errors = [
            RunError::WeightsDiffer { path: path(), differences: vec![] },
            RunError::Read { path: path(), source: io() },
            RunError::Format { path: path(), wanted: "", found: String::new() },
            RunError::Write { path: path(), source: io() },
            RunError::Occupied { path: path() },
            RunError::SettingsChanged { path: path(), changes: vec![] },
            RunError::CheckpointPath { file: String::new() },
            RunError::NotFiniteWeights { path: path(), tensors: String::new() },
            RunError::NotFiniteResult { what: String::new(), layer: None },
            RunError::NotFinite { loss: f32::NAN, step: 1, epoch: 1, batch: 1, layer: None, learning_rate: 0.1 },
        ];
        for error in &errors {
            let code = error.code().expect("these have codes");
            assert!(explain(code, Language::English).is_some_and(|page| page.starts_with(code)), "{code}");
            assert!(error.help().is_some(), "{code} says nothing of what to do");
        }
        assert_eq!(PAGES.len(), errors.len());
    }

    #[test]
    fn languages_have_the_same_pages() {
        let codes = |language| run_codes(language).map(|(code, _)| code).collect::<Vec<_>>();
        let korean = codes(Language::Korean);
        let missing: Vec<&str> = codes(Language::English).into_iter().filter(|code| !korean.contains(code)).collect();
        assert!(missing.is_empty(), "not in pages_ko.rs: {missing:?}");
        assert_eq!(korean.len(), PAGES.len());
    }
}
