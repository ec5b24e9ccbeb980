//! Statements that occur several times become blocks.
//!
//! Runs of statements that are the same but for the values of their options, wherever they stand, are uses of
//! one block. Of all such runs the one that saves most lines is taken first; then it is looked again, also
//! within the blocks that were made. What a run is made of decides, and names only where lines do not, so
//! equal networks give equal programs.

use std::collections::BTreeMap;

use super::item::{Block, Branch, Callee, Item, Parameter, Value, lines};
use super::likeness::Kinds;
use super::names::{Division, alike, divide};
use super::parameters::{MOST, Plan, Use, plan};
use super::titles::title;

/// Longest run that is looked for.
const LONGEST: usize = 40;
/// Runs that are looked at in a round; with more statements shorter ones are looked for.
const MOST_RUNS: usize = 400_000;
/// Most blocks of a program.
const MOST_BLOCKS: usize = 40;
/// Lines that a block must save.
const LEAST: usize = 4;
/// Lines of the shortest block.
const SHORTEST: usize = 3;

/// A body with the blocks that it uses.
#[derive(Debug)]
pub(super) struct Bodies {
    pub(super) main: Vec<Item>,
    pub(super) blocks: Vec<Block>,
}

/// Where a sequence of statements stands: in the main body or a block, and there in a branch of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    block: Option<usize>,
    path: Vec<[usize; 2]>,
}

struct Sequence<'b> {
    place: Place,
    items: &'b [Item],
    /// What each statement is like; `None` for one that cannot stand in a block.
    kinds: Vec<Option<u32>>,
    /// Whether each statement joins values, itself or in the block that it uses.
    joins: Vec<bool>,
}

/// A run: its sequence and its first statement.
pub(super) type Run = (usize, usize);

/// A block that could be made.
struct Candidate {
    runs: Vec<Run>,
    length: usize,
    /// The run that has all statements.
    model: Run,
    /// The join and its branch that only some runs have.
    optional: Option<[usize; 2]>,
    plan: Plan,
    division: Division,
    score: usize,
}

/// Finds blocks, until none saves enough.
pub(super) fn find(main: Vec<Item>) -> Bodies {
    let mut bodies = Bodies { main, blocks: Vec::new() };
    while bodies.blocks.len() < MOST_BLOCKS
        && let Some(made) = best(&bodies)
    {
        let (places, block) = made;
        put(&mut bodies, places, block);
    }
    bodies
}

/// Where a use of a block comes to stand, and the statement for it.
type Replaced = (Place, std::ops::Range<usize>, Item);

fn best(bodies: &Bodies) -> Option<(Vec<Replaced>, Block)> {
    let mut known = Kinds::default();
    for block in &bodies.blocks {
        let joins = block.items.iter().any(|item| known.joins(item));
        known.blocks_that_join.push(joins);
    }
    let mut sequences = Vec::new();
    collect(&bodies.main, Place { block: None, path: Vec::new() }, &mut sequences, &mut known);
    for (at, block) in bodies.blocks.iter().enumerate() {
        collect(&block.items, Place { block: Some(at), path: Vec::new() }, &mut sequences, &mut known);
    }
    let statements: usize = sequences.iter().map(|sequence| sequence.items.len()).sum();
    let longest = LONGEST.min(MOST_RUNS / statements.max(1));
    let mut runs: BTreeMap<Vec<u32>, Vec<Run>> = BTreeMap::new();
    for (at, sequence) in sequences.iter().enumerate() {
        for start in 0..sequence.items.len() {
            for end in ends(sequence, start, longest) {
                let key: Vec<u32> = sequence.kinds[start..end].iter().flatten().copied().collect();
                runs.entry(key).or_default().push((at, start));
            }
        }
    }
    let partners = known.partners(&runs);
    let mut found: Option<Candidate> = None;
    for (key, all) in &runs {
        let own = [(key.len(), &all[..], None)];
        let with = partners.get(key).map(|(other, optional)| (key.len(), &runs[*other][..], Some(*optional)));
        for (length, others, optional) in own.into_iter().chain(with) {
            // with a partner, the others are those that have the branch
            let full = optional.map(|_| others);
            let candidate = judge(bodies, &sequences, (all, full), length, optional, found.as_ref());
            found = candidate.or(found);
        }
    }
    Some(made(bodies, &sequences, found?))
}

