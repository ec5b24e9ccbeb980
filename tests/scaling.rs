//! Whatever is done with a file takes time in proportion to its size: of four times as much, four times as
//! long.
//!
//! Time is never compared with a figure: a machine may be slow, or busy. Compared are two sizes on one
//! machine, by the time that this thread had a processor, and a pair that looks bad is measured again. What
//! grows with the square takes sixteen times as long.

use std::fmt::Write;

use cnnc::diag::{Language, RenderStyle, render_all, render_json};
use cnnc::draw::Diagram;
use cnnc::format::format;
use cnnc::front::{Loaded, load};
use cnnc::internals::ir::DataSpec;
use cnnc::internals::lower::LowerOptions;
use cnnc::source::SourceFile;

/// How much longer four times as much may take: between four and sixteen.
const MOST: u64 = 9;

/// What is shorter is too short to be compared, in nanoseconds.
const SHORTEST: u64 = 3_000_000;

/// Measurements of a pair before it counts as too slow.
const TRIES: usize = 5;

/// Nanoseconds that this thread has had a processor; `None` where the system does not tell.
fn processor_time() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_ascii_whitespace().next()?.parse().ok()
}

/// Sees to it that `work` on a text of 4n parts takes about four times as long as on one of n.
#[allow(clippy::print_stdout, reason = "says that nothing was measured")]
fn grows(name: &str, n: usize, text_of: impl Fn(usize) -> String, work: impl Fn(&str)) {
    if processor_time().is_none() {
        println!("skipped: this system does not tell how long a thread ran");
        return;
    }
    let took = |text: &str| {
        let begun = processor_time().unwrap_or_default();
        work(text);
        processor_time().unwrap_or_default() - begun
    };
    let (small, large) = (text_of(n), text_of(4 * n));
    let (mut least, mut most) = (u64::MAX, u64::MAX);
    for _ in 0..TRIES {
        least = least.min(took(&small)).max(SHORTEST);
        most = most.min(took(&large));
        if most / least < MOST {
            return;
        }
    }
    panic!("{name}: {n} parts take {} µs, four times as many {} µs", least / 1000, most / 1000);
}

fn read(text: &str) -> Loaded {
    load(SourceFile::new("a.cnn", text), &LowerOptions::default(), &|_: &DataSpec| None)
}

/// All that is done with a file before it is trained.
fn everything(text: &str) {
    let loaded = read(text);
    drop(render_all(&loaded.problems, &loaded.sources, RenderStyle::plain()));
    for problem in loaded.problems.iter() {
        drop(render_json(problem, &loaded.sources, Language::Korean));
    }
    drop(format(text));
    if let Some(program) = &loaded.program {
        drop(cnnc::show::show(&[program], &loaded.ast));
        drop(Diagram::of(program, None).to_svg());
    }
}

/// A model with this between its input and its end.
fn model(body: &str) -> String {
    format!("model M {{\n    input(8x8x1)\n{body}\n    flatten\n    dense(10, activation: softmax)\n}}\n")
}

/// `part` with each number below n in the place of `#`.
fn each(n: usize, part: &str) -> String {
    (0..n).fold(String::new(), |mut text, at| {
        let _ = write!(text, "{}", part.replace('#', &at.to_string()));
        text
    })
}

fn layers(n: usize, part: &str) -> String {
    model(&each(n, part))
}

#[test]
fn sound_files_take_time_in_proportion() {
    grows("layers", 1500, |n| layers(n, "    relu\n"), everything);
    grows("layers on one line", 1500, |n| layers(n, "relu; "), everything);
    grows(
        "layers with options",
        800,
        |n| layers(n, "    conv2d(4, 3x3, padding: same, activation: relu)\n"),
        everything,
    );
    grows("repeats", 6000, |n| model(&format!("    repeat {n} {{ relu }}")), everything);
    grows(
        "named turns",
        2000,
        |n| model(&format!("    stage = repeat {n} {{ x = relu; tanh }}")),
        everything,
    );
    grows("chains", 1500, |n| model(&format!("    {}", vec!["relu"; n].join(" -> "))), everything);
    grows("names", 1000, |n| layers(n, "    x# = relu\n    add(x#)\n"), |text| drop(read(text)));
    grows(
        "joins",
        3000,
        |n| model(&format!("    x = relu\n    concat({})", vec!["x"; n].join(", "))),
        everything,
    );
    grows(
        "branches",
        1000,
        |n| model(&format!("    add {{\n{}    }}", each(n, "        branch { relu }\n"))),
        everything,
    );
    grows(
        "concatenations of concatenations",
        300,
        |n| layers(n, "    x# = relu\n    conv2d(1, 1x1)\n    concat(x#)\n"),
        everything,
    );
    grows("blocks", 800, |n| each(n, "block b# { relu }\n") + &layers(n, "    b#\n"), everything);
    grows(
        "constants",
        2000,
        |n| "let a0 = 1\n".to_owned() + &each(n, "let b# = a0 + #\n") + &layers(n, "    dropout(b0 / 2)\n"),
        everything,
    );
    grows(
        "constants in bodies",
        1000,
        |n| each(n, "let b# = #\n") + &layers(n, "    repeat 1 { dropout(b1 / 2) }\n"),
        everything,
    );
    grows("comments", 8000, |n| each(n, "// what is said\n") + &model(""), everything);
    grows("lines", 100_000, |n| "\n".repeat(n) + &model(""), everything);
    grows("models", 700, |n| each(n, "model M# { input(8x8x1); flatten; dense(2) }\n"), everything);
    grows(
        "allowed warnings",
        1500,
        |n| each(n, "allow W0506 because \"so\"\nlet b# = 1\n") + &model(""),
        everything,
    );
}

