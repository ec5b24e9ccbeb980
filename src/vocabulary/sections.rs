//! Sections and their settings.

use super::{
    Cache, Category, Choices, Color, Combine, Damaged, Impossible, LabelKind, NONE, OptionSpec, OptionType,
    Words,
};

/// A section of a file.
#[derive(Debug, Clone, Copy)]
pub struct SectionInfo {
    /// `data`
    pub keyword: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// What may be set in it; the defaults are as they would be written.
    pub settings: &'static [OptionSpec],
    /// Words that may stand in it as calls.
    pub calls: Option<Category>,
}

/// The section of a keyword.
pub fn section(keyword: &str) -> Option<&'static SectionInfo> {
    SECTIONS.iter().find(|section| section.keyword == keyword)
}

impl SectionInfo {
    /// What a file can set here.
    pub fn setting(&self, name: &str) -> Option<&'static OptionSpec> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// What a setting stands for where it is not written.
    pub fn default_of<T: Words>(&self, name: &str) -> T {
        let word = self.setting(name).and_then(|setting| setting.default);
        word.and_then(T::by_default).expect("a default of the table is a word of its kind")
    }

    /// The names of all settings.
    pub fn setting_names(&self) -> Vec<&'static str> {
        self.settings.iter().map(|setting| setting.name).collect()
    }
}

const TRUE: &str = "true";
const SEED: OptionType = OptionType::Within { min: 0, max: usize::MAX };
const COUNT: OptionType = OptionType::Int { min: 1 };

/// `data { … }`
pub const DATA: SectionInfo = SectionInfo {
    keyword: "data",
    help: "Where pictures and labels come from, and which of them are held out.",
    calls: None,
    settings: &[
        OptionSpec::required("source", OptionType::Word(Category::Source), "Where pictures and labels are."),
        OptionSpec::optional(
            "validation",
            OptionType::Split,
            NONE,
            "Held out for decisions while training; never of the test pictures (E0305).",
        ),
        OptionSpec::optional(
            "test",
            OptionType::Split,
            NONE,
            "Held out for the last evaluation: `of all` splits anew, `of train` where the source has no test \
                pictures of its own.",
        ),
        OptionSpec::optional("seed", SEED, "42", "Decides the splits, and nothing else."),
        OptionSpec::optional("shuffle", OptionType::Bool, TRUE, "In another order in each epoch."),
        OptionSpec::optional(
            "classes",
            OptionType::Classes,
            NONE,
            "Exactly the names that the data have, in the order of their indices; with it a file can be \
                checked where its data are not at hand.",
        ),
        OptionSpec::optional(
            "stratified",
            OptionType::Bool,
            TRUE,
            "Each class gives the same share to a split.",
        ),
        OptionSpec::optional(
            "split",
            OptionType::Grouping,
            NONE,
            "`by track`: pictures of a folder whose file names are the same up to the last `_` stay together \
                (`00003_00011.ppm` is frame 11 of track 3).",
        ),
        OptionSpec::optional(
            "class_weight",
            OptionType::ClassWeight,
            NONE,
            "How much the loss of a picture counts, by its class: `balanced`, or `{ cats: 2.0 }`.",
        ),
        OptionSpec::optional(
            "cache",
            OptionType::Choice(Cache::NAMES),
            NONE,
            "Where decoded pictures, and features of what is frozen, are kept between epochs: `memory`, \
                whatever they take; `disk`, in temporary files as 32-bit numbers; `none`: they are made each \
                time. Not written: in memory, either up to 1 GiB.",
        ),
        OptionSpec::optional(
            "mirror",
            OptionType::Mirror,
            NONE,
            "What pictures of a class show when they are mirrored, in both directions: `{ left: right }`.",
        ),
        OptionSpec::optional(
            "upright",
            OptionType::Bool,
            NONE,
            "Whether pictures stand upright (W0404); not written: as far as it is known.",
        ),
        OptionSpec::optional(
            "labels",
            OptionType::Choice(LabelKind::NAMES),
            "single",
            "One class a picture, several, or numbers.",
        ),
        OptionSpec::optional(
            "damaged",
            OptionType::Choice(Damaged::NAMES),
            "error",
            "What becomes of pictures that cannot be read or are cut short: `error` lists them, `skip` \
                leaves them out before splits are made, and `run.json` lists them.",
        ),
    ],
};

/// `prepare { … }`
pub const PREPARE: SectionInfo = SectionInfo {
    keyword: "prepare",
    help: "How every picture becomes the model's input, in training, evaluation and prediction.",
    calls: None,
    settings: &[
        OptionSpec::optional("resize", OptionType::Word(Category::Size), NONE, "One size for all pictures."),
        OptionSpec::optional(
            "color",
            OptionType::Choice(Color::NAMES),
            NONE,
            "Without it folders are read as RGB and other sources keep their channels. `gray` is 0.299 R + \
                0.587 G + 0.114 B, `lab_l` CIE L* (0..100).",
        ),
        OptionSpec::optional(
            "rescale",
            OptionType::Positive,
            NONE,
            "Factor of every value, which is 0..255 before.",
        ),
        OptionSpec::optional(
            "normalize",
            OptionType::Word(Category::Normalization),
            NONE,
            "Shift and scale, after `rescale`.",
        ),
    ],
};

