//! cnnc trains convolutional image models that are written in small `.cnn` files: a model, its data, how
//! pictures are prepared and varied, how training goes. All of it is checked before the first picture is
//! read; the whole training step becomes machine code for this processor. The command line is one user of
//! this library; your program is another.
//!
//! A file is an [`Experiment`]:
//!
//! ```
//! use cnnc::{Experiment, Options};
//!
//! let text = "
//!     model Digits {
//!         input(8x8x1)
//!         conv2d(16, 3x3, activation: relu)
//!         max_pool2d(2)
//!         flatten
//!         dense(classes, activation: softmax)     // as many as the data have
//!     }
//!     data    { source: digits; test: 20% of all }
//!     prepare { rescale: 1/16 }
//!     train   { epochs: 10; batch: 32; optimizer: adam; metrics: [accuracy] }";
//! let digits = Experiment::of_text("digits.cnn", text, &Options::default())?;
//!
//! assert_eq!(digits.output_shape().to_string(), "10");
//! assert_eq!(digits.summary().trainable(), 160 + 1450);
//! # Ok::<(), cnnc::Error>(())
//! ```
//!
//! It is trained into a folder, from which a [`Run`] can be read at any time, and gone on with if it was
//! interrupted. The same seed gives the same weights to the bit, whatever the number of threads:
//!
//! ```no_run
//! use cnnc::{Event, Experiment, Options, RunOptions};
//!
//! let digits = Experiment::open("models/digits.cnn", &Options::default())?;
//! let run = digits.train(RunOptions::default(), &mut |event: Event<'_>| match event {
//!     Event::EpochEnds(epoch) => println!("epoch {}: {:?}", epoch.epoch, epoch.value("accuracy")),
//!     Event::Warning(warning) => eprintln!("warning: {warning}"),
//!     _ => {}
//! })?;
//! println!("{}: {:?}", run.folder().display(), run.test());
//! # Ok::<(), cnnc::Error>(())
//! ```
//!
//! With its weights it is a [`Model`], which answers pictures, tells how right it is of each, and shows what
//! is inside:
//!
//! ```no_run
//! use cnnc::{Experiment, Model, Options, Split};
//! use ndarray::Axis;
//!
//! let digits = Experiment::open("models/digits.cnn", &Options::default())?;
//! let mut model = Model::load(&digits, "runs/digits-1/weights.safetensors")?;
//!
//! let picture = model.read_picture("seven.png")?;                    // [H, W, C], prepared
//! let batch = picture.view().insert_axis(Axis(0));                   // [1, H, W, C]
//! let probabilities = model.predict(batch)?;                         // [1, classes]
//!
//! let evaluation = model.evaluate(Split::Test)?;
//! let worst = evaluation.answers.iter().max_by(|a, b| a.loss.total_cmp(&b.loss));
//!
//! let maps = model.values(batch, &["conv2d_1"])?;                    // [1, h, w, channels] each
//! let attention = model.gradient(batch, &[7], "conv2d_1")?;          // of the score for class 7, by these maps
//! # Ok::<(), cnnc::Error>(())
//! ```
//!
//! # What there is
//!
//! | | |
//! |---|---|
//! | [`Experiment::open`], [`Experiment::of_text`] | a file or a text, checked; [`Options`] say where data are, what may be read, and which settings are overruled |
//! | [`Findings`], [`diag`], [`source`] | what is wrong with a file, as data: codes, places, edits that mend it |
//! | [`Experiment::summary`], [`Experiment::memory`] | layers, shapes, parameters, work; what of a machine's memory is taken |
//! | [`Experiment::train`] | phases, callbacks, evaluation, the files of the run; [`RunOptions`] say where, how, and [who may interrupt it](RunOptions::interrupt) |
//! | [`Experiment::tune`] | a search: trials side by side, the same for any number of jobs and of [`ranks`]; [`SearchOptions`] say where and how, [`Searched`] what it came to |
//! | [`Watch`], [`Event`] | what happens meanwhile, as data |
//! | [`Run`] | the settings, history, results and weights in a run's folder |
//! | [`Model`] | [`predict`](Model::predict), [`evaluate`](Model::evaluate), [`values`](Model::values) of layers, [`gradient`](Model::gradient)s by them |
//! | [`Error`] | everything that can go wrong, as a type, with [what to do about it](Error::help) |
//!
//! Arrays are [`ndarray`] views: images `[N, H, W, C]`, answers `[N, outputs]`. They are copied only where
//! they do not lie in that order. Nothing here prints, listens to signals or ends the process.
//!
//! # Without the engine
//!
//! The feature `engine`, on by default, is all that compiles, reads data and trains, and the command line.
//! Without it the crate is a front end with few dependencies, for editors and other tools: text to a checked
//! program with its problems ([`front`]), their pages ([`diag::explain`]), the program spelled out
//! ([`show`]), laid out ([`mod@format`]) and drawn ([`draw`]), and [`figures`] of its layers.
//!
//! The language is described in `docs/language.md`, the command line in `README.md`, and why all is built as
//! it is in `docs/design.md`.

