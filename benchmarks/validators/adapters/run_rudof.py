"""Validate by pyrudof: data in N-Triples and shapes in Turtle are the arguments, the report goes to stdout."""

from __future__ import annotations

import sys
from pathlib import Path

from pyrudof import RDFFormat, ResultShaclValidationFormat, Rudof, RudofConfig, ShaclFormat


def main(data: str, shapes: str) -> None:
    """Write the report as N-Triples."""
    session = Rudof(RudofConfig())
    session.read_data(Path(data), format=RDFFormat.NTriples)
    session.read_shacl(Path(shapes), format=ShaclFormat.Turtle)
    session.validate_shacl()
    sys.stdout.write(session.serialize_shacl_validation_results(ResultShaclValidationFormat.NTriples))


if __name__ == "__main__":
    main(*sys.argv[1:])
