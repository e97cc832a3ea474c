"""Times the everyday cases of `vecdot bench` for vecdot and for NumPy in turn, in one process and on the same arrays.

    vecdot bench --scale everyday --json cases.json     # or --runs 0: only the list of cases
    everyday.py cases.json --library build/release/libvecdot.so -o everyday.json

Needs a C compiler and NumPy, which works with its own threads. vecdot's calls are timed in C, NumPy's in Python, as
programs call them. Every result is checked. Of the forms in which NumPy can say a case (numpy_forms.py) those near the
fastest take turns with vecdot in every round, and numpy.vecdot does. A ratio is the median over the rounds of vecdot's
time over that of NumPy's best form. Exit status 1 when a result of vecdot was wrong.
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import sys
import time

import machine

NEAR = 1.2  # a form within this factor of the fastest takes part in the rounds
MOST_FORMS = 3
TOO_SLOW = 0.5  # seconds of a call that is not repeated
MOST_WAIT = 0.3  # seconds for threads to fall asleep


def settle():
    """Waits until no thread of this process works: OpenBLAS's look for work for 30 ms and more after a call, and would
    take a core from vecdot."""
    end = time.monotonic() + MOST_WAIT
    while time.monotonic() < end:
        before = time.process_time()
        time.sleep(0.01)
        if time.process_time() - before < 0.001:
            return


def taken(contender, sample_seconds):
    """Seconds a call of a sample, after a quarter as many calls that bring arrays and threads back."""
    count = max(1, round(sample_seconds / contender.expected))
    contender.seconds((count + 3) // 4)
    return contender.seconds(count) / count


def estimate(contender, first, sample_seconds):
    """Sets `expected`, seconds a call: the least of a few short samples, so that a busy machine misleads less."""
    contender.expected = max(first, 1e-9)
    if first > TOO_SLOW:
        return
    samples = []
    for _ in range(4):
        samples.append(taken(contender, sample_seconds / 8))
        contender.expected = max(min(samples), 1e-9)


def admit(contender, verdict, sample_seconds):
    """None, or why a contender is out: what its first call raised, or what is wrong with the result."""
    try:
        begin = time.perf_counter()
        result = contender.result()
        first = time.perf_counter() - begin
        wrong = verdict(result)
        if wrong is None:
            estimate(contender, first, sample_seconds)
    except Exception as error:  # noqa: BLE001 a form that NumPy refuses is a finding, not a fault
        return f"{type(error).__name__}: {str(error)[:200]}"
    return wrong and f"wrong: {wrong}"


def in_rounds(contenders, rounds, sample_seconds):
    """The samples of each contender by name."""
    samples = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            if contender.expected > TOO_SLOW:
                samples[name].append(contender.expected)
                continue
            settle()
            samples[name].append(taken(contender, sample_seconds))
    return samples


def measure_case(sides, case, arguments):
    """The record of a case: samples of vecdot, of numpy.vecdot and of the forms near the fastest."""
    ours, forms, verdict = sides.contenders(case)
    wrong = admit(ours, verdict, arguments.sample)
    if wrong is not None:
        return {"status": "wrong" if wrong.startswith("wrong") else "failed", "message": f"vecdot: {wrong}"}
    refused = {name: why for name, form in forms.items()
               if (why := admit(form, verdict, arguments.sample)) is not None}
    order = sorted((name for name in forms if name not in refused), key=lambda name: forms[name].expected)
    if not order:
        return {"status": "no form", "refused": refused, "message": "; ".join(refused.values())}
    near = [name for name in order if forms[name].expected <= NEAR * forms[order[0]].expected][:MOST_FORMS]
    taking_part = near + (["vecdot"] if "vecdot" in order and "vecdot" not in near else [])
    samples = in_rounds({"": ours, **{name: forms[name] for name in taking_part}}, arguments.rounds, arguments.sample)
    mine = samples.pop("")
    best = min(samples, key=lambda name: statistics.median(samples[name]))
    ratios = [one / other for one, other in zip(mine, samples[best])]
    return {"status": "ok", "seconds": mine, "forms": samples, "best": best, "ratio": statistics.median(ratios),
            "ratios": ratios, "tried": {name: forms[name].expected for name in order}, "refused": refused}


def summary(results):
    """How many cases are below 1.0 and above 1.1, and the worst."""
    measured = [result for result in results if result["status"] == "ok"]
    ratios = [round(result["ratio"], 2) for result in measured]  # as they are shown
    worst = max(measured, key=lambda result: result["ratio"], default=None)
    return {"cases": len(ratios), "below_1.0": sum(ratio < 1 for ratio in ratios),
            "above_1.1": sum(ratio > 1.1 for ratio in ratios), "worst": worst and worst["case"],
            "worst_ratio": worst and worst["ratio"],
            "geometric_mean": statistics.geometric_mean(result["ratio"] for result in measured) if measured else None}


def busy_seconds():
    """Seconds that all cores worked, for any program, and those of this one; None where the system does not say."""
    try:
        numbers = [int(text) for text in pathlib.Path("/proc/stat").read_text().split()[1:9]]
    except (OSError, ValueError):
        return None
    idle = numbers[3] + numbers[4]
    return (sum(numbers) - idle) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def others_share(before, seconds):
    """The share of the cores that other programs took for so many seconds."""
    after = busy_seconds()
    if before is None or after is None or seconds <= 0:
        return None
    return round(max(0, after - before) / seconds / os.cpu_count(), 3)


def us(samples):
    return f"{1e6 * statistics.median(samples):10.4g}" if samples else f"{'-':>10}"


def print_record(record):
    start = f"{record['case']:4} {record['title']:24}"
    if record["status"] != "ok":
        print(f"{start} {record['status']}: {record['message'][:110]}", flush=True)
        return
    print(f"{start} {us(record['seconds'])} {us(record['forms'].get('vecdot'))} {us(record['forms'][record['best']])}  "
          f"{record['ratio']:6.2f}  {record['best']}", flush=True)


def print_summary(told):
    print(f"{told['cases']} cases: {told['below_1.0']} below 1.0, {told['above_1.1']} above 1.1" +
          (f"; the worst is {told['worst']} at {told['worst_ratio']:.2f}; geometric mean {told['geometric_mean']:.2f}"
           if told["cases"] else ""))


def open_sides(arguments, device):
    try:
        import everyday_sides
        return everyday_sides.Sides(arguments.library, device["selector"])
    except ImportError as error:
        sys.exit(f"everyday.py: {error}; python3 -m venv build/venv && build/venv/bin/python -m pip install -r "
                 "bench/requirements.txt, then run it by build/venv/bin/python")
    except Exception as error:  # noqa: BLE001 no compiler, no library, no device
        sys.exit(f"everyday.py: {type(error).__name__}: {error}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", help="what `vecdot bench --scale everyday --json` wrote")
    parser.add_argument("-o", "--out", help="a JSON file, written after each case")
    parser.add_argument("--library", default="build/release/libvecdot.so", help="default build/release/libvecdot.so")
    parser.add_argument("--only", help="some cases, between commas")
    parser.add_argument("--rounds", type=int, default=7, help="rounds a case (default 7)")
    parser.add_argument("--sample", type=float, default=0.015, help="seconds a sample (default 0.015)")
    return parser.parse_args()


def main():
    arguments = parse()
    ours = json.loads(pathlib.Path(arguments.cases).read_text())
    wanted = arguments.only.split(",") if arguments.only else None
    cases = [case for case in ours["results"] if "x1" in case and (wanted is None or case["case"] in wanted)]
    sides = open_sides(arguments, ours["device"])
    begin, before = time.monotonic(), busy_seconds()
    report = {"tool": "bench/everyday.py", "version": ours["version"], "scale": ours["scale"], "device": ours["device"],
              "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"), "machine": machine.here(),
              "libraries": {"numpy": sides.about()}, "rounds": arguments.rounds, "results": []}
    print(f"{'case':4} {'what':24} {'vecdot us':>10} {'np.vecdot':>10} {'best':>10}  {'ratio':>6}  NumPy's best form")
    for case in cases:
        record = {"case": case["case"], "title": case["title"]}
        try:
            record |= measure_case(sides, case, arguments)
        except Exception as error:  # noqa: BLE001 such as a dtype that this NumPy has not
            record |= {"status": "failed", "message": f"{type(error).__name__}: {str(error)[:300]}"}
        record |= {key: case[key] for key in ("x1", "x2", "result", "result_shape")}
        report["results"].append(record)
        report["summary"] = summary(report["results"])
        report["others"] = others_share(before, time.monotonic() - begin)
        print_record(record)
        if arguments.out:
            pathlib.Path(arguments.out).write_text(json.dumps(report, indent=1) + "\n")
    print_summary(summary(report["results"]))
    if (report.get("others") or 0) > 0.1:
        print(f"other programs took {report['others']:.0%} of the cores: do not keep the ratios", file=sys.stderr)
    sides.close()
    return 1 if any(result["status"] == "wrong" for result in report["results"]) else 0


if __name__ == "__main__":
    sys.exit(main())
