use super::*;
use crate::ir::{StartingWeights, WeightsOf};
use crate::layers::Axes;
use crate::source::Span;
use crate::zoo::listing::Listed;
use crate::zoo::names::Layout;

fn backbone(model: &str, zoo: bool, matching: Matching) -> Backbone {
    let from = WeightsOf::File("w.h5".into());
    let weights = Some(StartingWeights { from, span: Span::default(), partial: false, matching });
    Backbone { model: model.into(), zoo, weights, frozen: None, prepare: None }
}

fn variable(
    (layer, kind): (&str, &'static str),
    (name, position): (&'static str, usize),
    extents: &[usize],
) -> Variable {
    let axes = if extents.len() == 4 { Axes::Windows } else { Axes::Features };
    let (layer, shape) = (layer.to_owned(), Shape::new(extents));
    Variable { at: 0, layer, name, position, shape, axes, rows: None, kind }
}

/// A convolution and a batch norm of the network `net`, and a layer beside it.
fn variables() -> Vec<Variable> {
    vec![
        variable(("net.conv1", "conv2d"), ("kernel", 0), &[1, 1, 2, 2]),
        variable(("net.bn1", "batch_norm"), ("moving_mean", 2), &[2]),
        variable(("dense", "dense"), ("kernel", 0), &[4, 2]),
    ]
}

fn listing(tensors: &[(&str, &[usize])]) -> Listing {
    let tensors = tensors.iter().map(|(name, extents)| Listed::named((*name).into(), Shape::new(*extents)));
    Listing { format: "safetensors", tensors: tensors.collect(), is_ordered: true, ..Listing::default() }
}

fn fitted(tensors: &[(&str, &[usize])], backbone: &Backbone) -> Account {
    fit_backbone(&listing(tensors), "net", backbone, &variables())
}

/// The indices of the tensors that fit.
fn found(account: &Account) -> Vec<usize> {
    let tensors = account.fits.iter().filter_map(|fit| match fit.found {
        Found::Tensor(tensor, _) => Some(tensor),
        Found::Reshaped { .. } | Found::Missing { .. } => None,
    });
    tensors.collect()
}

#[test]
fn our_names_fit_with_and_without_the_networks_own() {
    for prefix in ["", "net."] {
        let (kernel, mean) = (format!("{prefix}conv1.kernel"), format!("{prefix}bn1.moving_mean"));
        let tensors: [(&str, &[usize]); 3] =
            [(&kernel, &[1, 1, 2, 2]), (&mean, &[2]), ("fc.kernel", &[2, 9])];
        let account = fitted(&tensors, &backbone("small", false, Matching::Names));
        assert_eq!((found(&account), &account.unused[..]), (vec![0, 1], &[2][..]));
        assert!(account.is_complete());
    }
}

#[test]
fn the_references_names_fit_and_prefixes_do_not_count() {
    for prefix in ["", "module.", "model.encoder."] {
        for (model, zoo) in [("resnet18", true), ("small", false)] {
            let (kernel, mean) = (format!("{prefix}conv1.weight"), format!("{prefix}bn1.running_mean"));
            let tensors: [(&str, &[usize]); 2] = [(&kernel, &[2, 2, 1, 1]), (&mean, &[2])];
            assert_eq!(found(&fitted(&tensors, &backbone(model, zoo, Matching::Names))), [0, 1], "{prefix}");
        }
    }
}

#[test]
fn a_network_may_be_of_another_implementation() {
    let fc = Variable { axes: Axes::Matrix, ..variable(("net.fc1", "dense"), ("kernel", 0), &[49 * 512, 8]) };
    let variables = [variable(("net.block3_conv2", "conv2d"), ("bias", 1), &[4]), fc];
    let torch: [(&str, &[usize]); 2] = [("features.12.bias", &[4]), ("classifier.0.weight", &[8, 49 * 512])];
    let keras: [(&str, &[usize]); 2] = [("block3_conv2/bias:0", &[4]), ("fc1/kernel:0", &[49 * 512, 8])];
    for tensors in [torch, keras] {
        let of = backbone("vgg16", true, Matching::Names);
        assert_eq!(found(&fit_backbone(&listing(&tensors), "net", &of, &variables)), [0, 1], "{tensors:?}");
    }
}

/// Torchvision renames tensors of DenseNet's published file when it loads them; here it is read as it is.
#[test]
fn a_published_file_may_be_older_than_the_references_names() {
    let layer = |name: &'static str| format!("net.denseblock2.9.dense_layer.{name}");
    let variables = [
        variable(("net.conv0", "conv2d"), ("kernel", 0), &[7, 7, 3, 8]),
        variable((&layer("norm1"), "batch_norm"), ("gamma", 0), &[8]),
        variable((&layer("conv2"), "conv2d"), ("kernel", 0), &[3, 3, 8, 4]),
        variable(("net.transition1.norm", "batch_norm"), ("beta", 1), &[8]),
    ];
    let within = "features.denseblock2.denselayer10";
    for between in ["", "."] {
        let (norm, conv) =
            (format!("{within}.norm{between}1.weight"), format!("{within}.conv{between}2.weight"));
        let tensors: [(&str, &[usize]); 4] = [
            ("features.conv0.weight", &[8, 3, 7, 7]),
            (&norm, &[8]),
            (&conv, &[4, 8, 3, 3]),
            ("features.transition1.norm.bias", &[8]),
        ];
        let of = backbone("densenet121", true, Matching::Names);
        assert_eq!(found(&fit_backbone(&listing(&tensors), "net", &of, &variables)), [0, 1, 2, 3], "{norm}");
    }
}

#[test]
fn what_does_not_fit_is_told_in_the_files_terms() {
    let tensors: [(&str, &[usize]); 1] = [("conv1.weight", &[4, 2, 1, 1])];
    let account = fitted(&tensors, &backbone("resnet18", true, Matching::Names));
    let [kernel, mean] = &account.fits[..] else { panic!("two variables") };
    assert_eq!(kernel.found, Found::Reshaped { tensor: 0, wanted: Shape::new([2, 2, 1, 1]) });
    assert_eq!(mean.found, Found::Missing { name: "bn1.running_mean".into(), wanted: Shape::new([2]) });
    assert!(!account.is_complete() && account.unused.is_empty());
}

/// A file of Keras: layers with the places of their variables.
fn keras(tensors: &[(&str, &str, usize, &[usize])], is_ordered: bool) -> Listing {
    let tensors = tensors.iter().map(|(layer, variable, position, extents)| Listed {
        name: format!("{layer}/{variable}"),
        shape: Shape::new(*extents),
        layer: (*layer).into(),
        variable: (*variable).into(),
        position: Some(*position),
        class: (!is_ordered).then(|| layer.trim_end_matches(|c: char| c == '_' || c.is_ascii_digit()).into()),
    });
    let layout = Some(Layout::Keras);
    Listing { format: "Keras", tensors: tensors.collect(), layout, is_ordered, beside: Vec::new() }
}

#[test]
fn keras_knows_the_place_of_a_variable_and_the_class_of_a_layer() {
    let bn = variable(("net.batch_norm_3", "batch_norm"), ("moving_mean", 2), &[2]);
    let account = |listing| {
        fit_backbone(&listing, "net", &backbone("small", false, Matching::Names), std::slice::from_ref(&bn))
    };
    // within another model; called by its class; as in files of old
    for (layer, variable) in [
        ("batch_normalization_3", "moving_mean"),
        ("outer.batch_norm_3", "2"),
        ("batch_normalization_3", "batch_normalization_3_running_mean"),
    ] {
        let listing = keras(&[(layer, "gamma", 0, &[2]), (layer, variable, 2, &[2])], true);
        assert_eq!(found(&account(listing)), [1], "{layer}/{variable}");
    }
    // a variable of another name in that place is another one, and two layers of one name are none
    assert!(found(&account(keras(&[("batch_norm_3", "gamma", 2, &[2])], true))).is_empty());
    let twice = keras(&[("a.batch_norm_3", "2", 2, &[2]), ("b.batch_norm_3", "2", 2, &[2])], true);
    assert!(found(&account(twice)).is_empty());
}

#[test]
fn order_alone_matches_where_it_is_asked_for() {
    let by_order = backbone("small", false, Matching::Order);
    let tensors: [(&str, &[usize]); 3] = [("x", &[2, 2, 1, 1]), ("y", &[2]), ("z", &[5])];
    let account = fitted(&tensors, &by_order);
    assert_eq!((found(&account), &account.unused[..]), (vec![0, 1], &[2][..]));
    assert_eq!(fitted(&tensors[1..], &by_order).used(), 0, "the first for the first");
    // classes each have an order of their own
    let listing =
        keras(&[("batch_normalization_7", "2", 2, &[2]), ("conv2d_9", "0", 0, &[1, 1, 2, 2])], false);
    let account = fit_backbone(&listing, "net", &by_order, &variables());
    assert_eq!(found(&account), [1, 0]);
}
