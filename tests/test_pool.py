"""Pooling claims, tables and saved syntheses, and what a build makes of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

import cd22kg
from cd22kg.build import build, check
from cd22kg.errors import DataError, InputError, QueryError, SynthesisError
from cd22kg.export.synthesis import FORMATS, to_text
from cd22kg.graph import KnowledgeGraph
from cd22kg.progress import Progress
from cd22kg.recheck import recheck
from cd22kg.statistics import clopper_pearson_interval, pool_proportions, wilson_interval
from cd22kg.statistics.meta import Model, pool
from cd22kg.synthesis import pooling
from cd22kg.synthesis.living import Rerun, rerun
from cd22kg.synthesis.pooling import Analyses, model_from, pool_claims, synthesize
from cd22kg.synthesis.published import model_of
from cd22kg.synthesis.recipe import Selection
from cd22kg.synthesis.result import PooledStudy, Synthesis
from cd22kg.synthesis.saved import SavedSynthesis, digest_of, read_saved, saved_files, saved_from, to_yaml, write_saved
from cd22kg.synthesis.table import read_table
from tests.conftest import Cli

ROOT = Path(__file__).resolve().parents[1]
SAVED = sorted((ROOT / "syntheses").glob("*.yaml"))
CR = ("cr", "cr-or-cri")
MONO = Selection("cd22-mono-car-t", "all", CR, least_share=0.95)
CRS = Selection("cd22-directed-car-t", "lymphoid-malignancy", ("crs-grade-ge-3",))
#: The keys that users of the JSON rely on.
KEYS = {
    *("estimate", "lower", "upper", "tau2", "i2", "q", "k", "events", "total"),
    *("prediction_lower", "prediction_upper"),
}


@pytest.fixture(scope="module")
def mono(kg: KnowledgeGraph) -> Synthesis:
    """Return complete response to CD22 alone in ALL."""
    return pool_claims(kg.evidence, MONO, Model(), graph="sha256:x")


# Claims


def test_the_figure_is_that_of_its_studies(mono: Synthesis) -> None:
    """Each study has the intervals of its counts, and the figure is what the statistics make of these."""
    counts = [study.events for study in mono.studies], [study.total for study in mono.studies]

    assert pool(*counts) == mono.estimate
    assert (mono.estimate.events, mono.estimate.total) == (sum(counts[0]), sum(counts[1]))
    for study in mono.studies:
        assert clopper_pearson_interval(study.events, study.total) == study.exact(0.95)
        assert wilson_interval(study.events, study.total, level=0.9) == study.wilson(0.9)


def test_studies_are_named_and_in_the_order_of_years(mono: Synthesis) -> None:
    """Rows are called by author and year, and those without a date come last."""
    assert [study.label for study in mono.studies][:3] == ["Pan 2019", "Shah 2020", "Singh 2021"]
    years = [study.year or 9999 for study in mono.studies]
    assert sorted(years) == years
    assert len({study.label for study in mono.studies}) == len(mono.studies)


def test_the_same_by_name_and_by_method(kg: KnowledgeGraph) -> None:
    """The Python interface takes names as queries do, and any model."""
    found = kg.pool(
        therapy="CAR T cells directed to CD22 alone",
        indication="ALL",
        outcome=["CR", "cr-or-cri"],
        model=model_from(method="DL"),
        least_share=0.95,
    )
    share, low, high, tau2, _ = pool_proportions((study.events, study.total) for study in found.studies)

    assert found.selection == MONO
    assert kg.digest == found.graph
    assert (found.estimate.estimate, found.estimate.lower, found.estimate.upper, found.estimate.tau2) == pytest.approx(
        (share, low, high, tau2), rel=1e-12
    )


def test_nothing_to_pool_says_what_fits(kg: KnowledgeGraph) -> None:
    """Where no claim can be pooled, the error tells how many fit the question."""
    with pytest.raises(SynthesisError, match=r"there is no study to pool; what fits is left out: a median \(mRFS"):
        pool_claims(kg.evidence, Selection("cd22-mono-car-t", "b-cell-malignancy", ("rfs",)), Model())


def test_mixed_studies_are_refused_if_asked(kg: KnowledgeGraph) -> None:
    """With `strict`, studies that differ in what had better agree are no synthesis."""
    with pytest.raises(DataError, match="the studies have mixed grading scales") as caught:
        pool_claims(kg.evidence, CRS, Model(), Analyses(strict=True))
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("analyses", "message"),
    [
        (Analyses(by="colour"), "studies have no group `colour`"),
        (Analyses(moderator="dose"), "studies have no moderator `dose`"),
    ],
)
def test_unknown_groups_and_moderators(kg: KnowledgeGraph, analyses: Analyses, message: str) -> None:
    """What studies cannot be grouped or compared by is an error that lists what they can."""
    with pytest.raises(QueryError, match=message):
        pool_claims(kg.evidence, MONO, Model(), analyses)


def test_everything_at_once(kg: KnowledgeGraph) -> None:
    """Groups, moderator, leave-one-out, cumulative pooling and small-study tests go with one another."""
    asked = Analyses("group", "year", leave_one_out=True, cumulative=True, small_study=True)
    found = pool_claims(kg.evidence, CRS, Model(), asked)
    count = len(found.studies)

    assert found.subgroups is not None
    assert sum(one.k for one in found.subgroups.estimates) == count
    assert len(found.leave_one_out) == count
    assert [found.studies[at].label for at, _ in found.cumulative] == [study.label for study in found.studies]
    assert found.cumulative[-1][1].estimate == pytest.approx(found.estimate.estimate, rel=1e-9)
    assert found.regression is not None
    assert found.regression.k == count - len(found.unplaced)
    assert set(found.unplaced) == {study.label for study in found.studies if study.year is None}
    assert len(found.small_study) == 3


def test_glmm_and_small_study_tests(kg: KnowledgeGraph) -> None:
    """The binomial-normal model has no lines of means, so the tests use restricted maximum likelihood."""
    found = pool_claims(kg.evidence, CRS, Model(method="GLMM"), Analyses(small_study=True, leave_one_out=True))

    assert found.estimate.weights == ()
    assert "binomial-normal" in to_text(found)
    assert len(found.leave_one_out) == len(found.studies)


def test_a_level_at_the_end_of_what_numbers_tell_apart() -> None:
    """A level whose intervals would be infinite is refused; the one before it is not."""
    with pytest.raises(QueryError, match="so near to 1"):
        model_from(level=1 - 2**-53)
    found = synthesize("t", [PooledStudy("a", 1, 9), PooledStudy("b", 5, 9)], model_from(level=1 - 2**-52))
    assert 0 < found.estimate.lower < found.estimate.upper < 1


def test_options_that_do_not_go_together_are_refused() -> None:
    """A model that is none is an error of the question, not of the studies."""
    with pytest.raises(QueryError, match="transform is one of"):
        model_from(transform="square")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="Hartung and Knapp"):
        model_from(method="FE", hartung_knapp=True)


def test_without_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numpy or scipy is missing, the message says what to install."""
    monkeypatch.setattr(pooling, "find_spec", lambda name: None)
    with pytest.raises(SynthesisError, match="pooling needs numpy and scipy") as caught:
        synthesize("x", [PooledStudy("a", 1, 2)], Model())
    assert caught.value.hint == "pip install 'cd22kg[stats]'"


