//! What the command line reads and writes: pipes, devices, links, folders, and what stands there already.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A sound file, where a test needs one.
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/digits.cnn");

/// A model alone.
const SMALL: &str = "model M {\n    input(2x2x1)\n    flatten\n    dense(2)\n}\n";

/// Longer than any refusal takes, also where all tests run at once.
const PATIENCE: Duration = Duration::from_secs(30);

fn cnnc(folder: &Path) -> Command {
    with_program(Path::new(env!("CARGO_BIN_EXE_cnnc")), folder)
}

fn with_program(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536");
    command.env("NO_COLOR", "1").env("LC_ALL", "C").env("XDG_CACHE_HOME", folder.join("cache"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end; a command that waits for something is killed, and fails the test.
fn run(command: &mut Command) -> Output {
    ended(command.spawn().expect("starts"))
}

fn ended(mut child: Child) -> Output {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let reader = |stream: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.map(|mut stream| stream.read_to_end(&mut bytes));
            bytes
        })
    };
    let out = reader(out.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>));
    let err = reader(err.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>));
    let start = Instant::now();
    let status = loop {
        match child.try_wait().expect("it is ours") {
            Some(status) => break status,
            None if start.elapsed() > PATIENCE => {
                child.kill().expect("it is ours");
                panic!("still running after {PATIENCE:?}");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    Output { status, stdout: out.join().expect("read"), stderr: err.join().expect("read") }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// All that a command says on stderr.
fn text_of(output: &Output) -> String {
    text(&output.stderr)
}

/// stderr of a command that ends with 1.
fn refused(command: &mut Command) -> String {
    let output = run(command);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    text(&output.stderr)
}

/// stdout of a command that ends well.
fn fine(command: &mut Command) -> String {
    let output = run(command);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A shell's line, with `cnnc` as `$CNNC`.
fn shell(folder: &Path, line: &str) -> Output {
    let mut command = with_program(Path::new("bash"), folder);
    run(command.args(["-c", line]).env("CNNC", env!("CARGO_BIN_EXE_cnnc")))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn pipe_at(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("there is mkfifo").success());
}

/// Names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("told").file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

/// Every command that writes a file, with the option that names it last.
fn writers(folder: &Path) -> Vec<Vec<String>> {
    let weights = folder.join("in.safetensors");
    fine(cnnc(folder).args(["init", DIGITS, "--output"]).arg(&weights));
    put_npy(&folder.join("x.npy"), "<f4", "1, 8, 8, 1", &[0; 256]);
    put_npy(&folder.join("y.npy"), "<i8", "1", &[0; 8]);
    let weights = weights.display().to_string();
    let words = |line: &str| {
        line.split(' ').map(|word| word.replace("DIGITS", DIGITS).replace("W", &weights)).collect()
    };
    [
        "graph DIGITS -o",
        "init DIGITS --output",
        "predict DIGITS --weights W --input x.npy --output",
        "step DIGITS --weights W --input x.npy --labels y.npy --output",
        "augment DIGITS --count 1 --output",
    ]
    .map(words)
    .to_vec()
}

/// A file of NumPy's: values of a kind in a shape.
fn put_npy(path: &Path, kind: &str, shape: &str, values: &[u8]) {
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape},), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(text.len()).expect("short").to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(values);
    fs::write(path, bytes).expect("written");
}

#[test]
fn links_are_followed_and_permissions_stay() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for writer in writers(folder.path()) {
        let to = |name: &str| fine(cnnc(folder.path()).args(&writer).arg(name));
        to("plain");
        let wanted = fs::read(at("plain")).expect("there");
        fs::create_dir(at("far")).expect("made");
        fs::write(at("far/target"), "old").expect("written");
        fs::set_permissions(at("far/target"), fs::Permissions::from_mode(0o640)).expect("set");
        symlink("far/target", at("first")).expect("a link");
        symlink("first", at("second")).expect("a link");
        symlink("far/none yet", at("dangling")).expect("a link");
        to("second");
        to("dangling");
        assert_eq!(fs::read(at("far/target")).expect("there"), wanted, "{writer:?}");
        assert_eq!(fs::read(at("far/none yet")).expect("there"), wanted, "{writer:?}");
        assert_eq!(fs::metadata(at("far/target")).expect("there").mode() & 0o7777, 0o640);
        assert!(fs::symlink_metadata(at("second")).expect("there").is_symlink());
        assert!(fs::symlink_metadata(at("dangling")).expect("there").is_symlink());
        assert_eq!(names(&at("far")), ["none yet", "target"]);
        fs::remove_dir_all(at("far")).expect("removed");
        for name in ["plain", "first", "second", "dangling"] {
            fs::remove_file(at(name)).expect("removed");
        }
    }
}

#[test]
fn devices_and_pipes_are_written_through() {
    let folder = folder();
    for writer in writers(folder.path()) {
        let to = |name: &str| run(cnnc(folder.path()).args(&writer).arg(name));
        fine(cnnc(folder.path()).args(&writer).arg("plain"));
        let wanted = fs::read(folder.path().join("plain")).expect("there");
        for device in ["/dev/full", "/dev/null"] {
            let link = folder.path().join("device");
            symlink(device, &link).expect("a link");
            for name in [device, "device"] {
                let output = to(name);
                let code = if device == "/dev/full" { 1 } else { 0 };
                assert_eq!(output.status.code(), Some(code), "{writer:?} {name} {output:?}");
                let says = text(&output.stderr).contains("No space left on device");
                assert_eq!(says, device == "/dev/full", "{output:?}");
            }
            assert!(fs::metadata(device).expect("there").file_type().is_char_device(), "{device}");
            fs::remove_file(link).expect("removed");
        }
        let pipe = folder.path().join("pipe");
        pipe_at(&pipe);
        let reading = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::read(pipe).expect("read"))
        };
        assert_eq!(to("pipe").status.code(), Some(0));
        assert_eq!(reading.join().expect("read"), wanted, "{writer:?}");
        assert!(fs::symlink_metadata(&pipe).expect("there").file_type().is_fifo());
        fs::remove_file(pipe).expect("removed");
    }
}

