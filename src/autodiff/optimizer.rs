//! The optimizer's update of one weight, as graph nodes. Formulas as in Keras 3 (`keras/src/optimizers`), see
//! [`Optimizer`].

use crate::desc::{Expr, ExprId, ExprNode};
use crate::ir::{Graph, Optimizer, Param, ParamId, ParamRole, ScalarInput, StepRate, UpdateRules, Value};
use crate::ops::{Map, MapResult, Op, complement};
use crate::vocabulary::Initializer;

/// Adds the update of `weight` by `gradient`, and the slots it needs. The learning rate is that of the step
/// times `rate_factor`.
pub(super) fn update(
    graph: &mut Graph,
    optimizer: &Optimizer,
    updates: &UpdateRules,
    (weight, gradient): (ParamId, Value),
    rate_factor: f32,
) {
    let (weight_decay, average) = (updates.weight_decay, updates.ema.is_some());
    let target = Target { weight, gradient, weight_decay, average, rate_factor };
    match *optimizer {
        Optimizer::Sgd { momentum, nesterov, .. } => sgd(graph, &target, momentum, nesterov),
        Optimizer::RmsProp { rho, momentum, epsilon, .. } => rms_prop(graph, &target, rho, momentum, epsilon),
        Optimizer::Adam { beta_1, beta_2, epsilon, .. } => adam(graph, &target, [beta_1, beta_2], epsilon),
        Optimizer::Nadam { beta_1, beta_2, epsilon, .. } => nadam(graph, &target, [beta_1, beta_2], epsilon),
        Optimizer::Adagrad { initial_accumulator_value, epsilon, .. } => {
            adagrad(graph, &target, initial_accumulator_value, epsilon);
        }
        Optimizer::Adadelta { rho, epsilon, .. } => adadelta(graph, &target, rho, epsilon),
    }
}

/// What is updated, by what.
struct Target {
    weight: ParamId,
    gradient: Value,
    /// `w ← w − lr · weight_decay · w` before anything else.
    weight_decay: f32,
    /// A running mean follows the weight ([`ParamRole::Average`]): `a ← a · share + w (1 − share)`.
    average: bool,
    /// What every learning rate is multiplied by.
    rate_factor: f32,
}

