"""Rules of the shapes, broken one at a time: where each can be broken, how, and what a validator must then say.

Each plant changes one copy so that the one rule fires on the node listed, and no other rule anywhere. What the rules of
inference derive from a line that goes, goes with it.
"""

from __future__ import annotations

from collections.abc import Callable

from cd22kg.model import (
    AssociationClaim,
    ComparisonClaim,
    Measurement,
    PooledClaim,
    ResultClaim,
    Source,
    StatementClaim,
    Study,
)
from cd22kg.namespaces import CD22, GRAPH_CLAIMS, GRAPH_INFERRED, STANDARD_PREFIXES, iri
from cd22kg.synth.clusters import filler
from cd22kg.synth.copies import Copy, Edit
from cd22kg.synth.edits import TYPE, Plant, Planted, add, drop, drop_types, put
from cd22kg.synth.figures import SHARES, Drawn, share
from cd22kg.synth.templates import ClaimTemplate

_XSD = STANDARD_PREFIXES["xsd"]
_KINDS = ("EfficacyClaim", "SafetyClaim", "DurabilityClaim")
_EVIDENCE = ("EvidenceClaim", "EvidenceAfterCD19Failure")
_WHO = ("infused", "included", "enrolled", "evaluable")


def _graph(copy: Copy, claim: ClaimTemplate) -> str:
    return GRAPH_CLAIMS + copy.template.sources[claim.original.source].rpartition("/")[2] % copy.values


def _one_claim(
    rule: str,
    fits: Callable[[ClaimTemplate, Measurement | None], bool],
    change: Callable[[Copy, ClaimTemplate, str], bool | None],
    part: str = "",
) -> Plant:
    """Return a plant in a single claim; `change` may answer False where the figures drawn leave no way."""

    def plant(copy: Copy, taken: set[int]) -> list[Planted]:
        for claim in copy.claims:
            number = claim.original.number
            if number in taken or not fits(claim, claim.original.claim.measurement):
                continue
            name = copy.iri(claim)
            if change(copy, claim, name) is not False:
                taken.add(number)
                return [Planted("violation", rule, name + part)]
        return []

    return Plant(rule, plant)


def _without(
    rule: str,
    fits: Callable[[ClaimTemplate, Measurement | None], bool],
    predicate: str,
    part: str = "",
    types: tuple[str, ...] = (),
    inferred: tuple[str, ...] = (),
) -> Plant:
    """Return a plant that leaves a property out, with what is inferred from it."""

    def change(copy: Copy, claim: ClaimTemplate, name: str) -> None:
        copy.edit(claim.original.number, drop(name + part, predicate, *inferred))
        if types:
            copy.edit(claim.original.number, drop_types(name, *types))

    return _one_claim(rule, fits, change, part)


def _of(*kinds: type) -> Callable[[ClaimTemplate, Measurement | None], bool]:
    return lambda claim, _: isinstance(claim.original.claim, kinds)


def _counted(m: Measurement | None) -> bool:
    """Return whether a figure is a proportion of patients with its numbers."""
    return (
        m is not None
        and m.statistic == "proportion"
        and m.counted_unit == "patient"
        and m.events is not None
        and m.total is not None
        and m.bound is None
    )


def _alone(claim: ClaimTemplate) -> bool:
    """Return whether no other claim of the cohort is compared with this one."""
    return claim.alone


def _valued_share(m: Measurement | None) -> bool:
    return m is not None and m.statistic in SHARES and m.value is not None and m.bound is None


def _set(copy: Copy, claim: ClaimTemplate) -> Drawn:
    return copy.drawn[claim.original.number]


def _too_many_events(copy: Copy, claim: ClaimTemplate, name: str) -> None:
    drawn = _set(copy, claim)
    drawn.events = drawn.total + 2


def _other_percentage(copy: Copy, claim: ClaimTemplate, name: str) -> None:
    drawn = _set(copy, claim)
    scale = _scale(claim)
    drawn.value += 0.07 * scale if drawn.value < 0.5 * scale else -0.07 * scale


