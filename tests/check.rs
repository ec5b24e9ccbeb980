//! What is found in wrong files: `fixtures/check/<CODE>.cnn` has the problem, `<CODE>.ok.cnn`, the nearest
//! correct file, has none.

mod cards;

use std::path::Path;

use cnnc::diag::{Code, Diagnostic, Language, Level, RenderStyle, render, render_json};
use cnnc::front::{Listed, Listing, Loaded, Surroundings, WeightsFile, load_within};
use cnnc::internals::card::DataCard;
use cnnc::internals::ir::CheckedProgram;
use cnnc::internals::layers::Layer;
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::tensor::Shape;
use cnnc::reference::explain;
use cnnc::source::SourceFile;

fn load_file(path: &Path) -> Loaded {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("the fixture is there");
    load_beside_fixtures(SourceFile::new(name, text), &LowerOptions::default())
}

fn load_text(text: &str, overrides: &[(&str, &str)]) -> Loaded {
    let overrides = overrides.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    load_beside_fixtures(SourceFile::new("test.cnn", text), &LowerOptions { model: None, overrides })
}

fn load_beside_fixtures(source: SourceFile, options: &LowerOptions) -> Loaded {
    let read = |path: &Path| std::fs::read_to_string(fixture(".").join(path));
    // LeNet-5 of 26 letters, and the beginning of it
    let weights = |file: &str| {
        let tensors: [(&str, &[usize]); 10] = [
            ("c1.kernel", &[5, 5, 1, 6]),
            ("c1.bias", &[6]),
            ("c3.kernel", &[5, 5, 6, 16]),
            ("c3.bias", &[16]),
            ("c5.kernel", &[400, 120]),
            ("c5.bias", &[120]),
            ("f6.kernel", &[120, 84]),
            ("f6.bias", &[84]),
            ("predictions.kernel", &[84, 26]),
            ("predictions.bias", &[26]),
        ];
        let there = match file {
            "letters.safetensors" => tensors.len(),
            "half.safetensors" => 2,
            "cut.safetensors" => {
                return WeightsFile::Unsound("it has 100 bytes, and its header tells of 200".to_owned());
            }
            "none.safetensors" => return WeightsFile::Missing,
            _ => return WeightsFile::Unknown,
        };
        let there = tensors[..there].iter();
        let there = there.map(|(name, extents)| Listed::named((*name).to_owned(), Shape::new(*extents)));
        WeightsFile::Tensors(Listing { tensors: there.collect(), ..Listing::default() })
    };
    load_within(
        source,
        options,
        Surroundings {
            card_of: &cards::card_of,
            missing: &|data| Some(data.source.value.name()).filter(|name| name == "nowhere/"),
            read: &read,
            weights: &weights,
            memory: &memory,
        },
    )
}

/// What is said of memory on a machine of 16 GiB.
#[cfg(feature = "engine")]
fn memory(program: &CheckedProgram, card: Option<&DataCard>) -> Option<Diagnostic> {
    use cnnc::internals::kernel::{Simd, Target};
    use cnnc::internals::memory::{Machine, check};
    check(program, card, &Machine { target: Target::of(Simd::Portable), threads: 4, memory_bytes: 16 << 30 })
}

/// Only plans tell what a run takes of memory, and these need the engine.
#[cfg(not(feature = "engine"))]
fn memory(_: &CheckedProgram, _: Option<&DataCard>) -> Option<Diagnostic> {
    None
}

/// The codes that have a fixture to be judged here.
fn judged() -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(|code| cfg!(feature = "engine") || *code != Code::E0515)
}

fn drawn(loaded: &Loaded) -> String {
    let texts: Vec<String> = loaded
        .problems
        .iter()
        .map(|problem| render(problem, &loaded.sources, RenderStyle::plain()))
        .collect();
    texts.join("\n")
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded
        .problems
        .iter()
        .filter(|problem| problem.level != Level::Hint)
        .map(|problem| problem.code.as_str())
        .collect()
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/check").join(name)
}

#[test]
fn drawings() {
    for code in judged() {
        let loaded = load_file(&fixture(&format!("{code}.cnn")));
        insta::assert_snapshot!(code.as_str(), drawn(&loaded));
    }
}

#[test]
fn each_wrong_file_has_its_problem_alone() {
    for code in judged() {
        let loaded = load_file(&fixture(&format!("{code}.cnn")));
        let found: Vec<&str> = loaded.problems.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(found, [code.as_str()], "{code}.cnn\n{}", drawn(&loaded));
    }
}

#[test]
fn each_near_miss_is_silent() {
    for code in judged() {
        let loaded = load_file(&fixture(&format!("{code}.ok.cnn")));
        let said = loaded.problems.iter().any(|problem| problem.level != Level::Hint || problem.code == code);
        assert!(!said, "{code}.ok.cnn\n{}", drawn(&loaded));
        assert!(loaded.program.is_some(), "{code}.ok.cnn gives no program");
    }
}

/// Whether `{layer}` stands where a value should.
fn lacks_a_value(sentence: &str) -> bool {
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    sentence.split('{').skip(1).filter_map(|rest| rest.split_once('}')).any(|(inner, _)| is_name(inner))
}

/// Whether it may be the key of a sentence that the catalogue does not have.
fn is_key(sentence: &str) -> bool {
    sentence.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

#[test]
fn no_sentence_has_a_hole() {
    assert!(lacks_a_value("`{layer}` needs a vector") && lacks_a_value("{ a: {value} }"));
    assert!(!lacks_a_value("write `mirror: { left: right }`") && !lacks_a_value("{}"));
    for (code, language) in judged().flat_map(|code| [(code, Language::English), (code, Language::Korean)]) {
        let loaded = load_file(&fixture(&format!("{code}.cnn")));
        for problem in loaded.problems.iter() {
            for label in &problem.labels {
                let sentence = problem.label_text(label, language);
                // some labels are one word, so only their own key tells that there is none; W0408's is its
                // key
                let is_key = sentence == label.sentence && (code, label.sentence) != (Code::W0408, "always");
                assert!(!is_key && !lacks_a_value(&sentence), "{code}: {sentence}");
            }
            let others = problem.note_texts(language).into_iter().chain(problem.help_texts(language));
            for sentence in std::iter::once(problem.message(language)).chain(others) {
                assert!(!is_key(&sentence) && !lacks_a_value(&sentence), "{code}: {sentence}");
            }
        }
    }
}

/// Editors are told what people are told.
#[test]
fn json_says_what_the_drawing_says() {
    for code in judged() {
        let loaded = load_file(&fixture(&format!("{code}.cnn")));
        for problem in loaded.problems.iter() {
            let line = render_json(problem, &loaded.sources, Language::English);
            let value: serde_json::Value = serde_json::from_str(&line).expect("valid JSON");
            assert_eq!(value["code"], code.as_str());
            assert_eq!(value["message"], problem.message(Language::English));
            assert_eq!(value["help"], serde_json::json!(problem.help_texts(Language::English)));
            assert_eq!(value["notes"], serde_json::json!(problem.note_texts(Language::English)));
            let labels = value["labels"].as_array().expect("labels");
            for (label, drawn) in problem.labels.iter().zip(labels) {
                assert_eq!(drawn["message"], problem.label_text(label, Language::English));
            }
        }
    }
}

/// Mistakes as tutorials make them: `fixtures/tutorials/<CODE>-<what>.cnn` has that problem.
#[test]
fn mistakes_of_tutorials_are_found() {
    let mut seen = 0;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tutorials");
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let loaded = load_file(&path);
        let code = name.split('-').next().unwrap_or_default();
        assert!(codes(&loaded).contains(&code), "{name}\n{}", drawn(&loaded));
        seen += 1;
    }
    assert!(seen >= 5, "only {seen} mistakes");
}

