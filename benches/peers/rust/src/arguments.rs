//! The command line: `MODEL [--mode train|infer] [--batch 32] [--threads N] [--steps 40] [--warmup 8]`, as
//! that of `peer.py`.
use crate::Failure;

/// Training steps, or forward passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Train,
    Infer,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Train => "train",
            Mode::Infer => "infer",
        }
    }
}

#[derive(Debug, PartialEq)]
pub struct Arguments {
    pub model: String,
    pub mode: Mode,
    pub batch: usize,
    pub threads: usize,
    pub steps: usize,
    pub warmup: usize,
}

impl Arguments {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, Failure> {
        let mut all = Arguments {
            model: String::new(),
            mode: Mode::Train,
            batch: 32,
            threads: std::thread::available_parallelism()?.get(),
            steps: 40,
            warmup: 8,
        };
        while let Some(word) = words.next() {
            if !word.starts_with("--") {
                if !all.model.is_empty() {
                    return Err(format!("two models: {} and {word}", all.model).into());
                }
                all.model = word;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
            match word.as_str() {
                "--mode" => all.mode = mode(&value)?,
                "--batch" => all.batch = count(&word, &value, 1)?,
                "--threads" => all.threads = count(&word, &value, 1)?,
                "--steps" => all.steps = count(&word, &value, 1)?,
                "--warmup" => all.warmup = count(&word, &value, 0)?,
                _ => return Err(format!("no such option: {word}").into()),
            }
        }
        if all.model.is_empty() {
            return Err("which model? The first argument is its name".into());
        }
        Ok(all)
    }
}

fn mode(value: &str) -> Result<Mode, Failure> {
    match value {
        "train" => Ok(Mode::Train),
        "infer" => Ok(Mode::Infer),
        _ => Err(format!("--mode is `train` or `infer`, not `{value}`").into()),
    }
}

fn count(option: &str, value: &str, least: usize) -> Result<usize, Failure> {
    match value.parse() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(format!("{option} wants a number from {least} on, not `{value}`").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, Failure> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_taken() {
        let all = parse("fashion --mode infer --batch 4 --threads 3 --steps 2 --warmup 0").unwrap();
        let wanted =
            Arguments { model: "fashion".into(), mode: Mode::Infer, batch: 4, threads: 3, steps: 2, warmup: 0 };
        assert_eq!(all, wanted);
    }

    #[test]
    fn mistakes_are_told() {
        let told = |line| parse(line).unwrap_err().to_string();
        assert_eq!(told(""), "which model? The first argument is its name");
        assert_eq!(told("a b"), "two models: a and b");
        assert_eq!(told("a --batch 0"), "--batch wants a number from 1 on, not `0`");
        assert_eq!(told("a --mode both"), "--mode is `train` or `infer`, not `both`");
        assert_eq!(told("a --speed 3"), "no such option: --speed");
        assert_eq!(told("a --steps"), "--steps wants a value");
    }
}
