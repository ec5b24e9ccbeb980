//! `cnnc see`: pictures of what a trained model sees, and what is said where there is nothing to see.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;

/// A classifier with two maps, and a name that is easily mistyped.
const DIGITS: &str = "\
model Digits {
    input(8x8x1)
    first = conv2d(8, 3x3, padding: same, activation: relu)
    second = conv2d(8, 3x3, padding: same, activation: relu)
    max_pool2d(2)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 10% of train }
prepare { rescale: 1/16 }
augment { shift(width: 20%, height: 20%) }
train { epochs: 2; batch: 64; optimizer: adam(lr: 0.01); metrics: [accuracy] }
";

struct Place(tempfile::TempDir);

/// What a command did.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A folder with `a.cnn`, which was trained into `run`, and pictures.
    fn trained(text: &str) -> Self {
        let place = Self::new();
        place.write("a.cnn", text);
        place.picture("1.pgm", [8, 8]);
        place.picture("2.pgm", [20, 13]);
        place.said(&["run", "a.cnn", "--out", "run", "-q"]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("written");
    }

    /// A grey picture.
    fn picture(&self, name: &str, [height, width]: [usize; 2]) {
        let pixels = (0..height * width).map(|at| (at * 37 % 251) as u8);
        let header = format!("P5\n{width} {height}\n255\n").into_bytes();
        self.write(name, header.into_iter().chain(pixels).collect::<Vec<u8>>());
    }

    fn cnnc(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").env("LC_ALL", "C");
        let done = command.current_dir(self.0.path()).args(words).output().expect("started");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
    }

    /// What a command prints that must succeed.
    fn said(&self, words: &[&str]) -> Said {
        let said = self.cnnc(words);
        assert_eq!(said.code, Some(0), "{words:?}\n{}{}", said.out, said.err);
        said
    }

    /// What a command complains of that must fail.
    fn complaint(&self, words: &[&str], code: i32) -> String {
        let said = self.cnnc(words);
        assert_eq!(said.code, Some(code), "{words:?}\n{}{}", said.out, said.err);
        said.err
    }

    /// A picture that was written.
    fn drawn(&self, name: &str) -> image::RgbImage {
        image::open(self.path(name)).expect("a picture").into_rgb8()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text")
    }
}

#[test]
fn heat_maps_are_drawn_beside_their_pictures() {
    let place = Place::trained(DIGITS);
    let said = place.said(&["see", "grad_cam", "run", "--image", "1.pgm", "2.pgm"]);
    assert!(said.out.contains("1.pgm: ") && said.out.contains('%'), "{}", said.out);
    assert!(said.out.ends_with("Grad-CAM in grad_cam.png\n"), "{}", said.out);
    let image = place.drawn("grad_cam.png");
    // two rows of three pictures of 200 pixels, at twice their size
    assert!(image.width() > 1200 && image.height() > 800, "{:?}", image.dimensions());
    place.said(&["see", "cam", "a.cnn", "--weights", "run", "--image", "1.pgm", "-o", "cam.svg"]);
    let svg = place.text("cam.svg");
    for part in ["layer max_pool2d (4x4)", "1.pgm: ", "map over picture, 40%", "Grad-CAM of the score"] {
        assert!(svg.contains(part), "`{part}` is missing");
    }
}

#[test]
fn what_is_asked_is_what_is_drawn() {
    let place = Place::trained(DIGITS);
    let drawn = |more: &[&str]| {
        let words = [&["see", "grad_cam", "run", "--image", "1.pgm", "-o", "cam.svg"], more].concat();
        place.said(&words);
        place.text("cam.svg")
    };
    let usual = drawn(&[]);
    assert_eq!(drawn(&["--threads", "1"]), drawn(&["--threads", "3"]), "threads change nothing");
    for (more, part) in [
        (&["--layer", "first"][..], "layer first (8x8)"),
        (&["--class", "3"], "asked about 3 "),
        (&["--method", "gradcam++"], "Grad-CAM++ of the score"),
        (&["--method", "saliency"], "how much each pixel changes the score"),
        (&["--method", "occlusion"], "when a part is covered"),
        (&["--of", "probability"], "of the probability for"),
        (&["--alpha", "0.75"], "map over picture, 75%"),
    ] {
        let other = drawn(more);
        assert!(other != usual && other.contains(part), "{more:?}: `{part}` is missing");
    }
    assert_ne!(drawn(&["--colors", "jet"]), usual);
}

