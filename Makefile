# `make test` is the one test command. All other targets are conveniences.
GO ?= go
export STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
export GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
export CYCLONEDX := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
export GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
export ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.PHONY: help test test-long peers lint build library install wheels release crash soak fuzz bench bench-record bench-history counts counts-keep clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

test: ## install what the tests need, run all tests, and list what was skipped
	@scripts/run-all-tests

test-long: ## make a release, run the tests over all sizes and wheels, then crash, fuzz and soak; takes hours
	@$(MAKE) release
	@VOXFIT_LONG=1 VOXFIT_DIST=$$PWD/dist scripts/run-all-tests
	@$(MAKE) crash fuzz soak

peers: ## only install what the tests need: DIPY in .venv; MRtrix3, qemu, a kernel for it and Chromium from apt
	@scripts/install-peers

lint: ## gofmt, go vet, staticcheck, golangci-lint, actionlint, ruff and mypy
	@scripts/run-all-tests lint

build: ## build the program, linked statically, as bin/kbench
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-X main.sources=$$(scripts/hash-sources)" -o bin/kbench ./cmd/kbench

library: ## build the C library, as bin/libvoxfit.so, with bin/voxfit.h and bin/voxfit.pc (needs a C compiler)
	@env -u GOOS -u GOARCH $(GO) run ./capi/build -o bin -platform "$$($(GO) env GOOS)/$$($(GO) env GOARCH)"

install: build library ## [PREFIX=/usr/local] [DESTDIR=]: install kbench, the C library, its header and its pkg-config file
	@scripts/install-files "$(DESTDIR)$(or $(PREFIX),/usr/local)"

wheels: ## make the sdist, and wheels for Linux, macOS and Windows, in dist (on Linux; fetches zig, 100 MB, from PyPI)
	@scripts/make-wheels

release: ## make wheels and the rest of a release in dist: kbench for six platforms, C library, images, SBOM, checksums
	@scripts/make-release

crash: ## kill fit, merge, convert and run at 200 moments each, or cut the power; they must then go on (KILLS=200)
	VOXFIT_CRASH=$(or $(KILLS),200) $(GO) test ./cmd/kbench -run '^TestKilled|^TestAfterAPowerLoss' -count=1 -v -timeout 4h

soak: ## use C, Python and kbench from 64 threads for ten minutes: their memory and files must not grow (SOAK=10m)
	VOXFIT_SOAK=$(or $(SOAK),10m) $(GO) test ./capi ./cmd/kbench -run '^TestSoak' -count=1 -v -timeout 24h

fuzz: ## fuzz every parser and decoder, each for 30 seconds (FUZZ=30s; KEEP=1 keeps inputs that reach new code)
	@GO="$(GO)" scripts/fuzz $(or $(FUZZ),30s) $(if $(KEEP),keep)

# This builds and runs a program, since `go run` would hide its exit code and keep Ctrl-C from it.
bench: ## [BASE=commit] [STEP=csd/Factorise] [BUDGET=5m] [SET=avx2]: is the working tree slower than BASE?
	@$(GO) build -o bin/regress ./bench/regress && exec env GO="$(GO)" bin/regress -base "$(BASE)" -step "$(STEP)" -set "$(SET)" -budget $(or $(BUDGET),5m)

bench-record: ## [BUDGET=10m] [SET=all]: append the speed of the current commit to bench/history
	@$(GO) build -o bin/regress ./bench/regress && exec env GO="$(GO)" bin/regress -record bench/history -set "$(SET)" -budget $(or $(BUDGET),10m)

bench-history: ## draw the curves of bench/history, a page for each processor, in bin/history
	@$(GO) run ./cmd/kbench report bench/history/*.csv -o bin/history

counts: ## count the instructions of every step and of whole fits; fails where one exceeds bench/counts/*.csv by 0.5%
	@$(GO) run ./bench/counts

counts-keep: ## count as well, and keep the result in bench/counts/*.csv
	@$(GO) run ./bench/counts --keep

clean: ## remove what the other targets made, and the Python environment
	rm -rf bin dist .test .venv
