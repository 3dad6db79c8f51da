"""Any data held against any shapes: files, build folders, stores and servers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cd22kg.build import NQUADS, STORE
from cd22kg.errors import InputError, Location, StoreError
from cd22kg.free_memory import free_memory
from cd22kg.gate.rdf import BY_LINE, RdfFile
from cd22kg.progress import Progress
from cd22kg.store import OxigraphStore, Store, is_address, is_store, open_sparql
from cd22kg.validation.authored import Source
from cd22kg.validation.focus import finds
from cd22kg.validation.lines import LineFile
from cd22kg.validation.places import places_in
from cd22kg.validation.portions import Portions
from cd22kg.validation.rules import shape_rules
from cd22kg.validation.shapes import Shapes, read_shapes
from cd22kg.validation.validate import BROKEN_RULE, Verdicts, wanted
from cd22kg.validation.verdict import Verdict

#: A file of more bytes is loaded into a store on disk, not in memory, as it is held beside the store.
MAX_IN_MEMORY = 200 * 1024 * 1024
#: One that is loaded by the line may have more, and any number where so many times its size of memory are free.
MAX_LINES_IN_MEMORY, ROOM = 1024 * 1024 * 1024, 4
#: A file of lines with fewer bytes is loaded at once.
MIN_IN_PORTIONS = 4 * 1024 * 1024
#: A packed file is taken for so many times as large.
UNPACKED = 10
#: More properties than this are not watched for digits while they are loaded.
MANY = 12
ENGINES = ("compiled", "pyshacl")
_ANYTHING = "SELECT ?s WHERE { ?s ?p ?o } LIMIT 1"


@dataclass(frozen=True)
class Data:
    """Data to be validated.

    Attributes:
        store: The store that holds them.
        source: What yields the quads with their authored digits, where there is something.
        name: The file they were read from; empty for a folder.
        is_part: Whether the store holds the statements only that shapes read.
        is_waiting: Whether nothing was loaded yet: the source is lines that can be looked at in portions.
    """

    store: Store
    source: Source | None
    name: str = ""
    is_part: bool = False
    is_waiting: bool = False


@dataclass(frozen=True)
class Reads:
    """What a validation reads of data.

    Attributes:
        properties: IRIs of the properties; nothing where that may be any.
        digits: Those of which it matters how literals are written; none where they are not known, or many.
        classes: IRIs of the classes that nodes are asked to belong to; nothing where that may be any.
        in_portions: Whether it can do with a portion at a time.
    """

    properties: Collection[str] | None = None
    digits: Collection[str] = ()
    classes: Collection[str] | None = None
    in_portions: bool = False


@contextmanager
def open_data(data: str | Path, reads: Reads | None = None) -> Iterator[Data]:
    """Open a file, a build folder, a store folder, or a server; what was loaded for it is cleared away at the end.

    Args:
        data: A path, or the address of a server, which is asked where it is.
        reads: What the validation reads, see `reads_of`: of a file of N-Triples or N-Quads no more is loaded. All is
            where nothing is given.

    Raises:
        InputError: If the file cannot be read, or is not RDF.
        StoreError: If the folder holds no store, or the address is wrong.
    """
    path = Path(data)
    if is_address(str(data)):
        with open_sparql(str(data)) as server:
            yield Data(server, None)
    elif path.is_dir():
        with _open_folder(path) as found:
            yield found
    else:
        with _open_file(path, reads or Reads()) as found:
            yield found


@contextmanager
def _open_file(path: Path, reads: Reads) -> Iterator[Data]:
    file = RdfFile(path, labels=True)
    by_line = file.syntax in BY_LINE
    is_large = path.is_file() and not _fits(path, by_line=by_line)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="cd22kg-"))) / "store" if is_large else None
        store = opened.enter_context(OxigraphStore(folder))
        if by_line:
            lines = LineFile(file, reads.properties, reads.digits, reads.classes)
            if reads.in_portions and path.is_file() and path.stat().st_size >= MIN_IN_PORTIONS:
                yield Data(store, lines, str(path), is_part=True, is_waiting=True)
                return
            lines.load(store)
            yield Data(store, lines, str(path), lines.leaves_out)
            return
        # Read once if it fits: blank nodes without a label get another one at each reading.
        quads = file if is_large else tuple(file)
        store.bulk_load(quads)
        yield Data(store, lambda: quads, str(path))


def _fits(path: Path, *, by_line: bool) -> bool:
    """Return whether a file is loaded into memory."""
    size = path.stat().st_size * (UNPACKED if path.suffix == ".gz" else 1)
    if by_line:
        return size <= MAX_LINES_IN_MEMORY or size * ROOM <= free_memory()
    return size <= MAX_IN_MEMORY


@contextmanager
def _open_folder(path: Path) -> Iterator[Data]:
    if is_store(path):
        with OxigraphStore(path, read_only=True) as store:
            yield Data(store, None)
    elif is_store(path / STORE):
        quads = RdfFile(path / NQUADS, labels=True)
        with OxigraphStore(path / STORE, read_only=True) as store:
            yield Data(store, (lambda: quads) if quads.path.is_file() else None)
    else:
        raise StoreError(f"there is no store in {path}", hint="name an RDF file, a build folder or a store folder")


def shapes_in(path: Path | None) -> Shapes:
    """Return the shapes of a file, those of every Turtle file in a folder, or those of the package.

    Raises:
        InputError: If there are none, or a file is not Turtle.
    """
    if path is None:
        return read_shapes()
    files: Sequence[Path] = sorted(path.glob("*.ttl")) if path.is_dir() else [path]
    if not files:
        raise InputError("there is no .ttl file in the folder", Location(str(path)), hint="name the folder of shapes")
    shapes = read_shapes(files, foreign=True)
    if not shapes.validator.compiler.shapes.roots():
        raise InputError("no shape in it has a target", Location(str(path)), hint="give a shape a target")
    return shapes


def reads_of(shapes: Shapes, engine: str = "compiled", *, in_portions: bool = False) -> Reads:
    """Return what a validation reads; `in_portions` says that nothing but the validation will be asked of the data.

    Raises:
        InputError: If a shape is malformed.
    """
    validator = shapes.validator
    properties = validator.reads(validator.shapes())
    if engine != "compiled" or validator.compiler.foreign or properties is None:
        return Reads()
    digits = validator.reads_digits(merged=False) or set()
    watched = digits if len(digits) <= MANY else ()
    classes = validator.reads_classes(validator.shapes())
    return Reads(properties | {BROKEN_RULE}, watched, classes, in_portions and not shapes.about_figures)


def validate_data(
    data: Data, shapes: Shapes, *, engine: str = "compiled", limit: int | None = None, progress: Progress | None = None
) -> Verdict:
    """Hold data against shapes.

    Args:
        data: The data, see `open_data`.
        shapes: The shapes.
        engine: One of `ENGINES`.
        limit: How many findings are kept; counts stay exact.
        progress: Told of the steps.

    Raises:
        InputError: If there are no data, a shape is malformed, or pySHACL is needed and cannot be used.
        QueryError: If the store gives up on a query.
    """
    if engine not in ENGINES:
        raise InputError(f"unknown engine `{engine}`", hint=f"one of: {', '.join(ENGINES)}")
    progress = progress or Progress()
    if not data.is_part and not finds(data.store, _ANYTHING):
        raise _no_data(data.name)
    validator = shapes.validator
    verdicts = Verdicts(data.store, shapes, validator.labels())
    with progress.step("validate") as say:
        if isinstance(data.store, OxigraphStore) and isinstance(data.source, LineFile) and data.is_waiting:
            found = Portions(validator, data.source).validate(data.store, limit=limit, judge=verdicts.judge)
            if not data.source.lines and not data.source.leaves_out:
                raise _no_data(data.name)
        else:
            if engine == "pyshacl":
                quads = data.source() if data.source else data.store.quads()
                found = validator.reference(quads, limit=limit, judge=verdicts.judge)
            else:
                found = validator.validate(data.store, data.source, limit=limit, judge=verdicts.judge)
            found = validator.noted(found, data.store)
        say(f"{sum(found.tally.counts.values())} results")
    rules = shape_rules(shapes)
    lines = data.source if isinstance(data.source, LineFile) else None
    places = places_in(Path(data.name), wanted(found), lines) if data.name else None
    return Verdict(verdicts.report(found, places), found, rules, data=data.name)


def _no_data(name: str) -> InputError:
    return InputError("there are no data", Location(name) if name else None, hint="name data with a triple")


def explain(data: Data, shapes: Shapes) -> str:
    """Return the queries that the shapes become for the data, and what is left to pySHACL, as text."""
    validator = shapes.validator
    lines = [f"# {node}: left to pySHACL, as {why}\n" for node, why in validator.compiler.foreign.items()]
    for check in validator.every_check(data.store):
        if check.guard:
            lines.append(f"# the next is asked where this finds something\n{check.guard}\n")
        lines.append(f"# {check.name}\n{check.query}\n")
    return "\n".join(lines)
