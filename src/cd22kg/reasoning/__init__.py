"""Inference over the graph: SPARQL rules, one per file in ``ontology/rules``."""

from cd22kg.reasoning.rules import Rule, apply_rules, read_rules

__all__ = ["Rule", "apply_rules", "read_rules"]