/// Layers that change colours are told the range of values that pictures have there.
#[test]
fn colours_are_changed_within_the_range_of_the_pictures() {
    let with = |layers: &str, prepare: &str| {
        let text = format!(
            "model A {{ input(64x64x3); {layers}; conv2d(4, 3); relu; global_avg_pool2d; dense(classes, activation: softmax) }}\n\
             data {{ source: folder(\"pets/\") }}\nprepare {{ {prepare} }}\n"
        );
        load_text(&text, &[])
    };
    for (layers, prepare, found) in [
        ("random_brightness(20%)", "rescale: 1/255", &["E0406"][..]),
        ("random_brightness(20%, value_range: [0, 255])", "rescale: 1/255", &["E0406"]),
        ("random_brightness(20%, value_range: [0, 1])", "rescale: 1/255", &[]),
        ("rescaling(1/255); random_brightness(20%)", "color: rgb", &["E0406"]),
        ("random_brightness(20%); rescaling(1/255)", "color: rgb", &[]),
        ("random_brightness(20%, value_range: [0, 1]); rescaling(1/255)", "color: rgb", &["E0406"]),
        ("random_contrast(20%, value_range: [0, 1]); rescaling(1/255)", "color: rgb", &["E0406"]),
        // nothing is cut off: no harm is done
        ("random_contrast(20%)", "rescale: 1/255", &[]),
        // what a normalisation makes of values is not exactly known
        ("random_brightness(20%, value_range: [-1, 1])", "normalize: per_image", &[]),
        ("random_brightness(20%)", "normalize: per_image", &["E0406"]),
    ] {
        let loaded = with(layers, prepare);
        assert_eq!(codes(&loaded), found, "{layers} after {prepare}\n{}", drawn(&loaded));
    }
    let loaded = with("random_brightness(20%)", "rescale: 1/255");
    insta::assert_snapshot!("layer_of_another_range", drawn(&loaded));
}

/// A file that lacks what the model takes from it is told by its header, before the run.
#[test]
fn weights_of_another_network_are_told_by_the_header() {
    let with = |model: &str| {
        let text = format!(
            "use zoo.lenet5\nmodel A {{ input(28x28x1); {model}; flatten; dense(classes, activation: softmax) }}\n\
             data {{ source: mnist; validation: 20% of train }}\n"
        );
        load_text(&text, &[])
    };
    let loaded = with("lenet5(include_top: false, weights: \"half.safetensors\")");
    assert_eq!(codes(&loaded), ["E0113"], "{}", drawn(&loaded));
    insta::assert_snapshot!("weights_that_lack_tensors", drawn(&loaded));
    let loaded = with("lenet5(until: c1, weights: \"half.safetensors\")");
    assert_eq!(codes(&loaded), [""; 0], "{}", drawn(&loaded));
    // what only an auxiliary output needs is not taken from the file
    let text = "model Base {
    input(28x28x1)
    c1 = conv2d(6, 5x5, padding: same, activation: tanh)
    head aux(weight: 0.5) { flatten; dense(10, activation: softmax) }
    max_pool2d(2)
}

model A {
    input(28x28x1)
    Base(weights: \"half.safetensors\")
    flatten
    dense(10, activation: softmax)
}
";
    let options = LowerOptions { model: Some("A".to_owned()), overrides: Vec::new() };
    let loaded = load_beside_fixtures(SourceFile::new("test.cnn", text), &options);
    assert_eq!(codes(&loaded), [""; 0], "{}", drawn(&loaded));
}

/// A model of 64x64 pictures, with these settings of `data` and this `augment`.
fn with_data(data: &str, augment: &str) -> Loaded {
    let text = format!(
        "model A {{ input(64x64x3); conv2d(4, 3); relu; global_avg_pool2d; dense(classes, activation: softmax) }}\n\
         data {{ {data} }}\nprepare {{ rescale: 1/255 }}\naugment {{ {augment} }}\n"
    );
    load_text(&text, &[])
}

#[test]
fn settings_of_data_are_checked() {
    for (data, found) in [
        ("source: folder(\"pets/\"); split: by track", &[][..]),
        ("source: folder(\"pets/\"); split: by class", &["E0009"]),
        ("source: folder(\"pets/\"); split: track", &["E0011"]),
        ("source: folder(\"pets/\"); validation: 20% of test", &["E0305"]),
        ("source: folder(\"pets/\"); class_weight: balanced", &[]),
        ("source: folder(\"pets/\"); class_weight: { cats: 1, 1: 0.5 }", &[]),
        ("source: folder(\"pets/\"); class_weight: { cats: 1, cats: 2 }", &["E0014"]),
        ("source: folder(\"pets/\"); class_weight: { cats: -1 }", &["E0018"]),
        ("source: folder(\"pets/\"); class_weight: heavy", &["E0009"]),
        ("source: folder(\"pets/\"); mirror: { cats: birds }", &["E0214"]),
        ("source: folder(\"pets/\"); mirror: { cats: dogs, dogs: cats }", &["E0014"]),
        ("source: folder(\"pets/\"); cache: disk; stratified: false; upright: true", &[]),
        ("source: folder(\"pets/\"); cache: cloud", &["E0009"]),
        ("source: idx(\"a\", \"b\"); classes: [a, b]", &[]),
        ("source: idx(\"a\"); classes: [a, b]", &["E0013"]),
        ("source: idx(\"a\", \"b\", test_images: \"c\"); classes: [a, b]", &["E0013"]),
        ("source: cifar_binary(\"a\", label_bytes: 2); classes: [a, b]", &[]),
    ] {
        let loaded = with_data(data, "");
        let found: Vec<&str> = found.to_vec();
        assert_eq!(codes(&loaded), found, "{data}\n{}", drawn(&loaded));
    }
    // tracks are known by the names of files, and arrays have none
    let text = "model A { input(28x28x1); flatten; dense(10) }\ndata { source: mnist; split: by track }\n";
    assert_eq!(codes(&load_text(text, &[])), ["E0018"]);
}

#[test]
fn augmentation_is_checked_against_the_pictures() {
    let pets = "source: folder(\"pets/\")";
    for (data, augment, found) in [
        (pets, "rotation(180deg); flip(vertical); flip(horizontal)", &[][..]),
        (pets, "flip(horizontal, p: 1)", &["W0408"]),
        (pets, "grayscale(p: 100%); invert", &["W0408"]),
        (pets, "flip(vertical, p: 0); noise(60%, p: 0%)", &[]),
        ("source: folder(\"pets/\"); upright: true", "flip(vertical)", &["W0404"]),
        ("source: folder(\"arrows/\")", "flip(horizontal)", &["W0402"]),
        ("source: folder(\"arrows/\"); mirror: { left: right }", "flip(horizontal)", &[]),
        ("source: folder(\"arrows/\"); upright: false", "flip(vertical)", &["W0402"]),
        (pets, "crop(80x64, pad: 8); crop(72x72, pad: 4)", &[]),
        (pets, "crop(81x64, pad: 8)", &["E0407"]),
        (pets, "resized_crop; resized_crop(area: 50%, ratio: 0.5)", &["E0018"]),
        (pets, "random_distortion(grid: 4x4, magnitude: 8)", &[]),
        (pets, "random_distortion(grid: 4x4, magnitude: 30)", &["W0409"]),
        (pets, "elastic; elastic(alpha: 50, sigma: 5); elastic(alpha: 300, sigma: 2)", &["W0409"]),
        (pets, "cutout(16x16); cutout(32x32, holes: 2)", &["W0409"]),
        (pets, "blur(2); blur(9)", &["W0409"]),
        (pets, "blur(64); elastic(sigma: 64); cutout(8x8, holes: 1024)", &["W0409", "W0409"]),
        (pets, "blur(65); elastic(alpha: 1, sigma: 100000)", &["E0407", "E0407"]),
        (pets, "cutout(8x8, holes: 1025); cutout(1, holes: 16777216)", &["E0407", "E0407"]),
        (pets, "random_distortion(grid: 64x65, magnitude: 0.1); crop(64, pad: 65)", &["E0407", "E0407"]),
        (pets, "brightness(30%); contrast(50%); saturation(100%); hue(180deg); channel_shift(10%)", &[]),
        (pets, "brightness(100%); shift(width: 60%)", &["W0409", "W0409"]),
        (pets, "hue(0.1)", &["E0405"]),
        (pets, "brightness(40)", &["E0508"]),
        (pets, "mixup; cutmix(alpha: 0.5); samples: 9", &[]),
        (pets, "mixup(alpha: 0)", &["E0018"]),
        (pets, "cut_out(8)", &["E0008"]),
    ] {
        let loaded = with_data(data, augment);
        let found: Vec<&str> = found.to_vec();
        assert_eq!(codes(&loaded), found, "{data} {augment}\n{}", drawn(&loaded));
    }
    // the lightness of Lab lies in 0..100, and grey pictures have no hue
    let grey = |color: &str, augment: &str| {
        let text = format!(
            "model A {{ input(64x64x1); conv2d(4, 3); relu; global_avg_pool2d; dense(classes, activation: softmax) }}\n\
             data {{ {pets} }}\nprepare {{ color: {color}; rescale: 0.01 }}\naugment {{ {augment} }}\n"
        );
        codes(&load_text(&text, &[]))
    };
    assert_eq!(grey("lab_l", "brightness(20%); noise(5%); rotation(5deg)"), ["E0406"]);
    assert_eq!(grey("gray", "hue(20deg); saturation(20%)"), ["E0406", "E0406"]);
    assert_eq!(grey("gray", "brightness(20%); noise(5%)"), [""; 0]);
}

