"""From numpy to Arrow: money from whole cents, days and moments from numbers, texts from codes; nothing is copied twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.demo.plan import Bools, Floats, Ints, Names

EPOCH = dt.date(1970, 1, 1)
Columns = Mapping[str, pa.Array | pa.ChunkedArray]


def decimals(units: Ints, *, scale: int = 4, missing: Bools | None = None) -> pa.Array:
    """DECIMAL(18, scale) from whole units of 10^-scale."""
    pairs = np.empty((len(units), 2), dtype=np.int64)
    pairs[:, 0] = units
    pairs[:, 1] = pairs[:, 0] >> 63
    array = pa.Array.from_buffers(pa.decimal128(18, scale), len(units), [None, pa.py_buffer(pairs)])
    return without(array, missing)


def cents(amounts: Ints, *, missing: Bools | None = None) -> pa.Array:
    """Money from whole cents."""
    return decimals(np.asarray(amounts, dtype=np.int64) * 100, missing=missing)


def wholes(numbers: Ints, *, missing: Bools | None = None) -> pa.Array:
    """A quantity from whole numbers."""
    return decimals(np.asarray(numbers, dtype=np.int64) * 10_000, missing=missing)


def moments(start: dt.date, minutes: Ints, *, missing: Bools | None = None) -> pa.Array:
    """Moments from minutes since the start."""
    offset = (start - EPOCH).days * 1440
    return pa.array((np.asarray(minutes, dtype=np.int64) + offset) * 60_000_000, pa.int64(), mask=missing).cast(pa.timestamp("us"))


def days(start: dt.date, numbers: Ints, *, missing: Bools | None = None) -> pa.Array:
    """Days from their numbers."""
    return pa.array((np.asarray(numbers) + (start - EPOCH).days).astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())


def coded(codes: Ints, texts: Sequence[str] | Names | pa.Array, *, missing: Bools | None = None) -> pa.Array:
    """Texts by code; a negative code is empty."""
    code = np.asarray(codes, dtype=np.int32)
    empty = code < 0 if missing is None else (code < 0) | missing
    dictionary = texts if isinstance(texts, pa.Array) else pa.array(list(texts), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(code, mask=empty), dictionary)


def numbered(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """Ids such as C000042."""
    digits = pc.utf8_lpad(pa.array(np.asarray(numbers, dtype=np.int64)).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def without(array: pa.Array, missing: Bools | None) -> pa.Array:
    """The array with holes where `missing`."""
    if missing is None or not missing.any():
        return array
    return pc.if_else(pa.array(missing), pa.scalar(None, array.type), array)


def scores(values: Floats, *, missing: Bools | None = None) -> pa.Array:
    return pa.array(np.asarray(values, dtype=np.float64), mask=missing)


def round_half(values: Floats) -> Ints:
    """The nearest whole numbers."""
    return np.asarray(np.floor(values + 0.5), dtype=np.int64)
