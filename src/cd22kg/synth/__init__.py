"""Synthetic graphs of any size in the shape of the packaged one, to test stores, queries and rules."""

from cd22kg.synth.generator import MAX_CLAIMS, Summary, synthesize

__all__ = ["MAX_CLAIMS", "Summary", "synthesize"]
