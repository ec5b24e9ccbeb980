//! Every sentence of the pages that are served while a process runs, in English and Korean side by side. What
//! they share with the page of a run stands in `words.rs`.

use super::words::{self, Said, catalogue};

catalogue! {
    // a training that goes on
    STARTS: "starts", "시작 중";
    STOP: "Stop", "중지";
    HOW_FAR: "How far is it?", "얼마나 진행되었나요?";
    LOST: "There is no connection to cnnc: the process has ended, or is asked again in a moment.",
        "cnnc와 연결이 끊겼습니다. 프로세스가 끝났거나, 곧 다시 연결합니다.";
    IS_STOPPING: "The run ends after its present step, and saves its state and its weights.",
        "현재 스텝이 끝나면 상태와 가중치를 저장하고 실행을 끝냅니다.";
    IS_OVER: "The run has ended. Its results are in its folder: `report.html` shows them.",
        "실행이 끝났습니다. 결과는 실행 폴더에 있고, `report.html`에서 볼 수 있습니다.";
    FIGURE: "not known yet", "아직 알 수 없음";
    TIME_LEFT: "left, at most", "남은 시간(최대)";
    ELAPSED: "since the start", "지난 시간";
    RATE: "pictures a second", "초당 이미지";
    WAITING: "of the epoch waited for data", "에폭에서 데이터를 기다린 비율";
    LOSS_NOW: "loss, in this epoch", "이번 에폭의 loss";
    METRIC_NOW: "in this epoch", "이번 에폭";
    WHAT_IT_SEES: "What does it see?", "무엇을 보고 배우나요?";
    SHEET_NOTE: "The first training pictures, augmented as the file says.",
        "첫 학습 이미지를 파일에 적은 대로 증강한 모습입니다.";
    WHAT_HAPPENED: "What happened?", "무슨 일이 있었나요?";
    LIVE_FOOT: "Served by cnnc {0} on this computer alone.", "cnnc {0}이(가) 이 컴퓨터에서만 보여 줍니다.";

    // what its script says
    READING: "reading pictures", "이미지 읽는 중";
    FETCHING: "fetching {0}", "{0} 받는 중";
    TIMING: "timing convolutions", "합성곱 시간 재는 중";
    FEATURES: "computing features", "특징 계산 중";
    PREPARING: "reading data, compiling", "데이터 읽기와 컴파일 중";
    STOPPING: "stopping", "중지하는 중";
    EPOCH_OF: "epoch {0} of {1}, step {2} of {3}", "에폭 {0}/{1}, 스텝 {2}/{3}";
    CHECKING: "epoch {0} of {1}, validation", "에폭 {0}/{1}, 검증";
    ENDING: "all epochs are done: evaluation, report", "모든 에폭 완료: 평가와 보고서 작성 중";
    WHOLE_RUN: "whole run: {0}%", "전체: {0}%";
    AFTER_EPOCH: "after epoch {0}", "에폭 {0} 후";
    IN_EPOCH: "{0}, in this epoch", "이번 에폭의 {0}";

    // all runs below a folder
    RUNS: "Runs", "실행 목록";
    NO_RUNS: "There is no run below this folder yet. `cnnc run FILE` makes one; then load this page again.",
        "이 폴더 아래에 아직 실행이 없습니다. `cnnc run FILE`로 만든 뒤 페이지를 새로 고치세요.";
    CUT: "There are more folders than are looked through: runs are missing here.",
        "폴더가 너무 많아서 다 살펴보지 못했습니다. 빠진 실행이 있습니다.";
    HOW_TO_LIST: "A click on a heading sorts. Select runs to see their curves over each other and what differs \
            between them. Loading the page again finds new runs.",
        "제목을 누르면 정렬합니다. 실행을 고르면 곡선을 겹쳐 보고 서로 다른 설정을 볼 수 있습니다. 새 실행은 페이지를 \
            새로 고치면 나타납니다.";
    RUN: "run", "실행";
    MODEL: "model", "모델";
    STATUS: "status", "상태";
    CHANGED: "last change", "마지막 변경";
    BETWEEN: "95% interval", "95% 구간";
    DAMAGED: "damaged", "손상됨";
    OLDER: "It is of an older version, which did not keep the answers to single pictures.",
        "이미지별 답을 남기지 않은 이전 버전의 실행입니다.";
    SEARCHES: "Searches", "탐색 목록";
    SEARCH: "search", "탐색";
    NOT_FINISHED: "not finished", "끝나지 않음";
    TRIALS: "trials", "시도";
    OBJECTIVE: "objective", "목표";
    BEST_VALUE: "best value", "가장 좋은 값";
    STRATEGY: "strategy", "전략";
    BESIDE: "Beside each other", "나란히 비교";
    NONE_SELECTED: "No run is selected.", "고른 실행이 없습니다.";
    DIFFERING: "Settings that differ", "서로 다른 설정";
    RESULTS: "Results", "결과";
    AGAINST: "Against the first one selected", "처음 고른 실행과 비교";

    // what its script says
    NO_DIFFERENCE: "No setting differs.", "서로 다른 설정이 없습니다.";
    SETTING: "setting", "설정";
    SAME_PICTURES: "common pictures", "함께 답한 이미지";
    VERDICT: "verdict", "판정";
    BETTER: "better", "더 좋음";
    WORSE: "worse", "더 나쁨";
    CANNOT_TELL: "cannot tell", "알 수 없음";
    MOST_SELECTED: "At most {0} runs are compared.", "한 번에 실행 {0}개까지 비교합니다.";
    NOT_COMPARED: "They could not be compared: {0}", "비교하지 못했습니다: {0}";
}

/// What the script of a training says by itself.
pub(super) const OF_LIVE: [(&str, Said); 15] = [
    ("epoch", words::EPOCH),
    ("running", words::RUNNING),
    ("stopping", STOPPING),
    ("reading", READING),
    ("fetching", FETCHING),
    ("timing", TIMING),
    ("features", FEATURES),
    ("preparing", PREPARING),
    ("epochOf", EPOCH_OF),
    ("checking", CHECKING),
    ("ending", ENDING),
    ("wholeRun", WHOLE_RUN),
    ("afterEpoch", AFTER_EPOCH),
    ("inEpoch", IN_EPOCH),
    ("finished", words::FINISHED),
];

/// What the script of the list says by itself.
pub(super) const OF_RUNS: [(&str, Said); 15] = [
    ("epoch", words::EPOCH),
    ("epochs", words::EPOCHS),
    ("accuracy", words::ACCURACY),
    ("interval", BETWEEN),
    ("training", words::TRAINING_TIME),
    ("run", RUN),
    ("setting", SETTING),
    ("noDifference", NO_DIFFERENCE),
    ("pictures", SAME_PICTURES),
    ("verdict", VERDICT),
    ("better", BETTER),
    ("worse", WORSE),
    ("cannot tell", CANNOT_TELL),
    ("most", MOST_SELECTED),
    ("notCompared", NOT_COMPARED),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_values() {
        words::tests::say_the_same(ALL);
    }
}
