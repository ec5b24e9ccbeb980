//! Ctrl-C and SIGTERM.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use super::failure::Failure;
use super::language::said;
use crate::runtime::CompileError;
use crate::train::{End, Interrupt};

/// How often it is looked for a signal.
const PATIENCE: Duration = Duration::from_millis(20);
/// The exit code of a run that was interrupted.
const INTERRUPTED: i32 = 1;

/// What waits for a signal while a run goes on.
#[derive(Debug)]
pub(super) struct Watcher {
    /// Raised by the first signal.
    pub(super) interrupt: Arc<Interrupt>,
    farewell: Arc<Mutex<String>>,
}

impl Watcher {
    /// What is said if the run is ended at once, from now on.
    pub(super) fn say_at_the_end(&self, farewell: impl Into<String>) {
        *self.farewell.lock().unwrap_or_else(PoisonError::into_inner) = farewell.into();
    }
}

/// Watches for Ctrl-C and SIGTERM. The first ends the process at once where nothing would be lost,
/// and else tells the run to end. The second ends the process at once. The exit code is 1.
/// # Errors
/// [`Failure::Mistake`] if the system refuses.
pub(super) fn watch() -> Result<Watcher, Failure> {
    let refused = |error: std::io::Error| Failure::Mistake {
        code: None,
        message: format!("the system does not let Ctrl-C be watched: {error}"),
        help: None,
    };
    let watcher = Watcher {
        interrupt: Arc::default(),
        farewell: Arc::new(Mutex::new("interrupted before the run began; nothing was written".to_owned())),
    };
    let signalled = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The order matters: at the first signal the flag is not raised yet, and the process goes
        // on.
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&signalled)).map_err(refused)?;
        flag::register(signal, Arc::clone(&signalled)).map_err(refused)?;
    }
    let (interrupt, farewell) = (Arc::clone(&watcher.interrupt), Arc::clone(&watcher.farewell));
    let wait = move || {
        while !signalled.load(Ordering::Relaxed) {
            std::thread::sleep(PATIENCE);
        }
        if interrupt.raise() == End::AtOnce {
            let farewell = farewell.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writeln!(std::io::stderr(), "{}", said(&farewell));
            // Without cleaning up: other threads are in the middle of their work.
            low_level::exit(INTERRUPTED);
        }
    };
    let no_thread = |error: std::io::Error| CompileError::Threads { threads: 1, why: error.to_string() };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map_err(no_thread)?;
    Ok(watcher)
}
