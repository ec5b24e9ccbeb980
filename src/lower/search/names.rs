//! What the parameters of a search are called.

use std::collections::BTreeMap;

/// For each trail the shortest end of it that is the end of no other one, its words joined by points: `lr`,
/// or where there are two, `optimizer.lr` and `schedule.lr`. Of trails that are the same, the second is
/// called `lr_2`. No two names are the same.
pub(super) fn shortest(trails: &[Vec<String>]) -> Vec<String> {
    let mut ends: BTreeMap<&[String], usize> = BTreeMap::new();
    let mut copies: BTreeMap<&[String], usize> = BTreeMap::new();
    for trail in trails {
        let copies = copies.entry(trail).or_default();
        *copies += 1;
        if *copies == 1 {
            (0..trail.len()).for_each(|start| *ends.entry(&trail[start..]).or_default() += 1);
        }
    }
    let mut met: BTreeMap<&[String], usize> = BTreeMap::new();
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut names = Vec::with_capacity(trails.len());
    for trail in trails {
        let unique = (0..trail.len()).rev().find(|&start| ends.get(&trail[start..]) == Some(&1));
        let mut name = trail[unique.unwrap_or(0)..].join(".");
        let copy = met.entry(trail).or_default();
        *copy += 1;
        if *copy > 1 {
            name = format!("{name}_{copy}");
        }
        // words of the text may look like a name that was made here
        let times = taken.entry(name.clone()).or_default();
        *times += 1;
        names.push(if *times == 1 { name } else { format!("{name}.{times}") });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_can_be() {
        let named = |trails: &[&str]| {
            let trails: Vec<Vec<String>> =
                trails.iter().map(|trail| trail.split('.').map(str::to_owned).collect()).collect();
            shortest(&trails)
        };
        assert_eq!(named(&["train.optimizer.lr", "Small.dense.units"]), ["lr", "units"]);
        assert_eq!(
            named(&["train.optimizer.lr", "train.schedule.lr", "units"]),
            ["optimizer.lr", "schedule.lr", "units"]
        );
        // the end of one may be all of another
        assert_eq!(named(&["units", "Small.dense.units"]), ["units", "dense.units"]);
        assert_eq!(named(&["M.dense.units", "M.dense.units"]), ["units", "units_2"]);
    }
}
