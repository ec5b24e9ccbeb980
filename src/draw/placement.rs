//! Where nodes and edges are drawn: layers from top to bottom, after Sugiyama, Tagawa & Toda, "Methods for
//! visual understanding of hierarchical system structures" (1981).
//!
//! 1. A node's row is the length of the longest path to it.
//! 2. An edge over several rows gets a bend in each row between.
//! 3. Rows are ordered by the mean places of their neighbours, down and up by turns.
//! 4. Columns follow from the neighbours' columns, as near as the widths allow.

use super::Diagram;

/// Sweeps over all rows; the order settles after a few.
const SWEEPS: usize = 12;

/// Space between two boxes of a row, in pixels.
const GAP: f64 = 28.0;

/// Most bends. Where thousands of edges go over thousands of rows, what comes behind these is drawn straight.
const MOST_BENDS: usize = 500_000;

/// Width of a bend, in pixels.
const BEND: f64 = 8.0;

/// What stands in a row: a node or the bend of an edge.
#[derive(Debug, Clone, PartialEq)]
struct Slot {
    width: f64,
    /// Middle, in pixels.
    x: f64,
    /// Slots of the row above that lead here.
    above: Vec<usize>,
    /// Slots of the row below that it leads to.
    below: Vec<usize>,
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placement {
    /// Row of each node.
    pub(super) rows: Vec<usize>,
    /// Middle of each node, in pixels; the leftmost edge of all is at 0.
    pub(super) columns: Vec<f64>,
    /// For each edge the middles of its bends, one for each row between.
    pub(super) bends: Vec<Vec<f64>>,
    /// Width of the whole, in pixels.
    pub(super) width: f64,
}

/// Places nodes of these widths (in pixels).
pub(super) fn place(diagram: &Diagram, widths: &[f64]) -> Placement {
    let mut rows = vec![0; diagram.nodes.len()];
    // edges are sorted by their beginnings, and lead to later nodes
    for edge in &diagram.edges {
        rows[edge.to] = rows[edge.to].max(rows[edge.from] + 1);
    }
    let count = rows.iter().max().map_or(0, |last| last + 1);
    let mut slots: Vec<Slot> =
        widths.iter().map(|&width| Slot { width, x: 0.0, above: Vec::new(), below: Vec::new() }).collect();
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (node, &row) in rows.iter().enumerate() {
        order[row].push(node);
    }
    let mut bends: Vec<Vec<usize>> = Vec::with_capacity(diagram.edges.len());
    let mut all = 0;
    for edge in &diagram.edges {
        let mut last = edge.from;
        let mut own = Vec::new();
        let between = rows[edge.to].saturating_sub(rows[edge.from] + 1);
        let most = if between <= MOST_BENDS - all { rows[edge.to] } else { 0 };
        all += between.min(MOST_BENDS - all);
        for row in order.iter_mut().take(most).skip(rows[edge.from] + 1) {
            let bend = slots.len();
            slots.push(Slot { width: BEND, x: 0.0, above: vec![last], below: Vec::new() });
            slots[last].below.push(bend);
            row.push(bend);
            own.push(bend);
            last = bend;
        }
        slots[last].below.push(edge.to);
        slots[edge.to].above.push(last);
        bends.push(own);
    }
    arrange(&mut order, &slots);
    set_columns(&order, &mut slots);
    let left = slots.iter().map(|slot| slot.x - slot.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = slots.iter().map(|slot| slot.x + slot.width / 2.0).fold(0.0, f64::max);
    let column = |slot: usize| slots[slot].x - left;
    Placement {
        columns: (0..diagram.nodes.len()).map(column).collect(),
        bends: bends.iter().map(|own| own.iter().map(|&bend| column(bend)).collect()).collect(),
        rows,
        width: right - left.min(right),
    }
}

/// Orders each row by the mean places of the neighbours in the row before, down and up by turns.
fn arrange(order: &mut [Vec<usize>], slots: &[Slot]) {
    let mut place = vec![0.0; slots.len()];
    let note = |row: &[usize], place: &mut [f64]| {
        for (at, &slot) in row.iter().enumerate() {
            place[slot] = at as f64;
        }
    };
    for row in order.iter() {
        note(row, &mut place);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let rows: Vec<usize> = if down {
            (1..order.len()).collect()
        } else {
            (0..order.len().saturating_sub(1)).rev().collect()
        };
        for row in rows {
            let mean = |slot: &usize| {
                let neighbours = if down { &slots[*slot].above } else { &slots[*slot].below };
                mean_of(neighbours.iter().map(|&other| place[other])).unwrap_or(place[*slot])
            };
            let mut keyed: Vec<(f64, usize)> = order[row].iter().map(|slot| (mean(slot), *slot)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            order[row] = keyed.into_iter().map(|(_, slot)| slot).collect();
            note(&order[row], &mut place);
        }
    }
}

/// Columns near those of the neighbours, in the order of the row and without overlaps.
fn set_columns(order: &[Vec<usize>], slots: &mut [Slot]) {
    for row in order {
        spread(row, &vec![0.0; row.len()], slots);
    }
    for sweep in 0..2 * SWEEPS {
        let down = sweep % 2 == 0;
        let rows: Vec<usize> =
            if down { (0..order.len()).collect() } else { (0..order.len()).rev().collect() };
        let last = sweep + 2 >= 2 * SWEEPS;
        for row in rows {
            let wanted: Vec<f64> = order[row]
                .iter()
                .map(|&slot| {
                    let (above, below) = (&slots[slot].above, &slots[slot].below);
                    let near: Vec<usize> = match (down, last) {
                        (_, true) => above.iter().chain(below).copied().collect(),
                        (true, false) => above.clone(),
                        (false, false) => below.clone(),
                    };
                    mean_of(near.iter().map(|&other| slots[other].x)).unwrap_or(slots[slot].x)
                })
                .collect();
            spread(&order[row], &wanted, slots);
        }
    }
}

/// The columns nearest to those wanted: the mean of pushing everything to the right, and to the left, as far
/// as the widths need. Both keep the distances, so their mean does.
fn spread(row: &[usize], wanted: &[f64], slots: &mut [Slot]) {
    let distance = |a: usize, b: usize| (slots[a].width + slots[b].width) / 2.0 + GAP;
    let mut right = wanted.to_vec();
    for at in 1..row.len() {
        right[at] = right[at].max(right[at - 1] + distance(row[at - 1], row[at]));
    }
    let mut left = wanted.to_vec();
    for at in (1..row.len()).rev() {
        left[at - 1] = left[at - 1].min(left[at] - distance(row[at - 1], row[at]));
    }
    for (at, &slot) in row.iter().enumerate() {
        slots[slot].x = (right[at] + left[at]) / 2.0;
    }
}

fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::super::tests::diagram;
    use super::*;

    #[test]
    fn a_chain_is_a_straight_line() {
        let drawn = diagram("input(8x8x1); relu; flatten; dense(2)");
        let placed = place(&drawn, &[100.0, 60.0, 80.0, 120.0, 50.0]);
        assert_eq!(placed.rows, [0, 1, 2, 3, 4]);
        assert!(placed.columns.iter().all(|x| (x - 60.0).abs() < 1e-6), "{placed:?}");
        assert!((placed.width - 120.0).abs() < 1e-6);
    }

    #[test]
    fn boxes_of_a_row_do_not_overlap() {
        let drawn = diagram(
            "input(8x8x2); x = relu; a = relu; from x; b = tanh; from x; c = sigmoid; concat(a, b); concat(c); flatten",
        );
        let placed = place(&drawn, &vec![100.0; drawn.nodes.len()]);
        for (a, b) in (0..drawn.nodes.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
            if placed.rows[a] == placed.rows[b] {
                assert!((placed.columns[a] - placed.columns[b]).abs() >= 100.0 + GAP - 1e-6, "{placed:?}");
            }
        }
        // from `c` past the first concat
        assert!(placed.bends.iter().any(|bends| bends.len() == 1), "{placed:?}");
    }
}
