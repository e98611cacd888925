# Two commands do everything on a fresh machine: `make demo` and `make test`.
# They make their own virtual environment in .venv and ask for nothing but git, make and python3 (3.11 or later, with venv).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TRIAL := $(BIN)/python -m twisted.trial
FAST := tests.arbiters tests.cli tests.config tests.control tests.core tests.demo tests.docs tests.events tests.forecast \
        tests.links tests.linux tests.node tests.plugins tests.process tests.qos tests.resources tests.simulation \
        tests.test_codec tests.test_keys tests.test_logs tests.status

.PHONY: demo test fast search soak whole packaging lint types format bench qos clean

demo: $(READY)
	$(BIN)/heart demo

# Everything that can be shown on this machine; what had to be left out (no root, a tool is missing) is listed with its reason.
test: lint types fast search whole

fast: $(READY)
	$(TRIAL) --temp-directory=_trial_temp $(FAST)

# What the search once found, deliberate faults that it must find, and 10,000 simulated clusters in trouble.
search: $(READY)
	$(TRIAL) --temp-directory=_trial_temp_search tests.search
	$(BIN)/heart simulate --search --seeds 10000

# The same without end, on all cores, from a seed that nobody has tried before.
soak: $(READY)
	$(BIN)/heart simulate --search --from $$(date +%s)

# Real daemons in network namespaces; these need root and the tools that .ci/run installs.
whole: $(READY)
	$(TRIAL) --temp-directory=_trial_temp_whole --reporter=verbose tests.whole

# What is packed works where it is installed; this fetches what it needs from the package index.
packaging: $(READY)
	$(TRIAL) --temp-directory=_trial_temp_packaging tests.packaging

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python bench/simulation_speed.py
	$(BIN)/python bench/beats_per_second.py
	$(BIN)/python bench/time_to_takeover.py

# The table and the drawing of docs/qos.md, anew: a change of the timing that makes a figure worse shows as a difference.
qos: $(READY)
	$(BIN)/python docs/write_qos.py
	$(BIN)/python docs/draw_qos.py

$(READY): pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) _trial_temp* build dist *.egg-info .mypy_cache .ruff_cache .hypothesis
