"""Synthetic graphs: the shape of ours at any size, sound figures, faults only where they are listed."""

from __future__ import annotations

import gzip
import io
import re
import signal
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, takewhile
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, parse

from cd22kg.errors import Cd22kgError
from cd22kg.graph import KnowledgeGraph
from cd22kg.model import CLAIM_TYPES
from cd22kg.namespaces import BASE, CD22, GRAPH_CLAIMS, GRAPH_INFERRED, GRAPH_ONTOLOGY, STANDARD_PREFIXES
from cd22kg.queries import library
from cd22kg.rdf import graph_of, read_ontology
from cd22kg.reasoning import apply_rules, classify, read_rules
from cd22kg.statistics import wilson_interval
from cd22kg.store import OxigraphStore
from cd22kg.synth import Summary, synthesize
from cd22kg.synth.figures import SPREAD, draw_events
from cd22kg.synth.pairs import INDICATIONS, OUTCOMES, place_of
from cd22kg.synth.plants import PLANTS
from cd22kg.validation import read_shapes, validate
from tests.conftest import Cli, clean_environment

_TYPE = STANDARD_PREFIXES["rdf"] + "type"
_TITLE = STANDARD_PREFIXES["dcterms"] + "title"


class Graph:
    """A synthetic graph with its quads and the list of what is planted."""

    def __init__(self, claims: int, seed: int, *, violations: float = 0.0, conflicts: float = 0.0) -> None:
        out, planted = io.BytesIO(), io.StringIO()
        self.summary: Summary = synthesize(
            claims, seed, out, violations=violations, conflicts=conflicts, planted=planted
        )
        self.data = out.getvalue()
        self.quads = tuple(parse(self.data, format=RdfFormat.N_QUADS))
        self.rows = [line.split("\t") for line in planted.getvalue().splitlines()]

    def planted(self, kind: str) -> list[tuple[str, ...]]:
        """Return the rows of one kind, without it."""
        return [tuple(row[1:]) for row in self.rows[1:] if row[0] == kind]

    def of_class(self, name: str) -> set[str]:
        """Return the IRIs of what is stated to be of a class of ours, in the graphs of claims."""
        return {
            subject(quad)
            for quad in self.quads
            if quad.predicate.value == _TYPE and value(quad) == CD22 + name and graph_of(quad).startswith(GRAPH_CLAIMS)
        }


def subject(quad: Quad) -> str:
    """Return the IRI of a quad's subject; empty for a blank node."""
    return quad.subject.value if isinstance(quad.subject, NamedNode) else ""


def value(quad: Quad) -> str:
    """Return the IRI or text of a quad's object."""
    return quad.object.value if isinstance(quad.object, NamedNode | Literal) else ""


