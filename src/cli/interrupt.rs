//! Ctrl-C and SIGTERM.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::failure::Failure;

/// A flag that the first Ctrl-C or SIGTERM raises. The second ends the process at once, with exit code 1.
/// # Errors
/// [`Failure::Mistake`] if the system refuses.
pub(super) fn watch() -> Result<Arc<AtomicBool>, Failure> {
    let raised = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The order matters: at the first signal the flag is not raised yet, and the process goes on.
        let registered = flag::register_conditional_shutdown(signal, 1, Arc::clone(&raised))
            .and_then(|_| flag::register(signal, Arc::clone(&raised)));
        registered.map_err(|error| Failure::Mistake {
            code: None,
            message: format!("the system does not let Ctrl-C be watched: {error}"),
            help: None,
        })?;
    }
    Ok(raised)
}
