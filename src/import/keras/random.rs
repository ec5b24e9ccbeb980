//! Layers that vary pictures while they are trained on.

use super::config::{Config, No, no};
use super::layers::{Made, Meaning, channels_last};
use crate::tensor::Shape;
use crate::vocabulary::OptionValue;

pub(super) fn meaning(class: &str, config: &Config<'_>, _inputs: &[Shape]) -> Result<Meaning, No> {
    channels_last(config)?;
    let (keyword, options) = match class {
        "RandomFlip" => {
            let mode = match config.text("mode", "horizontal_and_vertical")? {
                "horizontal" => "horizontal",
                "vertical" => "vertical",
                _ => "horizontal_and_vertical",
            };
            ("random_flip", vec![("mode", OptionValue::Choice(mode))])
        }
        "RandomRotation" => {
            // in parts of a full turn
            let turn = share(config, "factor")?.map(|ends| ends.map(|end| end * 360.0));
            let mut options = vec![("factor", OptionValue::AngleRange(turn.unwrap_or_default()))];
            outside(config, &mut options)?;
            ("random_rotation", options)
        }
        "RandomZoom" | "RandomTranslation" => {
            let height = share(config, "height_factor")?.unwrap_or_default();
            let mut options = vec![("height_factor", OptionValue::Range(height))];
            if let Some(width) = share(config, "width_factor")? {
                options.push(("width_factor", OptionValue::Range(width)));
            }
            outside(config, &mut options)?;
            (if class == "RandomZoom" { "random_zoom" } else { "random_translation" }, options)
        }
        "RandomContrast" | "RandomBrightness" => {
            // Keras has −lower … upper for the contrast, and both ends as they are for the brightness
            let ends = share(config, "factor")?.unwrap_or_default();
            let mut options = vec![("factor", OptionValue::Range(ends))];
            if let Some(range) = config.numbers("value_range")? {
                match range[..] {
                    [low, high] => options.push(("value_range", OptionValue::Range([low, high]))),
                    _ => return no("a `value_range` that cannot be read", "`value_range: [0, 255]`"),
                }
            }
            (if class == "RandomContrast" { "random_contrast" } else { "random_brightness" }, options)
        }
        "RandomCrop" => {
            let options = vec![
                ("height", OptionValue::Int(config.int("height", 1)?)),
                ("width", OptionValue::Int(config.int("width", 1)?)),
            ];
            ("random_crop", options)
        }
        _ => return no(format!("the language has no layer `{class}`"), "`augment`, which has many of them"),
    };
    Ok(Meaning::Layer(Made { keyword, options }))
}

/// `0.2` or `[-0.1, 0.3]`.
fn share(config: &Config<'_>, key: &'static str) -> Result<Option<[f32; 2]>, No> {
    Ok(match config.numbers(key)?.as_deref() {
        None => None,
        Some(&[both]) => Some([-both, both]),
        Some(&[low, high]) => Some([low, high]),
        Some(_) => return no(format!("a `{key}` that cannot be read"), "two numbers"),
    })
}

/// What lies outside of a picture that was moved.
fn outside(config: &Config<'_>, options: &mut Vec<(&'static str, OptionValue)>) -> Result<(), No> {
    let mode = match config.text("fill_mode", "reflect")? {
        "reflect" => "reflect",
        "nearest" => "nearest",
        "wrap" => "wrap",
        "constant" => "constant",
        other => return no(format!("`fill_mode: {other}`"), "`reflect`"),
    };
    let interpolation = match config.text("interpolation", "bilinear")? {
        "nearest" => "nearest",
        "bilinear" => "bilinear",
        other => return no(format!("the interpolation `{other}`"), "`bilinear` or `nearest`"),
    };
    options.push(("fill_mode", OptionValue::Choice(mode)));
    options.push(("interpolation", OptionValue::Choice(interpolation)));
    options.push(("fill_value", OptionValue::Float(config.float("fill_value", 0.0)?)));
    Ok(())
}