#[test]
fn standard_output_has_the_file_and_nothing_else() {
    let folder = folder();
    symlink("/dev/stdout", folder.path().join("link")).expect("a link");
    for writer in writers(folder.path()) {
        fine(cnnc(folder.path()).args(&writer).arg("plain"));
        let wanted = fs::read(folder.path().join("plain")).expect("there");
        for name in ["-", "/dev/stdout", "/dev/fd/1", "link"] {
            let output = run(cnnc(folder.path()).args(&writer).arg(name));
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert!(output.stdout == wanted, "{writer:?} {name}");
            // the same where standard output is a file: what the shell has begun is gone on with
            let into = folder.path().join("into");
            fs::write(&into, "before\n").expect("written");
            let file = File::options().append(true).open(&into).expect("opened");
            let output = run(cnnc(folder.path()).args(&writer).arg(name).stdout(file));
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert_eq!(
                fs::read(&into).expect("there"),
                [b"before\n", &wanted[..]].concat(),
                "{writer:?} {name}"
            );
        }
        assert!(!folder.path().join("-").exists());
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let folder = folder();
    let output = shell(
        folder.path(),
        &format!("\"$CNNC\" graph {DIGITS} -o /dev/stdout | true; exit ${{PIPESTATUS[0]}}"),
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn what_cannot_be_written_is_said_by_its_kind() {
    let folder = folder();
    let socket = folder.path().join("socket");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    symlink("round", folder.path().join("round")).expect("a link");
    fs::write(folder.path().join("plain"), "a").expect("written");
    let to = |name: &str| refused(cnnc(folder.path()).args(["graph", DIGITS, "-o", name]));
    for (name, why) in [
        (".", "it is a folder"),
        ("new/", "the name is that of a folder"),
        ("socket", "it is a socket"),
        ("round", "Too many levels of symbolic links"),
        ("no/folder", "the folder does not exist"),
        ("plain/file", "Not a directory"),
    ] {
        let said = to(name);
        assert!(said.starts_with("error[E0604]") && said.contains(why), "{name}: {said}");
    }
    assert_eq!(names(folder.path()), ["plain", "round", "socket"]);
}

/// The program where somebody without rights can start it, and a folder of theirs.
fn for_nobody(folder: &Path) -> PathBuf {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("set");
    let program = folder.join("cnnc");
    let built = env!("CARGO_BIN_EXE_cnnc");
    fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).expect("copied");
    program
}

/// What only root can try: to be somebody else.
#[test]
fn what_is_not_ours_stays_as_it_is() {
    use std::os::unix::fs::chown;
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    if fs::metadata(folder.path()).expect("there").uid() != 0 {
        println!("skipped: only root can start a program as somebody else");
        return;
    }
    let program = for_nobody(folder.path());
    fs::write(at("m.cnn"), SMALL).expect("written");
    let put = |name: &str, mode: u32, owner: u32| {
        fs::write(at(name), "old").expect("written");
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).expect("set");
        chown(at(name), Some(owner), Some(owner)).expect("given");
    };
    for (name, mode) in [("theirs", 0o777), ("closed", 0o555)] {
        fs::create_dir(at(name)).expect("made");
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).expect("set");
    }
    put("theirs/roots", 0o644, 0);
    put("theirs/fixed", 0o444, NOBODY);
    put("closed/file", 0o666, NOBODY);
    let graph = |name: &str| {
        let mut command = with_program(&program, folder.path());
        command.uid(NOBODY).gid(NOBODY).args(["graph", "m.cnn", "-o", name]);
        command
    };
    for (name, why) in [
        ("theirs/roots", "ermission denied"),
        ("theirs/fixed", "ermission denied"),
        ("closed/new", "ermission denied"),
        ("closed/file", "its folder may not be written to"),
    ] {
        let said = refused(&mut graph(name));
        assert!(said.contains(why), "{name}: {said}");
    }
    for name in ["theirs/roots", "theirs/fixed", "closed/file"] {
        assert_eq!(fs::read_to_string(at(name)).expect("there"), "old", "{name}");
    }
    fine(&mut graph("theirs/new"));
    // root leaves a file to whom it belongs
    put("theirs/kept", 0o604, NOBODY);
    fine(cnnc(folder.path()).args(["graph", "m.cnn", "-o", "theirs/kept"]));
    let about = fs::metadata(at("theirs/kept")).expect("there");
    assert_eq!((about.uid(), about.gid(), about.mode() & 0o777), (NOBODY, NOBODY, 0o604));
    assert_eq!(names(&at("theirs")), ["fixed", "kept", "new", "roots"]);
}

