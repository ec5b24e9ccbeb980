//! `cnnc new NAME --like transfer --data DIR`: transfer learning, written for a folder of photos.

use super::super::failure::Failure;
use super::super::table::thousands;
use super::photos::Photos;
use crate::ast::{Entry, Item, print_expr};
use crate::format::format;
use crate::lower::{list, nearest};
use crate::parse::parse;
use crate::zoo;

/// The file that is written. What stands in capitals depends on the photos, and so does which lines of `data`
/// are left out.
const RECIPE: &str = include_str!("recipe.txt");

/// A network of the zoo that sees for others.
struct Backbone {
    name: &'static str,
    /// The first layer that is trained again at last.
    from: &'static str,
    /// What is said of it in the file.
    remark: &'static str,
}

fn backbones() -> impl Iterator<Item = Backbone> {
    let lines = include_str!("backbones.txt").lines().filter(|line| !line.starts_with("//"));
    lines.filter_map(|line| {
        let mut words = line.splitn(3, ' ');
        Some(Backbone { name: words.next()?, from: words.next()?, remark: words.next()? })
    })
}

/// For up to so many training photos the small network is taken.
const FEW: usize = 2_000;

/// Sides of prepared photos: the largest that photos fill is taken, enlarged by 1.6 at most. The networks have
/// learnt from 224.
const SIDES: [usize; 4] = [224, 160, 128, 96];

/// Up to so many classes are named in the file.
const CLASSES_WRITTEN: usize = 20;

/// Where the most frequent class has so many times the photos of the rarest, classes are weighted.
const UNEVEN: usize = 2;

/// Pictures a step, where there are enough.
const BATCH: usize = 32;

/// The network that fits the photos, or the one of a name.
fn backbone(wanted: Option<&str>, photos: &Photos) -> Result<Backbone, Failure> {
    let fitting = if photos.counts()[0] <= FEW { "mobilenet_v2" } else { "resnet50" };
    let wanted = wanted.unwrap_or(fitting);
    let wanted = wanted.strip_prefix("zoo.").unwrap_or(wanted);
    backbones().find(|backbone| backbone.name == wanted).ok_or_else(|| {
        let names = || backbones().map(|backbone| backbone.name);
        let help = match nearest(wanted, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", list(names())),
        };
        Failure::Usage(format!("no recipe has the backbone `{wanted}`; {help}"))
    })
}

/// The text of the file, and what was found in one sentence.
/// # Errors
/// Where there is no recipe with the network that is asked for.
pub(super) fn recipe(
    model: &str,
    photos: &Photos,
    wanted: Option<&str>,
) -> Result<(String, String), Failure> {
    let Backbone { name, from, remark } = backbone(wanted, photos)?;
    let side = SIDES.into_iter().find(|&side| photos.side() * 8 >= side * 5).unwrap_or(SIDES[3]);
    let [images, rarest, most] = photos.counts();
    let classes = photos.card.classes.len();
    let size = format!("{side}x{side}");
    let resize = if photos.are_squares() { size.clone() } else { format!("resize({size}, fit: crop)") };
    let names: Vec<String> = photos.card.classes.iter().map(|name| quoted(name)).collect();
    // a batch that is never filled is no step of its size
    let batch = if images >= 4 * BATCH { BATCH } else { (images / 4).next_power_of_two().max(1) };
    let mut text = String::new();
    for line in RECIPE.lines().filter(|line| applies(line, photos)) {
        text.push_str(line);
        text.push('\n');
    }
    for (place, value) in [
        ("NETWORK", name),
        ("COUNT", &classes.to_string()),
        ("REMARK", remark),
        ("MODEL", model),
        ("SIDE", &side.to_string()),
        ("FOLDERS", &folders(photos)),
        ("NAMES", &names.join(", ")),
        ("RESIZE", &resize),
        ("PREPARED", &prepared(name)),
        ("BATCH", &batch.to_string()),
        ("FROM", from),
    ] {
        text = text.replace(place, value);
    }
    let spread = if rarest == most { format!("{most}") } else { format!("{rarest} to {most}") };
    let images = thousands(images as u64);
    let found =
        format!("{images} training photos of {classes} classes ({spread} each), seen by {name} at {size}");
    Ok((format(&text).unwrap_or(text), found))
}

