//! Callbacks: what happens between epochs.

use super::{Category, Monitor, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};
use crate::source::Spanned;

/// What happens between epochs.
#[derive(Debug, Clone, PartialEq)]
pub enum Callback {
    /// Ends training when the monitored value has not improved by `min_delta` for `patience` epochs.
    EarlyStopping {
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// In epochs. Default 0.
        patience: usize,
        /// Default 0.
        min_delta: f32,
        /// Goes back to the best epoch's weights at the end. Default true.
        restore_best_weights: bool,
    },
    /// Multiplies the learning rate by `factor` when there was no improvement for `patience` epochs.
    ReduceLrOnPlateau {
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// Default 0.1.
        factor: f32,
        /// In epochs. Default 10.
        patience: usize,
        /// Default 1e-4.
        min_delta: f32,
        /// In epochs after a reduction. Default 0.
        cooldown: usize,
        /// Default 0.
        min_lr: f32,
    },
    /// Writes the weights to a file in the run's directory.
    Checkpoint {
        /// File name.
        path: Spanned<String>,
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// Only when the monitored value improves. Default true.
        save_best_only: bool,
    },
    /// Writes a row of each epoch's values to a file in the run's directory.
    CsvLog {
        /// File name.
        path: Spanned<String>,
    },
    /// Writes event files for TensorBoard, into a folder of the run's directory.
    TensorBoard {
        /// Folder name. Default `logs`.
        path: Spanned<String>,
    },
    /// Ends the run after the epoch in which it has trained for so long.
    TimeLimit {
        /// Wall time of training, in seconds.
        seconds: f64,
    },
    /// A loss that is no number ends training with the weights before that step, and the run goes on to its
    /// results; else it fails there.
    TerminateOnNan,
}

impl Callback {
    /// What it watches, if it watches anything.
    pub fn monitor(&self) -> Option<&Spanned<Monitor>> {
        match self {
            Callback::EarlyStopping { monitor, .. }
            | Callback::ReduceLrOnPlateau { monitor, .. }
            | Callback::Checkpoint { monitor, .. } => Some(monitor),
            Callback::CsvLog { .. }
            | Callback::TensorBoard { .. }
            | Callback::TimeLimit { .. }
            | Callback::TerminateOnNan => None,
        }
    }

    /// Epochs without an improvement that it waits for, if it waits.
    pub fn patience(&self) -> Option<usize> {
        match self {
            Callback::EarlyStopping { patience, .. } | Callback::ReduceLrOnPlateau { patience, .. } => {
                Some(*patience)
            }
            Callback::Checkpoint { .. }
            | Callback::CsvLog { .. }
            | Callback::TensorBoard { .. }
            | Callback::TimeLimit { .. }
            | Callback::TerminateOnNan => None,
        }
    }

    /// What it writes into the run's directory, if it writes.
    pub fn writes(&self) -> Option<Writes<'_>> {
        match self {
            Callback::Checkpoint { path, .. } => Some(Writes { path, example: Some("best.safetensors") }),
            Callback::CsvLog { path } => Some(Writes { path, example: Some("log.csv") }),
            Callback::TensorBoard { path } => Some(Writes { path, example: None }),
            Callback::EarlyStopping { .. }
            | Callback::ReduceLrOnPlateau { .. }
            | Callback::TimeLimit { .. }
            | Callback::TerminateOnNan => None,
        }
    }

    /// Whether training ends with the best epoch's weights, which are remembered until then.
    pub fn restores_best(&self) -> bool {
        matches!(self, Callback::EarlyStopping { restore_best_weights: true, .. })
    }
}

/// What a callback writes into the run's directory.
#[derive(Debug, Clone, Copy)]
pub struct Writes<'a> {
    /// Its name there.
    pub path: &'a Spanned<String>,
    /// A name of a file as it would be; `None` where it is a folder.
    pub example: Option<&'static str>,
}

const MONITOR: OptionSpec = OptionSpec::optional(
    "monitor",
    OptionType::Monitor,
    "val_loss",
    "What is watched: `loss` or a metric, with `val_` before it of the validation split.",
);
const EPOCHS: OptionType = OptionType::Int { min: 0 };

const fn patience(default: &'static str) -> OptionSpec {
    OptionSpec::optional("patience", EPOCHS, default, "Epochs without an improvement that are waited for.")
}

const fn min_delta(default: &'static str) -> OptionSpec {
    OptionSpec::optional(
        "min_delta",
        OptionType::NonNegative,
        default,
        "Least change that counts as an improvement.",
    )
}

