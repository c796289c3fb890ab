"""Tables as folders of Parquet files, for an engine that keeps none of its own.

`manifest.json` says which files make a table and what each view reads; it is replaced in one step, so that a reader sees all of a load
or nothing of it. Files that nothing names any more stay until the load after the next, for readers that still look at them.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nextmove.errors import Busy

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 250_000


def plain(schema: pa.Schema) -> pa.Schema:
    """The same columns in types that every engine has."""
    import pyarrow as pa
    import pyarrow.types as t

    kinds = {field.name: field.type.value_type if t.is_dictionary(field.type) else field.type for field in schema}
    return pa.schema([(column, pa.string() if t.is_null(kind) else kind) for column, kind in kinds.items()])


@dataclass
class Manifest:
    """Folders by table, SQL by view, and folders that nothing names any more."""

    made: int = 0
    tables: dict[str, list[str]] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


class ParquetStore:
    """The folder of a workspace's tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = self._read()
        self._within = False

    def reread(self) -> None:
        """See what others have written."""
        if not self._within:
            self.manifest = self._read()

    def files(self, table: str) -> list[str]:
        return [str(self.folder / each) for each in self.manifest.tables[table]]

    def new_folder(self, table: str) -> str:
        """A name that no folder has had."""
        self.manifest.made += 1
        return f"{table}-{self.manifest.made}"

    def replace(self, table: str, folders: list[str]) -> None:
        """From now on these folders make the table."""
        with self.change():
            self.manifest.left += [each for each in self.manifest.tables.get(table, []) if each not in folders]
            self.manifest.tables[table] = folders
            self.manifest.views.pop(table, None)

    def define(self, view: str, sql: str) -> None:
        with self.change():
            self.drop(view)
            self.manifest.views[view] = sql

    def drop(self, relation: str) -> None:
        with self.change():
            self.manifest.left += self.manifest.tables.pop(relation, [])
            self.manifest.views.pop(relation, None)

    def write(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> str:
        """Write rows into a folder of their own; returns its name."""
        import pyarrow.parquet as pq

        folder, schema = self.new_folder(table), plain(rows.schema)
        (self.folder / folder).mkdir(parents=True)
        with pq.ParquetWriter(self.folder / folder / "rows.parquet", schema) as file:  # a table without rows is a file as well
            for batch in rows.to_batches(max_chunksize=_AT_ONCE) if hasattr(rows, "to_batches") else rows:
                file.write_batch(batch.cast(schema), row_group_size=_AT_ONCE)
        return folder

    def read(self, table: str) -> pa.RecordBatchReader:
        """All rows of a table, file by file."""
        import pyarrow.dataset as ds

        files = sorted(str(file) for folder in self.files(table) for file in Path(folder).glob("*.parquet"))
        return ds.dataset(files, format="parquet").scanner(batch_size=_AT_ONCE, use_threads=False).to_reader()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Within the block changes wait; at its end all of them count at once, or none."""
        if self._within:
            yield
            return
        with self._alone():
            self.manifest, self._within = self._read(), True
            doomed = list(self.manifest.left)
            try:
                yield
                self._publish(doomed)
            except BaseException:
                self.manifest = self._read()
                raise
            finally:
                self._within = False

    def _publish(self, doomed: list[str]) -> None:
        self.manifest.left = [each for each in self.manifest.left if each not in doomed]
        coming = self.folder / "manifest.json.new"
        coming.write_text(json.dumps(asdict(self.manifest), indent=1), encoding="utf-8")
        coming.replace(self.folder / "manifest.json")
        for each in doomed:
            shutil.rmtree(self.folder / each, ignore_errors=True)

    def _read(self) -> Manifest:
        with suppress(FileNotFoundError):
            return Manifest(**json.loads((self.folder / "manifest.json").read_text(encoding="utf-8")))
        return Manifest()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy("Another process is writing to the warehouse.", where=str(self.folder), hint="wait until it has ended") from None
            yield
