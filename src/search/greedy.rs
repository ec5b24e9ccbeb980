//! Which models answer best together: greedy selection.

/// How often each of some models is taken into an ensemble whose answers are averaged, and how good that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// For each model how often it was taken; they add up to the size of the ensemble.
    pub counts: Vec<usize>,
    /// The loss of the ensemble.
    pub loss: f64,
}

/// How models are selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greedy {
    /// Members at most, those counted as often as they were taken; at least 1.
    pub members: usize,
    /// So many of the best single models are tried as a beginning: the best one, the best two, …, of which
    /// the best ensemble is kept. 1 begins with the best model. At most `members` are taken.
    pub sorted: usize,
}

impl Greedy {
    /// Selects among models, of which each gives its answers to the same pictures, all of one length. The
    /// loss is that of averaged answers, less is better; one that is no number is worse than all others.
    ///
    /// From the beginning on the model is added with which the average is best, one that is in already not
    /// excepted, until there are enough members. Of all ensembles on the way the best is given; of equal ones
    /// the smaller, and of equal models the earlier. So an ensemble is never worse than the best of its
    /// members on the pictures that it was selected with. `None` where there are no models, or their answers
    /// differ in length.
    ///
    /// Source: Caruana and others, "Ensemble selection from libraries of models", ICML 2004, sections 2.1 and
    /// 2.2.
    pub fn select(self, models: &[&[f32]], loss: &dyn Fn(&[f32]) -> f64) -> Option<Selection> {
        let length = models.first()?.len();
        if models.iter().any(|answers| answers.len() != length) {
            return None;
        }
        let mut mean = vec![0.0; length];
        let mut with = |sum: &[f64], answers: &[f32], size: usize| {
            for ((mean, sum), answer) in mean.iter_mut().zip(sum).zip(answers) {
                *mean = ((sum + f64::from(*answer)) / size as f64) as f32;
            }
            let loss = loss(&mean);
            if loss.is_nan() { f64::INFINITY } else { loss }
        };
        let mut growing = Growing { sum: vec![0.0; length], taken: Vec::new(), losses: Vec::new() };
        let mut order: Vec<(f64, usize)> =
            models.iter().enumerate().map(|(at, answers)| (with(&growing.sum, answers, 1), at)).collect();
        order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        for &(_, at) in order.iter().take(self.sorted.clamp(1, self.members.max(1))) {
            let loss = with(&growing.sum, models[at], growing.taken.len() + 1);
            growing.add(at, models[at], loss);
        }
        growing.shorten(models);
        while growing.taken.len() < self.members {
            let size = growing.taken.len() + 1;
            let mut best = (f64::INFINITY, 0);
            for (at, answers) in models.iter().enumerate() {
                let loss = with(&growing.sum, answers, size);
                if loss < best.0 {
                    best = (loss, at);
                }
            }
            growing.add(best.1, models[best.1], best.0);
        }
        growing.shorten(models);
        let mut counts = vec![0; models.len()];
        growing.taken.iter().for_each(|&at| counts[at] += 1);
        Some(Selection { counts, loss: *growing.losses.last()? })
    }
}

/// An ensemble that grows.
struct Growing {
    /// Of the answers of all members.
    sum: Vec<f64>,
    /// The members, in the order in which they came.
    taken: Vec<usize>,
    /// After each of them.
    losses: Vec<f64>,
}

impl Growing {
    fn add(&mut self, at: usize, answers: &[f32], loss: f64) {
        self.sum.iter_mut().zip(answers).for_each(|(sum, answer)| *sum += f64::from(*answer));
        self.taken.push(at);
        self.losses.push(loss);
    }

    /// Goes back to where it was best.
    fn shorten(&mut self, models: &[&[f32]]) {
        let mut best = 0;
        for (at, loss) in self.losses.iter().enumerate() {
            if *loss < self.losses[best] {
                best = at;
            }
        }
        self.losses.truncate(best + 1);
        self.taken.truncate(best + 1);
        self.sum.fill(0.0);
        for &at in &self.taken {
            self.sum.iter_mut().zip(models[at]).for_each(|(sum, answer)| *sum += f64::from(*answer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Share of pictures that are answered wrongly, two classes each.
    fn wrong<'a>(labels: &'a [usize]) -> impl Fn(&[f32]) -> f64 + 'a {
        move |answers| {
            let is_wrong = |(row, label): &(&[f32], &usize)| usize::from(row[1] > row[0]) != **label;
            answers.chunks(2).zip(labels).filter(is_wrong).count() as f64 / labels.len() as f64
        }
    }

    fn answers(of_class_1: &[f32]) -> Vec<f32> {
        of_class_1.iter().flat_map(|p| [1.0 - p, *p]).collect()
    }

    #[test]
    fn models_that_make_other_mistakes_are_taken() {
        let labels = [0, 1, 0, 1];
        let models = [
            answers(&[0.1, 0.9, 0.6, 0.6]), // one wrong
            answers(&[0.1, 0.9, 0.7, 0.9]), // the same one
            answers(&[0.2, 0.4, 0.1, 0.8]), // another one
        ];
        let models: Vec<&[f32]> = models.iter().map(Vec::as_slice).collect();
        let selection = Greedy { members: 5, sorted: 1 }.select(&models, &wrong(&labels)).expect("models");
        assert_eq!(selection, Selection { counts: vec![1, 0, 1], loss: 0.0 });
        // with the best two as a beginning, which are no better together: the same
        let sorted = Greedy { members: 5, sorted: 2 }.select(&models, &wrong(&labels)).expect("models");
        assert_eq!(sorted, selection);
    }

    #[test]
    fn a_model_can_be_taken_twice() {
        // the mean of 0, 0 and 1 is nearest to 0.3
        let models: [&[f32]; 2] = [&[0.0], &[1.0]];
        let loss = |answers: &[f32]| f64::from(answers[0] - 0.3).abs();
        let selection = Greedy { members: 3, sorted: 1 }.select(&models, &loss).expect("models");
        assert_eq!(selection.counts, [2, 1]);
        // more do not help, and are not taken
        let selection = Greedy { members: 4, sorted: 1 }.select(&models, &loss).expect("models");
        assert_eq!(selection.counts, [2, 1]);
    }

    #[test]
    fn nothing_to_select_from() {
        let loss = |_: &[f32]| f64::NAN;
        let greedy = Greedy { members: 2, sorted: 9 };
        assert_eq!(greedy.select(&[], &loss), None);
        assert_eq!(greedy.select(&[&[0.0], &[0.0, 1.0]], &loss), None);
        // where no loss is a number the first one alone is taken
        let selection = greedy.select(&[&[0.0], &[1.0]], &loss).expect("models");
        assert_eq!(selection.counts, [1, 0]);
    }
}