#[test]
fn new_files_are_made_as_the_umask_says_and_other_names_keep_the_old_text() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("m.cnn"), SMALL).expect("written");
    for (mask, mode) in [("027", 0o640), ("077", 0o600), ("000", 0o666)] {
        let line = format!(
            "umask {mask}; \"$CNNC\" graph m.cnn -o g; \"$CNNC\" new n; \"$CNNC\" init m.cnn --output w"
        );
        assert_eq!(shell(folder.path(), &line).status.code(), Some(0));
        for name in ["g", "n.cnn", "w"] {
            assert_eq!(fs::metadata(at(name)).expect("there").mode() & 0o777, mode, "{name} {mask}");
            fs::remove_file(at(name)).expect("removed");
        }
    }
    fs::write(at("one"), "old").expect("written");
    fs::hard_link(at("one"), at("two")).expect("a second name");
    fine(cnnc(folder.path()).args(["graph", "m.cnn", "-o", "one"]));
    assert!(fs::read_to_string(at("one")).expect("there").contains("<svg"));
    assert_eq!(fs::read_to_string(at("two")).expect("there"), "old");
}

#[test]
fn fmt_and_fix_write_through_links_and_never_half() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("real.cnn"), "model M { input(2x2x1)\n dense(2, actvation: relu) }").expect("written");
    symlink("real.cnn", at("m.cnn")).expect("a link");
    let output = run(cnnc(folder.path()).args(["check", "--fix", "m.cnn"]));
    assert!(text(&output.stdout).contains("+"), "{output:?}");
    assert!(fs::read_to_string(at("real.cnn")).expect("there").contains("activation: relu"));
    fine(cnnc(folder.path()).args(["fmt", "m.cnn"]));
    assert!(fs::symlink_metadata(at("m.cnn")).expect("there").is_symlink());
    assert!(fs::read_to_string(at("real.cnn")).expect("there").starts_with("model M {\n"));
    assert_eq!(names(folder.path()), ["m.cnn", "real.cnn"]);
}

#[test]
fn what_a_killed_program_left_goes_and_what_a_living_one_writes_stays() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("m.cnn"), SMALL).expect("written");
    let dead = at(".cnnc-unfinished-dead");
    let alive = File::create(at(".cnnc-unfinished-alive")).expect("made");
    alive.lock().expect("locked");
    for writer in ["graph m.cnn -o g", "init m.cnn --output w", "new n", "fmt messy.cnn"] {
        fs::write(at("messy.cnn"), SMALL.replace("    ", " ")).expect("written");
        fs::write(&dead, "half").expect("written");
        fine(cnnc(folder.path()).args(writer.split(' ')));
        assert!(!dead.exists(), "{writer}");
    }
    assert!(at(".cnnc-unfinished-alive").exists());
}

