//! Data that change under a run, and evaluation on other data.

use std::fs;
use std::path::Path;

use cnnc::internals::random::Random;

use super::place::Place;
use super::programs::PICTURES;

/// A picture of one colour and a few pixels of noise.
fn picture(seed: u64) -> image::RgbImage {
    let mut random = Random::seeded(seed);
    image::RgbImage::from_fn(8, 8, |_, _| image::Rgb([0; 3].map(|_: u8| random.below(256) as u8)))
}

fn picture_folder(place: &Place) {
    for (class, first) in [("a", 0), ("b", 100), ("c", 200)] {
        let folder = place.path("set").join(class);
        fs::create_dir_all(&folder).expect("made");
        for number in 0..8 {
            picture(first + number).save(folder.join(format!("{number}.png"))).expect("written");
        }
    }
}

/// A change of the data, and what is said of it.
type Change<'a> = (&'a str, &'a dyn Fn(&Path), &'a [&'a str]);

#[test]
fn a_run_notices_that_its_pictures_have_changed() {
    let changes: [Change<'_>; 8] = [
        (
            "class renamed",
            &|set| fs::rename(set.join("a"), set.join("z")).expect("renamed"),
            &["classes that are gone: `a`, and new: `z`", "8 pictures have other names"],
        ),
        (
            "added",
            &|set| picture(7000).save(set.join("a/new.png")).expect("written"),
            &["1 picture was added", "new.png`"],
        ),
        (
            "removed",
            &|set| fs::remove_file(set.join("b/3.png")).expect("removed"),
            &["1 picture was removed", "`set/b/3.png`"],
        ),
        (
            "replaced",
            &|set| picture(7000).save(set.join("b/3.png")).expect("written"),
            &["1 picture has other contents", "`set/b/3.png`"],
        ),
        (
            "relabelled",
            &|set| fs::rename(set.join("a/2.png"), set.join("b/2a.png")).expect("renamed"),
            &["1 picture has another label", "`set/a/2.png`"],
        ),
        (
            "labels swapped",
            &|set| {
                for (from, to) in [("a", "x"), ("b", "a"), ("x", "b")] {
                    fs::rename(set.join(from), set.join(to)).expect("renamed");
                }
            },
            &["16 pictures have other contents"],
        ),
        (
            "class added",
            &|set| {
                fs::create_dir(set.join("d")).expect("made");
                (0..8).for_each(|seed| {
                    picture(7000 + seed).save(set.join(format!("d/{seed}.png"))).expect("written")
                });
            },
            &["new classes: `d`", "8 pictures were added"],
        ),
        (
            "class removed",
            &|set| fs::remove_dir_all(set.join("b")).expect("removed"),
            &["classes that are gone: `b`", "8 pictures were removed"],
        ),
    ];
    for (what, change, words) in changes {
        let place = Place::new();
        picture_folder(&place);
        place.cnnc(&["run", "pictures.cnn", "--out", "run"]).success();
        let (state, history) = (place.bytes("run/state.safetensors"), place.bytes("run/history.csv"));
        change(&place.path("set"));
        let resume = ["run", "pictures.cnn", "--resume", "run", "--epochs", "2"];
        place.cnnc(&resume).refused(&["error[E0612]"]).refused(words);
        assert!(place.bytes("run/state.safetensors") == state, "{what}: nothing was trained");
        assert!(place.bytes("run/history.csv") == history, "{what}");
        if what.starts_with("class ") && what != "class renamed" {
            continue; // another number of classes is another model
        }
        let accepting = [&resume[..], &["--data-changed", "accept"]].concat();
        place.cnnc(&accepting).success().says(&["warning: the run goes on with other data"]).says(words);
        let report: serde_json::Value = serde_json::from_slice(&place.bytes("run/run.json")).expect("JSON");
        assert_eq!(report["data_changed_at_steps"].as_array().map(Vec::len), Some(1), "{what}: {report}");
        // they are its own data from then on
        let said = place.cnnc(&["run", "pictures.cnn", "--resume", "run", "--epochs", "3"]).success().said();
        assert!(!said.contains("other data"), "{what}: {said}");
    }
}

/// What says the same, and is none of the run's business, changes nothing.
#[test]
fn a_run_goes_on_where_its_data_are_the_same() {
    let place = Place::new();
    picture_folder(&place);
    place.cnnc(&["run", "pictures.cnn", "--out", "whole", "--epochs", "4"]).success();
    place.cnnc(&["run", "pictures.cnn", "--out", "run"]).success();
    // kept in another way: the contents are not read as a whole
    place
        .cnnc(&["run", "pictures.cnn", "--resume", "run", "--epochs", "2", "--set", "data.cache=none"])
        .success();
    // touched, and with a file beside that is no picture
    fs::write(place.path("set/a/notes.txt"), "mine").expect("written");
    let bytes = place.bytes("set/a/1.png");
    fs::write(place.path("set/a/1.png"), bytes).expect("written");
    place.cnnc(&["run", "pictures.cnn", "--resume", "run", "--epochs", "3"]).success();
    // moved as a whole
    fs::create_dir(place.path("elsewhere")).expect("made");
    fs::rename(place.path("set"), place.path("elsewhere/set")).expect("moved");
    let words = ["run", "pictures.cnn", "--resume", "run", "--epochs", "4", "--data-dir", "elsewhere"];
    let said = place.cnnc(&words).success().said();
    assert!(!said.contains("other data"), "{said}");
    place.results("run").are(&place.results("whole"), "the same data");
}

/// Writes pictures and labels as a data set of another kind; `changed` replaces one pixel, and
/// `relabelled` one label.
fn write_set(place: &Place, kind: &str, changed: bool, relabelled: bool) {
    let pictures: Vec<image::RgbImage> = (0..16)
        .map(|number| {
            let mut picture = picture(number);
            if changed && number == 5 {
                picture.get_pixel_mut(3, 3).0[0] ^= 1;
            }
            picture
        })
        .collect();
    let label = |number: usize| if relabelled && number == 5 { 0 } else { number % 2 };
    let encoded = |number: usize| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        pictures[number].write_to(&mut bytes, image::ImageFormat::Png).expect("encoded");
        bytes.into_inner()
    };
    let member = |number: usize| format!("set/{}/{number}.png", ["a", "b"][label(number)]);
    match kind {
        "npz" => {
            let pixels = pictures.iter().flat_map(|picture| picture.as_raw().clone()).collect();
            let file = fs::File::create(place.path("set.npz")).expect("made");
            let mut npz = ndarray_npy::NpzWriter::new(file);
            let images =
                ndarray::Array4::<u8>::from_shape_vec((16, 8, 8, 3), pixels).expect("as many values");
            npz.add_array("x_train", &images).expect("written");
            npz.add_array("y_train", &ndarray::Array1::from_iter((0..16).map(|n| label(n) as i64)))
                .expect("written");
            npz.finish().expect("written");
        }
        "idx" => {
            let gray = pictures
                .iter()
                .flat_map(|picture| picture.pixels().map(|pixel| pixel.0[0]).collect::<Vec<u8>>());
            let images =
                [&[0, 0, 8, 3, 0, 0, 0, 16, 0, 0, 0, 8, 0, 0, 0, 8][..], &gray.collect::<Vec<u8>>()].concat();
            let labels: Vec<u8> =
                [0, 0, 8, 1, 0, 0, 0, 16].into_iter().chain((0..16).map(|n| label(n) as u8)).collect();
            fs::write(place.path("images"), images).expect("written");
            fs::write(place.path("labels"), labels).expect("written");
        }
        "cifar" => {
            // colour by colour, 32x32: each pixel four times in both directions
            let record = |number: usize| {
                let plane = |channel: usize| {
                    let pixel = move |at: usize| (at / 32 / 4, at % 32 / 4, channel);
                    (0..1024).map(pixel).collect::<Vec<_>>()
                };
                let value = |(y, x, channel): (usize, usize, usize)| {
                    pictures[number].get_pixel(x as u32, y as u32).0[channel]
                };
                std::iter::once(label(number) as u8)
                    .chain((0..3).flat_map(plane).map(value))
                    .collect::<Vec<u8>>()
            };
            fs::write(place.path("set.bin"), (0..16).flat_map(record).collect::<Vec<u8>>()).expect("written");
        }
        "csv" => {
            let _ = fs::create_dir(place.path("table"));
            let row = |number: usize| {
                fs::write(place.path("table").join(format!("{number}.png")), encoded(number))
                    .expect("written");
                format!("{number}.png,{}\n", ["a", "b"][label(number)])
            };
            let rows: String = (0..16).map(row).collect();
            fs::write(place.path("table/labels.csv"), format!("path,kind\n{rows}")).expect("written");
        }
        "zip" => {
            let mut zip = zip::ZipWriter::new(fs::File::create(place.path("set.zip")).expect("made"));
            for number in 0..16 {
                zip.start_file(member(number), zip::write::SimpleFileOptions::default()).expect("begun");
                std::io::Write::write_all(&mut zip, &encoded(number)).expect("written");
            }
            zip.finish().expect("written");
        }
        _ => {
            let mut tar = tar::Builder::new(fs::File::create(place.path("set.tar")).expect("made"));
            for number in 0..16 {
                let bytes = encoded(number);
                let mut header = tar::Header::new_gnu();
                header.set_size(bytes.len() as u64);
                header.set_mode(0o644);
                tar.append_data(&mut header, member(number), &bytes[..]).expect("written");
            }
            tar.finish().expect("written");
        }
    }
}

