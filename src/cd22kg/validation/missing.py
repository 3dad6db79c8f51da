"""Shapes that are named and not there: published shapes often come in several files, or lack some.

SHACL leaves open what to do, and pySHACL fails only where the data lead there. A report that says what was not checked
serves those who use such shapes, as those of DCAT-AP, which name five property shapes that none of their files defines.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyoxigraph import NamedNode, Quad

from cd22kg.validation.shape_model import name_of
from cd22kg.validation.terms import SH

#: How many are named in a note.
SHOWN = 5
#: What names another shape. One that says nothing is no fault there by SHACL: every node conforms to it.
_NAMING = frozenset(NamedNode(SH + name) for name in ("node", "not", "property", "qualifiedValueShape"))
_PROPERTY = NamedNode(SH + "property")


def without_missing(quads: Sequence[Quad]) -> tuple[Sequence[Quad], tuple[str, ...]]:
    """Return the shapes without what names a property shape of which they say nothing, and a note of such shapes.

    A blank node has no name that another file could know it by; without a triple it stays, as malformed.
    """
    known = {quad.subject for quad in quads}
    missing = {
        quad: f"`{quad.object.value}` of `{name_of(quad.subject)}`"
        for quad in quads
        if quad.predicate in _NAMING and isinstance(quad.object, NamedNode) and quad.object not in known
    }
    if not missing:
        return quads, ()
    named = sorted(set(missing.values()))
    shown = ", ".join(named[:SHOWN]) + (f" and {len(named) - SHOWN} more" if len(named) > SHOWN else "")
    note = f"shapes that are defined nowhere, and so were not checked (name their files too): {shown}"
    return tuple(quad for quad in quads if quad not in missing or quad.predicate != _PROPERTY), (note,)