#[test]
fn feature_maps_are_drawn_channel_by_channel() {
    let place = Place::trained(DIGITS);
    let said = place.said(&["see", "feature_maps", "run", "--image", "1.pgm", "--layer", "first", "second"]);
    assert!(said.out.contains("1.pgm: first 8x8x8\n1.pgm: second 8x8x8\n"), "{}", said.out);
    place.drawn("feature_maps.png");
    place.said(&["see", "maps", "run", "--image", "1.pgm", "--channels", "3", "-o", "maps.svg"]);
    let svg = place.text("maps.svg");
    assert!(svg.contains("max_pool2d: 4x4x8") && svg.contains("channels 0 to 2 of 8"), "{svg}");
    assert_eq!(svg.matches("<image").count(), 4, "the picture and three maps");
}

#[test]
fn filters_are_kernels_or_pictures_that_excite() {
    let place = Place::trained(DIGITS);
    let drawn = |more: &[&str]| {
        let said = place.said(&[&["see", "filters", "run", "-o", "f.svg"], more].concat());
        (said.out, place.text("f.svg"))
    };
    let (said, svg) = drawn(&[]);
    assert_eq!(said, "first: 8 kernels in f.svg\n");
    assert_eq!(svg.matches("<image").count(), 8);
    let (said, one) = drawn(&["--layer", "second", "--channels", "3", "--threads", "1"]);
    assert_eq!(said, "second: pictures that excite 3 channels in f.svg\n");
    assert!(one.contains("second: channels 0 to 2 of 8") && one.matches("<image").count() == 3, "{one}");
    let again = drawn(&["--layer", "second", "--channels", "3", "--threads", "3"]);
    assert_eq!(again.1, one, "threads change nothing");
    assert_ne!(drawn(&["--layer", "second", "--channels", "3", "--seed", "1"]).1, one);
    // a channel of the last layer is a class
    assert!(drawn(&["--layer", "dense", "--channels", "2"]).1.contains("dense: channels 0 to 1 of 10"));
    let complaint = place.complaint(&["see", "filters", "run", "--layer", "thrid"], 1);
    assert!(complaint.contains("E0117"), "{complaint}");
}

#[test]
fn models_that_learn_nothing_need_no_weights() {
    let place = Place::new();
    place.picture("photo.pgm", [24, 24]);
    place.write("edges.cnn", "model Edges { input(24x24x1); fixed_filter(sobel_x) }\n");
    place.said(&["see", "feature_maps", "edges.cnn", "--image", "photo.pgm", "-o", "maps.svg"]);
    assert!(place.text("maps.svg").contains("fixed_filter: "));
    place.write("a.cnn", DIGITS);
    let said = place.complaint(&["see", "feature_maps", "a.cnn", "--image", "photo.pgm"], 2);
    assert!(said.contains("`--weights FILE`"), "{said}");
}

#[test]
fn what_cannot_be_seen_is_said() {
    let place = Place::trained(DIGITS);
    place.write("broken.png", "no picture");
    let complaint = |words: &[&str], code| place.complaint(&[&["see"], words].concat(), code);
    for (words, code, parts) in [
        (
            &["grad_cam", "run", "--image", "1.pgm", "--layer", "fisrt"][..],
            1,
            &["E0117", "did you mean `first`?"][..],
        ),
        (
            &["grad_cam", "run", "--image", "1.pgm", "--layer", "dense"],
            1,
            &["there are no places", "`max_pool2d`"],
        ),
        (&["feature_maps", "run", "--image", "1.pgm", "--layer", "flatten"], 1, &["there are no places"]),
        (&["grad_cam", "run", "--image", "1.pgm", "--class", "cat"], 1, &["no class `cat`", "`0`, `1`"]),
        (&["grad_cam", "run", "--image", "broken.png"], 1, &["`broken.png` cannot be taken", "1 of 1"]),
        (&["grad_cam", "run", "--image", "none.png"], 1, &["`none.png` cannot be taken"]),
        (&["grad_cam", "a.cnn", "--image", "1.pgm"], 2, &["`--weights FILE`"]),
        (&["grad_cam", "nowhere", "--image", "1.pgm"], 1, &["nowhere"]),
        (&["grad_cam", "run", "--image", "1.pgm", "-o", "cam.gif"], 2, &["PNG or SVG, not as gif"]),
        (&["grad_cam", "run", "--image", "1.pgm", "--alpha", "2"], 2, &["from 0 to 1"]),
        (
            &["grad_cam", "run", "--image", "1.pgm", "--layer", "first", "--method", "saliency"],
            2,
            &["`--layer`"],
        ),
        (&["feature_maps", "run", "--image", "1.pgm", "--channels", "0"], 2, &["`all`"]),
        (&["samples", "a.cnn", "--picture", "9999"], 2, &["no training picture 9999"]),
        (&["grad_cam", "run"], 2, &["--image"]),
    ] {
        let said = complaint(words, code);
        parts
            .iter()
            .for_each(|part| assert!(said.contains(part), "{words:?}: `{part}` is missing in\n{said}"));
    }
    // others are drawn all the same
    let said = complaint(&["grad_cam", "run", "--image", "broken.png", "1.pgm", "-o", "one.png"], 1);
    assert!(said.contains("1 of 2 pictures cannot be taken"), "{said}");
    place.drawn("one.png");
}