#[test]
fn files_with_mistakes_take_time_in_proportion() {
    grows("unknown options", 1000, |n| layers(n, "    conv2d(4, 3x3, actvation: relu)\n"), everything);
    grows("unknown layers", 1500, |n| layers(n, "    unknown\n"), everything);
    grows("unknown names", 1000, |n| layers(n, "    xyz# = relu\n    add(xyy#)\n"), everything);
    grows("unknown constants", 1000, |n| each(n, "let b# = a# + 1\n") + &model(""), everything);
    grows("unused constants", 2000, |n| each(n, "let b# = 1\n") + &model(""), everything);
    grows("constants given twice", 2000, |n| each(n, "let b = 1\n") + &model(""), everything);
    grows("sections given twice", 1500, |n| model("") + &each(n, "train { epochs: # }\n"), everything);
    grows(
        "options on one line",
        1500,
        |n| model(&format!("    conv2d(4, 3x3, {})", vec!["strides: 1"; n].join(", "))),
        everything,
    );
    grows("statements that end too soon", 1500, |n| layers(n, "    conv2d(4,)) x\n"), everything);
    grows("brackets", 5000, |n| "{(".repeat(n), everything);
    grows(
        "mistakes in blocks",
        700,
        |n| each(n, "block b# { dense(#) ; dense(0) }\n") + &layers(n, "    b#\n"),
        everything,
    );
    grows("imports given twice", 1500, |n| "use zoo.resnet18\n".repeat(n) + &model(""), everything);
    grows("words", 20_000, |n| "é€ \u{1b}x ".repeat(n), everything);
}

#[cfg(feature = "engine")]
#[test]
fn plans_take_time_in_proportion() {
    use cnnc::front::{Surroundings, WeightsFile, load_within};
    use cnnc::internals::card::{DataCard, builtin};
    use cnnc::internals::ir::CheckedProgram;
    use cnnc::internals::kernel::{Simd, Target};
    use cnnc::internals::memory::{self, Machine};

    // so little memory that every file needs a plan, and no batch fits
    let judge = |text: &str| {
        let machine = Machine { target: Target::of(Simd::Portable), threads: 2, memory_bytes: 1 << 20 };
        let memory =
            |program: &CheckedProgram, card: Option<&DataCard>| memory::check(program, card, &machine);
        let card_of = |data: &DataSpec| builtin(&data.source.value);
        let read = |_: &std::path::Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        let around = Surroundings {
            card_of: &card_of,
            missing: &|_| None,
            read: &read,
            weights: &|_| WeightsFile::Unknown,
            memory: &memory,
        };
        let loaded = load_within(SourceFile::new("a.cnn", text), &LowerOptions::default(), around);
        assert!(loaded.problems.iter().any(|problem| problem.code.as_str() == "E0515"), "{text}");
    };
    let train = |text: String| {
        text + "data { source: digits; test: 20% of all }\ntrain { epochs: 1; optimizer: adam }\n"
    };
    let convolution = "    conv2d(4, 3x3, padding: same, activation: relu)\n";
    grows("planned convolutions", 150, |n| train(layers(n, convolution)), judge);
    grows(
        "planned maps",
        600,
        |n| train(model(&format!("    conv2d(4, 1x1)\n    repeat {n} {{ relu; tanh }}"))),
        judge,
    );
    grows(
        "planned norms",
        100,
        |n| train(layers(n, "    conv2d(4, 1x1)\n    batch_norm\n    dropout(0.1)\n")),
        judge,
    );
    grows(
        "planned joins",
        400,
        |n| train(model(&format!("    add {{\n{}    }}", each(n, "branch { conv2d(2, 1x1) }\n")))),
        judge,
    );
    grows(
        "planned concatenations",
        100,
        |n| train(layers(n, "    x# = conv2d(1, 1x1)\n    concat(x#)\n    conv2d(2, 1x1)\n")),
        judge,
    );
    grows("planned views", 600, |n| train(model(&each(n, "    flatten\n"))), judge);
}

#[test]
fn short_files_are_bounded() {
    let codes = |text: &str| -> Vec<String> {
        read(text).problems.iter().map(|problem| problem.code.to_string()).collect()
    };
    let nested =
        |depth: usize| model(&format!("    {} relu {}", "repeat 2 { ".repeat(depth), " }".repeat(depth)));
    assert_eq!(codes(&nested(16)), [""; 0], "65,536 layers");
    assert_eq!(codes(&nested(17)), ["E0018"], "131,072 layers");
    assert_eq!(codes(&nested(31)), ["E0018"]);
    let doubling = each(30, "block b# { c#; c# }\n").replace("c29", "relu");
    let doubling = (0..29).fold(doubling, |text, at| {
        text.replace(&format!("c{at};"), &format!("b{};", at + 1))
            .replace(&format!("c{at} "), &format!("b{} ", at + 1))
    });
    assert_eq!(codes(&(doubling + &model("    b0"))), ["E0018"], "2^30 layers");
    let long = "a".repeat(60_000);
    assert_eq!(codes(&model(&format!("    {long} = repeat 90000 {{ relu }}"))), ["E0018"], "5 GB of names");
    let list = format!("let l = [{}]\n", vec!["1"; 5_000].join(", "));
    let through = "block b(x) { zero_pad2d(1) }\n";
    let calls = model("    repeat 20000 { b(l) }");
    assert!(codes(&(list + through + &calls)).contains(&"E0018".to_owned()), "100 million parts of lists");
    assert_eq!(codes(&model(&format!("    from {}x", "a.".repeat(40_000)))), ["E0002"]);
}
