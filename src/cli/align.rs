//! Which lines of two lists belong together: a longest common subsequence.

/// One step through two lists, by places in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aligned {
    /// Stands in both.
    Both(usize, usize),
    /// Stands in the first alone.
    Old(usize),
    /// Stands in the second alone.
    New(usize),
}

/// Largest table of lengths, in elements: beyond it what is not equal at both ends counts as different as a
/// whole.
const LARGEST: usize = 1 << 24;

/// The steps from one list to the other, those of the first before those of the second where both differ.
pub(super) fn align<T: PartialEq>(old: &[T], new: &[T]) -> Vec<Aligned> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut steps: Vec<Aligned> = (0..head).map(|at| Aligned::Both(at, at)).collect();
    if a.len().saturating_mul(b.len()) > LARGEST {
        steps.extend((0..a.len()).map(|at| Aligned::Old(head + at)));
        steps.extend((0..b.len()).map(|at| Aligned::New(head + at)));
    } else {
        middle(a, b, head, &mut steps);
    }
    steps.extend((0..tail).map(|at| Aligned::Both(old.len() - tail + at, new.len() - tail + at)));
    steps
}

fn middle<T: PartialEq>(a: &[T], b: &[T], head: usize, steps: &mut Vec<Aligned>) {
    // common[i][j]: length of the longest common subsequence of a[i..] and b[j..]
    let columns = b.len() + 1;
    let mut common = vec![0_u32; (a.len() + 1) * columns];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * columns + j] = if a[i] == b[j] {
                common[(i + 1) * columns + j + 1] + 1
            } else {
                common[(i + 1) * columns + j].max(common[i * columns + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            steps.push(Aligned::Both(head + i, head + j));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len()
            && (j == b.len() || common[(i + 1) * columns + j] >= common[i * columns + j + 1])
        {
            steps.push(Aligned::Old(head + i));
            i += 1;
        } else {
            steps.push(Aligned::New(head + j));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_stays() {
        let steps = align(&["a", "b", "c", "d"], &["a", "c", "x", "d"]);
        let wanted =
            [Aligned::Both(0, 0), Aligned::Old(1), Aligned::Both(2, 1), Aligned::New(2), Aligned::Both(3, 3)];
        assert_eq!(steps, wanted);
        assert_eq!(align::<u8>(&[], &[]), []);
        assert_eq!(align(&[1], &[2]), [Aligned::Old(0), Aligned::New(0)]);
    }
}