/// The text after the edits of its first problem.
fn edited(text: &str) -> String {
    let loaded = load_text(text, &[]);
    let problem = loaded.problems.iter().find(|problem| problem.level != Level::Hint).expect("it has one");
    let mut edits = problem.fixes.first().map(|fix| fix.edits.clone()).unwrap_or_default();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    text
}

#[test]
fn edits_fit_files_of_few_lines() {
    let rest = "data { source: cifar10 }\nprepare { rescale: 1/255 }\n";
    let dropped =
        "model A { input(32x32x3); conv2d(12, 3); relu; global_avg_pool2d; dense(10); dropout(0.5) }\n";
    let before =
        "model A { input(32x32x3); conv2d(12, 3); relu; global_avg_pool2d; dropout(0.5); dense(10) }\n";
    assert_eq!(edited(&format!("{dropped}{rest}")), format!("{before}{rest}"));
    let dropped = "model A {\n    input(32x32x3)\n    flatten\n    dense(10)\n    dropout(0.5) }\n";
    let before = "model A {\n    input(32x32x3)\n    flatten\n    dropout(0.5)\n    dense(10)\n    }\n";
    assert_eq!(edited(&format!("{dropped}{rest}")), format!("{before}{rest}"));
    // a network of the zoo that nothing brings in
    let body = "model A { input(64x64x3); NAME(include_top: false); global_avg_pool2d; dense(10) }\n";
    for name in ["resnet18", "zoo.resnet18"] {
        let text = format!("language 1\n{}{rest}", body.replace("NAME", name));
        let wanted = format!("language 1\nuse zoo.resnet18\n\n{}{rest}", body.replace("NAME", "resnet18"));
        assert_eq!(edited(&text), wanted);
    }
    // the layer that makes too many maps, not the pool behind it
    let maps = "model A { input(32x32x3); conv2d(N, 3); global_avg_pool2d; softmax }\n";
    let text = |maps_of: &str| format!("{}{rest}", maps.replace('N', maps_of));
    assert_eq!(codes(&load_text(&text("12"), &[])), ["W0202"]);
    assert_eq!(edited(&text("12")), text("classes"));
    assert_eq!(codes(&load_text(&text("9"), &[])), ["E0201"]);
    assert_eq!(edited(&text("9")), text("classes"));
}

#[test]
fn none_takes_a_setting_away() {
    let text = "model A { input(8x8x1); flatten; dense(classes, activation: softmax) }\n\
                data { source: digits; validation: 10% of train; test: 20% of all; classes: [a, b] }\n\
                prepare { rescale: 1/255; resize: 8x8 }\ntrain { loss: mse; optimizer: sgd }\n";
    let none = ["data.validation", "data.test", "data.classes", "prepare.resize", "train.loss"];
    let loaded = load_text(text, &none.map(|setting| (setting, "none")));
    assert_eq!(codes(&loaded), [""; 0], "{}", drawn(&loaded));
    let program = loaded.program.expect("sound");
    let data = program.program().data.as_ref().expect("there");
    assert!(data.validation.is_none() && data.test.is_none() && data.classes.is_none());
    assert!(program.program().prepare.resize.is_none());
    // what must be written cannot be
    assert_eq!(codes(&load_text(text, &[("data.source", "none")])), ["E0009"]);
}

#[test]
fn moving_statistics_need_steps() {
    let with = |norm: &str, train: &str| {
        let text = format!(
            "model A {{ input(64x64x1); conv2d(4, 3, use_bias: false); {norm}; relu; global_avg_pool2d; \
             dense(2, activation: softmax) }}\n\
             data {{ source: folder(\"pets/\"); validation: 20% of train }}\n\
             prepare {{ color: gray; rescale: 1/255 }}\ntrain {{ {train} }}\n"
        );
        codes(&load_text(&text, &[]))
    };
    // 160 pictures: 5 steps an epoch
    for (norm, train, expected) in [
        ("batch_norm", "epochs: 45", &["W0530"][..]),
        ("batch_norm", "epochs: 46", &[]),
        ("batch_norm(momentum: 0.9)", "epochs: 5", &[]),
        ("batch_norm(momentum: 0.9)", "epochs: 4", &["W0530"]),
        ("batch_norm", "epochs: 90; early_stopping(monitor: val_loss, patience: 8)", &["W0530"]),
        ("batch_norm", "epochs: 90; early_stopping(monitor: loss, patience: 8)", &[]),
        ("batch_norm", "epochs: 90; early_stopping(monitor: val_loss, patience: 45)", &[]),
        ("batch_norm", "epochs: 90; batch: 4", &[]),
    ] {
        assert_eq!(with(norm, train), expected, "{norm} {train}");
    }
}

#[test]
fn drawings_in_which_nothing_is_seen_are_found() {
    let with = |layers: &str, labels: &str, drawings: &str| {
        let text = format!(
            "model A {{ input(28x28x1); {layers} }}\n\
             data {{ source: csv(\"none.csv\", image: path, label: [a, b]); {labels} }}\n\
             prepare {{ color: gray; rescale: 1/255 }}\nreport {{ {drawings} }}"
        );
        codes(&load_text(&text, &[]))
    };
    let (plain, maps) =
        ("flatten; dense(2)", "conv2d(4, 3x3, activation: relu); global_avg_pool2d; dense(2)");
    for (layers, labels, drawings, expected) in [
        (maps, "labels: regression", "grad_cam; feature_maps; filters; embedding; samples; curves", &[][..]),
        (maps, "labels: regression", "confusion_matrix; mistakes", &["W0519", "W0519"]),
        (maps, "labels: multi", "mistakes", &["W0519"]),
        (plain, "labels: regression", "grad_cam; feature_maps; filters", &["W0519"; 3]),
        (plain, "labels: regression", "embedding; samples(augmented: true)", &[]),
    ] {
        assert_eq!(with(layers, labels, drawings), expected, "{labels} {drawings}");
    }
}