def _scale(claim: ClaimTemplate) -> int:
    measurement = claim.original.claim.measurement
    return 100 if measurement is not None and measurement.unit in ("%", "percent") else 1


def _beside_interval(copy: Copy, claim: ClaimTemplate, name: str) -> bool:
    drawn = _set(copy, claim)
    step = 0.02 * _scale(claim)
    if drawn.upper + step <= _scale(claim):
        drawn.value = drawn.upper + step
        return True
    drawn.value = drawn.lower - step
    return drawn.value >= 0


def _turned_interval(copy: Copy, claim: ClaimTemplate, name: str) -> bool:
    drawn = _set(copy, claim)
    if drawn.number(drawn.lower) == drawn.number(drawn.upper):
        return False
    drawn.lower, drawn.upper = drawn.upper, drawn.lower
    # A prediction interval need not hold the value, so that only the order of the limits is wrong.
    kind = f"<{iri('interval-kind', 'prediction')}>"
    copy.edit(claim.original.number, put(f"{name}#measurement", CD22 + "intervalKind", kind))
    return True


def _above_all(copy: Copy, claim: ClaimTemplate, name: str) -> None:
    _set(copy, claim).value = 1.04 * _scale(claim)


def _larger_total(copy: Copy, claim: ClaimTemplate, name: str) -> bool:
    drawn, place = _set(copy, claim), claim.original.cohort
    measurement = claim.original.claim.measurement
    if measurement is None or not copy.sizes[place]:
        return False
    # Another plant may have made the cohort larger.
    total = int(copy.values[f"z{place}"]) + 1
    events = min(total, int(drawn.events * total / drawn.total + 0.5))
    copy.drawn[claim.original.number] = share(measurement, events, total, 1)
    return True


def _add(predicate: str, value: str) -> Callable[[Copy, ClaimTemplate, str], None]:
    """Return the change that adds a triple to the measurement of a claim."""

    def change(copy: Copy, claim: ClaimTemplate, name: str) -> None:
        graph = _graph(copy, claim)
        copy.edit(claim.original.number, add(f"{name}#measurement", predicate, value, graph))

    return change


def _put(predicate: str, value: str) -> Callable[[Copy, ClaimTemplate, str], None]:
    """Return the change that gives the measurement of a claim another value of a property."""

    def change(copy: Copy, claim: ClaimTemplate, name: str) -> None:
        copy.edit(claim.original.number, put(f"{name}#measurement", CD22 + predicate, value))

    return change


def _compared_with_itself(copy: Copy, claim: ClaimTemplate, name: str) -> None:
    def change(lines: list[str]) -> list[str]:
        subject = next(line for line in lines if line.startswith(f"<{name}> <{CD22}subjectClaim> "))
        return put(name, CD22 + "referenceClaim", subject.split(" ")[2])(lines)

    copy.edit(claim.original.number, change)


def _relation(copy: Copy, claim: ClaimTemplate, target: str, kind: str, certainty: str) -> None:
    """Add a relation to a claim, without what is inferred from it."""
    number, name, graph = claim.original.number, copy.iri(claim), _graph(copy, claim)
    node = f"{name}#relation-{len(claim.original.claim.relations) + 1}"
    copy.edit(number, add(name, "relation", f"<{node}>", graph))
    copy.edit(number, lambda lines: [*lines, f"<{node}> <{TYPE}> <{CD22}ClaimRelation> <{graph}> .\n"])
    copy.edit(number, add(node, "relationType", f"<{iri('relation-type', kind)}>", graph))
    copy.edit(number, add(node, "certainty", f"<{iri('certainty', certainty)}>", graph))
    copy.edit(number, add(node, "target", f"<{target}>", graph))
    copy.edit(number, add(node, "reason", f'"{filler(60)}"', graph))


def _related_to_itself(copy: Copy, claim: ClaimTemplate, name: str) -> None:
    _relation(copy, claim, name, "refines", "ambiguous")


