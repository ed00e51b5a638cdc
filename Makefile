# SPDX-License-Identifier: Apache-2.0
#
# Everything that is done with this checkout. GNU make 3.81 (macOS) is enough.
# All recipes build without -trimpath, except the release: a build with another
# flag compiles Beam and GoMLX once more, 2 to 3 minutes on two cores.

GO       ?= go
BIN      := bin/chromabeam
DEMO     ?= demo
# What `go test` gets: make test TESTFLAGS='-run TestFlow -v'
TESTFLAGS ?=
# Seconds that each fuzz target gets.
FUZZTIME ?= 10s

GOLANGCI_VERSION := v2.15.0
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# XLA is loaded through cgo, which needs a C compiler that works. Without one
# the binary has the go backend alone.
CGO_ENABLED ?= $(shell echo 'int main(void) { return 0; }' | $$($(GO) env CC) -x c -o /dev/null - 2>/dev/null && echo 1 || echo 0)
export CGO_ENABLED

# The packages whose tests link no XLA, as the go command sees them: the race
# detector does not see into a plugin. The pointer checks that come with -race
# are off for GoMLX's go backend, whose pointer arithmetic they refuse.
PURE = $$($(GO) list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | \
	awk '$$1 ~ /\.test$$/ && !/github\.com\/gomlx\/go-xla/ { sub(/\.test$$/, "", $$1); print $$1 }')

# The packages whose tests link XLA where there is cgo.
XLA = $$(CGO_ENABLED=1 $(GO) list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | \
	awk '$$1 ~ /\.test$$/ && /github\.com\/gomlx\/go-xla/ { sub(/\.test$$/, "", $$1); print $$1 }')

.PHONY: help build setup demo test test-race test-nocgo test-flink fmt fmt-check vet lint fuzz release clean

help: ## print this list (the default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/chromabeam, with XLA where there is a C compiler
	@if [ "$(CGO_ENABLED)" = 0 ]; then echo "building without cgo: no C compiler, or CGO_ENABLED=0; the binary has the go backend only"; fi
	$(GO) build -o $(BIN) ./cmd/chromabeam

# Without a plugin everything works on the go backend, so its lack is a note.
# CHROMABEAM_REQUIRE_XLA=1 makes it an error.
setup: build ## install the XLA plugin; without network or elsewhere than linux/amd64: say so
	@if [ "$(CGO_ENABLED)" = 0 ]; then \
		echo "no XLA plugin: this build has no cgo; the go backend is used"; \
		[ "$$CHROMABEAM_REQUIRE_XLA" != 1 ]; \
	elif $(BIN) setup; then :; \
	else \
		echo "no XLA plugin: the go backend is used, which is slower; run make setup again at any time"; \
		[ "$$CHROMABEAM_REQUIRE_XLA" != 1 ]; \
	fi

demo: setup ## prepare, train, evaluate and colour the embedded sample; prints the page to look at
	$(BIN) demo -output $(DEMO)

test: setup ## run all tests, with XLA where its plugin is there
	$(GO) test $(TESTFLAGS) -timeout 20m ./...

# The engine and bulk link XLA but run on the go backend in their tests.
test-race: ## run what needs no XLA under the race detector
	CGO_ENABLED=1 $(GO) test $(TESTFLAGS) -race -gcflags='github.com/gomlx/compute/...=-d=checkptr=0' -timeout 20m \
		$(PURE) ./transforms/inference ./pipelines/bulk

# What links no XLA is the same code in either flavour.
test-nocgo: ## build all and test what is different in the pure Go flavour
	CGO_ENABLED=0 $(GO) build ./...
	CGO_ENABLED=0 $(GO) test $(TESTFLAGS) -timeout 20m $(XLA)

# FLINK=figures measures on the archives of CHROMABEAM_DATA instead.
FLINK ?= 1

test-flink: build ## run prepare and bulk on a real Flink; needs Java 17 and Maven
	CHROMABEAM_FLINK=$(FLINK) CHROMABEAM_BIN=$(abspath $(BIN)) \
		$(GO) test $(TESTFLAGS) -count=1 -timeout 60m ./infra/flink

fmt: ## format all Go files
	@dirs=$$($(GO) list -f '{{.Dir}}' ./...) && gofmt -w $$dirs

fmt-check: ## fail where a Go file is not formatted
	@dirs=$$($(GO) list -f '{{.Dir}}' ./...) && files=$$(gofmt -l $$dirs) && \
	if [ -n "$$files" ]; then echo "not formatted (make fmt):"; echo "$$files"; exit 1; fi

vet: ## run go vet
	$(GO) vet ./...

# An installed golangci-lint is used where it is of the pinned version: building
# it takes minutes.
lint: ## run golangci-lint, installing the pinned version into bin/ if need be
	@tool=bin/golangci-lint; \
	for t in bin/golangci-lint "$$(command -v golangci-lint)" "$$($(GO) env GOPATH)/bin/golangci-lint"; do \
		if [ -x "$$t" ] && "$$t" version 2>/dev/null | grep -q "version $(patsubst v%,%,$(GOLANGCI_VERSION)) "; then tool=$$t; break; fi; \
	done; \
	if [ "$$tool" = bin/golangci-lint ] && ! "$$tool" version 2>/dev/null | grep -q "version $(patsubst v%,%,$(GOLANGCI_VERSION)) "; then \
		echo "installing golangci-lint $(GOLANGCI_VERSION) into bin/"; \
		GOBIN="$$PWD/bin" CGO_ENABLED=0 $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION) || exit 1; \
	fi; \
	"$$tool" run ./...

fuzz: ## run every fuzz target for FUZZTIME
	@for dir in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./...); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(f \*testing\.F).*/\1/p' "$$dir"/*_test.go); do \
			echo "$$dir $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x "$$dir" || exit 1; \
		done; \
	done

# Releases are pure Go, so that one machine builds them all and they run
# everywhere; who wants XLA builds from source. They are built with -trimpath,
# so that the same commit gives the same bytes in any folder.
release: ## cross-build dist/ for linux, darwin, windows on amd64 and arm64, with SHA256SUMS
	rm -rf dist && mkdir -p dist
	@set -e; for platform in $(PLATFORMS); do \
		os=$${platform%/*}; arch=$${platform#*/}; ext=; [ $$os != windows ] || ext=.exe; \
		name=chromabeam_$(VERSION)_$${os}_$$arch$$ext; echo "$$name"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath \
			-ldflags "-s -w -X github.com/chromabeam/chromabeam/infra/version.tag=$(VERSION)" -o dist/$$name ./cmd/chromabeam; \
	done
	@cd dist && if command -v sha256sum >/dev/null; then sha256sum chromabeam_* > SHA256SUMS; else shasum -a 256 chromabeam_* > SHA256SUMS; fi
	@cat dist/SHA256SUMS

clean: ## remove bin/, dist/ and the demo's folder; plugins and caches stay
	rm -rf bin dist $(DEMO)
