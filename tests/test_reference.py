"""The reference pages, the class diagram and the published forms of the ontology say what the ontology says."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
import rdflib
from pyoxigraph import CanonicalizationAlgorithm, Dataset, Quad, RdfFormat, parse
from rdflib.compare import isomorphic

import cd22kg
from cd22kg.errors import QueryError
from cd22kg.export.diagram import ARROWS, BOXES, BRANCHES
from cd22kg.export.forms import FORMS, export_ontology, ontology_quads
from cd22kg.export.markdown import anchor
from cd22kg.export.reference import reference_files
from cd22kg.export.termbook import TermBook
from cd22kg.namespaces import BASE, CD22, STANDARD_PREFIXES
from cd22kg.rdf import read_alignment, to_rdflib
from tests.conftest import Cli, clean_environment
from tests.test_ontology import CONCEPTS, ROOT, SCHEMES, TERMS, short, values

FOLDER = ROOT / "docs" / "reference"
FILES = ("classes.svg", "concepts.md", "ontology.md", "queries.md", "rules.md")
PAGES = ("concepts.md", "ontology.md", "queries.md", "rules.md")
SKOS, RDFS, OWL, TYPE = (
    *(STANDARD_PREFIXES[prefix] for prefix in ("skos", "rdfs", "owl")),
    STANDARD_PREFIXES["rdf"] + "type",
)
SVG = "{http://www.w3.org/2000/svg}"
#: Each form with the names that the two readers give it.
READERS = {
    "ttl": (RdfFormat.TURTLE, "turtle"),
    "rdfxml": (RdfFormat.RDF_XML, "xml"),
    "jsonld": (RdfFormat.JSON_LD, "json-ld"),
}


@cache
def book() -> TermBook:
    """Return the terms of the graph."""
    return TermBook.of(cd22kg.load().quads)


def page(name: str) -> str:
    """Return a file of the reference."""
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def headings(name: str) -> list[str]:
    """Return the headings of a page."""
    return re.findall(r"^#+ (.*)$", page(name), re.MULTILINE)


@cache
def sections() -> dict[str, str]:
    """Return the text below each third-level heading of the ontology page."""
    parts = re.split(r"^### (.*)$", page("ontology.md"), flags=re.MULTILINE)
    return {
        name: re.split(r"^## ", text, flags=re.MULTILINE)[0]
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def unmarked(text: str) -> str:
    """Return a text of a page without the marks that shield it from Markdown."""
    return re.sub(r"\\(.)", r"\1", text)


# The pages


@pytest.mark.parametrize("name", FILES)
def test_reference_is_up_to_date(name: str, kg: cd22kg.KnowledgeGraph) -> None:
    """The files are what the graph gives; `make generated` writes them."""
    files = reference_files(kg.quads, kg.ask)

    assert sorted(files) == sorted(FILES)
    assert page(name) == files[name]


@pytest.mark.parametrize("term", TERMS, ids=short)
def test_term_has_heading_and_definition(term: str) -> None:
    """Each class and property has a section of its own, with label, name, definition, notes and an example."""
    name = short(term).removeprefix("ontology#")
    kind = "Class" if OWL + "Class" in values(term, TYPE) else "Property"
    text = unmarked(sections()[f"{kind} {name}"])

    for predicate in (RDFS + "label", SKOS + "definition", SKOS + "note", RDFS + "comment"):
        assert [value for value in values(term, predicate) if value not in text] == []
    assert f"`cd22:{name}`" in text
    assert "\n- example: " in text


def test_page_has_no_other_terms() -> None:
    """A section for every term, and for nothing else, in alphabetical order within its part."""
    names = [heading.split(" ")[1] for heading in sections()]

    assert sorted(names) == sorted(term.removeprefix(CD22) for term in TERMS)
    for part in re.split(r"^## ", page("ontology.md"), flags=re.MULTILINE):
        found = [name.lower() for name in re.findall(r"^### \w+ (\w+)$", part, re.MULTILINE)]
        assert found == sorted(found)


@pytest.mark.parametrize("name", PAGES)
def test_headings_differ(name: str) -> None:
    """No two headings of a page have one anchor, so that each link has one place to lead to."""
    anchors = [anchor(heading) for heading in headings(name)]

    assert len(anchors) == len(set(anchors))


def anchor_found(name: str, heading: str) -> bool:
    """Return whether a page of the reference has a heading that a link can reach by this name."""
    return heading in {anchor(found) for found in headings(name)}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_works(name: str) -> None:
    """A link within the checkout finds its file and, where it names one, its heading."""
    links = {link for link in re.findall(r"\]\(([^)]+)\)", page(name)) if not link.startswith(("http:", "https:"))}

    def works(link: str) -> bool:
        file, _, heading = link.partition("#")
        if heading:
            return anchor_found(file or name, heading)
        return (FOLDER / file).exists()

    assert len(links) > 20
    assert sorted(link for link in links if not works(link)) == []


@pytest.mark.parametrize("scheme", SCHEMES, ids=short)
def test_concept_list_is_complete(scheme: str) -> None:
    """Each list has a heading, and a row with slug, name and definition for each of its concepts."""
    (label,) = values(scheme, RDFS + "label")
    (text,) = re.findall(rf"^## {re.escape(label)}$(.*?)(?=^## |\Z)", page("concepts.md"), re.MULTILINE | re.DOTALL)
    rows = [row for row in unmarked(text).splitlines() if row.startswith("| `")]
    members = [concept for concept in CONCEPTS if scheme in values(concept, SKOS + "inScheme")]

    assert [row.split("`")[1] for row in rows] == [member.partition(BASE)[2].partition("/")[2] for member in members]
    for row, member in zip(rows, members, strict=True):
        assert values(member, SKOS + "prefLabel")[0] in row
        assert values(member, SKOS + "definition")[0] in row


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        ("Class DualTargetTherapy", "is exactly: TherapyProduct and (targets exactly 2)"),
        ("Class Antigen", "is a: Concept"),
        ("Class TherapyGroup", "disjoint with: TherapyProduct"),
        ("Property antigen", "follows from the chain: therapy o targets"),
        ("Property supersedes", "inverse of: supersededBy"),
        ("Property subsetOf", "is: transitive"),
        ("Property registryId", "from: Source or Study"),
        (
            "Property therapy",
            "key of claim files: `therapy` of Claim, PooledClaim (required), ComparisonClaim (required)",
        ),
        ("Property relation", "key of claim files: `relations` of Claim"),
        ("Property source", "key of claim files: none, the file says it"),
        ("Property subsetOf", "rules: subset-transitive"),
        ("Property trialStatus", "to: TrialStatus"),
    ],
)
def test_section_says(heading: str, line: str) -> None:
    """What axioms, model and rules say of a term stands in its section."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", sections()[heading])

    assert f"- {line}\n" in text


