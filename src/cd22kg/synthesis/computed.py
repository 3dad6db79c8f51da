"""What a build computes of saved syntheses: a pooled claim each, in the graph of what is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.model import PooledClaim
from cd22kg.namespaces import BASE, CD22, GRAPH_COMPUTED, STANDARD_PREFIXES, iri
from cd22kg.rdf import thing_quads
from cd22kg.statistics.options import Method, Transform
from cd22kg.synthesis.evidence import Evidence
from cd22kg.synthesis.saved import USUAL_LEVEL, SavedRecipe, SavedSynthesis

#: The source of what is computed: this graph.
COMPUTED_SOURCE = iri("source", "cd22kg")
_TITLE = "cd22kg: figures pooled from its own claims"
#: Scales of the statistics, each with the concept that stands for it.
TRANSFORMS: dict[Transform, str] = {
    "arcsine": "arcsine",
    "freeman-tukey": "double-arcsine",
    "log": "log",
    "logit": "logit",
    "raw": "none",
}
#: Methods of the statistics, each with the concept that stands for it.
METHODS: dict[Method, str] = {
    "FE": "fixed-effect",
    "DL": "random-effects-dl",
    "GLMM": "binomial-normal",
    "ML": "random-effects-ml",
    "PM": "random-effects-pm",
    "REML": "random-effects-reml",
}
_GRAPH = NamedNode(GRAPH_COMPUTED)
_PROV_USED = NamedNode(STANDARD_PREFIXES["prov"] + "used")
_RDF_TYPE = NamedNode(STANDARD_PREFIXES["rdf"] + "type")


def claim_id(saved: SavedSynthesis) -> str:
    """Return the slug of the claim that a saved synthesis becomes."""
    return f"pooled-{saved.id}"


def pooled_quads(syntheses: Iterable[SavedSynthesis], evidence: Evidence) -> Iterator[Quad]:
    """Yield the pooled claims of saved syntheses that have a result, and their source."""
    computed = [saved for saved in syntheses if saved.result]
    if not computed:
        return
    source = NamedNode(COMPUTED_SOURCE)
    yield Quad(source, _RDF_TYPE, NamedNode(CD22 + "Source"), _GRAPH)
    yield Quad(source, NamedNode(STANDARD_PREFIXES["dcterms"] + "title"), Literal(_TITLE), _GRAPH)
    address = Literal(BASE, datatype=NamedNode(STANDARD_PREFIXES["xsd"] + "anyURI"))
    yield Quad(source, NamedNode(CD22 + "url"), address, _GRAPH)
    for saved in computed:
        claim = NamedNode(iri("claim", claim_id(saved)))
        yield from thing_quads(_claim(saved, evidence), claim, _GRAPH)
        yield Quad(claim, NamedNode(CD22 + "source"), source, _GRAPH)
        for antigen in evidence.concepts["therapy", saved.recipe.therapy].facts.get("targets", ()):
            yield Quad(claim, NamedNode(CD22 + "antigen"), NamedNode(iri("antigen", antigen)), _GRAPH)
        for study in saved.studies:
            yield Quad(claim, _PROV_USED, NamedNode(iri("claim", study.claim)), _GRAPH)


def _claim(saved: SavedSynthesis, evidence: Evidence) -> PooledClaim:
    """Return the claim: the figure with its interval as fractions, on the widest of the outcomes pooled."""
    recipe, result = saved.recipe, saved.result
    level = USUAL_LEVEL if recipe.level is None else recipe.level
    percent = [f"{result[name] * 100:.1f}" for name in ("estimate", "lower", "upper")]
    figure = f"{percent[0]} % ({percent[1]} to {percent[2]} %)"
    measurement = {
        "statistic": "proportion",
        "value": str(result["estimate"]),
        "lower": str(result["lower"]),
        "upper": str(result["upper"]),
        "unit": "fraction",
        "intervalKind": "confidence",
        "confidenceLevel": f"{(level * 100).normalize():f}",
        "events": str(result["events"]),
        "total": str(result["total"]),
        "countedUnit": "patient",
        "denominator": "included",
        "asPrinted": figure,
        **({"amongOutcome": recipe.among} if recipe.among else {}),
    }
    studies = "1 study" if result["k"] == 1 else f"{result['k']} studies"
    statement = f"Pooled here over {studies} with {result['total']} patients, {figure}: {saved.title}."
    return PooledClaim.model_validate(
        {
            "id": claim_id(saved),
            "statement": statement,
            "therapy": recipe.therapy,
            "indication": recipe.indication,
            "outcome": _widest(recipe, evidence),
            "measurement": measurement,
            "poolingModel": METHODS[recipe.method],
            "transformation": TRANSFORMS[recipe.transform],
            "numberOfStudies": str(result["k"]),
            "locator": f"syntheses/{saved.id}.yaml",
            "evidenceLevel": "meta-analysis",
        }
    )


def _widest(recipe: SavedRecipe, evidence: Evidence) -> str:
    """Return the outcome that all the others are part of, or the one named first."""
    whole = (o for o in recipe.outcome if all(evidence.is_part(other, o) for other in recipe.outcome))
    return next(whole, recipe.outcome[0])
