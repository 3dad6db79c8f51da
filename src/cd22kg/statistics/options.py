"""How proportions are pooled, by name: apart from the formulas, so that a recipe can name them without NumPy."""

from __future__ import annotations

from typing import Literal, get_args

#: Scales on which proportions are pooled.
Transform = Literal["logit", "arcsine", "freeman-tukey", "log", "raw"]
#: How studies are pooled: fixed effect, random effects with the variance between studies after DerSimonian and Laird,
#: after Paule and Mandel, by restricted or by full maximum likelihood; or a binomial-normal model.
Method = Literal["FE", "DL", "PM", "REML", "ML", "GLMM"]
#: The number of patients at which the Freeman-Tukey scale is inverted: a mean of the studies' totals, or the number
#: whose variance is that of the pooled mean.
Back = Literal["harmonic", "arithmetic", "geometric", "inverse-variance"]

TRANSFORMS: tuple[Transform, ...] = get_args(Transform)
METHODS: tuple[Method, ...] = get_args(Method)
BACKS: tuple[Back, ...] = get_args(Back)
