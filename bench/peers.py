"""Times what other libraries do with the cases of `vecdot bench`, on the same shapes, dtypes and layouts.

    vecdot bench --json cases.json          # or --runs 0: only the list of cases
    peers.py cases.json -o peers.json

Libraries that are not installed are left out, and the others share the time. Each runs in a process of its own, so that
a crash, an endless call or memory that runs out costs one case and is recorded as what came of it. A case has its part of
the time that is left: what is slow is measured by fewer calls, at least by one. Of the forms in which a library can say
a case the fastest counts, and is named: each is tried by three samples, and the fastest measured by as many as vecdot.
"""

import argparse
import datetime
import json
import os
import pathlib
import queue
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import machine  # noqa: E402

SAMPLE_SECONDS = 0.02


def measure(library, calls_of, runs, end):
    """Seconds a call, `runs` samples of at least SAMPLE_SECONDS, fewer when it is `end`; calls_of are the same call on
    several sets."""
    def timed(count):
        return library.elapsed(lambda: [calls_of[i % len(calls_of)]() for i in range(count)])

    count = len(calls_of)
    for _ in range(4):
        seconds = timed(count)
        if seconds >= SAMPLE_SECONDS:
            break
        count = min(100000, int(count * 1.1 * SAMPLE_SECONDS / (seconds + 1e-7)) + 1)
    samples = [seconds / count]
    while len(samples) < runs and time.monotonic() + samples[0] * count < end:
        samples.append(timed(count) / count)
    return samples, count


def references(library, case, pair):
    """The first and the last output as float64 gives them: index -> value, sum of magnitudes."""
    shape = case["result_shape"]
    return {index: library.exact([library.vector(pair[i], case, i, index) for i in range(2)], case)
            for index in {tuple(0 for _ in shape), tuple(size - 1 for size in shape)}}


def verdict(library, case, wanted_of, result):
    """None when the outputs are about what they should be, else what is wrong."""
    for index, (wanted, magnitude) in wanted_of.items():
        got = library.number(result, index, case["result_shape"])
        name = case["result"]
        if name == "bool" or "int" in name:
            bits = 8 if name == "bool" else int(name.lstrip("uint"))
            same = bool(got) == bool(wanted) if name == "bool" else (int(got) - int(wanted)) % 2**bits == 0
        else:
            loose = {"float16": 2e-4, "bfloat16": 2e-3, "float64": 1e-12, "complex128": 1e-12}.get(name, 2e-6)
            same = abs(got - wanted) <= loose * magnitude + 10 * loose * abs(wanted)
        if not same:
            return f"output {index} is {got}, and should be {wanted}"
    return None


def try_form(library, case, function, pairs, wanted_of, end):
    """Seconds a call: of a few warm samples after a first call, which is checked; of that call where it took all the time,
    unless the library compiles at the first. A form whose `part` is not 1 computes only that part of the outputs, and its
    time is that of all."""
    part, kept = getattr(function, "part", 1), []
    first = library.elapsed(lambda: kept.append(function(*pairs[0])) or kept[-1])
    wrong = verdict(library, case, wanted_of, kept.pop())
    if wrong is not None:
        return f"wrong: {wrong}"
    if time.monotonic() + first >= end and not library.compiles:
        return first / part
    return statistics.median(measure(library, [lambda: function(*pairs[0])], 3, end)[0]) / part


def run_case(library, case, runs, seconds, tell):
    """The record of one case, in about so many seconds; after each form `tell` has what is known by then."""
    begin = time.monotonic()
    pairs = [library.operands(case, seed) for seed in range(max(1, case.get("sets", 1)))]
    wanted_of = references(library, case, pairs[0])
    record, best, functions = {"forms": {}}, None, {}
    for name, function in library.forms(case):
        try:
            took = try_form(library, case, function, pairs, wanted_of, begin + 0.6 * seconds)
        except Exception as error:  # noqa: BLE001 a form that a library refuses is a finding, not a fault
            took = f"{type(error).__name__}: {str(error)[:200]}"
            library.clean()
        record["forms"][name], functions[name] = took, function
        if not isinstance(took, str) and (best is None or took < best):
            best = took
            record.update(status="ok", form=name, seconds=[took], calls=1)
        tell(record)
    if best is None:
        refused = list(record["forms"].values())
        memory = any("memory" in text.lower() for text in refused)
        record["status"] = "out of memory" if memory else "wrong" if any(
            text.startswith("wrong") for text in refused) else "unsupported"
        record["message"] = "; ".join(f"{name}: {text}" for name, text in record["forms"].items())
        if not refused:
            record["message"] = f"nothing for {case['x1']['dtype']} with {case['x2']['dtype']}"
        return record
    choose_fastest(library, record, functions, pairs, runs, begin + seconds)
    return record


