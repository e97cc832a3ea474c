"""The vecdot command against NumPy, end to end.

    python tests/e2e/run.py --vecdot build/release/vecdot --problems 300 --seed 1
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import sys
import tempfile
import traceback

import numpy as np

import behaviour
import command
import problems


def report(name, complaint):
    if complaint:
        print(f"FAILED {name}\n    " + complaint.replace("\n", "\n    "), flush=True)
    return not complaint


def check_behaviour(vecdot, test):
    with tempfile.TemporaryDirectory() as folder:
        try:
            test(vecdot, folder)
        except Exception:
            return traceback.format_exc()


def check_problem(vecdot, seed, index, has_float64):
    """True or False, and None for a problem that the device cannot have."""
    problem = problems.draw(np.random.default_rng([seed, index]))
    if problem.needs_float64() and not has_float64:
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            return report(f"problem {index} of seed {seed}: {problem}", problems.check(vecdot, problem, folder))
        except Exception:
            return report(f"problem {index} of seed {seed}: {problem}", traceback.format_exc())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vecdot", required=True, help="the command to test")
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first problem, to repeat one")
    parser.add_argument("--jobs", type=int, default=2, help="commands at a time")
    options = parser.parse_args()
    if not pathlib.Path(options.vecdot).is_file():
        sys.exit(f"{options.vecdot} is not there; build it first")
    vecdot = command.Command(options.vecdot)
    listed = vecdot("devices", "--json")
    if listed.code != command.EXIT_OK:
        sys.exit(f"no device to test on\n{listed}")
    backend = os.environ.get("VECDOT_BACKEND", "auto")
    device = next((d for d in json.loads(listed.stdout) if backend in ("auto", d["backend"])), None)
    if device is None:
        sys.exit(f"no {backend} device to test on\n{listed}")
    print(f"NumPy {np.__version__}, {device['selector']} ({device['name']}), seed {options.seed}", flush=True)

    results = [report(test.__name__, check_behaviour(vecdot, test)) for test in behaviour.TESTS]
    behaved = sum(results)
    indices = range(options.first, options.first + options.problems)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        drawn = list(pool.map(lambda i: check_problem(vecdot, options.seed, i, device["fp64"]), indices))
    ran = [result for result in drawn if result is not None]
    results += ran
    print(f"behaviour: {behaved} of {len(behaviour.TESTS)}; problems: {sum(ran)} of {len(ran)}, "
          f"{len(drawn) - len(ran)} left out for want of float64")
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) and ran else 1


if __name__ == "__main__":
    sys.exit(main())
