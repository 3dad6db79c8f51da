"""The graph as a Python object: load it, ask it, validate it, hand it on."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Unpack

from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, parse

from cd22kg.build import NQUADS, STORE, assemble, packaged_claims, packaged_syntheses, read_manifest
from cd22kg.errors import DataError, QueryError, StoreError
from cd22kg.export.turtle import export_nquads, export_turtle
from cd22kg.files import digest_of
from cd22kg.gate.sparql import check_query
from cd22kg.namespaces import PREFIXES, expand
from cd22kg.progress import Meter, silent
from cd22kg.queries import Query, Result, bind, exactly, find_query, what_emptied, wider_rows
from cd22kg.queries.card import claim_card
from cd22kg.queries.claims import KnownClaim, read_claims
from cd22kg.queries.coverage import coverage
from cd22kg.queries.limits import Limits
from cd22kg.queries.names import thing
from cd22kg.queries.overview import overview
from cd22kg.queries.paper import paper
from cd22kg.queries.stats import statistics_table
from cd22kg.queries.worker import Worker
from cd22kg.rdf import canonical_nquads, digest, to_rdflib
from cd22kg.store import Answer, OxigraphStore, Parameters, SparqlStore, Store, is_address, is_store, open_sparql
from cd22kg.synthesis.audit import Audit, audit
from cd22kg.synthesis.conflicts.comparable import Wanted
from cd22kg.synthesis.conflicts.disagreement import Conflicts, How
from cd22kg.synthesis.conflicts.search import find_conflicts
from cd22kg.synthesis.evidence import Evidence, read_evidence
from cd22kg.synthesis.pooling import Analyses, model_from, need_libraries, pool_claims
from cd22kg.synthesis.published import Comparison, compare
from cd22kg.synthesis.recipe import Selection, SelectionOptions
from cd22kg.synthesis.result import Synthesis
from cd22kg.validation import Report, read_shapes, validate

if TYPE_CHECKING:
    import rdflib

    from cd22kg.statistics.meta import Model


class KnowledgeGraph:
    """Claims, concepts and what follows from them, ready to be asked.

    SPARQL from outside is answered by a process of its own, which ends with the graph, at the latest; the graph is a
    context manager that ends it.
    """

    def __init__(
        self,
        store: Store,
        quads: Sequence[Quad] | None = None,
        folder: Path | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        """Wrap a loaded store; `quads` or the build `folder` hold the numbers with all their digits.

        What was read of the claims already is handed on as `evidence`.

        Raises:
            StoreError: If the folder holds no build.
        """
        self.store = store
        self._digest = _digest(folder) if folder else ""
        self._quads = tuple(quads) if quads is not None else None
        self._folder = folder
        self._evidence = evidence

    @cached_property
    def quads(self) -> tuple[Quad, ...]:
        """Every quad, held in memory, with the digits its author wrote where the store came from a build."""
        return self._quads if self._quads is not None else tuple(self.stream())

    def stream(self) -> Iterator[Quad]:
        """Yield what `quads` holds, without holding it.

        Raises:
            StoreError: If the build is damaged, or another than was loaded.
        """
        if self._quads is not None:
            yield from self._quads
        elif self._folder is None:
            yield from self.store.quads()
        else:
            path = self._folder / NQUADS
            try:
                found = digest_of(path)
            except OSError as error:
                told = f"the build in {self._folder} is damaged: {error.strerror or error}"
                raise StoreError(told, hint="run `cd22kg build`") from None
            if found != _digest(self._folder):
                raise StoreError(f"the build in {self._folder} is damaged: {path.name}", hint="run `cd22kg build`")
            if found != self._digest:
                raise StoreError(f"the build in {self._folder} is another than was loaded", hint="load it again")
            yield from parse(path=path, format=RdfFormat.N_QUADS)

    def query(self, question: str, /, *, exact: bool = False, **parameters: str | int | Sequence[str]) -> Result:
        """Ask a question of the library by name, or any SPARQL query.

        Args:
            question: A name such as ``complete-response``, or SPARQL text.
            exact: Whether a value stands for itself alone; else what is narrower is included.
            **parameters: Values for a library question, one or several each; ``_`` stands for ``-``. A concept is named
                by slug, label, synonym, or the CURIE of what it matches elsewhere.

        Raises:
            QueryError: If the name, a parameter or the text is wrong.

        Example:
            >>> import cd22kg
            >>> len(cd22kg.load().query("complete-response", indication="all")) > 1
            True
        """
        return self.ask(question, parameters, exact=exact)

    def ask(
        self, question: str, parameters: Mapping[str, str | int | Sequence[str]] | None = None, *, exact: bool = False
    ) -> Result:
        """Ask as `query` does, with the parameters in a mapping.

        Raises:
            QueryError: If the name, a parameter or the text is wrong.
        """
        parameters = parameters or {}
        if any(character in question for character in " \n{"):
            if parameters or exact:
                raise QueryError("only library questions take parameters", hint="write the values into the query")
            return self.sparql(question)
        found = find_query(question)
        given: dict[str, list[str]] = {}
        for name, value in parameters.items():
            parameter = found.parameter(name.replace("_", "-"))
            given.setdefault(parameter.name, []).extend(_texts(name, value, integer=parameter.kind == "integer"))
        values = bind(found, given, self.store)
        text = exactly(found.text, given) if exact else found.text
        answer = self.store.query(text, parameters=values)
        emptied = "" if isinstance(answer, bool) or len(answer) else what_emptied(text, values, given, self.store)
        wider = "" if exact else self._wider(found, text, values, given)
        return Result(answer, found.explanation, emptied, wider)

    def _wider(self, question: Query, text: str, values: Parameters, given: Collection[str]) -> str:
        """Return how many rows there are of wider populations than those given, in words."""
        told = []
        for name in given:
            if question.parameter(name).kind == "indication":
                rows = wider_rows(text, values, name, self.store)
                told += [f"{slug} ({count})" for slug, count in rows.items()]
        listed = ", ".join(told)
        return f"Not shown: rows of wider populations, which may hold such patients: {listed}." if told else ""

    def claims(self, *, exact: bool = False, **parameters: str | int | Sequence[str]) -> tuple[KnownClaim, ...]:
        """Return claims as objects, those of a source together.

        Args:
            exact: Whether a value stands for itself alone; else what is narrower is included.
            **parameters: `therapy`, `antigen`, `indication`, `outcome`, `source` and `cohort`, as the question
                ``claims`` takes them; without any, every claim.

        Raises:
            QueryError: If a parameter is wrong, or a claim is not as the model has it.

        Example:
            >>> import cd22kg
            >>> claims = cd22kg.load().claims(outcome="CR", source="fry-2018")
            >>> [(claim.id, claim.measurement.events) for claim in claims if claim.cohort == "nct02315612-fry"]
            [('fry-2018-cr', 12)]
        """
        found = [NamedNode(row["claim"]) for row in self.ask("claims", parameters, exact=exact)]
        return tuple(read_claims(found, self.store))

    def claim(self, claim: str) -> KnownClaim:
        """Return one claim as an object.

        Raises:
            QueryError: If there is no such claim; it lists the nearest.
        """
        return next(read_claims([thing("claim", claim, self.store)], self.store))

    @cached_property
    def evidence(self) -> Evidence:
        """The claims with what they speak of, as objects that can be compared and pooled; read once."""
        return self._evidence or read_evidence(self.store)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the graph's canonical N-Quads; empty for a server."""
        if self._digest or isinstance(self.store, SparqlStore):
            return self._digest
        return digest(canonical_nquads(self.quads))

    def pool(
        self,
        *,
        therapy: str,
        indication: str,
        outcome: str | Sequence[str],
        model: Model | None = None,
        analyses: Analyses | None = None,
        **options: Unpack[SelectionOptions],
    ) -> Synthesis:
        """Pool the shares that claims report, no patient twice.

        Args:
            therapy: The product or group, by slug, label or synonym, like indication and outcome.
            indication: The indication.
            outcome: The outcome, or several that count as one; of equal reports on the same patients the first counts.
            model: How they are pooled: by restricted maximum likelihood on the logit scale without; see `model_from`.
            analyses: What else is asked of the studies, such as ``Analyses(leave_one_out=True)``.
            **options: Which claims are picked, see `synthesis.recipe.Selection`.

        Raises:
            QueryError: If a name or an option is wrong.
            SynthesisError: If nothing can be pooled, or numpy and scipy are missing.

        Example:
            >>> import cd22kg
            >>> found = cd22kg.load().pool(therapy="cd19-cd22-dual-car-t", indication="LBCL", outcome="CR")
            >>> f"{found.estimate.k} studies, {found.estimate.events}/{found.estimate.total}"
            '2 studies, 29/68'
        """
        return pool_claims(
            self.evidence,
            Selection(
                self._slug("therapy", therapy),
                self._slug("indication", indication),
                self._slugs("outcome", outcome),
                **self._options(options),
            ),
            model or model_from(),
            analyses,
            self.digest,
        )

    def compare(
        self,
        source: str,
        *,
        together: str | Sequence[str] = (),
        model: Model | None = None,
        **options: Unpack[SelectionOptions],
    ) -> tuple[Comparison, ...]:
        """Return each pooled share that a review has published beside ours, see `synthesis.published.compare`.

        Raises:
            QueryError: If a name or an option is wrong, or the source has published none.
            SynthesisError: If numpy and scipy are missing.
        """
        need_libraries()
        slug, outcomes = self._slug("source", source), self._slugs("outcome", together)
        return compare(slug, self.evidence, together=outcomes, model=model, **self._options(options))

    def _options(self, options: SelectionOptions) -> SelectionOptions:
        """Return options with the concepts that they name by slug."""
        found = options.copy()
        found["denominator"] = self._slugs("denominator", options.get("denominator", ()))
        found["among"] = self._slug("outcome", options["among"]) if options.get("among") else ""
        return found

    def _slugs(self, kind: str, names: str | Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._slug(kind, name) for name in _texts(kind, names, integer=False)))

    def conflicts(
        self,
        *,
        therapy: str = "",
        indication: str = "",
        outcome: str = "",
        test: str = "fisher",
        adjust: str = "holm",
        level: float = 0.05,
        within: bool = False,
        everything: bool = False,
        status: str = "",
    ) -> Conflicts:
        """Return the claims on one class of therapies, indication and outcome that disagree, with the likely causes.

        Args:
            therapy: The product or group, by slug, label or synonym; any without, as with indication and outcome.
            indication: The indication, with all narrower ones.
            outcome: The outcome, with all narrower ones.
            test: The test of two counts: ``fisher`` or ``midp``.
            adjust: How p values are adjusted for the number of pairs: ``holm``, ``bh`` or ``none``.
            level: Below which an adjusted p value is significant, a fraction in (0, 1).
            within: Whether claims on a narrower indication or outcome are held against those on a wider one.
            everything: Whether claims that are superseded, retracted or not accepted are looked at too.
            status: ``asserted`` for what curators say, ``found`` for what figures do, both without.

        Raises:
            QueryError: If a name or an option is wrong.

        Example:
            >>> import cd22kg
            >>> found = cd22kg.load().conflicts(indication="b-nhl", outcome="CR", status="asserted")
            >>> found.pairs[0].here.id, found.pairs[0].kind, found.pairs[0].status
            ('zhang-2021-cr-11-patients', 'readings', 'both')
        """
        asked = {"therapy": therapy, "indication": indication, "outcome": outcome}
        slugs = {kind: self._slug(kind, name) if name else "" for kind, name in asked.items()}
        how = How(test, adjust, level, within)
        found = find_conflicts(self.evidence, Wanted(**slugs, everything=everything), how)
        return found.only(status) if status else found

    def audit(self, source: str) -> Audit:
        """Hold each statement of a source, and each figure read in it, against the evidence.

        Args:
            source: Its slug, DOI, PMID or the like.

        Raises:
            QueryError: If there is no such source; it lists the nearest.
            SynthesisError: If no claim is known of it.

        Example:
            >>> import cd22kg
            >>> found = cd22kg.load().audit("car-t-hope-2025-03")
            >>> found.findings[2].label
            'differs in indication'
        """
        return audit(self._slug("source", source), self.evidence)

    def _slug(self, kind: str, name: str) -> str:
        return thing(kind, name, self.store).value.rpartition("/")[2]

    def paper(self, result: Result) -> str:
        """Return an answer as a Markdown table whose sources are numbers, with the references in Vancouver style."""
        return paper(result, self.store)

    def sparql(
        self,
        text: str,
        name: str = "query",
        *,
        timeout: float = Limits.timeout,
        max_rows: int = Limits.max_rows,
        max_bytes: int = Limits.max_bytes,
        memory: int = Limits.memory,
    ) -> Result:
        """Ask a SPARQL query, within limits; our prefixes need no declaration.

        Args:
            text: SPARQL 1.1 that changes nothing and reaches nothing outside the graph.
            name: How messages call the query.
            timeout: Seconds after which it is stopped.
            max_rows: Most rows or triples of the answer.
            max_bytes: Most bytes of the answer, as TSV or N-Triples.
            memory: Mebibytes that it may use on top of the store.

        Raises:
            QueryError: If it is not SPARQL 1.1, reaches outside the graph, or over a limit.
            StoreError: If the build was replaced since it was loaded.
        """
        check_query(text, name)
        return Result(self._foreign(text, name, Limits(timeout, max_rows, max_bytes, memory)))

    def _foreign(self, text: str, name: str, limits: Limits) -> Answer:
        """Answer text that the gate let through; the one place that tells which kind of store does it how."""
        answer = self._worker.query(text, prefixes=PREFIXES, name=name, limits=limits)
        if isinstance(self.store, SparqlStore):
            meter = limits.meter()
            try:
                return self.store.answer(
                    text, answer, prefixes=PREFIXES, timeout=limits.timeout, watch=meter, name=name
                )
            except StoreError:
                meter(0, 0)  # a silent server is out of time
                raise
        return answer

    @cached_property
    def _worker(self) -> Worker:
        """A process for text from outside: with our store; or, for a server, with an empty one that knows its form."""
        return Worker(self.store if isinstance(self.store, OxigraphStore) else OxigraphStore())

    def close(self) -> None:
        """End the process that answers SPARQL from outside, if there is one, and close the store."""
        if "_worker" in self.__dict__:
            self._worker.close()
        self.store.close()

    def __enter__(self) -> KnowledgeGraph:
        """Return the graph."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def overview(self, form: str = "table", /, **parameters: str | int | Sequence[str]) -> str:
        """Return the table of complete response, relapse and severe toxicity by indication, construct and product.

        Args:
            form: ``table`` for aligned text, ``md`` for Markdown.
            **parameters: `indication` and `therapy`, as the question ``evidence-overview`` takes them.

        Raises:
            QueryError: If the form or a parameter is wrong.
        """
        return overview(self.ask("evidence-overview", parameters), form)

    def show(self, claim: str) -> str:
        """Return everything known about a claim, as text.

        Raises:
            QueryError: If there is no such claim; it lists the nearest.
        """
        return claim_card(thing("claim", claim, self.store), self.store)

    def explain(self, *what: str) -> str:
        """Return why something holds, as text: the triples stated, and the rules or axioms that lead on from them.

        Args:
            *what: A claim, of which everything inferred is explained; or subject, property and object of a triple, as
                CURIEs or IRIs; ``a`` stands for the property of belonging to a class.

        Raises:
            QueryError: If a name is unknown, or the graph does not hold the triple.
            ReasonerError: If the reasoner must be asked, and there is no Java or it fails.
        """
        from cd22kg.reasoning.explain import Explainer

        explainer = Explainer(self.store)
        if len(what) == 1:
            claim = thing("claim", what[0], self.store)
            reasons = [explainer.explain(triple) for triple in explainer.inferred(claim)]
            return "\n".join(reason.to_text() for reason in reasons if reason)
        if len(what) != 3:
            raise QueryError(
                "give a claim, or subject, property and object", hint="such as therapy:auto3 a cd22:Therapy"
            )
        subject, predicate, value = map(_named, what)
        reason = explainer.explain(Triple(subject, predicate, value))
        if reason is None:
            raise QueryError(
                f"the graph does not hold {' '.join(what)}", hint="`cd22kg show CLAIM` tells what it holds"
            )
        return reason.to_text()

    def stats(self) -> str:
        """Return counts of what the graph holds, as text."""
        return statistics_table(self.store)

    def coverage(self) -> str:
        """Return what the graph holds by therapy and source, what it lacks, and why, as text."""
        return coverage(self.query)

    def validate(self) -> Report:
        """Validate the graph against the shapes of the package."""
        return validate(self.quads, read_shapes())

    def to_turtle(self, *, source: str = "", asserted: bool = False) -> str:
        """Return the graph, or what one source says, as canonical Turtle."""
        file = io.BytesIO()
        self.write_turtle(file, source=source, asserted=asserted)
        return file.getvalue().decode()

    def write_turtle(self, file: BinaryIO, *, source: str = "", asserted: bool = False, meter: Meter = silent) -> None:
        """Write the same to a file, in little memory; the meter is told the quads read and written."""
        if source:
            thing("source", source, self.store)
        count = self.store.count()
        export_turtle(self.stream(), file, source=source, asserted=asserted, meter=meter, total=count)

    def write_nquads(self, file: BinaryIO, *, meter: Meter = silent) -> None:
        """Write the graph as canonical N-Quads: one line a quad, sorted; in little memory."""
        export_nquads(self.stream(), file, meter=meter, total=self.store.count())

    def to_rdflib(self) -> rdflib.Graph:
        """Return the union of all graphs as an rdflib graph, a new one each time."""
        return to_rdflib(self.quads)

    @cached_property
    def graph(self) -> rdflib.Graph:
        """The union of all graphs as an rdflib graph; the same one each time."""
        return self.to_rdflib()


def _texts(name: str, value: object, *, integer: bool) -> list[str]:
    """Return the values of a parameter; a whole number may be given as one where such is asked for."""
    if integer and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    values = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    if not all(isinstance(each, str) for each in values):
        raise QueryError(f"`{name}` takes text, or several texts", hint=f'such as {name}="..."')
    return [str(each) for each in values]


def _digest(folder: Path) -> str:
    """Return the digest that a build's manifest gives of its quads."""
    return str(read_manifest(folder)["files"][NQUADS]["digest"])


