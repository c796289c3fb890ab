# make demo   sets up, loads the demo company, computes, serves the app and says where to look (SERVE=0: without serving)
# make test   sets up and passes every test, browser tests included
# make check  ruff, the type checker and the import order

SHELL := /bin/sh
SERVE ?= 1
LINES ?= 60000
PORT ?= 8000
WORKERS ?= 2
export LD_LIBRARY_PATH := $(CURDIR)/.venv/lib/system:$(LD_LIBRARY_PATH)
nextmove = .venv/bin/nextmove
python = .venv/bin/python

.PHONY: demo test check setup lock docs clean

demo:
	@scripts/setup runtime
	@$(nextmove) demo demo --lines $(LINES) $(if $(filter 1,$(SERVE)),--serve --port $(PORT),--refresh)

test:
	@scripts/setup test
	@$(MAKE) --no-print-directory check
	@NEXTMOVE_CHROMIUM="$$(scripts/browser)" $(python) -m pytest -n $(WORKERS) --dist loadfile

check:
	@scripts/setup test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(python) -m mypy
	.venv/bin/lint-imports

setup:
	@scripts/setup test

lock:
	@scripts/setup test
	scripts/lock

clean:
	rm -rf demo build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