# What is written of a synthesis


def test_json_has_the_keys_that_users_rely_on(mono: Synthesis) -> None:
    """Shares are fractions, and the studies, the model, what was left out and the graph are told."""
    found = json.loads(to_text(mono, "json"))

    assert set(found) >= KEYS
    assert found["estimate"] == mono.estimate.estimate
    assert found["model"] == {
        "transform": "logit",
        "method": "REML",
        "hartung_knapp": False,
        "level": 0.95,
        "back": "harmonic",
    }
    assert [study["claim"] for study in found["studies"]] == [study.claim for study in mono.studies]
    assert sum(study["weight"] for study in found["studies"]) == pytest.approx(1)
    assert found["leftOut"][0].keys() == {"claim", "reason", "instead"}
    assert (found["graph"], found["version"]) == ("sha256:x", mono.version)
    assert found["selection"]["therapy"] == "cd22-mono-car-t"


@pytest.mark.parametrize("form", FORMATS)
def test_forms_name_every_study_and_what_was_left_out(mono: Synthesis, form: str) -> None:
    """Nothing that was pooled or left out is missing in any form, and two writings are the same."""
    text = to_text(mono, form, 0)

    for named in (*(study.claim for study in mono.studies), *(out.claim for out in mono.left_out)):
        assert named in text
    assert to_text(mono, form, 0) == text
    assert text.endswith("\n")


@pytest.mark.parametrize("width", [80, 100, 140])
def test_table_fits_the_terminal(kg: KnowledgeGraph, width: int) -> None:
    """No line is wider than the terminal."""
    asked = Analyses("group", "year", leave_one_out=True, cumulative=True, small_study=True)
    text = to_text(pool_claims(kg.evidence, CRS, Model(), asked), "table", width)

    assert max(map(len, text.splitlines())) <= width


def test_one_study_is_told_as_one() -> None:
    """A single study is no meta-analysis, and is not told as one."""
    text = to_text(synthesize("one", [PooledStudy("a", 4, 7)], Model()))

    assert "One study: nothing is pooled" in text
    assert "prediction" not in text


def test_in_a_notebook(mono: Synthesis) -> None:
    """A synthesis shows itself in a line, as a table with links, and as a data frame; what is in it is escaped."""
    frame = mono.to_frame()
    assert list(frame["claim"]) == [study.claim for study in mono.studies]
    assert sum(frame["weight"]) == pytest.approx(1)
    assert repr(mono).endswith("73/125 in 5 studies")
    assert '<a href="https://w3id.org/cd22kg/claim/shah-2020-cr">Shah 2020</a>' in mono._repr_html_()

    hostile = synthesize("<b>t", [PooledStudy("<script>", 1, 2), PooledStudy("b", 0, 2)], Model(method="GLMM"))
    assert "<script>" not in hostile._repr_html_()
    assert "<b>" not in hostile._repr_html_()
    assert list(hostile.to_frame()["share"]) == [0.5, 0.0]


