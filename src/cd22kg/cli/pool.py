"""The command that pools: claims, a table, or saved syntheses again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from cd22kg.cli.app import app
from cd22kg.cli.ask import StoreOption, open_graph
from cd22kg.cli.output import answer, terminal_width
from cd22kg.errors import DataError, OutputError, Problem, QueryError

if TYPE_CHECKING:
    from cd22kg.export.plots import Kind
    from cd22kg.statistics.meta import Model
    from cd22kg.statistics.options import Back, Method, Transform
    from cd22kg.synthesis.pooling import Analyses
    from cd22kg.synthesis.recipe import Policy, SelectionOptions
    from cd22kg.synthesis.result import Synthesis

#: Where syntheses are saved, unless another folder is named.
FOLDER = Path("syntheses")


_MODEL = ("transform", "method", "hartung_knapp", "level", "back")
_FURTHER = ("by", "moderator", "leave_one_out", "cumulative", "small_study", "plot", "kind", "form")
_SELECTION = (
    *("outcome", "denominator", "among", "after_cd19", "exclude_abstracts", "until"),
    *("exact", "least_share", "printed_counts", "overlap"),
)
#: Questions other than of claims, by the option that asks them, and what else each of them hears.
_HEARD = {
    "slugs": (*_FURTHER, "strict", "folder", "store", "rerun"),
    "table": (*_MODEL, *_FURTHER, "title"),
    "compare": (*_SELECTION, *_MODEL, "form", "store"),
    "rerun": ("slugs", "folder", "store"),
}


@app.command()
def pool(
    context: typer.Context,
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="[SLUG]...", help="Saved syntheses, to show or with --rerun.")
    ] = None,
    therapy: Annotated[str | None, typer.Option(help="Product or group, with all its products.")] = None,
    indication: Annotated[str | None, typer.Option(help="Indication, with all narrower ones.")] = None,
    outcome: Annotated[
        list[str] | None, typer.Option(help="Outcome, with all narrower ones; repeat where several count as one.")
    ] = None,
    denominator: Annotated[list[str] | None, typer.Option(help="Only these denominators, such as infused.")] = None,
    among: Annotated[str | None, typer.Option(help="Only patients with this outcome, such as cr for relapses.")] = None,
    after_cd19: Annotated[
        bool | None, typer.Option("--after-cd19/--not-after-cd19", help="All patients had a CD19-directed therapy.")
    ] = None,
    exclude_abstracts: Annotated[
        bool, typer.Option("--exclude-abstracts", help="Leave out abstracts, press releases, news and pages.")
    ] = False,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Only what was published by then.")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Leave out what is narrower than the concepts given.")] = False,
    least_share: Annotated[
        float, typer.Option(metavar="FRACTION", help="Wider cohorts, if so many have the indication: 0.95.")
    ] = 1.0,
    printed_counts: Annotated[
        bool, typer.Option("--printed-counts", help="Leave out counts worked out from a percentage.")
    ] = False,
    overlap: Annotated[
        str, typer.Option(metavar="POLICY", help="Of reports on the same patients, the largest or the latest.")
    ] = "largest",
    table: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Pool a table: study, events, total, and other columns.")
    ] = None,
    transform: Annotated[
        str | None, typer.Option(help="logit, arcsine, freeman-tukey, log or raw; logit by default.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="FE, DL, PM, REML, ML or GLMM; REML by default.")] = None,
    hartung_knapp: Annotated[bool, typer.Option("--hartung-knapp", help="Intervals after Hartung and Knapp.")] = False,
    level: Annotated[float, typer.Option(metavar="FRACTION", help="Level of all intervals.")] = 0.95,
    back: Annotated[
        str,
        typer.Option(help="Freeman-Tukey inverted at the harmonic, arithmetic, geometric mean or inverse-variance."),
    ] = "harmonic",
    by: Annotated[str | None, typer.Option(help="Group by therapy, construct, indication ..., or a column.")] = None,
    moderator: Annotated[str | None, typer.Option(help="Regress on year, total, after-cd19, or a column.")] = None,
    leave_one_out: Annotated[bool, typer.Option("--leave-one-out", help="Without each study in turn.")] = False,
    cumulative: Annotated[bool, typer.Option("--cumulative", help="One more study at a time, by year.")] = False,
    small_study: Annotated[
        bool, typer.Option("--small-study", help="Egger's and Peters' tests; weak below ten studies.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse mixed outcomes, denominators, times or grading scales.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it: .svg, .png, .pdf, or .json for Vega-Lite.")
    ] = None,
    kind: Annotated[str, typer.Option(help="forest, funnel, cumulative or leave-one-out.")] = "forest",
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table, md or json.")] = "table",
    compare: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Beside each pooled figure that a review has published.")
    ] = None,
    save: Annotated[str | None, typer.Option(metavar="SLUG", help="Write syntheses/SLUG.yaml.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of what is saved.")] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Run saved syntheses, all or those named, and write the new results.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--syntheses", metavar="DIR", help="Folder of saved syntheses; ./syntheses.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Pool shares of patients over studies, no patient twice, with intervals and heterogeneity."""
    from cd22kg.cli.reports import known
    from cd22kg.export.comparison import comparisons_to_text
    from cd22kg.export.synthesis import FORMATS, to_text
    from cd22kg.synthesis.pooling import Analyses, model_from

    _refuse_unheard(context)
    _refuse_plot(plot, kind)
    known(form, FORMATS)
    if rerun:
        _rerun(slugs or [], folder or FOLDER, store)
        return
    # What is no choice is refused where it is used.
    model = model_from(
        transform=cast("Transform", transform or "logit"),
        method=cast("Method", method or "REML"),
        hartung_knapp=hartung_knapp,
        level=level,
        back=cast("Back", back),
    )
    options: SelectionOptions = {
        "denominator": tuple(denominator or ()),
        "among": among or "",
        "after_cd19": after_cd19,
        "exclude_abstracts": exclude_abstracts,
        "until": until or "",
        "exact": exact,
        "least_share": least_share,
        "printed_only": printed_counts,
        "overlap": cast("Policy", overlap),
    }
    if compare is not None:
        own = model if transform or method else None
        found = open_graph(store).compare(compare, together=outcome or (), model=own, **options)
        answer(comparisons_to_text(found, form, terminal_width()))
        return
    analyses = Analyses(
        by=by or "",
        moderator=moderator or "",
        leave_one_out=leave_one_out or kind == "leave-one-out",
        cumulative=cumulative or kind == "cumulative",
        small_study=small_study,
        strict=strict,
    )
    if table is not None:
        synthesis = _of_table(table, title, model, analyses)
    elif slugs:
        synthesis = _of_saved(slugs, folder or FOLDER, analyses, store)
    elif therapy is None or indication is None or not outcome:
        raise QueryError(
            "give --therapy, --indication and --outcome, a table with --table, or a saved synthesis",
            hint="such as --therapy cd22-mono-car-t --indication b-all --outcome cr",
        )
    else:
        graph = open_graph(store)
        synthesis = graph.pool(
            therapy=therapy, indication=indication, outcome=outcome, model=model, analyses=analyses, **options
        )
    answer(to_text(synthesis, form, terminal_width() if form == "table" else 0))
    if plot is not None:
        from cd22kg.export.plots import draw

        draw(synthesis, plot, cast("Kind", kind))
    if save is not None:
        _save(save, synthesis, title or "", folder or FOLDER)


