"""The figure itself, apart from any reading of it."""

from __future__ import annotations

from typing import Annotated

from cd22kg.model.terms import Model, link, literal
from cd22kg.model.values import Boolean, Integer, Notation, Number, Slug, Text


class Measurement(Model):
    """The arithmetic facts of a claim as the source prints them, each with its unit.

    `as_printed` keeps the figure's own text, because stores fold numbers (68.10 becomes 68.1).
    """

    statistic: Annotated[Slug, link("statistic")]
    value: Annotated[Number | None, literal("decimal")] = None
    unit: Annotated[Notation | None, link("unit")] = None
    bound: Annotated[Notation | None, link("bound")] = None
    value_status: Annotated[Slug | None, link("value-status")] = None
    lower: Annotated[Number | None, literal("decimal")] = None
    lower_status: Annotated[Slug | None, link("value-status")] = None
    upper: Annotated[Number | None, literal("decimal")] = None
    upper_status: Annotated[Slug | None, link("value-status")] = None
    interval_kind: Annotated[Slug | None, link("interval-kind")] = None
    interval_method: Annotated[Slug | None, link("interval-method")] = None
    confidence_level: Annotated[Number | None, literal("decimal")] = None
    events: Annotated[Integer | None, literal("integer")] = None
    total: Annotated[Integer | None, literal("integer")] = None
    counted_unit: Annotated[Slug | None, link("counted-unit")] = None
    denominator: Annotated[Slug | None, link("denominator")] = None
    among_outcome: Annotated[Slug | None, link("outcome")] = None
    counts_derived: Annotated[Boolean | None, literal("boolean")] = None
    timepoint: Annotated[Number | None, literal("decimal")] = None
    timepoint_lower: Annotated[Number | None, literal("decimal")] = None
    timepoint_upper: Annotated[Number | None, literal("decimal")] = None
    timepoint_bound: Annotated[Notation | None, link("bound")] = None
    timepoint_unit: Annotated[Notation | None, link("unit")] = None
    follow_up: Annotated[Number | None, literal("decimal")] = None
    follow_up_unit: Annotated[Notation | None, link("unit")] = None
    grading_scale: Annotated[Slug | None, link("scale")] = None
    p_value: Annotated[Number | None, literal("decimal")] = None
    p_value_bound: Annotated[Notation | None, link("bound")] = None
    as_printed: Annotated[Text | None, literal()] = None