/// The weights of the last layer are 0: no place changes any score.
#[test]
fn maps_with_nothing_positive_are_said() {
    let place = Place::new();
    let zeros = DIGITS.replace("activation: softmax", "activation: softmax, kernel_initializer: zeros");
    place.write("a.cnn", zeros);
    place.picture("1.pgm", [8, 8]);
    place.said(&["init", "a.cnn", "--output", "w.safetensors"]);
    let words =
        ["see", "grad_cam", "a.cnn", "--weights", "w.safetensors", "--image", "1.pgm", "-o", "cam.svg"];
    let said = place.said(&words);
    assert!(said.err.contains("nothing in `max_pool2d` speaks for 0"), "{}", said.err);
    assert!(place.text("cam.svg").contains("nothing in `max_pool2d` speaks for 0"));
}

#[test]
fn samples_are_shown_with_their_labels() {
    let place = Place::new();
    place.write("a.cnn", DIGITS);
    let said = place.said(&["see", "samples", "a.cnn"]);
    assert!(said.out.ends_with("25 pictures in samples.png\n"), "{}", said.out);
    place.drawn("samples.png");
    let images = |more: &[&str]| {
        place.said(&[&["see", "samples", "a.cnn", "-o", "s.svg"], more].concat());
        place.text("s.svg").matches("<image").count()
    };
    assert_eq!([images(&["--count", "7"]), images(&["--count", "7", "--augmented"])], [7, 14]);
    // the picture and the bar of colours
    assert_eq!(images(&["--picture", "3"]), 2);
    assert!(place.text("s.svg").contains("training picture 3: "));
    // no model is needed
    place.write("data.cnn", "data { source: digits; test: 20% of all }\n");
    place.said(&["see", "samples", "data.cnn", "--count", "4"]);
}

#[test]
fn mistakes_are_shown_the_surest_first() {
    let place = Place::trained(DIGITS);
    let said = place.said(&["see", "mistakes", "run", "--count", "4", "-o", "m.svg"]);
    assert!(said.out.starts_with("test: ") && said.out.contains("pictures are wrong"), "{}", said.out);
    let svg = place.text("m.svg");
    let sure: Vec<f64> = svg
        .lines()
        .filter(|line| line.contains("font-weight=\"bold\"") && line.contains('%'))
        .filter_map(|line| line.split('>').nth(1)?.split('%').next()?.split(' ').next_back()?.parse().ok())
        .collect();
    assert!(sure.len() == 4 && sure.windows(2).all(|pair| pair[0] >= pair[1]), "{sure:?}\n{svg}");
    // a picture each, and its map, or that there is none
    let mute = svg.matches("no place speaks for it").count();
    assert_eq!(svg.matches("<image").count(), 8 - mute);
    let other = place.said(&["see", "mistakes", "run", "--split", "validation", "-o", "v.png"]);
    assert!(other.out.starts_with("validation: "), "{}", other.out);
}

#[test]
fn pictures_are_points() {
    let place = Place::trained(DIGITS);
    let drawn = |more: &[&str]| {
        place.said(&[&["see", "embedding", "run", "--count", "90", "-o", "e.svg"], more].concat());
        place.text("e.svg")
    };
    let usual = drawn(&[]);
    assert!(usual.contains("t-SNE of flatten (128 numbers), 90 of 359 pictures"), "{usual}");
    assert_eq!(usual.matches("<circle").count(), 100, "the pictures, and ten classes beside them");
    assert_eq!(drawn(&["--threads", "1"]), usual);
    let other = drawn(&["--projection", "pca", "--layer", "second"]);
    assert!(other.contains("PCA of second (8 numbers)"), "{other}");
    assert_ne!(drawn(&["--seed", "1"]), usual);
}

/// Class names that the font of the program does not have.
#[test]
fn hangul_is_drawn_or_the_file_is_svg() {
    let place = Place::new();
    for (class, count) in [("고양이", 6), ("개", 6)] {
        fs::create_dir_all(place.path("set").join(class)).expect("made");
        (0..count).for_each(|at| place.picture(&format!("set/{class}/{at}.pgm"), [9, 9]));
    }
    place.write("data.cnn", "data { source: folder(\"set\"); validation: 20% of train }\n");
    let said = place.said(&["see", "samples", "data.cnn", "-o", "s.png"]);
    if said.out.contains("s.svg") {
        assert!(said.err.contains("no font of this system has `"), "{}", said.err);
        assert!(place.text("s.svg").contains("고양이") && !place.path("s.png").exists());
    } else {
        place.drawn("s.png");
    }
}