def things(quads: Iterable[Quad]) -> dict[str, dict[str, list[str]]]:
    """Return what is said of each thing, by property of ours."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for quad in quads:
        found[subject(quad)][quad.predicate.value.removeprefix(CD22)].append(value(quad))
    return found


@pytest.fixture(scope="module")
def clean() -> Graph:
    """Return a graph of a thousand claims with nothing planted."""
    return Graph(1000, 1)


@pytest.fixture(scope="module")
def faulty() -> Graph:
    """Return a graph with every kind of plant."""
    return Graph(360, 5, violations=0.15, conflicts=0.02)


def shares(graph: Graph | KnowledgeGraph) -> dict[str, float]:
    """Return how often each class and property occurs per claim in the graphs of claims."""
    stated = [quad for quad in graph.quads if graph_of(quad).startswith(GRAPH_CLAIMS)]
    counts = Counter(f"a {value(quad)}" if quad.predicate.value == _TYPE else quad.predicate.value for quad in stated)
    claims = sum(counts[f"a {CD22}{name}"] for name in CLAIM_TYPES)
    return {name: count / claims for name, count in counts.items()}


def test_it_holds_the_claims_asked_for(clean: Graph) -> None:
    """The number of claims is exact, each quad is there once, and the counts told are those of the file."""
    claims = set().union(*(clean.of_class(name) for name in CLAIM_TYPES))

    assert (len(claims), clean.summary.claims) == (1000, 1000)
    assert (len(set(clean.quads)), len(clean.data)) == (clean.summary.quads, clean.summary.bytes)
    assert len(clean.quads) == clean.summary.quads


def test_it_keeps_the_shape(clean: Graph, kg: KnowledgeGraph) -> None:
    """Classes and properties are those of the packaged claims, each about as often per claim."""
    ours, real = shares(clean), shares(kg)
    # Inconsistencies of the literature are not copied; relations need something earlier to lead to.
    gone = {CD22 + name for name in ("brokenRule", "publishedInconsistency")} | {f"a {CD22}PublishedInconsistency"}

    assert set(ours) <= set(real)
    assert gone >= set(real) - set(ours)
    assert sum(ours.values()) == pytest.approx(sum(real.values()), rel=0.03)
    often = {name: share for name, share in real.items() if share > 0.2 and name != CD22 + "about"}
    assert {name: pytest.approx(share, rel=0.12) for name, share in often.items()} == {n: ours[n] for n in often}


def test_only_the_ontology_has_blank_nodes(clean: Graph) -> None:
    """Claims, vocabulary and inferred triples have IRIs only, so lines can be sorted and compared."""
    blank = {graph_of(quad) for quad in clean.quads if {BlankNode} & {type(quad.subject), type(quad.object)}}

    assert {GRAPH_ONTOLOGY} == blank


@pytest.mark.parametrize(("claims", "seed", "rate"), [(1000, 1, 0.0), (400, 2, 0.1), (400, 3, 0.8)])
def test_the_inferred_graph_is_what_the_rules_derive(claims: int, seed: int, rate: float) -> None:
    """The rules derive from the stated part exactly the inferred part, with plants and without."""
    graph = Graph(claims, seed, violations=rate, conflicts=rate / 2)
    inferred = {quad for quad in graph.quads if graph_of(quad) == GRAPH_INFERRED}
    classified = classify(read_ontology().quads).quads()
    with OxigraphStore() as store:
        store.bulk_load(quad for quad in graph.quads if quad not in inferred)
        store.load(classified)
        derived = {*classified, *apply_rules(store, read_rules())}

    assert set() == derived ^ inferred
    assert graph.summary.violations == len(graph.planted("violation"))
    assert graph.summary.conflicts == len(graph.planted("conflict"))


@pytest.mark.parametrize(("seed", "claims"), [(2, 150), pytest.param(4, 1000, marks=pytest.mark.slow)])
def test_nothing_is_wrong_without_plants(seed: int, claims: int) -> None:
    """A graph without plants conforms, without a warning or a note."""
    assert validate(Graph(claims, seed).quads, read_shapes()).findings == ()


def violations(graph: Graph) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the rules and nodes that validation finds, and those that are listed."""
    found = {(finding.rule, finding.focus) for finding in validate(graph.quads, read_shapes()).findings}
    return found, {(rule, focus) for rule, focus, _ in graph.planted("violation")}


def test_the_planted_violations_are_found(faulty: Graph) -> None:
    """Validation finds what the list names, each rule at least once, and nothing else."""
    found, listed = violations(faulty)

    assert found == listed
    assert {plant.rule for plant in PLANTS} == {rule for rule, _ in listed}
    assert len(listed) == int(360 * 0.15)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "rate"), [(1, 0.08), (2, 1.0)])
def test_many_planted_violations_are_found(seed: int, rate: float) -> None:
    """So it is among a thousand claims, and when every claim is to have a fault."""
    found, listed = violations(Graph(1000, seed, violations=rate, conflicts=0.01))

    assert found == listed


def intervals(graph: Graph) -> Iterator[tuple[tuple[str, ...], str, float, float]]:
    """Yield what each share is on, its claim and its interval in percent: as printed, or from the counts."""
    said = things(graph.quads)
    for name, claim in said.items():
        figure = said.get(f"{name}#measurement", {})
        if figure.get("statistic", [""])[0].rpartition("/")[2] not in ("proportion", "rate-at-time"):
            continue
        scale = 100 if figure.get("unit", [""])[0].endswith("percent") else 1
        if "lower" in figure and "upper" in figure:
            low, high = (float(figure[limit][0]) / scale for limit in ("lower", "upper"))
        elif "events" in figure and "total" in figure:
            low, high = wilson_interval(int(figure["events"][0]), int(figure["total"][0]))
        else:
            continue
        on = [claim.get(key, [""])[0] for key in ("therapy", "indication", "outcome")]
        yield (*on, *(figure.get(key, [""])[0] for key in ("timepoint", "timepointUnit"))), name, low, high


