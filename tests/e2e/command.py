"""Runs the vecdot command as a user would, and keeps what it wrote."""

import dataclasses
import os
import re
import subprocess

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_NO_DEVICE = 0, 1, 2, 3


@dataclasses.dataclass
class Run:
    arguments: list
    code: int
    stdout: bytes
    stderr: str

    def status_names(self):
        return re.findall(r"VECDOT_ERROR_\w+", self.stderr)

    def __str__(self):
        return f"vecdot {' '.join(map(str, self.arguments))}: exit {self.code}\n{self.stderr.strip()}"


class Command:
    def __init__(self, path, timeout=300):
        self.path = os.path.abspath(path)
        self.timeout = timeout

    def __call__(self, *arguments, stdin=None, stdin_file=None, env=None, cwd=None):
        source = {"stdin": stdin_file} if stdin_file else {"input": stdin if stdin is not None else b""}
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, timeout=self.timeout, cwd=cwd,
                              env={**os.environ, **(env or {})}, **source)
        return Run(list(arguments), done.returncode, done.stdout, done.stderr.decode(errors="replace"))