def _both_ways(rule: str, certainty: str) -> Plant:
    """Return a plant that has two claims of different sources repeat each other, for certain or not."""

    def plant(copy: Copy, taken: set[int]) -> list[Planted]:
        free = [c for c in copy.claims if c.original.number not in taken and not c.related]
        # A pooled claim may be on a wider population, which is another rule.
        free = [c for c in free if not isinstance(c.original.claim, PooledClaim)]
        for one in free:
            other = next((c for c in free if c.original.source != one.original.source), None)
            if other is None:
                continue
            for claim, target in ((one, other), (other, one)):
                number, name, goal = claim.original.number, copy.iri(claim), f"<{copy.iri(target)}>"
                _relation(copy, claim, copy.iri(target), "repeats", certainty)
                if certainty == "certain":
                    copy.edit(number, add(name, "repeats", goal, GRAPH_INFERRED))
                    derived = f"<{name}> <{STANDARD_PREFIXES['prov']}wasDerivedFrom> {goal} <{GRAPH_INFERRED}> .\n"
                    copy.edit(number, _added(derived))
            taken |= {one.original.number, other.original.number}
            ends = copy.iri(one), copy.iri(other)
            return [Planted("violation", rule, *pair) for pair in (ends, ends[::-1])]
        return []

    return Plant(rule, plant)


def _added(line: str) -> Edit:
    return lambda lines: [*lines, line]


def _part_above_whole(copy: Copy, taken: set[int]) -> list[Planted]:
    """Have more patients with a part of an outcome than with the whole, in one cohort."""
    for part in copy.claims:
        measurement = part.original.claim.measurement
        for whole in part.wholes:
            # More events of a part may be too many for a larger cohort.
            if whole >= copy.kept or part.supersets or not _counted(measurement) or measurement is None:
                continue
            other = copy.template.claims[whole]
            numbers = {part.original.number, whole}
            drawn, limit = copy.drawn[part.original.number], copy.drawn[whole]
            same = _counted(other.original.claim.measurement) and drawn.total == limit.total
            same = same and part.original.claim.reported_via == other.original.claim.reported_via
            if numbers & taken or not same or limit.events >= limit.total:
                continue
            copy.drawn[part.original.number] = share(measurement, limit.events + 1, limit.total, drawn.digits)
            taken |= numbers
            return [Planted("violation", "claim-part-le-whole", copy.iri(part), copy.iri(other))]
    return []


def _subset_above_whole(copy: Copy, taken: set[int]) -> list[Planted]:
    """Have more patients with an outcome in a subset than in the cohort that holds it."""
    for part in copy.claims:
        measurement = part.original.claim.measurement
        for whole in part.supersets:
            # More events than are free of a whole outcome would break its rule.
            if whole >= copy.kept or part.wholes or not _counted(measurement) or measurement is None:
                continue
            other = copy.template.claims[whole]
            numbers = {part.original.number, whole}
            drawn, limit = copy.drawn[part.original.number], copy.drawn[whole]
            same = part.original.claim.reported_via == other.original.claim.reported_via
            if numbers & taken or not same or not _counted(other.original.claim.measurement):
                continue
            if limit.events < drawn.total:
                copy.drawn[part.original.number] = share(measurement, limit.events + 1, drawn.total, drawn.digits)
                taken |= numbers
                return [Planted("violation", "claim-subset-le-whole", copy.iri(part), copy.iri(other))]
    return []