@pytest.mark.parametrize("seed", [1, 2])
def test_the_planted_conflicts_are_the_only_ones(seed: int) -> None:
    """Of all claims on the same thing, those disagree beyond their intervals that the list names."""
    graph = Graph(3000, seed, conflicts=0.02)
    groups = defaultdict(list)
    for key, name, low, high in intervals(graph):
        groups[key].append((name, low, high))
    apart = {
        frozenset((one[0], other[0]))
        for group in groups.values()
        for one, other in combinations(group, 2)
        if one[2] < other[1] or other[2] < one[1]
    }

    assert apart == {frozenset((one, other)) for _, one, other in graph.planted("conflict")}
    assert len(apart) == 60
    assert max(map(len, groups.values())) > 10


def test_pairs_have_a_subject_of_their_own() -> None:
    """No two pairs are on the same therapy, indication, outcome and day."""
    places = [place_of(number, 7) for number in range(5000)]

    assert len(set(places)) == len(places)
    assert {(outcome, indication) for outcome, _, indication, _ in places} == {
        (outcome, indication) for outcome in range(len(OUTCOMES)) for indication in INDICATIONS
    }


def test_an_interval_covers_the_true_rate() -> None:
    """Drawn events lie where the 95% interval holds the true rate; more is drawn for a higher rate."""
    rates = [number / 100 for number in range(2, 99)]
    for total in (*range(1, 60), 100, 333, 5000):
        for deviation in (-SPREAD, -0.5, 0.0, 0.9, SPREAD):
            events = [draw_events(total, rate, deviation) for rate in rates]
            for rate, drawn in zip(rates, events, strict=True):
                low, high = wilson_interval(drawn, total)
                assert low <= rate <= high, (total, rate, deviation)


@pytest.mark.parametrize("seed", [1, 7, 13])
def test_figures_are_sound(seed: int) -> None:
    """Events are within the total, totals within the cohort, values within intervals, shares within 100 percent."""
    said = things(Graph(2000, seed).quads)
    for name, claim in said.items():
        figure = said.get(f"{name}#measurement")
        if figure is None:
            continue
        events, total = (int(figure.get(key, ["0"])[0]) for key in ("events", "total"))
        cohort = said.get(claim.get("cohort", [""])[0], {})
        assert events <= total or "total" not in figure
        if "size" in cohort and figure.get("countedUnit", [""])[0].endswith("/patient"):
            assert max(events, total) <= int(cohort["size"][0])
        low, number, high = (float(figure[key][0]) if key in figure else None for key in ("lower", "value", "upper"))
        assert (low or 0.0) <= (number or high or low or 0.0)
        assert number is None or high is None or number <= high
        if figure.get("unit", [""])[0].endswith("percent") and number is not None:
            assert 0 <= number <= 100
            assert figure["asPrinted"][0].startswith(f"{figure['value'][0]}%")


def test_nobody_takes_it_for_evidence(clean: Graph) -> None:
    """Names, titles, statements and the dataset itself say that they are synthetic; no identifier can be a real one."""
    said = things(clean.quads)
    (description,) = said[BASE][STANDARD_PREFIXES["dcterms"] + "description"]
    claims = [thing for thing in said.values() if "statement" in thing]
    identifiers = [
        (key, text) for thing in said.values() for key in ("doi", "pmid", "pmcid", "registryId") for text in thing[key]
    ]
    real = {"doi": r"10\.5555/cd22kg-synth\..*", "pmid": r"9\d{8}", "pmcid": r"PMC9\d{8}", "registryId": r"NCT9\d{7}"}
    named = {subject(quad) for quad in clean.quads if graph_of(quad).startswith(GRAPH_CLAIMS)}

    assert "nothing here is evidence" in description
    assert said[BASE][_TITLE][0] == "Synthetic graph in the shape of cd22kg"
    assert [c["statement"] for c in claims if not re.match(r"Synthetic claim \d+, not evid", c["statement"][0])] == []
    titles = [title for name, t in said.items() for title in t[_TITLE] if name.startswith(BASE + "s")]
    assert [title for title in titles if not title.startswith("Synthetic ")] == []
    assert len(titles) > 100
    assert [found for found in identifiers if not re.fullmatch(real[found[0]], found[1])] == []
    assert len(identifiers) > 100
    assert [name for name in named if not re.match(rf"{BASE}(claim|cohort|source|study)/synth-\d{{8}}-", name)] == []


