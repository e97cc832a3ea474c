"""Compiles kernels of the GPU schedule with nvcc: the CUDA dialect of the one source stays whole.

    lint_cuda.py --list-variants PROGRAM [--nvcc NVCC] [--all]

A sample of the variants with each kernel and way of loading; --all compiles every one. Exit code 77 (skipped)
without nvcc.
"""

import argparse
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def sample(variants):
    """The first variant of each kernel and way of loading, and every fifth of all."""
    seen, chosen = set(), []
    for index, (kernel, label, options) in enumerate(variants):
        load = re.search(r"-DLOAD=(\w+)", options).group(1)
        if index % 5 == 0 or (kernel, load) not in seen:
            chosen.append((kernel, label, options))
        seen.add((kernel, load))
    return chosen


def compile_variant(nvcc, folder, index, program, options):
    source = pathlib.Path(folder) / f"{index}.cu"
    source.write_text(program)
    command = [nvcc, "-x", "cu", "-ptx", "--fmad=false", "-arch=compute_75",
               "-diag-suppress=177",  # functions that a variant does not use
               "-o", f"{source}.ptx", *options.split(), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list-variants", required=True)
    parser.add_argument("--nvcc", default="nvcc")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--kernels", default="kernels", type=pathlib.Path)
    arguments = parser.parse_args()
    nvcc = shutil.which(arguments.nvcc)
    if not nvcc:
        print("no nvcc: skipped")
        sys.exit(77)

    opencl, cuda = ((arguments.kernels / f"dialect_{name}.h").read_text() for name in ("opencl", "cuda"))
    variants = [line.split("\t") for line in output_of(arguments.list_variants).splitlines()]
    variants = [v for v in variants if not v[0].endswith("_cpu")]
    programs = {}
    for kernel in {v[0] for v in variants}:
        program = output_of(arguments.list_variants, kernel)
        if opencl not in program:
            sys.exit(f"{kernel}: its program does not contain dialect_opencl.h as it is now: build again")
        programs[kernel] = program.replace(opencl, cuda)

    chosen = variants if arguments.all else sample(variants)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(label, pool.submit(compile_variant, nvcc, folder, index, programs[kernel], options))
                for index, (kernel, label, options) in enumerate(chosen)]
        for label, job in jobs:
            code, text = job.result()
            failed += code != 0
            print(f"{'ok    ' if code == 0 else 'FAILED'} {label}")
            if code != 0 or "warning" in text:
                print(text)
    print(f"{len(chosen)} of {len(variants)} variants compiled, {failed} failed")
    sys.exit(1 if failed or not chosen else 0)


if __name__ == "__main__":
    main()