/// Where runs from a statement on may end.
fn ends(sequence: &Sequence<'_>, start: usize, longest: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    if start > 0 && belong_together(&sequence.items[start - 1], &sequence.items[start]) {
        return ends;
    }
    let mut joins = 0;
    for at in start..sequence.items.len().min(start + longest) {
        let item = &sequence.items[at];
        joins += usize::from(sequence.joins[at]);
        // a part of a network is at most one join, with what stands around it
        if sequence.kinds[at].is_none() || joins > 1 {
            break;
        }
        let is_all = start == 0 && at + 1 == sequence.items.len();
        // uses of one block, and nothing else, are rather repeated
        let is_run = at > start && sequence.items[start..=at].iter().all(|other| other.is_same_block(item));
        let is_cut = sequence.items.get(at + 1).is_some_and(|next| belong_together(item, next));
        let is_whole_block = is_all && sequence.place.block.is_some() && sequence.place.path.is_empty();
        if !(is_run || is_cut || is_whole_block) {
            ends.push(at + 1);
        }
        // what somebody takes by name is the end of a block
        if item.is_taken {
            break;
        }
    }
    ends
}

/// Whether a person would not part two statements: a convolution and its norm.
fn belong_together(first: &Item, second: &Item) -> bool {
    let is = |item: &Item, words: &[&str]| matches!(item.callee, Callee::Layer(kind) if words.contains(&kind.keyword));
    is(second, &["batch_norm"]) && is(first, &["conv2d", "depthwise_conv2d", "separable_conv2d", "dense"])
}

/// Judges a block for these runs; `None` where it is not better than what was found.
fn judge(
    bodies: &Bodies,
    sequences: &[Sequence<'_>],
    (own, full): (&[Run], Option<&[Run]>),
    length: usize,
    optional: Option<[usize; 2]>,
    found: Option<&Candidate>,
) -> Option<Candidate> {
    let mut all: Vec<Run> = own.iter().chain(full.into_iter().flatten()).copied().collect();
    all.sort_unstable();
    let runs = apart(&all, length, sequences);
    let first = judge_runs(bodies, sequences, (&runs, full), length, optional, found);
    // runs with other names than most may rather stay out, so that names are kept
    let statements = |run: &Run| {
        let mut names: Vec<Option<&str>> = Vec::new();
        let items = &sequences[run.0].items[run.1..run.1 + length];
        items.iter().for_each(|item| item.each(&mut |item| names.push(Some(item.name.as_str()))));
        names
    };
    if full.is_some() || first.as_ref().is_some_and(|first| first.division.is_whole) {
        return first;
    }
    let names: Vec<Vec<Option<&str>>> = runs.iter().map(statements).collect();
    let Some(alike) = alike(&names) else { return first };
    let runs: Vec<Run> = alike.into_iter().map(|at| runs[at]).collect();
    let better = judge_runs(bodies, sequences, (&runs, full), length, optional, first.as_ref().or(found));
    better.or(first)
}

/// Judges a block for all of these runs.
fn judge_runs(
    bodies: &Bodies,
    sequences: &[Sequence<'_>],
    (runs, full): (&[Run], Option<&[Run]>),
    length: usize,
    optional: Option<[usize; 2]>,
    found: Option<&Candidate>,
) -> Option<Candidate> {
    if runs.len() < 2 {
        return None;
    }
    let items = |(sequence, start): Run| &sequences[sequence].items[start..start + length];
    let model = *runs.iter().find(|run| full.is_none_or(|full| full.contains(run)))?;
    let height = lines(items(model));
    let before: usize = runs.iter().map(|run| lines(items(*run))).sum();
    let saved = before.checked_sub(runs.len() + height + 3)?;
    let least = found.map_or(LEAST, |found| found.score.max(LEAST));
    // names can add a half
    if height < SHORTEST || saved + saved / 2 < least {
        return None;
    }
    let mut statements: Vec<&Item> = Vec::new();
    items(model).iter().for_each(|item| item.each(&mut |item| statements.push(item)));
    let uses: Vec<Use<'_>> = runs
        .iter()
        .map(|run| {
            let mut own = Vec::with_capacity(statements.len());
            align(items(model), Some(items(*run)), &mut own);
            own
        })
        .collect();
    let names: Vec<Vec<Option<&str>>> =
        uses.iter().map(|own| own.iter().map(|item| item.map(|item| item.name.as_str())).collect()).collect();
    let division = divide(&names);
    let plan = plan(&bodies.blocks, &statements, &uses, &division.within)?;
    let parameters = plan.parameters.len() + usize::from(optional.is_some());
    let score = (saved + if division.is_whole { saved / 2 } else { 0 }).checked_sub(2 * parameters)?;
    let is_better = match found {
        None => score >= LEAST,
        Some(found) => {
            (score, height, std::cmp::Reverse(runs[0])) > (found.score, 0, std::cmp::Reverse(found.runs[0]))
                && (score > found.score || height > lines(items_of(sequences, found)))
        }
    };
    (is_better && parameters <= MOST).then_some(Candidate {
        runs: runs.to_vec(),
        length,
        model,
        optional,
        plan,
        division,
        score,
    })
}

fn items_of<'b>(sequences: &[Sequence<'b>], candidate: &Candidate) -> &'b [Item] {
    let (sequence, start) = candidate.model;
    &sequences[sequence].items[start..start + candidate.length]
}