def _subset_larger(copy: Copy, taken: set[int]) -> list[Planted]:
    """Have a subset larger than the cohort it belongs to."""
    if -1 in taken:
        return []
    made = [cohort for file in copy.template.cluster.files for cohort in file.cohorts]
    places = {cohort.id: place for place, cohort in enumerate(made)}
    for place, cohort in enumerate(made):
        for above in cohort.subset_of:
            size, limit = copy.sizes[place], copy.sizes[places[above]]
            parts = copy.template.cluster.cohorts[place][1]
            used = any(c.original.number in taken for c in copy.claims if c.original.cohort == place)
            if not size or not limit or used or any(cohort.id in other.subset_of for other in made):
                continue
            copy.values[f"z{place}"] = str(limit + 1)
            if parts:
                largest = f"z{place}x{parts.index(max(parts))}"
                copy.values[largest] = str(int(copy.values[largest]) + limit + 1 - size)
            name, whole = (_thing(copy, "cohort", slug) for slug in (cohort.id, above))
            taken.add(-1)
            return [Planted("violation", "cohort-subset-larger", name, whole)]
    return []


def _thing(copy: Copy, kind: str, slug: str) -> str:
    return iri(kind, slug.replace("@@n@@", copy.values["n"]))


def _bad_term(rule: str, kind: str, key: str, predicate: str, value: str) -> Plant:
    """Return a plant that gives the first source or study that has a key a value that breaks a rule.

    Args:
        rule: Id of the shape.
        kind: ``source`` or ``study``.
        key: Key that the thing must have.
        predicate: IRI of its property.
        value: The value as a term of N-Quads; ``SERIAL`` in it becomes the number of the copy.
    """

    def plant(copy: Copy, taken: set[int]) -> list[Planted]:
        if -1 in taken:
            return []
        for file in copy.template.cluster.files:
            things: tuple[Source, ...] | tuple[Study, ...] = (file.source,) if kind == "source" else file.studies
            for thing in things:
                if getattr(thing, key) is not None:
                    name = _thing(copy, kind, thing.id)
                    copy.edit(-1, put(name, predicate, value.replace("SERIAL", copy.values["n"])))
                    taken.add(-1)
                    return [Planted("violation", rule, name)]
        return []

    return Plant(rule, plant)


def _overlaps_itself(copy: Copy, taken: set[int]) -> list[Planted]:
    if -1 in taken:
        return []
    for place, file in enumerate(copy.template.cluster.files):
        for cohort in file.cohorts:
            name = _thing(copy, "cohort", cohort.id)
            graph = GRAPH_CLAIMS + copy.template.sources[place].rpartition("/")[2] % copy.values
            copy.edit(-1, add(name, "overlaps", f"<{name}>", graph))
            taken.add(-1)
            return [Planted("violation", "cohort-overlaps-itself", name)]
    return []


def _has(*keys: str) -> Callable[[ClaimTemplate, Measurement | None], bool]:
    """Return a test that a measurement holds all of these keys."""
    return lambda _, m: m is not None and all(getattr(m, key) is not None for key in keys)


_M = "#measurement"

