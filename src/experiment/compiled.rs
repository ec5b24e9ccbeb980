//! What the compiler made of a run's training step: what was fused, how products are computed, where in memory
//! everything lies. It is compiled again as the run was, but for the machine code.

use std::collections::BTreeMap;

use super::frozen::FrozenLayers;
use super::report;
use super::run::Run;
use super::tuning;
use crate::autodiff::training_graph;
use crate::desc::{Product, ProductPass};
use crate::ir::CheckedProgram;
use crate::kernel::{Simd, Target};
use crate::opt;
use crate::plan::{Access, Place, Plan, plan_with};
use crate::runtime::{FEATURES_AT_ONCE, frozen_graph, optimized_training_graph};

/// What the compiler made of a training step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compiled {
    /// The phase of training that it is of, where there are several: the last.
    pub(crate) phase: Option<String>,
    /// Vector instructions.
    pub(crate) simd: Simd,
    /// What is frozen and compiled by itself, for inference.
    pub(crate) frozen: Option<FrozenLayers>,
    /// Images of a step.
    pub(crate) batch: usize,
    /// Operations of the graph as it is written, and after all passes.
    pub(crate) operations: [usize; 2],
    /// Different kernels.
    pub(crate) kernels: usize,
    /// Kernel calls of a step, each over many parts.
    pub(crate) calls: usize,
    /// Parts of a step with a barrier behind each.
    pub(crate) stages: usize,
    /// What was fused into what, a line each.
    pub(crate) fused: Vec<String>,
    /// How the products of each layer are computed, in the order of the layers.
    pub(crate) products: Vec<LayerProducts>,
    /// Bytes of the arena, in which all tensors of a step lie.
    pub(crate) arena_bytes: usize,
    /// Its buffers.
    pub(crate) buffers: Vec<Held>,
}

/// How the products of a layer are computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerProducts {
    /// Its full name.
    pub(crate) layer: String,
    /// Forward, gradient by the input, gradient by the weights; `None` where there is none.
    pub(crate) ways: [Option<&'static str>; 3],
}

/// A buffer of the arena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The layer and what it is.
    pub(crate) name: String,
    /// The layer; empty where it belongs to none.
    pub(crate) layer: String,
    /// Where it begins, in bytes.
    pub(crate) offset: usize,
    /// Its size.
    pub(crate) bytes: usize,
    /// The first stage that works with it, and the last; `None` where its contents outlive the step.
    pub(crate) stages: Option<[usize; 2]>,
}

impl Compiled {
    /// Of a run and its program. `None` where the step cannot be compiled again: the size of pictures is open,
    /// or the run is of another version's vector instructions.
    pub(crate) fn of(run: &Run, program: &CheckedProgram) -> Option<Self> {
        let recorded = report::recorded(run.folder());
        let simd: Simd = recorded["simd"].as_str()?.parse().ok()?;
        let target = Target { simd, exact: recorded["exact"].as_bool().unwrap_or(false) };
        let choices = tuning::from_json(&recorded["kernels"]);
        // each member was compiled by itself
        if program.open_sizes().is_some() || run.ensemble().is_some() {
            return None;
        }
        let phases = program.program().train.as_ref().map_or(&[][..], |train| &train.phases);
        let phase = phases.last().map(|phase| phase.name.value.clone());
        let program = program.stages().pop()?;
        let train = program.program().train.as_ref()?;
        let part = program.frozen_part();
        let of_part = part.as_ref().map(|part| frozen_graph(&program, part));
        let plan_of_part = of_part.as_ref().map(|graph| plan_with(graph, target, FEATURES_AT_ONCE, &choices));
        let written = training_graph((&program, part.as_ref()), program.loss()?, train, true);
        let graph = optimized_training_graph(&program, true).ok()?;
        let plan = plan_with(&graph, target, train.batch.value, &choices);
        let calls = || plan.stages.iter().flat_map(|stage| &stage.groups).flat_map(|group| &group.calls);
        let fused = of_part.iter().chain([&graph]).map(opt::fusion_report).collect::<String>();
        Some(Self {
            phase,
            simd,
            frozen: part.as_ref().map(|part| FrozenLayers::of(&program, part)),
            batch: train.batch.value,
            operations: [written.nodes.len(), graph.nodes.len()],
            kernels: plan.kernels.len(),
            calls: calls().count(),
            stages: plan.stages.len(),
            fused: fused.lines().map(|line| line.trim_start_matches("// ").to_owned()).collect(),
            products: products(plan_of_part.iter().chain([&plan])),
            arena_bytes: plan.arena_bytes,
            buffers: held(&plan),
        })
    }
}

fn products<'p>(plans: impl Iterator<Item = &'p Plan>) -> Vec<LayerProducts> {
    let mut found: Vec<LayerProducts> = Vec::new();
    let calls = plans.flat_map(|plan| {
        let groups = plan.stages.iter().flat_map(|stage| &stage.groups);
        groups.flat_map(|group| &group.calls).map(move |call| (plan, call))
    });
    for (plan, call) in calls {
        let Some(Product { way, pass }) = plan.kernels[call.kernel].product() else { continue };
        let at = match pass {
            ProductPass::Forward => 0,
            ProductPass::GradInput => 1,
            ProductPass::GradWeight => 2,
        };
        let known = found.iter().position(|products| products.layer == call.layer);
        let known = known.unwrap_or_else(|| {
            found.push(LayerProducts { layer: call.layer.clone(), ways: [None; 3] });
            found.len() - 1
        });
        found[known].ways[at] = Some(way);
    }
    found
}

fn held(plan: &Plan) -> Vec<Held> {
    let mut used: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
    for (at, stage) in plan.stages.iter().enumerate() {
        for Access { buffer, .. } in
            stage.groups.iter().flat_map(|group| &group.calls).flat_map(|call| &call.args)
        {
            used.entry(buffer.index()).and_modify(|stages| stages[1] = at).or_insert([at, at]);
        }
    }
    let buffers = plan.buffers.iter().enumerate().filter_map(|(at, buffer)| {
        let Place::Arena(offset) = buffer.place else { return None };
        let stages = used.get(&at).copied();
        if stages.is_none() && !buffer.persistent {
            return None;
        }
        Some(Held {
            name: buffer.name.clone(),
            layer: buffer.layer.clone(),
            offset,
            bytes: buffer.bytes,
            stages: stages.filter(|_| !buffer.persistent),
        })
    });
    buffers.collect()
}