def test_sections_name_shapes_questions_and_alignment() -> None:
    """A term has its shapes with their severity, the questions that use it, and what it is elsewhere."""
    text = sections()["Property measuredAntigen"] + sections()["Property therapy"] + sections()["Class Claim"]

    assert "[claim-therapy-class](../../shapes/claim.ttl) (violation)" in text
    assert "[claim-antigen-targeted-group](../../shapes/claim-consistency.ttl) (warning)" in text
    assert "[therapies](../../queries/therapies.rq)" in text
    assert "rdfs:subClassOf [statement](http://purl.obolibrary.org/obo/SEPIO_0000174)" in text


def test_example_is_the_first_that_is_stated() -> None:
    """The example of a term is the first by IRI, and a stated one where there is one."""
    quad = book().examples["doi"]
    others = [q for q in book().quads if q.predicate.value == CD22 + "doi"]

    assert quad.subject == min((q.subject for q in others), key=str)
    assert "(inferred)" not in sections()["Property doi"]
    assert "(inferred)" in sections()["Class DualTargetTherapy"]


# The diagram


@cache
def drawing() -> ElementTree.Element:
    """Return the diagram."""
    return ElementTree.fromstring(page("classes.svg"))  # noqa: S314  # our own file


def frames() -> dict[str, tuple[float, float, float, float]]:
    """Return the edges of each box by the name of its class."""
    found = {}
    for group in drawing().findall(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        found[group.attrib["id"]] = (x, y, x + width, y + height)
    return found


def touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Return whether two boxes share more than nothing."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def text_frame(text: ElementTree.Element, size: float) -> tuple[float, float, float, float]:
    """Return the room that a line of text takes, rather too much than too little."""
    width = len(text.text or "") * size * 0.58
    x, y = float(text.attrib["x"]), float(text.attrib["y"])
    left = x if text.attrib["class"] in ("own", "kinds", "legend") else x - width / 2
    return left, y - size, left + width, y + size * 0.25


def test_diagram_is_described() -> None:
    """Who cannot see the picture is told what it shows."""
    title, description = drawing().find(f"{SVG}title"), drawing().find(f"{SVG}desc")
    labels = drawing().attrib["aria-labelledby"].split()

    assert title is not None
    assert description is not None
    assert (title.text, bool(description.text)) == ("The main classes of the cd22kg ontology", True)
    assert (drawing().attrib["role"], labels) == ("img", [title.attrib["id"], description.attrib["id"]])
    assert "prefers-color-scheme: dark" in page("classes.svg")


def test_diagram_draws_classes_of_the_ontology() -> None:
    """Each box is a class there is, and the main classes are all drawn."""
    kinds = {"AssociationClaim", "ComparisonClaim", "PooledClaim", "ResultClaim", "StatementClaim"}
    main = {"Antigen", "Claim", "ClaimRelation", "Cohort", "Indication", "Measurement", "Outcome", "Source", "Study"}

    assert set(frames()) <= set(book().classes)
    assert set(frames()) >= main | kinds | {"TherapyGroup", "TherapyProduct"}
    assert set(frames()) == {box.name for box in BOXES}


def test_arrows_are_axioms() -> None:
    """Each arrow is a property with the domain and range it is drawn between, each branch a subclass axiom."""
    for arrow in ARROWS:
        assert arrow.start in " ".join(book().said(arrow.name, "rdfs:domain"))
        assert book().said(arrow.name, "rdfs:range") == (f"cd22:{arrow.end}",)
    for branch in BRANCHES:
        assert branch.start in book().subclasses(branch.end)


def test_boxes_and_labels_do_not_overlap() -> None:
    """No box covers another, no label a box or a label, and the text of a box stays inside it."""
    labels = {t.text: text_frame(t, 13) for t in drawing().findall(f"{SVG}text") if t.attrib["class"] == "label"}
    rest = [text_frame(t, 12) for t in drawing().findall(f"{SVG}text") if t.attrib["class"] == "legend"]
    every = [*frames().values(), *labels.values(), *rest]
    _, _, width, height = map(float, drawing().attrib["viewBox"].split())

    assert [pair for pair in itertools.combinations(every, 2) if touch(*pair)] == []
    assert [f for f in every if f[0] < 0 or f[1] < 0 or f[2] > width or f[3] > height] == []
    for group in drawing().findall(f"{SVG}g"):
        left, top, right, bottom = frames()[group.attrib["id"]]
        for text in group.findall(f"{SVG}text"):
            inner = text_frame(text, 15 if text.attrib["class"] == "name" else 12)
            assert (inner[0] >= left, inner[1] >= top, inner[2] <= right, inner[3] <= bottom) == (True,) * 4, text.text


# The forms


def canonical(quads: Dataset | list[Quad]) -> list[str]:
    """Return the triples as lines with canonical blank nodes."""
    dataset = Dataset(Quad(q.subject, q.predicate, q.object) for q in quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(map(str, dataset))


def test_every_form_has_a_reader() -> None:
    """A new form must be read back too."""
    assert set(FORMS) == set(READERS)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib's own reader of JSON-LD uses it
@pytest.mark.parametrize("alignment", [False, True], ids=["core", "alignment"])
@pytest.mark.parametrize("form", READERS)
def test_form_reads_back(form: str, alignment: bool) -> None:
    """Two readers find the triples of the files in each form."""
    text = export_ontology(form, alignment=alignment)
    quads = ontology_quads(alignment=alignment)

    assert canonical(list(parse(text, format=READERS[form][0]))) == canonical(list(quads))
    assert isomorphic(rdflib.Graph().parse(data=text, format=READERS[form][1]), to_rdflib(quads))


def test_alignment_adds_everything_but_a_second_header() -> None:
    """With the alignment a document has its triples, and still describes one ontology."""
    core, whole = ({q.triple for q in ontology_quads(alignment=wanted)} for wanted in (False, True))
    added = {q.triple for q in read_alignment() if str(q.subject) != f"<{BASE}ontology/alignment>"}
    headers = [t for t in whole if str(t.object) == f"<{OWL}Ontology>"]

    assert {str(t) for t in added} <= {str(t) for t in whole}
    assert len(whole) > len(core)
    assert len(headers) == 1


@pytest.mark.parametrize("form", READERS)
def test_form_does_not_depend_on_the_run(form: str) -> None:
    """Two processes with different hash seeds write the same bytes."""
    code = f"from cd22kg.export.forms import export_ontology; print(export_ontology({form!r}, alignment=True), end='')"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**clean_environment(), "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert found == {export_ontology(form, alignment=True).encode()}


def test_unknown_form() -> None:
    """A form that there is not names those that there are."""
    with pytest.raises(QueryError, match="one of: ttl, rdfxml, jsonld"):
        export_ontology("owl")


# The commands


@pytest.mark.parametrize("form", READERS)
def test_export_ontology(form: str, cli: Cli, tmp_path: Path) -> None:
    """The command writes a form to a file or to the output, the same bytes."""
    target = tmp_path / "ontology"
    printed = cli("export", "ontology", "--format", form)
    written = cli("export", "ontology", "--format", form, "-o", target)

    assert (printed.returncode, printed.stderr, written.returncode, written.stdout) == (0, "", 0, "")
    assert printed.stdout == target.read_text(encoding="utf-8") == export_ontology(form)


def test_export_ontology_with_alignment(cli: Cli) -> None:
    """The alignment comes on request; Turtle is the default."""
    done = cli("export", "ontology", "--alignment")

    assert (done.returncode, done.stdout) == (0, export_ontology(alignment=True))


def test_export_reference(cli: Cli, tmp_path: Path) -> None:
    """The command writes the pages and the diagram into a folder, which it makes."""
    done = cli("export", "reference", "-o", tmp_path / "new" / "reference")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new" / "reference").iterdir()} == {
        name: page(name) for name in FILES
    }


def test_export_reference_to_a_file(cli: Cli, tmp_path: Path) -> None:
    """A file where the folder should be is told, and left alone."""
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    done = cli("export", "reference", "-o", tmp_path / "taken")

    assert (done.returncode, (tmp_path / "taken").read_text(encoding="utf-8")) == (2, "mine")
    assert done.stderr.startswith("could not run: ")
