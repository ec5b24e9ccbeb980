"""Runs cnnc and the peers, one process at a time, and writes a JSON line for each."""
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

from rows import INFERENCE_ONLY, PEERS, RUST

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# where `cargo build --release` leaves the peers that are written in Rust
RUST_PROGRAMS = HERE / "rust" / "target" / "release"
# Floating-point operations of the measured steps of a process: some seconds on a processor of today
WORK = 2e11
STEPS = (5, 1000)
# Share of the processors that others may take unnoticed
QUIET = 0.05
PROCESS_S = 1800


class Bench:
    """Where the programs are, and where results go."""

    def __init__(self, a):
        self.cnnc = pathlib.Path(a.cnnc).resolve()
        if not self.cnnc.exists():
            raise SystemExit(f"{a.cnnc} is missing: `cargo build --release`, or name another with --cnnc")
        self.steps = a.steps
        self.rounds = a.rounds
        self.raw = pathlib.Path(a.raw).resolve()
        self.raw.parent.mkdir(parents=True, exist_ok=True)
        scripts, environments = os.environ.get("CNNC_PEERS_SCRIPTS"), os.environ.get("CNNC_PEERS_ENVS")
        self.scripts = scripts and pathlib.Path(scripts).resolve()
        self.environments = environments and pathlib.Path(environments).absolute()
        self.flops = {}
        asked = None if a.peers is None else [peer for peer in a.peers.split(",") if peer]
        unknown = [peer for peer in asked or [] if peer not in PEERS]
        if unknown:
            raise SystemExit(f"no such peer: {', '.join(unknown)}; there are {', '.join(PEERS)}")
        self.asked = asked
        self.session = time.time_ns()
        self.missing = set()
        in_python = None if asked is None else [peer for peer in asked if peer not in RUST]
        if in_python != [] and not (self.scripts and self.environments):
            say("CNNC_PEERS_SCRIPTS and CNNC_PEERS_ENVS are not set: peers in Python are left out")

    def program(self, peer):
        """A peer's own program, or the interpreter of its environment; None where there is none, which is said once."""
        if peer in RUST:
            path = RUST_PROGRAMS / f"{peer}-peer"
            needed = [path]
        elif self.scripts and self.environments:
            path = self.environments / PEERS[peer][1] / "bin" / "python"
            needed = [path, self.scripts / "peer.py"]
        else:
            return None
        missing = next((place for place in needed if not place.exists()), None)
        if missing and peer not in self.missing:
            self.missing.add(peer)
            say(f"{peer} is left out: there is no {missing}")
        return None if missing else path

    def write(self, record):
        with self.raw.open("a") as file:
            file.write(json.dumps({"session": self.session, **record}) + "\n")

    # --- what a run means ---------------------------------------------------------------------------------------

    def forward_flops(self, row):
        """Multiplications and additions of one picture's forward pass, as `cnnc summary` prints them: two to three digits."""
        key = (row.file, row.size)
        if key not in self.flops:
            text = output([self.cnnc, "summary", row.file, "--quiet", *size_option(row)])
            number, unit = re.search(r"([\d.]+) ?([kMGT]?) FLOPs a picture", text).groups()
            self.flops[key] = float(number) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[unit]
        return self.flops[key]

    def counts(self, row):
        """Measured steps and the warm-up before them; the same for everyone."""
        work = self.forward_flops(row) * row.batch * (3 if row.mode == "train" else 1)
        steps = self.steps or int(min(max(WORK / work, STEPS[0]), STEPS[1]))
        return steps, min(max(steps // 4, 2), 20) if steps > 2 else 1

    # --- processes ----------------------------------------------------------------------------------------------

    def row(self, row):
        """All rounds of a row: in each of them everyone runs once, and another one begins."""
        frameworks = ["cnnc", *(peer for peer in row.peers(self.asked) if self.program(peer))]
        threads = row.threads or os.cpu_count()
        steps, warmup = self.counts(row)
        exported = self.export(row, frameworks)
        if self.asked and frameworks == ["cnnc"]:
            # cnnc alone would stand for the row in the tables
            say(f"{row.name} is left out: none of the peers asked for is there for it")
            return
        say(f"{row.name}: {steps} steps, {self.rounds} rounds of {', '.join(frameworks)}")
        for number in range(self.rounds):
            first = number % len(frameworks)
            for framework in frameworks[first:] + frameworks[:first]:
                options = ["--mode", row.mode, "--batch", row.batch, "--threads", threads, "--steps", steps,
                           "--warmup", warmup]
                if framework == "cnnc":
                    command = [self.cnnc, "bench", row.file, "--json", "--quiet", *options, *size_option(row)]
                elif framework in RUST:
                    command = [self.program(framework), row.model, *options]
                else:
                    command = self.script(framework, "peer.py", framework, row.model, *options)
                busy = busy_share()
                if busy and busy > QUIET:
                    say(f"  other programs take {busy:.0%} of the processors: what follows says little")
                result = self.run(command)
                self.write({"row": row.name, "round": number, "others_busy": busy, "forward_flops":
                            self.forward_flops(row), **result, "framework": framework, "mode": row.mode,
                            "batch": row.batch, "threads": threads, "size": row.size})
                say(f"  {framework:14} " + (result.get("error") or f"{result['images_per_s']:.1f} images/s"))
        for path in exported:
            path.unlink(missing_ok=True)

    def script(self, peer, name, *arguments):
        return [self.program(peer), HERE / "with_extra_models.py", self.scripts, name, *arguments]

    def run(self, command):
        """What the command's line of JSON says, or `error`."""
        try:
            text = output(command, self.environment())
            return json.loads(text.strip().splitlines()[-1])
        except subprocess.CalledProcessError as failure:
            lines = (failure.stderr or "").strip().splitlines() or [f"exit code {failure.returncode}"]
            return {"error": lines[-1]}
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {PROCESS_S} s"}
        except (ValueError, IndexError):
            return {"error": "no JSON"}

    def environment(self):
        """Ours, without a count of threads, which the scripts take from it; what they write goes beside the results."""
        place = self.raw.parent / "tmp"
        place.mkdir(exist_ok=True)
        return {**{key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}, "TMPDIR": str(place)}

    def export(self, row, frameworks):
        """The ONNX file that some peers read, made by PyTorch. Those whose file cannot be made are taken off the list."""
        readers = [peer for peer in frameworks if peer in INFERENCE_ONLY]
        if not readers:
            return []
        reason = "there is no PyTorch to export with"
        if self.program("torch"):
            try:
                output(self.script("torch", "export_onnx.py", row.model, row.batch), self.environment())
                return [self.raw.parent / "tmp" / f"bench_{row.model}_{row.batch}.onnx"]
            except subprocess.SubprocessError as failure:
                reason = ((failure.stderr or "").strip().splitlines() or [str(failure)])[-1]
        say(f"  no ONNX file of {row.model}: {reason}")
        for peer in readers:
            frameworks.remove(peer)
        return []

    # --- the machine --------------------------------------------------------------------------------------------

    def machine(self, peaks):
        """Begins a session: the processor, the versions, and how fast multiply-adds can be."""
        packages = {"torch": ["torch"], "tf": ["keras", "tensorflow-cpu"], "ort": ["onnxruntime", "openvino"]}
        versions = {}
        for environment, names in packages.items():
            peers = [peer for peer, (_, place) in PEERS.items() if place == environment]
            peer = next((peer for peer in peers if self.asked is None or peer in self.asked), None)
            if peer and self.program(peer):
                ask = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
                found = self.run([self.program(peer), "-c", ask, *names])
                versions |= {} if "error" in found else found
        for peer in self.asked or []:
            if peer in RUST and self.program(peer):
                versions |= dict([output([self.program(peer), "--version"]).split()])
        self.write({"kind": "machine", "processor": processor(), "processors": os.cpu_count(),
                    "commit": commit(), "versions": versions, "peak_gflops": peaks})


def measure_peaks(text):
    """GFLOP/s of multiply-adds by number of threads: as given (`141,280`), or those of the convolution bench's tile in the first-level cache, run
    on as many processors at once. Empty for `none`, and where there is no cargo."""
    counts = sorted({1, os.cpu_count()})
    if text == "none":
        return {}
    if text != "auto":
        return dict(zip(map(str, counts), map(float, text.split(","))))
    try:
        built = output(["cargo", "bench", "--bench", "conv", "--no-run", "--message-format=json"])
        lines = [json.loads(line) for line in built.splitlines() if line.startswith("{")]
        path = next(line["executable"] for line in lines if line.get("target", {}).get("name") == "conv" and line.get("executable"))
    except (OSError, subprocess.SubprocessError, StopIteration):
        say("the convolution bench could not be built: no share of the peak")
        return {}
    peaks = {}
    for count in counts:
        runs = [subprocess.Popen([path, "--bench", "/peak$"], stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(count)]
        texts = [run.communicate()[0] for run in runs]
        peaks[str(count)] = round(sum(float(re.search(r"thrpt: +\[\S+ \S+ ([\d.]+) Gelem/s", text)[1]) for text in texts), 1)
    return peaks


def size_option(row):
    return ["--size", f"{row.size}x{row.size}"] if row.size else []


def output(command, environment=None):
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env=environment, check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PROCESS_S)
    return done.stdout


def busy_share():
    """How much of the processors other programs take, looked at for half a second; None where the system does not say."""
    def ticks():
        numbers = [int(word) for word in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]

    try:
        (total, idle), _, (total_after, idle_after) = ticks(), time.sleep(0.5), ticks()
    except OSError:
        return None
    return round(1 - (idle_after - idle) / max(total_after - total, 1), 3)


def processor():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    name = re.search(r"model name\s*: (.*)", text)
    flags = re.search(r"flags\s*: (.*)", text)
    wide = [word for word in ("avx512f", "avx2") if flags and word in flags[1].split()]
    return f"{name[1] if name else 'a processor that does not say its name'}{f' ({wide[0]})' if wide else ''}"


def commit():
    try:
        return output(["git", "rev-parse", "--short", "HEAD"]).strip()
    except (OSError, subprocess.SubprocessError):
        return None


def median(records, key="images_per_s"):
    return statistics.median(record[key] for record in records)


def say(text):
    print(text, file=sys.stderr, flush=True)


def read(path):
    """The records of a file that [`Bench.write`] wrote."""
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
