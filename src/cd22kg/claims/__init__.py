"""Claim files: read with line and column kept, resolved against the ontology and each other."""

from cd22kg.claims.context import json_ld_context
from cd22kg.claims.reader import Reading, claim_files, read_claims
from cd22kg.claims.schema import json_schema
from cd22kg.claims.sourcemap import SourceMap

__all__ = ["Reading", "SourceMap", "claim_files", "json_ld_context", "json_schema", "read_claims"]