#[test]
fn every_kind_of_data_set_is_watched() {
    let relabelled = ["1 picture has another label"];
    let kinds = [
        ("npz", "npz(\"set.npz\")", "8x8x3"),
        ("idx", "idx(images: \"images\", labels: \"labels\")", "8x8x1"),
        ("cifar", "cifar_binary(\"set.bin\", label_bytes: 1)", "32x32x3"),
        ("csv", "csv(\"table/labels.csv\", image: path, label: kind)", "8x8x3"),
        ("zip", "folder(\"set.zip/set\")", "8x8x3"),
        ("tar", "folder(\"set.tar/set\")", "8x8x3"),
    ];
    for (kind, source, size) in kinds {
        let place = Place::new();
        let text = PICTURES.replace("folder(\"set\")", source).replace("8x8x3", size);
        fs::write(place.path("set.cnn"), text).expect("written");
        write_set(&place, kind, false, false);
        place.cnnc(&["run", "set.cnn", "--out", "run"]).success();
        let resume = ["run", "set.cnn", "--resume", "run", "--epochs", "2"];
        write_set(&place, kind, true, false);
        place.cnnc(&resume).refused(&["error[E0612]", "1 picture has other contents"]);
        write_set(&place, kind, false, true);
        place.cnnc(&resume).refused(&["error[E0612]"]).refused(&relabelled);
        write_set(&place, kind, false, false);
        place.cnnc(&resume).success();
    }
    // digits are part of the program: only their splits can change, by a setting
    let place = Place::new();
    place.cnnc(&["run", "tiny.cnn", "--epochs", "1", "--out", "run"]).success();
    let words = ["run", "tiny.cnn", "--resume", "run", "--set", "data.seed=5"];
    place.cnnc(&words).refused(&["error[E0606]", "`data.seed` was 42, is 5"]);
}

