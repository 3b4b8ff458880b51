.DEFAULT_GOAL := help
.PHONY: help run test torture bench memory lint schema

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: ## Serve on http://127.0.0.1:8080, with the records in orlo.db
	@sh scripts/require compiler
	cargo run --locked -- serve

test: ## Run all tests, on SQLite and PostgreSQL; installs what is missing on Debian and Ubuntu
	@sh scripts/require compiler nodejs postgresql
	npm ci --prefix tests/clients --no-audit --no-fund
	cargo test --workspace --locked --no-fail-fast

torture: ## Run what is too long for every day: crashes, outages, crowds, fuzzing; stops by itself
	@sh scripts/require compiler postgresql
	cargo test --locked --test it -- torture:: fuzz:: --include-ignored --test-threads=1 --nocapture

SIZE = 20000
bench: ## Measure the whole server on both databases with SIZE=20000 releases; see bench/README.md
	@sh scripts/require compiler postgresql wrk
	cargo build --locked --release
	cargo run --locked --release --package orlo-bench -- run --size $(SIZE)

memory: ## Measure the memory of 2,000 idle subscribers
	@sh scripts/require compiler
	cargo build --release --locked
	ORLO_TEST_BINARY=$${CARGO_TARGET_DIR:-target}/release/orlo cargo test --locked --test it torture::idle -- --include-ignored --nocapture

lint: ## Check format, lints, documentation and dependencies
	@sh scripts/require compiler
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked
	@sh scripts/if-installed cargo-deny cargo deny --locked check
	@sh scripts/if-installed cargo-machete cargo machete

schema: ## Write schema.graphql anew
	@sh scripts/require compiler
	cargo run --locked --quiet -- schema >schema.graphql.new
	mv schema.graphql.new schema.graphql
