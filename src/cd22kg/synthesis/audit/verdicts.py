"""What an audit says: one verdict for each statement of a source, with the evidence beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from cd22kg.model import Source
from cd22kg.queries.claims import KnownClaim

#: What every form of an audit says of itself.
#: On what a statement can differ from its source; where it differs on several, the first of this order leads.
AXES = ("indication", "population", "therapy", "outcome or grade", "denominator", "time")


class Verdict(Enum):
    """What can be said of a statement; each with its label and what it means."""

    AGREES = ("agrees", "The source says the same, and nothing of its figure is left out.")
    SIMPLIFIED = (
        "agrees, rounded or simplified",
        "The source says it; digits, interval, number of patients, product, date or the like are left out, or a"
        " statement without a figure is put more widely.",
    )
    DIFFERS = (
        "differs in",
        "The figure is that of the source, but there of others: another or wider indication, population, therapy,"
        " outcome or grade, denominator or time.",
    )
    VALUE = ("differs in value", "The source, or comparable evidence, has another figure or says otherwise.")
    SUPERSEDED = ("superseded by later evidence", "A later report on the same question replaces it.")
    AMBIGUOUS = ("ambiguous source", "Several works fit, and nothing decides between them.")
    UNSOURCED = (
        "unsourced",
        "No claim of the graph says it, or what it adds to the one it restates: a figure, a direction.",
    )
    INTERNAL = ("internally inconsistent", "The audited source contradicts itself.")
    PUBLISHED = (
        "published source itself inconsistent",
        "The work restated contradicts itself, or two documents print different figures for it.",
    )
    OPINION = ("opinion, not checkable", "A judgement that no observation could settle.")
    OWN = (
        "own figure, or only reading",
        "Not a restatement: the source reports it, or is the only document in which it was read. Nothing else here"
        " prints it.",
    )

    def __init__(self, label: str, definition: str) -> None:
        self.label = label
        self.definition = definition

    @property
    def code(self) -> str:
        """Return its name for programs, such as ``differs``."""
        return self.name.lower()


@dataclass(frozen=True)
class Beside:
    """A claim that stands beside an audited one.

    Attributes:
        claim: The claim.
        role: What it is to the audited one: ``repeats``, ``contradicts``, ``superseded by``, ``nearest`` ...
        certainty: How sure the curator was of the relation; empty where a rule found the claim.
        figure: Its figure in words; its statement where it has none.
        note: How the two compare, in words.
        reason: The reason that the curator gave for the relation.
    """

    claim: KnownClaim
    role: str
    certainty: str = ""
    figure: str = ""
    note: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """The verdict on one claim.

    Attributes:
        claim: The claim audited.
        figure: Its figure in words; empty where it has none.
        verdict: What is said of it.
        explanation: Why, in one sentence with the ids of the claims.
        axes: On what it differs, in the order of `AXES`; only where the verdict is `Verdict.DIFFERS`.
        dropped: What of the source is left out, in words.
        evidence: The claims beside it.
    """

    claim: KnownClaim
    figure: str
    verdict: Verdict
    explanation: str
    axes: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    evidence: tuple[Beside, ...] = ()

    @property
    def label(self) -> str:
        """Return the verdict in words, with the axes: ``differs in indication, therapy``."""
        return f"{self.verdict.label} {', '.join(self.axes)}" if self.axes else self.verdict.label


@dataclass(frozen=True)
class Audit:
    """The verdicts on what a source says, in the order of the claims' names.

    Attributes:
        source: The audited source.
        findings: One for each of its claims.
        sources: Titles of the sources named, by slug.
    """

    source: Source
    findings: tuple[Finding, ...]
    sources: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def counts(self) -> dict[Verdict, int]:
        """Return how many claims have each verdict, in the order of `Verdict`; those that none has are left out."""
        found = Counter(finding.verdict for finding in self.findings)
        return {verdict: found[verdict] for verdict in Verdict if found[verdict]}

    @cached_property
    def label_counts(self) -> dict[str, int]:
        """Return the same in words, what differs by its axes: ``differs in indication``."""
        labels = {verdict: Counter(f.label for f in self.findings if f.verdict is verdict) for verdict in self.counts}
        return {label: found[label] for found in labels.values() for label in sorted(found)}
