"""Heterogeneity and outliers in plain Python: metafor, SciPy, and what must always hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from cd22kg.statistics import outliers
from cd22kg.statistics.outliers import chi_squared_tail, deleted_residuals, normal_tails, scatter

COUNTS = st.integers(1, 300).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
CALM = settings(deadline=None)


def studies(text: str) -> list[tuple[int, int]]:
    """Return studies written as ``12/21 24/34``."""
    return [(int(events), int(total)) for events, _, total in (word.partition("/") for word in text.split())]


PRITZ = "16/17 10/12 4/8 43/58 10/10 25/42 13/14 12/12 22/41 4/5 5/6 18/23 58/68 6/10"

#: What metafor 3.8.1 gives: Q, its p, I2, tau2, and `rstudent`.
METAFOR = {
    PRITZ: (
        (29.7854164602580553, 0.0050566411776599, 0.5635447965837382, 0.361558277235463),
        (
            *(1.42896999251827, 0.48453676955899, -1.26977840858678, -0.16802591416269, 1.2399391403835),
            *(-1.17156000212808, 1.23110473905336, 1.36127274837221, -1.70303194832226, 0.1915597890896),
            *(0.37683139054381, 0.16558707723344, 1.07806305521967, -0.85806404877128),
        ),
    ),
    "1/18 12/21 2/8 6/8 12/15": (
        (15.8447251596490872, 0.0032347559153104, 0.7475500546903403, 1.4420098575217501),
        (-2.46174870194034, 0.2814283090516, -0.75179435159576, 0.85656479211462, 1.19769227811311),
    ),
    "40/57 12/21 24/34 0/8": (
        (7.25623225273, 0.0641640551467, 0.586562296311, 0.27092561427),
        (0.672927765052, -0.225698742456, 0.668284749852, -2.432057674223),
    ),
}


@pytest.mark.parametrize("data", METAFOR)
def test_metafor(data: str) -> None:
    """`rma` of the logit scale after DerSimonian and Laird, and its studentised deleted residuals."""
    (q, p, i2, tau2), residuals = METAFOR[data]
    found = scatter(studies(data))

    assert (found.q, found.p, found.i2, found.tau2) == pytest.approx((q, p, i2, tau2), rel=1e-9)
    assert deleted_residuals(studies(data)) == pytest.approx(residuals, rel=1e-9)


@pytest.mark.parametrize("df", [1, 2, 3, 10, 11, 200, 999, 4000])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1, 1.3, 4, 60])
def test_chi_squared_tail(df: int, share: float) -> None:
    """SciPy's survival function of the chi-squared distribution."""
    assert chi_squared_tail(share * df, df) == pytest.approx(stats.chi2.sf(share * df, df), rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("z", [0.0, 0.5, -1.96, 6.0, -30.0])
def test_normal_tails(z: float) -> None:
    """SciPy's normal distribution, on both sides."""
    assert normal_tails(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-12)


@CALM
@given(st.lists(COUNTS, min_size=3, max_size=12))
def test_order_does_not_matter(data: list[tuple[int, int]]) -> None:
    """Each study has its residual in whatever order they come; turned the other way round, the sign turns."""
    backwards = list(reversed(data))
    turned = [(total - events, total) for events, total in data]

    assert deleted_residuals(backwards) == pytest.approx(tuple(reversed(deleted_residuals(data))), rel=1e-9, abs=1e-12)
    assert deleted_residuals(turned) == pytest.approx([-z for z in deleted_residuals(data)], rel=1e-6, abs=1e-9)


def test_many_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    """From many studies on the variance of all stands for that of the others, which makes hardly any difference."""
    data = [(10 + n % 17, 40 + n % 23) for n in range(400)]
    exact = deleted_residuals(data)
    monkeypatch.setattr(outliers, "_MANY", 100)

    assert deleted_residuals(data) == pytest.approx(exact, rel=0.02, abs=0.02)
    assert deleted_residuals(data) != exact


def test_one_study() -> None:
    """One study scatters not at all; nor do equal ones."""
    assert scatter([(3, 9)])[:4] == (0.0, 0, 1.0, 0.0)
    assert scatter([(3, 9)] * 4) == pytest.approx((0.0, 3, 1.0, 0.0, 0.0), abs=1e-12)


def test_refused() -> None:
    """Counts that cannot be, too few studies, and degrees of freedom that are none are errors."""
    with pytest.raises(ValueError, match="three studies"):
        deleted_residuals([(1, 2), (1, 2)])
    with pytest.raises(ValueError, match="events <= total"):
        scatter([(3, 2)])
    with pytest.raises(ValueError, match="df >= 1"):
        chi_squared_tail(1.0, 0)
