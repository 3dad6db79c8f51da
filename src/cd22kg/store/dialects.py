"""Which servers are known: their addresses, and the habits that differ from the standards.

An address names its kind of server in front, as pip does: ``fuseki+https://host/dataset``. A plain ``https://`` address
is a SPARQL endpoint that answers queries and updates at that very place, and of which nothing else is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from cd22kg.errors import StoreError

#: How a query comes to see the union of all named graphs: it always does, a parameter asks for it, or the server must
#: be set up for it.
ALWAYS, PARAMETER, SETTING = "always", "parameter", "setting"


@dataclass(frozen=True)
class Dialect:
    """What one kind of server wants and does.

    Attributes:
        name: The prefix of its addresses.
        title: How people call it.
        query: Where queries go, below the address.
        update: Where updates go.
        graphs: Where the graph store protocol is spoken; `None` where it is not.
        quads: Where N-Quads are added by POST; `None` where they are not.
        union: `ALWAYS`, `PARAMETER` or `SETTING`.
        union_parameters: Sent with each query so that it sees the union.
        union_hint: What to set on the server where the union is a setting.
        sees_default: Whether that union holds the server's default graph as well; without the parameters for the union
            a query then sees the default graph alone.
        own_graphs: Graphs of the server itself, which are no data of the user.
        preface: Put before each query, on its first line; ``GRAPH`` then takes its IRI from a variable.
        atomic: Whether several operations of one update all take effect or none.
        silent_cap: Whether it may stop at a number of rows of its own with status 200, so that all is read in pages.
        lists_empty_graphs: Whether ``GRAPH ?g {}`` lists the graphs, which is fast.
        drops_by_update: Whether to drop a graph by SPARQL update although there is a graph store protocol.
        needs_repair: Whether its answers need repair: blank nodes that are called by IRIs, booleans that are 1 and 0.
        batch: Quads per request of a bulk load.
        endings: What people write at the end of the address although it belongs to one of the places above.
    """

    name: str
    title: str
    query: str = ""
    update: str = ""
    graphs: str | None = None
    quads: str | None = None
    union: str = SETTING
    union_parameters: tuple[tuple[str, str], ...] = ()
    union_hint: str = "make the default graph of the endpoint the union of all named graphs"
    sees_default: bool = False
    own_graphs: tuple[str, ...] = ()
    preface: str = ""
    atomic: bool = False
    silent_cap: bool = False
    lists_empty_graphs: bool = False
    drops_by_update: bool = False
    needs_repair: bool = False
    batch: int = 100_000
    endings: tuple[str, ...] = ()


OXIGRAPH = Dialect(
    "oxigraph",
    "Oxigraph",
    query="/query",
    update="/update",
    graphs="/store",
    quads="/store",
    union=PARAMETER,
    union_parameters=(("union-default-graph", ""),),
    sees_default=True,
    atomic=True,
    lists_empty_graphs=True,
    endings=("/query", "/update", "/store"),
)
FUSEKI = Dialect(
    "fuseki",
    "Apache Jena Fuseki",
    query="/query",
    update="/update",
    graphs="/data",
    quads="/data",
    union=SETTING,
    union_hint="set `tdb2:unionDefaultGraph true` for the dataset in the configuration of the server",
    atomic=True,
    drops_by_update=True,  # DELETE of a graph that is not there answers 500
    endings=("/query", "/sparql", "/update", "/data"),
)
_VIRTUOSO_GRAPHS = (
    "b3sifp",
    "b3sonto",
    "facets",
    "http://localuriqaserver/sparql",
    "http://www.openlinksw.com/schemas/oplweb#",
    "http://www.openlinksw.com/schemas/virtrdf#",
    "http://www.w3.org/2002/07/owl#",
    "http://www.w3.org/ns/ldp#",
    "urn:activitystreams-owl:map",
    "urn:core:services:sparql",
    "urn:rules.skos",
    "virtrdf-label",
)
VIRTUOSO = Dialect(
    "virtuoso",
    "Virtuoso",
    query="/sparql",
    update="/sparql-auth",
    graphs="/sparql-graph-crud-auth",
    union=ALWAYS,
    own_graphs=_VIRTUOSO_GRAPHS,
    preface=" ".join(
        (
            *(f"define input:default-graph-exclude <{graph}>" for graph in _VIRTUOSO_GRAPHS),
            *(f"define input:named-graph-exclude <{graph}>" for graph in _VIRTUOSO_GRAPHS),
            'define sql:describe-mode "CBD"',  # what a thing says, not what is said of it as well
        )
    ),
    silent_cap=True,
    needs_repair=True,
    batch=20_000,
    endings=("/sparql", "/sparql-auth"),
)
GRAPHDB = Dialect(
    "graphdb",
    "GraphDB",
    update="/statements",
    graphs="/rdf-graphs/service",
    quads="/statements",
    union=ALWAYS,
    atomic=True,
    endings=("/statements",),
)
NEPTUNE = Dialect(
    "neptune",
    "Amazon Neptune",
    query="/sparql",
    update="/sparql",
    graphs="/sparql/gsp/",
    union=ALWAYS,
    atomic=True,
    batch=20_000,
    endings=("/sparql",),
)
QLEVER = Dialect("qlever", "QLever", graphs="", union=ALWAYS)
STANDARD = Dialect("sparql", "a SPARQL 1.1 endpoint", batch=5_000)

DIALECTS = {dialect.name: dialect for dialect in (FUSEKI, GRAPHDB, NEPTUNE, OXIGRAPH, QLEVER, STANDARD, VIRTUOSO)}

#: A login in front of a host, as it is written where the scheme was forgotten.
_LOGIN = re.compile(r"[^:@/\\]+:(?![/\\])[^@]*@.+", re.DOTALL)
_KIND = re.compile(rf"(?:{'|'.join(map(re.escape, DIALECTS))})\+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:(?P<kind>[A-Za-z][A-Za-z0-9.-]*)\+)?(?P<url>https?://.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


@dataclass(frozen=True)
class Address:
    """Where a server is, and of which kind; `base` is its URL without a slash at the end."""

    dialect: Dialect
    base: str

    def __str__(self) -> str:
        """Return the address as a user writes it."""
        return self.base if self.dialect is STANDARD else f"{self.dialect.name}+{self.base}"

    @property
    def host(self) -> str:
        """The name of the server's machine."""
        return urlsplit(self.base).hostname or ""

    @property
    def query(self) -> str:
        """Where queries go."""
        return self.base + self.dialect.query

    @property
    def update(self) -> str:
        """Where updates go."""
        return self.base + self.dialect.update

    @property
    def graphs(self) -> str:
        """Where the graph store protocol is spoken, or nothing."""
        return "" if self.dialect.graphs is None else self.base + self.dialect.graphs

    @property
    def quads(self) -> str:
        """Where N-Quads are taken, or nothing."""
        return "" if self.dialect.quads is None else self.base + self.dialect.quads


