//! `head aux(weight: 0.3) { … }`: an auxiliary output.

use super::Lowering;
use super::scope::Named;
use crate::ast::Head;
use crate::diag::{Code, Diagnostic};
use crate::ir::{self, Scope, ScopeKind};
use crate::source::{Span, Spanned};

impl<'f> Lowering<'_, 'f> {
    /// Evaluates a head's body from the current value, which stays what it was.
    pub(super) fn head(&mut self, head: &'f Head) {
        let keyword = Spanned::new("head".to_owned(), head.name.span);
        let arguments = self.cx.bind(&keyword, &head.arguments, head.name.span, &["weight"], &[]);
        let weight = match arguments.get("weight") {
            Some(expr) => self.cx.non_negative("weight", expr).map(|weight| Spanned::new(weight, expr.span)),
            None => Some(Spanned::new(1.0, Span::default())),
        };
        let (around, before) = (self.scope, self.current);
        let path = self.scopes.path(around, &head.name.value);
        self.scope = self.scopes.open(format!("{path}."), Some(around), Some(&head.body));
        let inner = self.scope;
        let start = self.net.layers.len();
        let at = self.net.scopes.len();
        let kind = ScopeKind::Head;
        self.net.scopes.push(Scope { path: path.clone(), kind, layers: start..start, span: head.span });
        let repeats = std::mem::take(&mut self.repeats);
        self.body(&head.body);
        self.repeats = repeats;
        self.net.scopes[at].layers.end = self.net.layers.len();
        if self.net.layers.len() == start {
            self.net.scopes.truncate(at);
        }
        let output = std::mem::replace(&mut self.current, before);
        self.scope = around;
        let named = Named { value: output, place: head.name.span, scope: Some(inner) };
        self.declare(Some(&head.name), &head.name.value, head.name.span, named);
        if head.body.statements.is_empty() {
            let problem = Diagnostic::new(Code::E0019).saying("head").arg("name", &head.name.value);
            self.cx.report(problem.at(head.name.span, "empty-here"));
        }
        if let (Some(output), Some(weight)) = (output, weight) {
            self.net.heads.push(ir::Head { name: Spanned::new(path, head.name.span), weight, output });
        }
    }
}
