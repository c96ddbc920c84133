# Every verb of the house; `make help` lists them. GNU Make 3.81, as macOS has it, is enough.
SHELL := /bin/sh
export SHELL  # DVC runs the stages under it, whatever the user's own shell is
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.NOTPARALLEL:  # one DVC at a time: `make -j` gains nothing, and breaks nothing
.DEFAULT_GOAL := repro

PYTHON ?= python3
PRESET ?= tiny
REV ?= HEAD
SEEDS ?= 3
TASKS ?= 8
WORKERS ?= 2

define NEWLINE


endef
quote = '$(subst ','\'',$(1))'
# Of several lines: make would cut the command at each.
quote_lines = $(subst $(NEWLINE),'"$$newline"',$(call quote,$(1)))
set_newline = newline=$$(printf '\n.'); newline=$${newline%.}
preset = --preset=$(call quote,$(PRESET))
INSTALLED := .venv/.alm-installed
UNFINISHED := .venv/.alm-unfinished
PY := .venv/bin/python
# Our Python comes first, for the `python` in dvc.yaml. Tests run make themselves, and must not
# inherit the flags of this one.
IN_VENV := unset MAKEFLAGS MFLAGS MAKELEVEL && PATH="$(CURDIR)/.venv/bin:$$PATH"
DVC := $(IN_VENV) .venv/bin/dvc
PYTEST := $(IN_VENV) .venv/bin/pytest
METRICS = $(sort $(wildcard reports/*/pretrain.json reports/*/evaluate.json reports/*/quantize.json))
STATES := "$${ALM_STATE_DIR:-.state}"
TEXT_STAGES := ingest normalize dedup filter tokenizer pack
MODEL_STAGES := pretrain evaluate quantize sample report export
# DEVICE=cuda is ALM_DEVICE=cuda, shorter; one that stands in the environment is somebody else's.
ifeq ($(origin DEVICE),command line)
export ALM_DEVICE := $(DEVICE)
else
DEVICE :=
endif
# Apple's GPU is not proven yet; DEVICE=mps tries it.
ifeq ($(shell uname),Darwin)
ALM_DEVICE ?= cpu
export ALM_DEVICE
endif
ifeq ($(YES),1)
export ALM_YES := 1
endif
ifeq ($(FORCE),1)
export ALM_FRESH := 1
endif

# What has to hold before DVC starts.
ask_git = @test -e .git || { echo "error: expected a Git clone, found a bare folder, and DVC needs\
	Git; clone the repository, or run: git init && git add -A && git commit -m start" >&2; exit 1; }
ask_params = @$(PY) scripts/params.py --show nothing $(preset)
ask_consent = @$(PY) scripts/plan.py --consent $(preset)
corpus_of = $(PY) scripts/params.py --show corpus $(preset) --corpus=$(call quote,$(CORPUS))
stamp_host = @$(PY) scripts/host_stamp.py

##@ Build (FORCE=1 trains a finished preset again; YES=1 agrees to over an hour)
repro: $(INSTALLED) ## Every stage of PRESET that is out of date, then a summary; plain `make` too
	$(ask_git)
	$(ask_consent)
	$(stamp_host)
	@$(DVC) repro $(if $(ALM_FRESH),--force) report@$(PRESET)
	@$(PY) scripts/summary.py $(preset)

##@ One stage of a corpus, after what it stands on (CORPUS=, or the corpus of PRESET=)
ingest:    ## Read the sources into documents
normalize: ## Clean the documents
dedup:     ## Drop duplicates and near duplicates, split off validation text
filter:    ## Drop what a source's rules refuse
tokenizer: ## Learn the vocabulary
pack:      ## Write token shards
$(TEXT_STAGES): $(INSTALLED)
	$(ask_git)
	$(stamp_host)
	@corpus=$$($(corpus_of)) && $(DVC) repro $(if $(ALM_FRESH),--force --single-item) $@@$$corpus

##@ One stage of a model, after what it stands on (PRESET=)
pretrain:  ## Train the network, from where it was interrupted if it was
evaluate:  ## Bits per byte of held-out text, beside byte n-grams; tasks with known answers
quantize:  ## int8 weights, and what they cost in quality
sample:    ## Let the model speak; PROMPT="..." asks it (MAX= TEMPERATURE= SEED= N= STATE=latest)
report:    ## One HTML page and a card
export:    ## Files for transformers, mlx-lm and llama.cpp, compared with alm first; not part of repro
scratch:   ## The empty start of a preset that continues no other

# What goes with PROMPT="..."; STATE=latest asks a run that is still training.
choice = $(if $(findstring command line,$(origin $(1))),$(call quote,$(2)=$($(1))))
choices = $(strip $(call choice,MAX,max_new_tokens) $(call choice,TEMPERATURE,temperature) \
  $(call choice,TOP_K,top_k) $(call choice,TOP_P,top_p) $(call choice,MIN_P,min_p) \
  $(call choice,REPETITION_PENALTY,repetition_penalty) \
  $(call choice,PRESENCE_PENALTY,presence_penalty) \
  $(call choice,FREQUENCY_PENALTY,frequency_penalty) $(call choice,SEED,seed) $(call choice,N,n))
ifeq ($(origin PROMPT),command line)
sample: $(INSTALLED)
	$(ask_params)
	@$(set_newline); $(PY) scripts/sample.py $(preset) --prompt=$(call quote_lines,$(value PROMPT)) \
	  $(if $(STATE),--state=$(call quote,$(STATE))) $(if $(choices),--choose $(choices))
REPRO_STAGES := $(filter-out sample,$(MODEL_STAGES))
else
REPRO_STAGES := $(MODEL_STAGES)
ifneq ($(and $(STATE),$(filter sample,$(MAKECMDGOALS))),)
$(error STATE= goes with PROMPT="...": a run in progress is asked, not built)
endif
ifneq ($(and $(choices),$(filter sample,$(MAKECMDGOALS))),)
$(error MAX=, TEMPERATURE=, SEED=, N= and the like go with PROMPT="...": the stage has params.yaml)
endif
endif
$(REPRO_STAGES): $(INSTALLED)
	$(ask_git)
	$(ask_consent)
	$(stamp_host)
	@$(DVC) repro $(if $(ALM_FRESH),--force --single-item) $@@$(PRESET)

scratch: $(INSTALLED)
	$(ask_git)
	@$(DVC) repro $@

import: $(INSTALLED) ## A Hugging Face directory FROM= as a model of ours, into OUT=
	@test -n $(call quote,$(FROM)) && test -n $(call quote,$(OUT)) || { \
	  echo "error: expected FROM= and OUT=; say make import FROM=<directory> OUT=build/imported" >&2; \
	  exit 2; }
	@$(PY) scripts/import_model.py --directory=$(call quote,$(FROM)) \
	  --out=$(call quote,$(OUT)/model) --tokenizer=$(call quote,$(OUT)/tokenizer)

##@ Look
params: $(INSTALLED) ## Every value of PRESET, and where it is set
	@$(PY) scripts/params.py $(preset)

plan: $(INSTALLED) ## What PRESET needs: tokens, steps, disk, time and memory by stage; builds nothing
	@$(PY) scripts/plan.py $(preset)

ifneq ($(and $(filter describe,$(MAKECMDGOALS)),$(findstring command line,$(origin PRESET))),)
$(error describe takes MODEL=, a shape of configs/models, and no PRESET=)
endif
describe: $(INSTALLED) ## Parameters, FLOPs and memory of MODEL=, or of every shape (BUDGET_GB=)
	@$(PY) scripts/describe.py --model=$(call quote,$(or $(MODEL),all)) \
	  $(if $(BUDGET_GB),--budget-gb=$(call quote,$(BUDGET_GB)))

blame: $(INSTALLED) ## Which documents of PRESET's text TEXT="..." comes from, and when they were read
	$(ask_params)
	@$(set_newline); $(PY) scripts/blame.py $(preset) --text=$(call quote_lines,$(value TEXT))

metrics: $(INSTALLED) ## What changed since REV= (default HEAD): parameters and metrics
	$(ask_git)
	@$(DVC) params diff $(call quote,$(REV))
	@$(DVC) metrics diff $(call quote,$(REV)) $(if $(METRICS),--targets $(METRICS))

status: $(INSTALLED) ## Which stages of PRESET are out of date, and why
	$(ask_git)
	$(ask_params)
	$(stamp_host)
	@$(DVC) status --with-deps report@$(PRESET)

why: $(INSTALLED) ## What makes STAGE= (report) of PRESET or CORPUS= run again, in words
	$(ask_git)
	$(stamp_host)
	@$(IN_VENV) $(PY) scripts/why.py $(preset) --corpus=$(call quote,$(CORPUS)) \
	  --stage=$(call quote,$(or $(STAGE),report))

whence: $(INSTALLED) ## What made FILE=, from what, and the command that makes it again
	@$(PY) scripts/whence.py --file=$(call quote,$(FILE))

compare: $(INSTALLED) ## Where the builds of PRESET in working copies A= and B= first differ
	@$(PY) scripts/compare.py $(preset) --a=$(call quote,$(or $(A),.)) --b=$(call quote,$(B))

verify: $(INSTALLED) ## Build PRESET again from a clean clone, all else varied (FRESH=1, CPU=EPYC): same bytes?
	$(ask_git)
	@$(IN_VENV) $(PY) scripts/verify.py $(preset) $(if $(filter 1,$(FRESH)),--fresh) \
	  $(if $(filter command,$(origin CPU)),--cpu=$(call quote,$(CPU)))

compare-models: $(INSTALLED) ## Models of presets A= and B= on the same held-out text, with intervals
	@$(PY) scripts/compare_models.py --a=$(call quote,$(A)) --b=$(call quote,$(B))

# -P: scripts/evaluate.py must not stand in for the package of that name, which the harness imports.
lm-eval: $(INSTALLED) ## Tasks of lm-evaluation-harness: TASKS=blimp,sciq PRESET= INCLUDE=folder LIMIT=
	@$(PY) -P scripts/harness.py $(preset) \
	  --tasks=$(call quote,$(if $(filter file,$(origin TASKS)),,$(TASKS))) \
	  $(if $(INCLUDE),--include=$(call quote,$(INCLUDE))) $(if $(LIMIT),--limit=$(call quote,$(LIMIT)))

tensorboard: $(INSTALLED) ## Curves of every training state, live
	@$(IN_VENV) .venv/bin/tensorboard --logdir $(STATES)

##@ This machine
doctor: $(INSTALLED) ## Python, torch, threads, load, disk, locks, Git: what is wrong, and the cure
	@$(PY) scripts/doctor.py

audit: $(INSTALLED) ## Packages: all pinned, licences known (docs/licences.md), no advisories if online
	@$(PY) scripts/audit.py

device: $(INSTALLED) ## What torch sees: CPU, MPS, CUDA
	@$(PY) scripts/device.py

prune: $(INSTALLED) ## Free former training states, and what DVC's cache holds beyond dvc.lock
	$(ask_git)
	@$(IN_VENV) $(PY) scripts/prune.py

clean: ## Remove what was built (build/); `make` brings it back from DVC's cache
	rm -rf build dvc_plots

adopt: $(INSTALLED) ## Go on from a former run, STATE=.state/pico/<run>, though something changed: a hybrid
	$(ask_git)
	@$(PY) scripts/adopt.py $(preset) --state=$(call quote,$(STATE))

clean-state: $(INSTALLED) ## Remove the training states of PRESET
	$(ask_params)
	rm -rf $(STATES)/$(PRESET)

##@ Text and shards of a corpus (CORPUS=, or the corpus of PRESET=)
verify-data: $(INSTALLED) ## Read the token shards from end to end, against every checksum
	@corpus=$$($(corpus_of)) && $(PY) scripts/verify_packed.py --corpus="$$corpus"

export-shards: $(INSTALLED) ## Tokens for other trainers: FORMAT=megatron or npy, into OUT=
	@corpus=$$($(corpus_of)) && $(PY) scripts/export_shards.py --corpus="$$corpus" \
	  --format=$(call quote,$(FORMAT)) --out=$(call quote,$(OUT))

cluster: $(INSTALLED) ## One text stage in shares, by datatrove: STAGE=pack TASKS=8 WORKERS=2
	$(stamp_host)
	@corpus=$$($(corpus_of)) && $(IN_VENV) $(PY) scripts/cluster.py --stage=$(call quote,$(STAGE)) \
	  --corpus="$$corpus" --tasks=$(call quote,$(TASKS)) --workers=$(call quote,$(WORKERS))

##@ Develop
test: $(INSTALLED) ## All tests but the minutes-long ones; ARGS= goes to pytest
	@$(PYTEST) -m "not nightly" $(ARGS)

test-fast: $(INSTALLED) ## Tests of a few seconds at most
	@$(PYTEST) -m "not nightly and not slow" $(ARGS)

nightly: $(INSTALLED) ## The minutes-long tests
	@$(PYTEST) -m nightly $(ARGS)

mutants: $(INSTALLED) ## Break the code on purpose, in a copy, line by line: the tests must notice
	@$(IN_VENV) $(PY) tests/mutants/run.py

bench-data: $(INSTALLED) ## Text work beside its peers, as ratios; an idle machine, a few minutes
	@$(PY) -m pip install --quiet --constraint constraints.txt --editable ".[bench]"
	@$(PY) benchmarks/data.py

bench-train: $(INSTALLED) ## A training step beside transformers: MODEL=pico DEVICE= ROWS= SEQ_LEN= MASKED=1
	@$(PY) benchmarks/training.py --model=$(call quote,$(or $(MODEL),pico)) \
	  $(if $(DEVICE),--device=$(call quote,$(DEVICE))) $(if $(ROWS),--rows=$(call quote,$(ROWS))) \
	  $(if $(SEQ_LEN),--seq-len=$(call quote,$(SEQ_LEN))) $(if $(MASKED),--masked) \
	  $(if $(OUT),--out=$(call quote,$(OUT))) $(ARGS)

bench-infer: $(INSTALLED) ## New tokens a second beside transformers and llama.cpp, on int8 weights; a few minutes
	@$(PY) benchmarks/inference.py $(if $(OUT),--out=$(call quote,$(OUT))) $(ARGS)

bench-quality: $(INSTALLED) ## Time to quality beside GPT-2 on real text; an hour, goes on if interrupted
	$(ask_git)
	$(stamp_host)
	@$(DVC) repro pack@stdlib
	@$(PY) benchmarks/quality.py $(if $(DEVICE),--device=$(call quote,$(DEVICE))) \
	  $(if $(OUT),--out=$(call quote,$(OUT))) $(ARGS)

twins: $(INSTALLED) ## PRESET's mixture beside dense twins, on the same tokens (SEEDS=3 TOKENS=)
	$(ask_git)
	$(ask_params)
	$(stamp_host)
	@corpus=$$($(corpus_of)) && $(DVC) repro scratch pack@$$corpus
	@$(PY) scripts/twins.py $(preset) --seeds=$(call quote,$(SEEDS)) \
	  $(if $(TOKENS),--tokens=$(call quote,$(TOKENS)))

lint: $(INSTALLED) ## Check the style
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

format: $(INSTALLED) ## Correct the style where ruff can
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

dev: $(INSTALLED) ## Install the pre-commit hooks
	@.venv/bin/pre-commit install

setup: $(INSTALLED) ## Make .venv (TORCH_INDEX=<url> takes torch from there); every verb does it
	@echo ".venv holds what constraints.txt names; next: make"

help: ## This list
	@awk 'BEGIN { FS = ":.*## "; print "usage: make <verb> [PRESET=tiny] [CORPUS=] [MODEL=] [DEVICE=] [YES=1] [FORCE=1]" } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile

VERBS := repro $(TEXT_STAGES) $(MODEL_STAGES) scratch import params plan describe blame metrics status why whence \
  compare verify compare-models lm-eval adopt \
  tensorboard doctor audit device prune clean clean-state verify-data export-shards cluster test \
  test-fast nightly mutants bench-data bench-train bench-infer \
  bench-quality twins lint format dev setup help
.PHONY: $(VERBS)

# A virtual environment whose Python is gone is made again, and so is one that came with a copied or
# moved folder: it would run the code of the place it was made in.
is_ours = test -x $(PY) && grep -qxF $(call quote,$(CURDIR)) $(INSTALLED) 2>/dev/null
ifneq ($(shell $(is_ours) || echo gone),)
.PHONY: $(INSTALLED)
endif
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  found=`$(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null`; \
	  echo "error: expected Python 3.11 or newer as $(PYTHON), found $${found:-none};" \
	    "install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test ! -e $(UNFINISHED) && { test ! -e $(INSTALLED) || $(is_ours); } && $(PY) -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' \
	  2>/dev/null || { echo "making .venv"; $(PYTHON) -m venv --clear .venv; }
	@touch $(UNFINISHED)
	@echo "installing what constraints.txt names (once; a few minutes)"
ifneq ($(TORCH_INDEX),)
	@$(PY) -m pip install --no-deps --index-url $(call quote,$(TORCH_INDEX)) \
	  --constraint constraints.txt torch
endif
	@$(PY) -m pip install --constraint constraints.txt --editable ".[dev]"
	@rm $(UNFINISHED)
	@printf '%s\n' $(call quote,$(CURDIR)) > $@
