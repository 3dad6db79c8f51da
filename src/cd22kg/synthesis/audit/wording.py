"""Figures, populations and lists in words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cd22kg.model import Measurement
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.differences import NOT_PRINTED, time_of
from cd22kg.synthesis.evidence import Evidence
from cd22kg.synthesis.figures import printed_digits

#: What stands before a number for a bound, by slug.
_BOUNDS = {
    "about": "about",
    "greater": "above",
    "greater-or-equal": "at least",
    "less": "below",
    "less-or-equal": "at most",
}
_SIGNS = {"greater": "> ", "greater-or-equal": ">= ", "less": "< ", "less-or-equal": "<= "}
#: What a source is called in a sentence about it.
_SOURCES = {
    "ConferenceAbstract": "abstract",
    "NewsArticle": "news article",
    "PressRelease": "press release",
    "RegistryRecord": "record",
    "ReviewArticle": "review",
    "SystematicReview": "review",
    "WebPage": "page",
}
_PATIENT = "patient"
_TIMES = ("day", "week", "month", "year")
#: From here on a number is told by its power of ten.
_LARGE = Decimal(100_000)


def short_label(kind: str, slug: str | None, evidence: Evidence) -> str:
    """Return the short name of a concept, such as ``B-ALL``, or its label where it has none.

    Therapies have short names for the columns of a table only.
    """
    short = "" if kind == "therapy" else evidence.fact(kind, slug, "shortLabel")
    return short or evidence.label(kind, slug)


def source_word(source_type: str) -> str:
    """Return what a source is called: ``article``, ``review`` ..."""
    return _SOURCES.get(source_type, "article")


def value_words(measurement: Measurement | None, evidence: Evidence) -> str:
    """Return the bare figure: ``68 %``, ``40-69 %``, ``6 months``, ``20 of 38``, ``p = 0.02``; empty without one."""
    if measurement is None:
        return ""
    if measurement.value is not None:
        limit = limit_words(measurement)
        figure = _with_unit(_number(measurement.value, measurement), measurement, evidence)
        return f"{limit} {figure}" if limit else figure
    if measurement.lower is not None and measurement.upper is not None:
        ends = f"{_number(measurement.lower, measurement)}-{_number(measurement.upper, measurement)}"
        return _with_unit(ends, measurement, evidence)
    if measurement.events is not None:
        return f"{measurement.events} of {measurement.total}" if measurement.total else _counted(measurement, evidence)
    if measurement.value_status:
        return evidence.label("value-status", measurement.value_status)
    return p_words(measurement)


def limit_words(measurement: Measurement) -> str:
    """Return what stands before a value that is a limit: ``at most``, ``about``; empty for one that is not."""
    return _BOUNDS.get(measurement.bound or "", "")


def _counted(measurement: Measurement, evidence: Evidence) -> str:
    """Return how many have the outcome: ``3 patients``, ``1 infusion``."""
    one = evidence.label("counted-unit", measurement.counted_unit) or _PATIENT
    return f"{measurement.events} {one if measurement.events == 1 else _plural(one)}"


def _plural(word: str) -> str:
    return f"{word.removesuffix('y')}ies" if word.endswith("y") else f"{word}s"


def p_words(measurement: Measurement | None) -> str:
    """Return the p value in words, or an empty text."""
    if measurement is None or measurement.p_value is None:
        return ""
    return f"p {(_SIGNS.get(measurement.p_value_bound or '') or '= ')}{_number(measurement.p_value, measurement)}"


def figure_words(measurement: Measurement | None, evidence: Evidence) -> str:
    """Return the figure with interval, patients, whom it is of and when: ``68 % [53-81 %], n = 116``."""
    said = value_words(measurement, evidence)
    if measurement is None or not said:
        return said
    if has_interval(measurement):
        ends = f"{_number(measurement.lower, measurement)}-{_number(measurement.upper, measurement)}"
        said += f" [{_with_unit(ends, measurement, evidence)}]"
    said += _patients(measurement, evidence)
    time = time_of(measurement)
    return f"{said}, at {time}" if time else said


def _patients(measurement: Measurement, evidence: Evidence) -> str:
    """Return how many patients a figure is of, and which: ``, 40 of 57 evaluable``."""
    kind = "" if measurement.denominator in (None, NOT_PRINTED, "included") else f" {measurement.denominator}"
    if measurement.counted_unit not in (None, _PATIENT):
        kind = f" {_plural(evidence.label('counted-unit', measurement.counted_unit))}"
    if measurement.among_outcome:
        kind = f" with {short_label('outcome', measurement.among_outcome, evidence)}"
    if measurement.events is not None and measurement.total:
        counts = f", {measurement.events} of {measurement.total}" if measurement.value is not None else ""
        return counts + kind
    if measurement.total:
        return f", n = {measurement.total}{kind}"
    if measurement.events is not None and measurement.value is not None:
        return f", {_counted(measurement, evidence)}{kind}"
    return f" among those{kind}" if measurement.among_outcome else ""


def has_interval(measurement: Measurement) -> bool:
    """Return whether a value stands with an interval around it, not as a range that is the figure itself."""
    return measurement.value is not None and measurement.lower is not None and measurement.upper is not None


def told(claim: KnownClaim, evidence: Evidence) -> str:
    """Return the figure of a claim in full, or its statement where it has none."""
    return figure_words(claim.measurement, evidence) or claim.statement


def printed(claim: KnownClaim, evidence: Evidence) -> str:
    """Return the figure of a claim in full, or its statement between quotes."""
    return figure_words(claim.measurement, evidence) or f'"{claim.statement.rstrip(".")}"'


def named(claim: KnownClaim, evidence: Evidence, *notes: str) -> str:
    """Return a claim's id with its figure: ``frank-2024-cr (53 %, 20 of 38 infused)``; and notes behind that."""
    return f"{claim.id} ({'; '.join(filter(None, (printed(claim, evidence), *notes)))})"


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Return words as a list: ``a, b and c``."""
    return f" {joint} ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def dropped_words(dropped: Sequence[str]) -> str:
    """Return what is dropped as a clause: ``interval and number of patients are dropped``; empty for nothing."""
    if not dropped:
        return ""
    if len(dropped) == 1:
        return f"the {dropped[0]} is dropped"
    return f"{listed(dropped)} are dropped"


def _with_unit(number: str, measurement: Measurement, evidence: Evidence) -> str:
    unit = measurement.unit or ""
    if unit == "percent":
        return f"{number} %"
    if unit in ("", "fraction"):
        return number
    label = evidence.label("unit", unit)
    return f"{number} {label}{'s' if unit in _TIMES and number != '1' else ''}"


def _number(value: Decimal | None, measurement: Measurement) -> str:
    """Return a number with the digits that the source prints, which a store has folded: 6.0 for 6."""
    if value is None:
        return ""
    if printed := printed_digits(value, measurement.as_printed):
        return printed
    if abs(value) >= _LARGE:
        digits, exponent = f"{value.normalize():e}".lower().split("e")
        return f"{digits} x 10^{int(exponent)}"
    return f"{value.normalize():f}"