#[test]
fn a_program_can_come_through_a_pipe() {
    let folder = folder();
    fs::write(folder.path().join("b.cnn"), "block two {\n    dense(2)\n}\n").expect("written");
    let mut text_of = fs::read_to_string(DIGITS).expect("there");
    text_of = text_of.replace("epochs: 30", "epochs: 1");
    let file = folder.path().join("digits.cnn");
    fs::write(&file, &text_of).expect("written");
    fine(cnnc(folder.path()).args(["init", "digits.cnn", "--output", "w.safetensors"]));
    put_npy(&folder.path().join("x.npy"), "<f4", "1, 8, 8, 1", &[0; 256]);
    for command in [
        "check FILE",
        "fmt FILE",
        "show FILE",
        "summary FILE",
        "data FILE",
        "graph FILE",
        "emit FILE --stage ir",
        "diff FILE digits.cnn",
        "check --fix --dry-run FILE",
        "init FILE --output -",
        "eval FILE --weights w.safetensors",
        "predict FILE --weights w.safetensors --input x.npy --output -",
        "bench FILE --mode infer --batch 1 --steps 1 --warmup 0",
    ] {
        for name in ["-", "/dev/stdin", "/dev/fd/0"] {
            let words = command.split(' ').map(|word| if word == "FILE" { name } else { word });
            let given = File::open(&file).expect("there");
            let mut piped = Command::new("cat").stdin(given).stdout(Stdio::piped()).spawn().expect("starts");
            let pipe = piped.stdout.take().expect("piped");
            let said = fine(cnnc(folder.path()).args(words).stdin(pipe));
            piped.wait().expect("ours");
            assert!(!said.is_empty() || command.contains("--fix"), "{command} {name}");
        }
        let line = format!("\"$CNNC\" {}", command.replace("FILE", "<(cat digits.cnn)"));
        let output = shell(folder.path(), &line);
        assert_eq!(output.status.code(), Some(0), "{command} {output:?}");
    }
    // a run from a pipe has a folder with a name that no shell takes for an option
    let output = shell(folder.path(), "cat digits.cnn | \"$CNNC\" run - && \"$CNNC\" run <(cat digits.cnn)");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(names(&folder.path().join("runs")), ["pipe-1", "stdin-1"]);
    // what a text from a pipe uses lies in the present folder
    let uses = "use \"b.cnn\"\nmodel M {\n    input(2x2x1)\n    flatten\n    two\n}\n";
    fs::write(folder.path().join("uses.cnn"), uses).expect("written");
    for line in [
        "\"$CNNC\" check - < uses.cnn",
        "cat uses.cnn | \"$CNNC\" check -",
        "\"$CNNC\" check <(cat uses.cnn)",
    ] {
        let output = shell(folder.path(), line);
        assert_eq!(output.status.code(), Some(0), "{line} {output:?}");
    }
}

#[test]
fn a_stream_is_read_once() {
    let folder = folder();
    for words in [
        &["check", "-", "-"][..],
        &["fmt", "-", "/dev/stdin"],
        &["diff", "-", "-"],
        &["diff", "-", "--model", "A", "--model", "B"],
        &["check", "--fix", "-"],
    ] {
        let output = run(cnnc(folder.path()).args(words));
        assert_eq!(output.status.code(), Some(2), "{words:?} {output:?}");
    }
    let output = run(cnnc(folder.path()).args(["check", "-"]).stdin(File::open("/dev/zero").expect("there")));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("it has more than 16 MiB"), "{output:?}");
}

#[test]
fn what_does_not_end_is_refused_by_its_kind() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fine(cnnc(folder.path()).args(["init", DIGITS, "--output", "w.safetensors"]));
    pipe_at(&at("pipe"));
    fs::create_dir(at("folder")).expect("made");
    let _listening = std::os::unix::net::UnixListener::bind(at("socket")).expect("bound");
    symlink("/dev/zero", at("zero")).expect("a link");
    File::create(at("huge")).expect("made").set_len(17 << 20).expect("grown");
    let kinds = [
        ("pipe", "it is a named pipe"),
        ("folder", "it is a folder"),
        ("socket", "it is a socket"),
        ("/dev/zero", "it is a device"),
        ("zero", "it is a device"),
    ];
    for (name, why) in kinds {
        for command in [
            "check FILE",
            "fmt FILE",
            "show FILE",
            "summary FILE",
            "run FILE",
            "check --fix FILE",
            "eval DIGITS --weights FILE",
            "predict DIGITS --weights w.safetensors --input FILE --output y.npy",
            "step DIGITS --weights w.safetensors --input FILE --labels FILE --output y.npy",
        ] {
            let words = command.split(' ').map(|word| match word {
                "FILE" => name,
                "DIGITS" => DIGITS,
                other => other,
            });
            let said = refused(cnnc(folder.path()).args(words));
            // `check` takes folders, for the files in them
            let why =
                if command.starts_with("check") && name == "folder" { "no .cnn file in folder" } else { why };
            assert!(said.contains(why), "{command} {name}: {said}");
        }
    }
    assert!(refused(cnnc(folder.path()).args(["check", "huge"])).contains("it has more than 16 MiB"));
}

