//! Drafts as a network.

use super::active::{Active, Atom, Value};
use super::draft::{Draft, Kind};
use super::graph::said;
use super::layers;
use super::reader::Reader;
use super::refusal::{Refusal, refuse};
use super::words;
use crate::import::network::{Network, Node, NodeId};
use crate::tensor::Shape;

/// What has been read, as far as its results or what was refused need it.
pub(super) fn network(mut reader: Reader<'_>) -> Network {
    let graph = reader.graph;
    let mut outputs: Vec<(String, usize)> = Vec::new();
    for output in &graph.outputs {
        match reader.values.get(output.name.as_str()).cloned() {
            Some(Value::Active(value)) => match answer(&mut reader, &value) {
                Ok(draft) => outputs.push((output.name.clone(), draft)),
                Err(refusal) => reader.refuse(format!("output {}", output.name), refusal),
            },
            Some(Value::Missing) => {}
            Some(Value::Constant(_)) | None => {
                let why =
                    refuse("it does not depend on the pictures").near("leave it out of the model's outputs");
                reader.refuse(format!("output {}", output.name), why);
            }
        }
    }
    let ends: Vec<usize> =
        outputs.iter().map(|(_, draft)| *draft).chain(before_refused(&reader)).chain([0]).collect();
    let is_alive = reader.reaches(ends.iter().copied());
    let mut places: Vec<Option<NodeId>> = vec![None; reader.drafts.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); reader.drafts.len()];
    for &at in &is_alive {
        reader.drafts[at].inputs.iter().for_each(|&input| users[input].push(at));
    }
    let mut network = Network::default();
    let votes = reader.votes;
    let kinds: Vec<Kind> = reader.drafts.iter().map(|draft| draft.kind.clone()).collect();
    for (at, draft) in reader.drafts.drain(..).enumerate() {
        if !is_alive.contains(&at) {
            continue;
        }
        let mut draft = draft;
        let is_vector = kinds[at] == Kind::GlobalPool
            && !users[at].is_empty()
            && users[at].iter().all(|&user| kinds[user] == Kind::Flatten)
            && !ends.contains(&at);
        match &kinds[at] {
            Kind::GlobalPool => {
                draft.set("keep_dims", words::flag(!is_vector));
                if is_vector {
                    draft.shape = Shape::vector(draft.shape.channels());
                }
            }
            // the pool gives a vector by itself
            Kind::Flatten => {
                let input = draft.inputs[0];
                let is_of_pool = kinds[input] == Kind::GlobalPool
                    && places[input].is_some_and(|place| network.nodes[place.0].shape.rank() == 1);
                if is_of_pool {
                    places[at] = places[input];
                    continue;
                }
            }
            Kind::Affine(affine) => match layers::finished(&draft, affine, draft.inputs == [0]) {
                Some(made) => draft = made,
                None => {
                    places[at] = places[draft.inputs[0]];
                    continue;
                }
            },
            Kind::Weighted { either: Some(number), .. } | Kind::Pool(number)
                if votes.prefer_number(&draft) =>
            {
                draft.set("padding", words::int(*number));
            }
            Kind::Plain
            | Kind::Weighted { .. }
            | Kind::Pool(_)
            | Kind::Activation(_)
            | Kind::LayerNorm
            | Kind::Pad(_)
            | Kind::Join => {}
        }
        let inputs: Vec<NodeId> = draft.inputs.iter().filter_map(|&input| places[input]).collect();
        places[at] = Some(NodeId(network.nodes.len()));
        let Draft { name, origin, keyword, options, shape, parameters, .. } = draft;
        network.nodes.push(Node { name, keyword, options, inputs, shape, parameters, origin });
    }
    network.outputs =
        outputs.into_iter().filter_map(|(name, draft)| places[draft].map(|place| (name, place))).collect();
    network.refused = reader.refused;
    network
}

/// Layers whose results go into what was refused.
fn before_refused(reader: &Reader<'_>) -> Vec<usize> {
    let graph = reader.graph;
    let is_missing = |name: &String| matches!(reader.values.get(name.as_str()), Some(Value::Missing));
    let refused = graph.nodes.iter().filter(|node| node.output.iter().any(is_missing));
    let taken = refused.flat_map(|node| &node.input).filter_map(|name| reader.values.get(name.as_str()));
    taken
        .filter_map(|value| if let Value::Active(active) = value { Some(active.draft) } else { None })
        .collect()
}

/// The layer whose result is one of the graph.
fn answer(reader: &mut Reader<'_>, value: &Active) -> Result<usize, Refusal> {
    let other = |reader: &Reader<'_>| {
        refuse(format!(
            "it gives its values as {}, and here they would come in another order",
            reader.described(value)
        ))
        .near("maps with height before width, or `flatten`")
    };
    if value.axes.first().is_none_or(|first| !first.contains(&Atom::Batch))
        || reader.solid(value, 0) != [Atom::Batch]
    {
        return Err(other(reader));
    }
    let shape = &reader.drafts[value.draft].shape;
    let is_number = shape.elements() == 1;
    let is_map = shape.rank() == 3;
    let draft = if is_map && (value.axes.len() > 2 || is_number) {
        let sides: Vec<Atom> = (1..value.axes.len()).flat_map(|axis| reader.solid(value, axis)).collect();
        let is_turned = sides.iter().position(|&atom| atom == Atom::Columns)
            < sides.iter().position(|&atom| atom == Atom::Rows);
        let has_both = sides.contains(&Atom::Rows) && sides.contains(&Atom::Columns);
        if is_turned && has_both {
            return Err(other(reader));
        }
        value.draft
    } else {
        let vector = reader.vector(value)?;
        if vector.order.is_some() {
            return Err(other(reader));
        }
        vector.draft
    };
    if draft == 0 {
        // a model has a layer
        let shape = reader.drafts[0].shape.clone();
        let open = reader.drafts[0].open;
        let made =
            Draft::new("activation", vec![0], shape).option("activation", words::word("linear")).open(open);
        let origin = reader.graph.nodes.last().map(said).unwrap_or_default();
        reader.drafts.push(Draft { origin, ..made });
        return Ok(reader.drafts.len() - 1);
    }
    Ok(draft)
}
