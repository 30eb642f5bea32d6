# `make run` and `make test` are all that a fresh clone needs. `make help` lists the rest.

SHELL := bash
.DEFAULT_GOAL := help

# Outside the clone, so that a second clone, or a clean one, builds only what changed.
ifeq ($(strip $(CARGO_TARGET_DIR)),)
CARGO_TARGET_DIR := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/keyward-target
endif
export CARGO_TARGET_DIR

.PHONY: compiler help run build test tools lint dashboard clients journeys bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build what is missing and run the demo; ARGS="--upstream http://127.0.0.1:3000" and the like are passed on
	@exec ./keyward demo $(ARGS)

build: compiler dashboard ## build the program; ./keyward is a link to it
	cargo build --locked --profile demo -p keyward
	@ln -sfn "$$(cd "$(CARGO_TARGET_DIR)" && pwd)/demo/keyward" keyward

# Published client libraries run before the tests, and not last, so that the tests' summary ends the output.
# Loopback only: a proxy must not see the tests' calls.
test: export NO_PROXY := 127.0.0.1,localhost,::1
test: export no_proxy := 127.0.0.1,localhost,::1
test: tools dashboard lint ## install what the tests need, then run every check and every test
	cargo test --locked --workspace --no-run
	@$(MAKE) --no-print-directory clients
	@$(MAKE) --no-print-directory journeys
	cargo test --locked --workspace

tools:
	@scripts/install-test-tools.sh

compiler:
	@command -v cc > /dev/null || scripts/install-test-tools.sh

lint: | tools dashboard ## formatting and lints, of the dashboard too, and its unit tests
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	@scripts/dashboard.sh check

dashboard: ## the dashboard, which the program embeds; without npm there is none
	@scripts/dashboard.sh build

clients: ## published client libraries against a demo of the program that `cargo test` built
	@scripts/test-clients.sh "$(CARGO_TARGET_DIR)/debug/keyward"

journeys: ## the dashboard in a real browser, against a demo of the program that `cargo test` built
	@scripts/dashboard.sh journeys "$(CARGO_TARGET_DIR)/debug/keyward"

bench: ## Keyward beside nginx and HAProxy; ARGS="--keys 1000000 --latency" for the published figures
	python3 bench/run.py $(ARGS)
