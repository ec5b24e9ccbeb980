//! What all ranks must have in common is compared with what rank 0 has.

use serde::{Deserialize, Serialize};

use super::communicator::Communicator;
use super::error::{Common, RankError};

/// What a rank has.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Facts {
    host: String,
    /// Which of [`Common::ALL`], and its value; several of the settings.
    facts: Vec<(usize, String)>,
}

impl Communicator {
    /// Of all ranks: compares what must be alike, and tells all of them the first difference from rank 0.
    /// # Errors
    /// [`RankError::Differs`]; others where ranks have ended or are lost.
    pub fn agree(&self, facts: &[(Common, String)]) -> Result<(), RankError> {
        let number = |what: Common| Common::ALL.iter().position(|&common| common == what).unwrap_or_default();
        let facts = facts.iter().map(|(what, value)| (number(*what), value.clone())).collect();
        let own = Facts { host: self.host_of(self.rank()).to_owned(), facts };
        let bytes = serde_json::to_vec(&own).map_err(|error| RankError::Lost(error.to_string()))?;
        let read = |bytes: Vec<u8>| {
            let another = |_| RankError::Mismatch("the ranks are of different versions of cnnc".to_owned());
            serde_json::from_slice(&bytes).map_err(another)
        };
        let all: Vec<Facts> = self.gather(&bytes)?.into_iter().map(read).collect::<Result<_, _>>()?;
        compare(&all)
    }
}

fn compare(all: &[Facts]) -> Result<(), RankError> {
    let Some((first, others)) = all.split_first() else { return Ok(()) };
    let differs = others.iter().enumerate().find(|(_, other)| other.facts != first.facts);
    let Some((rank, other)) = differs else { return Ok(()) };
    let at = first.facts.iter().zip(&other.facts).position(|(first, other)| first != other);
    // one of them has more: what the other does not have
    let at = at.unwrap_or(first.facts.len().min(other.facts.len()));
    let value = |facts: &Facts| facts.facts.get(at).map_or("none", |(_, value)| value).to_owned();
    let what = first.facts.get(at).or(other.facts.get(at)).map_or(0, |(what, _)| *what);
    Err(RankError::Differs {
        what: Common::ALL.get(what).copied().unwrap_or(Common::Version),
        rank: rank + 1,
        host: other.host.clone(),
        found: value(other),
        first_host: first.host.clone(),
        first: value(first),
    })
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::ranks::threads;

    #[test]
    fn a_rank_that_differs_is_named_on_all() {
        let agree = |rank: Communicator| {
            let batch = if rank.rank() == 2 { "`train.batch` = 64" } else { "`train.batch` = 32" };
            let same = [(Common::Version, "0.1.0".to_owned()), (Common::Instructions, "avx2".to_owned())];
            thread::spawn(move || {
                let alike = rank.agree(&same);
                (alike, rank.agree(&[same[0].clone(), (Common::Settings, batch.to_owned())]))
            })
        };
        let ranks: Vec<_> = threads(4, Duration::from_secs(30)).into_iter().map(agree).collect();
        for rank in ranks {
            let (alike, differs) = rank.join().expect("no panic");
            assert_eq!(alike, Ok(()));
            let differs = differs.expect_err("rank 2 differs").to_string();
            assert_eq!(
                differs,
                "setting of rank 2 on localhost: `train.batch` = 64; of rank 0 on localhost: `train.batch` = 32"
            );
        }
    }
}
