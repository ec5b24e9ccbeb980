//! The language of what people read.
//!
//! It is known before the arguments are parsed, since help and complaints about arguments are in it, too; and
//! it is one for the process: a panic and a signal speak it as well.

use std::borrow::Cow;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

use super::arguments::Lang;
use crate::diag::Language;

static IS_KOREAN: AtomicBool = AtomicBool::new(false);

/// From now on this language is spoken.
pub(super) fn speak(language: Language) {
    IS_KOREAN.store(language == Language::Korean, Ordering::Relaxed);
}

/// The language that is spoken.
pub(super) fn spoken() -> Language {
    if IS_KOREAN.load(Ordering::Relaxed) { Language::Korean } else { Language::English }
}

/// A text for people in the language that is spoken; see [`Language::say`].
pub(super) fn said(text: &str) -> Cow<'_, str> {
    spoken().say(text)
}

/// The language that is asked for: by `--lang`, else by the locale of this process, else English.
pub(super) fn asked_for(lang: Option<Lang>) -> Language {
    match lang {
        Some(Lang::En) => Language::English,
        Some(Lang::Ko) => Language::Korean,
        None => of_locale(|name| std::env::var(name).ok()),
    }
}

/// What `--lang` says, before anybody knows which arguments are options: it may stand anywhere before `--`.
pub(super) fn lang_in(arguments: impl Iterator<Item = OsString>) -> Option<Lang> {
    let mut arguments = arguments.skip(1).take_while(|argument| argument != "--");
    while let Some(argument) = arguments.next() {
        let value = match argument.to_str() {
            Some("--lang") => arguments.next()?,
            Some(text) => match text.strip_prefix("--lang=") {
                Some(value) => value.into(),
                None => continue,
            },
            None => continue,
        };
        return match value.to_str() {
            Some("en") => Some(Lang::En),
            Some("ko") => Some(Lang::Ko),
            Some(_) | None => None,
        };
    }
    None
}

/// The language of the first variable that is set to something.
fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
    let locale =
        ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    match locale {
        Some(locale) if locale.split(['_', '.', '@', '-']).next() == Some("ko") => Language::Korean,
        Some(_) | None => Language::English,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_decides_the_language() {
        let with = |set: &[(&str, &str)]| {
            of_locale(|name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(with(&[]), Language::English);
        assert_eq!(with(&[("LANG", "ko_KR.UTF-8")]), Language::Korean);
        assert_eq!(with(&[("LC_ALL", "C"), ("LANG", "ko_KR.UTF-8")]), Language::English);
        assert_eq!(with(&[("LC_ALL", ""), ("LC_MESSAGES", "ko")]), Language::Korean);
        assert_eq!(with(&[("LANG", "kok_IN")]), Language::English);
    }

    #[test]
    fn the_option_is_found_wherever_it_stands() {
        let lang = |words: &[&str]| lang_in(words.iter().map(OsString::from));
        assert_eq!(lang(&["cnnc", "run", "--lang", "ko"]), Some(Lang::Ko));
        assert_eq!(lang(&["cnnc", "--lang=en", "run", "--wrong"]), Some(Lang::En));
        assert_eq!(lang(&["cnnc", "run", "--lang"]), None);
        assert_eq!(lang(&["cnnc", "run", "--lang", "de"]), None);
        assert_eq!(lang(&["cnnc", "predict", "--", "--lang", "ko"]), None);
        assert_eq!(lang(&["--lang", "ko"]), None);
    }
}
