"""Answers as people take them: on a terminal, in a notebook, in a table program, in a paper."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

import cd22kg
from cd22kg.errors import OutputError, QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.namespaces import BASE
from cd22kg.queries import Result, library, result
from cd22kg.queries.columns import columns, fitted
from cd22kg.queries.paper import reference
from cd22kg.store import OxigraphStore, Table
from tests.conftest import Cli

XSD = "http://www.w3.org/2001/XMLSchema#"
HOSTILE = "<script>alert(1)</script>"


@cache
def graph() -> KnowledgeGraph:
    """Return the packaged graph."""
    return cd22kg.load()


def number(text: str, kind: str = "decimal") -> Literal:
    """Return a number as a store gives it."""
    return Literal(text, datatype=NamedNode(XSD + kind))


# On a terminal

WORDS = st.text(alphabet="abcde -1.é漢", max_size=40)
ROWS = st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(WORDS, min_size=n, max_size=n), min_size=2, max_size=6))


@settings(deadline=None)
@given(ROWS, st.integers(30, 120))
def test_a_table_fits_and_loses_no_word(rows: list[list[str]], width: int) -> None:
    """Whatever the texts, every word of every cell is there, whole, and lines are no longer than a word makes them."""
    rows[0] = [f"c{n}" for n in range(len(rows[0]))]
    text = fitted(rows, [False] * len(rows[0]), width)
    shown = text.split()

    for row in rows[1:]:
        for cell in row:
            assert [word for word in cell.split() if word not in shown] == []


def test_a_narrow_table_is_as_it_is() -> None:
    """What fits is not touched, but for columns that hold nothing, which are named."""
    rows = [["claim", "none", "n"], ["a", "", "1"], ["b", "", "10"]]

    assert fitted(rows, [False, True, True], 80) == "claim   n\n-----  --\na       1\nb      10\nnothing in none\n"
    assert columns(rows, [False, True, True]).startswith("claim  none   n\n")


def test_text_is_wrapped_within_its_column() -> None:
    """A long text goes over several lines, beside the other cells of its row."""
    rows = [["claim", "statement"], ["fry-2018-cr", "Twelve of twenty-one patients reached a complete remission."]]
    text = fitted(rows, [False, False], 40)

    assert text == (
        "claim        statement\n"
        "-----------  ---------------------------\n"
        "fry-2018-cr  Twelve of twenty-one\n"
        "             patients reached a complete\n"
        "             remission.\n"
    )


def test_what_does_not_fit_is_told_by_row() -> None:
    """Where the words alone are too wide each row is told by itself."""
    rows = [["claim", "cohort", "source"], ["a-long-name-of-a-claim", "a-long-name-of-a-cohort", ""], ["b", "c", "d"]]

    assert fitted(rows, [False] * 3, 30) == (
        "row 1\n"
        "  claim   a-long-name-of-a-claim\n"
        "  cohort  a-long-name-of-a-cohort\n"
        "\n"
        "row 2\n"
        "  claim   b\n"
        "  cohort  c\n"
        "  source  d\n"
    )


@pytest.mark.parametrize("question", [query.name for query in library()])
def test_questions_fit_a_terminal(question: str) -> None:
    """No answer is wider than a terminal of 100 columns, but where a single name or number is."""
    answer = graph().query(question)
    lines = answer.to_text("table", width=100).splitlines()
    words = max((len(word) for line in lines for word in line.split()), default=0)

    assert [line for line in lines if len(line) > max(100, words + 40)] == []


# In a notebook


def test_notebook_shows_links_and_no_markup() -> None:
    """Cells are escaped, IRIs are links, and a long table is cut with its length told."""
    rows = [(NamedNode(BASE + "claim/a"), Literal(HOSTILE))] * 300
    answer = Result(Table(("claim", HOSTILE), tuple(rows)), explanation=f"Read {HOSTILE}.")
    shown = answer._repr_html_()

    assert HOSTILE not in shown
    assert shown.count("<tr>") == result.MOST_SHOWN + 1
    assert f'<a href="{BASE}claim/a">a</a>' in shown
    assert f"{result.MOST_SHOWN} of 300 rows" in shown


def test_no_link_leaves_the_web() -> None:
    """An IRI that a browser would run is shown, and is no link."""
    shown = Result(Table(("x",), ((NamedNode("javascript:alert(1)"),),)))._repr_html_()

    assert "<a " not in shown
    assert "javascript:alert(1)" in shown


# In a table program


@pytest.mark.parametrize("library_name", ["pandas", "polars"])
def test_data_frame(library_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows become a data frame of whichever library there is; numbers are numbers, nothing is missing."""
    module = pytest.importorskip(library_name)
    monkeypatch.setattr(result, "find_spec", lambda name: name == library_name)
    table = Table(
        ("claim", "events", "value", "note"),
        (
            (NamedNode(BASE + "claim/a"), number("5", "integer"), number("68.1"), Literal("=1+1")),
            (NamedNode(BASE + "claim/b"), None, None, None),
        ),
    )
    frame = Result(table).to_frame()

    assert isinstance(frame, module.DataFrame)
    assert list(frame.columns) == ["claim", "events", "value", "note"]
    assert list(frame["claim"]) == ["a", "b"]
    assert frame["events"][0] == 5
    assert frame["value"][0] == 68.1
    assert frame["note"][0] == "=1+1"


