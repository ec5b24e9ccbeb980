//! What a launcher of several processes tells each of them.

/// Where each launcher writes the rank, and how many there are.
const VARIABLES: [(&str, &str); 4] = [
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    // of a step of `srun`; in a script of `sbatch` alone there is none
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
];

/// One of several processes that were started together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launched {
    /// Which one this is, from 0.
    pub rank: usize,
    /// How many there are, more than one.
    pub size: usize,
}

impl Launched {
    /// As `mpirun` or `srun` tell this process; `None` where it is the only one.
    pub fn of_this_process() -> Option<Self> {
        Self::told(|name| std::env::var(name).ok())
    }

    fn told(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name| variable(name)?.parse().ok();
        let launched = |(rank, size)| Some(Self { rank: number(rank)?, size: number(size)? });
        VARIABLES.into_iter().find_map(launched).filter(|launched| launched.size > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_processes_are_told_by_their_launcher() {
        let of = |set: &[(&str, &str)]| {
            Launched::told(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()))
        };
        let open_mpi = [("OMPI_COMM_WORLD_RANK", "2"), ("OMPI_COMM_WORLD_SIZE", "4")];
        assert_eq!(of(&open_mpi), Some(Launched { rank: 2, size: 4 }));
        assert_eq!(of(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4")]), None, "a script of `sbatch`");
        assert_eq!(
            of(&[("SLURM_PROCID", "1"), ("SLURM_STEP_NUM_TASKS", "2")]),
            Some(Launched { rank: 1, size: 2 })
        );
        assert_eq!(of(&[("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "1")]), None);
        assert_eq!(of(&[]), None);
    }
}
