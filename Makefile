# Every target works from a fresh clone; CI calls the same ones.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup setup-spark check lint types test nightly sample prove prove-reduced bench dev clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 setup"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# For engine = "spark": half a gigabyte that only very large companies need, and Java 17 beside it.
setup-spark: $(STAMP)-spark

$(STAMP)-spark: $(STAMP) requirements-spark.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-build-isolation -r requirements-spark.lock
	@touch $@

nightly: setup
	@$(BIN)/nodecision run

test: setup
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --ignore=tests/proofs

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup
	@$(BIN)/mypy

check: lint types
	@$(BIN)/dg check defs

sample: setup
	@$(BIN)/nodecision sample data/sample

# Hours, and goes on where it was stopped: make prove ARGS="--path direct --companies 100".
prove: setup
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.proofs.prove $(ARGS)

prove-reduced: setup
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile tests/proofs

# More sizes, kept: make bench ARGS="10000 100000 1000000 --out reports/example/bench".
bench: setup
	@OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/scale.py $(ARGS)
	@$(BIN)/python tests/benchmarks/bohanec.py || test $$? -eq 2
	@$(BIN)/python tests/benchmarks/bpi2012.py || test $$? -eq 2

dev: setup
	@$(BIN)/dg dev

clean:
	rm -rf .venv build dist
