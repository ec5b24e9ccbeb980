//! Names of bodies: which value each stands for, and the names of what has none.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Lowering;
use super::network::Renumbering;
use crate::ast::{Body, Name, Statement};
use crate::diag::{Code, Diagnostic};
use crate::ir::LayerId;
use crate::lower::names::nearest_of_many;
use crate::source::Span;

/// A scope, by its place in [`Scopes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScopeId(usize);

/// All scopes of a model, those of finished bodies too: their names are parts of paths.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    all: Vec<NameScope>,
    /// The names that the user gives in each body, by the body's address: a body is opened whenever it is
    /// written out.
    reserved: BTreeMap<usize, Rc<BTreeMap<String, Span>>>,
}

/// The names of one body. Branches and repeats without a name write into the scope around them.
#[derive(Debug, Default)]
pub(super) struct NameScope {
    /// What stands before the names of its layers: nothing, or a path with a point behind it.
    prefix: String,
    /// The scope around it whose names are in sight too; a block sees none but its own.
    outer: Option<ScopeId>,
    names: BTreeMap<String, Named>,
    /// How many automatic names of each kind there are.
    counters: BTreeMap<String, usize>,
    /// Names that the user gives somewhere in this body: automatic ones keep out of their way.
    reserved: Rc<BTreeMap<String, Span>>,
    /// A part of the body could not be evaluated: names of it are missing, which is nobody's mistake.
    partial: bool,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    /// The value; `None` where there is none because of a mistake that has been reported.
    pub(super) value: Option<LayerId>,
    /// Where the name is given.
    pub(super) place: Span,
    /// The names behind it, `x.…`.
    pub(super) scope: Option<ScopeId>,
}

impl Scopes {
    /// Adds a scope. `body` gives the names that the user writes in it.
    pub(super) fn open(&mut self, prefix: String, outer: Option<ScopeId>, body: Option<&Body>) -> ScopeId {
        let reserved = body.map(|body| self.reserved_in(body)).unwrap_or_default();
        self.all.push(NameScope { prefix, outer, reserved, ..NameScope::default() });
        ScopeId(self.all.len() - 1)
    }

    /// The names that the user gives in a body.
    fn reserved_in(&mut self, body: &Body) -> Rc<BTreeMap<String, Span>> {
        let reserved = self
            .reserved
            .entry(std::ptr::from_ref(body).addr())
            .or_insert_with(|| Rc::new(names_given(body)));
        reserved.clone()
    }

    /// The full name of something in a scope.
    pub(super) fn path(&self, scope: ScopeId, name: &str) -> String {
        format!("{}{name}", self.all[scope.0].prefix)
    }

    /// Gives a name its meaning, if it has none.
    pub(super) fn insert(&mut self, scope: ScopeId, name: String, named: Named) {
        self.all[scope.0].names.entry(name).or_insert(named);
    }

    /// Sets what a name stands for that was given before its value was known; one that was taken keeps its
    /// first meaning.
    pub(super) fn complete(&mut self, scope: ScopeId, name: &str, named: Named) {
        if let Some(known) = self.all[scope.0].names.get_mut(name).filter(|known| known.place == named.place)
        {
            *known = named;
        }
    }

    /// Notes that a part of the body could not be evaluated.
    pub(super) fn set_partial(&mut self, scope: ScopeId) {
        self.all[scope.0].partial = true;
    }

    /// A name in a scope itself.
    pub(super) fn get(&self, scope: ScopeId, name: &str) -> Option<&Named> {
        self.all[scope.0].names.get(name)
    }

    /// `conv2d`, `conv2d_1`, … as Keras counts, around the names that the user gives.
    pub(super) fn automatic_name(&mut self, scope: ScopeId, keyword: &str) -> String {
        let scope = &mut self.all[scope.0];
        let count = scope.counters.entry(keyword.to_owned()).or_insert(0);
        loop {
            let name = if *count == 0 { keyword.to_owned() } else { format!("{keyword}_{count}") };
            *count += 1;
            if !scope.reserved.contains_key(&name) && !scope.names.contains_key(&name) {
                return name;
            }
        }
    }

