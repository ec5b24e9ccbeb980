//! The optimizer's update of one weight, as graph nodes. Formulas as in Keras 3 (`keras/src/optimizers`), see [`Optimizer`].

use crate::ir::{Graph, Optimizer, Param, ParamId, ParamRole, ScalarInput, Value};
use crate::kernel::desc::{Expr, ExprId, ExprNode};
use crate::layers::Initializer;
use crate::ops::{Map, MapResult, Op, complement};

/// Adds the update of `weight` by `gradient`, and the slots it needs.
pub(super) fn update(graph: &mut Graph, optimizer: &Optimizer, weight: ParamId, gradient: Value) {
    match *optimizer {
        Optimizer::Sgd { momentum, nesterov, .. } => sgd(graph, weight, gradient, momentum, nesterov),
        Optimizer::RmsProp { rho, momentum, epsilon, .. } => {
            rms_prop(graph, weight, gradient, rho, momentum, epsilon);
        }
        Optimizer::Adam { beta_1, beta_2, epsilon, weight_decay, .. } => {
            adam(graph, weight, gradient, [beta_1, beta_2], epsilon, weight_decay);
        }
    }
}

fn sgd(graph: &mut Graph, weight: ParamId, gradient: Value, momentum: f32, nesterov: bool) {
    let slots: &[&str] = if momentum == 0.0 { &[] } else { &["momentum"] };
    push(graph, weight, gradient, slots, &[ScalarInput::LearningRate], |e, [w, g], slots, rates| {
        let step = e.mul(rates[0], g);
        let Some(&velocity) = slots.first() else { return vec![e.sub(w, step)] };
        let mu = e.constant(momentum);
        let kept = e.mul(mu, velocity);
        let velocity = e.sub(kept, step);
        let moved = if nesterov {
            let ahead = e.mul(mu, velocity);
            e.sub(ahead, step)
        } else {
            velocity
        };
        vec![e.add(w, moved), velocity]
    });
}

fn rms_prop(graph: &mut Graph, weight: ParamId, gradient: Value, rho: f32, momentum: f32, epsilon: f32) {
    let slots: &[&str] = if momentum == 0.0 { &["velocity"] } else { &["velocity", "momentum"] };
    push(graph, weight, gradient, slots, &[ScalarInput::LearningRate], |e, [w, g], slots, rates| {
        let (rho, rest, epsilon) = (e.constant(rho), e.constant(complement(rho)), e.constant(epsilon));
        let square = e.mul(g, g);
        let (kept, taken) = (e.mul(rho, slots[0]), e.mul(rest, square));
        let velocity = e.add(kept, taken);
        let below = e.add(velocity, epsilon);
        let deviation = e.push(ExprNode::Sqrt(below));
        let step = e.mul(rates[0], g);
        let step = e.div(step, deviation);
        let Some(&moment) = slots.get(1) else { return vec![e.sub(w, step), velocity] };
        let mu = e.constant(momentum);
        let moment = e.mul_add(mu, moment, step);
        vec![e.sub(w, moment), velocity, moment]
    });
}

fn adam(graph: &mut Graph, weight: ParamId, gradient: Value, betas: [f32; 2], epsilon: f32, weight_decay: f32) {
    let rates: &[ScalarInput] = if weight_decay == 0.0 {
        &[ScalarInput::AdamRate]
    } else {
        &[ScalarInput::AdamRate, ScalarInput::LearningRate]
    };
    push(graph, weight, gradient, &["momentum", "velocity"], rates, |e, [w, g], slots, rates| {
        let w = match rates.get(1) {
            Some(&rate) => {
                let decay = e.constant(weight_decay);
                let share = e.mul(rate, decay);
                let lost = e.mul(w, share);
                e.sub(w, lost)
            }
            None => w,
        };
        let (rest_1, rest_2, epsilon) =
            (e.constant(complement(betas[0])), e.constant(complement(betas[1])), e.constant(epsilon));
        let change = e.sub(g, slots[0]);
        let moment = e.mul_add(change, rest_1, slots[0]);
        let square = e.mul(g, g);
        let change = e.sub(square, slots[1]);
        let velocity = e.mul_add(change, rest_2, slots[1]);
        let root = e.push(ExprNode::Sqrt(velocity));
        let below = e.add(root, epsilon);
        let step = e.mul(rates[0], moment);
        let step = e.div(step, below);
        vec![e.sub(w, step), moment, velocity]
    });
}

/// Adds the map that computes the new weight and slots, and the updates.
fn push(
    graph: &mut Graph,
    weight: ParamId,
    gradient: Value,
    slots: &[&str],
    rates: &[ScalarInput],
    write: impl FnOnce(&mut Expr, [ExprId; 2], &[ExprId], &[ExprId]) -> Vec<ExprId>,
) {
    let layer = graph.node(gradient.node).layer.clone();
    let Param { name, shape, .. } = graph.params[weight.index()].clone();
    let old = graph.parameter(weight);
    let slot_values: Vec<(ParamId, Value)> = slots
        .iter()
        .map(|slot| {
            let name = format!("{name}.{slot}");
            let param = Param { name, shape: shape.clone(), initializer: Initializer::Zeros, role: ParamRole::Slot };
            graph.add_param(param, &layer)
        })
        .collect();
    let rates: Vec<Value> = rates.iter().map(|rate| graph.scalar(rate.clone())).collect();
    let operands: Vec<Value> =
        [old, gradient].into_iter().chain(slot_values.iter().map(|&(_, v)| v)).chain(rates.iter().copied()).collect();
    let map = Map::several(|e| {
        let ids: Vec<ExprId> = (0..operands.len()).map(|i| e.input(i)).collect();
        let (slot_ids, rate_ids) = ids[2..].split_at(slots.len());
        let results = write(e, [ids[0], ids[1]], slot_ids, rate_ids);
        results.into_iter().map(|result| (result, MapResult::Each)).collect()
    });
    let node = graph.push(Op::Map(map), &operands, &layer);
    let targets = std::iter::once(weight).chain(slot_values.iter().map(|&(id, _)| id));
    for (output, id) in (0_u16..).zip(targets) {
        graph.updates.push((id, Value { node, output }));
    }
}
