"""Statistics on plain numbers: proportions are fractions, nothing here knows what a claim is."""

from cd22kg.statistics.proportion import Interval, clopper_pearson_interval, wilson_interval

__all__ = ["Interval", "clopper_pearson_interval", "wilson_interval"]
