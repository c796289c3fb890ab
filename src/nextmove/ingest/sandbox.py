"""The parent's side of reading untrusted files: a child process that may die instead of us.

A workbook of two kilobytes can ask its parser for 400 GB, and a parser that meets a lie may abort without an exception.
So files are parsed by `nextmove.ingest.child` under limits of memory, processor time and file size and, where the system
allows it, without a network; what comes back is Parquet and a few lines of JSON. A child that dies or hangs becomes one
sentence here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from nextmove.errors import UserError

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 900
LARGE_BYTES = 64 << 20

_ENDED_BY = {
    signal.SIGXCPU: f"it took more than {CPU_SECONDS} seconds to read",
    signal.SIGXFSZ: "it unpacks to more than the disk may hold",
    signal.SIGABRT: "it asks for more memory than a reader gets",
    signal.SIGKILL: "it asks for more memory than a reader gets",
    signal.SIGSEGV: "its content breaks the reader",
}


class Reader:
    """A child that has a file open; ask it for its columns, for a small query, or to write Parquet.

    Small files share a child, one after the other. A large file gets one whose memory nothing has used before, and so does
    the file after one that ended its child.
    """

    def __init__(self, scratch: Path) -> None:
        self.path = Path()
        scratch.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="read-", dir=scratch)
        self._child: subprocess.Popen[str] | None = None
        self._used = 0

    def open(self, path: Path, scratch: Path, options: dict[str, str | None]) -> Any:  # Any: a JSON value
        """Columns with their types, parts, and what was found on the way; `scratch` is for copies of this file."""
        self.path = path
        scratch.mkdir(parents=True, exist_ok=True)
        size = path.stat().st_size
        if self._child and (self._used + size > LARGE_BYTES or self._child.poll() is not None):
            self._end()
        self._used += size
        return self.ask("open", path=str(path.resolve()), scratch=str(scratch), options=options)

    def ask(self, what: str, **more: object) -> Any:  # Any: a JSON value
        """One request, one answer; an error of the child is raised here."""
        if self._child is None:
            self._child = _start(Path(self._folder.name))
        assert self._child.stdin and self._child.stdout
        try:
            self._child.stdin.write(json.dumps({"do": what, **more}) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line.endswith("\n"):
            raise self._death(self._child)
        answer = json.loads(line)
        if "error" in answer:
            raise UserError(answer["error"], where=answer.get("where") or str(self.path), hint=answer.get("hint"))
        return answer["answer"]

    def close(self) -> None:
        self._end()
        self._folder.cleanup()

    def _end(self) -> None:
        if self._child:
            self._child.kill()
            self._child.communicate()
        self._child, self._used = None, 0

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _death(self, child: subprocess.Popen[str]) -> UserError:
        _, told = child.communicate()
        code = child.returncode
        cause = _ENDED_BY.get(signal.Signals(-code)) if code < 0 else None
        if cause is None and ("MemoryError" in told or "memory allocation" in told):
            cause = _ENDED_BY[signal.SIGABRT]
        if cause is None:
            raise RuntimeError(f"the reader of {self.path} ended with {code}:\n{told}")
        return UserError(
            f"This file cannot be read: {cause}.", where=str(self.path), hint="save it again as CSV from the program that made it"
        )


def _start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nextmove.ingest.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(folder),
        cwd=folder,
        text=True,
        encoding="utf-8",
    )


def _environment(scratch: Path) -> dict[str, str]:
    """No proxies, no credentials, no settings: only what Python needs to start."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, "HOME": str(scratch), "TMPDIR": str(scratch), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
