"""Times what other libraries do with the cases of `vecdot bench`, on the same shapes, dtypes and layouts.

    vecdot bench --json cases.json          # or --runs 0: only the list of cases
    peers.py cases.json -o peers.json

Libraries that are not installed are left out. Each runs in a process of its own, so that a crash, an endless
call or memory that runs out costs one case and is recorded as what came of it. Of the forms in which a
library can say a case the fastest counts, and is named.
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

SAMPLE_SECONDS = 0.02


def measure(library, calls_of, runs):
    """Seconds a call, `runs` samples of at least SAMPLE_SECONDS; calls_of are the same call on several sets."""
    def timed(count):
        return library.elapsed(lambda: [calls_of[i % len(calls_of)]() for i in range(count)])

    timed(len(calls_of))  # warms up
    count = len(calls_of)
    for _ in range(3):
        seconds = timed(count)
        if seconds >= SAMPLE_SECONDS:
            break
        count = min(100000, int(count * 1.1 * SAMPLE_SECONDS / (seconds + 1e-7)) + 1)
    return [timed(count) / count for _ in range(runs)], count


def verdict(library, case, pair, result):
    """None when the first and the last output are about what float64 gives, else what is wrong."""
    shape = case["result_shape"]
    for index in {tuple(0 for _ in shape), tuple(size - 1 for size in shape)}:
        vectors = [library.vector(pair[i], case, i, index) for i in range(2)]
        wanted, magnitude = library.exact(vectors, case)
        got = library.number(result, index, shape)
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


def run_case(library, case, runs):
    """The record of one case."""
    pairs = [library.operands(case, seed) for seed in range(max(1, case.get("sets", 1)))]
    record, best = {"forms": {}}, None
    for name, function in library.forms(case):
        try:
            calls = [lambda p=p: function(*p) for p in pairs]
            seconds, _ = measure(library, calls[:1], 1)
            wrong = verdict(library, case, pairs[0], calls[0]())
        except Exception as error:  # noqa: BLE001 a form that a library refuses is a finding, not a fault
            record["forms"][name] = f"{type(error).__name__}: {str(error)[:200]}"
            library.clean()
            continue
        record["forms"][name] = seconds[0] if wrong is None else f"wrong: {wrong}"
        if wrong is None and (best is None or seconds[0] < best[0]):
            best = seconds[0], name, calls
    if best is None:
        refused = list(record["forms"].values())
        memory = any("memory" in text.lower() for text in refused)
        record["status"] = "out of memory" if memory else "wrong" if any(
            text.startswith("wrong") for text in refused) else "unsupported"
        record["message"] = "; ".join(f"{name}: {text}" for name, text in record["forms"].items()) or "no form"
        return record
    record["form"] = best[1]
    record["seconds"], record["calls"] = measure(library, best[2], runs)
    record["status"] = "ok"
    return record


def work(name, cases, first, runs):
    """The worker: a line of JSON before and after each case."""
    import peer_libraries

    def say(**what):
        print(json.dumps(what), flush=True)

    try:
        library = peer_libraries.LIBRARIES[name]()
    except Exception as error:  # noqa: BLE001 whatever keeps a library from loading
        say(absent=f"{type(error).__name__}: {str(error)[:300]}")
        return
    say(about=library.about())
    if first == 0:
        try:
            say(ceiling=library.ceiling(runs))
        except Exception as error:  # noqa: BLE001
            say(ceiling={"method": f"{type(error).__name__}: {str(error)[:200]}", "bytes_per_second": []})
    for index in range(first, len(cases)):
        say(begin=index)
        try:
            record = run_case(library, cases[index], runs)
        except Exception as error:  # noqa: BLE001
            text = f"{type(error).__name__}: {str(error)[:300]}"
            record = {"status": "out of memory" if "memory" in text.lower() else "failed", "message": text}
        library.clean()
        say(end=index, record=record)


class Worker:
    """A process that works on the cases from `first`, and the lines it says."""

    def __init__(self, arguments, name, first):
        self.process = subprocess.Popen(
            [sys.executable, __file__, arguments.cases, "--worker", name, "--first", str(first),
             "--runs", str(arguments.runs)],
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


def run_library(arguments, name, cases, deadline, report):
    """All cases with one library; a worker that dies or hangs is followed by another, from the next case on."""
    first, current, record_of = 0, None, {}
    worker = Worker(arguments, name, first)
    while first < len(cases) or current is not None:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        message = worker.next(min(left, arguments.case_seconds))
        if message is None or message == {}:
            what = "crashed" if message == {} else "time limit"
            worker.stop()
            if current is None:
                report["libraries"].setdefault(name, {})["trouble"] = what
                return record_of
            record_of[current] = {"status": what, "message": ""}
            first, current = current + 1, None
            if first < len(cases):
                worker = Worker(arguments, name, first)
        elif "absent" in message:
            report["libraries"][name] = {"absent": message["absent"]}
            worker.stop()
            return None
        elif "about" in message:
            report["libraries"].setdefault(name, {}).update(message["about"])
        elif "ceiling" in message:
            report["libraries"][name]["ceiling"] = message["ceiling"]
        elif "begin" in message:
            current = message["begin"]
        elif "end" in message:
            record_of[message["end"]] = message["record"]
            first, current = message["end"] + 1, None
    worker.stop()
    return record_of


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
    parser.add_argument("--peers", default="numpy,torch,cupy,jax,cublas", help="which, between commas")
    parser.add_argument("--budget", type=float, default=600, help="seconds in all (default 600)")
    parser.add_argument("--case-seconds", type=float, default=60, help="seconds a case (default 60)")
    parser.add_argument("--runs", type=int, default=7, help="samples a case (default 7)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    ours = json.loads(pathlib.Path(arguments.cases).read_text())
    cases = [case for case in ours["results"] if "x1" in case]
    os.environ.setdefault("VECDOT_PEERS_GPU", "0" if ours["device"]["shares_host_memory"] else "1")
    if arguments.worker:
        work(arguments.worker, cases, arguments.first, arguments.runs)
        return 0

    report = {"tool": "bench/peers.py", "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
              "scale": ours["scale"], "device": ours["device"], "ceiling": ours["ceiling"], "libraries": {},
              "results": []}
    names = [name for name in arguments.peers.split(",") if name]
    begin = time.monotonic()
    for position, name in enumerate(names):
        left = begin + arguments.budget - time.monotonic()
        deadline = time.monotonic() + left / (len(names) - position)
        records = run_library(arguments, name, cases, deadline, report)
        if records is None:
            print(f"{name:8} absent: {report['libraries'][name]['absent']}", flush=True)
            continue
        for index, case in enumerate(cases):
            record = records.get(index, {"status": "not run", "message": "the time was over"})
            report["results"].append(finish_record(ours, case, name, record))
            print_record(report["results"][-1])
        if arguments.out:
            pathlib.Path(arguments.out).write_text(json.dumps(report, indent=1) + "\n")
    if arguments.out:
        pathlib.Path(arguments.out).write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