def choose_fastest(library, record, functions, pairs, runs, end):
    """Measures the fastest form in full. Where that takes longer than a few samples told, so that another one is the
    fastest now, that follows, until the fastest of all is one that was measured in full."""
    measured = {}
    while True:
        name = min((name for name, took in record["forms"].items() if not isinstance(took, str)),
                   key=record["forms"].get)
        function, took = functions[name], record["forms"][name]
        part = getattr(function, "part", 1)
        if name in measured or time.monotonic() + 2 * took * part * len(pairs) >= end:
            break
        samples, calls = measure(library, [lambda p=p: function(*p) for p in pairs], runs, end)
        measured[name] = [sample / part for sample in samples], calls
        record["forms"][name] = statistics.median(measured[name][0])
    seconds, calls = measured.get(name, ([took], 1))
    record.update(form=name, seconds=seconds, calls=calls)
    if part != 1:
        record["part"] = round(part, 6)


def expendable():
    """When memory runs out, the system ends this process first."""
    try:
        pathlib.Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        pass


def work(name, cases, first, runs, seconds):
    """The worker: a line of JSON before and after each case, and after each of its forms."""
    import peer_libraries

    def say(**what):
        print(json.dumps(what), flush=True)

    expendable()
    end = time.monotonic() + seconds
    try:
        library = peer_libraries.LIBRARIES[name]()
        say(about=library.about())
    except Exception as error:  # noqa: BLE001 whatever keeps a library from loading
        say(absent=f"{type(error).__name__}: {str(error)[:300]}")
        return
    if first == 0:
        try:
            say(ceiling=library.ceiling(runs))
        except Exception as error:  # noqa: BLE001
            say(ceiling={"method": f"{type(error).__name__}: {str(error)[:200]}", "bytes_per_second": []})
    for index in range(first, len(cases)):
        allowed = max(0, end - time.monotonic()) / (len(cases) - index)
        say(begin=index, seconds=allowed)
        try:
            record = run_case(library, cases[index], runs, allowed,
                              lambda so_far: say(form=index, record=so_far))
        except Exception as error:  # noqa: BLE001
            text = f"{type(error).__name__}: {str(error)[:300]}"
            record = {"status": "out of memory" if "memory" in text.lower() else
                      "unsupported" if isinstance(error, TypeError) else "failed", "message": text}
        library.clean()
        say(end=index, record=record)


