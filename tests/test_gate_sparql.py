"""Query text from outside: what passes the scan, what does not, and that engine and scan read the same text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyoxigraph import Store

from cd22kg.errors import Location, QueryError
from cd22kg.gate.sparql import MAX_BYTES, MAX_DEPTH, MAX_PATTERNS, MAX_STEPS, check_query
from cd22kg.graph import KnowledgeGraph
from cd22kg.queries import Query, bind, library
from cd22kg.store import fill

QUERY_FILES = sorted((Path(__file__).resolve().parents[1] / "queries").glob("*.rq"))

#: Queries that mention a forbidden word where it is no word.
HARMLESS = {
    "string": 'SELECT * { ?s ?p "SERVICE <http://x.org/> {}" }',
    "string in single quotes": "SELECT * { ?s ?p 'SERVICE ns:x' }",
    "long string": 'SELECT * { ?s ?p """a "SERVICE"\nSERVICE <http://x.org/> {}""" }',
    "long string in single quotes": "SELECT * { ?s ?p '''a 'SERVICE'\nSERVICE ns:x''' }",
    "string with an escaped quote": r'SELECT * { ?s ?p "a\" SERVICE <http://x.org/> {} " }',
    "string that ends in a backslash": r'SELECT * { ?s ?p "a\\" ; ?q "SERVICE" }',
    "string with a number sign": 'SELECT * { ?s ?p "#", "SERVICE" }',
    "empty string": 'SELECT * { ?s ?p "", \'\', "SERVICE" }',
    "IRI": "SELECT * { ?s <http://x.org/SERVICE/LOAD> ?o }",
    "IRI with a fragment": "PREFIX sd: <http://www.w3.org/ns/sparql-service-description#> SELECT * { ?s a sd:Service }",
    "IRI in a comparison": "SELECT * { ?s ?p ?o FILTER(?o < 3 && ?s != <http://x.org/service#a>) }",
    "IRIs in a row of values": "SELECT * { VALUES (?a ?b) { (<http://x.org/a#b> <http://x.org/service#c>) } }",
    "comment": "SELECT * { ?s ?p ?o } # SERVICE <http://x.org/> {}",
    "comment with a quote": "SELECT * { # don't SERVICE\n?s ?p ?o }",
    "comment after a prefixed name": "SELECT * { ?s ns:p ?o # SERVICE\n}",
    "local name": "SELECT * { ?s ns:SERVICE ?o ; ns:load ns:drop }",
    "local name with an escape": r"SELECT * { ?s ns:a\#service ns:b\'SERVICE }",
    "local name with a hyphen": "SELECT * { ?s ns:self-service ?o }",
    "blank node": "SELECT * { _:SERVICE ?p _:load }",
    "variable": "SELECT ?service $LOAD { ?service ?insert $LOAD }",
    "language tag": 'SELECT * { ?s ?p "x"@en-load }',
    "comparison without blanks": "SELECT * { ?s ?p ?o FILTER(?o<5&&?o>1) }",
    "less or equal without blanks": "SELECT * { ?s ?p ?o FILTER(?o<=5&&?o>=1) }",
    "path": "SELECT * { ?s ns:a/^ns:b*/(ns:c|!ns:d)?/ns:e+ ?o }",
    "triple term": "SELECT * { << ?s ?p ?o >> ns:p <<( ?s ?p ?o )>> }",
}

