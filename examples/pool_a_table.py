"""Pool a table of your own: the share with its interval, what each study does to it, and a forest plot.

Run from anywhere: ``python examples/pool_a_table.py [TABLE.csv]``. Without a table it takes one of 14 studies, on
patients who improved with hyperdynamic therapy. Writes ``forest.svg`` into the folder it is run in.
"""

import sys
from pathlib import Path

from cd22kg.export.plots import draw
from cd22kg.synthesis.pooling import Analyses, model_from, synthesize
from cd22kg.synthesis.table import read_table

path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "tables" / "zhou-1999.csv"
found = synthesize(path.stem, read_table(path), model_from(method="GLMM"), Analyses(leave_one_out=True))

pooled = found.estimate
print(f"{pooled.events} of {pooled.total} in {pooled.k} studies, pooled {pooled.estimate:.1%}", end=" ")
print(f"({pooled.lower:.1%} to {pooled.upper:.1%})")
for study, without in zip(found.studies, found.leave_one_out, strict=True):
    print(f"  without {study.label}: {without.estimate:.1%} ({without.lower:.1%} to {without.upper:.1%})")

draw(found, "forest.svg")
print("forest.svg")