class Worker:
    """A process that works on the cases from `first` in so many seconds, and the lines it says."""

    def __init__(self, arguments, name, first, seconds):
        self.process = subprocess.Popen(
            [sys.executable, __file__, arguments.cases, "--worker", name, "--first", str(first),
             "--runs", str(arguments.runs), "--budget", str(seconds)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def next(self, seconds):
        """The next message; {} when the process has ended, None when it said nothing for so long."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                return None
            if line is None:
                return {}
            try:
                return json.loads(line)
            except ValueError:  # a library's own chatter
                continue

    def stop(self):
        self.process.kill()
        self.process.wait()


def is_there(arguments, name, cases, report):
    """Whether the library can be loaded; what it is, or why not, goes to the report."""
    worker = Worker(arguments, name, len(cases), 0)
    message = worker.next(arguments.case_seconds) or {"absent": "it ended or hung while it was loaded"}
    worker.stop()
    report["libraries"][name] = message.get("about", message)
    return "about" in message


class Progress:
    """What came of the cases of one library so far, and until when the one at work may take."""

    def __init__(self, seconds):
        self.record_of, self.so_far, self.current, self.first = {}, {}, None, 0
        self.until = time.monotonic() + seconds

    def hear(self, message, most):
        if "begin" in message:
            self.current, self.so_far = message["begin"], {}
            self.until = time.monotonic() + min(most, 5 + 4 * message["seconds"])
        elif "form" in message:
            self.so_far = message["record"]
        elif "end" in message:
            self.record_of[message["end"]] = message["record"]
            self.first, self.current = message["end"] + 1, None

    def lose(self, what):
        """The case at work has no more than the forms that were measured."""
        measured = "seconds" in self.so_far
        self.record_of[self.current] = {**self.so_far, "message": f"{what} in a further form"} if measured else {
            "forms": self.so_far.get("forms", {}), "status": what, "message": ""}
        self.first, self.current = self.current + 1, None


def run_library(arguments, name, cases, deadline, report):
    """All cases with one library; a worker that dies or hangs is followed by another, from the next case on."""
    progress, worker = Progress(arguments.case_seconds), None
    while progress.first < len(cases) and time.monotonic() < deadline:
        if worker is None:
            worker = Worker(arguments, name, progress.first, deadline - time.monotonic())
            progress.until = time.monotonic() + arguments.case_seconds
        message = worker.next(min(progress.until, deadline) - time.monotonic())
        if message:
            progress.hear(message, arguments.case_seconds)
            if "ceiling" in message:
                report["libraries"][name]["ceiling"] = message["ceiling"]
            continue
        worker.stop()
        worker = None
        what = "crashed" if message == {} else "time limit"
        if progress.current is None:
            report["libraries"][name]["trouble"] = f"{what} before the first case"
            break
        progress.lose(what if time.monotonic() < deadline else "the time was over")
    if worker is not None:
        worker.stop()
    return progress.record_of


def median_rate(ours, case):
    """The ceiling in the run of vecdot bench, bytes a second; None when nothing was measured there."""
    rates = case.get("ceiling_bytes_per_second") or ours["ceiling"]["bytes_per_second"]
    return statistics.median(rates) if rates else None


def finish_record(ours, case, name, record):
    """Adds what it needs to stand beside a result of vecdot bench."""
    record = {"case": case["case"], "title": case["title"], "who": name, **record}
    writes = 2 if ours["device"]["shares_host_memory"] else 1
    moved = case["bytes_in"] + writes * case["bytes_out"]
    rate = median_rate(ours, case)
    if record["status"] == "ok" and rate and case["kind"] == "stream" and case["operations"] <= 30 * moved:
        record["share"] = round(moved / rate / statistics.median(record["seconds"]), 4)
    return record


def print_record(record):
    seconds = record.get("seconds")
    told = f"{statistics.median(seconds) * 1e3:10.4g} ms" if seconds else f"{record['status']:>13}"
    share = f"{record['share']:5.2f}" if record.get("share") else "     "
    print(f"{record['who']:8} {record['case']:4} {record['title']:24} {told} {share}  "
          f"{record.get('form') or record.get('message', '')[:90]}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", help="what `vecdot bench --json` wrote")
    parser.add_argument("-o", "--out", help="a JSON file of the same layout")
    parser.add_argument("--peers", default="numpy,openblas,clblast,torch,jax,cupy,cublas", help="which, between commas")
    parser.add_argument("--budget", type=float, default=600, help="seconds in all (default 600)")
    parser.add_argument("--case-seconds", type=float, default=60, help="seconds a case (default 60)")
    parser.add_argument("--runs", type=int, default=7, help="samples a case (default 7)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    ours = json.loads(pathlib.Path(arguments.cases).read_text())
    cases = [case for case in ours["results"] if "x1" in case]
    os.environ.setdefault("VECDOT_PEERS_DEVICE", ours["device"]["name"])
    os.environ.setdefault("VECDOT_PEERS_GPU", "0" if ours["device"]["shares_host_memory"] else "1")
    if arguments.worker:
        work(arguments.worker, cases, arguments.first, arguments.runs, arguments.budget)
        return 0

    report = {"tool": "bench/peers.py", "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
              "scale": ours["scale"], "machine": machine.here(), "device": ours["device"], "ceiling": ours["ceiling"],
              "libraries": {}, "results": []}
    begin = time.monotonic()
    names = [name for name in arguments.peers.split(",") if is_there(arguments, name, cases, report)]
    for name, library in report["libraries"].items():
        if "absent" in library:
            print(f"{name:8} absent: {library['absent']}", flush=True)
    for position, name in enumerate(names):
        left = begin + arguments.budget - time.monotonic()
        deadline = time.monotonic() + left / (len(names) - position)
        records = run_library(arguments, name, cases, deadline, report)
        for index, case in enumerate(cases):
            why = report["libraries"][name].get("trouble", "the time was over")
            record = records.get(index, {"status": "not run", "message": why})
            report["results"].append(finish_record(ours, case, name, record))
            print_record(report["results"][-1])
        if arguments.out:
            pathlib.Path(arguments.out).write_text(json.dumps(report, indent=1) + "\n")
    if arguments.out:
        pathlib.Path(arguments.out).write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
