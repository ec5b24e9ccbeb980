//! `schedule:`.

use crate::ast::Expr;
use crate::lower::Cx;
use crate::vocabulary::Schedule;

/// `cosine`, `step(step_size: 10 epochs)`
pub(super) fn lower(cx: &mut Cx, expr: &Expr) -> Option<Schedule> {
    let (schedule, attributes) = cx.word_of::<Schedule>("schedule", expr)?;
    if let Schedule::Piecewise { boundaries, values } = &schedule
        && values.len() != boundaries.len() + 1
    {
        let expected = format!("one more than the boundaries: {}", boundaries.len() + 1);
        let place = attributes.written_at("values").unwrap_or(expr.span);
        cx.out_of_range("values", &expected, values.len(), place);
        return None;
    }
    Some(schedule)
}
