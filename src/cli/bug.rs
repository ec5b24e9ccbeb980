//! A panic is never the user's fault.

use std::io::Write;

/// The one panic that is the machine's: libraries that divide work among threads know no error for a system that gives none.
fn is_refused_thread(panic: &str) -> bool {
    panic.contains("global thread pool has not been initialized") || panic.contains("failed to spawn thread")
}

const NO_THREADS: &str = "error[E0631]: the system refuses threads\n  \
                          help: raise the limits on processes and memory, or set RAYON_NUM_THREADS=1 and `--threads 1`\n";

/// Makes every panic, on any thread, end the process with exit code 3 and a request to report it.
pub(super) fn report_panics() {
    let inherited = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str().is_some_and(is_refused_thread) {
            let _ = std::io::stderr().lock().write_all(NO_THREADS.as_bytes());
            std::process::exit(1);
        }
        inherited(panic);
        let text = format!(
            "\nthis is a bug in cnnc {}, not a mistake of yours\n  \
             help: report it with the lines above, the .cnn file and the command\n",
            env!("CARGO_PKG_VERSION")
        );
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        std::process::exit(3);
    }));
}
