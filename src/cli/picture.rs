//! Scenes as files: of the type that a name says.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::console::Console;
use super::failure::Failure;
use crate::diag::Language;
use crate::draw::scene::{NoPng, Scene};
use crate::files;
use crate::printed::shown_path;
use crate::train::RunError;

/// What a picture is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PictureType {
    Png,
    Svg,
}

/// The type that a file's name says; PNG where it says none.
/// # Errors
/// [`Failure::Usage`] if no such pictures are written.
pub(super) fn type_of(path: &Path) -> Result<PictureType, Failure> {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    match end.as_deref() {
        None | Some("png") => Ok(PictureType::Png),
        Some("svg") => Ok(PictureType::Svg),
        Some(end) => Err(Failure::Usage(format!(
            "this picture is written as PNG or SVG, not as {end}: name the output `….png` or `….svg`"
        ))),
    }
}

/// Makes the bytes of a file of a PNG.
type OfPng<'f> = &'f dyn Fn(Vec<u8>) -> Result<Vec<u8>, Failure>;

/// Writes a picture, and says where it is: beside the name where no font has its letters, as SVG, which is drawn
/// with the fonts of whoever looks at it.
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn write<'p>(scene: &Scene, path: &'p Path, console: &Console) -> Result<Cow<'p, Path>, Failure> {
    write_as(scene, path, (type_of(path)?, &Ok), console)
}

/// [`write`], for files of pixels of other types: `of_png` makes them of a PNG.
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn write_as<'p>(
    scene: &Scene,
    path: &'p Path,
    (picture_type, of_png): (PictureType, OfPng<'_>),
    console: &Console,
) -> Result<Cow<'p, Path>, Failure> {
    let language = console.language();
    let said = match language {
        Language::English => Cow::Borrowed(scene),
        Language::Korean => Cow::Owned(scene.clone().said(&|text| language.label(text).into_owned())),
    };
    // where no font has the letters of the language, a picture is better than none
    let to_png = || match said.to_png() {
        Err(NoPng::NoFont { .. }) if language != Language::English => scene.to_png(),
        made => made,
    };
    let (path, bytes) = match picture_type {
        PictureType::Svg => (Cow::Borrowed(path), said.to_svg().into_bytes()),
        PictureType::Png => match to_png() {
            Ok(png) => (Cow::Borrowed(path), of_png(png)?),
            Err(reason @ NoPng::NoFont { .. }) => {
                let svg = as_svg(path);
                console.note(format_args!(
                    "note: {reason}: `{}` is SVG, which browsers draw with the fonts that they find",
                    shown_path(&svg)
                ));
                (svg, said.to_svg().into_bytes())
            }
            Err(error @ NoPng::Large { .. }) => {
                return Err(Failure::mistake(
                    error.to_string(),
                    "show less at once, or name the output `….svg`",
                ));
            }
            Err(NoPng::Drawing(what)) => {
                return Err(Failure::Bug(format!("a picture cannot be drawn: {what}")));
            }
        },
    };
    files::write(&path, |file| file.write_all(&bytes)).map_err(|error| RunError::write(&path, error))?;
    Ok(path)
}

/// The name of the SVG in place of a PNG; a stream keeps its own.
fn as_svg(path: &Path) -> Cow<'_, Path> {
    if files::stream_of(path).is_some() || files::goes_to_stdout(path) {
        return Cow::Borrowed(path);
    }
    let svg: PathBuf = path.with_extension("svg");
    Cow::Owned(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_in_the_name() {
        let named = |name: &str| type_of(Path::new(name)).ok();
        assert_eq!(
            ["a.png", "a.SVG", "a", "-"].map(named),
            [Some(PictureType::Png), Some(PictureType::Svg), Some(PictureType::Png), Some(PictureType::Png)]
        );
        let refused = type_of(Path::new("a.gif"));
        assert!(matches!(refused, Err(Failure::Usage(said)) if said.contains("gif") && said.contains("png")));
    }
}
