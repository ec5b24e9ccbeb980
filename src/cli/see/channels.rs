//! `--channels`.

use clap::Args;

/// How many channels are shown.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ChannelArgs {
    /// How many channels of a layer, from the first on; or all
    #[arg(long, value_name = "N", default_value = "16", value_parser = parsed)]
    channels: Channels,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Channels(usize);

impl ChannelArgs {
    /// At most so many.
    pub(super) fn most(self) -> usize {
        self.channels.0
    }
}

fn parsed(text: &str) -> Result<Channels, String> {
    if text == "all" {
        return Ok(Channels(usize::MAX));
    }
    match text.parse() {
        Ok(count) if count > 0 => Ok(Channels(count)),
        Ok(_) | Err(_) => Err("write a number from 1 on, or `all`".to_owned()),
    }
}