/// Runs that do not overlap, from the first on.
fn apart(runs: &[Run], length: usize, sequences: &[Sequence<'_>]) -> Vec<Run> {
    let mut apart: Vec<Run> = Vec::with_capacity(runs.len());
    for &(sequence, start) in runs {
        let is_free = apart.last().is_none_or(|(last, end)| *last != sequence || end + length <= start);
        if is_free {
            apart.push((sequence, start));
        }
    }
    // one that lies in a branch of another is a part of it
    let inside = |(inner, _): Run| {
        let inner = &sequences[inner].place;
        apart.iter().any(|&(outer, start)| {
            let outer = &sequences[outer].place;
            let depth = outer.path.len();
            inner.block == outer.block
                && inner.path.len() > depth
                && inner.path[..depth] == outer.path[..]
                && (start..start + length).contains(&inner.path[depth][0])
        })
    };
    apart.iter().copied().filter(|run| !inside(*run)).collect()
}

/// The statements of a run beside those of the model.
fn align<'i>(model: &[Item], own: Option<&'i [Item]>, aligned: &mut Use<'i>) {
    for (at, item) in model.iter().enumerate() {
        let other = own.and_then(|own| own.get(at));
        for (branch, of) in item.branches.iter().enumerate() {
            let other = other.and_then(|other| other.branches.get(branch)).map(|branch| &branch.items[..]);
            align(&of.items, other.filter(|items| !items.is_empty()), aligned);
        }
        aligned.push(other);
    }
}

/// The block of a candidate, and its uses.
fn made(bodies: &Bodies, sequences: &[Sequence<'_>], candidate: Candidate) -> (Vec<Replaced>, Block) {
    let Candidate { runs, length, model: _, optional, plan, division, score: _ } = &candidate;
    let at = bodies.blocks.len();
    let mut items = items_of(sequences, &candidate).to_vec();
    let mut statement = 0;
    for item in &mut items {
        item.each_mut(&mut |item| {
            item.values.clone_from(&plan.values[statement]);
            item.name.clone_from(&division.within[statement]);
            item.is_taken = false;
            statement += 1;
        });
    }
    let mut parameters = plan.parameters.clone();
    if let Some([join, branch]) = *optional {
        items[join].branches[branch].condition = Some(parameters.len());
        parameters.push(Parameter {
            name: "project".to_owned(),
            default: Some("false".to_owned()),
            is_count: false,
        });
    }
    // sequences within others come first, and in each the last run, so that places stay right
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|&of| (runs[of].0, std::cmp::Reverse(runs[of].1)));
    let mut replaced = Vec::with_capacity(runs.len());
    for of in order {
        let (sequence, start) = runs[of];
        let Sequence { place, items, .. } = &sequences[sequence];
        let own = &items[start..start + length];
        let mut values = plan.arguments[of].clone();
        if let Some([join, branch]) = *optional {
            let has = !own[join].branches[branch].items.is_empty();
            values.push(has.then(|| Value::Plain("true".to_owned())));
        }
        let use_of = Item {
            callee: Callee::Block(at),
            values,
            branches: Vec::new(),
            operands: Vec::new(),
            from: None,
            name: division.uses[of].clone(),
            units: [own[0].units[0], own[length - 1].units[1]],
            is_taken: own[length - 1].is_taken,
        };
        replaced.push((place.clone(), start..start + length, use_of));
    }
    let name = title(&items, &division.uses, &bodies.blocks);
    let block = Block { name, parameters, items };
    (replaced, block)
}

/// Puts uses of a block in the place of its runs.
fn put(bodies: &mut Bodies, places: Vec<Replaced>, block: Block) {
    for (place, range, item) in places {
        if let Some(sequence) = sequence_at(bodies, &place) {
            sequence.splice(range, [item]);
        }
    }
    bodies.blocks.push(block);
}

fn sequence_at<'b>(bodies: &'b mut Bodies, place: &Place) -> Option<&'b mut Vec<Item>> {
    let mut at = match place.block {
        None => &mut bodies.main,
        Some(block) => &mut bodies.blocks.get_mut(block)?.items,
    };
    for [item, branch] in &place.path {
        at = &mut at.get_mut(*item)?.branches.get_mut(*branch)?.items;
    }
    Some(at)
}

fn collect<'b>(items: &'b [Item], place: Place, sequences: &mut Vec<Sequence<'b>>, known: &mut Kinds) {
    let kinds = items.iter().map(|item| known.of(item)).collect();
    let joins = items.iter().map(|item| known.joins(item)).collect();
    for (at, item) in items.iter().enumerate() {
        for (branch, Branch { items, .. }) in item.branches.iter().enumerate() {
            let mut path = place.path.clone();
            path.push([at, branch]);
            collect(items, Place { block: place.block, path }, sequences, known);
        }
    }
    sequences.push(Sequence { place, items, kinds, joins });
}
