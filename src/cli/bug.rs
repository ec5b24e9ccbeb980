//! A panic is never the user's fault.

use std::io::Write;

/// Makes every panic, on any thread, end the process with exit code 3 and a request to report it.
pub(super) fn report_panics() {
    let inherited = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
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