impl Words for Callback {
    const EXPECTED: &'static str = Category::Callback.one();

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("checkpoint", "Writes the weights to a file in the run's folder.")
                .keras("ModelCheckpoint")
                .example("checkpoint(\"best.safetensors\", monitor: val_accuracy)")
                .options(&[
                    OptionSpec::required("path", OptionType::Text, "File name."),
                    MONITOR,
                    OptionSpec::optional(
                        "save_best_only",
                        OptionType::Bool,
                        "true",
                        "`true`: only when what is watched improves; `false`: after each epoch.",
                    ),
                ])
                .unnamed(1),
            |a| Callback::Checkpoint {
                path: a.text("path"),
                monitor: a.monitor("monitor"),
                save_best_only: a.bool("save_best_only"),
            },
        ),
        Row::new(
            Word::new(
                "early_stopping",
                "Ends training when what is watched has not improved for some epochs.",
            )
            .keras("EarlyStopping")
            .example("early_stopping(monitor: val_loss, patience: 5)")
            .options(&[
                MONITOR,
                patience("0"),
                min_delta("0"),
                OptionSpec::optional(
                    "restore_best_weights",
                    OptionType::Bool,
                    "true",
                    "Goes back to the best epoch's weights at the end.",
                ),
            ]),
            |a| Callback::EarlyStopping {
                monitor: a.monitor("monitor"),
                patience: a.int("patience"),
                min_delta: a.float("min_delta"),
                restore_best_weights: a.bool("restore_best_weights"),
            },
        ),
        Row::new(
            Word::new(
                "reduce_lr_on_plateau",
                "Lowers the learning rate when what is watched has not \
                improved for some epochs.",
            )
            .keras("ReduceLROnPlateau")
            .formula("lr ← max(lr · factor, min_lr)")
            .example("reduce_lr_on_plateau(factor: 0.5, patience: 3)")
            .options(&[
                MONITOR,
                OptionSpec::optional("factor", OptionType::Rate, "0.1", "What the rate is multiplied by."),
                patience("10"),
                min_delta("0.0001"),
                OptionSpec::optional(
                    "cooldown",
                    EPOCHS,
                    "0",
                    "Epochs after a reduction that do not \
                        count.",
                ),
                OptionSpec::optional(
                    "min_lr",
                    OptionType::NonNegative,
                    "0",
                    "The rate never falls below this.",
                ),
            ]),
            |a| Callback::ReduceLrOnPlateau {
                monitor: a.monitor("monitor"),
                factor: a.float("factor"),
                patience: a.int("patience"),
                min_delta: a.float("min_delta"),
                cooldown: a.int("cooldown"),
                min_lr: a.float("min_lr"),
            },
        ),
        Row::new(
            Word::new("csv_log", "Writes a row of each epoch's values to a file in the run's folder.")
                .keras("CSVLogger")
                .example("csv_log(\"log.csv\")")
                .options(&[OptionSpec::required("path", OptionType::Text, "File name.")])
                .unnamed(1),
            |a| Callback::CsvLog { path: a.text("path") },
        ),
        Row::new(
            Word::new(
                "tensorboard",
                "Writes event files for TensorBoard into a folder of the run's folder: each epoch's values and \
                    histograms of the weights, the network, training pictures, the confusion matrix.",
            )
            .keras("TensorBoard")
            .example("tensorboard(\"logs\")")
            .options(&[OptionSpec::optional("path", OptionType::Text, "\"logs\"", "Folder name.")])
            .unnamed(1),
            |a| Callback::TensorBoard { path: a.text("path") },
        ),
        Row::new(
            Word::new("time_limit", "Ends the run after the epoch in which it has trained for so long.")
                .example("time_limit(2h)")
                .options(&[OptionSpec::required("duration", OptionType::Duration, "Wall time of training.")])
                .unnamed(1),
            |a| Callback::TimeLimit { seconds: a.seconds("duration") },
        ),
        Row::new(
            Word::new(
                "terminate_on_nan",
                "A loss that is no number ends training with the weights before that step, and the run goes \
                    on to its results; without it the run fails there.",
            )
            .keras("TerminateOnNaN")
            .example("terminate_on_nan"),
            |_| Callback::TerminateOnNan,
        ),
    ];

    fn written(&self) -> Written {
        use OptionValue::{Bool, Float, Int, Seconds, Text};
        let watched = |monitor: &Spanned<Monitor>| ("monitor", OptionValue::Monitor(monitor.value));
        let path = |path: &Spanned<String>| ("path", Text(path.value.clone()));
        match self {
            Callback::EarlyStopping { monitor, patience, min_delta, restore_best_weights } => Written::new(
                "early_stopping",
                [
                    watched(monitor),
                    ("patience", Int(*patience)),
                    ("min_delta", Float(*min_delta)),
                    ("restore_best_weights", Bool(*restore_best_weights)),
                ],
            ),
            Callback::ReduceLrOnPlateau { monitor, factor, patience, min_delta, cooldown, min_lr } => {
                Written::new(
                    "reduce_lr_on_plateau",
                    [
                        watched(monitor),
                        ("factor", Float(*factor)),
                        ("patience", Int(*patience)),
                        ("min_delta", Float(*min_delta)),
                        ("cooldown", Int(*cooldown)),
                        ("min_lr", Float(*min_lr)),
                    ],
                )
            }
            Callback::Checkpoint { path: file, monitor, save_best_only } => Written::new(
                "checkpoint",
                [path(file), watched(monitor), ("save_best_only", Bool(*save_best_only))],
            ),
            Callback::CsvLog { path: file } => Written::new("csv_log", [path(file)]),
            Callback::TensorBoard { path: folder } => Written::new("tensorboard", [path(folder)]),
            Callback::TimeLimit { seconds } => Written::new("time_limit", [("duration", Seconds(*seconds))]),
            Callback::TerminateOnNan => Written::bare("terminate_on_nan"),
        }
    }
}
