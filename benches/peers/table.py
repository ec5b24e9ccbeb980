"""From raw records to the tables of `docs/performance.md`."""
import re
import statistics

from rows import INFERENCE_ONLY, PEERS, ROWS, RUST

NAMES = {"cnnc": "cnnc", **{peer: name for peer, (name, _) in PEERS.items()}}


class Results:
    """Of every row its last session: rounds by framework."""

    def __init__(self, records):
        self.machines = {record["session"]: record for record in records if record.get("kind") == "machine"}
        measured = [record for record in records if "row" in record]
        self.sessions = {}
        for record in measured:
            self.sessions[record["row"]] = max(record["session"], self.sessions.get(record["row"], 0))
        self.rows = {}
        self.failed = set()
        for record in measured:
            if record["session"] != self.sessions[record["row"]]:
                continue
            if "error" in record:
                self.failed.add((record["row"], record["framework"]))
            else:
                self.rows.setdefault(record["row"], {}).setdefault(record["framework"], []).append(record)

    def of(self, row):
        """Rounds by framework; empty where cnnc was not measured."""
        rounds = self.rows.get(row.name, {})
        return rounds if "cnnc" in rounds else {}

    def fastest_peer(self, row):
        speeds = {peer: speed(rounds) for peer, rounds in self.of(row).items() if peer != "cnnc"}
        return max(speeds, key=speeds.get, default=None)

    def peak(self, row):
        peaks = self.machines.get(self.sessions.get(row.name), {}).get("peak_gflops", {})
        return peaks.get(str(self.of(row)["cnnc"][0]["threads"]))


def apart(records):
    """Results for the main tables, and for that of Rust libraries. A session of a row in which these were the only peers does not stand for the row in the
    main tables, and one without them does not in the other."""
    asked = {}
    for record in records:
        if "row" in record:
            asked.setdefault((record["row"], record["session"]), set()).add(record["framework"])

    def of_session(record):
        return asked.get((record.get("row"), record["session"]), set())

    main = [record for record in records if record.get("framework") not in RUST
            and (not of_session(record) & set(RUST) or of_session(record) - {"cnnc", *RUST})]
    rust = [record for record in records if "row" not in record
            or (record["framework"] in ("cnnc", *RUST) and of_session(record) & set(RUST))]
    return Results(main), Results(rust)


def speed(rounds, key="images_per_s"):
    return statistics.median(record[key] for record in rounds)


def markdown(records):
    """All tables, each only where there is something to put into it."""
    results, in_rust = apart(records)
    trained = [row for row in ROWS if row.mode == "train" and row.threads == 0 and results.of(row)]
    inferred = [row for row in ROWS if row.mode == "infer" and results.of(row)]
    beside_rust = [row for row in ROWS if row.threads == 0 and in_rust.of(row)]
    parts = [machine_lines(results, in_rust)]
    if trained:
        parts += ["### Training", speeds(results, trained)]
    if inferred:
        parts += ["### Inference", speeds(results, inferred)]
    if trained or inferred:
        parts += ["### Start and memory", start_and_memory(results, trained + inferred)]
    if scaled := scaling(results):
        parts += ["### One thread and all", scaled]
    if beside_rust:
        parts += ["### Rust libraries, for information", speeds(in_rust, beside_rust, title_and_mode, judged=False),
                  start_and_memory(in_rust, beside_rust, title_and_mode)]
    return "\n\n".join(parts) + "\n"


def machine_lines(*all_results):
    """The machines of all sessions that a table shows, and how much others disturbed them."""
    machines, shares = {}, []
    for results in all_results:
        shown = [row for row in ROWS if results.of(row)]
        sessions = {results.sessions[row.name] for row in shown}
        machines |= {session: machine for session, machine in results.machines.items() if session in sessions}
        shares += [record["others_busy"] for row in shown for rounds in results.of(row).values() for record in rounds
                   if record["others_busy"] is not None]
    lines = []
    for _, machine in sorted(machines.items()):
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        peaks = ", ".join(f"{peak:,.0f} GFLOP/s with {threads}" for threads, peak in machine["peak_gflops"].items())
        lines.append(f"{machine['processor']}, {machine['processors']} processors; cnnc {machine['commit']}"
                     + (f"; {versions}" if versions else "") + (f". Peak of multiply-adds: {peaks}" if peaks else "") + ".")
    if shares:
        lines.append(f"Before the runs, other programs took {statistics.median(shares):.0%} of the processors in the middle and"
                     f" {max(shares):.0%} at most.")
    return "\n".join(dict.fromkeys(lines))


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def title(row):
    return f"{row.model}, batch {row.batch}"