def _refuse_unheard(context: typer.Context) -> None:
    """Refuse several questions at once, and options that a question does not hear."""
    given = [name for name in context.params if _is_given(name, context)]
    asked = [mode for mode in _HEARD if mode in given]
    if "rerun" in given:
        asked = [mode for mode in asked if mode != "slugs"]
    if len(asked) > 1:
        told = " or ".join(map(_option, asked))
        raise QueryError(f"give {told}, not both", hint="each is a question of its own")
    unheard = [_option(name) for name in given if asked and name not in (*asked, *_HEARD[asked[0]])]
    if unheard:
        raise QueryError(f"{', '.join(unheard)} does not go with {_option(asked[0])}", hint="leave it out")


def _is_given(name: str, context: typer.Context) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _option(name: str) -> str:
    """Return what an option is called on the command line."""
    called = {"slugs": "SLUG", "form": "--format", "folder": "--syntheses"}
    return called.get(name, f"--{name.replace('_', '-')}")


def _refuse_plot(path: Path | None, kind: str) -> None:
    """Refuse a plot that there is not, before anything is computed."""
    from cd22kg.export.plots import FORMS, KINDS

    if kind not in KINDS:
        raise QueryError(f"there is no plot `{kind}`", hint=f"one of: {', '.join(KINDS)}")
    if path is not None and path.suffix.lower().removeprefix(".") not in FORMS:
        raise OutputError(f"no plot has the ending `{path.suffix}`: {path}", hint=f"one of: .{', .'.join(FORMS)}")


def _of_table(path: Path, title: str | None, model: Model, analyses: Analyses) -> Synthesis:
    from cd22kg.synthesis.pooling import synthesize
    from cd22kg.synthesis.table import read_table

    return synthesize(title or path.stem, read_table(path), model, analyses)


def _of_saved(slugs: list[str], folder: Path, analyses: Analyses, store: str | None) -> Synthesis:
    """Return a saved synthesis of the claims as they are now; its file stays as it is."""
    from cd22kg.synthesis.living import refuse_unknown
    from cd22kg.synthesis.pooling import pool_claims
    from cd22kg.synthesis.saved import saved_files

    if len(slugs) > 1:
        raise QueryError("one synthesis is shown at a time", hint="name one, or run several with --rerun")
    ((_, saved),) = saved_files(folder, slugs)
    graph = open_graph(store)
    refuse_unknown(saved, graph.evidence)
    found = pool_claims(graph.evidence, saved.recipe.selection(), saved.recipe.model(), analyses, graph.digest)
    return replace(found, title=saved.title)


def _save(slug: str, synthesis: Synthesis, title: str, folder: Path) -> None:
    from cd22kg.synthesis.saved import saved_from, write_saved

    path = write_saved(saved_from(slug, synthesis, title), folder)
    typer.echo(f"saved {path}", err=True)


def _rerun(slugs: list[str], folder: Path, store: str | None) -> None:
    """Run saved syntheses again, tell what moved, and write the files that changed."""
    from cd22kg.synthesis.living import rerun
    from cd22kg.synthesis.saved import saved_files, write_saved

    files = saved_files(folder, slugs)
    graph = open_graph(store)
    problems: list[Problem] = []
    for path, saved in files:
        try:
            found = rerun(saved, graph.evidence, graph.digest, str(path))
        except DataError as error:
            problems += error.problems
            continue
        if found.changed:
            write_saved(found.after, folder)
        answer(f"{found if found.changed else f'{saved.id}: as it was'}\n")
    if problems:
        raise DataError(problems)
