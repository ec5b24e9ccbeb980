//! The largest batch that fits into memory.
//!
//! A plan gives every shard of a batch room for as many pictures: batches that do not fill their shards take
//! as much as the next one that does. So only the batches that fill them come into question, and over these
//! memory grows nearly in proportion. The search begins with a guess on the line between what a run takes
//! without any picture and what it takes with too many, and every guess is planned: the figures that are told
//! are those of a plan.

use crate::plan::shards;

/// Guesses on the line; after these, halves. Where memory is in proportion two are enough, the second to see
/// that the next larger batch does not fit.
const GUESSES: usize = 6;

/// The largest batch below `most` that fills its shards and takes at most `limit`, with what it takes.
/// `least` is what is taken without any picture, `all` what `most` takes; `needs` plans a batch, so often at
/// most: the search for a very large model ends early, with a batch that fits.
pub(super) fn largest(
    most: usize,
    [least, all]: [usize; 2],
    limit: usize,
    plans: usize,
    needs: impl Fn(usize) -> usize,
) -> Option<(usize, usize)> {
    let batches: Vec<usize> = full_batches(most).collect();
    if least > limit {
        return None;
    }
    let (mut found, mut low, mut high) = (None, (0, least), (most, all));
    for turn in 0..plans {
        let between = &batches[batches.partition_point(|&batch| batch <= low.0)..];
        let between = &between[..between.partition_point(|&batch| batch < high.0)];
        let (Some(first), Some(last)) = (between.first(), between.last()) else { break };
        let batch = if turn < GUESSES {
            let share = (limit - low.1) as f64 / (high.1 - low.1).max(1) as f64;
            let guess = low.0 + ((high.0 - low.0) as f64 * share) as usize;
            // rounded down to one that fills its shards
            let at = between.partition_point(|&batch| batch <= guess);
            if at == 0 { *first } else { between[at - 1].min(*last) }
        } else {
            between[between.len() / 2]
        };
        let bytes = needs(batch);
        if bytes <= limit {
            (found, low) = (Some((batch, bytes)), (batch, bytes));
        } else {
            high = (batch, bytes);
        }
    }
    found
}

/// Batches below `most` that fill their shards: all up to 128, beyond those of full shards of 16 pictures.
/// (There are others, such as 9 shards of 17. With them memory would not grow with every batch.)
fn full_batches(most: usize) -> impl Iterator<Item = usize> {
    (1..most).filter(|&batch| fills(batch) && (batch <= 128 || batch.is_multiple_of(16)))
}

fn fills(batch: usize) -> bool {
    let (shard, shards) = shards(batch);
    shard * shards == batch
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn full_batches_have_no_empty_places() {
        let found: Vec<usize> = full_batches(1000).collect();
        let small: Vec<usize> = (1..=128).filter(|&batch| fills(batch)).collect();
        let large: Vec<usize> = (144..1000).step_by(16).collect();
        assert_eq!(found, [small, large].concat());
        assert!(found.into_iter().all(fills));
    }

    /// Whatever memory is like, the answer is the one that trying all would give; where it is in proportion
    /// few plans are made.
    #[test]
    fn the_largest_is_found() {
        let in_proportion = |batch: usize| 300 + 70 * batch;
        let with_parts = |batch: usize| 300 + 70 * batch + 90 * batch.min(8);
        let bent = |batch: usize| 300 + batch * batch;
        let models: [(&dyn Fn(usize) -> usize, usize); 3] =
            [(&in_proportion, 3), (&with_parts, 5), (&bent, 20)];
        for most in [2, 8, 33, 512, 8192] {
            for (needs, most_plans) in models {
                let all = needs(most);
                for limit in [200, 299, 300, 370, 400, 1000, 2500, 9000, 40_000, all - 1] {
                    if limit >= all {
                        continue;
                    }
                    let plans = Cell::new(0);
                    let counted = |batch: usize| {
                        plans.set(plans.get() + 1);
                        needs(batch)
                    };
                    let found = largest(most, [300, all], limit, usize::MAX, counted);
                    let fitting = full_batches(most).filter(|&batch| needs(batch) <= limit).max();
                    assert_eq!(found, fitting.map(|batch| (batch, needs(batch))), "{limit} below {most}");
                    assert!(plans.get() <= most_plans, "{} plans for {limit} below {most}", plans.get());
                }
            }
        }
    }
}