def test_markup_in_names_is_none_in_markdown(kg: KnowledgeGraph) -> None:
    """What stands in titles, names and reasons is text, whatever it looks like."""
    hostile = "<img src=x onerror=alert(1)> *b*"
    found = pool_claims(kg.evidence, MONO, Model())
    out = tuple(replace(one, reason=hostile) for one in found.left_out)
    text = to_text(replace(found, title=hostile, left_out=out, mixed=(hostile,)), "md")

    assert "\\<img" in text
    assert "<img" not in text.replace("\\<img", "")
    assert "*b*" not in text.replace("\\*b\\*", "")


def test_unknown_form(mono: Synthesis) -> None:
    """An unknown form lists those there are."""
    with pytest.raises(QueryError, match="unknown format `xml`"):
        to_text(mono, "xml")


# Tables


def table(tmp_path: Path, text: str) -> Path:
    """Write a table."""
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_table_in_any_order_of_columns(tmp_path: Path, separator: str) -> None:
    """Columns are found by name; others group the studies or run beside them."""
    rows = [
        ["Total", "study", "events", "year", "arm"],
        ["20", "A, 1", "12", "2001", "x"],
        ["8", "B", "0", "", "y"],
        ["30", "C", "9", "2003", "x"],
    ]
    lines = [separator.join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows]
    studies = read_table(table(tmp_path, "\n".join(lines) + "\n\n"))

    assert [(s.label, s.events, s.total, s.year, s.fact("arm")) for s in studies] == [
        ("A, 1", 12, 20, 2001, "x"),
        ("B", 0, 8, None, "y"),
        ("C", 9, 30, 2003, "x"),
    ]
    found = synthesize("t", studies, Model(), Analyses(by="arm", moderator="total"))
    assert found.subgroups is not None
    assert found.subgroups.labels == ("x", "y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study,events\na,1\n", "one column each of study, events, total; look at: total"),
        ("study,events,total,total\na,1,2,2\n", "look at: total"),
        ("study,events,total\n", "the table has no rows"),
        ('study,events,total\n"a,1,2\n', "this is no table"),
        (",,\n,,\n", "the table has empty cells only"),
        ("study,events,total,year,Year\na,1,2,2001,2002\n", "columns have the same name: year"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    """A file without the columns or without rows is refused, with the place."""
    with pytest.raises(InputError, match=message) as caught:
        read_table(table(tmp_path, text))
    assert caught.value.location is not None


def test_cells_may_hold_line_breaks_and_columns_no_name(tmp_path: Path) -> None:
    """A cell in quotation marks may run over lines; a column without a name is no fact of the studies."""
    studies = read_table(table(tmp_path, 'study,events,total,\r\n"a\r\nb",1,2,x\r\nc,1,3,\r\n'))

    assert [(study.label, study.facts) for study in studies] == [("a\r\nb", ()), ("c", ())]
    assert "a\\u000D\\u000Ab" in to_text(synthesize("t", studies, Model()))


@pytest.mark.parametrize("cell", ["1_0", "１", "nan", "inf", "1e308", "x"])
def test_what_is_no_number_is_not_in_the_regression(tmp_path: Path, cell: str) -> None:
    """A study whose cell Python would read as a number, but nobody writes so, is told as having none."""
    rows = f"study,events,total,dose\na,1,9,1\nb,2,9,2\nc,5,9,3.5\nd,6,9,-4\ne,7,9,{cell}\n"
    found = synthesize("t", read_table(table(tmp_path, rows)), Model(), Analyses(moderator="dose"))

    assert found.unplaced == ("e",)
    assert "Not in the regression, as they have no number along dose: e" in to_text(found)


@pytest.mark.parametrize("moderator", ["year", "after-cd19"])
def test_a_table_without_the_number_asked_for(tmp_path: Path, moderator: str) -> None:
    """The error names the numbers that there are."""
    studies = read_table(table(tmp_path, "study,events,total,dose\na,1,9,1\nb,2,9,2\nc,5,9,3\n"))
    with pytest.raises(QueryError, match=f"no study states its number `{moderator}`") as caught:
        synthesize("t", studies, Model(), Analyses(moderator=moderator))
    assert caught.value.hint == "one of: dose, total"


def test_every_bad_row_is_told(tmp_path: Path) -> None:
    """All faults of a table are told at once, each with its line."""
    text = "study,events,total\na,5,4\n,1,2\nb,1.5,3\nb,1,3\nc,1,3\nc,2,3\nd,1\ne,-1,3\nf,１,3\ng,0,0\n"
    with pytest.raises(DataError) as caught:
        read_table(table(tmp_path, text))

    told = [(p.location.line if p.location else 0, p.message) for p in caught.value.problems]
    assert told == [
        (2, "events (5) exceed total (4)"),
        (3, "the study has no name"),
        (4, "events and total are whole numbers, got `1.5` and `3`"),
        (5, "the study `b` stands in line 4 already"),
        (7, "the study `c` stands in line 6 already"),
        (8, "the row has 2 cells, the table 3 columns"),
        (9, "events and total are whole numbers, got `-1` and `3`"),
        (10, "events and total are whole numbers, got `１` and `3`"),
        (11, "a study without patients"),
    ]


# Saved syntheses


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_saved_syntheses_are_as_the_claims_have_them(kg: KnowledgeGraph, path: Path) -> None:
    """Each saved synthesis holds the result of its recipe on the claims as they are; its file is as it is written."""
    saved = read_saved(path)
    found = rerun(saved, kg.evidence)

    assert saved.holds
    assert not found.moved
    assert not found.refreshed, str(found)
    fresh = saved_from(saved.id, pool_claims(kg.evidence, saved.recipe.selection(), saved.recipe.model()), saved.title)
    assert fresh.result == saved.result
    assert to_yaml(saved) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("selection", "model"),
    [
        (MONO, Model()),
        (replace(MONO, after_cd19=False, denominator=("infused", "enrolled"), until="2026-01"), Model("arcsine", "DL")),
        (
            replace(CRS, overlap="latest", printed_only=True, exclude_abstracts=True),
            Model("freeman-tukey", "PM", level=0.9),
        ),
        (replace(CRS, exact=False), Model("raw", "REML", hartung_knapp=True)),
    ],
)
def test_saved_and_read_again(kg: KnowledgeGraph, tmp_path: Path, selection: Selection, model: Model) -> None:
    """What is saved is read again as it was: recipe, studies and numbers."""
    saved = saved_from("a-b", pool_claims(kg.evidence, selection, model, graph=kg.digest), 'A "title": with marks')
    path = write_saved(saved, tmp_path / "syntheses")
    again = read_saved(path)

    assert again == saved
    assert again.holds
    assert again.recipe.selection() == selection
    assert again.recipe.model() == replace(model, back=again.recipe.model().back)
    assert to_yaml(again) == path.read_text(encoding="utf-8")


