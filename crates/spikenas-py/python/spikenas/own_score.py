"""What a score of the caller's own is called in records, so that a journal is continued by the same one only."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from types import CodeType
from typing import Any


def name_of(score: Callable[..., float]) -> str:
    """Its name, with a fingerprint of its code, its defaults and what it closes over; not of what its names mean elsewhere."""
    inner = score.func if isinstance(score, functools.partial) else score
    name = getattr(inner, "__qualname__", type(inner).__qualname__)
    return f"{name}-{zlib.crc32(repr(parts(score)).encode()):08x}"


def parts(value: Any) -> Any:
    """What a function computes with."""
    if isinstance(value, functools.partial):
        return parts(value.func), value.args, sorted(value.keywords.items())
    if isinstance(value, CodeType):
        return value.co_code, value.co_names, [parts(constant) for constant in value.co_consts]
    code = getattr(value, "__code__", None)
    if code is None:
        return repr(value)
    closed = [parts(cell.cell_contents) for cell in getattr(value, "__closure__", None) or ()]
    owner = getattr(value, "__self__", None)
    return parts(code), value.__defaults__, value.__kwdefaults__, closed, repr(owner)
