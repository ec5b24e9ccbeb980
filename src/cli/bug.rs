//! A panic, or code that cannot be compiled, is never the user's fault: what to say, and the file to send.

use std::env;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::process;
use std::sync::Mutex;

use super::language::said as in_words;
use crate::ast;
use crate::data;
use crate::files;
use crate::ir::CheckedProgram;
use crate::printed;
use crate::show;

/// The one panic that is the machine's: libraries that divide work among threads know no error for a system
/// that gives none.
fn is_refused_thread(panic: &str) -> bool {
    panic.contains("global thread pool has not been initialized") || panic.contains("failed to spawn thread")
}

const NO_THREADS: &str = "error[E0631]: the system refuses threads\n  \
                          help: raise the limits on processes and memory, or set RAYON_NUM_THREADS=1 and `--threads 1`\n";

/// The program that is being compiled, or was last.
static SUBJECT: Mutex<Option<(CheckedProgram, ast::File)>> = Mutex::new(None);

/// Remembers the program that is about to be compiled: a bug that shows from now on is reported with it.
pub(super) fn happens_with(program: &CheckedProgram, ast: &ast::File) {
    if let Ok(mut subject) = SUBJECT.lock() {
        *subject = Some((program.clone(), ast.clone()));
    }
}

/// Makes every panic, on any thread, end the process with exit code 3 and a request to report it. That of a
/// foreign decoder says only that a picture is damaged.
pub(super) fn report_panics() {
    let inherited = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if data::is_decoding() {
            return;
        }
        if panic.payload_as_str().is_some_and(is_refused_thread) {
            let _ = std::io::stderr().lock().write_all(in_words(NO_THREADS).as_bytes());
            process::exit(1);
        }
        inherited(panic);
        let text = format!("\n{}\n  help: {}\n", said(), help(&panic.to_string()));
        let _ = std::io::stderr().lock().write_all(in_words(&text).as_bytes());
        process::exit(3);
    }));
}

/// Whose fault it is.
pub(super) fn said() -> String {
    format!("this is a bug in cnnc {}, not a mistake of yours", env!("CARGO_PKG_VERSION"))
}

/// What to do about a bug that shows as `what`. Writes the file to send, where a program is known and the
/// folder of temporary files takes it.
pub(super) fn help(what: &str) -> String {
    match written(what) {
        Some(file) => format!("report it with the lines above and the file {}", printed::shown_path(&file)),
        None => "report it with the lines above, the .cnn file and the command".to_owned(),
    }
}

/// The file to send, if it could be written.
fn written(what: &str) -> Option<PathBuf> {
    // taken, so that a panic while it is written finds none and asks for the lines alone
    let (program, ast) = SUBJECT.try_lock().ok()?.take()?;
    let file = env::temp_dir().join(format!("cnnc-bug-{}.cnn", process::id()));
    let command: Vec<String> = env::args().collect();
    files::write_new(&file, report(what, &command, &program, &ast).as_bytes()).ok()?;
    Some(file)
}

/// A file of the language that needs no other one: what happened, where, and with which program.
fn report(what: &str, command: &[String], program: &CheckedProgram, ast: &ast::File) -> String {
    let (version, arch, os) = (env!("CARGO_PKG_VERSION"), env::consts::ARCH, env::consts::OS);
    let mut text = format!(
        "// a bug in cnnc {version}, on {arch}, {os}\n// command: {}\n",
        command.join(" ").escape_debug()
    );
    for line in what.lines() {
        let _ = writeln!(text, "// {}", printed::shown(line));
    }
    text.push('\n');
    text + &show::show(&[program], ast)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front;
    use crate::lower::LowerOptions;
    use crate::source::SourceFile;

    #[test]
    fn a_report_is_a_file_that_can_be_checked() {
        let text = "model M { input(8x8x1); conv2d(4, 3x3); flatten; dense(2) }";
        let read =
            |text: &str| front::load(SourceFile::new("m.cnn", text), &LowerOptions::default(), &|_| None);
        let loaded = read(text);
        let program = loaded.program.expect("a sound model");
        let command = ["cnnc".to_owned(), "predict".to_owned(), "a\n}b.cnn".to_owned()];
        let report = report("stage 6:\nconflict", &command, &program, &loaded.ast);
        assert!(
            report.contains("// stage 6:\n// conflict\n") && report.contains(r"predict a\n}b.cnn"),
            "{report}"
        );
        assert!(read(&report).program.is_some(), "{report}");
    }
}
