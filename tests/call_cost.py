#!/usr/bin/env python3
"""Instructions of a warm call beyond the driver's: callgrind counts those of bench_calls on the null backend, for
few calls and for many. Once on device arrays of a GPU, once on host arrays where host addresses are memory."""
import argparse
import re
import subprocess
import sys

FEW, MANY = 100, 1100


def collected(given, device, calls):
    command = [given.valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", given.bench, device, str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{' '.join(command)} gave {done.returncode}:\n{done.stderr}")
    return int(found.group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--valgrind", required=True)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--most", type=int, required=True)
    given = parser.parse_args()
    within = True
    for device in ("null", "null:host"):
        each = (collected(given, device, MANY) - collected(given, device, FEW)) // (MANY - FEW)
        print(f"{device}: {each} instructions a call; at most {given.most} are allowed")
        within = within and 0 < each <= given.most
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