/// Whether a line of the recipe is for these photos.
fn applies(line: &str, photos: &Photos) -> bool {
    let [_, validation, test] = &photos.folders;
    let [_, rarest, most] = photos.counts();
    match line.trim().split_once(": ") {
        Some(("classes", _)) => photos.card.classes.len() <= CLASSES_WRITTEN,
        // a share for the test would split anew what is split already
        Some(("test", _)) => test.is_none() && validation.is_none(),
        Some(("validation", _)) => validation.is_none(),
        Some(("split", _)) => photos.card.grouped,
        Some(("class_weight", _)) => most >= UNEVEN * rarest.max(1),
        _ => true,
    }
}

/// What `folder(…)` takes.
fn folders(photos: &Photos) -> String {
    let named = ["", "validation: ", "test: "].iter().zip(&photos.folders);
    let named = named.filter_map(|(key, folder)| Some(format!("{key}{}", text_of(folder.as_deref()?))));
    named.collect::<Vec<_>>().join(", ")
}

/// What the zoo's file does with pictures, but for their size.
fn prepared(name: &str) -> String {
    let source = zoo::source(name).unwrap_or_default();
    let (file, _) = parse(source);
    let mut settings = Vec::new();
    for item in &file.items {
        let Item::Section(section) = item else { continue };
        let is_for = section.target.as_ref().is_none_or(|target| target.value == name);
        if section.kind.value != "prepare" || !is_for {
            continue;
        }
        for entry in &section.entries {
            match entry {
                Entry::Setting(setting) if setting.key.value != "resize" => {
                    settings.push(format!("{}: {}", setting.key.value, print_expr(&setting.value)));
                }
                Entry::Setting(_) | Entry::Call(_) | Entry::Let(_) | Entry::Allow(_) | Entry::Section(_) => {}
            }
        }
    }
    settings.join("\n    ")
}

/// A class's name as the language has it: a word, or a text.
fn quoted(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word { name.to_owned() } else { text_of(name) }
}

/// A text as the language has it.
fn text_of(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{DataCard, PictureSize};
    use crate::diag::Level;
    use crate::front::load;
    use crate::lower::LowerOptions;
    use crate::source::SourceFile;

    fn photos(classes: usize, each: usize, side: usize) -> Photos {
        let names = (0..classes).map(|at| format!("class {at}")).collect();
        let card = DataCard::new("photos", PictureSize::Same([side, side]), Some(3), names);
        let counts = (0..classes).map(|at| each * (1 + at)).collect();
        Photos {
            folders: [Some("photos".to_owned()), None, None],
            card: card.with_counts(counts, Vec::new()),
        }
    }

    #[test]
    fn every_recipe_passes_the_check() {
        for backbone in backbones() {
            for photos in [photos(3, 40, 500), photos(30, 9, 80)] {
                let (text, _) = recipe("Birds", &photos, Some(backbone.name)).expect("a recipe");
                assert_eq!(format(&text).as_deref(), Ok(text.as_str()), "{}", backbone.name);
                let file = SourceFile::new("birds.cnn".to_owned(), text.clone());
                let card = photos.card.clone();
                let loaded = load(file, &LowerOptions::default(), &|_| Some(card.clone()));
                let wrong: Vec<_> =
                    loaded.problems.iter().filter(|problem| problem.level != Level::Hint).collect();
                assert!(wrong.is_empty() && loaded.program.is_some(), "{text}\n{wrong:?}");
            }
        }
    }

    #[test]
    fn what_fits_depends_on_the_photos() {
        let text = |photos: &Photos| recipe("M", photos, None).expect("a recipe");
        let (few, found) = text(&photos(2, 100, 200));
        assert!(few.contains("use zoo.mobilenet_v2\n") && few.contains("input(224x224x3)"), "{few}");
        assert!(few.contains("class_weight: balanced"), "{few}");
        assert_eq!(
            found,
            "300 training photos of 2 classes (100 to 200 each), seen by mobilenet_v2 at 224x224"
        );
        let (many, _) = text(&photos(30, 9, 80));
        assert!(many.contains("use zoo.resnet50\n") && many.contains("input(128x128x3)"), "{many}");
        assert!(!many.contains("classes: ["), "{many}");
    }
}