    /// A name that is not in use in a scope, for a help.
    pub(super) fn free_name(&self, scope: ScopeId, among: &[&'static str]) -> Option<&'static str> {
        let scope = &self.all[scope.0];
        let taken = |name: &str| scope.names.contains_key(name) || scope.reserved.contains_key(name);
        among.iter().copied().find(|name| !taken(name))
    }

    /// What a path leads to; `Err` with the scope that lacks the rest of it. A name may be a path itself, so
    /// the longest one that fits counts.
    fn find(&self, from: ScopeId, path: &str) -> Result<&Named, Missing> {
        let mut at = Some(from);
        while let Some(scope) = at {
            if let Some((named, used)) = self.longest(scope, path) {
                return self.follow(named, path, used);
            }
            at = self.all[scope.0].outer;
        }
        Err(Missing { scope: Some(from), known: String::new() })
    }

    /// The rest of a path of which `used` bytes lead to `named`.
    fn follow<'s>(&'s self, mut named: &'s Named, path: &str, mut used: usize) -> Result<&'s Named, Missing> {
        while let Some(rest) = path.get(used + 1..) {
            let inner = named.scope.and_then(|scope| self.longest(scope, rest));
            let Some((next, more)) = inner else {
                return Err(Missing { scope: named.scope, known: path[..=used].to_owned() });
            };
            named = next;
            used += 1 + more;
        }
        Ok(named)
    }

    /// The longest beginning of a path that is a name of a scope, with its length.
    fn longest(&self, scope: ScopeId, path: &str) -> Option<(&Named, usize)> {
        let points = path.rmatch_indices('.').map(|(at, _)| at);
        std::iter::once(path.len()).chain(points).find_map(|end| Some((self.get(scope, &path[..end])?, end)))
    }

    /// Applies a renumbering of layers to a scope and those that were opened after it: layers that are gone
    /// lose their names.
    pub(super) fn renumber(&mut self, from: ScopeId, numbers: &Renumbering) {
        for scope in &mut self.all[from.0..] {
            scope.names.retain(|_, named| match named.value {
                None => true,
                Some(value) => {
                    named.value = numbers.of(value);
                    named.value.is_some()
                }
            });
        }
    }
}

/// Where a path leads no further.
struct Missing {
    /// The scope that lacks the next word; none where there are no names behind a name.
    scope: Option<ScopeId>,
    /// The words that were found, each with a point behind it.
    known: String,
}

impl Lowering<'_, '_> {
    /// The value of a name in this body; `None` where there is none, which has been reported.
    pub(super) fn resolve(&mut self, name: &Name) -> Option<LayerId> {
        let reserved = &self.scopes.all[self.scope.0].reserved;
        let forward = reserved.get(&name.value).is_some_and(|place| place.start > name.span.start);
        self.resolve_in(self.scope, name, forward)
    }

    /// The value of a name in a scope. `forward`: it is given further down.
    pub(super) fn resolve_in(&mut self, scope: ScopeId, name: &Name, forward: bool) -> Option<LayerId> {
        let missing = match self.scopes.find(scope, &name.value) {
            Ok(named) => return named.value,
            Err(missing) => missing,
        };
        if self.is_excused(scope, name, &missing) {
            return None;
        }
        let problem = Diagnostic::new(Code::E0117)
            .saying(if forward { "forward" } else { "unknown" })
            .arg("name", &name.value)
            .at(name.span, if forward { "forward-here" } else { "unknown-here" });
        let most = self.cx.problems.comparisons_left();
        let candidates: Vec<String> =
            missing.scope.map_or(Vec::new(), |scope| self.names_in_sight(scope, &missing.known, most));
        let near = nearest_of_many(&mut self.cx.problems, &name.value, candidates.iter().map(String::as_str));
        let problem = match near {
            Some(near) if !forward => problem.arg("near", near).help("near").fix(name.span, near),
            _ => problem,
        };
        self.cx.report(problem);
        None
    }

    /// Whether the name is missing because of a mistake that has been reported.
    fn is_excused(&self, from: ScopeId, name: &Name, missing: &Missing) -> bool {
        let first = name.value.split('.').next().unwrap_or_default();
        let Some(mut scope) = missing.scope else {
            let value = self.scopes.find(from, missing.known.trim_end_matches('.'));
            return value.is_ok_and(|named| named.value.is_none_or(|id| self.net.unknown.contains(&id)));
        };
        loop {
            let names = &self.scopes.all[scope.0];
            if names.partial && (names.reserved.contains_key(first) || !missing.known.is_empty()) {
                return true;
            }
            match names.outer.filter(|_| missing.known.is_empty()) {
                Some(outer) => scope = outer,
                None => return false,
            }
        }
    }

    /// Names that a scope knows, and those around it, each with `known` before it; at most about this many.
    fn names_in_sight(&self, scope: ScopeId, known: &str, most: usize) -> Vec<String> {
        let mut names = Vec::new();
        let mut at = Some(scope);
        while let Some(scope) = at {
            let scope = &self.scopes.all[scope.0];
            names
                .extend(scope.names.keys().take(most.saturating_add(1)).map(|name| format!("{known}{name}")));
            at = scope.outer.filter(|_| known.is_empty());
        }
        names
    }

    /// Gives a value its name in this scope: the written one, or one made of `keyword`. E0117 where it is
    /// taken. Returns the name.
    pub(super) fn declare(
        &mut self,
        name: Option<&Name>,
        keyword: &str,
        place: Span,
        named: Named,
    ) -> String {
        let (own, place) = match name {
            Some(written) => (written.value.clone(), written.span),
            None => (self.scopes.automatic_name(self.scope, keyword), place),
        };
        // full names count: `stage.0.relu = …` may stand beside `stage = repeat …`
        let path = self.scopes.path(self.scope, &own);
        if let Some(first) = self.paths.get(&path).copied() {
            self.report_twice(&Name { value: own.clone(), span: place }, first);
        } else {
            self.paths.insert(path, place);
        }
        self.scopes.insert(self.scope, own.clone(), Named { place, ..named });
        own
    }

    /// E0117: a name that is taken, or written in a repeat that has no name of its own.
    fn report_twice(&mut self, name: &Name, first: Span) {
        let problem = Diagnostic::new(Code::E0117).arg("name", &name.value);
        let repeat = self.repeats.last().copied().filter(|_| first == name.span);
        let Some(repeat) = repeat else {
            self.cx.report(problem.at(name.span, "second").also(first, "first"));
            return;
        };
        let problem = problem.saying("turn").at(name.span, "turn-here").also(repeat, "repeat");
        let problem = match self.scopes.free_name(self.scope, &["stage", "group", "part"]) {
            Some(stage) => problem
                .arg("stage", stage)
                .help("turn-help")
                .fix(Span::new(repeat.start, repeat.start), format!("{stage} = ")),
            None => problem,
        };
        self.cx.report(problem);
    }
}

/// Names that the user gives in a body, where no scope of their own begins, with their places.
pub(in crate::lower) fn names_given(body: &Body) -> BTreeMap<String, Span> {
    let mut names = BTreeMap::new();
    reserve(&mut names, body);
    names
}

fn reserve(reserved: &mut BTreeMap<String, Span>, body: &Body) {
    let mut give = |name: &Name| {
        reserved.entry(name.value.clone()).or_insert(name.span);
    };
    let mut inner: Vec<&Body> = Vec::new();
    for statement in &body.statements {
        match statement {
            Statement::Chain(chain) => {
                chain.name.iter().for_each(&mut give);
                let branches = chain.steps.iter().filter_map(|step| step.branches.as_ref()).flatten();
                inner.extend(
                    branches.flat_map(|branch| [Some(&branch.body), branch.otherwise.as_ref()]).flatten(),
                );
            }
            Statement::Repeat(repeat) => match &repeat.name {
                Some(name) => give(name),
                None => inner.push(&repeat.body),
            },
            Statement::If(choice) => {
                inner.push(&choice.then);
                inner.extend(&choice.otherwise);
            }
            Statement::Head(head) => give(&head.name),
            Statement::From(_) | Statement::Let(_) | Statement::Allow(_) => {}
        }
    }
    for body in inner {
        reserve(reserved, body);
    }
}
