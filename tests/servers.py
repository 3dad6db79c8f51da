"""Real SPARQL servers on this machine, each with a folder of its own, for as long as a test session lasts."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Seconds for a server to come up.
DEADLINE = 90
FUSEKI = Path(sys.prefix) / "fuseki"
_FUSEKI_CONFIG = """\
PREFIX fuseki: <http://jena.apache.org/fuseki#>
PREFIX tdb2: <http://jena.apache.org/2016/tdb#>
[] a fuseki:Server ; fuseki:passwd "passwd" ; fuseki:auth "basic" .
<#service> a fuseki:Service ;
  fuseki:name "evidence" ;
  fuseki:endpoint [ fuseki:operation fuseki:query ; fuseki:name "query" ] ;
  fuseki:endpoint [ fuseki:operation fuseki:update ; fuseki:name "update" ; fuseki:allowedUsers "curator" ] ;
  fuseki:endpoint [ fuseki:operation fuseki:gsp-rw ; fuseki:name "data" ; fuseki:allowedUsers "curator" ] ;
  fuseki:dataset <#dataset> .
<#plain> a fuseki:Service ;
  fuseki:name "plain" ;
  fuseki:endpoint [ fuseki:operation fuseki:query ] , [ fuseki:operation fuseki:update ] ;
  fuseki:dataset <#dataset> .
<#dataset> a tdb2:DatasetTDB2 ; tdb2:location "data" ; tdb2:unionDefaultGraph UNION .
"""
_VIRTUOSO_CONFIG = """\
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
FileExtend = 200
MaxCheckpointRemap = 2000
[TempDatabase]
DatabaseFile = virtuoso-temp.db
TransactionFile = virtuoso-temp.trx
MaxCheckpointRemap = 2000
[Parameters]
ServerPort = 127.0.0.1:SQLPORT
DisableUnixSocket = 1
ServerThreads = 10
NumberOfBuffers = BUFFERS
MaxDirtyBuffers = DIRTY
DirsAllowed = .ALLOWED
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:HTTPPORT
ServerThreads = 5
[SPARQL]
ResultSetMaxRows = ROWS
"""


@dataclass(frozen=True)
class Server:
    """A server that runs: its address, the login that it wants for writing, its process, and its port for SQL.

    `plain` is an address of the same data without a kind of server, if it has one.
    """

    address: str
    user: str = ""
    password: str = ""
    plain: str = ""
    pid: int = 0
    sql_port: int = 0


class NotHere(Exception):  # noqa: N818  # a reason to skip, not a fault
    """A server that this machine does not have; the text says how to get it."""


@contextmanager
def oxigraph(folder: Path) -> Iterator[Server]:
    """Run the server program of Oxigraph."""
    beside = Path(sys.executable).parent / "oxigraph"
    program = str(beside) if beside.is_file() else shutil.which("oxigraph")
    if program is None:
        raise NotHere("needs the program oxigraph: pip install oxigraph")
    port = free_port()
    command = [program, "serve", "--location", str(folder / "data"), "--bind", f"127.0.0.1:{port}"]
    with running(command, folder, f"http://127.0.0.1:{port}/query?query=ASK%7B%7D"):
        yield Server(f"oxigraph+http://127.0.0.1:{port}")


@contextmanager
def fuseki(folder: Path, *, union: bool = True) -> Iterator[Server]:
    """Run Fuseki on TDB2, with a password for writing."""
    java = shutil.which("java")
    if java is None or not any(FUSEKI.glob("jena-fuseki-main-*.jar")):
        raise NotHere("needs Java and Fuseki: make servers")
    (folder / "data").mkdir()
    (folder / "passwd").write_text("curator: secret-word\n")
    (folder / "config.ttl").write_text(_FUSEKI_CONFIG.replace("UNION", str(union).lower()))
    port = free_port()
    command = [
        *(java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{FUSEKI}/*"),
        *("org.apache.jena.fuseki.main.cmds.FusekiMainCmd", "--localhost", "--port", str(port)),
        *("--config", "config.ttl"),
    ]
    with running(command, folder, f"http://127.0.0.1:{port}/evidence/query?query=ASK%7B%7D"):
        yield Server(
            f"fuseki+http://127.0.0.1:{port}/evidence", "curator", "secret-word", f"http://127.0.0.1:{port}/plain"
        )


@contextmanager
def virtuoso(folder: Path, *, buffers: int = 10_000, rows: int = 10_000, allowed: str = "") -> Iterator[Server]:
    """Run Virtuoso, with its limit of 10,000 rows, and a password for writing.

    Args:
        folder: Its own, where everything goes.
        buffers: Pages of 8 KiB that it keeps in memory.
        rows: Most rows of an answer.
        allowed: Another folder that it may read.
    """
    program = shutil.which("virtuoso-t")
    if program is None:
        raise NotHere("needs the program virtuoso-t: apt-get install virtuoso-opensource-7")
    port, sql_port = free_port(), free_port()
    config = _VIRTUOSO_CONFIG
    for name, value in (
        ("SQLPORT", sql_port),
        ("HTTPPORT", port),
        ("BUFFERS", buffers),
        ("DIRTY", buffers * 3 // 5),
        ("ALLOWED", f", {allowed}" if allowed else ""),
        ("= ROWS", f"= {rows}"),
    ):
        config = config.replace(name, str(value))
    (folder / "virtuoso.ini").write_text(config)
    command = [program, "+foreground", "+configfile", "virtuoso.ini"]
    with running(command, folder, f"http://127.0.0.1:{port}/sparql?query=ASK%7B%7D") as pid:
        yield Server(f"virtuoso+http://127.0.0.1:{port}", "dba", "dba", pid=pid, sql_port=sql_port)


SERVERS: dict[str, Callable[[Path], AbstractContextManager[Server]]] = {
    "oxigraph": oxigraph,
    "fuseki": fuseki,
    "virtuoso": virtuoso,
}

#: Every kind of address: also Fuseki as an endpoint of which nothing but the standard is known.
STANDARD = "standard"
KINDS = (*SERVERS, STANDARD)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], folder: Path, url: str) -> Iterator[int]:
    """Run a program until the block ends; the block begins when the URL answers, and gets the id of the process."""
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(url, process, folder / "log.txt")
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the URL answers; a program that ends before, or a deadline, is an error with its log."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end and process.poll() is None:
        try:
            with opener.open(url, timeout=5) as reply:
                reply.read()
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text(errors='replace')[-2000:]}")
