"""Questions on a graph ten times ours: each is answered in little memory, so none pairs everything with everything."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from pyoxigraph import RdfFormat, parse

from cd22kg.namespaces import PREFIXES
from cd22kg.queries import bind, find_query, library
from cd22kg.queries.limits import Limits
from cd22kg.queries.worker import Worker
from cd22kg.store import OxigraphStore, fill
from cd22kg.synth import synthesize

#: Claims of the graph; one with another for each would be ten million.
CLAIMS = 3000
#: Questions that name, by default, something that a synthetic graph does not have.
NAMING = {"article-claims", "changes", "provenance"}
#: Mebibytes that a question may use on top of the graph.
MEMORY = 200


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """Yield a process with a synthetic graph that is killed when it uses too much."""
    file = io.BytesIO()
    synthesize(CLAIMS, 1, file)
    with OxigraphStore() as store:
        store.bulk_load(parse(file.getvalue(), format=RdfFormat.N_QUADS))
        with Worker(store) as process:
            yield process


@pytest.mark.parametrize("name", [query.name for query in library()])
def test_question_needs_little_memory(name: str, worker: Worker) -> None:
    """A question is answered within its memory, also where the thing it asks for by default is not there."""
    question = find_query(name)
    text = fill(question.text, bind(question, {}, OxigraphStore()))
    answer = worker.query(text, prefixes=PREFIXES, name=name, limits=Limits(memory=MEMORY))

    assert not isinstance(answer, bool)
    assert (len(answer) == 0) is (name in NAMING)


def test_a_question_that_pairs_everything_is_caught(worker: Worker) -> None:
    """The memory given is too little for the pairs of all claims, so the test above can fail."""
    text = "SELECT DISTINCT ?a ?b WHERE { ?a cd22:outcome ?o . ?b cd22:indication ?i } ORDER BY ?b ?a"
    with pytest.raises(Exception, match="out of memory"):
        worker.query(text, prefixes=PREFIXES, limits=Limits(memory=MEMORY))
