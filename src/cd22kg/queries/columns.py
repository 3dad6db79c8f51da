"""Text in columns, for a terminal.

    columns(rows, right) -> as wide as it is
    fitted(rows, right, width) -> no wider than the terminal

No number, name or word is cut: text is wrapped within its column, and what does not fit even so is told row by row.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

#: Blanks between columns.
_GAP = 2
Rows = Sequence[Sequence[str]]


def columns(rows: Rows, right: Sequence[bool]) -> str:
    """Return rows as aligned text under a ruled heading; the first row is the heading."""
    widths = [max(_cells(row[n]) for row in rows) for n in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        padded = [
            " " * (width - _cells(cell)) + cell if is_right else cell + " " * (width - _cells(cell))
            for cell, width, is_right in zip(row, widths, right, strict=True)
        ]
        return (" " * _GAP).join(padded).rstrip()

    rule = (" " * _GAP).join("-" * width for width in widths)
    return "\n".join([line(rows[0]), rule, *(line(row) for row in rows[1:])]) + "\n"


def fitted(rows: Rows, right: Sequence[bool], width: int) -> str:
    """Return rows in no more columns of a terminal than asked; columns that hold nothing are left out and named."""
    used = [at for at in range(len(rows[0])) if any(row[at] for row in rows[1:])]
    if not used:
        return columns(rows, right)
    kept = [[row[at] for at in used] for row in rows]
    sides = [right[at] for at in used]
    text = columns(kept, sides)
    if _widest(text) > width:
        text = _wrapped(kept, sides, width) or _by_row(kept, width)
    left_out = [name for at, name in enumerate(rows[0]) if at not in used]
    note = textwrap.fill(f"nothing in {', '.join(left_out)}", max(width, 20)) + "\n" if left_out else ""
    return text + note


def _wrapped(rows: Rows, right: Sequence[bool], width: int) -> str:
    """Return rows with their longest texts wrapped; nothing where a word alone is too long for its share."""
    count = len(rows[0])
    widths = [max(_cells(row[at]) for row in rows) for at in range(count)]
    least = [max(_cells(word) for row in rows for word in row[at].split() or [""]) for at in range(count)]
    free = width - _GAP * (count - 1)
    if sum(least) > free:
        return ""
    while (over := sum(widths) - free) > 0:
        # The column that has most to give gives first, half of it at a time.
        at = max(range(count), key=lambda n: widths[n] - least[n])
        widths[at] -= min(over, max(1, (widths[at] - least[at]) // 2))
    lines: list[list[str]] = [list(rows[0])]
    for row in rows[1:]:
        parts = [_lines(cell, widths[at]) for at, cell in enumerate(row)]
        lines += [[part[n] if n < len(part) else "" for part in parts] for n in range(max(map(len, parts)))]
    text = columns(lines, right)
    return text if _widest(text) <= width else ""


def _by_row(rows: Rows, width: int) -> str:
    """Return each row as lines of a name and a value."""
    longest = max(map(_cells, rows[0]))
    blocks = []
    for number, row in enumerate(rows[1:], 1):
        lines = [f"row {number}"]
        for name, cell in zip(rows[0], row, strict=True):
            if cell:
                start = f"  {name}{' ' * (longest - _cells(name))}  "
                first, *others = _lines(cell, max(width - _cells(start), 20))
                lines += [start + first, *(" " * _cells(start) + other for other in others)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _lines(cell: str, width: int) -> list[str]:
    return textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False) or [""]


def _widest(text: str) -> int:
    return max(map(_cells, text.splitlines()))


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    from rich.cells import cell_len

    return cell_len(text)
