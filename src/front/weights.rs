//! Weights that a model is to start from, by the header of their file: E0113 where they were trained for
//! another head, or are not those of the model at all, E0124 and W0125 where there is no such file.

use super::published::reference;
use crate::diag::{Code, Diagnostic};
use crate::ir::{
    Backbone, CheckedProgram, MemberSpec, Scope, ScopeKind, StartingWeights, Variable, WeightsOf, variables,
};
use crate::printed::few;
use crate::tensor::Shape;
use crate::zoo::{Account, Found, Listing, Part, fit_backbone, fit_model, published_models};

/// What is known of a weights file that is named in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightsFile {
    /// Nobody has looked.
    Unknown,
    /// There is none.
    Missing,
    /// There is something else: why it cannot be read.
    Unsound(String),
    /// What it holds.
    Tensors(Listing),
}

/// What does not fit, one problem for each use of a model. `look_at` reads the header of a file named in the
/// program.
pub(super) fn check(program: &CheckedProgram, look_at: &dyn Fn(&str) -> WeightsFile) -> Vec<Diagnostic> {
    let mut all: Option<Vec<Variable>> = None;
    let mut problems = Vec::new();
    for scope in &program.program().model.scopes {
        let ScopeKind::Model(backbone) = &scope.kind else { continue };
        let Some(weights) = &backbone.weights else { continue };
        let about = |code| {
            let problem =
                Diagnostic::new(code).arg("file", weights.from.name()).arg("model", &backbone.model);
            problem.at(weights.span, "here").help("help")
        };
        let found = match &weights.from {
            WeightsOf::File(file) => look_at(file),
            WeightsOf::Imagenet => match reference(&backbone.model, Part::Whole).filter(|_| backbone.zoo) {
                Some(listing) => WeightsFile::Tensors(listing),
                None => {
                    let models = published_models().collect::<Vec<_>>().join("`, `");
                    problems.push(about(Code::E0126).arg("models", format!("`{models}`")));
                    continue;
                }
            },
        };
        match found {
            WeightsFile::Unknown => {}
            WeightsFile::Missing => problems.push(about(Code::W0125)),
            WeightsFile::Unsound(why) => problems.push(about(Code::E0124).arg("why", why)),
            WeightsFile::Tensors(listing) => {
                // as the run takes them: auxiliary outputs begin with random weights
                let all = all.get_or_insert_with(|| variables(program, false));
                let account = fit_backbone(&listing, &scope.path, backbone, all);
                problems.extend(check_use(program, (scope, backbone, weights), &listing, &account));
            }
        }
    }
    problems
}

/// What does not fit of the weights that a member of an ensemble is to have.
pub(super) fn check_member(
    program: &CheckedProgram,
    member: &MemberSpec,
    look_at: &dyn Fn(&str) -> WeightsFile,
) -> Option<Diagnostic> {
    let weights = member.weights.as_ref()?;
    let file = weights.from.name();
    let about = |code| {
        let problem = Diagnostic::new(code).arg("file", file).arg("model", &member.model.value);
        problem.at(weights.span, "here").help("help")
    };
    let listing = match look_at(file) {
        WeightsFile::Unknown => return None,
        WeightsFile::Missing => return Some(about(Code::W0125)),
        WeightsFile::Unsound(why) => return Some(about(Code::E0124).arg("why", why)),
        WeightsFile::Tensors(listing) => listing,
    };
    let variables = variables(program, false);
    let account = fit_model(&listing, &program.program().model, &variables, weights.matching);
    let backbone = Backbone {
        model: member.model.value.clone(),
        zoo: false,
        weights: Some(weights.clone()),
        frozen: None,
        prepare: None,
    };
    let scope = Scope {
        path: String::new(),
        kind: ScopeKind::Block(member.model.value.clone()),
        layers: 0..program.program().model.layers.len(),
        span: member.model.span,
    };
    check_use(program, (&scope, &backbone, weights), &listing, &account)
}

fn check_use(
    program: &CheckedProgram,
    (scope, backbone, weights): (&Scope, &Backbone, &StartingWeights),
    listing: &Listing,
    account: &Account,
) -> Option<Diagnostic> {
    // of `partial` weights some must fit
    if account.is_complete() || (weights.partial && account.used() > 0) {
        return None;
    }
    let mut missing = Vec::new();
    for fit in &account.fits {
        match &fit.found {
            Found::Reshaped { tensor, wanted } => {
                let found = &listing.tensors[*tensor];
                let reshaped = Reshaped {
                    at: fit.variable.at,
                    name: found.name.clone(),
                    there: found.shape.clone(),
                    here: wanted.clone(),
                    fitting: account.used(),
                };
                return Some(other_head(program, (scope, backbone, weights), reshaped));
            }
            Found::Missing { name, wanted } => missing.push(format!("`{name}` ({wanted})")),
            Found::Tensor(..) => {}
        }
    }
    let problem = Diagnostic::new(Code::E0113)
        .saying("missing")
        .arg("file", weights.from.name())
        .arg("model", &backbone.model)
        .arg("missing", missing.len())
        .arg("all", account.fits.len())
        .arg("tensors", few(&missing))
        .at(weights.span, "lacks")
        .also(scope.span, "takes");
    let names: Vec<String> =
        account.unused.iter().map(|&at| format!("`{}`", listing.tensors[at].name)).collect();
    let problem = if names.is_empty() { problem } else { problem.arg("others", few(&names)).note("others") };
    Some(problem.help("missing-help"))
}

/// A tensor that has another shape in the file than the model wants.
struct Reshaped {
    /// The layer that it belongs to.
    at: usize,
    name: String,
    there: Shape,
    here: Shape,
    /// Tensors of the model that the file has as they should be.
    fitting: usize,
}

fn other_head(
    program: &CheckedProgram,
    (scope, backbone, weights): (&Scope, &Backbone, &StartingWeights),
    reshaped: Reshaped,
) -> Diagnostic {
    let Reshaped { at, name, there, here, fitting } = reshaped;
    let layers = &program.program().model.layers;
    let problem = Diagnostic::new(Code::E0113)
        .arg("file", weights.from.name())
        .arg("model", &backbone.model)
        .arg("tensor", name)
        .arg("there", there)
        .arg("here", here)
        .arg("fitting", fitting)
        .at(weights.span, "here")
        .also(scope.span, "use");
    let problem =
        if program.program().source.slice(layers[at].span).is_empty() || !layers[at].used_at.is_empty() {
            problem
        } else {
            problem.also(layers[at].span, "layer")
        };
    problem.note("fitting").help("help")
}
