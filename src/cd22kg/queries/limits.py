"""What a query from outside may use before it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields

from cd22kg.errors import QueryError

#: Beyond this no limit is one; the system's own numbers end at a million times it.
_LARGEST = 10**12


@dataclass(frozen=True)
class Limits:
    """Limits of one query; a query that reaches one is an error, never a short answer.

    Attributes:
        timeout: Seconds that it may take, > 0.
        max_rows: Rows or triples of the answer, >= 1.
        max_bytes: Bytes of the answer as it is handed over (TSV or N-Triples; of a server, JSON), >= 1.
        memory: Mebibytes that it may use on top of the store, >= 1.

    Raises:
        QueryError: If one is not a finite number in its range.
    """

    timeout: float = 60.0
    max_rows: int = 1_000_000
    max_bytes: int = 256 * 1024 * 1024
    memory: int = 4096

    def __post_init__(self) -> None:
        """Check the ranges."""
        for field in fields(self):
            value = getattr(self, field.name)
            whole = field.name != "timeout"
            if not 0 < value <= _LARGEST or (whole and value != int(value)):
                what = "a whole number" if whole else "a number"
                raise QueryError(
                    f"the limit `{field.name.replace('_', '-')}` is {what} above 0, not {value}",
                    hint=f"at most {_LARGEST:.0e}; leave it out for {field.default}",
                )

    def meter(self) -> Callable[[int, int], None]:
        """Return what is told the rows and bytes of an answer as they come in; the time counts from now.

        It raises a `QueryError` at the first limit that is reached.
        """
        deadline = time.monotonic() + self.timeout
        rows = size = 0

        def tell(more_rows: int, more_bytes: int) -> None:
            nonlocal rows, size
            rows, size = rows + more_rows, size + more_bytes
            if rows > self.max_rows:
                raise over("max_rows", self)
            if size > self.max_bytes:
                raise over("max_bytes", self)
            if time.monotonic() >= deadline:
                raise over("timeout", self)

        return tell


def over(limit: str, limits: Limits) -> QueryError:
    """Return the error of a query that reached a limit, named as in `Limits`."""
    messages = {
        "timeout": f"stopped after {limits.timeout:g} s",
        "max_rows": f"the answer has over {limits.max_rows} rows",
        "max_bytes": f"the answer has over {limits.max_bytes} bytes",
        "memory": f"out of memory at {limits.memory} MiB",
    }
    option = "--" + limit.replace("_", "-")
    return QueryError(messages[limit], hint=f"ask for less, or raise the limit: `{option}`, in Python `{limit}`")