#: Calls of a service that engine and scan read alike.
CALLS = {
    "plain": "SELECT * { SERVICE <svc:/x> { ?s ?p ?o } }",
    "silent": "SELECT * { SERVICE SILENT <svc:/x> { ?s ?p ?o } }",
    "lower case": "SELECT * { service <svc:/x> { ?s ?p ?o } }",
    "mixed case": "SELECT * { SeRvIcE <svc:/x> { ?s ?p ?o } }",
    "variable": "SELECT * { ?g ns:p ?o . SERVICE ?g { ?s ?p ?o } }",
    "prefixed name": "SELECT * { SERVICE ns:x { ?s ?p ?o } }",
    "new line": "SELECT * { SERVICE\n<svc:/x>\n{ ?s ?p ?o } }",
    "comment between": "SELECT * { SERVICE#'\n<svc:/x> { ?s ?p ?o } }",
    "no blank before a name": "SELECT*{SERVICEns:x{?s?p?o}}",
    "no blank before the empty prefix": "SELECT*{SERVICE:x{?s?p?o}}",
    "no blank, lower case": "SELECT*{service:x{?s?p?o}}",
    "no blank before an IRI": "SELECT*{SERVICE<svc:/x>{?s?p?o}}",
    "no blank, silent": "SELECT*{SERVICESILENTns:x{?s?p?o}}",
    "after a number": "SELECT*{?s?p 1SERVICE<svc:/x>{?a?b?c}}",
    "after a double": "SELECT*{?s?p 1e5SERVICE<svc:/x>{?a?b?c}}",
    "after a boolean": "SELECT*{?s?p trueSERVICE<svc:/x>{?a?b?c}}",
    "after a string": "SELECT*{?s?p'o'SERVICE<svc:/x>{?a?b?c}}",
    "after a string that ends in a backslash": r"SELECT*{?s?p'\\'SERVICE<svc:/x>{?a?b?c}}",
    "after a bracket": "SELECT*{FILTER(1<2)SERVICE<svc:/x>{?a?b?c}}",
    "in a sub-select": "SELECT * { { SELECT * { SERVICE <svc:/x> { ?s ?p ?o } } } }",
    "in EXISTS": "SELECT * { ?s ?p ?o FILTER EXISTS { SERVICE <svc:/x> { ?a ?b ?c } } }",
    "in NOT EXISTS": "SELECT * { ?s ?p ?o FILTER NOT EXISTS { SERVICE <svc:/x> { ?a ?b ?c } } }",
    "in BIND": "SELECT * { ?s ?p ?o BIND(EXISTS { SERVICE <svc:/x> { ?a ?b ?c } } AS ?e) }",
    "in the head": "SELECT (EXISTS { SERVICE <svc:/x> { ?a ?b ?c } } AS ?e) { ?s ?p ?o }",
    "in HAVING": "SELECT ?s { ?s ?p ?o } GROUP BY ?s HAVING (EXISTS { SERVICE <svc:/x> { ?a ?b ?c } })",
    "in ORDER BY": "SELECT * { ?s ?p ?o } ORDER BY (EXISTS { SERVICE <svc:/x> { ?a ?b ?c } })",
    "in OPTIONAL": "SELECT * { ?s ?p ?o OPTIONAL { SERVICE <svc:/x> { ?a ?b ?c } } }",
    "in UNION": "SELECT * { { ?s ?p ?o } UNION { SERVICE <svc:/x> { ?a ?b ?c } } }",
    "in MINUS": "SELECT * { ?s ?p ?o MINUS { SERVICE <svc:/x> { ?a ?b ?c } } }",
    "in GRAPH": "SELECT * { GRAPH ?g { SERVICE <svc:/x> { ?a ?b ?c } } }",
    "in LATERAL": "SELECT * { ?s ?p ?o LATERAL { SERVICE <svc:/x> { ?a ?b ?c } } }",
    "in ASK": "ASK { SERVICE <svc:/x> { ?s ?p ?o } }",
    "in CONSTRUCT": "CONSTRUCT { ?s ?p ?o } { SERVICE <svc:/x> { ?s ?p ?o } }",
    "in DESCRIBE": "DESCRIBE ?s { SERVICE <svc:/x> { ?s ?p ?o } }",
    "by BASE": "BASE <svc:/> SELECT * { SERVICE <x> { ?s ?p ?o } }",
}