#[test]
fn only_files_of_the_language_can_be_used() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    pipe_at(&at("pipe.cnn"));
    fs::create_dir(at("folder.cnn")).expect("made");
    symlink("/dev/zero", at("zero.cnn")).expect("a link");
    symlink("round.cnn", at("round.cnn")).expect("a link");
    fs::write(at("secret"), "root:secret:0:0\n").expect("written");
    symlink("secret", at("link.cnn")).expect("a link");
    fs::write(at("bytes.cnn"), [0xff, 0, 1]).expect("written");
    File::create(at("huge.cnn")).expect("made").set_len(17 << 20).expect("grown");
    for (used, why) in [
        ("/dev/zero", "its name does not end in `.cnn`"),
        ("/etc/passwd", "its name does not end in `.cnn`"),
        ("secret", "its name does not end in `.cnn`"),
        ("pipe.cnn", "it is a named pipe"),
        ("folder.cnn", "it is a folder"),
        ("zero.cnn", "it is a device"),
        ("round.cnn", "Too many levels of symbolic links"),
        ("link.cnn", "it is not written in the language"),
        ("bytes.cnn", "it is no UTF-8 text"),
        ("huge.cnn", "it has more than 16 MiB"),
    ] {
        fs::write(at("m.cnn"), format!("use \"{used}\"\n{SMALL}")).expect("written");
        let said = refused(cnnc(folder.path()).args(["check", "m.cnn"]));
        assert!(said.contains("E0025") && said.contains(why), "{used}: {said}");
        assert!(!said.contains("root:"), "{used}: {said}");
    }
}

#[test]
fn links_give_no_file_names_without_end() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    symlink(".", at("a")).expect("a link");
    symlink(".", at("b")).expect("a link");
    let block = "block one {\n    dense(2)\n}\n";
    fs::write(at("used.cnn"), format!("use \"a/used.cnn\" as a\nuse \"b/used.cnn\" as b\n{block}"))
        .expect("written");
    fs::write(at("m.cnn"), format!("use \"used.cnn\"\n{SMALL}")).expect("written");
    let said = refused(cnnc(folder.path()).args(["check", "m.cnn"]));
    assert!(said.contains("E0024"), "{}", &said[..said.len().min(2000)]);
}

#[test]
fn a_terminal_is_read_until_its_end() {
    let folder = folder();
    if Command::new("script").arg("--version").output().is_err() {
        println!("skipped: there is no `script` to make a terminal");
        return;
    }
    let mut command = with_program(Path::new("script"), folder.path());
    let line = format!("{} check -", env!("CARGO_BIN_EXE_cnnc"));
    let mut child = command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).spawn().expect("starts");
    let mut typed = child.stdin.take().expect("piped");
    typed.write_all(SMALL.as_bytes()).and_then(|()| typed.write_all(b"\x04")).expect("typed");
    typed.flush().expect("typed");
    let output = ended(child);
    assert!(text(&output.stdout).contains("stdin: ok"), "{output:?}");
}

#[test]
fn check_refuses_weights_that_a_run_would() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let program = "use zoo.lenet5\nmodel M {\n    input(32x32x1)\n    lenet5(classes: 10, weights: \"WEIGHTS\")\n}\n\
                   data { source: digits; test: 20% of all }\nprepare { resize: 32x32; rescale: 1/255 }\n\
                   train { epochs: 1; optimizer: adam(lr: 0.0001) }\n";
    fs::write(at("plain.cnn"), "use zoo.lenet5\nmodel M {\n    input(32x32x1)\n    lenet5(classes: 10)\n}\n")
        .expect("written");
    fine(cnnc(folder.path()).args(["init", "plain.cnn", "--output", "good"]));
    let good = fs::read(at("good")).expect("there");
    let header =
        8 + usize::try_from(u64::from_le_bytes(*good.first_chunk().expect("a header"))).expect("short");
    let other_type = String::from_utf8_lossy(&good[8..header]).replace("\"F32\"", "\"F16\"");
    let lengths: [u8; 8] = u64::try_from(other_type.len()).expect("short").to_le_bytes();
    for (name, bytes) in [
        ("empty", &[][..]),
        ("short", &good[..5]),
        ("cut_header", &good[..header - 3]),
        ("cut", &good[..good.len() - 1]),
        ("long", &[&good[..], b"x"].concat()),
        ("text", b"no weights at all, but a text that is long enough"),
        ("huge", &[&u64::MAX.to_le_bytes()[..], &good[8..]].concat()),
        ("type", &[&lengths[..], other_type.as_bytes(), &good[header..]].concat()),
    ] {
        fs::write(at(name), bytes).expect("written");
    }
    fs::create_dir(at("folder")).expect("made");
    pipe_at(&at("pipe"));
    symlink("/dev/zero", at("device")).expect("a link");
    for name in
        ["empty", "short", "cut_header", "cut", "long", "text", "huge", "type", "folder", "pipe", "device"]
    {
        fs::write(at("m.cnn"), program.replace("WEIGHTS", name)).expect("written");
        for command in ["check", "show", "run", "summary"] {
            let said = refused(cnnc(folder.path()).args([command, "m.cnn"]));
            assert!(said.contains("error[E0124]"), "{command} {name}: {said}");
        }
    }
    fs::write(at("m.cnn"), program.replace("WEIGHTS", "missing")).expect("written");
    let output = run(cnnc(folder.path()).args(["check", "m.cnn"]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stderr).contains("warning[W0125]"), "{output:?}");
    fs::write(at("m.cnn"), program.replace("WEIGHTS", "good")).expect("written");
    let output = run(cnnc(folder.path()).args(["check", "m.cnn"]));
    assert!(!text(&output.stderr).contains("0124") && output.status.success(), "{output:?}");
}

