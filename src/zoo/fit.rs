//! Which tensors of a weights file a network starts from: `vgg16(weights: "vgg16.safetensors", include_top:
//! false)`.
//!
//! The file may hold more than is wanted of it, such as the layers that `include_top: false` leaves out.
//! Tensors are called as here, with or without the network's own name before them (`block1_conv1.kernel`,
//! `backbone.block1_conv1.kernel`), or, for a network of the zoo, as in the implementation its published
//! weights come from (`block1_conv1/kernel`, `features.0.weight`), and lie as they do there.

use super::names::{Foreign, NameTable};
use crate::ir::Backbone;
use crate::tensor::Shape;

/// What a file has for one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// The tensor of this name.
    Tensor(String, Foreign),
    /// A tensor of that name, but of another shape.
    Reshaped {
        /// Its name.
        name: String,
        /// Its shape.
        found: Shape,
        /// The shape that it should have there.
        wanted: Shape,
    },
    /// Nothing.
    Missing {
        /// The name that was looked for.
        name: String,
        /// The shape that it should have there.
        wanted: Shape,
    },
}

/// What a file has for each of a network's parameters, given as (full name, shape); those of other layers are
/// `None`. `scope` is the network's own name, `shape_of` tells the shapes of the file's tensors. Of several
/// ways of naming that counts which finds the most.
pub fn fit(
    scope: &str,
    backbone: &Backbone,
    params: &[(&str, &Shape)],
    shape_of: &dyn Fn(&str) -> Option<Shape>,
) -> Vec<Option<Fit>> {
    let prefix = format!("{scope}.");
    let wanted: Vec<Wanted<'_>> = params
        .iter()
        .filter_map(|&(full, shape)| Some(Wanted { full, inner: full.strip_prefix(&prefix)?, shape }))
        .collect();
    let mut places = places(&wanted, backbone, shape_of).into_iter();
    params
        .iter()
        .map(|(full, _)| {
            full.starts_with(&prefix).then(|| places.next()).flatten().map(|place| find(place, shape_of))
        })
        .collect()
}

/// A parameter of the network.
struct Wanted<'a> {
    full: &'a str,
    /// Its name within the network.
    inner: &'a str,
    shape: &'a Shape,
}

fn find(place: Foreign, shape_of: &dyn Fn(&str) -> Option<Shape>) -> Fit {
    let found = place.names.iter().find_map(|name| Some((name.clone(), shape_of(name)?)));
    match found {
        Some((name, shape)) if place.takes(&shape) => Fit::Tensor(name, place),
        Some((name, found)) => Fit::Reshaped { name, found, wanted: place.shape },
        None => {
            Fit::Missing { name: place.names.into_iter().next().unwrap_or_default(), wanted: place.shape }
        }
    }
}

/// Where each parameter stands, by the way of naming that finds the most of them.
fn places(
    wanted: &[Wanted<'_>],
    backbone: &Backbone,
    shape_of: &dyn Fn(&str) -> Option<Shape>,
) -> Vec<Foreign> {
    let bare = wanted.iter().map(|wanted| Foreign::own(wanted.inner.to_owned(), wanted.shape));
    let full = wanted.iter().map(|wanted| Foreign::own(wanted.full.to_owned(), wanted.shape));
    let mut ways: Vec<Vec<Foreign>> = vec![bare.collect(), full.collect()];
    if let Some(table) = table_of(backbone) {
        let of_reference = wanted.iter().map(|wanted| {
            let (layer, variable) = wanted.inner.rsplit_once('.')?;
            table.find(layer, variable, wanted.shape)
        });
        ways.extend(of_reference.collect::<Option<Vec<_>>>());
    }
    let found = |way: &Vec<Foreign>| {
        way.iter().filter(|place| place.names.iter().any(|name| shape_of(name).is_some())).count()
    };
    // among equals the first: of a file that has none of the names, our own are said to be missing
    ways.into_iter().rev().max_by_key(found).unwrap_or_default()
}

/// The reference's names for a network of the zoo.
fn table_of(backbone: &Backbone) -> Option<NameTable> {
    let model = super::find(&backbone.model).filter(|_| backbone.zoo)?;
    Some(NameTable::parse(model.names).expect("a test reads every table of the zoo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backbone(model: &str, zoo: bool) -> Backbone {
        Backbone { model: model.into(), zoo, weights: None, frozen: None, prepare: None }
    }

    /// What a file has for a convolution and a batch norm of the network `net`, and for a layer beside it.
    fn fitted(tensors: &[(&str, &[usize])], backbone: &Backbone) -> Vec<Option<Fit>> {
        let (kernel, mean, other) = (Shape::new([1, 1, 2, 2]), Shape::new([2]), Shape::new([4, 2]));
        let params =
            [("net.conv1.kernel", &kernel), ("net.bn1.moving_mean", &mean), ("dense.kernel", &other)];
        let shape_of = |name: &str| {
            tensors.iter().find(|(known, _)| *known == name).map(|(_, shape)| Shape::new(*shape))
        };
        fit("net", backbone, &params, &shape_of)
    }

    /// The names of the tensors that fit.
    fn names(fits: &[Option<Fit>]) -> Vec<&str> {
        fits.iter()
            .flatten()
            .filter_map(|fit| if let Fit::Tensor(name, _) = fit { Some(name.as_str()) } else { None })
            .collect()
    }

    #[test]
    fn our_names_fit_with_and_without_the_networks_own() {
        for prefix in ["", "net."] {
            let (kernel, mean) = (format!("{prefix}conv1.kernel"), format!("{prefix}bn1.moving_mean"));
            let tensors: [(&str, &[usize]); 3] =
                [(&kernel, &[1, 1, 2, 2]), (&mean, &[2]), ("fc.kernel", &[2, 9])];
            let fits = fitted(&tensors, &backbone("small", false));
            assert_eq!(names(&fits), [&kernel, &mean]);
            assert_eq!(fits[2], None);
        }
    }

    #[test]
    fn the_references_names_fit_a_network_of_the_zoo() {
        let tensors: [(&str, &[usize]); 2] = [("conv1.weight", &[2, 2, 1, 1]), ("bn1.running_mean", &[2])];
        assert_eq!(
            names(&fitted(&tensors, &backbone("resnet18", true))),
            ["conv1.weight", "bn1.running_mean"]
        );
        // another model of that name
        let missing = Fit::Missing { name: "conv1.kernel".into(), wanted: Shape::new([1, 1, 2, 2]) };
        assert_eq!(fitted(&tensors, &backbone("resnet18", false))[0], Some(missing));
    }

    #[test]
    fn what_does_not_fit_is_told_in_the_files_terms() {
        let fits = fitted(&[("conv1.weight", &[4, 2, 1, 1])], &backbone("resnet18", true));
        let (found, wanted) = (Shape::new([4, 2, 1, 1]), Shape::new([2, 2, 1, 1]));
        assert_eq!(fits[0], Some(Fit::Reshaped { name: "conv1.weight".into(), found, wanted }));
        assert_eq!(fits[1], Some(Fit::Missing { name: "bn1.running_mean".into(), wanted: Shape::new([2]) }));
    }
}