#![cfg_attr(
    not(feature = "engine"),
    allow(
        dead_code,
        unused_imports,
        rustdoc::broken_intra_doc_links,
        reason = "much is there for the engine alone"
    )
)]
// rooms link to each other for those who read them: `cargo doc --document-private-items`
#![allow(rustdoc::private_intra_doc_links, reason = "what is documented for the world has no such links")]
// tests make the files that they need
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

#[cfg(feature = "engine")]
pub mod assess;
pub(crate) mod ast;
pub(crate) mod autodiff;
pub(crate) mod card;
#[cfg(feature = "engine")]
pub mod chart;
pub(crate) mod check;
#[cfg(feature = "engine")]
pub(crate) mod checksum;
#[cfg(feature = "engine")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "engine")]
pub(crate) mod cluster;
#[cfg(feature = "engine")]
pub(crate) mod data;
pub(crate) mod desc;
pub mod diag;
pub mod draw;
#[cfg(feature = "engine")]
pub(crate) mod events;
#[cfg(feature = "engine")]
pub(crate) mod experiment;
pub mod figures;
#[cfg(feature = "engine")]
#[allow(clippy::disallowed_methods, reason = "the one room that reads and writes files")]
pub(crate) mod files;
pub mod format;
pub mod front;
#[cfg(feature = "engine")]
pub(crate) mod import;
#[doc(hidden)]
pub mod internals;
pub(crate) mod ir;
#[cfg(feature = "engine")]
#[allow(
    unsafe_code,
    reason = "calls generated code and owns the memory it works on; nothing else in the crate may"
)]
pub(crate) mod jit;
#[cfg(feature = "engine")]
pub(crate) mod kernel;
pub(crate) mod layers;
#[cfg(feature = "engine")]
pub(crate) mod live;
pub(crate) mod lower;
#[cfg(feature = "engine")]
pub(crate) mod memory;
#[cfg(feature = "engine")]
pub(crate) mod onnx;
pub(crate) mod ops;
pub(crate) mod opt;
#[cfg(feature = "engine")]
pub(crate) mod page;
pub(crate) mod parse;
#[cfg(feature = "engine")]
pub(crate) mod plan;
pub(crate) mod printed;
pub(crate) mod random;
#[cfg(feature = "engine")]
pub mod ranks;
pub mod reference;
#[cfg(feature = "engine")]
pub(crate) mod runtime;
#[cfg(feature = "engine")]
pub(crate) mod search;
#[cfg(feature = "engine")]
pub mod see;
pub(crate) mod settings;
pub mod show;
pub mod source;
pub(crate) mod space;
pub(crate) mod tensor;
#[cfg(feature = "engine")]
pub(crate) mod train;
pub(crate) mod vocabulary;
#[cfg(feature = "engine")]
pub(crate) mod weights;
pub(crate) mod zoo;

#[cfg(feature = "engine")]
#[doc(inline)]
pub use experiment::*;
