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
    flags: Arc<Flags>,
}

/// What has happened.
#[derive(Debug, Default)]
struct Flags {
    /// A signal has come.
    signalled: Arc<AtomicBool>,
    /// Somebody asks for the same as by a signal.
    asked: AtomicBool,
    /// There is nothing to be saved any more: a signal ends what is done after it.
    is_over: AtomicBool,
}

impl Watcher {
    /// What is said if the run is ended at once, from now on.
    pub(super) fn say_at_the_end(&self, farewell: impl Into<String>) {
        *self.farewell.lock().unwrap_or_else(PoisonError::into_inner) = farewell.into();
    }

    /// Ends the run as the first signal does, whenever it is called.
    pub(super) fn stopper(&self) -> impl Fn() + Send + Sync + 'static {
        let flags = Arc::clone(&self.flags);
        move || flags.asked.store(true, Ordering::Relaxed)
    }

    /// From now on a signal ends nothing by itself: whoever waits for it does.
    pub(super) fn nothing_is_lost(&self) {
        self.flags.is_over.store(true, Ordering::Relaxed);
    }

    /// Whether a signal has come.
    pub(super) fn has_signal(&self) -> bool {
        self.flags.signalled.load(Ordering::Relaxed)
    }

    /// Waits for a signal; the run is over.
    pub(super) fn wait_for_signal(&self) {
        self.nothing_is_lost();
        while !self.has_signal() {
            std::thread::sleep(PATIENCE);
        }
    }
}

/// Watches for Ctrl-C and SIGTERM. The first ends the process at once where nothing would be lost,
/// and else tells the run to end. The second ends the process at once. The exit code is 1. `silent`: nothing is
/// said, since another process of the same run does.
/// # Errors
/// [`Failure::Mistake`] if the system refuses.
pub(super) fn watch(silent: bool) -> Result<Watcher, Failure> {
    let refused = |error: std::io::Error| Failure::Mistake {
        code: None,
        message: format!("the system does not let Ctrl-C be watched: {error}"),
        help: None,
    };
    let watcher = Watcher {
        interrupt: Arc::default(),
        farewell: Arc::new(Mutex::new("interrupted before the run began; nothing was written".to_owned())),
        flags: Arc::default(),
    };
    for signal in [SIGINT, SIGTERM] {
        // The order matters: at the first signal the flag is not raised yet, and the process goes
        // on.
        let signalled = &watcher.flags.signalled;
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(signalled)).map_err(refused)?;
        flag::register(signal, Arc::clone(signalled)).map_err(refused)?;
    }
    let (interrupt, farewell) = (Arc::clone(&watcher.interrupt), Arc::clone(&watcher.farewell));
    let flags = Arc::clone(&watcher.flags);
    let end = move || {
        if interrupt.raise() == End::AtOnce {
            let farewell = farewell.lock().unwrap_or_else(PoisonError::into_inner);
            if !silent {
                let _ = writeln!(std::io::stderr(), "{}", said(&farewell));
            }
            // Without cleaning up: other threads are in the middle of their work.
            low_level::exit(INTERRUPTED);
        }
    };
    let wait = move || {
        let mut is_told = false;
        while !flags.signalled.load(Ordering::Relaxed) {
            if !is_told && flags.asked.load(Ordering::Relaxed) {
                is_told = true;
                end();
            }
            std::thread::sleep(PATIENCE);
        }
        match (flags.is_over.load(Ordering::Relaxed), is_told) {
            (true, _) => {}
            (false, false) => end(),
            // the run was told before: this is a second signal
            (false, true) => low_level::exit(INTERRUPTED),
        }
    };
    let no_thread = |error: std::io::Error| CompileError::Threads { threads: 1, why: error.to_string() };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map_err(no_thread)?;
    Ok(watcher)
}
