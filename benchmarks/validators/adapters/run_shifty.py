"""Validate by pyshifty: data in N-Triples and shapes in Turtle are the arguments, the report goes to stdout.

The extension is called itself: the functions around it read the report into RDFLib, which is no part of validating, or
leave the property shapes out.
"""

from __future__ import annotations

import sys

from shifty._shifty import PreparedValidator


def main(data: str, shapes: str) -> None:
    """Write the report as Turtle, and on stderr what the engine could not do."""
    validator = PreparedValidator(shapes_path=shapes, shapes_format="turtle")
    result = validator.validate_w3c(data_path=data, data_format="ntriples")
    for line in (*validator.diagnostics, *result.diagnostics):
        print(line, file=sys.stderr)
    sys.stdout.write(result.report_turtle)


if __name__ == "__main__":
    main(*sys.argv[1:])
