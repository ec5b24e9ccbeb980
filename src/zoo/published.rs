//! Where the weights of the zoo's references are published, and how a right copy is known.

/// A file of weights that a reference publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Whose it is: `keras`, `torchvision`.
    pub publisher: Publisher,
    /// Its address.
    pub url: &'static str,
    /// What its publisher says of its contents.
    pub digest: Stated,
}

/// Who publishes weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher {
    /// Keras Applications.
    Keras,
    /// torchvision.
    Torchvision,
}

impl Publisher {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keras => "Keras",
            Self::Torchvision => "torchvision",
        }
    }
}

/// What a publisher states of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    /// Its MD5, 32 hexadecimal digits.
    Md5(&'static str),
    /// How its SHA-256 begins, in hexadecimal digits.
    Sha256(&'static str),
    /// Nothing.
    Nothing,
}

/// Which part of a network weights are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// All but its classifier: `include_top: false`.
    Features,
}

impl Published {
    /// The name of the file, by which its publisher's own programs keep it too.
    pub fn file_name(&self) -> &'static str {
        self.url.rsplit('/').next().unwrap_or(self.url)
    }
}

/// What is published for a model of the zoo; `None` where nothing is. Where the features alone are not
/// published, the whole network has them.
pub fn published(model: &str, part: Part) -> Option<Published> {
    let rows = || rows().filter(|(name, ..)| *name == model);
    let features = rows().find(|(_, of, _)| part == Part::Features && *of == Part::Features);
    features.or_else(|| rows().find(|(_, of, _)| *of == Part::Whole)).map(|(.., published)| published)
}

/// The models of the zoo that have published weights.
pub fn published_models() -> impl Iterator<Item = &'static str> {
    let whole = rows().filter(|(_, part, _)| *part == Part::Whole).map(|(model, ..)| model);
    whole.filter(|model| super::find(model).is_some())
}

fn rows() -> impl Iterator<Item = (&'static str, Part, Published)> {
    const TABLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/zoo/published.txt"));
    TABLE.lines().filter_map(row)
}

fn row(line: &'static str) -> Option<(&'static str, Part, Published)> {
    let words: Vec<&str> = line.split("// ").next()?.split_whitespace().collect();
    let &[model, part, url, digest] = &words[..] else { return None };
    let part = match part {
        "whole" => Part::Whole,
        "features" => Part::Features,
        _ => return None,
    };
    let publisher =
        if url.contains("keras-applications") { Publisher::Keras } else { Publisher::Torchvision };
    let digest = match digest.split_once(':') {
        Some(("md5", digits)) => Stated::Md5(digits),
        Some(("sha256", digits)) => Stated::Sha256(digits),
        _ => Stated::Nothing,
    };
    Some((model, part, Published { publisher, url, digest }))
}

/// The names of ImageNet's 1,000 classes, in the order of the outputs of networks that were trained on it.
pub fn imagenet_classes() -> impl Iterator<Item = &'static str> {
    const CLASSES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/zoo/imagenet.txt"));
    CLASSES.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_one() {
        const TABLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/zoo/published.txt"));
        let lines = TABLE.lines().filter(|line| !line.starts_with("//") && !line.is_empty());
        assert_eq!(lines.count(), rows().count());
        for (model, _, published) in rows() {
            let digits = match published.digest {
                Stated::Md5(digits) => digits.len() == 32,
                Stated::Sha256(digits) => digits.len() == 8,
                Stated::Nothing => model.starts_with("mobilenet"),
            };
            assert!(digits && published.url.starts_with("https://"), "{published:?}");
        }
    }

    #[test]
    fn features_are_a_file_of_their_own_or_a_part_of_the_whole() {
        let name = |model, part| published(model, part).map(|published| published.file_name());
        let features = name("vgg16", Part::Features).expect("published");
        assert!(features.ends_with("_notop.h5") && name("vgg16", Part::Whole) != Some(features));
        assert_eq!(name("resnet18", Part::Features), Some("resnet18-f37072fd.pth"));
        assert_eq!(name("lenet5", Part::Whole), None);
    }

    #[test]
    fn imagenet_has_a_thousand_classes() {
        let classes: Vec<&str> = imagenet_classes().collect();
        assert_eq!(classes.len(), 1000);
        assert_eq!((classes[0], classes[281], classes[999]), ("tench", "tabby", "toilet tissue"));
    }
}
