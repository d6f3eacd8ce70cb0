# voxfit: `make test` is the one test command; everything else is a convenience.
GO ?= go
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help test peers lint build library crash bench bench-baseline clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

test: ## set up what the tests need, then run everything and say what was skipped
	@STATICCHECK=$(STATICCHECK) scripts/run-all-tests

peers: ## only the set-up: Python with DIPY in .venv; MRtrix3, qemu, a kernel for it and Chromium from apt
	@scripts/install-peers

lint: ## gofmt, go vet and staticcheck
	@STATICCHECK=$(STATICCHECK) scripts/run-all-tests lint

build: ## the program, static, as bin/kbench
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-X main.sources=$$(scripts/hash-sources)" -o bin/kbench ./cmd/kbench

library: ## the C library, as bin/libvoxfit.so and bin/voxfit.h (needs a C compiler)
	CGO_ENABLED=1 $(GO) build -buildmode=c-shared -trimpath -ldflags="-s -w" -o bin/libvoxfit.so ./capi
	rm bin/libvoxfit.h && cp capi/voxfit.h bin/

crash: ## kill -9 at 200 random moments of each kind of fit and merge, and again; the same command must go on (KILLS=200)
	VOXFIT_CRASH=$(or $(KILLS),200) $(GO) test ./cmd/kbench -run TestKilledCommands -count=1 -v -timeout 4h

bench: ## every Go benchmark into bench/new.txt (about four minutes), compared with bench/baseline.txt
	@GO="$(GO)" BENCHSTAT=$(BENCHSTAT) scripts/bench

bench-baseline: ## keep the last bench/new.txt as bench/baseline.txt
	mv bench/new.txt bench/baseline.txt

clean: ## remove what the other targets made, the Python environment too
	rm -rf bin .test .venv bench/new.txt
