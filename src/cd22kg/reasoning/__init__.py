"""What follows from what is stated: classes by a reasoner over the ontology, rules over everything."""

from cd22kg.reasoning.classification import Classification
from cd22kg.reasoning.classifier import classify
from cd22kg.reasoning.recompute import recomputed_intervals
from cd22kg.reasoning.rules import Rule, apply_rules, read_rules

__all__ = ["Classification", "Rule", "apply_rules", "classify", "read_rules", "recomputed_intervals"]