#[test]
fn check_refuses_names_that_a_run_would() {
    let folder = folder();
    let program = fs::read_to_string(DIGITS).expect("there");
    let long = "x".repeat(256);
    for callback in ["checkpoint", "csv_log"] {
        for name in [
            "", ".", "..", "../x", "/etc/x", "a/b", "a/", "./a", "a\\b", "a\u{1b}b", "a\tb", "a\u{9b}b",
            &long,
        ] {
            let text = program.replace("epochs: 30", &format!("epochs: 30\n    {callback}(\"{name}\")"));
            fs::write(folder.path().join("m.cnn"), text).expect("written");
            let said = refused(cnnc(folder.path()).args(["check", "m.cnn"]));
            assert!(said.contains("error[E0522]"), "{callback} {name:?}: {said}");
        }
    }
}

#[test]
fn too_many_threads_are_refused_by_every_command() {
    let folder = folder();
    for command in
        ["run", "summary", "eval --weights w", "predict --weights w x.png", "emit --stage ir", "bench"]
    {
        for threads in ["100000", "1025", "18446744073709551615", "18446744073709551616", "-1"] {
            let words = command.split(' ').chain([DIGITS, "--threads", threads]);
            let output = run(cnnc(folder.path()).args(words));
            assert_eq!(output.status.code(), Some(2), "{command} {threads}: {output:?}");
        }
    }
    let output = run(cnnc(folder.path()).args(["bench", DIGITS, "--threads", "100000"]));
    assert!(text(&output.stderr).contains("at most 1024: each takes memory of its own"), "{output:?}");
    fine(cnnc(folder.path()).args([
        "bench",
        DIGITS,
        "--threads",
        "0",
        "--steps",
        "1",
        "--warmup",
        "0",
        "--batch",
        "1",
    ]));
    let large = refused(
        cnnc(folder.path()).env("CNNC_MEMORY_MIB", "1000").args(["bench", DIGITS, "--batch", "16777216"]),
    );
    assert!(large.contains("error[E0630]: out of memory: a batch of 16777216 takes"), "{large}");
    let output = run(cnnc(folder.path()).args(["bench", DIGITS, "--batch", "4294967295"]));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_name_of_any_length_is_shown() {
    let folder = folder();
    let name = "a".repeat(70_000);
    fs::write(folder.path().join("m.cnn"), SMALL.replace("dense", &format!("{name} = dense")))
        .expect("written");
    for command in ["summary", "graph", "show", "emit --stage ir"] {
        let said = fine(cnnc(folder.path()).args(command.split(' ')).arg("m.cnn"));
        assert!(said.contains(&name), "{command}");
    }
    // a row of a table is not widened by another
    let said = fine(cnnc(folder.path()).args(["summary", "m.cnn"]));
    assert!(said.lines().filter(|line| line.len() > 1_000).count() == 1, "{} bytes", said.len());
}

/// A shell's line in which all memory that is taken is limited.
fn with_memory(folder: &Path, kib: usize, words: &str) -> Output {
    shell(folder, &format!("ulimit -v {kib}; exec \"$CNNC\" {words}"))
}

#[test]
fn too_little_memory_is_said_and_nothing_aborts() {
    let folder = folder();
    fine(cnnc(folder.path()).args(["init", DIGITS, "--output", "w.safetensors"]));
    put_npy(&folder.path().join("x.npy"), "<f4", "1, 8, 8, 1", &[0; 256]);
    let mut refused = 0;
    for command in [
        "check DIGITS",
        "summary DIGITS",
        "run DIGITS --epochs 1 --out out-KIB",
        "bench DIGITS --steps 1 --warmup 0 --batch 4096",
        "predict DIGITS --weights w.safetensors --input x.npy --output y.npy",
    ] {
        for kib in (0..10).map(|step| 20_000 * (1 << step) / 10 * 7) {
            let words = command.replace("DIGITS", DIGITS).replace("KIB", &kib.to_string());
            let output = with_memory(folder.path(), kib, &words);
            // where the program itself does not fit, the system says so
            if output.status.success() || !with_memory(folder.path(), kib, "--version").status.success() {
                continue;
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            refused += 1;
            assert_eq!(output.status.code(), Some(1), "{kib} KiB, {command}: {output:?}");
            let is_told = ["E0630", "E0631", "E0515", "Resource temporarily unavailable"];
            assert!(is_told.iter().any(|code| said.contains(code)), "{kib} KiB, {command}: {said}");
            assert!(
                !said.contains("panicked") && !said.contains("bug in cnnc"),
                "{kib} KiB, {command}: {said}"
            );
        }
    }
    assert!(refused > 0, "no limit was too low");
}

#[test]
fn no_name_reaches_the_terminal_as_it_is() {
    let folder = folder();
    let name = "a\u{1b}[31mb\u{202e}c\nd";
    let shown = "a\\x1b[31mb\\u{202e}c\\nd";
    let at = folder.path().join(format!("{name}.cnn"));
    fs::write(&at, SMALL).expect("written");
    for (command, code) in [("check", 0), ("summary", 0), ("diff", 2), ("run", 1), ("eval --weights w", 1)] {
        let output = run(cnnc(folder.path()).args(command.split(' ')).arg(&at));
        assert_eq!(output.status.code(), Some(code), "{command}: {output:?}");
        for bytes in [&output.stdout, &output.stderr] {
            assert!(!bytes.contains(&0x1b) && !text(bytes).contains('\u{202e}'), "{command}: {output:?}");
        }
    }
    assert!(fine(cnnc(folder.path()).arg("check").arg(&at)).contains(shown));
    let said = refused(cnnc(folder.path()).args(["eval", DIGITS, "--weights", name]));
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    // in JSON with JSON's escapes
    fs::write(&at, SMALL.replace("dense(2)", "dense(2)\n    dance(2)")).expect("written");
    let output = run(cnnc(folder.path()).args(["check", "--format", "json"]).arg(&at));
    assert!(text(&output.stdout).contains("a\\u001b[31mb\\u202ec\\nd"), "{output:?}");
}

/// What `--restricted` is to protect, and what it is to allow.
fn place_with_secrets() -> tempfile::TempDir {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for dir in ["mine", "mine/used", "data", "secret"] {
        fs::create_dir(at(dir)).expect("made");
    }
    let block = "block two {\n    dense(2)\n}\n";
    for file in ["mine/used/b.cnn", "data/b.cnn", "secret/b.cnn"] {
        fs::write(at(file), block).expect("written");
    }
    symlink("../secret/b.cnn", at("mine/link.cnn")).expect("a link");
    symlink("../secret", at("mine/linked")).expect("a link");
    fs::write(
        at("mine/plain.cnn"),
        "use zoo.lenet5\nmodel M {\n    input(32x32x1)\n    lenet5(classes: 10)\n}\n",
    )
    .expect("written");
    fine(cnnc(folder.path()).args(["init", "mine/plain.cnn", "--output", "secret/w.safetensors"]));
    folder
}

#[test]
fn a_restricted_program_reads_below_its_folders_alone() {
    let folder = place_with_secrets();
    let at = |name: &str| folder.path().join(name);
    let uses = |used: &str| {
        let text = format!("use \"{used}\" as b\nmodel M {{\n    input(2x2x1)\n    flatten\n    b.two\n}}\n");
        fs::write(at("mine/m.cnn"), text).expect("written");
    };
    let check =
        |more: &[&str]| run(cnnc(folder.path()).args(["--restricted", "check", "mine/m.cnn"]).args(more));
    let absolute = at("secret/b.cnn").display().to_string();
    uses("used/b.cnn");
    assert!(check(&[]).status.success(), "{:?}", check(&[]));
    for used in [
        "../secret/b.cnn",
        "link.cnn",
        "linked/b.cnn",
        "used/../../secret/b.cnn",
        &absolute,
        "../secret/none.cnn",
    ] {
        uses(used);
        let output = check(&[]);
        assert_eq!(output.status.code(), Some(1), "{used}: {output:?}");
        assert!(text(&output.stderr).contains("outside the folders that may be read"), "{used}: {output:?}");
        if !used.contains("none") {
            assert!(check(&["--allow-read", "secret"]).status.success(), "{used}");
            fine(cnnc(folder.path()).args(["check", "mine/m.cnn"]));
        }
    }
    // weights and data
    for (what, program) in [
        (
            "weights",
            "use zoo.lenet5\nmodel M {\n    input(32x32x1)\n    lenet5(classes: 10, weights: \"../secret/w.safetensors\")\n}\n",
        ),
        (
            "folder",
            "model M {\n    input(2x2x1)\n    flatten\n    dense(2, activation: softmax)\n}\ndata { source: folder(\"../secret\") }\n",
        ),
        (
            "npz",
            "model M {\n    input(2x2x1)\n    flatten\n    dense(2, activation: softmax)\n}\ndata { source: npz(\"/etc/passwd\") }\n",
        ),
    ] {
        fs::write(at("mine/m.cnn"), program).expect("written");
        let output = check(&[]);
        assert_eq!(output.status.code(), Some(1), "{what}: {output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("outside the folders that may be read"), "{what}: {said}");
    }
    // pictures that links and tables lead to
    fs::create_dir_all(at("mine/set/a")).expect("made");
    fs::create_dir_all(at("mine/set/b")).expect("made");
    for picture in ["secret/x.ppm", "mine/set/a/1.ppm", "mine/set/b/1.ppm"] {
        fs::write(at(picture), b"P5 2 2 255\nabcd").expect("written");
    }
    fs::write(at("mine/in.csv"), "file,label\nset/a/1.ppm,a\nset/b/1.ppm,b\n").expect("written");
    fs::write(at("mine/out.csv"), "file,label\nset/a/1.ppm,a\n../secret/x.ppm,b\n").expect("written");
    let of = |source: &str| {
        let text = format!(
            "model M {{\n    input(2x2x3)\n    flatten\n    dense(2, activation: softmax)\n}}\ndata {{ source: {source} }}\n"
        );
        fs::write(at("mine/m.cnn"), text).expect("written");
        let output = check(&[]);
        (text_of(&output), output.status.code())
    };
    let (folder_source, table) = ("folder(\"set\")", "csv(\"NAME\", image: file, label: label)");
    assert_eq!(of(folder_source).1, Some(0), "{}", of(folder_source).0);
    assert_eq!(of(&table.replace("NAME", "in.csv")).1, Some(0), "{}", of(&table.replace("NAME", "in.csv")).0);
    assert!(
        of(&table.replace("NAME", "out.csv")).0.contains("E0632"),
        "{}",
        of(&table.replace("NAME", "out.csv")).0
    );
    symlink("../../../secret/x.ppm", at("mine/set/b/2.ppm")).expect("a link");
    assert!(of(folder_source).0.contains("E0632"), "{}", of(folder_source).0);
    // built-in sets are not fetched
    let mnist = "model M {\n    input(28x28x1)\n    flatten\n    dense(10, activation: softmax)\n}\n\
                 data { source: mnist }\nprepare { rescale: 1/255 }\ntrain { epochs: 1; optimizer: adam }\n";
    fs::write(at("mine/m.cnn"), mnist).expect("written");
    let said = refused(cnnc(folder.path()).args(["--restricted", "run", "mine/m.cnn", "--out", "run"]));
    assert!(said.contains("was not found"), "{said}");
    assert!(!at("cache").exists() && !at("run").exists(), "nothing is kept or begun");
}

#[test]
fn a_restricted_program_keeps_to_its_limits() {
    let folder = folder();
    let limited = |limits: &str, words: &[&str]| {
        run(cnnc(folder.path()).args(["--restricted", "--limits", limits]).args(words))
    };
    for (limits, codes) in [
        ("layers=3", &["E0633"][..]),
        ("parameters=100", &["E0633"]),
        ("pictures=100", &["E0633"]),
        // what is planned does not fit; or there was no room left, or no thread, to find that out
        ("memory=1MiB", &["E0515", "E0630", "E0631"]),
    ] {
        for command in ["check", "run", "summary"] {
            let output = limited(limits, &[command, DIGITS]);
            // a summary trains nothing, and may find the little room that it needs
            if limits.starts_with("memory") && command == "summary" && output.status.success() {
                continue;
            }
            assert_eq!(output.status.code(), Some(1), "{limits} {command}: {output:?}");
            let said = text(&output.stderr);
            assert!(
                codes.iter().any(|code| said.contains(&format!("error[{code}"))),
                "{limits} {command}: {output:?}"
            );
        }
    }
    let output = limited("memory=40MiB", &["check", DIGITS, "--set", "train.batch=4096"]);
    assert!(text(&output.stderr).contains("E0515") || text(&output.stderr).contains("E0630"), "{output:?}");
    for wrong in ["layers", "time=5", "other=1"] {
        assert_eq!(limited(wrong, &["check", DIGITS]).status.code(), Some(2), "{wrong}");
    }
    let output = run(cnnc(folder.path()).args(["--limits", "layers=3", "check", DIGITS]));
    assert_eq!(output.status.code(), Some(2), "limits are for --restricted: {output:?}");
    let output =
        run(cnnc(folder.path()).args(["--restricted", "run", DIGITS, "--epochs", "1", "--out", "fine"]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_restricted_run_ends_when_its_time_is_over_and_can_go_on() {
    let folder = folder();
    let words = ["--restricted", "--limits", "time=2s", "run", DIGITS, "--epochs", "100000", "--out", "run"];
    let output = run(cnnc(folder.path()).args(words));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("error[E0634]") && said.contains("--resume"), "{said}");
    assert!(folder.path().join("run/state.safetensors").exists());
}
