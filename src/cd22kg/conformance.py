"""Any data held against any shapes: files, build folders and stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pyoxigraph import Quad, RdfFormat, parse

from cd22kg.build import NQUADS, STORE
from cd22kg.errors import InputError, Location, StoreError
from cd22kg.progress import Progress
from cd22kg.store import OxigraphStore, Store, is_store
from cd22kg.validation.engine import Source, Validator
from cd22kg.validation.rules import shape_rules
from cd22kg.validation.shapes import Shapes, read_shapes
from cd22kg.validation.validate import Verdicts
from cd22kg.validation.verdict import Verdict

#: How RDF files are read, by their ending.
READERS = {
    ".nq": RdfFormat.N_QUADS,
    ".nt": RdfFormat.N_TRIPLES,
    ".trig": RdfFormat.TRIG,
    ".ttl": RdfFormat.TURTLE,
}
#: A file of more bytes is loaded into a store on disk, not in memory.
MAX_IN_MEMORY = 200 * 1024 * 1024
ENGINES = ("compiled", "pyshacl")


@dataclass(frozen=True)
class Data:
    """Data to be validated.

    Attributes:
        store: The store that holds them.
        source: What yields the quads with their authored digits, where there is something.
        name: The file they were read from; empty for a folder.
    """

    store: Store
    source: Source | None
    name: str = ""


@contextmanager
def open_data(path: Path, keep: Path | None = None) -> Iterator[Data]:
    """Open a file, a build folder or a store folder; what was loaded for it is cleared away at the end.

    Args:
        path: The data.
        keep: For a file, a folder for its store, which stays; it must be empty or missing.

    Raises:
        InputError: If the file cannot be read, or is not RDF.
        StoreError: If the folder holds no store.
    """
    if path.is_dir():
        with _open_folder(path) as data:
            yield data
        return
    reader = _reader(path)
    if keep is not None:
        if keep.exists() and any(keep.iterdir()):
            raise StoreError(f"there is something in {keep} already", hint="name a folder that is empty or missing")
        with OxigraphStore(keep) as store:
            store.bulk_load(reader())
            yield Data(store, reader, str(path))
    elif path.stat().st_size > MAX_IN_MEMORY:
        with TemporaryDirectory(prefix="cd22kg-") as folder, OxigraphStore(Path(folder)) as store:
            store.bulk_load(reader())
            yield Data(store, reader, str(path))
    else:
        # Read once: blank nodes without a label get another one at each reading.
        quads = tuple(reader())
        with OxigraphStore() as store:
            store.bulk_load(quads)
            yield Data(store, lambda: quads, str(path))


@contextmanager
def _open_folder(path: Path) -> Iterator[Data]:
    if is_store(path):
        with OxigraphStore(path, read_only=True) as store:
            yield Data(store, None)
    elif is_store(path / STORE):
        reader = _reader(path / NQUADS) if (path / NQUADS).is_file() else None
        with OxigraphStore(path / STORE, read_only=True) as store:
            yield Data(store, reader)
    else:
        raise StoreError(f"there is no store in {path}", hint="name an RDF file, a build folder or a store folder")


def _reader(path: Path) -> Callable[[], Iterator[Quad]]:
    form = READERS.get(path.suffix.lower())
    if not path.is_file():
        raise InputError("there is no such file", Location(str(path)), hint="check the path")
    if form is None:
        endings = ", ".join(READERS)
        raise InputError(f"`{path.suffix}` is no RDF that is read here", Location(str(path)), hint=f"one of: {endings}")

    def read() -> Iterator[Quad]:
        try:
            yield from parse(path=str(path), format=form, base_iri=path.resolve().as_uri())
        except SyntaxError as error:
            place = Location(str(path), error.lineno or 0, error.offset or 0)
            raise InputError(f"not valid RDF: {error.msg}", place, hint="mend the syntax there") from None
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read the file: {error}", Location(str(path)), hint="check it") from None

    return read


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
    if not Validator(shapes.quads).compiler.shapes.roots():
        raise InputError("no shape in it has a target", Location(str(path)), hint="give a shape a target")
    return shapes


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
        InputError: If a shape is malformed, or pySHACL is needed and cannot be used.
        QueryError: If the store gives up on a query.
    """
    if engine not in ENGINES:
        raise InputError(f"unknown engine `{engine}`", hint=f"one of: {', '.join(ENGINES)}")
    progress = progress or Progress()
    validator = Validator(shapes.quads)
    verdicts = Verdicts(data.store, shapes, validator.labels())
    with progress.step("validate") as say:
        if engine == "pyshacl":
            quads = data.source() if data.source else data.store.quads()
            found = validator.reference(quads, limit=limit, judge=verdicts.judge)
        else:
            found = validator.validate(data.store, data.source, limit=limit, judge=verdicts.judge)
        say(f"{sum(found.tally.counts.values())} results")
    rules = shape_rules(shapes)
    return Verdict(verdicts.report(found), found, rules, data=data.name)


def explain(data: Data, shapes: Shapes) -> str:
    """Return the queries that the shapes become for the data, and what is left to pySHACL, as text."""
    validator = Validator(shapes.quads)
    lines = [f"# {node}: left to pySHACL, as {why}\n" for node, why in validator.compiler.foreign.items()]
    lines += [f"# {check.name}\n{check.query}\n" for check in validator.plain_checks(data.store, None)]
    return "\n".join(lines)