#[test]
fn a_split_comes_from_one_place() {
    let with = |data: &str| {
        let text = format!(
            "model A {{ input(64x64x1); conv2d(4, 3); relu; global_avg_pool2d; dense(2, activation: softmax) }}\n\
             data {{ source: {data} }}\nprepare {{ color: gray; rescale: 1/255 }}\n\
             train {{ epochs: 9; early_stopping(monitor: val_loss, patience: 2) }}"
        );
        codes(&load_text(&text, &[]))
    };
    let [valid, test] = ["validation: \"pets/valid\"", "test: \"pets/test\""];
    for (data, expected) in [
        (format!("folder(\"pets/\", {valid}, {test})"), &[][..]),
        (format!("folder(\"pets/\", {valid}, {test}); validation: 20% of train"), &["E0323"]),
        (format!("folder(\"pets/\", {valid}); test: 20% of train"), &[]),
        (format!("folder(\"pets/\", {valid}); test: 20% of all"), &["E0323"]),
        (format!("folder(\"pets/\", {test})"), &["E0501"]),
        // a table that is not at hand may have some
        ("csv(\"none.csv\", image: path, label: kind, split: part); classes: [a, b]".to_owned(), &[]),
        ("csv(\"none.csv\", image: path, label: kind); classes: [a, b]".to_owned(), &["E0501"]),
    ] {
        assert_eq!(with(&data), expected, "{data}");
    }
    let text = "model A { input(28x28x1); flatten; dense(10, activation: softmax) }\n\
                data { source: mnist; test: 20% of train }\nprepare { rescale: 1/255 }";
    assert_eq!(codes(&load_text(text, &[])), ["E0323"]);
}

#[test]
fn splits_in_a_folder_are_no_classes() {
    let with = |source: &str| {
        let text = format!(
            "model A {{ input(64x64x1); conv2d(4, 3); relu; global_avg_pool2d; dense(2, activation: softmax) }}\n\
             data {{ source: {source} }}\nprepare {{ color: gray; rescale: 1/255 }}\n"
        );
        load_text(&text, &[])
    };
    let loaded = with("folder(\"photos/\")");
    assert_eq!(codes(&loaded), ["W0322"], "{}", drawn(&loaded));
    let problem = loaded.problems.iter().next().expect("it has one");
    assert_eq!(problem.fixes[0].edits[0].text, "folder(\"photos/train\", test: \"photos/test\")");
    let korean = RenderStyle { language: Language::Korean, ..RenderStyle::plain() };
    let drawn_in_korean = render(problem, &loaded.sources, korean);
    assert!(drawn_in_korean.contains("`test`, `train`"), "{drawn_in_korean}");
    // validation pictures in a folder of their own are named, unless the file draws some
    let edit = |source: &str| {
        let loaded = with(source);
        let problem = loaded.problems.iter().next().expect("it has one");
        problem.fixes[0].edits[0].text.clone()
    };
    assert_eq!(edit("folder(\"flowers/\")"), "folder(\"flowers/training\", validation: \"flowers/valid\")");
    for share in ["validation: 10% of train", "test: 10% of all"] {
        assert_eq!(edit(&format!("folder(\"flowers/\"); {share}")), "folder(\"flowers/training\")");
    }
    // a class among others may be called so
    for source in
        ["folder(\"vehicles/\")", "folder(\"photos/train\", test: \"photos/test\")", "folder(\"pets/\")"]
    {
        assert!(!codes(&with(source)).contains(&"W0322"), "{source}");
    }
}

#[test]
fn a_number_of_classes_that_is_not_known_is_told_by_its_reason() {
    let with = |data: &str| {
        let text =
            format!("model A {{ input(64x64x1); flatten; dense(classes, activation: softmax) }}\n{data}\n");
        let loaded = load_text(&text, &[]);
        let problem =
            loaded.problems.iter().find(|problem| problem.code.as_str() == "E0016").expect("unknown");
        render(problem, &loaded.sources, RenderStyle::plain())
    };
    for (data, said) in [
        ("", "add a `data` section"),
        ("data { source: folder(\"elsewhere/\") }", "`elsewhere/` is not there to tell how many there are"),
        ("data { source: csv(\"places.csv\", image: file, label: x); labels: regression }", "there are none"),
    ] {
        assert!(with(data).contains(said), "{data}: {}", with(data));
    }
}

#[test]
fn pretrained_weights_bring_their_preparation() {
    let text = std::fs::read_to_string(fixture("E0304.cnn")).expect("the fixture is there");
    let with = |prepare: &str| load_text(&text.replace("rescale: 1/255", prepare), &[]);
    for (prepare, found) in [
        ("", &[][..]),
        ("normalize: caffe", &[]),
        ("normalize: imagenet", &["E0304"]),
        ("rescale: 1", &[]),
        ("rescale: 1/127.5; normalize: per_image", &["E0304", "E0304"]),
    ] {
        let loaded = with(prepare);
        assert_eq!(codes(&loaded), found.to_vec(), "{prepare}\n{}", drawn(&loaded));
    }
    // what is not written is theirs
    let program = with("").program.expect("no mistakes");
    assert!(program.program().prepare.normalize.is_some() && program.program().prepare.rescale.is_none());
    // of PyTorch's file for the same network, what torchvision does
    let torch = text.replace("vgg16.safetensors", "vgg16-397923af.pth");
    for (prepare, found) in [
        ("rescale: 1/255; normalize: imagenet", &[][..]),
        ("rescale: 1/255", &[]),
        ("normalize: caffe", &["E0304"]),
    ] {
        let loaded = load_text(&torch.replace("rescale: 1/255", prepare), &[]);
        assert_eq!(codes(&loaded), found.to_vec(), "{prepare}\n{}", drawn(&loaded));
    }
    // how weights are taken says nothing without any
    for how in ["partial: true", "match: order"] {
        let loaded = load_text(&text.replace("weights: \"vgg16.safetensors\", frozen: true", how), &[]);
        assert_eq!(codes(&loaded), ["E0013"], "{how}\n{}", drawn(&loaded));
    }
    // without weights nothing is brought along
    let fresh = text.replace("weights: \"vgg16.safetensors\", frozen: true", "").replace(", )", ")");
    let loaded = load_text(&fresh, &[]);
    let program = loaded.program.expect("no mistakes");
    assert!(program.program().prepare.normalize.is_none());
}

#[test]
fn scales_are_followed_to_the_first_layer() {
    let with = |prepare: &str, layer: &str| {
        let text = format!(
            "model A {{ input(28x28x1); {layer}; conv2d(4, 3); relu; global_avg_pool2d; dense(classes, activation: softmax) }}\n\
             data {{ source: fashion_mnist }}\nprepare {{ {prepare} }}\n"
        );
        codes(&load_text(&text, &[]))
    };
    assert_eq!(with("rescale: 1/255; normalize: standard(mean: [100], std: [50])", "relu"), ["E0302"]);
    assert_eq!(with("normalize: per_image", "rescaling(1/255)"), ["E0302"]);
    assert_eq!(with("rescale: 1/255", "normalization(mean: 0.5, variance: 0.06)"), [""; 0]);
    assert_eq!(with("rescale: 1/255", "rescaling(2, offset: -1)"), [""; 0]);
    assert_eq!(with("rescale: 1/127.5", "rescaling(1, offset: -1)"), [""; 0]);
    assert_eq!(with("normalize: standard(mean: [0.5], std: [0.25])", "relu"), ["W0301"]);
    assert_eq!(with("normalize: standard(mean: [127], std: [60])", "relu"), [""; 0]);
    // what is said to be written is what the edit writes
    let text = "model A { input(64x64x1); conv2d(4, 3); relu; global_avg_pool2d; dense(classes, activation: softmax) }\n\
                data { source: folder(\"pets/\") }\nprepare { color: lab_l }\n";
    let loaded = load_text(text, &[]);
    let problem = loaded.problems.iter().find(|problem| problem.code.as_str() == "W0301").expect("unscaled");
    let drawn = render(problem, &loaded.sources, RenderStyle::plain());
    assert!(drawn.contains("write `rescale: 1/100`"), "{drawn}");
    assert!(problem.fixes.iter().flat_map(|fix| &fix.edits).any(|edit| edit.text.contains("rescale: 1/100")));
    assert_eq!(with("normalize: standard(mean: [100], std: [1])", "relu"), [""; 0]);
}

