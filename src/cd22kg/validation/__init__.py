"""Validation of the graph against the shapes, with findings that point to the line to mend."""

from cd22kg.validation.quality import Check, check_quality, named_in_claims, named_in_texts, read_checks
from cd22kg.validation.report import Finding, Report
from cd22kg.validation.shapes import Shapes, read_shapes
from cd22kg.validation.validate import examine, validate

__all__ = [
    "Check",
    "Finding",
    "Report",
    "Shapes",
    "check_quality",
    "examine",
    "named_in_claims",
    "named_in_texts",
    "read_checks",
    "read_shapes",
    "validate",
]
