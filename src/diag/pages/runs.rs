//! Pages of `cnnc explain` on what can go wrong with a run and its files. They have no example file: the file
//! is not at fault.

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
         write where it likes. The names of the run's own files are taken: weights.safetensors, state.safetensors,\n\
         state-previous.safetensors, state-next.safetensors, history.csv, run.json, data-index.csv, predictions.csv, metrics.json,\n\
         report.html, run.lock.",
    ),
    (
        "E0611",
        "a file is damaged",
        "Weights, states and the index of a run's data hold a checksum of all their contents, and the file has others than were written:\n\
         a disk, a cable or a program has changed at least one byte. Nothing of such a file is used.\n\n\
         A run keeps two states. Where the newer is damaged, `--resume` goes on from the older, says so, and ends with the same\n\
         weights, to the bit. Where both are, the run cannot go on: take a copy, or begin another run. Damaged weights are\n\
         written anew when their run is resumed.\n\n\
         A program that changes such a file on purpose must leave `checksum` out of its metadata: files without one are taken\n\
         as they are.",
    ),
    (
        "E0612",
        "a run is resumed on other data",
        "A resumed run ends exactly as if it had never stopped, and that is only so with the same pictures, labels and splits. The run's\n\
         data-index.csv holds the name, split, label, size and a hash of the contents of each picture, and the message says what\n\
         differs: pictures that were added, removed, changed, relabelled, renamed or drawn into another split.\n\n\
         Put the old data back, or begin a new run. `--data-changed accept` goes on with the data as they are now. Splits are then\n\
         drawn anew: pictures that were trained on may be among those of the validation and the test, whose results are then too\n\
         good. The steps after which data were changed stand in run.json.",
    ),
    (
        "E0613",
        "another run works in the folder",
        "One process at a time works in a run's folder: two would mix their histories and overwrite each other's states. The message\n\
         says which process holds run.lock, on which machine and since when. The lock is the system's and goes with its\n\
         process, however that ends: the file itself may stay. `eval` and `predict` only read, and do not ask for it.",
    ),
    (
        "E0614",
        "a run's state is lost",
        "The folder holds results of a run, but neither of its two states: they were deleted, or left behind when the folder was copied.\n\
         Without a state there is nothing to go on from, and beginning again would overwrite the results.\n\n\
         The weights are still of use: `eval` and `predict` take them, and another run can begin from them with `weights:`.",
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

/// The page on a code of these, in English where the language has none; `None` where there is no such code.
pub(super) fn explain(code: &str, language: Language) -> Option<String> {
    let of = |pages: &'static [(&str, &str, &str)]| {
        pages.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code))
    };
    let own = match language {
        Language::English => None,
        Language::Korean => of(super::runs_ko::PAGES),
    };
    let (code, title, page) = own.or_else(|| of(PAGES))?;
    Some(format!("{code} ({}): {title}\n\n{page}\n", language.level(Level::Error)))
}

/// Codes and titles of what goes wrong with runs.
pub fn run_codes(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    let pages = match language {
        Language::English => PAGES,
        Language::Korean => super::runs_ko::PAGES,
    };
    pages.iter().map(|(code, title, _)| (*code, *title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_the_same_pages() {
        let codes = |language| run_codes(language).map(|(code, _)| code).collect::<Vec<_>>();
        let korean = codes(Language::Korean);
        let missing: Vec<&str> =
            codes(Language::English).into_iter().filter(|code| !korean.contains(code)).collect();
        assert!(missing.is_empty(), "not in runs_ko.rs: {missing:?}");
        assert_eq!(korean.len(), PAGES.len());
    }
}
