"""The mapping table: well formed, complete, true to the evidence and to the outside ontologies, and faults placed."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

import pytest
import sssom_pydantic

import cd22kg
from cd22kg.errors import DataError, InputError
from cd22kg.model import Concept, Vocabulary
from cd22kg.namespaces import OUTSIDE_PREFIXES, PREFIXES, STANDARD_PREFIXES
from cd22kg.rdf import read_ontology
from cd22kg.rdf.mappings import COLUMNS, Mapping, read_mappings
from cd22kg.rdf.ontology import APART

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "ontology" / "mappings.sssom.tsv"
SHARED = ROOT.parent / "shared"
ENTITIES = SHARED / "evidence" / "entities.tsv"
SLICES = SHARED / "real" / "ontologies"
MAPPINGS = read_ontology().mappings
SKOS = STANDARD_PREFIXES["skos"]
RELATED = re.compile("broad|narrow")
#: How the evidence calls a vocabulary, where that is not our prefix.
SYSTEMS = {
    "Ensembl": "ensembl",
    "HGNC": "hgnc",
    "ICD10CM": "icd10cm",
    "MeSH": "MESH",
    "MedDRA": "meddra",
    "NCBI Gene": "ncbigene",
    "OMIM": "mim",
    "SNOMED CT": "SCTID",
    "UMLS": "umls",
    "UniProtKB": "uniprot",
}
#: The concept of each label of the evidence.
CONCEPTS = {
    "ALL": "indication:all",
    "B-ALL (acute leukaemia, strict)": "indication:b-all",
    "B-ALL / B lymphoblastic leukaemia-lymphoma (broad)": "indication:b-lymphoblastic-leukaemia-lymphoma",
    "B-ALL, adult": "indication:adult-b-all",
    "B-ALL, childhood": "indication:childhood-b-all",
    "B-cell non-Hodgkin lymphoma": "indication:b-nhl",
    "Burkitt lymphoma": "indication:burkitt-lymphoma",
    "CD19": "antigen:cd19",
    "CD20 (MS4A1)": "antigen:cd20",
    "CD22": "antigen:cd22",
    "CLL": "indication:cll",
    "DLBCL": "indication:dlbcl",
    "DLBCL, relapsed/refractory": "indication:dlbcl-relapsed-refractory",
    "PMBCL": "indication:pmbcl",
    "aggressive B-NHL": "indication:aggressive-b-nhl",
    "complete remission": "outcome:cr",
    "cytokine release syndrome": "outcome:crs-any-grade",
    "follicular lymphoma": "indication:follicular-lymphoma",
    "haemophagocytic lymphohistiocytosis (HLH)": "outcome:hlh",
    "hairy cell leukaemia": "indication:hairy-cell-leukaemia",
    "high-grade B-cell lymphoma": "indication:high-grade-b-cell-lymphoma",
    "mantle cell lymphoma": "indication:mantle-cell-lymphoma",
    "marginal zone lymphoma": "indication:marginal-zone-lymphoma",
    "non-Hodgkin lymphoma": "indication:nhl",
    "overall survival": "outcome:os",
    "partial remission": "outcome:pr",
    "progression-free survival": "outcome:pfs",
    "progressive disease": "outcome:progressive-disease",
    "secondary HLH": "outcome:hlh-like-manifestations",
    "toxic encephalopathy / neurotoxicity syndrome": "outcome:neurotoxicity-any-grade",
}
#: Identifiers that the evidence leaves unverified and that a page read since gives, beside verified ones.
READ_SINCE = {"hgnc:7315", "uniprot:P11836", "uniprot:P15391"}

needs_evidence = pytest.mark.skipif(not ENTITIES.is_file(), reason="the folder of evidence is not beside the checkout")
needs_slices = pytest.mark.skipif(not SLICES.is_dir(), reason="the outside files are not beside the checkout")


def name_of(mapping: Mapping) -> str:
    """Return the case name of a row."""
    return f"{mapping.subject}-{mapping.object}"


@cache
def evidence() -> dict[str, list[dict[str, str]]]:
    """Return the rows of concepts in the table of evidence by identifier, as our CURIE."""
    found: dict[str, list[dict[str, str]]] = {}
    with ENTITIES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["identifier"] and (row["kind"] in {"antigen", "indication"} or row["kind"].startswith("outcome")):
                system = row["id_system"].partition(" (via ")[0]
                curie = f"{SYSTEMS.get(system, system)}:{row['identifier'].rpartition(':')[2]}"
                found.setdefault(curie, []).append(row)
    return found


@cache
def mondo(system: str) -> set[tuple[str, str]]:
    """Return the pairs of Mondo's own exact mappings to a vocabulary, in the slice at hand."""
    path = SLICES / "mondo" / f"mondo_exactmatch_{system}.haematology.sssom.tsv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {(row["subject_id"], row["object_id"]) for row in csv.DictReader(lines, delimiter="\t")}