#: Every rule that can be broken on purpose. Rules that fit few claims come first in a run and wait for their claim.
PLANTS: tuple[Plant, ...] = (
    Plant("claim-subset-le-whole", _subset_above_whole),
    _one_claim("measurement-events-le-total", lambda c, m: _counted(m) and _alone(c), _too_many_events, _M),
    _one_claim(
        "measurement-percent-agrees",
        lambda c, m: (
            _counted(m)
            and _valued_share(m)
            and _alone(c)
            and m is not None
            and m.lower is None
            and m.upper is None
            and not isinstance(c.original.claim, PooledClaim)
        ),
        _other_percentage,
        _M,
    ),
    _one_claim(
        "measurement-value-in-interval",
        lambda c, m: (
            _valued_share(m)
            and _alone(c)
            and m is not None
            and m.lower is not None
            and m.upper is not None
            and m.interval_kind == "confidence"
            and (m.statistic != "proportion" or m.events is None or isinstance(c.original.claim, PooledClaim))
        ),
        _beside_interval,
        _M,
    ),
    _one_claim(
        "measurement-lower-le-upper",
        lambda c, m: _has("lower", "upper", "interval_kind")(c, m) and m is not None and m.statistic in SHARES,
        _turned_interval,
        _M,
    ),
    _one_claim(
        "measurement-p-value-decimal",
        lambda c, m: m is not None and m.statistic in SHARES and m.p_value is None,
        _add("pValue", f'"1.7"^^<{_XSD}decimal>'),
        _M,
    ),
    _one_claim(
        "measurement-proportion-range",
        lambda c, m: (
            _valued_share(m)
            and _alone(c)
            and m is not None
            and m.lower is None
            and m.upper is None
            and (m.statistic != "proportion" or m.events is None)
        ),
        _above_all,
        _M,
    ),
    _one_claim(
        "measurement-value-status-agrees",
        lambda c, m: _has("value")(c, m) and m is not None and m.value_status is None,
        _add("valueStatus", f"<{iri('value-status', 'not-reached')}>"),
        _M,
    ),
    _one_claim(
        "measurement-confidence-level-decimal",
        _has("confidence_level"),
        _put("confidenceLevel", f'"950"^^<{_XSD}decimal>'),
        _M,
    ),
    _one_claim(
        "claim-total-le-cohort-size",
        lambda c, m: (
            _counted(m)
            and _alone(c)
            and c.original.size > 0
            and m is not None
            and m.denominator in _WHO
            and m.among_outcome is None
        ),
        _larger_total,
    ),
    _without("measurement-denominator-missing", lambda c, m: _counted(m), "denominator", _M),
    _without("measurement-counted-unit-missing", lambda c, m: _counted(m), "countedUnit", _M),
    _without("measurement-unit-fits-statistic", lambda c, m: _valued_share(m), "unit", _M),
    _one_claim(
        "measurement-unit-contradicts-statistic",
        lambda c, m: _has("value", "unit")(c, m) and m is not None and m.statistic == "count",
        _put("unit", f"<{iri('unit', 'month')}>"),
        _M,
    ),
    _without("measurement-timepoint-unit-missing", _has("timepoint", "timepoint_unit"), "timepointUnit", _M),
    _without("measurement-follow-up-unit-missing", _has("follow_up", "follow_up_unit"), "followUpUnit", _M),
    _without(
        "measurement-interval-kind-missing",
        lambda c, m: _has("lower", "upper", "interval_kind")(c, m) and m is not None and m.statistic != "range",
        "intervalKind",
        _M,
    ),
    _without("result-claim-needs-outcome", _of(ResultClaim), "outcome", types=_KINDS),
    _without("result-claim-needs-indication", _of(ResultClaim), "indication"),
    _without("result-claim-needs-cohort", _of(ResultClaim), "cohort", types=("EvidenceAfterCD19Failure",)),
    _without("pooled-claim-needs-therapy", _of(PooledClaim), "therapy", inferred=("antigen",)),
    _without("association-claim-direction-class", _of(AssociationClaim), "direction"),
    _without("statement-claim-about", _of(StatementClaim), "about"),
    _without(
        "claim-source-class",
        lambda c, m: not c.related and not c.original.claim.reported_via,
        "source",
        types=_EVIDENCE,
    ),
    _without("claim-statement-string", lambda c, m: True, "statement"),
    _one_claim("comparison-claim-subject-not-reference", _of(ComparisonClaim), _compared_with_itself),
    _one_claim("claim-relation-to-itself", lambda c, m: True, _related_to_itself),
    _both_ways("claim-repeats-circular", "certain"),
    _both_ways("claim-relation-mutual", "likely"),
    Plant("claim-part-le-whole", _part_above_whole),
    Plant("cohort-subset-larger", _subset_larger),
    Plant("cohort-overlaps-itself", _overlaps_itself),
    _bad_term("source-doi-pattern", "source", "doi", CD22 + "doi", '"doi:10.5555/cd22kg-synth.SERIAL"'),
    _bad_term(
        "source-issued-date", "source", "published", STANDARD_PREFIXES["dcterms"] + "issued", f'"1879"^^<{_XSD}gYear>'
    ),
    _bad_term("study-registry-id-pattern", "study", "registry_id", CD22 + "registryId", '"NCT9-SERIAL"'),
)
