"""Runs compiled checks on a store, two at a time, and keeps a bounded number of results with exact counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cd22kg.store import Store, Term
from cd22kg.validation.messages import messages_of
from cd22kg.validation.plan import Check, Result
from cd22kg.validation.running import shown
from cd22kg.validation.shape_model import Constraint, Node
from cd22kg.validation.terms import SH

#: Queries that run at a time; the engine works outside the interpreter's lock.
THREADS = 2
#: Begins the name of the threads that ask a store.
THREAD_NAME = "cd22kg-checks"

#: Says how bad a result is; called from several threads.
Judge = Callable[[Result], str]


def severity_of(result: Result) -> str:
    """Return the severity of a result in small letters; as an IRI where it is none of SHACL's."""
    return result.severity.removeprefix(SH).lower() if result.severity.startswith(SH) else result.severity


@dataclass
class Tally:
    """Results as they come in.

    Attributes:
        limit: How many are kept, the most severe first; all of them if nothing.
        kept: Those, each with what the judge said.
        counts: How many there were, by what the judge said.
        rules: How many there were, by shape and component.
    """

    limit: int | None = None
    kept: list[tuple[str, Result]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, severity: str, result: Result) -> bool:
        """Count a result, keep it if there is room, and return whether there was."""
        self.count(severity, result.shape, result.component)
        if self.limit is not None and len(self.kept) >= self.limit:
            return False
        self.kept.append((severity, result))
        return True

    def count(self, severity: str, shape: Node, component: str) -> None:
        """Count a result that is not kept."""
        self.counts[severity] += 1
        self.rules[str(shape), component] += 1

    def merge(self, other: Tally) -> None:
        """Take over what another tally holds."""
        self.counts += other.counts
        self.rules += other.rules
        self.kept += other.kept
        if self.limit is not None and len(self.kept) > self.limit:
            self.kept.sort(key=lambda item: _RANKS.get(item[0], 0))
            del self.kept[self.limit :]


_RANKS = {"violation": 0, "warning": 1, "info": 2, "annotated": 3}


def run_checks(
    store: Store, checks: Iterable[Check], tally: Tally, judge: Judge = severity_of, threads: int = THREADS
) -> None:
    """Ask every check of a store and add its results, in the order of the checks.

    Raises:
        QueryError: If the store gives up on a query.
        KeyboardInterrupt: At once, though what a store computes in another thread cannot be stopped: whoever wants to
            end the process must not wait for its threads.
    """

    @shown
    def run(check: Check) -> Tally:
        found = Tally(tally.limit)
        for constraint, row in rows_of(store, check):
            result = check.result(constraint, row)
            severity = judge(result)
            if found.add(severity, result):
                messages = messages_of(check.shape, constraint, row)
                found.kept[-1] = (severity, replace(result, messages=messages))
        return found

    if threads < 2:
        for check in checks:
            tally.merge(run(check))
        return
    with workers(threads) as pool:
        for found in pool.map(run, checks):
            tally.merge(found)


@contextmanager
def workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads; what waits for one is forgotten at the end, and they are not waited for if we are interrupted."""
    pool = ThreadPoolExecutor(threads, THREAD_NAME)
    wait = True
    try:
        yield pool
    except KeyboardInterrupt:
        wait = False
        raise
    finally:
        pool.shutdown(wait=wait, cancel_futures=True)


def rows_of(store: Store, check: Check) -> Iterator[tuple[Constraint, Mapping[str, Term | None]]]:
    """Yield each violation that a check finds: the constraint that is broken, and what the query says of it."""
    if check.guard and next(store.select(check.guard, name=check.name)[1], None) is None:
        return
    columns, rows = store.select(check.query, name=check.name)
    for values in rows:
        row = dict(zip(columns, values, strict=True))
        for constraint in check.broken(row):
            yield constraint, row


def add_all(results: Iterable[Result], tally: Tally, judge: Judge) -> None:
    """Add results that another engine found."""
    found = Tally(tally.limit)
    for result in results:
        found.add(judge(result), result)
    tally.merge(found)