def test_no_text_of_the_literature_is_copied(clean: Graph, kg: KnowledgeGraph) -> None:
    """Of the texts of the packaged claims only names of countries, fields and curated dates come back."""

    def texts(quads: Sequence[Quad]) -> set[str]:
        stated = (quad for quad in quads if graph_of(quad).startswith(GRAPH_CLAIMS))
        return {value(q) for q in stated if isinstance(q.object, Literal) and len(value(q)) > 16}

    assert set() == texts(clean.quads) & texts(kg.quads)


def test_the_questions_of_the_library_have_rows(clean: Graph) -> None:
    """Every question that needs no name of a real thing is answered."""
    graph = KnowledgeGraph(OxigraphStore(), clean.quads)
    graph.store.bulk_load(clean.quads)
    naming = {"article-claims", "changes", "provenance"}
    questions = [found for found in library() if found.name not in naming]

    assert {q.name: 0 for q in questions if len(graph.ask(q.name, _all(q.parameters))) == 0} == {}


def _all(parameters: Iterable[object]) -> dict[str, str]:
    return {"indication": "all"} if any(getattr(p, "name", "") == "indication" for p in parameters) else {}


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    """All copies but the last ones are the same for a larger number of claims; another seed gives another graph."""
    short, long, other = (Graph(claims, seed, violations=0.01) for claims, seed in ((400, 3), (900, 3), (400, 4)))
    lines = zip(short.data.splitlines(), long.data.splitlines(), strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], lines))

    assert shared > 0.9 * short.summary.quads
    assert short.data != other.data