def test_saved_with_nothing_left_out(kg: KnowledgeGraph, tmp_path: Path) -> None:
    """A list without entries is not written, so that the file can be read again."""
    one = pool_claims(kg.evidence, MONO, Model())
    saved = saved_from("all-in", replace(one, left_out=()))
    path = write_saved(saved, tmp_path)

    assert "leftOut" not in path.read_text(encoding="utf-8")
    assert read_saved(path) == saved


@pytest.mark.parametrize(
    ("title", "message"),
    [
        ("a\u202eb", r"the title cannot be saved: hidden or control character U\+202E"),
        ("e\u0301", "not in Unicode normal form C"),
        ("\udcff", "a byte that is not UTF-8"),
        ("  ", "the title is blank"),
    ],
)
def test_a_title_that_could_not_be_read_again_is_refused(mono: Synthesis, title: str, message: str) -> None:
    """What the gate refuses in a file is not written into one."""
    with pytest.raises(QueryError, match=message):
        saved_from("a", mono, title)


@pytest.mark.parametrize("title", ["a\nb", " a ", "a: b # c", "'q' \"d\" \\ {x}", "é – 𝔘", "null", "1.50", "- x"])
def test_any_other_title_is_read_again_as_it_was(mono: Synthesis, tmp_path: Path, title: str) -> None:
    """Marks of YAML in a title are text."""
    path = write_saved(saved_from("a", mono, title), tmp_path)

    assert read_saved(path).title == title
    assert to_yaml(read_saved(path)) == path.read_text(encoding="utf-8")


def test_numbers_of_a_recipe_do_not_become_others(kg: KnowledgeGraph, tmp_path: Path) -> None:
    """A share is cut, never rounded up to one that leaves cohorts out; a level that a file cannot hold is refused."""
    asked = replace(MONO, least_share=2 / 3)
    path = write_saved(saved_from("a", pool_claims(kg.evidence, asked, Model(level=0.999999))), tmp_path)
    recipe = read_saved(path).recipe
    assert (recipe.selection().least_share, recipe.model().level) == (0.666666, 0.999999)

    with pytest.raises(QueryError, match=r"the level 0\.9999999 cannot be saved"):
        saved_from("a", pool_claims(kg.evidence, MONO, Model(level=0.9999999)))
    with pytest.raises(QueryError, match="1e-09 is too small to be saved"):
        saved_from("a", pool_claims(kg.evidence, replace(MONO, least_share=1e-9), Model()))


@pytest.mark.parametrize(
    ("update", "cause"),
    [
        ({"left_out": ()}, "what is left out, or why"),
        ({"digest": "x"}, "the recipe, or the result in the file, was edited"),
    ],
)
def test_what_has_changed_but_moved_nothing(
    kg: KnowledgeGraph, mono: Synthesis, update: dict[str, object], cause: str
) -> None:
    """The cause told is the one there was."""
    found = rerun(saved_from("mono", mono).model_copy(update=update), kg.evidence)

    assert not found.moved
    assert list(found.causes()) == [cause]
    assert str(found).endswith(f"not moved, though: {cause}")


def test_another_order_of_studies_is_told_as_one(kg: KnowledgeGraph, mono: Synthesis) -> None:
    """A source whose date is corrected moves its row, and nothing else."""
    saved = saved_from("mono", mono)
    turned = saved.model_copy(update={"studies": saved.studies[::-1]})
    found = rerun(turned.model_copy(update={"digest": digest_of(turned)}), kg.evidence)

    assert list(found.causes()) == ["the order of the studies"]


def test_a_digest_without_a_result_does_not_hold(mono: Synthesis) -> None:
    """Who writes a digest of nothing gets it computed."""
    bare = saved_from("mono", mono).model_copy(update={"result": {}})

    assert not bare.model_copy(update={"digest": digest_of(bare)}).holds


