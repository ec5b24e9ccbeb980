//! The `prepare` section as JSON: what weights files hold of how their pictures were prepared.

use serde_json::{Map, Value, json};

use super::decimal;
use crate::ir::PrepareSpec;
use crate::source::{Span, Spanned};
use crate::vocabulary::{Choices, Color, Fit, Normalize, Resize, ResizeMethod};

/// The section as JSON. Keys that are not written are left out.
pub fn prepare_json(prepare: &PrepareSpec) -> Value {
    let PrepareSpec { resize, color, rescale, normalize } = prepare;
    let mut entries = Map::new();
    if let Some(resize) = resize {
        let resize = resize.value;
        let size = format!("{}x{}", resize.height, resize.width);
        entries.insert(
            "resize".into(),
            json!({ "size": size, "method": resize.method.name(), "fit": resize.fit.name() }),
        );
    }
    if let Some(color) = color {
        entries.insert("color".into(), json!(color.value.name()));
    }
    if let Some(rescale) = rescale {
        entries.insert("rescale".into(), json!(decimal(rescale.value)));
    }
    if let Some(normalize) = normalize {
        let value = match &normalize.value {
            Normalize::PerImage => json!("per_image"),
            Normalize::Featurewise => json!("featurewise"),
            Normalize::Standard { mean, std, bgr } => {
                let list = |values: &[f32]| values.iter().map(|&v| decimal(v)).collect::<Vec<_>>();
                json!({ "mean": list(mean), "std": list(std), "bgr": bgr })
            }
        };
        entries.insert("normalize".into(), value);
    }
    Value::Object(entries)
}

/// What [`prepare_json`] made; `None` for what it never makes.
pub fn prepare_of_json(value: &Value) -> Option<PrepareSpec> {
    let mut prepare = PrepareSpec::default();
    for (key, value) in value.as_object()? {
        match key.as_str() {
            "resize" => prepare.resize = Some(brought(resize_of(value)?)),
            "color" => prepare.color = Some(brought(Color::from_name(value.as_str()?)?)),
            "rescale" => prepare.rescale = Some(brought(value.as_f64()? as f32)),
            "normalize" => prepare.normalize = Some(brought(normalize_of(value)?)),
            _ => return None,
        }
    }
    Some(prepare)
}

/// A value that stands in no text.
fn brought<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

fn resize_of(value: &Value) -> Option<Resize> {
    let (height, width) = value["size"].as_str()?.split_once('x')?;
    let extent = |text: &str| text.parse().ok().filter(|extent| *extent > 0);
    Some(Resize {
        height: extent(height)?,
        width: extent(width)?,
        method: ResizeMethod::from_name(value["method"].as_str()?)?,
        fit: Fit::from_name(value["fit"].as_str()?)?,
    })
}

fn normalize_of(value: &Value) -> Option<Normalize> {
    let list = |key: &str| -> Option<Vec<f32>> {
        value[key].as_array()?.iter().map(|number| number.as_f64().map(|number| number as f32)).collect()
    };
    match value.as_str() {
        Some("per_image") => Some(Normalize::PerImage),
        Some("featurewise") => Some(Normalize::Featurewise),
        Some(_) => None,
        None => {
            Some(Normalize::Standard { mean: list("mean")?, std: list("std")?, bgr: value["bgr"].as_bool()? })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let standard = Normalize::Standard { mean: vec![0.485, 103.939], std: vec![0.229, 1.0], bgr: true };
        for normalize in [None, Some(Normalize::PerImage), Some(Normalize::Featurewise), Some(standard)] {
            for (method, fit) in ResizeMethod::ALL.iter().zip([Fit::Stretch, Fit::Crop, Fit::Letterbox]) {
                let resize = Resize { height: 3, width: 40, method: *method, fit };
                let prepare = PrepareSpec {
                    resize: Some(brought(resize)),
                    color: Some(brought(Color::LabL)),
                    rescale: Some(brought(1.0 / 255.0)),
                    normalize: normalize.clone().map(brought),
                };
                assert_eq!(prepare_of_json(&prepare_json(&prepare)), Some(prepare));
            }
        }
        assert_eq!(prepare_of_json(&json!({})), Some(PrepareSpec::default()));
    }

    #[test]
    fn what_is_never_written_is_refused() {
        for unsound in [
            json!([]),
            json!({ "sharpen": true }),
            json!({ "color": "sepia" }),
            json!({ "rescale": "1/255" }),
            json!({ "resize": { "size": "0x8", "method": "area", "fit": "crop" } }),
            json!({ "normalize": { "mean": [0.5] } }),
        ] {
            assert_eq!(prepare_of_json(&unsound), None, "{unsound}");
        }
    }
}