def test_data_frame_of_a_question() -> None:
    """The answer to a question has the rows and columns of its table."""
    answer = graph().query("complete-response", indication="b-all")
    frame = answer.to_frame()

    assert frame.shape == (len(answer), len(answer.table().columns))


def test_without_a_library_of_data_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one it is said what to do."""
    monkeypatch.setattr(result, "find_spec", lambda name: None)
    with pytest.raises(QueryError, match="neither pandas nor polars"):
        graph().query("claims-per-source").to_frame()


def test_csv_is_written_to_a_file(tmp_path: Path) -> None:
    """The text is returned, and written whole; a folder that is not there is an error."""
    answer = graph().query("claims-per-source")
    text = answer.to_csv(tmp_path / "claims.csv")

    assert (tmp_path / "claims.csv").read_bytes() == text.encode()
    assert len(list(csv.DictReader(io.StringIO(text)))) == len(answer)
    assert answer.to_csv() == text
    with pytest.raises(OutputError):
        answer.to_csv(tmp_path / "none" / "claims.csv")


# In a paper


def test_paper_has_numbered_references() -> None:
    """Sources are numbers in the order of the table, each with its reference; figures keep the id of their claim."""
    answer = graph().query("complete-response", indication="b-all", therapy="cd22-mono-car-t")
    text = graph().paper(answer)
    table, _, rest = text.partition("\n\n")
    told, references = rest.split("\n\n")[:-1], rest.split("\n\n")[-1]
    numbers = [int(found) for found in re.findall(r"\[([0-9]+)\]", table)]
    first = list(dict.fromkeys(numbers))

    assert first == list(range(1, len(first) + 1))
    assert [int(line.partition(".")[0]) for line in references.splitlines()] == first
    assert "fry-2018-cr" in table
    assert told == [answer.wider, answer.explanation, "An index of published evidence, not medical guidance."]
    assert "source/" not in text
    assert re.search(
        r"^[0-9]+\. Fry, et al\. CD22-targeted .* Nature Medicine 24\(1\):20-28\. 2018\.", references, re.MULTILINE
    )


def test_paper_cites_the_sources_of_claims_that_are_repeated() -> None:
    """A claim of another source brings its reference along."""
    text = graph().paper(graph().query("article-claims"))
    row = next(line for line in text.splitlines() if "car-t-hope-s08-cr-nhl-mono" in line)
    number = re.search(r"fergusson-2023-p02 \[([0-9]+)\]", row)

    assert number is not None
    assert re.search(rf"^{number[1]}\. .*Fergusson", text, re.MULTILINE)


def test_paper_of_claims_alone_names_their_sources() -> None:
    """Where no column names a source one is added, of the sources that make the claims."""
    answer = graph().sparql("SELECT ?claim WHERE { ?claim cd22:source source:fry-2018 } ORDER BY ?claim LIMIT 2")
    lines = graph().paper(answer).splitlines()

    assert lines[0] == "| claim | reference |"
    assert lines[2].endswith("| [1] |")
    assert lines[-1].startswith("1. Fry")


def test_paper_without_a_source_is_a_table() -> None:
    """An answer that names neither claim nor source has no references."""
    answer = graph().sparql("SELECT (1 AS ?one) WHERE {}")

    assert graph().paper(answer) == answer.to_text("md")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, "[title not seen: a-source]."),
        ({"title": "Is it so?", "authors": "A B", "issued": "2020"}, "A B. Is it so? 2020."),
        ({"title": "News", "kind": "PressRelease", "url": "https://example.org/a"},
         "News [press release]. Available from: https://example.org/a."),
        ({"title": "A trial", "kind": "RegistryRecord", "registryId": "NCT00000001", "version": "2024-01-02"},
         "A trial [registry record]. Registry number NCT00000001, version of 2024-01-02."),
        ({"title": "T", "publishedIn": "J 1(2):3", "doi": "10.1/x", "pmid": "12", "pmcid": "PMC3", "url": "https://x.y"},
         "T. J 1(2):3. doi:10.1/x. PMID: 12. PMC3."),
    ],
)  # fmt: skip
def test_reference_holds_what_is_known(known: dict[str, str], expected: str) -> None:
    """A reference is put together from what the source is known by, and nothing else."""
    assert reference("a-source", known) == expected


def test_paper_on_the_command_line(cli: Cli) -> None:
    """The command writes it, too."""
    done = cli("query", "severe-toxicity", "-p", "therapy=m971-bbz", "--format", "paper")

    assert done.returncode == 0
    assert re.search(r"^1\. .+\.$", done.stdout, re.MULTILINE)


# What stands beside an answer


@pytest.mark.parametrize(("exact", "told"), [(False, True), (True, False)])
def test_wider_populations_are_told_of(exact: bool, told: bool, cli: Cli) -> None:
    """Figures of populations that hold those asked for are not shown, and it is said that there are some."""
    answer = graph().ask("severe-toxicity", {"therapy": "m971-bbz", "indication": "b-all"}, exact=exact)
    wide = graph().ask("severe-toxicity", {"therapy": "m971-bbz", "indication": "b-cell-malignancy"}, exact=True)
    done = cli("query", "severe-toxicity", "-p", "therapy=m971-bbz", "-p", "indication=b-all", *["--exact"] * exact)

    assert len(wide) > 0
    assert ("b-cell-malignancy" in answer.wider) == told
    assert (f"b-cell-malignancy ({len(wide)})" in done.stderr) == told
    assert {row["indication"].rpartition("/")[2] for row in answer} == {"b-all"}


def test_nothing_wider_is_told_without_a_population() -> None:
    """Who asks for every population, or the widest, misses none."""
    assert graph().query("severe-toxicity").wider == ""
    assert graph().query("severe-toxicity", indication="haematological-malignancy").wider == ""


# Nothing found


@pytest.mark.parametrize("names", [("therapy", "indication"), ("indication", "therapy")])
def test_empty_answer_tells_what_emptied_it(names: tuple[str, str], cli: Cli) -> None:
    """Where there are no rows it is said which value, of those given in their order, removed the last of how many."""
    values = {"therapy": "m971-bbz", "indication": "lbcl"}
    parameters = {name: values[name] for name in names}
    before = len(graph().ask("severe-toxicity", {names[0]: values[names[0]]}))
    answer = graph().ask("severe-toxicity", parameters)
    done = cli("query", "severe-toxicity", *(text for name in names for text in ("-p", f"{name}={values[name]}")))

    assert before > 1
    assert len(answer) == 0
    assert answer.emptied == f"`{names[1]}` removed the last of {before} rows"
    assert f"no rows: {answer.emptied}" in done.stderr


def test_answer_that_is_empty_anyway() -> None:
    """Where a graph has nothing to tell no value is to blame."""
    with KnowledgeGraph(OxigraphStore()) as empty:
        assert empty.query("claims-per-source").emptied == ""


def test_explanation_stands_beside_the_table(cli: Cli) -> None:
    """A person is told how to read the answer; a program is not."""
    explanation = next(query.explanation for query in library() if query.name == "relapse")
    done, data = cli("query", "relapse"), cli("query", "relapse", "--format", "csv")

    assert explanation in done.stderr
    assert explanation not in done.stdout
    assert explanation not in data.stderr
    assert graph().query("relapse").explanation == explanation


def test_frames_are_optional() -> None:
    """The package does not need a library of data frames."""
    assert not {"pandas", "polars"} & set(vars(import_module("cd22kg.queries.result")))