def test_a_result_typed_in_is_noticed(kg: KnowledgeGraph, tmp_path: Path, mono: Synthesis) -> None:
    """Who edits a number in the file finds it computed again, and is told."""
    path = write_saved(saved_from("mono", mono), tmp_path)
    text = path.read_text(encoding="utf-8")
    estimate = f"estimate: {read_saved(path).result['estimate']}"
    path.write_text(text.replace(estimate, "estimate: 0.99"), encoding="utf-8")
    found = rerun(read_saved(path), kg.evidence)

    assert not read_saved(path).holds
    assert found.moved
    assert list(found.causes()) == ["the recipe, or the result in the file, was edited"]
    assert found.after.holds


def test_an_edited_recipe_is_run(kg: KnowledgeGraph, tmp_path: Path, mono: Synthesis) -> None:
    """A recipe without a result, written by hand, is pooled for the first time."""
    path = tmp_path / "hand.yaml"
    path.write_text(
        "id: hand\ntitle: by hand\nrecipe: {therapy: cd22-mono-car-t, indication: nhl, outcome: [cr]}\n",
        encoding="utf-8",
    )
    found = rerun(read_saved(path), kg.evidence)

    assert str(found).startswith("hand: pooled for the first time, ")
    assert found.after.result["k"] == len(found.after.studies)