def is_address(text: str) -> bool:
    """Return whether a text is meant as the address of a server, right or wrong, and not as a path.

    It is if it holds ``://``, begins with a kind of server and ``+``, or with a login and ``@``; a folder of such a
    name can be written with ``./`` in front.

    Example:
        >>> is_address("fuseki+http://127.0.0.1:3030/evidence"), is_address("./graph")
        (True, False)
    """
    return "://" in text or _KIND.match(text) is not None or _LOGIN.fullmatch(text) is not None


def read_address(text: str) -> Address:
    """Return the address that a user wrote.

    Raises:
        StoreError: If it is none, names an unknown kind of server, or holds a login. The message never repeats a login.
    """
    found = _ADDRESS.fullmatch(text)
    known = ", ".join(f"{name}+" for name in sorted(DIALECTS))
    if found is None and _LOGIN.fullmatch(text.rpartition("+")[2]):
        raise _with_login()
    if found is None:
        raise StoreError("this is not the address of a server", hint=f"write https://...; or with a kind: {known}")
    kind = (found["kind"] or STANDARD.name).lower()
    if kind not in DIALECTS:
        raise StoreError(f"no kind of server is called `{kind}`", hint=f"one of: {known}")
    try:
        parts = urlsplit(found["url"])
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise StoreError("the address of the server is not a URL", hint="write https://host:port/path") from None
    if "@" in parts.netloc:
        raise _with_login()
    if not _HOST.fullmatch(host) or any(ord(character) <= 0x20 for character in text):
        raise StoreError("the address of the server names no host", hint="write https://host:port/path")
    if parts.query or parts.fragment:
        raise StoreError(
            "the address of the server holds `?` or `#`", hint="leave out what follows; it is sent for you"
        )
    dialect = DIALECTS[kind]
    path = parts.path.rstrip("/")
    for ending in dialect.endings:
        path = path.removesuffix(ending)
    host = f"[{host}]" if ":" in host else host
    return Address(dialect, f"{parts.scheme.lower()}://{host}{f':{port}' if port else ''}{path}")


def _with_login() -> StoreError:
    return StoreError(
        "the address of the server holds a login",
        hint="take it out; set CD22KG_STORE_USER and CD22KG_STORE_PASSWORD, or write it to ~/.netrc",
    )