/// Every fix that can be applied by machine removes its problem.
#[test]
fn fixes_fix() {
    let mut fixed = std::collections::BTreeSet::new();
    for code in judged() {
        let path = fixture(&format!("{code}.cnn"));
        let text = std::fs::read_to_string(&path).expect("the fixture is there");
        let loaded = load_file(&path);
        for fix in loaded.problems.iter().flat_map(|problem| &problem.fixes) {
            let mut text = text.clone();
            let mut edits = fix.edits.clone();
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
            for edit in &edits {
                text.replace_range(edit.span.start..edit.span.end, &edit.text);
            }
            let again = load_text(&text, &[]);
            let rest: Vec<Code> = again.problems.iter().map(|problem| problem.code).collect();
            assert!(!rest.contains(&code), "{code} is still there in\n{text}\n{}", drawn(&again));
            fixed.insert(code);
        }
    }
    assert!(fixed.len() >= 25, "only {fixed:?} have fixes");
}

/// Every problem can be drawn in Korean, and what is said is Korean: the only words in Latin letters are
/// code, names and codes.
#[test]
fn drawings_in_korean() {
    let mut left: Vec<String> = Vec::new();
    for code in judged() {
        let loaded = load_file(&fixture(&format!("{code}.cnn")));
        for problem in loaded.problems.iter() {
            let line = render_json(problem, &loaded.sources, Language::Korean);
            let value: serde_json::Value = serde_json::from_str(&line).expect("valid JSON");
            let labels = value["labels"].as_array().expect("labels").iter().map(|label| &label["message"]);
            let lists = ["help", "notes"].into_iter().flat_map(|key| value[key].as_array().expect("a list"));
            for sentence in std::iter::once(&value["message"]).chain(labels).chain(lists) {
                let sentence = sentence.as_str().expect("a text");
                let english = [
                    "the", "and", "or", "is", "not", "must", "such", "above", "whole", "number", "without",
                    "with",
                ];
                // what stands between backquotes is code
                let prose: String = sentence.split('`').step_by(2).collect();
                // E0518 tells why a point fails in the words of that problem, which are English
                if code != Code::E0518
                    && prose.split(|c: char| !c.is_ascii_alphabetic()).any(|word| english.contains(&word))
                {
                    left.push(format!("{code}: {sentence}"));
                }
            }
        }
    }
    assert!(left.is_empty(), "{} sentences are not all Korean:\n{}", left.len(), left.join("\n"));
}

/// A name of the user's stays as it is, even where it is spelt like a word that sentences translate.
#[test]
fn names_are_not_translated() {
    let text = "let width = 3\nmodel Block { input(28x28x1); conv2d(width, 3); relu; conv2d(heigth, 3) }\nlet width = 4\n";
    let loaded = load_text(text, &[]);
    let said: Vec<String> = loaded.problems.iter().map(|problem| problem.message(Language::Korean)).collect();
    assert_eq!(said, ["`heigth`(이)라는 상수는 없습니다", "상수 `width`을(를) 두 번 썼습니다"]);
}