def title_and_mode(row):
    return f"{title(row)}, {'training' if row.mode == 'train' else 'inference'}"


def speeds(results, rows, title=title, judged=True):
    """Images a second: the median (least..most) of the rounds; where it is `judged`, also cnnc's against the fastest peer and against the peak."""
    present = {peer for row in rows for peer in results.of(row)}
    peers = [peer for peer in PEERS if peer in present]
    head = ["", "cnnc", *(NAMES[peer] for peer in peers), *(["ratio to the fastest peer", "goal", "share of peak"] if judged else [])]
    lines = []
    for row in rows:
        rounds = results.of(row)

        def cell(framework):
            if framework in rounds:
                return spread([record["images_per_s"] for record in rounds[framework]], number)
            return "failed" if (row.name, framework) in results.failed else "–"

        goal = "–" if row.goal is None else f"≥ {row.goal:g}"
        judgement = [ratio(results, row), goal, share(results, row)] if judged else []
        lines.append([title(row), cell("cnnc"), *map(cell, peers), *judgement])
    return table(head, lines)


def ratio(results, row):
    """Of the medians, and in brackets the least and most of the rounds', both against the peer whose median is largest."""
    peer = results.fastest_peer(row)
    if peer is None:
        return "–"
    ours, theirs = results.of(row)["cnnc"], results.of(row)[peer]
    of_round = {record["round"]: record["images_per_s"] for record in theirs}
    ratios = [record["images_per_s"] / of_round[record["round"]] for record in ours if record["round"] in of_round]
    bounds = f" ({min(ratios):.2f}..{max(ratios):.2f})" if len(ratios) > 1 else ""
    return f"**{speed(ours) / speed(theirs):.2f}**{bounds}"


def share(results, row):
    """Of the peak; a training step counts as three forward passes."""
    peak = results.peak(row)
    if not peak:
        return "–"
    ours = results.of(row)["cnnc"]
    return f"{speed(ours) * ours[0]['forward_flops'] * (3 if row.mode == 'train' else 1) / peak / 1e9:.0%}"


def start_and_memory(results, rows, title=title):
    """Medians: seconds from the start to the end of the first step, and MiB of resident memory at their highest."""
    present = {peer for row in rows for peer in results.of(row)}
    frameworks = ["cnnc", *(peer for peer in PEERS if peer in present)]
    head = ["s · MiB", *(NAMES[framework] for framework in frameworks)]
    lines = []
    for row in rows:
        rounds = results.of(row)
        lines.append([title(row), *(
            f"{speed(rounds[name], 'start_to_first_step_s'):.2f} · {speed(rounds[name], 'peak_rss_mib'):,.0f}"
            if name in rounds else "–" for name in frameworks)])
    return table(head, lines)


def scaling(results):
    """Speed with all threads over that with one."""
    pairs = [(row, one) for row in ROWS for one in ROWS if one.name == f"{row.name}-1t"
             and results.of(row) and results.of(one)]
    present = {peer for _, one in pairs for peer in results.of(one)}
    frameworks = ["cnnc", *(peer for peer in PEERS if peer in present and peer not in INFERENCE_ONLY)]
    lines = []
    for row, one in pairs:
        all_rounds, one_rounds = results.of(row), results.of(one)
        lines.append([title(row), ratio(results, one), *(
            f"{number(speed(one_rounds[name]))} → {number(speed(all_rounds[name]))}"
            f" ({speed(all_rounds[name]) / speed(one_rounds[name]):.2f}x)"
            if name in all_rounds and name in one_rounds else "–" for name in frameworks)])
    head = ["", "ratio with one thread", *(NAMES[name] for name in frameworks)]
    return table(head, lines) if lines else ""


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def spread(values, text):
    middle = text(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({text(min(values))}..{text(max(values))})"


def put_into(path, mark, text):
    """Replaces what stands in a document between `<!-- mark: begin … -->` and `<!-- mark: end -->`."""
    old = path.read_text()
    pattern = re.compile(rf"(<!-- {mark}: begin.*?-->\n).*?(<!-- {mark}: end -->)", re.S)
    if not pattern.search(old):
        raise SystemExit(f"{path} has no place for `{mark}`")
    path.write_text(pattern.sub(lambda found: found[1] + "\n" + text + "\n" + found[2], old))
