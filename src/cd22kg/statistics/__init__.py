"""Statistics on plain numbers: proportions are fractions, nothing here knows what a claim is."""

from cd22kg.statistics.fisher import fisher_exact
from cd22kg.statistics.pooling import Pooled, pool_proportions
from cd22kg.statistics.proportion import Interval, clopper_pearson_interval, wilson_interval

__all__ = ["Interval", "Pooled", "clopper_pearson_interval", "fisher_exact", "pool_proportions", "wilson_interval"]