/// `augment { … }`
pub const AUGMENT: SectionInfo = SectionInfo {
    keyword: "augment",
    help: "What happens to training pictures, each time anew.",
    calls: Some(Category::Augmentation),
    settings: &[
        OptionSpec::optional(
            "fill",
            OptionType::Word(Category::Fill),
            "nearest",
            "What lies outside the picture.",
        ),
        OptionSpec::optional(
            "samples",
            OptionType::Within { min: 1, max: 10_000 },
            "20",
            "Pictures that `cnnc augment` writes.",
        ),
    ],
};

/// `train { … }`
pub const TRAIN: SectionInfo = SectionInfo {
    keyword: "train",
    help: "How the model is trained.",
    calls: Some(Category::Callback),
    settings: &[
        OptionSpec::optional("epochs", COUNT, "1", "Passes over the training pictures."),
        OptionSpec::optional("batch", COUNT, "32", "Pictures a step."),
        OptionSpec::optional(
            "optimizer",
            OptionType::Word(Category::Optimizer),
            "rmsprop",
            "How weights move.",
        ),
        OptionSpec::optional(
            "weight_decay",
            OptionType::NonNegative,
            "0",
            "Decoupled decay of all weights: w ← w − lr · weight_decay · w before each step; of `adamw` \
                0.004.",
        ),
        OptionSpec::optional(
            "clip_value",
            OptionType::Positive,
            NONE,
            "Every element of a gradient lies in ± this.",
        ),
        OptionSpec::optional(
            "clip_norm",
            OptionType::Positive,
            NONE,
            "Largest norm of each weight's gradient by itself (Keras: `clipnorm`).",
        ),
        OptionSpec::optional(
            "global_clip_norm",
            OptionType::Positive,
            NONE,
            "Largest norm of all gradients together (Keras: `global_clipnorm`).",
        ),
        OptionSpec::optional(
            "ema",
            OptionType::Rate,
            NONE,
            "Share of the weights' running mean that stays at each step; at the end the mean takes the \
                weights' place.",
        ),
        OptionSpec::optional(
            "schedule",
            OptionType::Word(Category::Schedule),
            "constant",
            "How the learning rate moves.",
        ),
        OptionSpec::optional(
            "freeze",
            OptionType::Targets,
            NONE,
            "Layers that keep their weights and statistics from here on, and drop nothing.",
        ),
        OptionSpec::optional(
            "unfreeze",
            OptionType::Targets,
            NONE,
            "Layers that are trained again; `x onward`: x and all behind it.",
        ),
        OptionSpec::optional(
            "lr_scale",
            OptionType::Factors,
            NONE,
            "Factors of the learning rate for parts of the network, 1 for the rest; of parts that overlap the \
                later one counts.",
        ),
        OptionSpec::optional(
            "loss",
            OptionType::Word(Category::Loss),
            NONE,
            "What training makes small; not written: it follows from the model's output and the labels.",
        ),
        OptionSpec::optional(
            "metrics",
            OptionType::Words(Category::Metric),
            "[accuracy]",
            "What is measured beside the loss; of regression `[mae]`.",
        ),
        OptionSpec::optional("seed", SEED, "0", "Decides initial weights, order, augmentation and dropout."),
    ],
};

/// `tune { … }`
pub const TUNE: SectionInfo = SectionInfo {
    keyword: "tune",
    help: "A search for better settings: each `search(…)` in the file is a parameter of it.",
    calls: Some(Category::Limit),
    settings: &[
        OptionSpec::optional("objective", OptionType::Monitor, "val_loss", "What a trial is judged by."),
        OptionSpec::optional(
            "strategy",
            OptionType::Word(Category::Strategy),
            "random",
            "How the space is searched.",
        ),
        OptionSpec::optional(
            "seeds",
            OptionType::Within { min: 1, max: 1000 },
            "1",
            "Runs of each trial, with seeds that follow each other; their mean is judged.",
        ),
        OptionSpec::optional(
            "parallel",
            OptionType::Within { min: 1, max: 1000 },
            "4",
            "Trials that may run side by side. Each is chosen before those that may run beside it are known, so \
                this decides which trials there are, and `--jobs` does not.",
        ),
        OptionSpec::optional(
            "impossible",
            OptionType::Choice(Impossible::NAMES),
            "error",
            "What becomes of points of the space that cannot be trained: `error` tells of them before the \
                first trial, `skip` leaves them out.",
        ),
    ],
};

/// `ensemble { … }`
pub const ENSEMBLE: SectionInfo = SectionInfo {
    keyword: "ensemble",
    help: "Several models of the file that answer together.",
    calls: None,
    settings: &[
        OptionSpec::required(
            "members",
            OptionType::Models,
            "At least two: `[Basic, Deep]`, `5 of Basic` with five seeds, `Basic(weights: \"w.safetensors\")` \
                for one that is trained already.",
        ),
        OptionSpec::optional(
            "combine",
            OptionType::Choice(Combine::NAMES),
            "mean",
            "The mean of the answers; the share of members that name a class; or the mean by weights that are \
                fitted on the validation split.",
        ),
    ],
};

/// `report { … }`
pub const REPORT: SectionInfo = SectionInfo {
    keyword: "report",
    help: "Drawings of what the trained model has learnt.",
    calls: Some(Category::Drawing),
    settings: &[OptionSpec::optional("images", COUNT, "8", "Test pictures that drawings are made of.")],
};

/// All sections, in the order of the reference.
pub const SECTIONS: &[SectionInfo] = &[DATA, PREPARE, AUGMENT, TRAIN, TUNE, ENSEMBLE, REPORT];

/// Settings of `train` that a phase may not have for itself.
pub const OF_ALL_PHASES: &[&str] = &["loss", "metrics", "seed"];