# The table that ships


@pytest.mark.parametrize("mapping", MAPPINGS, ids=name_of)
def test_mapping_is_a_triple_of_the_graph(mapping: Mapping) -> None:
    """A row with an outside term is one triple of the vocabulary graph; one without is none."""
    subject, _, slug = mapping.subject.partition(":")
    predicate = SKOS + mapping.predicate.removeprefix("skos:")
    objects = matches().get((f"{PREFIXES[subject]}{slug}", predicate), [])

    if mapping.found:
        prefix, _, local = mapping.object.partition(":")
        assert OUTSIDE_PREFIXES[prefix] + local in objects
    else:
        assert [o for o in objects if "NoTermFound" in o] == []


@cache
def matches() -> dict[tuple[str, str], list[str]]:
    """Return the objects of every match in the vocabulary graph by subject and predicate."""
    found: dict[tuple[str, str], list[str]] = {}
    for quad in cd22kg.load().quads:
        if quad.predicate.value.startswith(SKOS) and quad.predicate.value.endswith("Match"):
            found.setdefault((str(quad.subject).strip("<>"), quad.predicate.value), []).append(
                str(quad.object).strip("<>")
            )
    return found


def test_every_match_of_the_graph_is_a_row() -> None:
    """The graph has no match that the table does not hold, and the files of concepts none at all."""
    assert sum(len(objects) for objects in matches().values()) == sum(mapping.found for mapping in MAPPINGS)
    for path in (ROOT / "ontology").glob("*.ttl"):
        if path.name in APART:
            continue
        assert re.findall(r"skos:\w+Match (?!a )", path.read_text(encoding="utf-8")) == []


def test_no_concept_is_two_terms_of_one_vocabulary() -> None:
    """A concept matches one term of a vocabulary exactly at most."""
    exact = [(m.subject, m.object.partition(":")[0]) for m in MAPPINGS if m.predicate == "skos:exactMatch" and m.found]

    assert exact
    assert sorted(set(exact)) == sorted(exact)


def test_chained_mapping_names_what_it_came_by() -> None:
    """A row that another mapping set led to says by way of which term."""
    chained = [m for m in MAPPINGS if m.justification == "semapv:MappingChaining"]

    assert chained
    assert [name_of(m) for m in chained if not re.match(r"By way of [A-Za-z]+:\w+[.,]", m.comment)] == []


def test_table_is_sssom() -> None:
    """Another reader of the format finds the same rows."""
    rows, _, meta = sssom_pydantic.read(TABLE)

    assert [
        (
            row.subject.curie,
            row.predicate.curie,
            row.object.curie,
            row.justification.curie,
            str(row.provider),
            row.comment or "",
        )
        for row in rows
    ] == [(m.subject, m.predicate, m.object, m.justification, m.provider, m.comment) for m in MAPPINGS]
    assert str(meta.id) == "https://w3id.org/cd22kg/ontology/mappings.sssom.tsv"


@pytest.mark.parametrize(
    ("subject", "predicate", "target"),
    [
        ("indication:b-all", "skos:exactMatch", "MONDO:0020511"),
        ("indication:b-all", "skos:exactMatch", "NCIT:C8644"),
        ("indication:b-all", "skos:broadMatch", "MONDO:0004947"),
        ("indication:b-lymphoblastic-leukaemia-lymphoma", "skos:exactMatch", "MONDO:0004947"),
        ("indication:b-lymphoblastic-leukaemia-lymphoma", "skos:exactMatch", "NCIT:C8936"),
        ("indication:dlbcl", "skos:exactMatch", "NCIT:C8851"),
        ("indication:dlbcl", "skos:closeMatch", "NCIT:C80280"),
    ],
)
def test_known_trap(subject: str, predicate: str, target: str) -> None:
    """Where labels mislead or ontologies differ, the concept and the kind of match are the right ones."""
    assert [m.predicate for m in MAPPINGS if (m.subject, m.object) == (subject, target)] == [predicate]


# Against the evidence and the outside ontologies


