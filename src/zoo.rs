//! The zoo: well-known models, written in the language itself and part of the binary. `use zoo.vgg16` brings
//! one into a file.

mod fit;
mod layout;
mod listing;
mod names;
mod naming;
mod published;

pub use fit::{Account, Fit, Found, fit_backbone, fit_model};
pub use listing::{Listed, Listing};
pub use names::{Layout, NameTable};
pub use naming::{Elsewhere, Naming};
pub use published::{Part, Published, Publisher, Stated, imagenet_classes, published, published_models};

/// A model of the zoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZooModel {
    /// Its name: `resnet18`.
    pub name: &'static str,
    /// The file it is in, without folder and ending: related models share one.
    pub file: &'static str,
    /// The text of that file.
    pub source: &'static str,
    /// What its layers are called in the implementation that its published weights come from,
    /// `FILE.weights.txt`. See [`NameTable`].
    pub names: &'static str,
}

impl ZooModel {
    /// What its layers are called in its implementations, the reference first.
    pub fn tables(&self) -> Vec<NameTable> {
        NameTable::parse_all(self.names).expect("a test reads every table of the zoo")
    }

    /// Whether weights in files of a format, by the end of their names, want pictures as torchvision prepares
    /// them, and not as the model's own file says.
    pub fn is_torchvision(&self, file: &str) -> bool {
        let is_torch = [".pth", ".pt"].iter().any(|end| file.ends_with(end));
        let tables = self.tables();
        let torch = tables.iter().find(|table| table.layout() == Layout::Torch);
        is_torch && torch.is_some_and(NameTable::is_torchvision)
    }
}

macro_rules! zoo {
    ($($name:literal in $file:literal),+ $(,)?) => {
        /// All models, in the order in which they are listed.
        const MODELS: &[ZooModel] = &[$(ZooModel {
            name: $name,
            file: $file,
            source: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/zoo/", $file, ".cnn")),
            names: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/zoo/", $file, ".weights.txt")),
        }),+];
    };
}

// One model a line: its name and its file in `models/zoo`.
zoo! {
    "alexnet" in "alexnet",
    "convnext_tiny" in "convnext_tiny",
    "densenet121" in "densenet121",
    "efficientnet_b0" in "efficientnet_b0",
    "efficientnet_lite0" in "efficientnet_lite0",
    "googlenet" in "googlenet",
    "inception_v3" in "inception_v3",
    "lenet5" in "lenet5",
    "mobilenet" in "mobilenet",
    "mobilenet_v2" in "mobilenet_v2",
    "mobilenet_v3_large" in "mobilenet_v3_large",
    "mobilenet_v3_small" in "mobilenet_v3_small",
    "resnet18" in "resnet18",
    "resnet34" in "resnet34",
    "resnet50" in "resnet50",
    "resnet50_v1_5" in "resnet50_v1_5",
    "resnet101" in "resnet101",
    "squeezenet" in "squeezenet",
    "vgg16" in "vgg16",
    "vgg19" in "vgg19",
}

/// The model of a name.
pub fn find(name: &str) -> Option<&'static ZooModel> {
    MODELS.iter().find(|model| model.name == name)
}

/// The text of the file that holds a model.
pub fn source(name: &str) -> Option<&'static str> {
    find(name).map(|model| model.source)
}

/// The names of all models.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|model| model.name)
}

/// The text of a file, by its name without ending.
pub fn file(name: &str) -> Option<&'static str> {
    MODELS.iter().find(|model| model.file == name).map(|model| model.source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{DefinitionKind, Item};
    use crate::parse::parse;

    #[test]
    fn every_table_of_names_is_one() {
        for model in MODELS {
            assert!(NameTable::parse_all(model.names).is_ok(), "{}", model.name);
        }
    }

    #[test]
    fn every_model_is_in_its_file() {
        for model in MODELS {
            let (file, problems) = parse(model.source);
            assert!(problems.is_empty(), "{problems:?}");
            let defines = |item: &Item| matches!(item, Item::Definition(d) if d.kind == DefinitionKind::Model && d.name.value == model.name);
            assert!(file.items.iter().any(defines), "{} is not in {}", model.name, model.file);
        }
    }
}
