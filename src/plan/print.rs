//! The text form of a plan, for `cnnc emit --stage plan`.

use std::fmt;

use super::launch::{Access, AccessMode, Count, Space};
use super::{Place, Plan, Stage};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "plan for {}, up to {} images a run: {} kernels, arena {}, scratch {} a worker",
            self.target.simd,
            self.batch,
            self.kernels.len(),
            bytes(self.arena_bytes),
            bytes(self.scratch_bytes)
        )?;
        for (name, stages) in [("setup", &self.setup), ("stage", &self.stages)] {
            for (index, stage) in stages.iter().enumerate() {
                writeln!(f, "\n{name} {index}")?;
                self.stage(f, stage)?;
            }
        }
        Ok(())
    }
}

impl Plan {
    fn stage(&self, f: &mut fmt::Formatter<'_>, stage: &Stage) -> fmt::Result {
        for group in &stage.groups {
            let space = match group.space {
                Space::Images { shard, shards } => format!("{shards} shards of {shard} images"),
                Space::Flat { len, part } => {
                    format!("{} parts of {part} elements of {len}", group.space.tasks())
                }
                Space::Columns { len, part } => {
                    format!("{} blocks of {part} columns of {len}", group.space.tasks())
                }
                Space::Single => "1 task".to_owned(),
            };
            writeln!(f, "  {space}")?;
            for call in &group.calls {
                let args: Vec<String> = call.args.iter().map(|access| self.access(access)).collect();
                let count = match call.count {
                    Count::Part => "part".to_owned(),
                    Count::Batch => "batch".to_owned(),
                    Count::Fixed(n) => n.to_string(),
                };
                let family = self.kernels[call.kernel].family();
                writeln!(
                    f,
                    "    k{} {family} [{count}] {}  // {}",
                    call.kernel,
                    args.join(", "),
                    call.layer
                )?;
            }
        }
        Ok(())
    }

    fn access(&self, access: &Access) -> String {
        let buffer = self.buffer(access.buffer);
        let place = match buffer.place {
            Place::Arena(offset) => format!("@{offset}"),
            Place::Scratch(offset) => format!("~{offset}"),
        };
        let arrow = if access.mode == AccessMode::Write { ">" } else { "" };
        format!("{arrow}{}{place}", buffer.name)
    }
}

fn bytes(n: usize) -> String {
    if n >= 1 << 20 {
        format!("{:.1} MiB", n as f64 / f64::from(1 << 20))
    } else {
        format!("{:.1} KiB", n as f64 / 1024.0)
    }
}
