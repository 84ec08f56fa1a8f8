# Everything here works in a fresh clone: each target first makes what it needs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Where it is set, every process that tests start would compile all of our modules again.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard biobank/locale/*/LC_MESSAGES/*.po))
FAST := not (postgres or browser or slow or prove)
# Three processes, each with a database server of its own: the tests of pages wait more than they work.
SHARED := -n 3 --dist worksteal
REFUSALS := Busy Conflict Malformed NotAllowed NotFound NotSignedIn RuleBroken

.PHONY: help serve test check fast prove bench pictures lock translations clean environment workshop built

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: environment ## start the demo; the first start makes everything it needs
	@$(MAKE) built
	@exec $(BIN)/python -m biobank serve --demo

test: workshop ## every test, on SQLite, on a real PostgreSQL and in a real browser
	@$(BIN)/python -m setup.provision
	@$(BIN)/python -m pytest $(SHARED)

check: workshop ## style, types, the import law and the fast tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -m "$(FAST)"

fast: workshop ## the tests that take moments: no PostgreSQL, no browser
	@$(BIN)/python -m pytest -q -m "$(FAST)"

prove: workshop ## the long runs: crashes, races, a million specimens
	@$(BIN)/python -m setup.provision
	@$(BIN)/python -m pytest -m prove

bench: workshop ## measure against the floors (BENCH=collecting for one); operation, ours, floor, ratio, target
	@$(BIN)/python -m setup.provision
	@$(BIN)/python -m bench $(BENCH)

pictures: workshop ## every page in each theme and language, to look at (ONLY="home|tablet", ONLY=README)
	@$(BIN)/python -m setup.provision
	@mkdir -p build
	@$(BIN)/python -m tests.pictures "$(ONLY)" 2> build/pictures.log

lock: workshop ## lock the dependencies anew (UPGRADE=--upgrade takes newer ones)
	@$(BIN)/python -m setup.locks $(UPGRADE)

translations: workshop ## collect the texts into the catalogue to be translated
	@mkdir -p build
	@$(BIN)/pybabel -q extract -F pyproject.toml -o build/biobank.pot --project biobank --no-location \
	    --sort-output --ignore-dirs '.* node_modules' $(REFUSALS:%=-k %:2) biobank
	@$(BIN)/pybabel -q update -i build/biobank.pot -d biobank/locale -D biobank -l zh_Hans \
	    --init-missing --no-fuzzy-matching --ignore-pot-creation-date --ignore-obsolete --no-wrap
	@sed -i -E '/^"(Project|Report|POT|PO|Last|Language-Team|Generated)-?.*\\n"$$/d' \
	    biobank/locale/zh_Hans/LC_MESSAGES/biobank.po

clean: ## remove what can be made again; never var/
	rm -rf .venv build dist biobank/labels/font biobank/pages/static biobank/pages/assets/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find alembic bench biobank setup tests -name '*.mo' -delete -o -name __pycache__ -prune -exec rm -rf {} +

environment: # what running needs
	@python=$$(sh setup/python.sh) && \
	    "$$python" -m setup.environment requirements.lock requirements-build.lock

workshop: # what developing needs
	@python=$$(sh setup/python.sh) && "$$python" -m setup.environment requirements-dev.lock
	@$(MAKE) built

built: $(CATALOGUES)
	@$(BIN)/python -m biobank.pages.build_assets

%.mo: %.po
	@$(BIN)/pybabel -q compile -i $< -o $@
