//! Knows the German traffic signs (GTSRB) by the names of their folders.

/// Number of classes.
const CLASSES: usize = 43;

/// Classes that mirror into each other, left and right, or into themselves. Signs that are not named show
/// what no sign shows when they are mirrored: numbers, letters, vehicles that face one way. Source: the
/// pictograms of the classes in Stallkamp et al., "The German Traffic Sign Recognition Benchmark", IJCNN
/// 2011.
const PAIRS: [[usize; 2]; 14] = [
    [11, 11], // right of way at the next crossing
    [12, 12], // priority road
    [13, 13], // give way
    [15, 15], // no vehicles
    [17, 17], // no entry
    [18, 18], // general caution
    [19, 20], // dangerous curve to the left, to the right
    [22, 22], // bumpy road
    [26, 26], // traffic signals
    [30, 30], // ice or snow
    [33, 34], // turn right, left ahead
    [35, 35], // ahead only
    [36, 37], // straight on or right, or left
    [38, 39], // keep right, left
];

/// The pairs, where these are the benchmark's class folders: 43 of them, called by their numbers (`00000`, or
/// `0`).
pub(super) fn mirror_pairs(classes: &[String]) -> Option<Vec<[String; 2]>> {
    let mut names: Vec<Option<&String>> = vec![None; CLASSES];
    for name in classes {
        let plain = !name.is_empty() && name.len() <= 5 && name.bytes().all(|byte| byte.is_ascii_digit());
        let number: usize = name.parse().ok().filter(|_| plain)?;
        *names.get_mut(number)? = Some(name);
    }
    let name = |class: usize| names[class].cloned();
    if classes.len() != CLASSES || names.contains(&None) {
        return None;
    }
    PAIRS.iter().map(|&[left, right]| Some([name(left)?, name(right)?])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_known_by_their_numbers() {
        let folders: Vec<String> = (0..43).map(|class| format!("{class:05}")).collect();
        let pairs = mirror_pairs(&folders).unwrap();
        assert!(pairs.contains(&["00033".to_owned(), "00034".to_owned()]));
        let numbers: Vec<String> = (0..43).map(|class| class.to_string()).collect();
        assert!(mirror_pairs(&numbers).is_some());
        assert_eq!(mirror_pairs(&numbers[1..]), None);
        assert_eq!(mirror_pairs(&["cats".to_owned(), "dogs".to_owned()]), None);
    }
}