fn sgd(graph: &mut Graph, target: &Target, momentum: f32, nesterov: bool) {
    let slots: &[&str] = if momentum == 0.0 { &[] } else { &["momentum"] };
    push(graph, target, slots, &[ScalarInput::LearningRate], |e, [w, g], slots, rates| {
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

fn rms_prop(graph: &mut Graph, target: &Target, rho: f32, momentum: f32, epsilon: f32) {
    let slots: &[&str] = if momentum == 0.0 { &["velocity"] } else { &["velocity", "momentum"] };
    push(graph, target, slots, &[ScalarInput::LearningRate], |e, [w, g], slots, rates| {
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

fn adam(graph: &mut Graph, target: &Target, betas: [f32; 2], epsilon: f32) {
    push(
        graph,
        target,
        &["momentum", "velocity"],
        &[ScalarInput::StepRate(StepRate::Adam)],
        |e, [w, g], slots, rates| {
            let [moment, velocity] = moments(e, g, [slots[0], slots[1]], betas.map(complement));
            let epsilon = e.constant(epsilon);
            let root = e.push(ExprNode::Sqrt(velocity));
            let below = e.add(root, epsilon);
            let step = e.mul(rates[0], moment);
            let step = e.div(step, below);
            vec![e.sub(w, step), moment, velocity]
        },
    );
}

/// The three rates stand for what of the formula depends on the step alone.
fn nadam(graph: &mut Graph, target: &Target, betas: [f32; 2], epsilon: f32) {
    let rates = [StepRate::NadamMoment, StepRate::NadamGradient, StepRate::NadamVariance];
    let rates = rates.map(ScalarInput::StepRate);
    push(graph, target, &["momentum", "velocity"], &rates, |e, [w, g], slots, rates| {
        // Keras rounds the betas to f32 here before it takes them from 1; for adam it does not
        let rests = betas.map(|beta| (1.0 - f64::from(beta)) as f32);
        let [moment, velocity] = moments(e, g, [slots[0], slots[1]], rests);
        let epsilon = e.constant(epsilon);
        let corrected = e.mul(velocity, rates[2]);
        let root = e.push(ExprNode::Sqrt(corrected));
        let below = e.add(root, epsilon);
        let (by_moment, by_gradient) = (e.mul(rates[0], moment), e.mul(rates[1], g));
        let step = e.add(by_moment, by_gradient);
        let step = e.div(step, below);
        vec![e.sub(w, step), moment, velocity]
    });
}

/// `m + (g − m)(1 − β₁)` and `v + (g² − v)(1 − β₂)`; `rests` are `1 − β`.
fn moments(e: &mut Expr, g: ExprId, slots: [ExprId; 2], rests: [f32; 2]) -> [ExprId; 2] {
    let (rest_1, rest_2) = (e.constant(rests[0]), e.constant(rests[1]));
    let change = e.sub(g, slots[0]);
    let moment = e.mul_add(change, rest_1, slots[0]);
    let square = e.mul(g, g);
    let change = e.sub(square, slots[1]);
    [moment, e.mul_add(change, rest_2, slots[1])]
}

/// Slots begin at 0, so the sum is kept without what it starts from.
fn adagrad(graph: &mut Graph, target: &Target, initial: f32, epsilon: f32) {
    push(graph, target, &["accumulator"], &[ScalarInput::LearningRate], |e, [w, g], slots, rates| {
        let (initial, epsilon) = (e.constant(initial), e.constant(epsilon));
        let square = e.mul(g, g);
        let sum = e.add(slots[0], square);
        let whole = e.add(sum, initial);
        let below = e.add(whole, epsilon);
        let root = e.push(ExprNode::Sqrt(below));
        let step = e.mul(rates[0], g);
        let step = e.div(step, root);
        vec![e.sub(w, step), sum]
    });
}

fn adadelta(graph: &mut Graph, target: &Target, rho: f32, epsilon: f32) {
    let slots = ["accumulated_grad", "accumulated_delta_var"];
    push(graph, target, &slots, &[ScalarInput::LearningRate], |e, [w, g], slots, rates| {
        let (rho, rest, epsilon) = (e.constant(rho), e.constant(complement(rho)), e.constant(epsilon));
        let square = e.mul(g, g);
        let (kept, taken) = (e.mul(rho, slots[0]), e.mul(rest, square));
        let squares = e.add(kept, taken);
        let (above, below) = (e.add(slots[1], epsilon), e.add(squares, epsilon));
        let (above, below) = (e.push(ExprNode::Sqrt(above)), e.push(ExprNode::Sqrt(below)));
        let change = e.mul(above, g);
        let change = e.div(change, below);
        let moved = e.mul(change, change);
        let (kept, taken) = (e.mul(rho, slots[1]), e.mul(rest, moved));
        let changes = e.add(kept, taken);
        let step = e.mul(rates[0], change);
        vec![e.sub(w, step), squares, changes]
    });
}

/// Adds the map that computes the new weight and slots, and the updates. `write` gets the weight after its
/// decay.
fn push(
    graph: &mut Graph,
    target: &Target,
    slots: &[&str],
    rates: &[ScalarInput],
    write: impl FnOnce(&mut Expr, [ExprId; 2], &[ExprId], &[ExprId]) -> Vec<ExprId>,
) {
    let Target { weight, gradient, weight_decay, average, rate_factor } = *target;
    let layer = graph.node(gradient.node).layer.clone();
    let updated = graph.params[weight.index()].clone();
    let old = graph.parameter(weight);
    let averaged = average.then_some(("average", ParamRole::Average(weight)));
    let slot_values: Vec<(ParamId, Value)> = slots
        .iter()
        .map(|&slot| (slot, ParamRole::Slot))
        .chain(averaged)
        .map(|(slot, role)| {
            let name = format!("{}.{slot}", updated.name);
            graph.add_param(Param { name, initializer: Initializer::Zeros, role, ..updated.clone() }, &layer)
        })
        .collect();
    let mut rate_values: Vec<Value> = rates.iter().map(|rate| graph.scalar(rate.clone())).collect();
    let plain = graph.scalar(ScalarInput::LearningRate);
    let decays = weight_decay != 0.0;
    if decays && !rate_values.contains(&plain) {
        rate_values.push(plain);
    }
    let plain = rate_values.iter().position(|&rate| rate == plain);
    if average {
        rate_values.push(graph.scalar(ScalarInput::AverageShare));
    }
    let operands: Vec<Value> =
        [old, gradient].into_iter().chain(slot_values.iter().map(|&(_, v)| v)).chain(rate_values).collect();
    let map = Map::several(|e| {
        let ids: Vec<ExprId> = (0..operands.len()).map(|i| e.input(i)).collect();
        let (slot_ids, rate_ids) = ids[2..].split_at(slot_values.len());
        let mut rate_ids = rate_ids.to_vec();
        if rate_factor != 1.0 {
            let factor = e.constant(rate_factor);
            for (at, id) in rate_ids.iter_mut().enumerate() {
                let is_rate = rates.get(at).is_some_and(is_learning_rate) || plain == Some(at);
                *id = if is_rate { e.mul(*id, factor) } else { *id };
            }
        }
        let w = match plain {
            Some(plain) if decays => {
                let decay = e.constant(weight_decay);
                let share = e.mul(rate_ids[plain], decay);
                let lost = e.mul(ids[0], share);
                e.sub(ids[0], lost)
            }
            Some(_) | None => ids[0],
        };
        let mut results = write(e, [w, ids[1]], &slot_ids[..slots.len()], &rate_ids);
        if let (true, Some(&mean), Some(&share)) = (average, slot_ids.last(), rate_ids.last()) {
            let one = e.constant(1.0);
            let rest = e.sub(one, share);
            let taken = e.mul(results[0], rest);
            results.push(e.mul_add(mean, share, taken));
        }
        results.into_iter().map(|result| (result, MapResult::Each)).collect()
    });
    let node = graph.push(Op::Map(map), &operands, &layer);
    let targets = std::iter::once(weight).chain(slot_values.iter().map(|&(id, _)| id));
    for (output, id) in (0_u16..).zip(targets) {
        graph.updates.push((id, Value { node, output }));
    }
}

/// Whether an input of the step is proportional to the learning rate.
fn is_learning_rate(scalar: &ScalarInput) -> bool {
    match scalar {
        ScalarInput::LearningRate => true,
        ScalarInput::StepRate(rate) => rate.is_learning_rate(),
        ScalarInput::InverseBatch | ScalarInput::AverageShare | ScalarInput::RandomKey(_) => false,
    }
}
