"""Names the machine that runs this: its processor and how many of its cores, for docs/performance.md. Tables of two
machines are never mixed, so each has a name, and the page of its tables is named after it.

    machine.py                 the name and the page's name of this machine
    machine.py REPORT.json     of the machine and device that a report of peers.py, everyday.py or growth.py is of
"""

import json
import os
import pathlib
import re
import sys

# By family, pairs of a model and the design from that model on.
AMD = {23: [(0x00, "Zen"), (0x30, "Zen 2")],
       25: [(0x00, "Zen 3"), (0x10, "Zen 4"), (0x20, "Zen 3"), (0x60, "Zen 4")],
       26: [(0x00, "Zen 5")]}
INTEL = {0x3f: "Haswell", 0x4f: "Broadwell", 0x55: "Skylake", 0x6a: "Ice Lake", 0x6c: "Ice Lake",
         0x8f: "Sapphire Rapids", 0xcf: "Emerald Rapids", 0xad: "Granite Rapids", 0xae: "Granite Rapids",
         0xaf: "Sierra Forest", 0x8e: "Kaby Lake", 0x9e: "Coffee Lake", 0x8c: "Tiger Lake", 0x97: "Alder Lake",
         0x9a: "Alder Lake", 0xb7: "Raptor Lake", 0xba: "Raptor Lake", 0xaa: "Meteor Lake"}
ARM = {"0xd0c": "Neoverse N1", "0xd40": "Neoverse V1", "0xd49": "Neoverse N2", "0xd4f": "Neoverse V2"}
VECTORS = [("avx512f", "AVX-512"), ("avx2", "AVX2"), ("sse2", "SSE2"), ("sve", "SVE"), ("asimd", "NEON")]
NAMES = {"opencl": "OpenCL", "cuda": "CUDA"}


def design_of(facts):
    """The processor's design by its numbers; these, where they are not in the tables."""
    if facts.get("CPU part"):
        return ARM.get(facts["CPU part"], f"part {facts['CPU part']}")
    family, model, stepping = (int(facts.get(key, 0)) for key in ("cpu family", "model", "stepping"))
    if facts.get("vendor_id") == "GenuineIntel" and family == 6 and model in INTEL:
        later = "Cooper Lake" if stepping >= 10 else "Cascade Lake" if stepping >= 5 else "Skylake"
        return later if model == 0x55 else INTEL[model]
    if facts.get("vendor_id") == "AuthenticAMD" and family in AMD:
        return [name for first, name in AMD[family] if model >= first][-1]
    return f"family {family} model {model}"


def brand_of(facts):
    """The name on the processor without its decorations; the vendor where there is none."""
    vendor = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}.get(facts.get("vendor_id"), "Arm")
    text = re.sub(r"\((R|TM)\)|@.*|\b\d+-Core\b|\bProcessor\b|\bCPU\b|\d+th Gen", " ", facts.get("model name", vendor))
    return " ".join(text.split()) or vendor


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def describe(cpuinfo, cores):
    """The name and the page's name, of the text of /proc/cpuinfo and the number of cores that may be used."""
    first = cpuinfo.split("\n\n")[0]
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
    flags = (facts.get("flags") or facts.get("Features") or "").split()
    vectors = next((name for flag, name in VECTORS if flag in flags), None)
    brand, design = brand_of(facts), design_of(facts)
    count = f"{cores} core{'s' if cores != 1 else ''}"
    inside = ", ".join(part for part in (design, vectors) if part)
    return {"name": f"{brand} ({inside}), {count}", "page": slug(f"{brand} {design.replace(' ', '')} {count}")}


def here():
    return describe(pathlib.Path("/proc/cpuinfo").read_text(), len(os.sched_getaffinity(0)))


def of_report(report):
    """The machine of a report with its device: a backend other than `cpu` has tables of its own."""
    machine, device = report["machine"], report["device"]
    backend = device["selector"].partition(":")[0]
    if not device["shares_host_memory"]:
        return {"name": f"{device['name']}, through {NAMES.get(backend, backend)}",
                "page": slug(f"{device['name']} {backend}")}
    if backend == "cpu":
        return machine
    return {"name": f"{machine['name']}, through {NAMES.get(backend, backend)}", "page": f"{machine['page']}-{backend}"}


if __name__ == "__main__":
    found = of_report(json.loads(pathlib.Path(sys.argv[1]).read_text())) if len(sys.argv) > 1 else here()
    print(found["page"] if len(sys.argv) > 1 else f"{found['name']}\n{found['page']}")
