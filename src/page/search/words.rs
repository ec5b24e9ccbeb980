//! Every sentence of the page of a search, in English and Korean side by side. What it shares with other pages
//! stands in their lists.

use crate::page::served_words as served;
use crate::page::words::{self, Said, catalogue};

catalogue! {
    // how far it is
    COMPLETE: "The search is complete.", "탐색을 모두 마쳤습니다.";
    TIME_LIMIT: "The search has ended because its time limit had passed.", "시간 제한에 도달하여 탐색을 끝냈습니다.";
    EARLY_STOPPING: "The search has ended because the last trials found nothing better.",
        "마지막 시도들에서 더 좋은 값이 나오지 않아 탐색을 끝냈습니다.";
    EXHAUSTED: "The search has ended because every point that is possible had been tried.",
        "가능한 점을 모두 시도하여 탐색을 끝냈습니다.";
    WAS_INTERRUPTED: "The search was interrupted. `cnnc tune {0} --resume {1}` goes on with it; no trial is lost.",
        "탐색이 중단되었습니다. `cnnc tune {0} --resume {1}`로 이어서 할 수 있고, 시도는 하나도 잃지 않습니다.";

    // what was found
    WHAT_WAS_FOUND: "What was found?", "무엇을 찾았나요?";
    NO_TRIAL: "No trial has ended yet.", "아직 끝난 시도가 없습니다.";
    NO_VALUE_YET: "No trial has a value.", "값이 있는 시도가 없습니다.";
    BY_TRIAL: "trial {0}, after epoch {1}", "시도 {0}, 에폭 {1} 후";
    OF_THEM_FAILED: "{0} without a value", "값이 없는 시도 {0}개";
    EPOCHS_TRAINED: "epochs trained", "학습한 에폭";
    TIME_OF_TRIALS: "time of all trials together", "모든 시도의 시간 합계";
    BEST_VALUES: "The best trial", "가장 좋은 시도";
    RUN_IT: "The file with these values filled in. The run repeats the trial to the bit, and reads the test split, which \
            the search has not done.",
        "이 값들을 채워 넣은 파일입니다. 실행하면 이 시도를 비트 단위로 똑같이 되풀이하고, 탐색에서 쓰지 않은 테스트 분할로 평가합니다.";
    PARAMETER: "parameter", "파라미터";
    VALUE: "value", "값";

    // the space
    WHERE_IN_SPACE: "Where in the space are good trials?", "좋은 시도는 공간의 어디에 있나요?";
    HOW_TO_READ: "A line is a trial. The last axis is what it reached; the arrow points to the better side. A line that \
            passes \"–\" is of a trial in which that parameter does not count. Draw over a part of an axis to keep the \
            trials there, in all pictures; click on the axis to let go. A line that is clicked stays marked.",
        "선 하나가 시도 하나입니다. 마지막 축은 도달한 값이고 화살표는 더 좋은 쪽을 가리킵니다. \"–\"를 지나는 선은 그 파라미터가 쓰이지 \
            않는 시도입니다. 축의 일부를 끌어 고르면 모든 그림에 그 시도만 남고, 축을 누르면 풀립니다. 선을 누르면 표시가 남습니다.";
    WORST: "worst", "나쁨";
    BEST: "best", "좋음";
    MOST: "only the best", "가장 좋은 것만";
    SHOW_ALL: "show all", "모두 보기";
    MORE_TRIALS: "The pictures and the table show {0} of {1} trials: the best ones. `trials.jsonl` has all.",
        "그림과 표는 시도 {1}개 중 가장 좋은 {0}개를 보여 줍니다. 전체는 `trials.jsonl`에 있습니다.";

    // what matters
    WHAT_MATTERS: "Which parameters matter?", "어떤 파라미터가 중요한가요?";
    IMPORTANCE_READ: "The share of the differences between trials that a parameter explains by itself (fANOVA, of a forest \
            that was fitted to the trials). What is left comes from several parameters together, and from chance.",
        "시도 사이의 차이 중 파라미터 하나가 혼자 설명하는 비율입니다(시도들에 맞춘 포레스트로 구한 fANOVA). 나머지는 여러 파라미터의 \
            조합과 우연에서 옵니다.";
    IMPORTANCE: "importance", "중요도";

    // what was found when
    HOW_FOUND: "How was it found?", "어떻게 찾았나요?";
    HISTORY_READ: "A point for each result, over the epochs that all trials together had been trained by then. The line is \
            the best so far. What is far worse than the rest is drawn at the edge.",
        "점은 결과 하나이고, 가로축은 그때까지 모든 시도가 학습한 에폭의 합입니다. 선은 그때까지 가장 좋은 값입니다. 나머지보다 훨씬 나쁜 값은 가장자리에 그립니다.";
    WHO_WENT_ON: "Who went on?", "무엇이 계속되었나요?";
    RUNGS_READ: "Filled points were promoted to the next rung; empty ones ended there.",
        "채운 점은 다음 단계로 올라간 시도이고, 빈 점은 그 단계에서 끝난 시도입니다.";
    BRACKET: "bracket", "브래킷";
    RUNG: "rung", "단계";
    UP_TO_EPOCH: "up to epoch", "마지막 에폭";
    PROMOTED: "promoted", "올라간 시도";

    // the curves
    CURVES_OF_ALL: "How did the trials learn?", "시도들은 어떻게 배웠나요?";
    CURVES_READ: "A line is a trial, coloured by what it reached in the end. What is far worse than the rest is drawn at the edge.",
        "선 하나가 시도 하나이고, 색은 마지막에 도달한 값에 따른 것입니다. 나머지보다 훨씬 나쁜 값은 가장자리에 그립니다.";
    LOG_SCALE: "logarithmic", "로그 눈금";

    // the trials
    ALL_TRIALS: "All trials", "모든 시도";
    RANK: "rank", "순위";
    TRIAL: "trial", "시도";
    BEST_EPOCH: "best epoch", "최고 에폭";
    IS_RUNNING: "running", "실행 중";
    WITHOUT_VALUE: "Trials without a value", "값이 없는 시도";
    WHY: "why", "이유";

    // how again
    LESS_IS_BETTER: "{0}: less is better", "{0}: 작을수록 좋음";
    MORE_IS_BETTER: "{0}: more is better", "{0}: 클수록 좋음";
    LONGEST: "epochs of a trial that goes on to the end", "끝까지 가는 시도의 에폭";
    PARALLEL: "trials side by side", "나란히 진행하는 시도";
    SEEDS: "runs of each trial, with a seed each", "시도마다 시드를 바꾼 실행 수";
    SAME_TRIALS: "The same command, data and version give the same trials, with any number of jobs and threads.",
        "같은 명령, 데이터, 버전이면 작업 수와 스레드 수와 관계없이 시도가 똑같습니다.";
    SPACE: "The space", "탐색 공간";

    // while it goes on
    WHAT_RUNS: "What runs now?", "지금 무엇을 하고 있나요?";
    IS_STOPPING: "The search ends after the present steps. Nothing is lost: `--resume` goes on with it.",
        "현재 스텝이 끝나면 탐색을 멈춥니다. 잃는 것은 없으며 `--resume`으로 이어서 할 수 있습니다.";
    IS_OVER: "The search has ended. Its results are in its folder: `report.html` shows them.",
        "탐색이 끝났습니다. 결과는 탐색 폴더에 있고, `report.html`에서 볼 수 있습니다.";

    // what the script says
    PARALLEL_COORDINATES: "parallel coordinates of the trials", "시도의 평행 좌표";
    EPOCHS_OF_ALL: "epochs of all trials", "모든 시도의 에폭";
    AFTER_EPOCHS: "epochs", "에폭";
    NUMBERED_BRACKET: "bracket {0}", "브래킷 {0}";
    NUMBERED_TRIAL: "trial {0}", "시도 {0}";
    HAS_NO_VALUE: "no value", "값 없음";
    REACHED: "{0} {1} after epoch {2} of {3}", "에폭 {3}개 중 {2} 후 {0} {1}";
    SHOWN_OF: "{0} of {1} trials", "시도 {1}개 중 {0}개";
    TRIAL_EPOCH: "trial {0}: epoch {1} of {2}", "시도 {0}: 에폭 {1}/{2}";
    EPOCHS_OF: "epochs of all trials: {0} of {1} at most", "모든 시도의 에폭: 최대 {1} 중 {0}";
}

/// What the script says by itself.
pub(super) const OF_SCRIPT: [(&str, Said); 13] = [
    ("space", PARALLEL_COORDINATES),
    ("trainedEpochs", EPOCHS_OF_ALL),
    ("afterEpochs", AFTER_EPOCHS),
    ("epoch", words::EPOCH),
    ("bracket", NUMBERED_BRACKET),
    ("trial", NUMBERED_TRIAL),
    ("noValue", HAS_NO_VALUE),
    ("reached", REACHED),
    ("shownOf", SHOWN_OF),
    ("trialEpoch", TRIAL_EPOCH),
    ("epochsOf", EPOCHS_OF),
    ("stopping", served::STOPPING),
    ("running", words::RUNNING),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_values() {
        words::tests::say_the_same(ALL);
    }
}