def test_nothing_is_computed_where_nothing_changed(
    kg: KnowledgeGraph, mono: Synthesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build whose claims are as they were does not need numpy and scipy."""
    saved = saved_from("mono", mono)
    monkeypatch.setattr(pooling, "find_spec", lambda name: None)

    assert rerun(saved, kg.evidence) == Rerun(saved, saved)
    with pytest.raises(DataError, match="pooling needs numpy and scipy"):
        rerun(saved.model_copy(update={"digest": "x"}), kg.evidence)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("id: a\n", "`title`", 1),
        ("id: b\ntitle: t\nrecipe: {therapy: x, indication: y, outcome: [z]}\n", "stands in a.yaml", 1),
        ("id: a\ntitle: t\nrecipe: {therapy: x, indication: y, outcome: [z], methd: DL}\n", "`recipe.methd`", 3),
        ("id: a\ntitle: t\nrecipe: {therapy: x, indication: y, outcome: [z], method: XX}\n", "`recipe.method`", 3),
        (
            "id: a\ntitle: t\nrecipe:\n  therapy: x\n  indication: y\n  outcome: [z]\n  level: high\n",
            "`recipe.level`",
            7,
        ),
    ],
)
def test_faulty_files_say_where(tmp_path: Path, text: str, message: str, line: int) -> None:
    """A file that is not as a synthesis is written is refused with the place of each fault."""
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_saved(tmp_path / "a.yaml")

    location = caught.value.problems[0].location
    assert location is not None
    assert (location.file, location.line) == (str(tmp_path / "a.yaml"), line)


def test_a_recipe_with_an_unknown_concept(kg: KnowledgeGraph) -> None:
    """What cannot be run is told with the file and the fault."""
    saved = SavedSynthesis.model_validate(
        {"id": "a", "title": "t", "recipe": {"therapy": "nothing", "indication": "all", "outcome": ["cr"]}}
    )
    with pytest.raises(DataError, match="the synthesis `a` cannot be run: there is no therapy `nothing`") as caught:
        rerun(saved, kg.evidence, place="syntheses/a.yaml")
    assert str(caught.value).startswith("syntheses/a.yaml: ")


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"level": "2"}, "the level is a fraction between 0 and 1"),
        ({"method": "GLMM", "transform": "arcsine"}, "GLMM models the counts on the logit scale"),
        ({"leastShare": "0"}, "the least share is a fraction above 0"),
        ({"outcome": []}, "a synthesis needs an outcome"),
    ],
)
def test_a_recipe_that_is_none(kg: KnowledgeGraph, recipe: dict[str, object], message: str) -> None:
    """A recipe edited into what cannot be is a fault of the file when it is run, and of the question when shown."""
    plain = {"therapy": "cd22-mono-car-t", "indication": "all", "outcome": ["cr"], **recipe}
    saved = SavedSynthesis.model_validate({"id": "a", "title": "t", "recipe": plain})
    with pytest.raises(DataError, match=f"the synthesis `a` cannot be run: {message}"):
        rerun(saved, kg.evidence)
    with pytest.raises(QueryError, match=message):
        pool_claims(kg.evidence, saved.recipe.selection(), saved.recipe.model())


def test_unknown_synthesis_lists_the_nearest() -> None:
    """A name that is nearly right is told."""
    with pytest.raises(InputError, match="there is no synthesis `cr-al-dual`") as caught:
        saved_files(ROOT / "syntheses", ["cr-al-dual"])
    assert "cr-all-dual" in caught.value.hint


def test_tables_are_not_saved() -> None:
    """A build could not run the synthesis of a table again."""
    with pytest.raises(QueryError, match="of a table cannot be saved"):
        saved_from("a", synthesize("t", [PooledStudy("a", 1, 2)], Model()))


def test_the_digest_covers_recipe_studies_and_result(mono: Synthesis) -> None:
    """Title, graph and version may change; what is pooled, how, and what came of it may not."""
    saved = saved_from("mono", mono)

    for update in ({"title": "x"}, {"graph": "y"}, {"version": "9"}):
        assert digest_of(saved.model_copy(update=update)) == saved.digest
    assert digest_of(saved.model_copy(update={"studies": saved.studies[1:]})) != saved.digest
    assert digest_of(saved.model_copy(update={"result": {**saved.result, "estimate": Decimal(1)}})) != saved.digest
    recipe = saved.recipe.model_copy(update={"method": "DL"})
    assert digest_of(saved.model_copy(update={"recipe": recipe})) != saved.digest


# What a build makes of them

#: Claim files that name things in each other, and nothing outside.
RELATED = (
    *("autolus-2020-ash-press", "nct03287817", "nct03289455"),
    *("roddie-2023", "cordoba-2021", "cancer-discovery-auto3-2021"),
)
RECIPE = """id: severe-crs
title: severe CRS after AUTO3
recipe: {therapy: auto3, indication: lymphoid-malignancy, outcome: [crs-grade-ge-3]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder of a few claim files with a saved synthesis beside them."""
    (tmp_path / "claims").mkdir()
    (tmp_path / "syntheses").mkdir()
    for name in RELATED:
        shutil.copy(ROOT / "claims" / f"{name}.yaml", tmp_path / "claims")
    (tmp_path / "syntheses" / "severe-crs.yaml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def told(project: Path) -> tuple[list[str], dict[str, dict[str, object]]]:
    """Build, and return what was said of syntheses and what the manifest has of them."""
    said: list[str] = []
    outcome = build(project / "build", project / "claims", Progress(said.append))
    assert outcome.conforms, [*outcome.problems, *outcome.report.findings]
    return [line.strip() for line in said if "severe-crs" in line], outcome.manifest["syntheses"]


def test_a_build_runs_what_a_change_touches(project: Path, cli: Cli) -> None:
    """A build pools, tells what moved by how much and because of which claim, and repeats itself to the byte."""
    expected = pool([0, 1], [15, 52])
    figure = " to ".join(f"{100 * share:.1f}" for share in (expected.lower, expected.upper))
    figure = f"{100 * expected.estimate:.1f} % ({figure})"
    said, manifest = told(project)
    assert said == [f"severe-crs: pooled for the first time, {figure}"]
    assert float(str(manifest["severe-crs"]["estimate"])) == pytest.approx(expected.estimate, abs=1e-6)

    done = cli("pool", "--rerun", "--syntheses", project / "syntheses", "--store", project / "build")
    assert (done.returncode, done.stdout) == (0, f"{said[0]}\n")
    assert told(project) == ([], {"severe-crs": {**manifest["severe-crs"], "moved": False}})
    first = (project / "build" / "cd22kg.nq").read_bytes()
    assert told(project)[0] == []
    assert (project / "build" / "cd22kg.nq").read_bytes() == first

    path = project / "claims" / "cordoba-2021.yaml"
    text = path.read_text(encoding="utf-8")
    claim = text.index("id: cordoba-2021-crs-grade-ge-3")
    path.write_text(text[:claim] + text[claim:].replace("events: 0, total: 15", "events: 3, total: 15", 1), "utf-8")
    said, manifest = told(project)
    by = 100 * (pool([3, 1], [15, 52]).estimate - expected.estimate)
    assert len(said) == 1
    assert said[0].startswith(f"severe-crs moved by {by:+.1f} points, from {figure} to ")
    assert said[0].endswith(": changed: cordoba-2021-crs-grade-ge-3 0/15 is now 3/15")
    assert manifest["severe-crs"]["moved"] is True


def test_the_pooled_claim_in_the_graph(project: Path) -> None:
    """The graph of what is computed holds a pooled claim with its five links, its figure and the claims it used."""
    told(project)
    with cd22kg.load(project / "build") as graph:
        rows = list(
            graph.sparql(
                "SELECT ?used ?value ?events ?total ?model ?source ?antigen WHERE { GRAPH graph:computed { "
                "claim:pooled-severe-crs a cd22:PooledClaim ; cd22:therapy therapy:auto3 ; cd22:antigen ?antigen ; "
                "cd22:indication indication:lymphoid-malignancy ; cd22:outcome outcome:crs-grade-ge-3 ; "
                "cd22:source ?source ; prov:used ?used ; cd22:measurement ?m ; cd22:poolingModel ?model . "
                "?m cd22:value ?value ; cd22:events ?events ; cd22:total ?total } } ORDER BY ?used ?antigen"
            )
        )
        claim = graph.claim("pooled-severe-crs")
        evidence = graph.evidence

    assert list(dict.fromkeys(row["used"].rpartition("/")[2] for row in rows)) == [
        "cordoba-2021-crs-grade-ge-3",
        "roddie-2023-crs-grade-ge-3",
    ]
    assert {row["antigen"].rpartition("/")[2] for row in rows} == {"cd19", "cd22"}
    assert {(row["events"], row["total"]) for row in rows} == {(1, 67)}
    assert {row["model"].rpartition("/")[2] for row in rows} == {"random-effects-reml"}
    assert {row["source"].rpartition("/")[2] for row in rows} == {"cd22kg"}
    assert claim.type == "PooledClaim"
    assert claim.statement.startswith("Pooled here over 2 studies with 67 patients, ")
    # What is computed is no evidence, and is not pooled again.
    assert "pooled-severe-crs" not in evidence.claims
    assert "cd22kg" not in evidence.sources


def test_a_synthesis_that_cannot_be_run_blocks_the_build(project: Path) -> None:
    """A saved synthesis without studies is a fault of the data, told with its file."""
    path = project / "syntheses" / "severe-crs.yaml"
    path.write_text(RECIPE.replace("[crs-grade-ge-3]", "[cd22-positivity]"), encoding="utf-8")
    outcome = build(project / "build", project / "claims")

    assert not outcome.conforms
    assert [problem.message for problem in outcome.problems] == [
        "the synthesis `severe-crs` cannot be run: there is no study to pool"
    ]
    assert outcome.problems[0].location is not None
    assert outcome.problems[0].location.file.endswith("syntheses/severe-crs.yaml")


def test_a_claim_with_the_name_of_a_pooled_one(project: Path) -> None:
    """A claim of a file and the claim of a synthesis do not flow into one."""
    path = project / "claims" / "roddie-2023.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("id: roddie-2023-orr\n", "id: pooled-severe-crs\n"), encoding="utf-8")
    outcome = build(project / "build", project / "claims")

    assert "id: roddie-2023-orr\n" in text
    assert len(outcome.problems) == 1
    assert outcome.problems[0].message.endswith("`pooled-severe-crs` would have the name of a claim of a file")


@pytest.mark.parametrize(
    ("recipe", "faults"),
    [
        (RECIPE, []),
        (RECIPE.replace("auto3,", "auto4,"), ["the synthesis `severe-crs` cannot be run: there is no therapy `auto4`"]),
        (RECIPE.replace("title", "titel"), ["`title`: Field required", "`titel`: Extra inputs are not permitted"]),
        # That nothing is left to pool, only a build can tell.
        (RECIPE.replace("[crs-grade-ge-3]", "[cd22-positivity]"), []),
    ],
)
def test_a_check_reads_the_syntheses_and_does_not_pool(
    project: Path, recipe: str, faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an earlier build and without one a check tells the same of them, and needs no libraries."""
    told(project)
    (project / "syntheses" / "severe-crs.yaml").write_text(recipe, encoding="utf-8")
    # A claim that is gone leaves the pooled one with more patients than its claims have.
    path = project / "claims" / "cordoba-2021.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("id: cordoba-2021-crs-grade-ge-3\n", "id: cordoba-2021-severe\n"), encoding="utf-8")
    monkeypatch.setattr(pooling, "find_spec", lambda name: None)
    whole = check(claims=project / "claims")
    again = recheck(claims=project / "claims", earlier=project / "build")

    assert sorted(problem.message for problem in whole.problems) == sorted(faults)
    assert again.read is not None
    assert (again.problems, again.report) == (whole.problems, whole.report)


# Beside published figures


def test_our_strata_beside_those_of_a_review(kg: KnowledgeGraph) -> None:
    """Pooled complete response of the four strata of Fergusson 2023 overlaps the published intervals."""
    found = kg.compare("fergusson-2023", together=["cr-or-cri"], least_share=0.95)
    strata = {one.claim.id: one for one in found if one.claim.outcome == "cr"}

    assert set(strata) == {f"fergusson-2023-p0{number}" for number in (1, 2, 3, 4)}
    for one in strata.values():
        assert one.overlap is True
        assert one.ours is not None
        assert one.ours.studies
        # What the review could not have read is not held against it.
        assert one.ours.selection is not None
        assert one.ours.selection.until == "2022-03-03"
        # The model is that of the review.
        assert (one.ours.model.method, one.ours.model.transform) == ("DL", "arcsine")
        assert one.figure.value is not None
        assert one.difference == pytest.approx(one.ours.estimate.estimate - float(one.figure.value))


def test_a_grade_does_not_count_as_another(kg: KnowledgeGraph) -> None:
    """Outcomes named to count as one do so only at the grade of the published figure."""
    asked = ["neurotoxicity-any-grade", "neurotoxicity-grade-ge-3"]
    found = {one.claim.id: one for one in kg.compare("fergusson-2023", together=asked)}

    for claim, grade in (("fergusson-2023-p07", "any"), ("fergusson-2023-p08", "ge-3")):
        ours = found[claim].ours
        assert ours is not None
        assert ours.selection is not None
        assert all(grade in outcome for outcome in ours.selection.outcome)


def test_the_model_of_a_review_is_one_we_have(kg: KnowledgeGraph) -> None:
    """A review that pools counts by a binomial-normal model and names another scale is not a fault of the program."""
    claim = kg.evidence.claims["fergusson-2023-p01"]
    named = {"poolingModel": "binomial-normal", "transformation": "double-arcsine"}
    stated = type(claim.stated).model_validate({**claim.stated.model_dump(by_alias=True), **named})

    assert model_of(replace(claim, stated=stated)) == Model("logit", "GLMM")


def test_rates_at_a_time_are_not_compared(kg: KnowledgeGraph) -> None:
    """A published rate from survival curves is listed, and nothing is pooled beside it."""
    found = {one.claim.id: one for one in kg.compare("nguyen-2023")}

    assert found["nguyen-2023-os-1-year-all"].ours is None
    assert "survival curves" in found["nguyen-2023-os-1-year-all"].reason


def test_a_source_without_pooled_figures(kg: KnowledgeGraph) -> None:
    """The error names the sources that have published some."""
    with pytest.raises(QueryError, match="`fry-2018` has published no pooled share") as caught:
        kg.compare("fry-2018")
    assert "fergusson-2023" in caught.value.hint


# The command line


def test_command_pools_saves_and_draws(cli: Cli, tmp_path: Path) -> None:
    """One call gives the table, the file and the plot."""
    asked = ("--therapy", "cd22-mono-car-t", "--indication", "nhl", "--outcome", "cr")
    done = cli("pool", *asked, "--save", "nhl", "--plot", "forest.svg", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "3 studies pooled" in done.stdout
    assert read_saved(tmp_path / "syntheses" / "nhl.yaml").holds
    assert "frank-2024-cr" in (tmp_path / "forest.svg").read_text(encoding="utf-8")
    again = cli("pool", "nhl", "--format", "json", cwd=tmp_path)
    assert json.loads(again.stdout)["k"] == 3
    assert cli("pool", "--rerun", "nhl", cwd=tmp_path).stdout == "nhl: as it was\n"


def test_command_on_a_table(cli: Cli, tmp_path: Path) -> None:
    """A table that has nothing to do with claims is pooled as it is."""
    path = table(tmp_path, "study,events,total\na,10,20\nb,5,30\n")
    done = cli("pool", "--table", path, "--method", "FE", "--format", "json")

    assert done.returncode == 0
    found = json.loads(done.stdout)
    expected = pool([10, 5], [20, 30], Model(method="FE"))
    assert {key: found[key] for key in KEYS} == {key: getattr(expected, key) for key in KEYS}


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ((), 2, "give --therapy, --indication and --outcome"),
        (("--table", "x.csv", "--compare", "fergusson-2023"), 2, "give --table or --compare, not both"),
        (("--table", "missing.csv"), 2, "cannot read the file"),
        (("nothing",), 2, "no synthesis is saved here"),
        (("--rerun",), 2, "no synthesis is saved here"),
        (("--therapy", "x", "--indication", "all", "--outcome", "cr"), 2, "there is no therapy `x`"),
        (("--compare", "fry-2018"), 2, "has published no pooled share"),
        (("--table", "x.csv", "--transform", "square"), 2, "transform is one of"),
        (("a-slug", "--method", "DL"), 2, "--method does not go with SLUG"),
        (("--rerun", "--therapy", "x"), 2, "--therapy does not go with --rerun"),
        (("--table", "x.csv", "--strict", "--denominator", "y"), 2, "--strict, --denominator does not go with --table"),
        (("--table", "x.csv", "--save", "x"), 2, "--save does not go with --table"),
        (("--compare", "fergusson-2023", "--plot", "x.svg"), 2, "--plot does not go with --compare"),
        (("--table", "x.csv", "--plot", "x.gif"), 2, "no plot has the ending `.gif`"),
    ],
)
def test_command_that_cannot_run(cli: Cli, asked: tuple[str, ...], code: int, message: str) -> None:
    """What cannot be run says why, in a line, with exit code 2."""
    done = cli("pool", *asked)

    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_rerun_runs_all_and_tells_every_fault(cli: Cli, tmp_path: Path) -> None:
    """What cannot be run does not keep the others from being run, and each file that is none is told."""
    (tmp_path / "syntheses").mkdir()
    sound = "recipe: {therapy: cd22-mono-car-t, indication: nhl, outcome: [cr]}\n"
    for slug, recipe in (
        ("a", sound.replace("[cr]", "[nothing]")),
        ("b", sound.replace("nhl", "nowhere")),
        ("c", sound),
    ):
        (tmp_path / "syntheses" / f"{slug}.yaml").write_text(f"id: {slug}\ntitle: t\n{recipe}", encoding="utf-8")
    done = cli("pool", "--rerun", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stdout.startswith("c: pooled for the first time")
    assert read_saved(tmp_path / "syntheses" / "c.yaml").holds
    assert "there is no outcome `nothing`" in done.stderr
    assert "there is no indication `nowhere`" in done.stderr
    shown = cli("pool", "a", cwd=tmp_path)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "there is no outcome `nothing`" in shown.stderr


def test_strict_has_exit_code_1(cli: Cli) -> None:
    """Mixed studies are data that does not conform."""
    asked = ("--therapy", "cd22-directed-car-t", "--indication", "lymphoid-malignancy", "--outcome", "crs-grade-ge-3")
    done = cli("pool", *asked, "--strict")

    assert (done.returncode, done.stdout) == (1, "")
    assert "mixed grading scales" in done.stderr


def test_command_beside_a_review(cli: Cli) -> None:
    """The table has a row for each published figure, and the studies pooled beside it."""
    done = cli("pool", "--compare", "fergusson-2023", "--outcome", "cr-or-cri", "--least-share", "0.95")

    assert done.returncode == 0
    for number in range(1, 9):
        assert f"fergusson-2023-p0{number}" in done.stdout
    assert "shah-2020-cr 40/57" in done.stdout
    found = json.loads(cli("pool", "--compare", "fergusson-2023", "--format", "json").stdout)
    assert len(found) == 8
