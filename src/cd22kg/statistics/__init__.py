"""Statistics on plain numbers: proportions are fractions, nothing here knows what a claim is."""

from cd22kg.statistics.proportion import Interval, wilson_interval

__all__ = ["Interval", "wilson_interval"]
