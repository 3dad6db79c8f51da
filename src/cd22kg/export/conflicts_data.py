"""Conflicts as programs read them: JSON and CSV."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import Any

from cd22kg.synthesis.conflicts.comparable import Subject
from cd22kg.synthesis.conflicts.disagreement import Conflict, Conflicts
from cd22kg.synthesis.conflicts.groups import Group
from cd22kg.synthesis.conflicts.shares import Share
from cd22kg.validation.shielding import json_text, shielded

_COLUMNS = (
    *("kind", "status", "group", "indication", "outcome"),
    *("here", "here_source", "here_share", "here_events", "here_total"),
    *("there", "there_source", "there_share", "there_events", "there_total"),
    *("difference", "method", "p", "adjusted_p", "valid", "supported", "certainty", "reason", "causes"),
    *("claims", "q", "df", "i2", "outliers"),
)


def to_json(conflicts: Conflicts) -> str:
    """Return conflicts as JSON, see `to_plain`."""
    return json_text(to_plain(conflicts), indent=2)


def to_plain(conflicts: Conflicts) -> dict[str, Any]:
    """Return conflicts as JSON holds them; shares are fractions, numbers have ten digits."""
    how, wanted = conflicts.how, conflicts.wanted
    return {
        "test": how.test,
        "adjust": how.adjust,
        "level": how.level,
        "within": how.within,
        "therapy": wanted.therapy or None,
        "indication": wanted.indication or None,
        "outcome": wanted.outcome or None,
        "everything": wanted.everything,
        "claims": conflicts.claims,
        "pairs_tested": conflicts.tests,
        "groups_tested": conflicts.groups_tested,
        "pairs": [_plain_pair(pair) for pair in conflicts.pairs],
        "groups": [_plain_group(group) for group in conflicts.groups],
    }


def _plain_pair(pair: Conflict) -> dict[str, Any]:
    test, said = pair.test, pair.assertion
    return {
        "kind": pair.kind,
        "status": pair.status,
        "supported": pair.supported,
        **_plain_subject(pair.subject),
        "here": _plain_share(pair.here.id, pair.here.source, pair.here_share),
        "there": _plain_share(pair.there.id, pair.there.source, pair.there_share),
        "test": {
            "method": test.method,
            "valid": test.valid,
            "difference": _number(test.difference),
            "lower": _number(test.lower),
            "upper": _number(test.upper),
            "z": _number(test.z),
            "p": _number(test.p),
            "adjusted_p": _number(test.adjusted),
            "apart": test.apart,
        },
        "causes": [
            {"factor": c.factor, "decisive": c.decisive, "here": c.here, "there": c.there, "sentence": c.sentence}
            for c in pair.causes
        ],
        "asserted": {"certainty": said.certainty, "reason": said.reason} if said else None,
        "also": [list(again) for again in pair.also],
    }


def _plain_group(group: Group) -> dict[str, Any]:
    return {
        **_plain_subject(group.subject),
        "q": _number(group.scatter.q),
        "df": group.scatter.df,
        "p": _number(group.scatter.p),
        "adjusted_p": _number(group.adjusted),
        "i2": _number(group.scatter.i2),
        "tau2": _number(group.scatter.tau2),
        "estimate": _number(group.pooled.share),
        "lower": _number(group.pooled.low),
        "upper": _number(group.pooled.high),
        "members": [
            {
                **_plain_share(member.share.id, member.share.claim.source, member.share),
                "residual": _number(member.residual),
                "p": _number(member.p),
                "adjusted_p": _number(member.adjusted),
                "outlier": member.is_outlier,
                "alone": dict(member.alone),
            }
            for member in group.members
        ],
        "splits": [
            {
                "factor": split.factor,
                "explained": _number(split.explained),
                "q_within": _number(split.q_within),
                "df_within": split.df_within,
                "p": _number(split.p),
                "silent": split.silent,
                "levels": [{"value": v, "claims": k, "estimate": _number(s)} for v, k, s in split.levels],
            }
            for split in group.splits
        ],
        "left_out": [share.id for share in group.left_out],
    }


def _plain_subject(subject: Subject | None) -> dict[str, str | None]:
    return {
        "therapy_class": subject.group if subject else None,
        "indication": subject.indication if subject else None,
        "outcome": subject.outcome if subject else None,
    }


def _plain_share(claim: str, source: str, share: Share | None) -> dict[str, Any]:
    return {
        "claim": claim,
        "source": source,
        "value": _number(share.value) if share else None,
        "events": share.events if share else None,
        "total": share.total if share else None,
        "worked_out": (share.worked_out or None) if share else None,
        "lower": _number(share.lower) if share else None,
        "upper": _number(share.upper) if share else None,
        "basis": share.basis if share else None,
    }


def _number(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.10g}")


def to_csv(conflicts: Conflicts) -> str:
    """Return a row for each pair and each group; no cell is one that a spreadsheet takes for a formula."""
    file = io.StringIO()
    writer = csv.DictWriter(file, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for pair in conflicts.pairs:
        writer.writerow({name: _cell(value) for name, value in _csv_pair(pair).items()})
    for group in conflicts.groups:
        writer.writerow({name: _cell(value) for name, value in _csv_group(group).items()})
    return file.getvalue()


def _csv_pair(pair: Conflict) -> dict[str, Any]:
    test, said = pair.test, pair.assertion
    return {
        "kind": pair.kind,
        "status": pair.status,
        **_csv_subject(pair.subject),
        **_csv_share("here", pair.here.id, pair.here.source, pair.here_share),
        **_csv_share("there", pair.there.id, pair.there.source, pair.there_share),
        "difference": _number(test.difference),
        "method": test.method,
        "p": _number(test.p),
        "adjusted_p": _number(test.adjusted),
        "valid": test.valid,
        "supported": pair.supported,
        "certainty": said.certainty if said else None,
        "reason": said.reason if said else None,
        "causes": " ".join(cause.sentence for cause in pair.causes),
    }


def _csv_share(side: str, claim: str, source: str, share: Share | None) -> dict[str, Any]:
    found = {side: claim, f"{side}_source": source}
    if share is None:
        return found
    return {
        **found,
        f"{side}_share": _number(share.value),
        f"{side}_events": share.events,
        f"{side}_total": share.total,
    }


def _csv_group(group: Group) -> dict[str, Any]:
    return {
        "kind": "group",
        "status": "found",
        **_csv_subject(group.subject),
        "p": _number(group.scatter.p),
        "adjusted_p": _number(group.adjusted),
        "causes": " ".join(f"{split.factor} ({split.explained:.0%})" for split in group.splits),
        "claims": " ".join(member.share.id for member in group.members),
        "q": _number(group.scatter.q),
        "df": group.scatter.df,
        "i2": _number(group.scatter.i2),
        "outliers": " ".join(member.share.id for member in group.members if member.is_outlier),
    }


def _csv_subject(subject: Subject | None) -> dict[str, str]:
    if subject is None:
        return {}
    return {"group": subject.group, "indication": subject.indication, "outcome": subject.outcome}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    first = unicodedata.normalize("NFKC", value.lstrip())[:1]
    shown = shielded(value)
    return f"'{shown}" if first in ("=", "+", "-", "@") or value[:1] in ("\t", "\r", "\n") else shown
