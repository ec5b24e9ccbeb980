//! Pages of `cnnc explain` on what the machine refuses, and what `--restricted` does.

use crate::diag::{Language, Level};

/// A code with its title and page in each language.
struct Page {
    code: &'static str,
    english: [&'static str; 2],
    korean: [&'static str; 2],
}

const PAGES: &[Page] = &[
    Page {
        code: "E0630",
        english: [
            "there is not enough memory",
            "The system gave no more memory. The message says how much was wanted at that moment, and for what where that is known.\n\n\
             `cnnc check` says before a run what it will take (E0515); `cnnc summary` shows the figures. Less is taken with a smaller\n\
             batch, smaller pictures (`resize:`) or fewer filters. A run goes on from its last state with `--resume`.",
        ],
        korean: [
            "메모리가 모자랍니다",
            "시스템이 메모리를 더 주지 않습니다. 메시지는 그때 얼마가 필요했는지, 알 수 있으면 무엇에 필요했는지도 알려 줍니다.\n\n\
             `cnnc check`는 실행하기 전에 메모리가 얼마나 들지 알려 주고(E0515), `cnnc summary`는 그 수치를 보여 줍니다. 배치를 줄이거나,\n\
             이미지를 작게 하거나(`resize:`), 필터를 줄이면 덜 듭니다. 실행은 `--resume`으로 마지막 상태에서 이어 갑니다.",
        ],
    },
    Page {
        code: "E0631",
        english: [
            "the system refuses threads",
            "A process or its user may have so many threads and no more, and each takes memory for its stack. `--threads 1` works with the\n\
             program's own thread alone; RAYON_NUM_THREADS limits those that read pictures. Results are the same for any number.",
        ],
        korean: [
            "시스템이 스레드를 더 만들지 못하게 합니다",
            "프로세스와 사용자가 만들 수 있는 스레드 수에는 한도가 있고, 스레드마다 스택 메모리가 듭니다. `--threads 1`은 프로그램의 스레드 하나로\n\
             일하고, RAYON_NUM_THREADS는 이미지를 읽는 스레드를 제한합니다. 스레드가 몇 개든 결과는 같습니다.",
        ],
    },
    Page {
        code: "E0632",
        english: [
            "a place that may not be read",
            "With `--restricted` a file of unknown origin reads only what lies below its own folder, the folders of `--data-dir` and\n\
             CNNC_DATA_DIR, and those of `--allow-read`. Links are followed before that is judged. Whether there is anything at the\n\
             refused place is not said.",
        ],
        korean: [
            "읽을 수 없는 곳입니다",
            "`--restricted`에서 출처를 모르는 파일은 자기 폴더, `--data-dir`과 CNNC_DATA_DIR의 폴더, `--allow-read`의 폴더 아래에 있는 것만 읽을 수\n\
             있습니다. 판단은 링크를 따라간 다음에 합니다. 거절한 곳에 무엇이 있는지는 알려 주지 않습니다.",
        ],
    },
    Page {
        code: "E0633",
        english: [
            "more than --restricted allows",
            "With `--restricted` a program has at most 2,000 layers and 100 million parameters, its data at most a million pictures.\n\
             `--limits layers=5000,pictures=50000` sets other limits. Memory and time have theirs: `memory=4GiB`, `time=1h`.",
        ],
        korean: [
            "`--restricted`의 한도를 넘습니다",
            "`--restricted`에서는 층 2,000개, 파라미터 1억 개, 이미지 100만 장까지 쓸 수 있습니다. 한도는\n\
             `--limits layers=5000,pictures=50000`처럼 바꿉니다. 메모리와 시간에도 한도가 있습니다: `memory=4GiB`, `time=1h`.",
        ],
    },
    Page {
        code: "E0634",
        english: [
            "the time is over",
            "With `--restricted` a command takes an hour at most, or as long as `--limits time=10min` says, counted from its start. A run\n\
             then ends as at SIGTERM: the present step is ended and the state saved, and `--resume` goes on from there.",
        ],
        korean: [
            "시간이 다 되었습니다",
            "`--restricted`에서 명령은 시작부터 한 시간, 또는 `--limits time=10min`처럼 정한 시간까지만 걸릴 수 있습니다. 실행은 SIGTERM을 받은 것처럼\n\
             끝납니다. 하던 스텝을 마치고 상태를 저장하며, `--resume`으로 이어 갑니다.",
        ],
    },
];

impl Page {
    fn in_language(&self, language: Language) -> [&'static str; 2] {
        match language {
            Language::English => self.english,
            Language::Korean => self.korean,
        }
    }
}

/// The page on a code of these; `None` where there is no such code.
pub(super) fn explain(code: &str, language: Language) -> Option<String> {
    let page = PAGES.iter().find(|page| page.code.eq_ignore_ascii_case(code))?;
    let [title, text] = page.in_language(language);
    Some(format!("{} ({}): {title}\n\n{text}\n", page.code, language.level(Level::Error)))
}

/// Codes and titles of what the machine refuses.
pub fn machine_codes(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGES.iter().map(move |page| (page.code, page.in_language(language)[0]))
}