#: Calls that hide where the engine reads the text otherwise than a scanner would expect.
HIDDEN_CALLS = {
    "end of a triple, then a name": "SELECT*{?s?p?o.SERVICEns:x{?a?b?c}}",
    "end of a triple, then the empty prefix": "SELECT*{?s?p'o'.service:x{?a?b?c}}",
    "number, then a name": "SELECT*{?s?p 1SERVICEns:x{?a?b?c}}",
    "decimal, then a name": "SELECT*{?s?p 1.5SERVICEns:x{?a?b?c}}",
    "boolean, then a name": "SELECT*{?s?p trueSERVICEns:x{?a?b?c}}",
    "number, then silent": "SELECT*{?s?p 1SERVICESILENT<svc:/x>{?a?b?c}}",
    "name of a prefix alone": "SELECT*{?s?p ns:.SERVICE<svc:/x>{?a?b?c}}",
    "second point of a name": "SELECT*{?s?p ns:a.b.SERVICE<svc:/x>{?a?b?c}}",
    "escape after a letter that is none for Python": "SELECT*{?s?p ns:\u2100\\# .SERVICE<svc:/x>{?a?b?c}\n}",
    "less than, not an IRI": "SELECT*{FILTER(1<2)SERVICEns:x#>\n{?a?b?c}}",
    "less than, then a variable for the service": "SELECT*{FILTER(1<2)SERVICE?g#>\n{?a?b?c}}",
    "less than, then a string": "SELECT*{FILTER(1<'a>')SERVICE<svc:/x>{?a?b?c}FILTER('b'!='c')}",
    "less than, then a comment": "SELECT*{FILTER(1<2#>'''\n)SERVICE<svc:/x>{?a?b?c}#'''\n}",
    "less than, then a prefixed name": "SELECT*{FILTER(1<ns:a#>'''\n)SERVICE<svc:/x>{?a?b?c}#'''\n}",
    "less than after EXISTS": "SELECT*{FILTER(EXISTS{}<true#>'''\n)SERVICE<svc:/x>{?a?b?c}#'''\n}",
    "less than an IRI with a comment sign": "SELECT*{FILTER(1<<ns:a#>)SERVICE<svc:/x>{?a?b?c}}",
    "less than in a function": "SELECT*{FILTER ns:f(1<'a>')SERVICE<svc:/x>{?a?b?c}FILTER('b'!='c')}",
    "less than in a function by its IRI": "SELECT*{FILTER<a:f>(1<'a>')SERVICE<svc:/x>{?a?b?c}FILTER('b'!='c')}",
    "less than in a function of the empty prefix": "SELECT*{FILTER:(1<'a>')SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "less than in the head": "SELECT(1<'a>'AS?x){SERVICE<svc:/x>{?a?b?c}FILTER('b'!='c')}",
    "less than in the head after a variable": "SELECT?y(1<'a>'AS?x){SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "less than in a distinct head": "SELECT DISTINCT(1<'a>'AS?x){SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "less than in the head of a sub-select": "SELECT*{{SELECT(1<'a>'AS?x){}}SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "less than in GROUP BY": "SELECT*{{SELECT?y{}GROUP BY ?y(1<'a>')}SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "less than in ORDER BY": "SELECT*{{SELECT?y{}ORDER BY ?y(1<'a>')}SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "less than in ORDER BY a function": "SELECT*{{SELECT?y{}ORDER BY :f(1<'a>')}SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "less than in HAVING": "SELECT*{{SELECT?y{}GROUP BY?y HAVING(1)(1<'a>')}SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "less than after a triple": "SELECT*{FILTER(<<(?a ?b ?c)>><'a>')SERVICE<svc:/x>{?a?b?c}FILTER('b'!='c')}",
    "less than after a direction": "SELECT*{FILTER('x'@en--ltr<'a>')SERVICE<svc:/x>{}FILTER('b'!='c')}",
    "triple in angle brackets": "SELECT*{<<?s?p'a>'>>?q?r.SERVICE<svc:/x>{?a?b?c}FILTER('x'='y')}",
    "long string with a bad escape": 'SELECT*{VALUES?x{"""b"}SERVICE<svc:/x>{?s?p?o}#\\z"""\n}',
    "long string in single quotes with a bad escape": "SELECT*{VALUES?x{'''b'}SERVICE<svc:/x>{?s?p?o}#\\z'''\n}",
    "IRI without a scheme in a row of values": "SELECT*{VALUES(?x?y){(1 <u:x#>)}SERVICE<svc:/x>{?a?b?c}}",
}

#: Texts that hold a word of an update; the engine's query parser knows none of them.
UPDATES = {
    "LOAD": "LOAD <http://x.org/data>",
    "INSERT DATA": "INSERT DATA { <a:s> <a:p> <a:o> }",
    "INSERT WHERE": "INSERT { ?s ?p 1 } WHERE { ?s ?p ?o }",
    "DELETE": "DELETE WHERE { ?s ?p ?o }",
    "CLEAR": "CLEAR ALL",
    "DROP": "DROP GRAPH <a:g>",
    "CREATE": "create graph <a:g>",
    "COPY": "COPY <a:g> TO <a:h>",
    "MOVE": "MOVE <a:g> TO <a:h>",
    "ADD": "ADD <a:g> TO <a:h>",
    "after a query": "SELECT * { ?s ?p ?o } ; DROP ALL",
}

#: Texts of growing length on which the engine takes seconds, minutes, or dies; none may pass at this length.
ENDLESS: dict[str, Callable[[int], str]] = {
    "patterns": lambda n: "SELECT*{" + "?s?p?o." * n + "}",
    "patterns by semicolon": lambda n: "SELECT*{?s" + "?p?o;" * n + "?p?o}",
    "patterns by comma": lambda n: "SELECT*{?s?p" + "?o," * n + "?o}",
    "steps of a path": lambda n: "SELECT*{?s " + "<a:p>/" * n + "<a:p>?o}",
    "steps of a path in brackets": lambda n: "SELECT*{?s (" + "<a:p>/" * n + "<a:p>)?o}",
    "items of a list": lambda n: "SELECT*{(" + "1 " * n + ")?p?o}",
    "decimals of a list": lambda n: "SELECT*{(" + ".5" * n + ")?p?o}",
    "signed items of a list": lambda n: "SELECT*{(" + "-5" * n + ")?p?o}",
    "strings of a list": lambda n: "SELECT*{(" + '"a"@en' * n + ")?p?o}",
    "booleans of a list": lambda n: "SELECT*{(" + "true " * n + ")?p?o}",
    "empty lists": lambda n: "SELECT*{(" + "()" * n + ")?p?o}",
    "groups": lambda n: "SELECT*{" + "{?s?p?o}" * n + "}",
    "graphs": lambda n: "SELECT*{" + "GRAPH?g{?s?p?o}" * n + "}",
    "patterns between filters": lambda n: "SELECT*{" + "?s?p?o FILTER(1)" * n + "}",
    "patterns spread over groups": lambda n: "SELECT*{" + ("{" + "?s?p?o." * (n // 10) + "}") * 10 + "}",
    "triples of triples": lambda n: "SELECT*{" + "<<?s?p?o>>?p?o." * (n // 2) + "}",
    "annotations": lambda n: "SELECT*{?s?p?o" + "{|?p?o|}" * (n // 2) + "}",
    "names of triples": lambda n: "SELECT*{?s?p?o" + "~?r" * n + "}",
}

#: Pieces of which queries are put together: what is read in two ways in some place stands beside what is not.
_ENDS = st.sampled_from(
    (
        *("?o", "1", "1.5", "1e5", "true", '"o"', "'o'", '"o"@en', '"""o"""', "'''o'''", '"\\z"', "<svc:/o>", "ns:o"),
        *("ns:", "ns:a.b", "ns:\u2100\\#", "ns:a\\'", "_:b", "_:a.b", "()", "(1 2)", "[]"),
        *("<<?s?p'a>'>>", "<<( ?s ?p ?o )>>"),
    )
)
_EXPRESSIONS = st.sampled_from(
    (
        *("1<2", "1>2", "1<ns:a", "?o<?s", "1<'a>'", "1<2#>'''\n", "1<<ns:a#>", "EXISTS{}<true#>'''\n", "1<=2&&2>1"),
        *(
            "<<(?a ?b ?c)>><'a>'",
            "'x'@en--ltr<'a>'",
            "(1)<'a>'",
            "ns:f(1<2)",
            "<svc:/f>(1<'x>')",
            "\"x\"@en<'a>'",
            "1<'''a>'''",
            "?o<ns:a\\'",
            "?o=<svc:/x>",
        ),
    )
)
_BRACKETS = st.sampled_from(
    (
        *("FILTER ns:f(%s)", "FILTER<a:f>(%s)", "FILTER:(%s)", "BIND(%s AS?b)", "FILTER COALESCE(%s)", "?s ns:p(%s)."),
        *("{SELECT(%s AS?h){}}", "{SELECT?y(%s AS?h){}}", "{SELECT DISTINCT(%s AS?h){}}"),
        *("{SELECT?y{}ORDER BY?y(%s)}", "{SELECT?y{}GROUP BY?y HAVING(1)(%s)}"),
    )
)
_GLUE = st.sampled_from(["", ".", " . ", ";", "\n", "#\n", "#'\n", "#>\n", "#'''\n", '#"""\n'])
_TAILS = st.sampled_from(
    [
        "",
        "#'",
        "'''",
        "#'''\n",
        '#"""\n',
        '#\\z"""\n',
        "FILTER('b'!='c')",
        "FILTER(1<'a>')",
        "VALUES?z{'a'\"b\"}",
        "#>\n",
    ]
)
_PIECES = st.one_of(
    st.builds("{}{}{}{}".format, st.just("?s"), st.sampled_from(["?p", "ns:p ", "ns:p?", "a "]), _ENDS, _GLUE),
    st.builds("FILTER({}){}".format, _EXPRESSIONS, _GLUE),
    st.builds(str.__mod__, _BRACKETS, _EXPRESSIONS),
    st.builds("OPTIONAL{{?s?p{}{}}}".format, _ENDS, _GLUE),
    st.builds("VALUES?x{{{} {}}}".format, _ENDS, st.sampled_from(["", "1", "<svc:/a#>"])),
    st.sampled_from(["VALUES(?x?y){(1 <u:x#>)}", 'VALUES?x{"""b"}', "(1 <svc:/p#x>)?p?o.", "{}", "VALUES?x{'''b'}"]),
    _TAILS,
)
_CALL_WORDS = st.sampled_from(["SERVICE", "service ", "SERVICESILENT ", "SERVICE SILENT"])
_TARGETS = st.sampled_from(["ns:x", "<svc:/x>", "?s", ":x", "ns:x#>\n", "?s#>\n", "ns:x#>'''\n", "SERVICE:x", "ns:"])
_QUERIES = st.builds(
    "SELECT*{{{}{}{}{{?s?p?o}}{}{}\n}}".format,
    st.lists(_PIECES, max_size=3).map("".join),
    _CALL_WORDS,
    _TARGETS,
    _TAILS,
    st.lists(_PIECES, max_size=1).map("".join),
)


def refusal(text: str) -> QueryError:
    """Return the error with which a text is refused."""
    with pytest.raises(QueryError) as caught:
        check_query(text)
    return caught.value


def parses(text: str) -> bool:
    """Return whether the engine accepts the text; the address of its service is one that no engine can call."""
    try:
        Store().query(text, prefixes={"ns": "svc:/", "": "svc:/", "SERVICE": "svc:/"})
    except SyntaxError:
        return False
    except (OSError, RuntimeError):
        return True
    return True


def calls(text: str) -> bool:
    """Return whether the engine reads one of the words as a call: with a word that is none, it is no longer SPARQL."""
    return any(
        not parses(text[: found.start()] + "QQRVICE" + text[found.end() :])
        for found in re.finditer("service", text, re.IGNORECASE)
    )


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_word_that_is_no_word_passes(text: str) -> None:
    """A forbidden word in a string, IRI, comment, name, variable or language tag is no word, and `<` no IRI."""
    check_query(text)
    assert parses(text)


@pytest.mark.parametrize("text", CALLS.values(), ids=CALLS)
def test_call_is_refused(text: str) -> None:
    """A call of a service is refused in every guise and place, at the place of the word."""
    error = refusal(text)

    assert parses(text), "the case is not SPARQL, so it shows nothing"
    assert "is not allowed" in error.message
    # What the word is glued to, such as a number, may be shown with it.
    places = []
    for pattern in (r"\w*service", "service"):
        before = re.split(pattern, text, maxsplit=1, flags=re.IGNORECASE)[0]
        places.append(Location("query", before.count("\n") + 1, len(before) - before.rfind("\n")))
    assert error.location in places
    assert error.exit_code == 2


@pytest.mark.parametrize("text", HIDDEN_CALLS.values(), ids=HIDDEN_CALLS)
def test_hidden_call_is_refused(text: str) -> None:
    """A call is refused where a string, comment, IRI or name of the scan would swallow it, but not of the engine."""
    assert parses(text), "the case is not SPARQL, so it shows nothing"
    refusal(text)


@pytest.mark.parametrize("text", UPDATES.values(), ids=UPDATES)
def test_update_is_refused(text: str) -> None:
    """No update passes, though the engine would refuse it as well."""
    assert "is not allowed" in refusal(text).message


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { \\u0053ERVICE <svc:/x> { ?s ?p ?o } }",
        "SELECT * { S\\u0045RVICE <svc:/x> { ?s ?p ?o } }",
        "SELECT * { ?s ?p '\\U00000027 } SERVICE <svc:/x> { ?a ?b ?c } #' }",
        'SELECT * { ?s ?p "\\u0022 } #" }',
    ],
    ids=["first letter", "other letter", "quote by eight digits", "quote by four digits"],
)
def test_escape_is_refused(text: str) -> None:
    """An escape can spell any word or end any string, so none is allowed, not even in a string."""
    error = refusal(text)

    assert error.message == "a \\u escape is not allowed"
    assert error.location == Location("query", 1, text.index("\\") + 1)


def test_place_and_name() -> None:
    """The message names the text as its caller calls it, and counts lines and columns from one."""
    with pytest.raises(QueryError) as caught:
        check_query("# one\nSELECT * {\n  SERVICE <svc:/x> {} }", "mine.rq")

    assert str(caught.value).splitlines()[0] == "mine.rq:3:3: `SERVICE` is not allowed"
    assert caught.value.hint


def test_size() -> None:
    """A text of the largest size passes; one byte more is refused, counted in UTF-8."""
    query = "ASK{?s?p?o}#"
    check_query(query + "é" * ((MAX_BYTES - len(query)) // 2))

    assert refusal(query + "é" * (MAX_BYTES // 2)).message == f"the query has over {MAX_BYTES} bytes"


@pytest.mark.parametrize(("opening", "closing"), ["{}", "()", "[]"], ids=["braces", "brackets", "square"])
def test_depth(opening: str, closing: str) -> None:
    """A nesting far below what kills the engine is refused, whatever the bracket."""
    check_query("SELECT*{" + opening * 30 + closing * 30 + "}")

    error = refusal("SELECT*{" + opening * 5000 + closing * 5000 + "}")
    assert error.location is not None
    assert error.location.column <= len("SELECT*{") + MAX_DEPTH


@pytest.mark.parametrize("make", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("count", [3 * MAX_PATTERNS, 9 * MAX_PATTERNS])
def test_endless_planning_is_refused(make: Callable[[int], str], count: int) -> None:
    """What the planner joins is counted however it is written: its time grows with the cube of the number."""
    check_query(make(20))

    refusal(make(count))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT*{FILTER(" + "!" * 20_000 + "1)}",
        "SELECT*{FILTER(1<" + "!" * 20_000 + "2)FILTER(1>2)}",
        "SELECT*{" + "UNION".join(["{?s?p?o}"] * 5000) + "}",
        "SELECT*{FILTER(1" + "+1" * 20_000 + ")}",
        "SELECT*{?s " + "|".join(["<a:>"] * 12_000) + " ?o}",
    ],
    ids=["not", "not behind less than", "union", "sum", "path"],
)
def test_deadly_length_is_refused(text: str) -> None:
    """Long rows of one operator kill the engine's parser, so the operators are counted."""
    assert len(text.encode()) <= MAX_BYTES
    refusal(text)


def test_operators_are_counted() -> None:
    """Operators that join nothing have a limit of their own."""
    check_query("SELECT*{FILTER(?x IN(" + ",".join(["1"] * (MAX_STEPS // 2)) + "))}")

    assert "operators" in refusal("SELECT*{FILTER(?x IN(" + ",".join(["1"] * (MAX_STEPS + 2)) + "))}").message


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: path.stem)
def test_library_passes(path: Path) -> None:
    """Every question of the library could have come from outside."""
    check_query(path.read_text(encoding="utf-8"), path.name)


@pytest.mark.parametrize("query", library(), ids=lambda query: query.name)
def test_bound_library_passes(query: Query, kg: KnowledgeGraph) -> None:
    """A question passes as it is sent to the store, too."""
    check_query(fill(query.text, bind(query, {}, kg.store)))


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])
@given(_QUERIES)
def test_scan_and_engine_agree(text: str) -> None:
    """No text in which the engine sees a call passes the scan."""
    assume(parses(text))
    try:
        check_query(text)
    except QueryError:
        return
    assert not calls(text)


def test_agreement_can_fail() -> None:
    """The question asked above is a real one: it tells a call from a word in a string."""
    assert calls("SELECT*{SERVICEns:x{?s?p?o}}")
    assert not calls("SELECT*{?s?p'SERVICE'}")