@pytest.mark.parametrize("claims", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_small_graphs(claims: int, rate: float) -> None:
    """Any number of claims is met, whatever the rates; nothing leads to a claim that is not there."""
    graph = Graph(claims, claims, violations=rate, conflicts=rate)
    there = set().union(*(graph.of_class(name) for name in CLAIM_TYPES))
    targets = {value(q) for q in graph.quads if q.predicate.value in {CD22 + "target", CD22 + "subjectClaim"}}

    assert claims == len(there)
    assert set() == targets - there


@pytest.mark.parametrize(
    ("claims", "rates", "said"),
    [
        (0, (0.0, 0.0), "0 claims cannot be made"),
        (100_000_001, (0.0, 0.0), "100000001 claims cannot be made"),
        (1, (1.1, 0.0), "1.1 violations per claim cannot be planted"),
        (1, (0.0, -0.1), "-0.1 conflicts per claim cannot be planted"),
        (1, (float("nan"), 0.0), "nan violations per claim cannot be planted"),
    ],
)
def test_numbers_out_of_range(claims: int, rates: tuple[float, float], said: str) -> None:
    """Numbers that make no graph are told apart before anything is written."""
    out = io.BytesIO()
    with pytest.raises(Cd22kgError, match=re.escape(said)):
        synthesize(claims, 0, out, violations=rates[0], conflicts=rates[1])

    assert out.getvalue() == b""


class _Nowhere(io.BytesIO):
    """A file that keeps nothing."""

    def write(self, data: object) -> int:
        return len(bytes(data)) if isinstance(data, bytes) else 0


def _peak(claims: int) -> int:
    tracemalloc.start()
    try:
        synthesize(claims, 1, _Nowhere(), violations=0.01, conflicts=0.01)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow() -> None:
    """Ten times the claims take no more memory, but for what is kept of intervals."""
    small, large = _peak(10_000), _peak(100_000)

    assert large < 1.1 * small + 2_000_000


def test_the_meter_comes_to_the_end() -> None:
    """The meter is told how many claims are written, up to the last."""
    told: list[tuple[int, int]] = []
    synthesize(25_000, 1, _Nowhere(), meter=lambda done, total: told.append((done, total)))

    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (25_000, 25_000)
    assert len(told) == 3


def test_the_command_writes_the_same_bytes_anywhere(cli: Cli, tmp_path: Path) -> None:
    """Hash seed, locale and time zone change nothing; the compressed graph is the same graph."""
    for number, env in enumerate(
        ({"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Asia/Tokyo"}, {"PYTHONHASHSEED": "2", "TZ": "America/Lima"})
    ):
        done = cli("synth", "-n", "500", "--violations", "0.02", "-o", tmp_path / f"{number}.nq", env=env)
        assert (done.returncode, done.stdout) == (0, "")
    done = cli("synth", "-n", "500", "--violations", "0.02", "-o", tmp_path / "2.nq.gz", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    data = [(tmp_path / f"{number}.nq").read_bytes() for number in (0, 1)]
    lists = {(tmp_path / f"{name}.planted.tsv").read_text() for name in ("0.nq", "1.nq", "2.nq.gz")}
    assert data[0] == data[1] == gzip.decompress((tmp_path / "2.nq.gz").read_bytes())
    assert (len(lists), lists.pop().count("violation\t") + 1) == (1, 11)
    assert {f"{n}.nq{end}" for n in (0, 1) for end in ("", ".planted.tsv")} | {"2.nq.gz", "2.nq.gz.planted.tsv"} == {
        path.name for path in tmp_path.iterdir()
    }


def test_the_command_writes_to_stdout(cli: Cli) -> None:
    """Without a file the lines go to stdout, what is told to stderr."""
    done = cli("synth", "-n", "30")

    assert done.returncode == 0
    assert done.stdout.startswith("<") or done.stdout.startswith("_:")
    assert "30 claims in" in done.stderr


def _process(*args: str, stdout: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cd22kg", "synth", *args]
    return subprocess.Popen(command, env=clean_environment(), stdout=stdout, stderr=subprocess.PIPE)


def test_a_reader_that_goes_ends_it_quietly() -> None:
    """`| head` is no error."""
    with _process("-n", "1000000", "-q", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read() if process.stderr else b""

    assert (process.returncode, error) == (0, b"")


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    """After Ctrl-C there is no file, not even half of one, and the exit code says so."""
    with _process("-n", "10000000", "-o", str(tmp_path / "x.nq"), stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        error = process.stderr.read()

    assert (process.returncode, error.splitlines()[-1]) == (130, b"interrupted")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("-n", "0"), "0 claims cannot be made"),
        (("-n", "5", "--conflicts", "7"), "7.0 conflicts per claim cannot be planted"),
        (("-n", "5", "-o", "none/x.nq"), "cannot write none/x.nq"),
        (("-n", "5", "-o", "x.ttl"), "`x.ttl` names no format"),
        (("-n", "5", "--planted", "none/x.tsv"), "cannot write none/x.tsv"),
        (("-n", "five"), "Invalid value"),
        ((), "Missing option"),
    ],
)
def test_the_command_could_not_run(args: Sequence[str], said: str, cli: Cli, tmp_path: Path) -> None:
    """Wrong arguments are told, without a traceback and without a file."""
    done = cli("synth", *args, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_no_space_left() -> None:
    """A full disk is told, not half swallowed."""
    with Path("/dev/full").open("wb") as full, _process("-n", "50", stdout=full.fileno()) as process:
        error = process.stderr.read() if process.stderr else b""

    assert process.returncode == 2
    assert b"cannot write the graph: No space left on device" in error


def test_list_and_graph_are_two_files(cli: Cli, tmp_path: Path) -> None:
    """The list of what is planted may not go where the graph goes."""
    done = cli("synth", "-n", "10", "-o", "a.nq", "--planted", "./a.nq", cwd=tmp_path)

    assert done.returncode == 2
    assert "go to one file" in done.stderr
    assert list(tmp_path.iterdir()) == []
