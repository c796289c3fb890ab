"""The child that parses untrusted files; started by `sandbox.Reader`, never imported by it.

It reads requests as lines of JSON: `open` (what is in the file), `query` (a small select over it), `export` (a select into a
Parquet file). The file stands as the view `source`: its columns, and `_row`, the number of the record in the file (null where
that is its place among the records).
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from nextmove.errors import UserError
from nextmove.ingest.sandbox import CPU_SECONDS, MEMORY_BYTES

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    _limit()
    from nextmove.ingest.readers import Source

    source = Source(Path.cwd())
    for line in sys.stdin:
        request = json.loads(line)
        _grant_time()
        try:
            answer = {"answer": serve(source, request)}
        except UserError as error:
            answer = {"error": error.what, "where": error.where, "hint": error.hint}
        out.write(json.dumps(answer, default=str) + "\n")
        out.flush()


def serve(source: Any, request: dict[str, Any]) -> object:  # Any: JSON values, and a class imported late
    match request.pop("do"):
        case "open":
            return source.open(**request)
        case "rejects":
            return source.rejects(**request)
        case "lines":
            return source.lines(**request)
        case "query":
            return source.query(**request)
        case "export":
            return source.export(**request)
        case other:
            raise ValueError(other)


def _limit() -> None:
    """Memory, processor time, open files, no core dump; no network where the system lets us leave it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _grant_time() -> None:
    """Each request has its own processor time, whatever those before it took."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_SECONDS, most))


if __name__ == "__main__":
    main()
