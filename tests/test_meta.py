"""The meta-analyses agree with metafor: effects, pooled proportions, refits, lines, groups, tests of small studies."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd22kg.statistics.effects import Effects, back_transform, transform_counts
from cd22kg.statistics.heterogeneity import estimate_spread
from cd22kg.statistics.meta import Model, pool
from cd22kg.statistics.regression import Coefficient, fit_line, regress
from cd22kg.statistics.sensitivity import cumulative, leave_one_out
from cd22kg.statistics.small_study import egger_test, peters_test
from cd22kg.statistics.subgroups import pool_subgroups
from cd22kg.statistics.weighing import Studies

METAFOR = Path(__file__).parent / "data" / "metafor"
GRID = json.loads((METAFOR / "grid.json").read_text(encoding="utf-8"))
#: How near numbers come to those of metafor, relatively, and how near those come that are 0 but for rounding.
NEAR, NOTHING = 1e-9, 1e-11

Case = dict[str, Any]


def cases(table: str) -> list[Any]:
    """Return the cases of a table, named by what they are."""
    return [
        pytest.param(case, id="-".join(str(value) for key, value in case.items() if key not in ("expected", "note")))
        for case in GRID[table]
    ]


def counts(case: Case) -> tuple[list[int], list[int]]:
    """Return events and total of the data of a case."""
    found = GRID["sets"][case["set"]]
    return found["events"], found["total"]


def model(case: Case) -> Model:
    """Return the model of a case."""
    names = ("transform", "method", "hartung_knapp", "level", "back")
    return Model(**{name: case[name] for name in names if name in case})


def agrees(found: object, expected: object) -> bool:
    """Tell whether numbers are those of metafor."""
    return bool(found == pytest.approx(expected, rel=NEAR, abs=NOTHING))


@pytest.mark.parametrize("case", cases("effects"))
def test_effects(case: Case) -> None:
    """Transformed proportions and variances are those of `escalc`."""
    events, total = counts(case)
    found = transform_counts(np.array(events, dtype=float), np.array(total, dtype=float), case["transform"])

    assert found.values.tolist() == pytest.approx(case["values"], rel=1e-12, abs=1e-15)
    assert found.variances.tolist() == pytest.approx(case["variances"], rel=1e-12)


@pytest.mark.parametrize("case", cases("pool"))
def test_pooled(case: Case) -> None:
    """Every figure of a pooled proportion is that of `rma`, `predict`, `confint` and `weights`."""
    found = pool(*counts(case), model(case))
    expected = case["expected"]
    differing = {
        name: (getattr(found, name), value)
        for name, value in expected.items()
        if not agrees(list(found.weights) if name == "weights" else getattr(found, name), value)
    }
    missing = {name for name in ("i2", "h2", "tau2_lower", "prediction_lower") if getattr(found, name) is None}

    assert differing == {}
    assert missing == {name for name in ("i2", "h2", "tau2_lower", "prediction_lower") if name not in expected}


@pytest.mark.parametrize("case", cases("refits"))
def test_refits(case: Case) -> None:
    """Without each study, and study by study, the figures are those of a fit of these studies."""
    refit = {"leave_one_out": leave_one_out, "cumulative": cumulative}[case["which"]]
    found = refit(*counts(case), model(case))
    for name, values in case["expected"].items():
        assert [getattr(one, name) for one in found] == [
            value if value is None else pytest.approx(value, rel=NEAR, abs=NOTHING) for value in values
        ], name


def coefficient(found: Coefficient) -> dict[str, float]:
    """Return a coefficient as the grid has it."""
    return {name: getattr(found, name) for name in ("estimate", "se", "statistic", "p", "lower", "upper")}


@pytest.mark.parametrize("case", cases("lines"))
def test_line(case: Case) -> None:
    """A line over a moderator, and what it predicts, are those of `rma(mods=)` and `predict(newmods=)`."""
    found = regress(*counts(case), GRID["sets"][case["set"]]["moderator"], model(case))
    expected = dict(case["expected"])
    at = found.predict(case["at"])
    predicted = [at.estimate, at.lower, at.upper, at.prediction_lower, at.prediction_upper]
    if case["method"] == "FE":
        assert predicted[3:] == [None, None]
        del predicted[3:]

    assert agrees(predicted, expected.pop("predicted"))
    assert agrees(coefficient(found.intercept), expected.pop("intercept"))
    assert agrees(coefficient(found.slope), expected.pop("slope"))
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected, rel=NEAR, abs=NOTHING)


@pytest.mark.parametrize("case", cases("asymmetry"))
def test_asymmetry(case: Case) -> None:
    """Egger's and Peters' tests are those of `regtest`."""
    events, total = counts(case)
    if case["test"] == "peters":
        found = peters_test(events, total, model(case))
    else:
        found = egger_test(events, total, model(case), classical=case["test"] == "classical")
    expected = case["expected"]

    assert found.k == len(total)
    assert found.df == expected.get("df")
    assert agrees(
        [found.statistic, found.p, found.limit.estimate, found.limit.lower, found.limit.upper],
        [expected[name] for name in ("statistic", "p", "limit", "limit_lower", "limit_upper")],
    )
    assert found.statistic == found.slope.statistic


@pytest.mark.parametrize("case", cases("groups"))
def test_groups(case: Case) -> None:
    """Groups, and the test between them, are those of a `rma` per group, or of one with a common variance."""
    bcg, expected = GRID["sets"]["bcg"], case["expected"]
    found = pool_subgroups(bcg["events"], bcg["total"], bcg["groups"], model(case), common_tau2=case["common"])

    assert list(found.labels) == case["labels"]
    assert found.df == len(case["labels"]) - 1
    assert agrees([one.mean for one in found.estimates], expected["means"])
    assert agrees([one.se for one in found.estimates], expected["errors"])
    assert agrees([one.tau2 for one in found.estimates], expected["tau2"])
    assert agrees([found.q, found.p], [expected["q"], expected["p"]])


def test_the_grid_holds_what_metafor_finds_hard() -> None:
    """Some cases have several maxima, of which Fisher scoring found a lower one, or none."""
    notes = {case["note"].split(";")[0] for case in GRID["pool"] if "note" in case}

    assert notes == {"Fisher scoring ended at a lower maximum", "Fisher scoring failed"}
    assert len(GRID["pool"]) > 300


# Published examples

#: Log risk ratios of tuberculosis after vaccination, and their variances, `escalc(measure="RR")` of `dat.bcg`.
RISK_RATIOS = Effects(
    np.array(
        [
            *(-0.88931133392020545, -1.5853886572014306, -1.3480731482996933, -1.4415511900213054),
            *(-0.21754732221129558, -0.78611558581886398, -1.6208982235983918, 0.011952333523840508),
            *(-0.4694176487381494, -1.3713448034727844, -0.33935882833839059, 0.44591340057137874),
            -0.017313948216879815,
        ]
    ),
    np.array(
        [
            *(0.32558476500396133, 0.19458112139814385, 0.41536796536796539, 0.020010031902247573),
            *(0.051210172169630863, 0.0069056184559087574, 0.22301724757231517, 0.0039615792978177295),
            *(0.056434210463248966, 0.07302479361302891, 0.01241221397155972, 0.53250584520015276),
            0.071404659683986293,
        ]
    ),
)


def test_vaccine_example() -> None:
    """Viechtbauer 2010, Journal of Statistical Software 36(3): variance, its interval, I2 and H2 of section 3.2."""
    table = np.column_stack((np.ones(13), RISK_RATIOS.values))
    found = estimate_spread(Studies(table, RISK_RATIOS.variances), "REML", 0.95)
    (tau2,), (lower,), (upper,), (q,), (typical,) = found

    assert [f"{value:.4f}" for value in (tau2, lower, upper, q)] == ["0.3132", "0.1197", "1.1115", "152.2330"]
    assert f"{tau2 / (tau2 + typical):.2%} {tau2 / typical + 1:.2f}" == "92.22% 12.86"


def test_vaccine_example_over_latitude() -> None:
    """The same article, section 3.3: a line over latitude; its iterations ended when the variance moved by 1e-5."""
    line = fit_line(RISK_RATIOS, np.array(GRID["sets"]["bcg"]["moderator"]), "REML", False, 0.95)

    assert f"{line.intercept.estimate:.4f} {line.intercept.se:.4f}" == "0.2515 0.2491"
    assert f"{line.slope.estimate:.4f} {line.slope.se:.4f}" == "-0.0291 0.0072"
    assert f"{line.slope.lower:.4f} {line.slope.upper:.4f}" == "-0.0432 -0.0150"
    assert line.slope.statistic == pytest.approx(-4.0444, abs=2e-4)
    assert line.spread.tau2[0] == pytest.approx(0.0764, abs=1e-4)
    assert f"{line.spread.q[0]:.4f}" == "30.7331"


def test_double_arcsine_example() -> None:
    """Miller 1978: the transformed proportions, twice ours there, and what they are back again."""
    events, total = np.array([3.0, 6, 10, 1]), np.array([11.0, 17, 21, 6])
    values = transform_counts(events, total, "freeman-tukey").values

    assert (2 * values).round(4).tolist() == [1.1391, 1.2888, 1.5253, 0.9515]
    assert back_transform(values, "freeman-tukey", total).tolist() == pytest.approx(
        (events / total).tolist(), rel=1e-14
    )


# The script itself


def numbers(found: object) -> Iterator[object]:
    """Yield all values of a JSON document, but for remarks on how metafor came to them."""
    if isinstance(found, dict):
        for key in sorted(found.keys() - {"note", "metafor"}):
            yield key
            yield from numbers(found[key])
    elif isinstance(found, list):
        for value in found:
            yield from numbers(value)
    else:
        yield found


@cache
def metafor_is_there() -> bool:
    """Tell whether R and its package metafor are installed."""
    program = shutil.which("Rscript")
    if program is None:
        return False
    return subprocess.run([program, "-e", "library(metafor)"], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif("not metafor_is_there()", reason="needs R and its package metafor")
def test_metafor_still_says_so(tmp_path: Path) -> None:
    """The script gives the numbers that are kept."""
    program = shutil.which("Rscript")
    assert program is not None
    subprocess.run([program, str(METAFOR / "grid.R"), str(tmp_path / "grid.json")], check=True, timeout=600)
    found = json.loads((tmp_path / "grid.json").read_text(encoding="utf-8"))

    for new, kept in zip(numbers(found), numbers(GRID), strict=True):
        assert new == (pytest.approx(kept, rel=1e-8, abs=NOTHING) if isinstance(kept, float) else kept)
