//! The lowest gap between what has its place already.
//!
//! What is placed is kept in the order of the places: the gaps that a request can see are then met lowest
//! first, and the search ends with the first one that is large enough. Most of what lies below is no use to
//! look at one by one: layers that repeat leave thousands of buffers side by side that all live when the next
//! one does, or none of them. So neighbours are blocks, and blocks are in groups, and a search passes a block
//! or group at once where it can tell what going through it would give.

/// Neighbours in a block, and blocks in a group, before it becomes two.
const MOST: usize = 64;

/// Something that has its place during a range of steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// All that has its place.
#[derive(Debug, Default)]
pub(super) struct Places {
    groups: Vec<Group>,
}

/// Neighbouring blocks.
#[derive(Debug)]
struct Group {
    summary: Summary,
    blocks: Vec<Block>,
}

/// Neighbours.
#[derive(Debug)]
struct Block {
    summary: Summary,
    placed: Vec<Placed>,
}

/// What is known of neighbours together.
#[derive(Debug, Clone, Copy)]
struct Summary {
    /// Where the first begins.
    start: usize,
    /// Where the last of them to end ends.
    end: usize,
    /// The earliest and the latest of their first steps.
    from: (usize, usize),
    /// The earliest and the latest of their last steps.
    to: (usize, usize),
    /// The largest gap between them; there may be less than that.
    gap: usize,
}

impl Summary {
    fn of(placed: &Placed) -> Self {
        let Placed { start, end, from, to } = *placed;
        Self { start, end, from: (from, from), to: (to, to), gap: 0 }
    }

    /// Both, of which the second begins no lower than the first.
    fn with(self, next: Self) -> Self {
        let wider = |a: (usize, usize), b: (usize, usize)| (a.0.min(b.0), a.1.max(b.1));
        Self {
            start: self.start,
            end: self.end.max(next.end),
            from: wider(self.from, next.from),
            to: wider(self.to, next.to),
            gap: self.gap.max(next.gap).max(next.start.saturating_sub(self.end)),
        }
    }

    fn of_all(parts: impl Iterator<Item = Summary>) -> Self {
        let nothing = Self { start: 0, end: 0, from: (0, 0), to: (0, 0), gap: 0 };
        parts.reduce(Summary::with).unwrap_or(nothing)
    }

    /// How a search that has come to `start` goes on behind these; `None` where they have to be looked at one
    /// by one.
    fn pass(&self, start: usize, bytes: usize, (from, to): (usize, usize)) -> Option<usize> {
        if to < self.from.0 || from > self.to.1 {
            // none of them lives then
            return Some(start);
        }
        let all_live = self.from.1 <= to && from <= self.to.0;
        (all_live && start + bytes > self.start && self.gap < bytes).then(|| start.max(self.end))
    }
}

impl Places {
    /// The lowest place with room for this many bytes during a range of steps.
    pub(super) fn lowest(&self, bytes: usize, life: (usize, usize)) -> usize {
        let mut start = 0;
        for group in &self.groups {
            if let Some(behind) = group.summary.pass(start, bytes, life) {
                start = behind;
                continue;
            }
            for block in &group.blocks {
                if let Some(behind) = block.summary.pass(start, bytes, life) {
                    start = behind;
                    continue;
                }
                for other in &block.placed {
                    if start + bytes <= other.start {
                        return start;
                    }
                    if other.from <= life.1 && life.0 <= other.to {
                        start = start.max(other.end);
                    }
                }
            }
        }
        start
    }

    /// Gives something its place.
    pub(super) fn add(&mut self, placed: Placed) {
        if self.groups.is_empty() {
            let block = Block { summary: Summary::of(&placed), placed: vec![placed] };
            self.groups.push(Group { summary: block.summary, blocks: vec![block] });
            return;
        }
        // the last that begins no higher
        let at = self.groups.partition_point(|group| group.summary.start < placed.start).saturating_sub(1);
        let group = &mut self.groups[at];
        group.add(placed);
        if group.blocks.len() > MOST {
            let blocks = group.blocks.split_off(MOST / 2);
            group.summary = Summary::of_all(group.blocks.iter().map(|block| block.summary));
            let summary = Summary::of_all(blocks.iter().map(|block| block.summary));
            self.groups.insert(at + 1, Group { summary, blocks });
        }
    }
}

impl Group {
    fn add(&mut self, placed: Placed) {
        let at = self.blocks.partition_point(|block| block.summary.start < placed.start).saturating_sub(1);
        let block = &mut self.blocks[at];
        let place = block.placed.partition_point(|other| other.start < placed.start);
        block.placed.insert(place, placed);
        block.summary = Summary::of_all(block.placed.iter().map(Summary::of));
        if block.placed.len() > MOST {
            let placed = block.placed.split_off(MOST / 2);
            block.summary = Summary::of_all(block.placed.iter().map(Summary::of));
            let summary = Summary::of_all(placed.iter().map(Summary::of));
            self.blocks.insert(at + 1, Block { summary, placed });
        }
        self.summary = Summary::of_all(self.blocks.iter().map(|block| block.summary));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lowest place, found by looking at all.
    fn by_all(placed: &[Placed], bytes: usize, (from, to): (usize, usize)) -> usize {
        let mut sorted: Vec<&Placed> =
            placed.iter().filter(|other| other.from <= to && from <= other.to).collect();
        sorted.sort_by_key(|other| other.start);
        let mut start = 0;
        for other in sorted {
            if start + bytes <= other.start {
                break;
            }
            start = start.max(other.end);
        }
        start
    }

    #[test]
    fn finds_what_looking_at_all_finds() {
        let mut random = 1_u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        for round in 0..8 {
            let (mut places, mut placed) = (Places::default(), Vec::new());
            for count in 0..3_000 {
                // sizes fall in half of the rounds, lives are nested, apart or any
                let bytes = 64 * if round % 2 == 0 { 1 + (3_000 - count) / 100 } else { 1 + next(30) };
                let life = match round / 2 {
                    0 => (count, 6_000 - count),
                    1 => (count / 3, count / 3 + next(3)),
                    _ => {
                        let from = next(1_000);
                        (from, from + next(200))
                    }
                };
                let start = places.lowest(bytes, life);
                assert_eq!(start, by_all(&placed, bytes, life), "{count} of round {round}");
                let new = Placed { start, end: start + bytes, from: life.0, to: life.1 };
                placed.push(new);
                places.add(new);
            }
        }
    }
}
