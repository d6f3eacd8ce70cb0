# voxfit: `make test` is the one test command; everything else is a convenience.
GO ?= go
export STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
export GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
export CYCLONEDX := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
export GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
export ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.PHONY: help test test-long peers lint build library install wheels release crash soak fuzz bench bench-record bench-history counts counts-keep clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

test: ## set up what the tests need, then run everything and say what was skipped
	@scripts/run-all-tests

test-long: ## a release, the same tests over all sizes, voxels, draws and wheels, then crash, fuzz and soak; hours
	@$(MAKE) release
	@VOXFIT_LONG=1 VOXFIT_DIST=$$PWD/dist scripts/run-all-tests
	@$(MAKE) crash fuzz soak

peers: ## only the set-up: Python with DIPY in .venv; MRtrix3, qemu, a kernel for it and Chromium from apt
	@scripts/install-peers

lint: ## gofmt, go vet, staticcheck, golangci-lint, actionlint, ruff and mypy
	@scripts/run-all-tests lint

build: ## the program, static, as bin/kbench
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-X main.sources=$$(scripts/hash-sources)" -o bin/kbench ./cmd/kbench

library: ## the C library, as bin/libvoxfit.so, with bin/voxfit.h and bin/voxfit.pc (needs a C compiler)
	@env -u GOOS -u GOARCH $(GO) run ./capi/build -o bin -platform "$$($(GO) env GOOS)/$$($(GO) env GOARCH)"

install: build library ## [PREFIX=/usr/local] [DESTDIR=]: kbench, the C library, its header and its pkg-config file
	@scripts/install-files "$(DESTDIR)$(or $(PREFIX),/usr/local)"

wheels: ## the sdist, and wheels for Linux, macOS and Windows, into dist (on any one Linux; fetches zig, 100 MB, from PyPI)
	@scripts/make-wheels

release: ## wheels, and all else that a release has: kbench for six platforms, the C library, image, SBOM, checksums; into dist
	@scripts/make-release

crash: ## kill -9, and a power loss, at 200 random moments of each of fit, merge, convert and run; the same command must go on (KILLS=200)
	VOXFIT_CRASH=$(or $(KILLS),200) $(GO) test ./cmd/kbench -run '^TestKilled|^TestAfterAPowerLoss' -count=1 -v -timeout 4h

soak: ## C, Python and kbench under 64 threads for ten minutes, at once: what they hold must not grow (SOAK=10m)
	VOXFIT_SOAK=$(or $(SOAK),10m) $(GO) test ./capi ./cmd/kbench -run '^TestSoak' -count=1 -v -timeout 24h

fuzz: ## fuzz every parser and decoder, each for 30 seconds (FUZZ=30s; KEEP=1 keeps inputs that reach new code)
	@GO="$(GO)" scripts/fuzz $(or $(FUZZ),30s) $(if $(KEEP),keep)

# A program of its own, not `go run`: Ctrl-C reaches it, and its exit code is told.
bench: ## [BASE=commit] [STEP=csd/Factorise] [BUDGET=5m] [SET=avx2]: is the working tree slower than BASE? both, in alternation
	@$(GO) build -o bin/regress ./bench/regress && exec env GO="$(GO)" bin/regress -base "$(BASE)" -step "$(STEP)" -set "$(SET)" -budget $(or $(BUDGET),5m)

bench-record: ## [BUDGET=10m] [SET=all]: append the speed of the commit that is checked out to bench/history
	@$(GO) build -o bin/regress ./bench/regress && exec env GO="$(GO)" bin/regress -record bench/history -set "$(SET)" -budget $(or $(BUDGET),10m)

bench-history: ## the curves of bench/history, a page for each processor, into bin/history
	@$(GO) run ./cmd/kbench report bench/history/*.csv -o bin/history

counts: ## instructions of every step and of whole fits, compared with bench/counts/*.csv; fails where one rises by 0.5%
	@$(GO) run ./bench/counts

counts-keep: ## count, and keep the result in bench/counts/*.csv
	@$(GO) run ./bench/counts --keep

clean: ## remove what the other targets made, the Python environment too
	rm -rf bin dist .test .venv