def _named(text: str) -> NamedNode:
    """Return the IRI that a person names by CURIE, in full, or by ``a``."""
    if text == "a":
        return NamedNode(PREFIXES["rdf"] + "type")
    try:
        return NamedNode(text.strip("<>") if "://" in text else expand(text))
    except (KeyError, ValueError):
        hint = "write a CURIE such as therapy:auto3, or an IRI in full"
        raise QueryError(f"`{text}` names nothing", hint=hint) from None


def load(store: str | Path | None = None) -> KnowledgeGraph:
    """Return the graph in a store, or that of the claims that ship with the package.

    Args:
        store: A folder that ``cd22kg build`` or ``cd22kg load`` made, or the address of a SPARQL server, such as
            ``fuseki+https://host/dataset``; without it the packaged claims are read into memory.

    Raises:
        StoreError: If the folder holds no store, or the address is wrong; a server is not asked before the first use.
        DataError: If the packaged claims have faults.
    """
    if store is not None and is_address(str(store)):
        return KnowledgeGraph(open_sparql(str(store)))
    if store is not None:
        path = Path(store).resolve()
        if is_store(path):
            return KnowledgeGraph(OxigraphStore(path, read_only=True))
        return KnowledgeGraph(OxigraphStore(path / STORE, read_only=True), folder=path)
    memory = OxigraphStore()
    assembly = assemble(memory, packaged_claims(), syntheses=packaged_syntheses())
    if assembly.problems:
        raise DataError(assembly.problems)
    return KnowledgeGraph(memory, assembly.quads, evidence=assembly.evidence)
