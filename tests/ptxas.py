"""Assembles the embedded PTX of every GPU variant with ptxas, for the oldest architecture, a server's and the newest, or
for all: nothing may fail, and the streaming kernels may neither spill registers nor keep arrays in local memory.

    ptxas.py --ptx FOLDER [--ptxas PTXAS] [--table FILE]

VECDOT_TEST_ARCHITECTURES names others, as in 80,86, or all. Prints, and with --table writes, registers per variant and
architecture. Exit code 77 (skipped) without ptxas.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

FEW = "75,90,120"
ALL = "75,80,86,89,90,100,120"

# Kernels on whose inner loops memory speed depends: typed loads. What reads dtypes at run time may use a stack.
STREAMING = re.compile(r"^(team|thread|tile|short)_gpu_(vector|strided)")


def assemble(ptxas, path, arch):
    done = subprocess.run([ptxas, "-v", f"-arch=sm_{arch}", str(path), "-o", os.devnull],
                          capture_output=True, text=True)
    text = done.stdout + done.stderr
    number = lambda pattern: sum(int(n) for n in re.findall(pattern, text))
    return {"failed": done.returncode != 0, "text": text, "registers": number(r"Used (\d+) registers"),
            "spills": number(r"(\d+) bytes spill (?:stores|loads)"), "stack": number(r"(\d+) bytes stack frame")}


def fault_of(name, result):
    if result["failed"] or result["registers"] == 0:
        return result["text"].strip() or "ptxas failed"
    if STREAMING.match(name) and (result["spills"] or result["stack"]):
        return f"{result['spills']} bytes of spills, {result['stack']} bytes of stack frame"
    return None


def table_of(names, architectures, results):
    lines = ["| variant | " + " | ".join(f"sm_{a}" for a in architectures) + " |",
             "|---" * (len(architectures) + 1) + "|"]
    for name in names:
        cells = []
        for arch in architectures:
            r = results[name, arch]
            cells.append(f"{r['registers']}" + (f" (stack {r['stack']})" if r["stack"] else "")
                         + (f" (spills {r['spills']})" if r["spills"] else ""))
        lines.append(f"| {name.replace('_-__', ' → ').replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ptx", required=True, type=pathlib.Path)
    parser.add_argument("--ptxas", default="ptxas")
    parser.add_argument("--table", type=pathlib.Path)
    arguments = parser.parse_args()
    ptxas = shutil.which(arguments.ptxas)
    if not ptxas:
        print("no ptxas: skipped")
        sys.exit(77)

    wanted = os.environ.get("VECDOT_TEST_ARCHITECTURES") or FEW
    architectures = (ALL if wanted == "all" else wanted).split(",")
    paths = sorted(arguments.ptx.glob("*.ptx"))
    jobs = [(p, a) for p in paths for a in architectures]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda job: assemble(ptxas, *job), jobs)
        results = {(p.stem, a): r for (p, a), r in zip(jobs, done)}

    faults = [(name, arch, fault_of(name, r)) for (name, arch), r in results.items() if fault_of(name, r)]
    table = table_of([p.stem for p in paths], architectures, results)
    print(table)
    if arguments.table:
        arguments.table.write_text(table)
    for name, arch, fault in faults:
        print(f"FAILED {name} for sm_{arch}: {fault}")
    print(f"{len(paths)} variants for {len(architectures)} architectures, {len(faults)} at fault")
    sys.exit(1 if faults or not paths else 0)


if __name__ == "__main__":
    main()
