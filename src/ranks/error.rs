//! What can go wrong between ranks.

use std::fmt;

/// What ends a run of several ranks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RankError {
    /// Nothing was heard of a rank for too long: its process is stopped, or the network is lost.
    #[error("nothing was heard of rank {rank} for {seconds} s")]
    Silent {
        /// Which one.
        rank: usize,
        /// How long.
        seconds: u64,
    },
    /// Another rank has ended with an error.
    #[error("rank {rank} has ended: {why}")]
    Ended {
        /// Which one.
        rank: usize,
        /// Its message.
        why: String,
    },
    /// A rank is another than rank 0 where all must be alike.
    #[error("{what} of rank {rank} on {host}: {found}; of rank 0 on {first_host}: {first}")]
    Differs {
        /// What is not alike.
        what: Common,
        /// The first that differs.
        rank: usize,
        /// The machine that it runs on.
        host: String,
        /// What it has.
        found: String,
        /// The machine of rank 0.
        first_host: String,
        /// What rank 0 has.
        first: String,
    },
    /// A batch has fewer shards than there are ranks.
    #[error("a batch of {batch} pictures is divided into {shards} parts, and there are {ranks} ranks")]
    TooMany {
        /// How many ranks there are.
        ranks: usize,
        /// Pictures of a batch.
        batch: usize,
        /// Its shards.
        shards: usize,
        /// The smallest batch with a shard for each rank.
        fits: usize,
    },
    /// A search has fewer ranks than it takes to train one trial.
    #[error(
        "a search takes one rank that proposes and {per_trial} that train a trial, and there are {ranks}"
    )]
    Few {
        /// How many ranks there are.
        ranks: usize,
        /// How many train a trial together.
        per_trial: usize,
    },
    /// A launcher has started several processes, and this program cannot send messages between them.
    #[error("{ranks} processes were started together, and this cnnc is built without MPI")]
    NoMpi {
        /// How many were started.
        ranks: usize,
    },
    /// MPI knows of another number of processes than the launcher.
    #[error("{started} processes were started together, and MPI knows of {known}")]
    Apart {
        /// How many were started.
        started: usize,
        /// How many MPI connects.
        known: usize,
    },
    /// The ranks do not fit together.
    #[error("{0}")]
    Mismatch(String),
    /// Messages cannot be sent or received any more.
    #[error("the connection between ranks is lost: {0}")]
    Lost(String),
}

/// What all ranks must have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Common {
    /// The version of cnnc.
    Version,
    /// The vector instructions, and whether products are summed up directly.
    Instructions,
    /// A setting of the program.
    Settings,
    /// The pictures.
    Data,
    /// The weights that training begins with.
    Weights,
    /// What the compiler made of the step.
    Plan,
}

impl Common {
    pub(super) const ALL: [Self; 6] =
        [Self::Version, Self::Instructions, Self::Settings, Self::Data, Self::Weights, Self::Plan];
}

impl fmt::Display for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Common::Version => "version",
            Common::Instructions => "instructions",
            Common::Settings => "setting",
            Common::Data => "data",
            Common::Weights => "weights to begin with",
            Common::Plan => "plan",
        })
    }
}

impl RankError {
    /// Whether it is the end of other ranks that this one has heard of, and no mistake that it has found.
    pub fn is_of_others(&self) -> bool {
        match self {
            RankError::Silent { .. } | RankError::Ended { .. } | RankError::Lost(_) => true,
            RankError::Differs { .. }
            | RankError::TooMany { .. }
            | RankError::Few { .. }
            | RankError::NoMpi { .. }
            | RankError::Apart { .. }
            | RankError::Mismatch(_) => false,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            RankError::Silent { .. } => {
                "see whether its machine and the network are up; the run goes on from its state with `--resume`"
            }
            RankError::Differs { what: Common::Version, .. } => {
                "install the same version of cnnc on all machines"
            }
            RankError::Differs { what: Common::Instructions, .. } => {
                "other instructions round in another way: say what all machines have, as in `--simd avx2`"
            }
            RankError::Differs { what: Common::Settings | Common::Plan, .. } => {
                "start all ranks with the same file and the same options"
            }
            RankError::Differs { what: Common::Data, .. } => {
                "give all machines the same data: a shared folder, or copies of one"
            }
            RankError::Differs { what: Common::Weights, .. } => {
                "give all machines the same file of weights: a shared one, or copies of it"
            }
            RankError::TooMany { fits, .. } => {
                return Some(format!(
                    "start fewer ranks, or take a batch that fits: `--set train.batch={fits}`"
                ));
            }
            RankError::Few { per_trial, .. } => {
                let needed = per_trial + 1;
                return Some(format!("start {needed} ranks or more: `mpirun -n {needed}`"));
            }
            RankError::NoMpi { .. } => {
                "build it with MPI: `cargo install --path . --locked --features mpi`; or start one process"
            }
            RankError::Apart { .. } => {
                "start them by the `mpirun` of the MPI that cnnc is built with; under Slurm: `srun --mpi=pmix`"
            }
            RankError::Ended { .. } | RankError::Mismatch(_) | RankError::Lost(_) => return None,
        };
        Some(help.to_owned())
    }

    /// What another rank says of one that is silent: its number and the seconds.
    pub(super) fn silence(message: &[u8]) -> Self {
        let text = String::from_utf8_lossy(message);
        let mut numbers = text.split(' ').map(str::parse::<usize>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(rank)), Some(Ok(seconds))) => RankError::Silent { rank, seconds: seconds as u64 },
            _ => RankError::Lost("a message of another version".to_owned()),
        }
    }
}