#[test]
fn evaluation_says_what_the_weights_were_trained_on() {
    let place = Place::new();
    picture_folder(&place);
    place.cnnc(&["run", "pictures.cnn", "--out", "run"]).success();
    let eval = |words: &[&str]| {
        place
            .cnnc(&[&["eval", "pictures.cnn", "--weights", "run/weights.safetensors"][..], words].concat())
            .success()
    };
    for split in ["train", "validation", "test"] {
        let said = eval(&["--split", split]).said();
        assert!(!said.contains("trained on"), "{split}: {said}");
    }
    // drawn anew, the test split has pictures that were trained on
    let done = eval(&["--set", "data.seed=3", "--format", "json"]);
    let printed: serde_json::Value = serde_json::from_slice(&done.0.stdout).expect("JSON");
    let trained_on = printed["data"]["trained_on"].as_u64().expect("a number");
    assert!(trained_on > 0 && printed["data"]["as_trained"] == false, "{printed}");
    let warning = format!("warning: the weights were trained on {trained_on} of these 6 pictures");
    done.says(&["stand in another split", &warning]);
    // other pictures altogether are good to evaluate on
    for (class, first) in [("a", 7000), ("b", 7100), ("c", 7200)] {
        for number in 0..8 {
            picture(first + number).save(place.path(&format!("set/{class}/{number}.png"))).expect("written");
        }
    }
    let said = eval(&[])
        .says(&["note: the weights were trained on other data: 24 pictures have other contents"])
        .said();
    assert!(!said.contains("warning: "), "{said}");
    // elsewhere, nothing is known of them
    fs::copy(place.path("run/weights.safetensors"), place.path("w.safetensors")).expect("copied");
    let said = place.cnnc(&["eval", "pictures.cnn", "--weights", "w.safetensors"]).success().said();
    assert!(!said.contains("trained on"), "{said}");
}
