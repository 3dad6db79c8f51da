"""What the commands of the benchmarks have in common: how their arguments are read."""

from __future__ import annotations

import argparse
import math

from cd22kg.synth import MAX_CLAIMS


def number_of_claims(text: str) -> int:
    """Return a number of claims, such as 1000 or 1e5."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number.is_integer() or not 1 <= number <= MAX_CLAIMS:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of claims from 1 to {MAX_CLAIMS}")
    return int(number)


def positive(text: str) -> int:
    """Return a number of 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not 1 or more")
    return number
