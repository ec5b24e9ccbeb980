//! Branches of `add { … }`: each begins at the value before the join.

use super::Lowering;
use crate::ast::Branch;
use crate::ir::LayerId;
use crate::source::Span;

impl<'f> Lowering<'_, 'f> {
    /// Evaluates branches and adds what they make to `operands`; an empty one makes what it gets. One whose
    /// condition does not hold and that has no `else` is left out, and its place noted. False where a branch
    /// is not known.
    pub(super) fn branches(
        &mut self,
        branches: &'f [Branch],
        operands: &mut Vec<LayerId>,
        left_out: &mut Vec<Span>,
    ) -> bool {
        let start = self.current;
        let mut known = start.is_some();
        for branch in branches {
            let holds = branch.condition.as_ref().map_or(Some(true), |condition| self.condition(condition));
            let body = match holds {
                Some(true) => Some(&branch.body),
                Some(false) => branch.otherwise.as_ref(),
                None => {
                    self.scopes.set_partial(self.scope);
                    known = false;
                    continue;
                }
            };
            let Some(body) = body else {
                left_out.push(branch.condition.as_ref().map_or(branch.span, |condition| condition.span));
                continue;
            };
            self.current = start;
            self.body(body);
            operands.extend(self.current);
        }
        self.current = start;
        known
    }
}
