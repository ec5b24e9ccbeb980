//! Every sentence of the page, in English and Korean side by side, so that none is missing in either. Names
//! of the language and of metrics (`train`, `loss`, `accuracy`) are the same in both.

/// A sentence in both languages; `{0}`, `{1}` are values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) en: &'static str,
    pub(super) ko: &'static str,
}

macro_rules! catalogue {
    ($($name:ident: $en:literal, $ko:literal;)*) => {
        $(pub(super) const $name: Said = Said { en: $en, ko: $ko };)*

        /// All of them, for the test.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, Said)] = &[$((stringify!($name), $name)),*];
    };
}
pub(super) use catalogue;

catalogue! {
    // head and buttons
    LANGUAGE: "한국어", "English";
    THEME: "Dark or light", "어둡게 / 밝게";
    FINISHED: "finished", "완료";
    RUNNING: "running", "실행 중";
    INTERRUPTED: "interrupted", "중단됨";
    FAILED: "failed", "실패";

    // what is missing
    STILL_RUNS: "The run was going on when this page was written, or it was killed: there are no final \
            results.",
        "이 페이지를 쓸 때 실행이 진행 중이었거나 강제로 종료되었습니다. 최종 결과가 없습니다.";
    WAS_INTERRUPTED: "The run was interrupted after {0} complete epochs: there are no final results. \
            `cnnc run FILE --resume {1}` goes on with it.",
        "완료된 에폭 {0}개 뒤에 실행이 중단되어 최종 결과가 없습니다. `cnnc run FILE --resume {1}`로 이어서 실행할 수 있습니다.";
    HAS_FAILED: "The run could not go on: {0}", "실행을 계속할 수 없었습니다: {0}";
    NO_TEST: "There is no test split: the results are those of the validation pictures.",
        "테스트 분할이 없어서 검증 이미지로 구한 결과입니다.";
    NO_RESULTS: "There is neither a test nor a validation split, so nothing says how good the model is on \
            pictures that it has not seen.",
        "테스트 분할도 검증 분할도 없어서, 학습에 쓰지 않은 이미지에서 모델이 얼마나 좋은지 알 수 없습니다.";
    NO_ANSWERS: "The answers to single pictures are not known: the run is of an older version. `cnnc eval \
            {0}` computes them.",
        "이미지별 답이 없습니다. 이전 버전으로 만든 실행입니다. `cnnc eval {0}`로 계산할 수 있습니다.";
    NO_TABLE: "The model answers with maps: there is no table of single answers.",
        "모델의 답이 맵이어서 이미지별 답의 표는 없습니다.";
    NO_EPOCH: "No epoch is complete: there is no curve yet.", "완료된 에폭가 없어서 아직 곡선이 없습니다.";
    ONE_ANSWER: "The model answers `{0}` to every picture: it has not learnt to tell the classes apart.",
        "모델이 모든 이미지에 `{0}`(이)라고 답합니다. 클래스를 구별하는 법을 배우지 못했습니다.";
    ABSENT: "Classes without pictures in this split, of which nothing can be said: {0}",
        "이 분할에 이미지가 없어 알 수 없는 클래스: {0}";
    NOT_A_NUMBER: "The loss was not a number at epoch {0}: training diverged.",
        "에폭 {0}에서 loss가 숫자가 아니었습니다. 학습이 발산했습니다.";
    NO_PROGRAM: "The program is not known: the run has no weights, which hold it.",
        "프로그램을 알 수 없습니다. 프로그램을 담고 있는 가중치가 없는 실행입니다.";
    NOT_READ_AGAIN: "This version cannot read the program again, so shapes and graph are missing.",
        "이 버전은 프로그램을 다시 읽지 못하므로 모양과 그래프가 없습니다.";
    UNREAD: "A file of the run could not be read: {0}", "실행의 파일을 읽지 못했습니다: {0}";

    // how good
    HOW_GOOD: "How good is it?", "얼마나 좋은가요?";
    ACCURACY: "accuracy", "정확도";
    ALL_RIGHT: "all labels right", "모든 레이블이 맞음";
    INTERVAL: "95% interval {0} to {1}", "95% 구간 {0} ~ {1}";
    OF_TEST: "{0} test pictures", "테스트 이미지 {0}장";
    OF_VALIDATION: "{0} validation pictures", "검증 이미지 {0}장";
    MEAN_ERROR: "mean absolute error", "평균 절대 오차";
    LAST_EPOCH: "after epoch {0}", "에폭 {0} 후";
    EPOCHS: "epochs", "에폭";
    PARAMETERS: "parameters", "파라미터";
    TRAINING_TIME: "training", "학습 시간";
    CALIBRATION_ERROR: "calibration error (ECE)", "보정 오차 (ECE)";
    AVERAGE_PRECISION: "average precision", "평균 정밀도";
    MEMBERS: "Members and ensemble", "구성원과 앙상블";
    MEMBER: "member", "구성원";
    SHARE_OF_ANSWER: "weight", "무게";
    WHERE_IT_LIES: "95% interval", "95% 구간";
    MEMBERS_READ: "Each member is a run of its own, with its own page: `cnnc report` writes it for the folder \
            of its name.",
        "구성원은 저마다 하나의 실행입니다. 그 이름의 폴더에 `cnnc report`를 쓰면 페이지가 생깁니다.";
    CURVES: "Learning curves", "학습 곡선";
    SOLID: "Solid: training pictures. Dashed: validation pictures. Drag over a curve to zoom, \
            double-click to see all.",
        "실선: 학습 이미지. 점선: 검증 이미지. 곡선 위에서 끌면 확대되고, 두 번 누르면 전체를 봅니다.";
    SMOOTH: "smooth", "부드럽게";
    FROM_EPOCH: "from", "처음";
    TO_EPOCH: "to", "끝";
    LOG_SCALE: "logarithmic loss", "로그 눈금 loss";
    WHOLE: "whole range", "전체 보기";
    BEST_EPOCH: "Best {0}: epoch {1}.", "가장 좋은 {0}: 에폭 {1}.";
    STOPPED_EARLY: "A callback ended training after epoch {0}.", "콜백이 에폭 {0} 뒤에 학습을 끝냈습니다.";
    WEIGHTS_OF_BEST: "The final weights are those of epoch {0}.", "최종 가중치는 에폭 {0}의 것입니다.";
    PHASES: "Phases: {0}.", "단계(phase): {0}.";
    PHASES_UNSURE: "Training ended early, so it is not known at which epoch each phase began.",
        "학습이 일찍 끝나서 각 단계(phase)가 시작된 에폭를 알 수 없습니다.";

    // what goes wrong
    WHAT_GOES_WRONG: "What goes wrong?", "무엇을 틀리나요?";
    CONFUSION: "Confusion matrix", "혼동 행렬";
    HOW_TO_READ: "A row for each class, a column for each answer; the stronger its colour, the larger its share \
            of the row. Point at a cell or tap it.",
        "행은 클래스, 열은 답입니다. 진할수록 그 행에서 차지하는 몫이 큽니다. 칸을 가리키거나 누르세요.";
    CLASS_ROWS: "class", "클래스";
    ANSWER_COLUMNS: "answer", "답";
    FREQUENT: "Most frequent confusions", "가장 잦은 혼동";
    NO_CONFUSION: "No class was taken for another.", "다른 클래스로 잘못 답한 것이 없습니다.";
    TAKEN_FOR: "taken for", "잘못된 답";
    PICTURES: "pictures", "이미지";
    OF_ALL: "of", "전체";
    CLASSES: "Classes", "클래스별";
    PRECISION: "precision", "정밀도";
    RECALL: "recall", "재현율";
    SUPPORT: "support", "이미지 수";
    MICRO: "micro mean", "마이크로 평균";
    MACRO: "macro mean", "매크로 평균";
    WEIGHTED: "weighted mean", "가중 평균";
    MOST_SURE: "Most confident wrong answers", "가장 확신한 오답";
    WRONG_OF_ALL: "{0} of {1} pictures are wrong.", "이미지 {1}장 중 {0}장이 틀렸습니다.";
    FIRST_SHOWN: "The first {0} are shown.", "처음 {0}개를 보여 줍니다.";
    NOTHING_WRONG: "All answers are right.", "모든 답이 맞습니다.";
    PICTURE: "picture", "이미지";
    TRUTH: "truth", "정답";
    ANSWER: "answer", "답";
    PROBABILITY: "probability", "확률";
    SCORE: "score", "점수";
    OF_TRUTH: "of the truth", "정답의 값";
    LABEL: "label", "레이블";
    SAID_IT: "said, and is not there", "있다고 했지만 없음";
    MISSED_IT: "missed", "놓침";
    LARGEST_ERRORS: "Largest errors", "가장 큰 오차";
    NUMBERS: "Predicted numbers", "예측한 수";
    NUMBER: "number", "수";
    ERROR: "error", "오차";
    MEAN: "mean", "평균";
    CALIBRATION: "Is it as sure as it is right?", "확신하는 만큼 맞나요?";
    CALIBRATION_READ: "Bars below the diagonal: the model is surer than it is right.",
        "막대가 대각선 아래에 있으면 모델이 맞는 것보다 더 확신한다는 뜻입니다.";
    LOOKED_AT: "What it looked at", "무엇을 보았나요?";

    // what it saw
    WHAT_IT_SAW: "What did it see?", "무엇을 보고 배웠나요?";
    NO_PICTURES: "Nothing could be drawn of its pictures: {0}", "이미지를 그리지 못했습니다: {0}";
    LARGE_DRAWING: "It is too large for a page that is sent: the file `{0}` beside this page has it.",
        "보낼 페이지에 넣기에는 너무 큽니다. 이 페이지 옆의 `{0}` 파일에 있습니다.";

    RECEPTIVE_FIELD: "receptive field", "수용 영역";
    ALL_OF_IT: "all", "전체";

    // where the time went: kernels
    WAITING: "Steps waited {0} s for their pictures ({1}% of training).",
        "스텝이 이미지를 기다린 시간은 {0}초입니다(학습 시간의 {1}%).";
    FEATURES_REUSED: "Features of {0} pictures were computed once, in {1} s, instead of in each of {2} epochs.",
        "이미지 {0}장의 특징을 에폭 {2}번마다 계산하지 않고 한 번만 {1}초에 계산했습니다.";
    KERNELS: "Kernels of a step", "스텝의 커널";
    KERNELS_READ: "Thread time of a training step, {0} ms in all: the mean of some steps that were measured at \
            the beginning.",
        "학습 스텝의 스레드 시간, 모두 {0} ms. 처음에 잰 몇 스텝의 평균입니다.";
    KERNEL: "kernel", "커널";

    // what the compiler did
    WHAT_COMPILER_DID: "What did the compiler do?", "컴파일러는 무엇을 했나요?";
    COMPILED_FOR: "A training step of {1} pictures was compiled for {0}: {2} operations became {3}, as many were \
            joined to others.",
        "이미지 {1}장의 학습 스텝을 {0}용으로 컴파일했습니다. 많은 연산이 다른 연산과 합쳐져 {2}개가 {3}개로 줄었습니다.";
    FROZEN_PART: "Its frozen beginning, {0} layers, is not among these: it is compiled for inference by itself, with {1} \
            batch norms folded.",
        "동결한 앞부분의 층 {0}개는 여기에 들지 않습니다. 추론용으로 따로 컴파일하고 배치 정규화 {1}개를 접어 넣었습니다.";
    CALLS: "A step is {0} calls of {1} different kernels, in {2} parts that follow each other; within a part all \
            threads work.",
        "한 스텝은 서로 다른 커널 {1}개를 {0}번 호출합니다. 차례로 이어지는 {2}개 부분으로 나뉘고, 한 부분 안에서는 모든 스레드가 함께 일합니다.";
    OF_LAST_PHASE: "All of it is told of the last phase, `{0}`.", "모두 마지막 단계 `{0}`의 내용입니다.";
    MEMORY_PLAN: "Memory plan", "메모리 계획";
    MEMORY_PLAN_READ: "Each rectangle is a tensor: from left to right over the step, from bottom to top by its \
            address. Grey ones stay from step to step (weights and what the optimizer keeps: {1}). With a \
            place of its own for each tensor it would be {2} in place of {0}.",
        "사각형 하나가 텐서 하나입니다. 왼쪽에서 오른쪽은 스텝의 진행, 아래에서 위는 주소입니다. 회색은 다음 스텝까지 남는 값입니다(가중치와 옵티마이저 상태: {1}). 텐서마다 자리를 따로 주면 {0} 대신 {2}가 필요합니다.";
    PRODUCTS: "Ways of convolving", "합성곱 계산 방법";
    PRODUCTS_READ: "Winograd's method needs fewer multiplications for 3x3 windows, Strassen's for large 1x1 ones; \
            direct is faster where a map is small or has few channels.",
        "위노그라드 방법은 3x3 창에서, 슈트라센 방법은 큰 1x1 합성곱에서 곱셈을 줄입니다. 맵이 작거나 채널이 적으면 직접 계산(direct)이 더 빠릅니다.";
    FORWARD: "forward", "순전파";
    BY_INPUT: "gradient by the input", "입력에 대한 기울기";
    BY_WEIGHTS: "gradient by the weights", "가중치에 대한 기울기";
    FUSED: "Fused operations", "합쳐진 연산";

    // what it is
    WHAT_IT_IS: "What is it?", "어떤 모델인가요?";
    PROGRAM: "Program", "프로그램";
    PROGRAM_NOTE: "Every default is written out; beside each layer the shape of its result.",
        "모든 기본값을 적었고, 각 층 옆에 결과의 모양이 있습니다.";
    COPY: "copy", "복사";
    GRAPH: "Graph", "그래프";
    LAYERS: "Layers", "층";
    LAYER: "layer", "층";
    KIND: "kind", "종류";
    SHAPE: "shape", "모양";
    WORK: "FLOPs", "FLOPs";
    TRAINABLE: "{0} parameters: {1} trainable, {2} not", "파라미터 {0}개: 학습 {1}개, 고정 {2}개";
    CHANGED_IN_PHASE: "Phase {0} changes {1} of them.", "단계 {0}에서는 그중 {1}개가 바뀝니다.";
    FROZEN: "frozen", "고정";

    // where the time went
    WHERE_TIME_WENT: "Where did the time go?", "시간은 어디에 쓰였나요?";
    COMPILING: "compiling", "컴파일";
    STEPS: "steps and validation", "학습 스텝과 검증";
    TESTING: "evaluation at the end", "마지막 평가";
    REST: "reading data, writing files, all else", "데이터 읽기, 파일 쓰기 등";
    TOTAL: "total", "합계";
    SECONDS: "seconds", "초";
    SHARE: "share", "비율";
    PER_EPOCH: "{0} s an epoch, {1} pictures a second", "에폭당 {0}초, 초당 이미지 {1}장";
    MEMORY: "Peak memory: {0}, planned {1}.", "최대 메모리: {0}, 계획한 양 {1}.";
    MEMORY_MEASURED: "Peak memory: {0}.", "최대 메모리: {0}.";
    WENT_ON: "The run was gone on with: the steps are those of all sessions, the rest of the last one.",
        "이어서 실행한 것입니다. 학습 스텝은 모든 세션의 합이고 나머지는 마지막 세션의 것입니다.";
    NO_TIMES: "The run has not told its times.", "실행이 시간을 남기지 않았습니다.";

    // how to do it again
    HOW_AGAIN: "How is it done again?", "어떻게 다시 하나요?";
    SAME_BITS: "The same command, data and version give the same weights to the bit, with any number of \
            threads.",
        "같은 명령, 데이터, 버전이면 스레드 수와 관계없이 가중치가 비트 단위로 같습니다.";
    COMMAND_UNKNOWN: "The run does not tell its command; settings of the command line are in the program \
            above.",
        "실행에 명령이 남아 있지 않습니다. 명령줄의 설정은 위의 프로그램에 있습니다.";
    VERSION: "version of cnnc", "cnnc 버전";
    SEED: "seed", "시드";
    THREADS: "threads", "스레드";
    RANKS: "ranks", "랭크";
    SIMD: "vector instructions", "벡터 명령어";
    EXACT: "direct sums (--exact)", "직접 합산 (--exact)";
    TIMED: "convolutions whose kernels were timed", "커널을 시간으로 고른 합성곱";
    YES: "yes", "예";
    BEGAN_WITH: "began with the weights", "시작 가중치";
    IMAGES: "pictures: training, validation, test", "이미지: 학습, 검증, 테스트";
    DATA_HASH: "hash of the data", "데이터의 해시";
    WEIGHTS_HASH: "SHA-256 of weights.safetensors", "weights.safetensors의 SHA-256";
    NO_WEIGHTS: "there are no final weights", "최종 가중치가 없습니다";
    FOOT: "Written by cnnc {0}. This page needs no network.", "cnnc {0}이(가) 썼습니다. 이 페이지는 네트워크를 쓰지 않습니다.";
    CURVES_BY: "Curves: uPlot, MIT licence, (c) 2022 Leon Sorokin.",
        "곡선: uPlot, MIT 라이선스, (c) 2022 Leon Sorokin.";

    // what the script says
    CELL: "{0}, answered {1}: {2} of {3} ({4}%)", "정답 {0}, 답 {1}: {3}장 중 {2}장 ({4}%)";
    SUCH_AS: "such as {0}", "예: {0}";
    MARK_BEST: "best", "최고";
    MARK_STOPPED: "stopped early", "조기 종료";
    EPOCH: "epoch", "에폭";
    COPIED: "copied", "복사됨";
}

/// What the script says by itself, by the names that it has there.
pub(super) const OF_SCRIPT: [(&str, Said); 6] = [
    ("cell", CELL),
    ("suchAs", SUCH_AS),
    ("best", MARK_BEST),
    ("stopped", MARK_STOPPED),
    ("epoch", EPOCH),
    ("copied", COPIED),
];

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn places(sentence: &str) -> Vec<&str> {
        let mut places: Vec<&str> =
            sentence.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        places.sort_unstable();
        places
    }

    /// Both languages of all sentences have the same values.
    pub(in crate::page) fn say_the_same(all: &[(&str, Said)]) {
        for (name, said) in all {
            assert!(!said.en.is_empty() && !said.ko.is_empty(), "{name}");
            assert_eq!(places(said.en), places(said.ko), "{name}");
        }
    }

    #[test]
    fn both_languages_say_the_same_values() {
        say_the_same(ALL);
    }
}
