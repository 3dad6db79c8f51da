"""The command line: every command and option works, answers on stdout, notices on stderr, exit codes 0, 1 and 2."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode
from rdflib import RDF, Graph, URIRef

from cd22kg.cli import ask, main
from cd22kg.errors import StoreError
from cd22kg.namespaces import CD22, STANDARD_PREFIXES
from cd22kg.queries import FORMATS, Result, library
from cd22kg.store import Table
from tests.conftest import Cli, clean_environment

COMMANDS = (
    (),
    ("query",),
    ("overview",),
    ("show",),
    ("explain",),
    ("stats",),
    ("audit",),
    ("conflicts",),
    ("build",),
    ("check",),
    ("pool",),
    ("synth",),
    ("load",),
    ("push",),
    ("validate",),
    ("export",),
    ("export", "turtle"),
    ("export", "nquads"),
    ("export", "schema"),
    ("export", "context"),
    ("export", "classification"),
    ("export", "ontology"),
    ("export", "reference"),
    ("export", "questions"),
)
#: Libraries that take long to import; help must not wait for them.
HEAVY = {
    "curies",
    "httpx2",
    "matplotlib",
    "numpy",
    "owlready2",
    "pydantic",
    "pyoxigraph",
    "pyshacl",
    "rdflib",
    "scipy",
    "yaml",
}
NOTICE = "no build here: reading the packaged claims\n"
STUDIES = "SELECT ?study WHERE { ?study a cd22:Study } ORDER BY ?study"
TRIPLES = "CONSTRUCT { ?study a cd22:Study } WHERE { ?study a cd22:Study }"
XSD = STANDARD_PREFIXES["xsd"]

#: Command lines that could not run, with a piece of what is said.
COULD_NOT_RUN = {
    "explain one of two": (("explain", "therapy:auto3", "a"), "give a claim, or subject, property and object"),
    "explain a name": (("explain", "nowhere:x", "a", "cd22:Claim"), "`nowhere:x` names nothing"),
    "explain what is not": (("explain", "therapy:auto3", "a", "cd22:Antigen"), "the graph does not hold"),
    "explain no claim": (("explain", "shah-2020-rc"), "shah-2020-cr"),
    "unknown format": (("query", "relapse", "--format", "xlsx"), "one of: table, csv, tsv, json, md, ttl"),
    "Turtle of a table": (("query", "relapse", "--format", "ttl"), "Turtle is for triples"),
    "unknown form of the ontology": (("export", "ontology", "--format", "owl"), "one of: ttl, rdfxml, jsonld"),
    "unknown question": (("query", "relapsed"), "try relapse"),
    "no question": (("query",), "give a question, -f FILE or -e TEXT"),
    "two questions": (("query", "relapse", "-e", "ASK {}"), "only one of them"),
    "unknown parameter": (("query", "relapse", "-p", "drug=x"), "it takes: therapy, indication"),
    "parameter of a question without any": (("query", "claims-per-source", "-p", "x=y"), "it takes: none"),
    "unknown value": (("query", "relapse", "-p", "indication=b-al"), "try b-all"),
    "value of another kind": (("query", "relapse", "-p", "indication=auto3"), "there is no indication `auto3`"),
    "parameter without value": (("query", "relapse", "-p", "indication="), "`indication=` is not KEY=VALUE"),
    "parameter without sign": (("query", "relapse", "-p", "b-all"), "`b-all` is not KEY=VALUE"),
    "parameter for SPARQL": (("query", "-e", "ASK {}", "-p", "a=b"), "only library questions take parameters"),
    "broken SPARQL": (("query", "-e", "SELECT * {"), "query:1:11: not SPARQL"),
    "call of a service": (("query", "-e", "SELECT * { SERVICE <svc:/x> { ?s ?p ?o } }"), "`SERVICE` is not allowed"),
    "update": (("query", "-e", "DROP ALL"), "`DROP` is not allowed"),
    "missing file": (("query", "-f", "none.rq"), "none.rq: cannot read the file"),
    "unknown claim": (("show", "fry-2018-crr"), "try fry-2018-cr"),
    "no claim": (("show",), "Missing argument"),
    "conflicts by another test": (("conflicts", "--test", "chi2"), "one of: fisher, midp"),
    "conflicts adjusted otherwise": (("conflicts", "--adjust", "sidak"), "one of: holm, bh, none"),
    "conflicts at no level": (("conflicts", "--level", "5"), "the level is a fraction between 0 and 1"),
    "conflicts of an unknown outcome": (("conflicts", "--outcome", "crr"), "there is no outcome `crr`"),
    "conflicts in another format": (("conflicts", "--format", "ttl"), "one of: table, md, json, csv"),
    "conflicts of two kinds": (("conflicts", "--asserted", "--found"), "leave nothing out together"),
    "audit of an unknown source": (("audit", "car-t-hope"), "try car-t-hope-2025-03"),
    "audit of a source without claims": (("audit", "nct02315612"), "makes no claim, and no claim was read in it"),
    "audit in an unknown format": (("audit", "fry-2018", "--format", "pdf"), "one of: table, md, json, html, ttl"),
    "audit into nowhere": (("audit", "fry-2018", "-o", "none/x.md"), "cannot write none/x.md"),
    "unknown source": (("export", "turtle", "--source", "fry-2019"), "try fry-2018"),
    "unknown command": (("frobnicate",), "No such command 'frobnicate'"),
    "unknown option": (("stats", "--all"), "No such option: --all"),
    "folder that holds no build": (("stats", "--store", "."), "there is no store in "),
    "folder that does not exist": (("stats", "--store", "none"), "there is no store in "),
    "output into nowhere": (("export", "schema", "-o", "none/x.json"), "cannot write none/x.json"),
}

#: Cells that a spreadsheet would take for a formula, and what is written instead.
FORMULAS = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-2+3": "'-2+3",
    "@x": "'@x",
    " @x": "' @x",
    "  =1": "'  =1",
    "\t=1": "'\t=1",
    "\r=1": "'\r=1",
    '=HYPERLINK("http://x.org")': '\'=HYPERLINK("http://x.org")',
    "\n=1": "'\n=1",
    " \t=1": "' \t=1",
    "\uff1d1+1": "'\uff1d1+1",
    "a=1": "a=1",
    "73%": "73%",
    "": "",
    "  ": "  ",
}


def _slug(iri: str) -> str:
    return iri.strip("<>").rpartition("/")[2]


#: For each format how a program gets the studies out of it.
READ_BACK: dict[str, Callable[[str], list[str]]] = {
    "table": lambda text: [line.strip() for line in text.splitlines()[2:]],
    "csv": lambda text: [_slug(row["study"]) for row in csv.DictReader(io.StringIO(text))],
    "tsv": lambda text: [_slug(line) for line in text.splitlines()[1:]],
    "json": lambda text: [_slug(row["study"]["value"]) for row in json.loads(text)["results"]["bindings"]],
    "md": lambda text: [line.strip("| ") for line in text.splitlines()[2:]],
    "ttl": lambda text: sorted(
        _slug(str(study))
        for study in Graph().parse(data=text, format="turtle").subjects(RDF.type, URIRef(CD22 + "Study"))
    ),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a build of one small claim file."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "claims").mkdir()
    text = "source: {id: only-one, type: WebPage, url: 'https://x.org'}\nstudies: [{id: small-trial}]\n"
    (folder / "claims" / "only-one.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cd22kg", "build", "--claims", "claims"],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return folder


def script() -> Path:
    """Return the console script beside the interpreter."""
    return Path(sys.executable).parent / "cd22kg"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(command: tuple[str, ...], cli: Cli) -> None:
    """Each command explains itself."""
    done = cli(*command, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")
    assert "--help" in done.stdout


def test_help_names_every_command(cli: Cli) -> None:
    """The commands listed are those tested here, each with a line of its own."""
    top, below = (cli(*command, "--help").stdout.partition("Commands:\n")[2] for command in ((), ("export",)))

    assert re.findall(r"^  ([a-z]+)  +\S", top, re.MULTILINE) == [c[0] for c in COMMANDS if len(c) == 1]
    assert re.findall(r"^  ([a-z]+)  +\S", below, re.MULTILINE) == [c[1] for c in COMMANDS if len(c) == 2]


def test_help_says_what_this_is_not(cli: Cli) -> None:
    """Whoever asks for help learns that this is no medical guidance."""
    assert "not medical guidance" in " ".join(cli("--help").stdout.split())


@pytest.mark.parametrize("command", [(), ("export",)], ids=["program", "export"])
def test_no_command(command: tuple[str, ...], cli: Cli) -> None:
    """A command that needs another shows its help and could not run."""
    done = cli(*command)

    assert done.returncode == 2
    assert "Usage: " in done.stdout + done.stderr


def test_version(cli: Cli) -> None:
    """The version is that of the package."""
    done = cli("--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"cd22kg {version('cd22kg')}\n", "")


def test_console_script() -> None:
    """The installed script is the same program."""
    done = subprocess.run([script(), "--version"], env=clean_environment(), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"cd22kg {version('cd22kg')}\n")


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("query", "--help"), ("export", "--help")], ids=" ".join)
def test_help_is_light(args: tuple[str, ...]) -> None:
    """Help and version import none of the heavy libraries."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cd22kg", *args],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}

    assert done.returncode == 0
    assert "cd22kg" in imported
    # typer itself asks pydantic about the types of a command's options, but not for the program's own.
    assert imported & HEAVY <= ({"pydantic"} if args[0] in ("query", "export") else set())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    """The script that makes a shell complete our commands is printed."""
    done = subprocess.run(
        [script()],
        env={**clean_environment(), "_CD22KG_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "_CD22KG_COMPLETE=complete_" + shell in done.stdout


def test_completion() -> None:
    """Begun names of commands are completed."""
    done = subprocess.run(
        [script()],
        env={**clean_environment(), "_CD22KG_COMPLETE": "complete_bash", "COMP_WORDS": "cd22kg sh", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["show"]


@pytest.mark.parametrize(("args", "message"), COULD_NOT_RUN.values(), ids=COULD_NOT_RUN)
def test_could_not_run(args: tuple[str, ...], message: str, cli: Cli) -> None:
    """What could not run says why on stderr, prints nothing on stdout, and exits with 2."""
    done = cli(*args)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "  fix:  " in done.stderr or "Usage: " in done.stderr


def test_list(cli: Cli) -> None:
    """The list shows each question with its summary, and its parameters with their defaults."""
    done = cli("query", "--list")
    lines = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in lines if not line.startswith(" ")] == [f"{q.name}: {q.summary}" for q in library()]
    assert "    -p type=RELATION-TYPE  the relation (default contradicts)" in lines
    assert sum(line.startswith("    -p ") for line in lines) == sum(len(q.parameters) for q in library())


@pytest.mark.parametrize("name", [query.name for query in library()])
def test_every_question(name: str, cli: Cli) -> None:
    """Each question of the library has an answer without any parameter; of the one on two releases only the heading."""
    done = cli("query", name, "--format", "csv")

    assert (done.returncode, done.stderr) == (0, f"{NOTICE}no rows\n" if name == "changes" else NOTICE)
    assert (len(done.stdout.splitlines()) > 1) is (name != "changes")


@pytest.mark.parametrize("form", FORMATS)
def test_formats(form: str, cli: Cli) -> None:
    """Each format offered gives the same answer in its own form, alone on stdout."""
    done = cli("query", "-e", TRIPLES if form == "ttl" else STUDIES, "--format", form)

    assert (done.returncode, done.stderr) == (0, NOTICE)
    studies = READ_BACK[form](done.stdout)

    assert len(studies) > 5
    assert "nct02315612" in studies
    assert sorted(studies) == studies


def test_table_is_the_default(cli: Cli) -> None:
    """Without a format the answer is the table a person reads."""
    assert cli("query", "-e", STUDIES).stdout == cli("query", "-e", STUDIES, "--format", "table").stdout


def test_ask(cli: Cli) -> None:
    """A question that has a truth value for its answer prints it; false is an answer, not a failure."""
    done = cli("query", "-e", "ASK { ?s a cd22:Nothing }", "--format", "csv")

    assert (done.returncode, done.stdout) == (0, "answer\nfalse\n")


def test_file(cli: Cli, tmp_path: Path) -> None:
    """A query from a file is the query of its text."""
    (tmp_path / "mine.rq").write_text(f"# a comment\n{STUDIES}\n", encoding="utf-8")

    assert cli("query", "-f", tmp_path / "mine.rq").stdout == cli("query", "--execute", STUDIES).stdout


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("SELECT *\n{ ?s ?p }", 2, 10), ("SELECT *\n{ SERVICE <svc:/x> {} }\n", 2, 3), ("SELECT *\n{ \u200b }", 2, 3)],
    ids=["syntax", "call", "character"],
)
def test_fault_in_a_file(text: str, line: int, column: int, cli: Cli, tmp_path: Path) -> None:
    """A fault in a query file is reported at its place in that file, so that an editor can jump there."""
    (tmp_path / "mine.rq").write_text(text, encoding="utf-8")
    done = cli("query", "--file", "mine.rq", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"mine.rq:{line}:{column}: " in done.stderr


def test_parameters(cli: Cli) -> None:
    """A repeated parameter asks for each of its values; the long and the short option are the same."""

    def rows(*values: str, option: str = "-p") -> set[str]:
        args = [arg for value in values for arg in (option, f"type={value}")]
        return set(cli("query", "related-claims", *args, "--format", "csv").stdout.splitlines()[1:])

    contradicts, repeats = rows("contradicts"), rows("repeats", option="--param")
    assert contradicts
    assert repeats
    assert not contradicts & repeats
    assert rows("contradicts", "repeats") == contradicts | repeats
    assert rows("relation-type:repeats") == repeats


def test_parameters_of_several_names(cli: Cli) -> None:
    """Two parameters narrow the answer to what fits both."""
    both = ("-p", "therapy=m971-bbz", "-p", "indication=b-all")
    narrow, wide = (cli("query", "complete-response", *args, "--format", "csv") for args in (both, both[:2]))
    rows, all_rows = narrow.stdout.splitlines(), wide.stdout.splitlines()

    assert 1 < len(rows) < len(all_rows)
    assert set(rows) < set(all_rows)


@pytest.mark.parametrize("args", [("overview",), ("stats",), ("show", "fry-2018-cr"), ("show", "claim:fry-2018-cr")])
def test_answers(args: tuple[str, ...], cli: Cli) -> None:
    """The other commands that ask print their answer, and the notice goes to stderr."""
    done = cli(*args)

    assert (done.returncode, done.stderr) == (0, NOTICE)
    assert {"overview": "fry-2018", "stats": "claims by kind", "show": "12 of 21 patients"}[args[0]] in done.stdout
    assert NOTICE not in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [((), "small-trial"), (("--store", "build"), "small-trial"), (("-s", "build"), "small-trial")],
    ids=["found", "long", "short"],
)
def test_build_folder_is_asked(args: tuple[str, ...], said: str, cli: Cli, built: Path) -> None:
    """The build in the folder where one stands is asked, or the one named, and there is no notice."""
    done = cli("query", "-e", STUDIES, *args, cwd=built)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[2:] == [said]


@pytest.mark.parametrize("command", ["overview", "stats", "show", "turtle"])
def test_every_question_takes_a_store(command: str, cli: Cli, built: Path) -> None:
    """Each command that asks can ask a build elsewhere."""
    line = {"show": ("show", "none"), "turtle": ("export", "turtle")}.get(command, (command,))
    done = cli(*line, "--store", built / "build")

    assert NOTICE not in done.stderr
    assert done.returncode == (2 if command == "show" else 0)


def test_build_options(cli: Cli, built: Path, tmp_path: Path) -> None:
    """A build goes where it is told; quietly it tells no steps, and otherwise tells them on stderr."""
    loud = cli("build", "--claims", built / "claims", "-o", tmp_path / "loud", cwd=tmp_path)
    quiet = cli("build", "--claims", built / "claims", "--out", tmp_path / "quiet", "-q", cwd=tmp_path)

    assert (loud.returncode, loud.stdout, quiet.returncode, quiet.stdout) == (0, "", 0, "")
    assert re.search(r"^validate +[0-9.]+ s", loud.stderr, re.MULTILINE)
    assert not re.search(r"^validate ", quiet.stderr, re.MULTILINE)
    assert (tmp_path / "loud" / "cd22kg.nq").read_bytes() == (tmp_path / "quiet" / "cd22kg.nq").read_bytes()
    assert not (tmp_path / "build").exists()


def test_build_does_not_replace_a_stranger(cli: Cli, built: Path, tmp_path: Path) -> None:
    """A folder that is no build is left alone."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", encoding="utf-8")
    done = cli("build", "--claims", built / "claims", "-o", "mine", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "not a build" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_check_writes_nothing(cli: Cli, built: Path, tmp_path: Path) -> None:
    """A check that goes well says so, and leaves the folder as it was."""
    (tmp_path / "here").mkdir()
    done = cli("check", "--claims", built / "claims", cwd=tmp_path / "here")

    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "conforms", "")
    assert list((tmp_path / "here").iterdir()) == []


def test_export_turtle(cli: Cli, tmp_path: Path) -> None:
    """The graph is written to stdout or to a file, the same bytes; less of it without what was inferred."""
    shown = cli("export", "turtle")
    to_file = cli("export", "turtle", "--out", "graph.ttl", cwd=tmp_path)
    asserted = cli("export", "turtle", "--asserted")

    assert (shown.returncode, shown.stderr) == (0, NOTICE)
    assert (to_file.returncode, to_file.stdout) == (0, "")
    assert (tmp_path / "graph.ttl").read_text(encoding="utf-8") == shown.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["graph.ttl"]
    whole, part = (Graph().parse(data=text, format="turtle") for text in (shown.stdout, asserted.stdout))
    assert len(part) < len(whole)


def test_export_one_source(cli: Cli) -> None:
    """One source's Turtle holds its claims and no other's."""
    done = cli("export", "turtle", "--source", "fry-2018")
    claims = set(Graph().parse(data=done.stdout, format="turtle").subject_objects(URIRef(CD22 + "source")))

    assert done.returncode == 0
    assert len(claims) > 10
    assert {str(source).rpartition("/")[2] for _, source in claims} == {"fry-2018"}


@pytest.mark.parametrize("name", ["schema", "context"])
def test_export_json(name: str, cli: Cli, tmp_path: Path) -> None:
    """Schema and context are JSON, on stdout without a notice, or in the file named."""
    shown = cli("export", name)
    cli("export", name, "-o", "x.json", cwd=tmp_path)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout)
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == shown.stdout


@pytest.mark.parametrize(
    "args", [("export", "turtle"), ("query", "-e", "SELECT * { ?s ?p ?o }", "--format", "csv")], ids=["turtle", "csv"]
)
def test_reader_that_leaves(args: tuple[str, ...], tmp_path: Path) -> None:
    """When the reader of a long answer goes away after a line (`| head -1`), the command ends quietly with 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cd22kg", *args],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()

    assert first
    assert said == NOTICE
    assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_full_disk() -> None:
    """An answer that cannot be written is an error with a message, not a traceback."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cd22kg", "query", "--list"],
            env=clean_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize(
    "env",
    [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["C", "Latin-1", "C without help"],
)
def test_output_is_utf_8(env: dict[str, str], tmp_path: Path) -> None:
    """Answers are UTF-8 whatever the locale says."""
    done = subprocess.run(
        [sys.executable, "-m", "cd22kg", "export", "turtle", "--source", "fry-2018"],
        cwd=tmp_path,
        env={**clean_environment(), **env},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "CD19-CAR Naïve and Resistant" in done.stdout.decode("utf-8")


def test_interruption(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with a word and the exit code of the signal."""

    def interrupted(_folder: Path | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ask, "open_graph", interrupted)
    monkeypatch.setattr(sys, "argv", ["cd22kg", "stats"])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_error_becomes_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An error of ours is printed with its fix and gives the exit code it carries."""

    def broken(_folder: Path | None) -> None:
        raise StoreError("the store is damaged", hint="build it again")

    monkeypatch.setattr(ask, "open_graph", broken)
    monkeypatch.setattr(sys, "argv", ["cd22kg", "stats"])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert capsys.readouterr() == ("", "the store is damaged\n  fix:  build it again\n")


@pytest.mark.parametrize(("text", "expected"), FORMULAS.items(), ids=[repr(text) for text in FORMULAS])
def test_csv_formula(text: str, expected: str) -> None:
    """No cell of a CSV file is a formula for a spreadsheet; other text is as it is."""
    written = Result(Table(("x", "y"), ((Literal(text), Literal("z")),))).to_text("csv")

    assert list(csv.reader(io.StringIO(written, newline=""))) == [["x", "y"], [expected, "z"]]


@pytest.mark.parametrize("name", ["integer", "decimal", "double", "float"])
def test_csv_number(name: str) -> None:
    """A negative number stays a number."""
    written = Result(Table(("x",), ((Literal("-2.5", datatype=NamedNode(XSD + name)),),))).to_text("csv")

    assert written == "x\n-2.5\n"


def test_csv_number_that_is_none() -> None:
    """A literal that only claims to be a number is text, and may be a formula."""
    term = Literal("=1+1", datatype=NamedNode(XSD + "integer"))

    assert Result(Table(("x",), ((term,),))).to_text("csv") == "x\n'=1+1\n"


def test_csv_other_terms() -> None:
    """Addresses, missing values and text in a language are written plainly; what needs quotes gets them."""
    row = (NamedNode("https://x.org/=1"), None, Literal("-x", language="en"), Literal('a "b", c\nd'))
    written = Result(Table(("iri", "none", "text", "quoted"), (row,))).to_text("csv")

    assert written == 'iri,none,text,quoted\nhttps://x.org/=1,,\'-x,"a ""b"", c\nd"\n'


def test_csv_formula_through_the_command(cli: Cli) -> None:
    """What a query makes up itself is defused on its way out, too."""
    done = cli("query", "-e", "SELECT ('=1+1' AS ?a) (-2 AS ?b) (' @x' AS ?c) {}", "--format", "csv")

    assert done.stdout == "a,b,c\n'=1+1,-2,' @x\n"
