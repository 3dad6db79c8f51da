"""Virtuoso: its own bulk loader, the store of this package that asks it over HTTP, and a procedure that dumps."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import servers

from side_by_side.engines import NotHere

#: Pages of 8 KiB: 2.7 GiB, what its manual advises for 4 GB of free memory.
BUFFERS = 340_000
#: The most rows that it sends at all.
ROWS = 1_048_576
#: The graph of what has no graph in the file; every line has one.
_STRAY = "https://w3id.org/cd22kg/graph/benchmark"
#: Virtuoso has no statement that dumps, but a function that writes a quad as a line. Its own graphs stay out.
_DUMP = """\
CREATE PROCEDURE write_quads (IN target VARCHAR)
{
  DECLARE seen, lines ANY;
  SET isolation = 'uncommitted';
  seen := vector (0, 0, 0);
  lines := string_output ();
  FOR (SELECT * FROM (SPARQL DEFINE input:storage "" SELECT ?s ?p ?o ?g WHERE {
    GRAPH ?g { ?s ?p ?o } FILTER (?g NOT IN (OWN)) }) AS quads OPTION (loop)) DO
    {
      http_nquad (seen, "s", "p", "o", "g", lines);
      IF (length (lines) > 10000000)
        {
          string_to_file (target, lines, -1);
          lines := string_output ();
          seen := vector (0, 0, 0);
        }
    }
  string_to_file (target, lines, -1);
};
"""


class Virtuoso:
    """A server of its own for the run."""

    graphs = True

    def __init__(self, folder: Path) -> None:
        self._isql = shutil.which("isql-vt") or shutil.which("isql-v")
        if self._isql is None:
            raise NotHere("needs the program isql-vt: apt-get install virtuoso-opensource-7-bin")
        folder.mkdir()
        self._exit = ExitStack()
        self._data = folder / "data"
        self._data.mkdir()
        try:
            server = self._exit.enter_context(
                servers.virtuoso(folder, buffers=BUFFERS, rows=ROWS, allowed=str(self._data))
            )
        except servers.NotHere as error:
            raise NotHere(str(error)) from None
        from cd22kg.store import open_sparql

        self.pid = server.pid
        self._server = server
        self._store = self._exit.enter_context(open_sparql(server.address, read_timeout=3600))

    def load(self, file: Path) -> None:
        (self._data / file.name).symlink_to(file)
        self._run(f"ld_dir('{self._data}', '{file.name}', '{_STRAY}'); rdf_loader_run();")
        failed = self._run(
            "SELECT ll_file, ll_error FROM DB.DBA.LOAD_LIST WHERE ll_error IS NOT NULL OR ll_state <> 2;"
        )
        if file.name in failed:
            raise RuntimeError(f"Virtuoso did not load the file: {failed}")

    def optimise(self) -> bool:
        """Write a checkpoint, without which the load would be gone after a crash."""
        self._run("checkpoint;")
        return True

    def query(self, text: str) -> Sequence[Any]:
        from cd22kg.store import Table

        answer = self._store.query(text)
        if not isinstance(answer, Table):
            raise TypeError("the queries of a benchmark are SELECTs")
        return answer.rows

    def plain(self, rows: Sequence[Any]) -> Iterator[Sequence[str]]:
        for row in rows:
            yield ["" if term is None else term.value for term in row]

    def dump(self, file: Path) -> None:
        from cd22kg.store.dialects import VIRTUOSO

        own = ", ".join(f"<{graph}>" for graph in VIRTUOSO.own_graphs)
        self._run(_DUMP.replace("OWN", own))
        self._run(f"write_quads ('{self._data / file.name}');")
        shutil.move(self._data / file.name, file)

    def close(self) -> None:
        self._exit.close()

    def _run(self, text: str) -> str:
        command = [str(self._isql), f"127.0.0.1:{self._server.sql_port}", self._server.user, self._server.password]
        done = subprocess.run(
            [*command, "VERBOSE=OFF", "BANNER=OFF", f"EXEC={text}"], capture_output=True, text=True, check=False
        )
        if done.returncode or "*** Error" in done.stderr + done.stdout:
            raise RuntimeError(f"Virtuoso refuses `{text}`: {done.stdout}{done.stderr}")
        return done.stdout