@pytest.mark.shared
@needs_evidence
@pytest.mark.parametrize("mapping", [m for m in MAPPINGS if m.found], ids=name_of)
def test_mapping_is_verified(mapping: Mapping) -> None:
    """Of an identifier that the table of evidence knows, concept, relation and name are those of its row."""
    rows = evidence().get(mapping.object, [])
    agreeing = [row for row in rows if CONCEPTS[row["preferred_label"]] == mapping.subject]
    if not rows or mapping.predicate in {"skos:broadMatch", "skos:narrowMatch"}:
        # Read since; or a relation to another concept's own term, which its own row holds.
        assert mapping.comment
        return

    assert agreeing
    assert {row["verified"] for row in agreeing} == {"no" if mapping.object in READ_SINCE else "yes"}
    labels = {row["label_in_source"].split(";")[0] for row in agreeing} | {""}
    assert mapping.object_label in labels
    if mapping.subject.startswith(("antigen:", "indication:")) and mapping.object != "NCIT:C80280":
        assert mapping.predicate == "skos:exactMatch"


@pytest.mark.shared
@needs_evidence
def test_every_verified_identifier_is_mapped() -> None:
    """No verified identifier of a concept is left out."""
    verified = {curie for curie, rows in evidence().items() if any(row["verified"] == "yes" for row in rows)}

    assert verified
    assert sorted(verified - {m.object for m in MAPPINGS}) == []


@pytest.mark.shared
@needs_evidence
def test_unverified_identifiers_are_flagged() -> None:
    """An identifier that the evidence could not verify is a match only if it was read since; else it is flagged."""
    unverified = {curie for curie, rows in evidence().items() if all(row["verified"] != "yes" for row in rows)}
    flagged = {row["identifier"] for row in cd22kg.load().query("unverified-identifiers") if row["field"] == "match"}

    assert flagged == unverified - READ_SINCE
    assert not flagged & {m.object for m in MAPPINGS}


@pytest.mark.shared
@needs_slices
@pytest.mark.parametrize("system", ["doid", "efo", "mesh", "ncit", "umls"])
def test_mondo_agrees(system: str) -> None:
    """A match by way of a Mondo term is one that Mondo itself gives, wherever the slice knows the term."""
    prefix = next(p for p in OUTSIDE_PREFIXES if p.casefold() == system)
    pairs = {(subject, target.casefold()) for subject, target in mondo(system)}
    known = {subject for subject, _ in pairs}
    own = {m.subject: m.object for m in MAPPINGS if m.object.startswith("MONDO:") and not RELATED.search(m.predicate)}
    chained = [
        (by[1], mapping.object.casefold())
        for mapping in MAPPINGS
        if mapping.object.startswith(f"{prefix}:") and (by := re.match(r"By way of (MONDO:\d+)\.", mapping.comment))
        if by[1] == own[mapping.subject]
    ]
    ways = [m for m in MAPPINGS if m.object.startswith(f"{prefix}:") and "By way of MONDO" in m.comment]
    assert len(chained) == len(ways)

    assert [pair for pair in chained if pair[0] in known]
    assert [pair for pair in chained if pair[0] in known and pair not in pairs] == []


@pytest.mark.shared
@needs_slices
def test_disease_ontology_agrees() -> None:
    """A term that the slice holds is in use and bears the name recorded here; the close match is the slice's own."""
    text = (SLICES / "doid" / "doid-haematology.obo").read_text(encoding="utf-8")
    terms = dict(re.findall(r"\[Term\]\nid: (DOID:\d+)\n(.*?)(?:\n\n|\Z)", text, flags=re.DOTALL))
    ours = [m for m in MAPPINGS if m.object in terms]

    assert len(ours) > 5
    assert [m for m in ours if "is_obsolete: true" in terms[m.object]] == []
    assert [m for m in ours if f"name: {m.object_label}\n" not in terms[m.object]] == []
    assert "NCI:C80280" in terms["DOID:0050745"]


# Faults

VOCABULARY = Vocabulary.of(
    [
        Concept(kind="antigen", slug="cd22", label="CD22", notations=(), names=()),
        Concept(kind="indication", slug="b-all", label="B-ALL", notations=(), names=()),
    ]
)
HEADER = """\
# curie_map:
#   antigen: https://w3id.org/cd22kg/antigen/
# license: https://creativecommons.org/publicdomain/zero/1.0/
# mapping_set_id: https://example.org/set
"""
GOOD = (
    "antigen:cd22",
    "CD22",
    "skos:exactMatch",
    "hgnc:1643",
    "",
    "semapv:ManualMappingCuration",
    "",
    "https://x.y",
    "",
)


