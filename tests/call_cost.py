#!/usr/bin/env python3
"""Instructions of a warm call beyond the driver's: callgrind counts those of bench_calls on the null backend, for
few calls and for many, and the difference must stay below what a microsecond holds."""
import argparse
import re
import subprocess
import sys

FEW, MANY = 100, 1100


def collected(valgrind, program, calls):
    command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "null", str(calls)]
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
    each = (collected(given.valgrind, given.bench, MANY) - collected(given.valgrind, given.bench, FEW)) // (MANY - FEW)
    print(f"{each} instructions a call; at most {given.most} are allowed")
    return 0 if 0 < each <= given.most else 1


if __name__ == "__main__":
    sys.exit(main())
