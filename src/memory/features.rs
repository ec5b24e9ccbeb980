//! What becomes of features: what a frozen part makes of pictures.

use crate::card::DataCard;
use crate::data::FeaturePlan;
use crate::ir::CheckedProgram;

/// What becomes of the features of so many pictures, to train on and for validation; `None` where no part of
/// the program is frozen in front of all that is trained, or it has no data.
pub fn plan_features(program: &CheckedProgram, pictures: [usize; 2]) -> Option<FeaturePlan> {
    let data = program.program().data.as_ref()?;
    let row = program.frozen_part()?.width(program);
    let augment = &program.program().augment;
    let is_open = program.open_sizes().is_some();
    Some(FeaturePlan::new((data, augment), is_open, pictures, row * size_of::<f32>()))
}

/// The same before the pictures are read; `None` too where nothing is known of them.
pub(super) fn planned(program: &CheckedProgram, card: Option<&DataCard>) -> Option<FeaturePlan> {
    let data = program.program().data.as_ref()?;
    let [train, validation, _] = data.drawn(card?.own_images());
    plan_features(program, [train, validation])
}
