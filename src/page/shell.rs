//! What all pages begin and end with: head, style, policy, the buttons for language and light, the script.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::html::Html;
use super::words::{self, Said};
use crate::diag::Language;
use crate::draw::scene::base64;

/// What draws curves. Its licence stands in `assets/uPlot.LICENSE` and in each page.
const PLOTS: &str = include_str!("assets/uPlot.iife.min.js");
const PLOTS_LICENSE: &str = include_str!("assets/uPlot.LICENSE");
const PLOTS_STYLE: &str = include_str!("assets/uPlot.min.css");
const STYLE: &str = include_str!("assets/page.css");
/// What scripts have in common, but for that of the page of a run.
const BASE: &str = include_str!("assets/base.js");

/// What a page begins and ends with.
#[derive(Debug)]
pub(super) struct Shell<'s> {
    language: Language,
    title: &'s str,
    script: String,
    /// Where the page may take things from, as its policy says it.
    sources: &'static str,
    styles: Vec<&'static str>,
}

impl<'s> Shell<'s> {
    /// Of a page that asks for nothing.
    pub(super) fn new(language: Language, title: &'s str, script: &str) -> Self {
        let script = format!("/*\n{PLOTS_LICENSE}*/\n{PLOTS}\n{script}");
        Self { language, title, script, sources: "img-src data:", styles: vec![STYLE] }
    }

    /// Of a page that asks for nothing, and whose script draws by itself.
    pub(super) fn bare(language: Language, title: &'s str, script: &str) -> Self {
        Self { script: format!("{BASE}\n{script}"), ..Self::new(language, title, "") }
    }

    /// Of a page that asks its own server.
    pub(super) fn served(language: Language, title: &'s str, script: &str) -> Self {
        const SERVED: &str = include_str!("assets/served.js");
        const STYLE: &str = include_str!("assets/served.css");
        let script = format!("{BASE}\n{SERVED}\n{script}");
        let sources = "img-src 'self' data:; connect-src 'self'";
        Self { sources, ..Self::new(language, title, &script) }.with(STYLE)
    }

    /// With a style beside that of all pages.
    pub(super) fn with(mut self, style: &'static str) -> Self {
        self.styles.push(style);
        self
    }

    /// Writes all that stands before the page's header. It has an empty icon: browsers would ask for one.
    pub(super) fn begin(&self, html: &mut Html) {
        html.tags(match self.language {
            Language::English => "<!doctype html>\n<html lang=\"en\">\n",
            Language::Korean => "<!doctype html>\n<html lang=\"ko\">\n",
        });
        html.tags(
            "<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
        );
        html.tags(self.sources).tags("; style-src 'unsafe-inline'; script-src 'sha256-");
        let mut hash = String::new();
        base64(&mut hash, &Sha256::digest(self.script.as_bytes()));
        html.text(&hash).tags("'\">\n<link rel=\"icon\" href=\"data:,\">\n<title>").text(self.title);
        html.tags("</title>\n<style>").tags(PLOTS_STYLE);
        self.styles.iter().for_each(|style| html.tags(style).end());
        html.tags("</style>\n</head>\n<body>\n");
    }

    /// The whole page, with the script behind it and what that takes.
    pub(super) fn end(&self, data: &Value, mut html: Html) -> String {
        html.tags("<script type=\"application/json\" id=\"facts\">").json(data).tags("</script>\n");
        format!("{}<script>{}</script>\n</body>\n</html>\n", html.finish(), self.script)
    }
}

/// The buttons that turn the language and the light.
pub(super) fn buttons(html: &mut Html) {
    html.tags("<nav><button id=\"language\">").said(words::LANGUAGE);
    html.tags("</button><button id=\"theme\">").said(words::THEME).tags("</button></nav>");
}

/// What a script says by itself, by the names that it has there.
pub(super) fn of_script(sentences: &[(&str, Said)]) -> Value {
    let of_language = |sentence: fn(Said) -> &'static str| {
        let entries = sentences.iter().map(|(name, said)| ((*name).to_owned(), json!(sentence(*said))));
        Value::Object(Map::from_iter(entries))
    };
    json!({ "en": of_language(|said| said.en), "ko": of_language(|said| said.ko) })
}
