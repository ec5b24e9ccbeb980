//! Categories of words.

use super::choices::choices;

choices! {
    /// What a word is: in which place of a file it may stand.
    pub enum Category {
        /// Of a body: `conv2d(32, 3x3)`.
        Layer = "layer",
        /// `activation: …`, and a layer too.
        Activation = "activation",
        /// `kernel_initializer: …`
        Initializer = "initializer",
        /// `kernel_regularizer: …`
        Regularizer = "regularizer",
        /// `fixed_filter(…)`
        Filter = "filter",
        /// `data { … }`
        Section = "section",
        /// `epochs: …`
        Setting = "setting",
        /// `data { source: … }`
        Source = "source",
        /// `prepare { resize: … }`
        Size = "size",
        /// `prepare { normalize: … }`
        Normalization = "normalization",
        /// `augment { … }`
        Augmentation = "augmentation",
        /// `augment { fill: … }`
        Fill = "fill",
        /// `train { optimizer: … }`
        Optimizer = "optimizer",
        /// `train { schedule: … }`
        Schedule = "schedule",
        /// `train { loss: … }`
        Loss = "loss",
        /// `train { metrics: [ … ] }`
        Metric = "metric",
        /// `train { … }`
        Callback = "callback",
        /// `tune { strategy: … }`
        Strategy = "strategy",
        /// `tune { … }`
        Limit = "limit",
        /// `report { … }`
        Drawing = "drawing",
        /// `use zoo.…`
        Zoo = "zoo",
    }
}

impl Category {
    /// One of it, in words.
    pub const fn one(self) -> &'static str {
        match self {
            Category::Layer => "a layer",
            Category::Activation => "an activation such as `relu`",
            Category::Initializer => "an initializer such as `glorot_uniform`",
            Category::Regularizer => "a regularizer such as l2(0.001)",
            Category::Filter => "a filter such as `sobel_x`",
            Category::Section => "a section",
            Category::Setting => "a setting",
            Category::Source => "a data set such as `mnist` or `folder(\"train/\")`",
            Category::Size => "height and width such as 150x150, or `resize(150x150, fit: crop)`",
            Category::Normalization => "a normalization such as `per_image`",
            Category::Augmentation => "an augmentation such as `rotation(20deg)`",
            Category::Fill => "a filling such as `nearest`",
            Category::Optimizer => "an optimizer such as `adam(lr: 0.001)`",
            Category::Schedule => "a schedule such as `cosine(warmup: 5 epochs)`",
            Category::Loss => "a loss such as `categorical_crossentropy`",
            Category::Metric => "a metric such as `accuracy`",
            Category::Callback => "a callback such as `early_stopping(patience: 3)`",
            Category::Strategy => "a strategy such as `random(trials: 20)`",
            Category::Limit => "a limit such as `time_limit(2h)`",
            Category::Drawing => "a drawing such as `confusion_matrix`",
            Category::Zoo => "a model of the zoo",
        }
    }

    /// A list of it, in words.
    pub const fn several(self) -> &'static str {
        match self {
            Category::Metric => "a list of metrics such as [accuracy, top_k(3)]",
            Category::Layer
            | Category::Activation
            | Category::Initializer
            | Category::Regularizer
            | Category::Filter
            | Category::Section
            | Category::Setting
            | Category::Source
            | Category::Size
            | Category::Normalization
            | Category::Augmentation
            | Category::Fill
            | Category::Optimizer
            | Category::Schedule
            | Category::Loss
            | Category::Callback
            | Category::Strategy
            | Category::Limit
            | Category::Drawing
            | Category::Zoo => "a list",
        }
    }
}
