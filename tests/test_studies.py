"""Every study: one node per registered trial, in the file of its record; what it lacks is explained."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from cd22kg.claims import read_claims
from cd22kg.model import Cohort, Source, Study
from cd22kg.rdf import read_ontology

ROOT = Path(__file__).resolve().parents[1]
FILES = {path.stem: path for path in sorted((ROOT / "claims").glob("*.yaml"))}


@cache
def things() -> tuple[dict[str, tuple[str, Study]], dict[str, tuple[str, Cohort]], dict[str, Source]]:
    """Return studies and cohorts by id with the file they stand in, and sources by id."""
    corpus = read_claims(list(FILES.values()), read_ontology().vocabulary).corpus
    studies, cohorts, sources = {}, {}, {}
    for file in corpus.files:
        sources[file.source.id] = file.source
        studies.update({study.id: (file.source.id, study) for study in file.studies})
        cohorts.update({cohort.id: (file.source.id, cohort) for cohort in file.cohorts})
    return studies, cohorts, sources


STUDIES, COHORTS, SOURCES = things()


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_registered_study_stands_in_the_file_of_its_record(name: str) -> None:
    """A registered trial has its number as name, and its record as the source of its file."""
    file, study = STUDIES[name]
    if study.registry_id is None:
        assert SOURCES[file].type != "RegistryRecord"
    else:
        assert study.registry_id.lower() == name == file
        assert SOURCES[file].type == "RegistryRecord"
        assert SOURCES[file].registry_id == study.registry_id


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_gap_of_a_study_is_explained(name: str) -> None:
    """A study without registration, phase or country has a note; one without a title is registered."""
    _, study = STUDIES[name]

    assert study.note or (study.registry_id and study.phase and study.country)
    assert study.title or study.registry_id


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_patients_of_a_study_are_related(name: str) -> None:
    """Cohorts that two sources report of one study share patients, or a note says how they stand to each other."""
    mine = {cohort: file for cohort, (file, found) in COHORTS.items() if found.study == name}
    near = {cohort: set(COHORTS[cohort][1].overlaps) | set(COHORTS[cohort][1].subset_of) for cohort in mine}
    unexplained = []
    for one, other in combinations(mine, 2):
        reached, ahead = {one}, [one]
        while ahead:
            at = ahead.pop()
            around = {c for c in near if c in near[at] or at in near[c]} - reached
            reached |= around
            ahead += around
        noted = COHORTS[one][1].note and COHORTS[other][1].note
        if mine[one] != mine[other] and other not in reached and not noted:
            unexplained.append((one, other))

    assert unexplained == []