def table(*rows: tuple[str, ...], header: str = HEADER, columns: tuple[str, ...] = COLUMNS) -> str:
    """Return the text of a mapping table."""
    return header + "".join("\t".join(row) + "\n" for row in (columns, *rows))


def changed(**fields: str) -> tuple[str, ...]:
    """Return the good row with some fields changed."""
    return tuple(fields.get(column, value) for column, value in zip(COLUMNS, GOOD, strict=True))


def test_good_table_is_read(tmp_path: Path) -> None:
    """The rows come back as they stand."""
    path = tmp_path / "m.tsv"
    path.write_text(table(GOOD), encoding="utf-8")

    assert [m.object for m in read_mappings(path, VOCABULARY)] == ["hgnc:1643"]


@pytest.mark.parametrize(
    ("rows", "place", "message"),
    [
        ([changed(subject_id="antigen:cd23")], "6:1", "no concept `antigen:cd23`"),
        ([changed(subject_id="claim:cd22")], "6:1", "no concept `claim:cd22`"),
        ([changed(subject_label="CD-22")], "6:14", "`CD-22` is not the label"),
        ([changed(predicate_id="owl:sameAs")], "6:19", "no match relation `owl:sameAs`"),
        ([changed(object_id="HGNC 1643")], "6:35", "is no CURIE"),
        ([changed(object_id="hgnc:16 43")], "6:35", "`hgnc:16 43` is no CURIE"),
        ([changed(object_id="hgnc:../x")], "6:35", "`hgnc:../x` is no CURIE"),
        ([changed(mapping_provider="https://")], "6:76", "the provider is not an address"),
        ([changed(object_id="nowhere:1")], "6:35", "`nowhere:1` is no CURIE of a known vocabulary"),
        ([changed(object_id="")], "6:35", "`object_id` is empty"),
        ([changed(object_id="sssom:NoTermFound")], "6:83", "must name its vocabulary"),
        ([changed(mapping_justification="semapv:Guess")], "6:46", "no justification `semapv:Guess`"),
        ([changed(mapping_provider="a book")], "6:76", "the provider is not an address"),
        ([changed(comment=" late")], "6:88", "a blank at its end"),
        ([changed(comment='"late"')], "6:88", "a double quote"),
        ([GOOD, GOOD], "7:1", "has this term already"),
        ([changed(object_id="hgnc:9"), GOOD], "7:1", "out of order"),
        ([GOOD[:-1]], "6:1", "the row has 8 fields, not 9"),
    ],
)
def test_fault_of_a_row(tmp_path: Path, rows: list[tuple[str, ...]], place: str, message: str) -> None:
    """A fault says where it is, what it is, and how to mend it."""
    path = tmp_path / "m.tsv"
    path.write_text(table(*rows), encoding="utf-8")

    with pytest.raises(DataError) as caught:
        read_mappings(path, VOCABULARY, name="m.tsv")
    (problem,) = caught.value.problems
    assert str(problem.location) == f"m.tsv:{place}"
    assert message in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("header", "place", "message"),
    [
        (
            HEADER.replace("# license: https://creativecommons.org/publicdomain/zero/1.0/\n", ""),
            "1:1",
            "has no `license`",
        ),
        (HEADER.replace("zero/1.0", "zero/2.0"), "3:12", "the licence is not that of the graph"),
        (HEADER.replace("cd22kg/antigen", "other/antigen"), "2:14", "the prefix `antigen` stands for another base"),
        (re.sub("# curie_map:\n.*\n", "# curie_map: x\n", HEADER), "1:14", "`curie_map` holds no prefixes"),
    ],
)
def test_fault_of_the_header(tmp_path: Path, header: str, place: str, message: str) -> None:
    """A header that lacks a field or redefines a prefix of ours is refused."""
    path = tmp_path / "m.tsv"
    path.write_text(table(GOOD, header=header), encoding="utf-8")

    with pytest.raises(DataError, match=message) as caught:
        read_mappings(path, VOCABULARY, name="m.tsv")
    assert [str(problem.location) for problem in caught.value.problems] == [f"m.tsv:{place}"]


@pytest.mark.parametrize("text", [HEADER, table(columns=("a", "b")), "no table\n"], ids=["empty", "columns", "text"])
def test_file_that_is_no_table(tmp_path: Path, text: str) -> None:
    """A file with other columns, or with none, is refused whole."""
    path = tmp_path / "m.tsv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match="columns are not those of a mapping table"):
        read_mappings(path, VOCABULARY)
