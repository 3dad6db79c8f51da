"""Pairs of claims that disagree: same therapy, indication, outcome and time, intervals far apart.

The time point, in days, belongs to one pair alone, so nothing else in the graph is on the same thing.
"""

from __future__ import annotations

from random import Random

from cd22kg.model import Cohort, Measurement, ResultClaim, Source, SourceFile
from cd22kg.model.cohort import CohortPart
from cd22kg.synth.clusters import DOI_PREFIX, mark
from cd22kg.synth.figures import Drawn, share

#: Outcomes that pairs disagree on.
OUTCOMES = ("cr", "mrd-negative-cr", "orr")
#: Indications that pairs are on.
INDICATIONS = ("b-all", "b-nhl", "burkitt-lymphoma", "dlbcl", "lbcl", "nhl")
#: The time point of the first pairs, in days: later than any that the packaged claims give in days.
FIRST_DAY = 400
#: Names of the places for indication and day.
INDICATION, DAY = "indication", "day"
#: Patients in each cohort.
SIZE = 60
_TEXT = "synthetic " * 10


def pair_files(outcome: str, therapy: str) -> list[SourceFile]:
    """Return two files, each with one claim on an outcome; the indication and the day are places to fill."""
    return [_file(f"pair-{name}", outcome, therapy) for name in ("one", "other")]


def _file(name: str, outcome: str, therapy: str) -> SourceFile:
    source = Source.model_validate(
        {
            "id": name,
            "type": "JournalArticle",
            **dict.fromkeys(("title", "authors", "publishedIn", "note"), _TEXT),
            "doi": f"{DOI_PREFIX}.{name}",
            "pmid": "1",
            "pmcid": "PMC100",
            "published": "2021",
            "curated": "2022-01-01",
        }
    )
    part = CohortPart(indication="nhl", size=SIZE).model_copy(update={"indication": mark(INDICATION)})
    cohort = Cohort(id=name, label=_TEXT, size=SIZE).model_copy(update={"composition": (part,)})
    claim = ResultClaim.model_validate(
        {
            "id": name,
            "statement": _TEXT,
            "therapy": therapy,
            "indication": "nhl",
            "outcome": outcome,
            "cohort": name,
            "measurement": {
                "statistic": "proportion",
                **dict.fromkeys(("value", "lower", "upper"), "1.0"),
                "unit": "percent",
                "intervalKind": "confidence",
                "confidenceLevel": "95",
                "events": "1",
                "total": str(SIZE),
                "countedUnit": "patient",
                "denominator": "infused",
                "timepointUnit": "day",
                "asPrinted": _TEXT,
            },
            "locator": _TEXT,
            "evidenceLevel": "prospective-trial",
        }
    )
    timed = claim.measurement.model_copy(update={"timepoint": mark(DAY)})
    changed = claim.model_copy(update={"indication": mark(INDICATION), "measurement": timed})
    return SourceFile(source, (), (cohort,), (changed,))


def draw_pair(measurement: Measurement, rng: Random) -> list[Drawn]:
    """Return the figures of both claims: a high share and a low one, of `SIZE` patients each."""
    events = [48 + int(rng.random() * 10), 6 + int(rng.random() * 12)]
    if rng.random() < 0.5:
        events.reverse()
    return [share(measurement, number, SIZE, 1) for number in events]


def place_of(number: int, products: int) -> tuple[int, int, str, str]:
    """Return outcome, product, indication and day of a pair, by its number from 0; no two pairs share all four."""
    number, product = divmod(number, products)
    number, indication = divmod(number, len(INDICATIONS))
    number, outcome = divmod(number, len(OUTCOMES))
    return outcome, product, INDICATIONS[indication], str(FIRST_DAY + number)
