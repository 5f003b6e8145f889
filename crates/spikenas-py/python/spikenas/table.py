"""Rows of a record, for people and for pandas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, overload

# Rows that a notebook shows.
SHOWN = 20


class Table(Sequence[dict[str, Any]]):
    """Rows with named columns; each row is a dictionary.

    `table["score"]` is a column as a list, `table[0]` a row, `table.to_pandas()` a `DataFrame` where pandas is there.
    """

    def __init__(self, rows: Iterable[dict[str, Any]], columns: Sequence[str] | None = None):
        self.rows: list[dict[str, Any]] = list(rows)
        known = dict.fromkeys(name for row in self.rows for name in row)
        #: Names of the columns.
        self.columns: list[str] = list(known) if columns is None else list(columns)

    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice) -> Table: ...

    def __getitem__(self, key):
        if isinstance(key, str):
            if key not in self.columns:
                raise KeyError(f"{key}: the columns are {', '.join(self.columns)}")
            return [row.get(key) for row in self.rows]
        if isinstance(key, slice):
            return Table(self.rows[key], self.columns)
        return self.rows[key]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and (self.columns, self.rows) == (other.columns, other.rows)

    __hash__ = None  # type: ignore[assignment]

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as plain dictionaries, architectures as text."""
        return [{name: plain(row.get(name)) for name in self.columns} for row in self.rows]

    def to_pandas(self) -> Any:
        """The rows as a `pandas.DataFrame`, architectures as text; needs pandas, which the package does not bring."""
        try:
            import pandas
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("a DataFrame needs pandas: pip install pandas, or take to_dicts()") from error
        return pandas.DataFrame(self.to_dicts(), columns=self.columns)

    def __repr__(self) -> str:
        lines = [self.columns, *([words(row.get(name)) for name in self.columns] for row in self.rows[:SHOWN])]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.columns))]
        text = "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in lines)
        return text if len(self) <= SHOWN else f"{text}\n… {len(self)} rows in all"

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(words(row.get(name)))}</td>" for name in self.columns) + "</tr>"
            for row in self.rows[:SHOWN]
        )
        more = f"<p>{len(self)} rows in all</p>" if len(self) > SHOWN else ""
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{more}"


def plain(value: Any) -> Any:
    """A value as Python's own, an architecture as its text."""
    return value if value is None or isinstance(value, (bool, int, float, str, list, tuple, dict)) else str(value)


def words(value: Any) -> str:
    """A value for people."""
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(plain(value))
