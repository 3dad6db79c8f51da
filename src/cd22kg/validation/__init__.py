"""Validation of the graph against the shapes, with findings that point to the line to mend."""

from cd22kg.validation.report import Finding, Report
from cd22kg.validation.shapes import Shapes, read_shapes
from cd22kg.validation.validate import validate

__all__ = ["Finding", "Report", "Shapes", "read_shapes", "validate"]