#[test]
fn a_drawing_in_korean() {
    let loaded = load_file(&fixture("E0103.cnn"));
    let style = RenderStyle { language: Language::Korean, ..RenderStyle::plain() };
    let texts: Vec<String> =
        loaded.problems.iter().map(|problem| render(problem, &loaded.sources, style)).collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn every_code_is_explained() {
    for code in judged() {
        let page = explain(code.as_str(), Language::English).expect("a page");
        assert!(page.contains("Wrong:") && page.contains("Right:") && !page.contains("{code}"));
        // lists come from the tables
        let (explaining, _) = page.split_once("Wrong:").expect("examples");
        assert!(
            !["{layers", "{sections", "{functions", "{model"].iter().any(|name| explaining.contains(name))
        );
    }
    let layers = explain("E0006", Language::English).expect("a page");
    assert!(Layer::kinds().all(|kind| layers.contains(&format!("`{}`", kind.keyword))), "{layers}");
    assert_eq!(explain("E9999", Language::Korean), None);
    assert!(explain("e0103", Language::Korean).is_some_and(|page| page.contains("특징 맵")));
}

const FULL: &str = include_str!("fixtures/check/W0503.ok.cnn");

#[test]
fn one_mistake_does_not_hide_the_next() {
    let text = FULL
        .replace("conv2d(8,", "conv2d(8")
        .replace("max_pool2d", "maxpool")
        .replace("epochs: 10", "epoch: 10")
        .replace("adam(lr: 0.001)", "adam(rate: 0.001)");
    let mut found = codes(&load_text(&text, &[]));
    found.sort_unstable();
    assert_eq!(found, ["E0006", "E0008", "E0027", "E0116"]);
}

#[test]
fn an_unknown_layer_silences_what_follows_from_it() {
    let text = FULL.replace("conv2d(8,", "conv3d(8,").replace("    flatten\n", "");
    assert_eq!(codes(&load_text(&text, &[])), ["E0006"]);
}

#[test]
fn overrides_are_checked_as_if_written() {
    let checked =
        load_text(FULL, &[("train.batch", "64"), ("train.optimizer.lr", "1e-2"), ("data.seed", "7")]);
    let program = checked.program.expect("no mistakes");
    let train = program.program().train.as_ref().expect("a section");
    assert_eq!(train.batch.value, 64);
    assert!((train.optimizer.value.learning_rate() - 0.01).abs() < 1e-6);
    assert_eq!(program.program().data.as_ref().expect("a section").seed, 7);
    let wrong = load_text(
        FULL,
        &[("train.batchs", "64"), ("train.epochs", "many"), ("trian.batch", "1"), ("train.batch", ")")],
    );
    insta::assert_snapshot!(drawn(&wrong));
}

#[test]
fn allowed_warnings_are_silent() {
    let wrong = std::fs::read_to_string(fixture("W0301.cnn")).expect("the fixture is there");
    assert_eq!(codes(&load_text(&wrong, &[])), ["W0301"]);
    let allowed = format!("allow W0301 because \"the network was trained on 0..255\"\n{wrong}");
    assert_eq!(codes(&load_text(&allowed, &[])), [""; 0]);
    // in a body or section it is for what has a place there
    let within = |from: &str, allow: &str| {
        let at = wrong.find(from).expect("it is there") + from.len();
        let text = format!("{}\n{allow}\n{}", &wrong[..at], &wrong[at..]);
        codes(&load_text(&text, &[])).join(" ")
    };
    let allow = "allow W0301 because \"the network was trained on 0..255\"";
    assert_eq!(within("data {", allow), "");
    assert_eq!(within("model Small {", allow), "");
    let elsewhere = format!("{wrong}\nprepare {{\n{allow}\nresize: 28x28\n}}\n");
    assert_eq!(codes(&load_text(&elsewhere, &[])), ["W0301"]);
    assert_eq!(within("data {", "allow W0999 because \"there is none\""), "E0009");
    assert_eq!(within("model Small {", "repeat 0 { allow W0999 because \"there is none\" }"), "E0009");
    let unknown = format!("allow E0103 because \"errors cannot be allowed\"\n{wrong}");
    assert_eq!(codes(&load_text(&unknown, &[])), ["E0009"]);
}

#[test]
fn classes_in_another_order_are_a_hint() {
    let text = std::fs::read_to_string(fixture("E0214.ok.cnn")).expect("the fixture is there");
    let found = |classes: &str| {
        let loaded = load_text(&text.replace("[cats, dogs]", classes), &[]);
        loaded.problems.iter().map(|problem| (problem.code.as_str(), problem.level)).collect::<Vec<_>>()
    };
    assert_eq!(found("[cats, dogs]"), []);
    assert_eq!(found("[dogs, cats]"), [("H0230", Level::Hint)]);
    assert_eq!(found("[dogs, zebras]"), [("E0214", Level::Error)]);
    let loaded = load_text(&text.replace("[cats, dogs]", "[dogs, cats]"), &[]);
    insta::assert_snapshot!(drawn(&loaded));
}

#[test]
fn late_labels_are_reported_once() {
    let text = std::fs::read_to_string(fixture("E0213.cnn")).expect("the fixture is there");
    for units in ["9", "10", "11", "classes"] {
        let text = text.replace("dense(10", &format!("dense({units}"));
        assert_eq!(codes(&load_text(&text, &[])), ["E0213"], "{units}");
    }
    let named: Vec<String> = (1..=10).map(|label| format!("\"{label}\"")).collect();
    let text =
        text.replace("    validation", &format!("    classes: [{}]\n    validation", named.join(", ")));
    assert_eq!(codes(&load_text(&text, &[])), ["E0213"]);
}

#[test]
fn imbalance_is_said_where_accuracy_judges() {
    let text = std::fs::read_to_string(fixture("W0216.cnn")).expect("the fixture is there");
    assert_eq!(codes(&load_text(&text, &[])), ["W0216"]);
    // accuracy is the default
    assert_eq!(codes(&load_text(&text.replace("    metrics: [accuracy]\n", ""), &[])), ["W0216"]);
    assert_eq!(codes(&load_text(&text.replace("[accuracy]", "[top_k(1)]"), &[])), [""; 0]);
    // ten to one is not over ten to one
    assert_eq!(codes(&load_text(&text.replace("screws/", "bolts/"), &[])), [""; 0]);
}

#[test]
fn the_best_of_all_classes_are_no_metric() {
    let with = |k: &str| load_text(&format!("{FULL}\ntrain Small {{\n    metrics: [top_k({k})]\n}}\n"), &[]);
    assert_eq!(codes(&with("9")), [""; 0]);
    let wrong = with("10");
    assert_eq!(codes(&wrong), ["E0018"]);
    assert!(
        drawn(&wrong).contains("`k` must be below the number of classes, 10, not 10"),
        "{}",
        drawn(&wrong)
    );
}

#[test]
fn a_section_for_a_model_overrides_key_by_key() {
    let text = format!("{FULL}\ntrain Small {{\n    epochs: 20\n}}\n");
    let program = load_text(&text, &[]).program.expect("no mistakes");
    let train = program.program().train.as_ref().expect("a section");
    assert_eq!(train.epochs.value, 20);
    assert!((train.optimizer.value.learning_rate() - 0.001).abs() < 1e-9);
}

/// The small model with other lines in `train`, in place of its epochs, optimizer and callback.
fn with_train(lines: &str) -> Loaded {
    let at = FULL.find("train {").expect("a section");
    load_text(&format!("{}train {{\n{lines}\n}}\n", &FULL[..at]), &[])
}

#[test]
fn mistakes_in_a_schedule_are_found() {
    let sgd = "epochs: 10\noptimizer: sgd(lr: 0.01)\n";
    let cases = [
        ("schedule: cosine(warmup: 5)", "E0405"),
        ("schedule: step(step_size: 2 epochs)\nreduce_lr_on_plateau(patience: 2)", "E0014"),
        ("schedule: piecewise(boundaries: [5 epochs], values: [0.1, 0.01])", "E0014"),
        ("schedule: piecewise(boundaries: [5 epochs], values: [0.1])", "E0018"),
        ("schedule: multistep(milestones: [5 epochs, 3 epochs])", "E0018"),
        ("schedule: step(gamma: 0.1)", "E0013"),
        ("schedule: cosine_decay", "E0009"),
        ("schedule: cosine(warmup: 10 epochs)", "W0516"),
        ("clip_norm: 1\nclip_value: 1", "E0014"),
        ("clip_norm: 0", "E0018"),
        ("time_limit(5)", "E0405"),
        ("csv_log", "E0013"),
        ("loss: hinge(delta: 1)", "E0116"),
        ("loss: categorical_crossentropy(from_logits: true)", "W0207"),
        ("early_stopping(monitor: val_f1, patience: 2)", "E0501"),
        ("early_stopping(patience: 2, restore_best_weights: false)", "W0505"),
        ("let rate = 0.01", "W0506"),
        ("freeze: nothing", "E0117"),
        ("freeze: [conv2d, dense]", "E0509"),
        ("lr_scale: 0.1", "E0011"),
        ("lr_scale: { dense: 0 }", "E0508"),
        ("lr_scale: { dense: -0.5 }", "E0508"),
        ("lr_scale: { nothing: 0.5 }", "E0117"),
        ("lr_scale: { nothing: 0.5 }\nphase a { epochs: 2 }\nphase b { epochs: 2 }", "E0117"),
        ("lr_scale: { flatten: 0.5 }", "W0531"),
        ("lr_scale: { dense: 0.5, conv2d onward: 0.1 }", "W0531"),
        ("freeze: conv2d\nlr_scale: { conv2d: 0.5 }", "W0531"),
        ("lr_scale: { dense: 100000 }", "W0507"),
        ("phase a { loss: mse }", "E0008"),
        ("phase { epochs: 1 }", "E0013"),
        ("phase a { }\nphase a { }", "E0014"),
        ("phase a { freeze: [conv2d, dense] }", "E0509"),
        ("phase a { epochs: 2 }", "W0506"),
        ("phase a { reduce_lr_on_plateau(patience: 20) }", "W0503"),
    ];
    for (lines, code) in cases {
        let loaded = with_train(&format!("{sgd}{lines}"));
        assert_eq!(codes(&loaded), [code], "{lines}\n{}", drawn(&loaded));
    }
    for lines in ["optimizer: adam(clip_norm: 1)", "optimizer: adamw(lr: 0.001, clip_value: 1)"] {
        assert_eq!(codes(&with_train(lines)), ["E0116"], "{lines}");
    }
    assert_eq!(codes(&with_train("optimizer: adam(weight_decay: 0.1)\nweight_decay: 0.1")), ["E0014"]);
}

#[test]
fn phases_inherit_and_freezing_adds_up() {
    let text = "batch: 16\noptimizer: sgd(lr: 0.1)\nearly_stopping(patience: 1)\n\
                phase a { epochs: 2; freeze: conv2d onward }\n\
                phase b { epochs: 3; unfreeze: dense; batch: 8; early_stopping(patience: 2) }\n\
                phase c { epochs: 4; unfreeze: conv2d; optimizer: adam(lr: 1e-4) }";
    // phase a freezes everything
    let text = text.replace("conv2d onward }", "conv2d }");
    let loaded = with_train(&text);
    assert_eq!(codes(&loaded), [""; 0], "{}", drawn(&loaded));
    let program = loaded.program.expect("no mistakes");
    let train = program.program().train.as_ref().expect("a section");
    assert_eq!(train.epochs.value, 9);
    let told: Vec<_> = train
        .phases
        .iter()
        .map(|phase| {
            let frozen = phase.frozen.iter().filter(|frozen| **frozen).count();
            (phase.spec.epochs.value, phase.spec.batch.value, frozen, phase.resets_optimizer)
        })
        .collect();
    assert_eq!(told, [(2, 16, 1, false), (3, 8, 1, false), (4, 16, 0, true)]);
    assert!(train.phases.iter().all(|phase| phase.spec.callbacks.len() == 1));
    let stages = program.stages();
    assert_eq!(stages.len(), 3);
    assert!(stages[1].program().model.layers[1].frozen && !stages[2].program().model.layers[1].frozen);
}

#[test]
fn factors_of_the_rate_belong_to_layers() {
    let text = "optimizer: sgd(lr: 0.01)\nlr_scale: { conv2d onward: 0.5, dense: 2 }\n\
                phase a { epochs: 1 }\n\
                phase b { epochs: 2; lr_scale: { conv2d: 0.25 } }";
    let loaded = with_train(text);
    assert_eq!(codes(&loaded), [""; 0], "{}", drawn(&loaded));
    let program = loaded.program.expect("no mistakes");
    let told: Vec<Vec<f32>> = program
        .stages()
        .iter()
        .map(|stage| {
            let train = stage.program().train.as_ref().expect("a section");
            (0..stage.program().model.layers.len()).map(|layer| train.rate_factor(layer)).collect()
        })
        .collect();
    // input, conv2d, max_pool2d, flatten, dense
    assert_eq!(told, [[1.0, 0.5, 0.5, 0.5, 2.0], [1.0, 0.25, 1.0, 1.0, 1.0]]);
}

#[test]
fn options_of_other_libraries_have_their_place() {
    let lines = [
        ("conv2d(8, 3, trainable: false)", "`freeze: x`"),
        ("conv2d(8, 3, frozen: true)", "`freeze: x`"),
        ("conv2d(8, 3, weights: \"a.safetensors\")", "`--weights`"),
        ("batch_norm(axis: 3)", "the last axis"),
        ("conv2d(8, 3, name: \"conv1\")", "`conv1 = conv2d(…)`"),
    ];
    for (line, help) in lines {
        let loaded = load_text(&format!("model Small {{ input(28x28x3); {line} }}\n"), &[]);
        let said = drawn(&loaded);
        assert_eq!(codes(&loaded), ["E0116"], "{line}\n{said}");
        assert!(said.contains(help), "{line}\n{said}");
    }
}

#[test]
fn gates_have_a_number_for_each_channel() {
    let model =
        |body: &str| load_text(&format!("model Small {{ input(28x28x3); x = conv2d(8, 3); {body} }}\n"), &[]);
    for gate in [
        "global_avg_pool2d(keep_dims: true); conv2d(8, 1); multiply(x)",
        "global_max_pool2d; dense(8); multiply(x)",
        "y = global_avg_pool2d; multiply(x, y)",
    ] {
        let loaded = model(gate);
        assert_eq!(codes(&loaded), [""; 0], "{gate}\n{}", drawn(&loaded));
        let shape = loaded.program.expect("no mistakes").output_shape().to_string();
        assert_eq!(shape, "26x26x8", "{gate}");
    }
    for (gate, code, help) in [
        ("conv2d(1, 3, padding: same); multiply(x)", "E0108", "8 of them"),
        ("global_avg_pool2d(keep_dims: true); conv2d(4, 1); multiply(x)", "E0107", "8 of them"),
        ("global_avg_pool2d; dense(4); multiply(x)", "E0107", "8 of them"),
        ("global_avg_pool2d; add(x)", "E0108", "write `multiply`"),
        ("global_avg_pool2d(keep_dims: true); add(x)", "E0108", "write `multiply`"),
        ("global_avg_pool2d; conv2d(8, 1); multiply(x)", "E0120", "`global_avg_pool2d(keep_dims: true)`"),
    ] {
        let loaded = model(gate);
        let said = drawn(&loaded);
        assert_eq!(codes(&loaded), [code], "{gate}\n{said}");
        assert!(said.contains(help), "{gate}\n{said}");
    }
}

#[test]
fn searches_and_ensembles_are_checked() {
    let tuned = |model: (&str, &str), section: &str| {
        codes(&load_text(&format!("{}\n{section}\n", FULL.replace(model.0, model.1)), &[]))
    };
    let tune = "tune { strategy: grid }";
    assert_eq!(tuned(("conv2d(8,", "conv2d(search(8..=16, step: 8),"), tune), [""; 0]);
    assert_eq!(tuned(("conv2d(8,", "conv2d(search([8, 16]),"), ""), ["E0013"]);
    assert_eq!(tuned(("conv2d(8,", "conv2d(search([8]),"), tune), ["E0018"]);
    assert_eq!(tuned(("conv2d(8,", "conv2d(search(8..=16, step: 0),"), tune), ["E0018"]);
    assert_eq!(tuned(("conv2d(8,", "conv2d(search(relu),"), tune), ["E0011"]);
    assert_eq!(tuned(("", ""), tune), ["W0506"]);
    assert_eq!(tuned(("conv2d(8,", "conv2d(search([8, 0]),"), tune), ["E0518"]);
    assert_eq!(
        tuned(("lr: 0.001", "lr: search(1e-4..=1e-2, scale: log)"), "tune { objective: val_f1 }"),
        ["E0501"]
    );

    // a search that spans another model of the file is none of this one's
    let other = "model Other { input(28x28x1); flatten; dense(search([20, 40])); relu; dense(classes) }\n";
    let of_small = |tune: &str| {
        let options = LowerOptions { model: Some("Small".to_owned()), ..LowerOptions::default() };
        let loaded =
            load_beside_fixtures(SourceFile::new("test.cnn", format!("{FULL}\n{other}{tune}\n")), &options);
        (codes(&loaded), loaded.program.map(|program| usize::from(program.program().tune.is_some())))
    };
    assert_eq!(of_small(tune), (vec![], Some(0)));
    assert_eq!(of_small("tune Small { strategy: grid }").0, ["W0506"]);
    // a member that is asked for is trained by itself
    let loaded = of_small("ensemble Vote { members: [Small, Other] }");
    assert_eq!((loaded.0, loaded.1), (vec![], Some(0)));

    let other = "model Other { input(28x28x1); flatten; dense(units, activation: softmax) }\n";
    let ensemble = |units: &str, members: &str| {
        let other = other.replace("units", units);
        let loaded = load_text(&format!("{FULL}\n{other}ensemble Vote {{ members: {members} }}\n"), &[]);
        codes(&loaded)
    };
    assert_eq!(ensemble("10", "[Small, Other]"), [""; 0]);
    assert_eq!(ensemble("10", "[Small, Othr]"), ["E0016"]);
    assert_eq!(ensemble("10", "[Small]"), ["E0018"]);
    assert_eq!(ensemble("12", "[Small, Other]"), ["W0202", "E0018"]);
    assert_eq!(ensemble("9", "[Small, Other]"), ["E0201"]);
}

/// The letter of a code says how bad it is: an error is an E and an E is an error.
#[test]
fn the_letter_of_a_code_is_its_level() {
    for &code in Code::ALL {
        assert_eq!(code.as_str().starts_with('E'), code.level() == Level::Error, "{code}");
        assert!(!code.as_str().starts_with('H') || code.level() == Level::Hint, "{code}");
    }
    for code in judged() {
        for name in [format!("{code}.cnn"), format!("{code}.ok.cnn")] {
            for problem in load_file(&fixture(&name)).problems.iter() {
                assert_eq!(problem.code.as_str().starts_with('E'), problem.level == Level::Error, "{name}");
            }
        }
    }
}

/// Seven entries of the catalogue of mistakes cannot be written in the language at all.
#[test]
fn what_cannot_be_written() {
    // E0401: there is no place for augmentation of another split; E0303: there is one `prepare` for all
    for section in ["augment validation", "prepare test"] {
        let text = format!("{FULL}\n{section} {{\n}}\n");
        assert_eq!(codes(&load_text(&text, &[])), ["E0016"], "{section}");
    }
    // E0105, E0106: the order of axes and a missing channel are no option
    let text = FULL.replace("input(28x28x1)", "input(28x28)");
    assert_eq!(codes(&load_text(&text, &[])), ["E0011"]);
    // E0502: the better direction belongs to what is watched
    let text = FULL.replace("patience: 3", "patience: 3, mode: max");
    assert_eq!(codes(&load_text(&text, &[])), ["E0116"]);
    // E0205, W0309: neither the form of labels nor the order of evaluation can be set
    for setting in ["label_mode: int", "shuffle_validation: true"] {
        let text = FULL.replace("source: mnist", &format!("source: mnist\n    {setting}"));
        assert_eq!(codes(&load_text(&text, &[])), ["E0008"], "{setting}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// A correct file with some of its text replaced gives a program or problems, never a crash; and every
    /// problem can be drawn.
    #[test]
    fn damaged_files_are_judged(
        start in 0..FULL.len(),
        length in 0_usize..30,
        piece in proptest::sample::select(vec![
            "", "0", "999999999999999999999", "65536x65536x65536", "-1", "1e300", "?x?x3", "classes", "a", "add(a, b)",
            "conv2d(16777216, 65536)", "\n", "{", "}", "(", ")", "\"", "é", "3x3", "20%", "from a", "x = ", "->", "let k = 1/0",
            "groups: 7, ", "stride: 9, ", "padding: 99, ", "dilation: 65536, ", "zero_pad2d(65536)\n", "softmax\n",
        ]),
    ) {
        let end = (start + length).min(FULL.len());
        let text = format!("{}{piece}{}", &FULL[..start], &FULL[end..]);
        let loaded = load_text(&text, &[("train.batch", piece)]);
        proptest::prop_assert!(loaded.program.is_some() != loaded.problems.has_errors(), "{text}");
        proptest::prop_assert!(!drawn(&loaded).contains("Failed to read"), "{text}");
    }
}

/// Layers say of themselves whether they are linear: each chain of them, and whether W0512 is said of it.
#[test]
fn linear_layers_in_a_row_are_found_whatever_lies_between() {
    let said = [
        "conv2d(8, 3); crop2d(1); conv2d(8, 3)",
        "conv2d_transpose(8, 3); conv2d(8, 3)",
        "conv2d(8, 3); conv2d_transpose(8, 3)",
        "conv2d(8, 3); upsample2d(2); conv2d(8, 3)",
        "conv2d(8, 3); resizing(8, 8); conv2d(8, 3)",
        "conv2d(8, 3); spatial_dropout2d(20%); conv2d(8, 3)",
        "conv2d(8, 3); fixed_filter(gaussian); conv2d(8, 3)",
        "conv2d(8, 3); activation(linear); conv2d(8, 3)",
        "conv2d(8, 3); depthwise_conv2d(3); conv2d(8, 3)",
        "conv2d(8, 3); separable_conv2d(8, 3)",
        "conv2d(8, 3); avg_pool2d(2); batch_norm; conv2d(8, 3)",
        "conv2d(8, 3); reshape(1352); flatten; dense(9)",
    ];
    let silent = [
        "conv2d(8, 3); crop2d(1); relu; conv2d(8, 3)",
        "conv2d_transpose(8, 3, activation: relu); conv2d(8, 3)",
        "conv2d(8, 3); upsample2d(2); max_pool2d(2); conv2d(8, 3)",
        "conv2d(8, 3); depthwise_conv2d(3, activation: relu); conv2d(8, 3)",
        "conv2d(8, 3); layer_norm; conv2d(8, 3)",
        "depthwise_conv2d(3); conv2d(8, 1)",
        "conv2d(8, 3); conv2d(8, 3, groups: 2)",
        "conv2d(2, 3); crop2d(1); conv2d(8, 3)",
    ];
    let load = |chain: &str| load_text(&format!("model A {{ input(15x15x4); {chain} }}\n"), &[]);
    for chain in said {
        let loaded = load(chain);
        assert_eq!(codes(&loaded), ["W0512"], "{chain}\n{}", drawn(&loaded));
    }
    for chain in silent {
        let loaded = load(chain);
        assert_eq!(codes(&loaded), [""; 0], "{chain}\n{}", drawn(&loaded));
    }
    // one convolution is named only where it is that simple
    for (between, note) in [("batch_norm", "one 5x5 convolution"), ("avg_pool2d(2)", "one linear layer")] {
        let loaded = load(&format!("conv2d(8, 3); {between}; conv2d(8, 3)"));
        assert!(drawn(&loaded).contains(note), "{between}\n{}", drawn(&loaded));
    }
}

/// A filter without padding shrinks its image as other convolutions do, and is mended as they are.
#[test]
fn filters_are_padded_with_the_other_convolutions() {
    let loaded = load_text(
        "model A {
    input(8x8x3)
    fixed_filter(sobel_x, padding: valid)
    conv2d(8, 3, activation: relu)
    max_pool2d(2)
    conv2d(8, 3, activation: relu)
}
",
        &[],
    );
    assert_eq!(codes(&loaded), ["E0101"]);
    let text = drawn(&loaded);
    assert!(text.contains("at the 3rd convolution") && text.contains("on lines 3, 4 and 6"), "{text}");
    assert_eq!(loaded.problems.iter().map(|problem| problem.fixes[0].edits.len()).collect::<Vec<_>>(), [3]);
}

/// Each line of a body is wrong in one way, and the code says which.
#[test]
fn wrong_arguments_of_layers() {
    let lines = [
        ("x = conv2d(4, 3); subtract(x, x, x)", "E0015"),
        ("conv2d(8, 3, kernel_regularizer: l2)", "E0013"),
        ("conv2d(8, 3, kernel_regularizer: l3(0.1))", "E0009"),
        ("conv2d(8, 3, kernel_regularizer: l2(-0.1))", "E0018"),
        ("conv2d(8, 3, kernel_initializer: constant(x: 1))", "E0116"),
        ("conv2d(8, 3, kernel_initializer: constnt(1))", "E0009"),
        ("conv2d(8, 3, kernel_initializer: variance_scaling(mode: fan))", "E0009"),
        ("random_rotation(20)", "E0405"),
        ("random_rotation([-400deg, 10deg])", "E0018"),
        ("random_zoom(150%)", "E0018"),
        ("random_zoom([10%, 20%, 30%])", "E0011"),
        ("random_flip(sideways)", "E0009"),
        ("random_crop(40, 8)", "E0121"),
        ("random_contrast(20%, value_range: [1, 0])", "E0018"),
        ("reshape(7x7)", "E0011"),
        ("reshape(7x7x3)", "E0122"),
        ("fixed_filter([[1, 2], [3]])", "E0011"),
        ("fixed_filter([[]])", "E0018"),
        ("fixed_filter(sobel)", "E0009"),
        ("conv2d_transpose(4, 3, stride: 2, padding: same, output_padding: 5)", "E0018"),
        ("conv2d_transpose(4, 3, padding: 20)", "E0121"),
        ("crop2d([0, 28, 0, 0])", "E0121"),
        ("depth_max_pool(4)", "E0102"),
        ("depth_max_pool(2, padding: 2)", "E0018"),
        ("depthwise_conv2d(40)", "E0102"),
        ("flatten; upsample2d", "E0120"),
        ("gaussian_noise(-1)", "E0018"),
        ("normalization([1, 2], 1)", "E0123"),
        ("resizing(0, 8)", "E0018"),
        ("resizing(8, 8, fit: pad)", "E0009"),
        ("spatial_dropout2d(20)", "E0508"),
        ("local_response_norm(5, bias: 0)", "E0018"),
    ];
    for (line, code) in lines {
        let loaded = load_text(&format!("model Small {{ input(28x28x3); {line} }}\n"), &[]);
        let found: Vec<&str> = loaded.problems.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(found, [code], "{line}\n{}", drawn(&loaded));
    }
}
