# Armature: Cloud Native Buildpacks for Node.js. `make help` lists the targets.

PLATFORM ?= linux/arm64
VERSION ?= 0.1.0
# Release lines whose archives the builder contains, so that builds need not
# download Node.js; empty for none.
ARCHIVES ?= 24
# Hosts of `make builder`.
HOSTS ?= linux/amd64,linux/arm64
# `make package OFFLINE=1 NODE=24,22` includes the archives of these lines, and the
# programs of package managers: of every line, or of MANAGERS=pnpm-10,yarn-4.
OFFLINE ?=
NODE ?=
MANAGERS ?=
# The repository for `make publish`, and for run images in builders' metadata.
REPOSITORY ?= armature

# The tool of `make demo`: armature, or docker.
ENGINE ?= $(if $(filter Linux,$(shell uname -s)),armature,docker)
ifeq ($(filter $(ENGINE),armature docker),)
  $(error [unknown-engine] ENGINE is "$(ENGINE)": want armature or docker)
endif

comma := ,
empty :=
space := $(empty) $(empty)

GO ?= go
HOST_ARCH := $(shell $(GO) env GOHOSTARCH)
ARCH := $(notdir $(PLATFORM))
ARCHES := arm64 amd64
OTHER_ARCH := $(filter-out $(HOST_ARCH),$(ARCHES))
ifeq ($(filter $(PLATFORM),$(addprefix linux/,$(ARCHES))),)
  $(error [unsupported-target] unsupported target "$(PLATFORM)": want linux/arm64 or linux/amd64)
endif

# Two jobs at a time, unless make is called with -j.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2)

PACK := build/bin/pack
PACK_VERSION := 0.40.6
# The sources of each part: every file that a program's build reads or embeds, and
# all of internal, because its packages import each other. scripts/makefile_test.go
# compares them with the Go toolchain's lists.
files = $(shell find $(1) -type f -not -name '*_test.go' -not -path '*/testdata/*' 2>/dev/null)
MODULE := go.mod go.sum
SOURCES := $(call files,internal platform cmd) $(MODULE)
BUILDPACKS := $(call files,buildpacks internal) $(MODULE) LICENSE NOTICE
STACK_SOURCES := $(call files,stack tools/stack internal) $(MODULE)
LIFECYCLE_SOURCES := $(call files,tools/lifecycle tools/internal/step internal) $(MODULE)
PACKAGER_SOURCES := $(call files,tools/packager tools/internal/step internal) $(MODULE)
BUILDER_SOURCES := $(call files,builder tools/builder tools/internal/step internal) $(MODULE)
CHECK_ELF_SOURCES := $(call files,tools/noderelease internal) $(MODULE)

# A file with a variable's value, which changes with it: a prerequisite for targets
# whose name does not contain the value.
setting = $(shell mkdir -p build/settings && { printf '%s\n' '$($(1))' | cmp -s - build/settings/$(1) || printf '%s\n' '$($(1))' >build/settings/$(1); })build/settings/$(1)

ifneq ($(OFFLINE),)
  ifeq ($(NODE),)
    $(error [offline-without-node] OFFLINE is set, but NODE does not say which release lines to ship: want for example make package OFFLINE=1 NODE=24,22)
  endif
  override ARCHIVES := $(subst $(comma),$(space),$(NODE))
endif

# Suffixes of the folders that depend on ARCHIVES and REPOSITORY.
WITH := $(if $(strip $(ARCHIVES)),-with-$(subst $(space),-,$(strip $(ARCHIVES))))
NAMED := $(if $(filter-out armature,$(REPOSITORY)),-$(subst :,-,$(subst /,-,$(REPOSITORY))))
PROGRAMS := $(if $(OFFLINE),build/managers$(if $(MANAGERS),-$(subst $(comma),-,$(MANAGERS))))
PACKAGES := build/packages/$(VERSION)$(WITH)$(if $(OFFLINE),-and-$(notdir $(PROGRAMS)))
BUILDER := build/builder/$(VERSION)$(WITH)$(if $(OFFLINE),-and-$(notdir $(PROGRAMS)))$(NAMED)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help demo test unit unit-releases integration integration-targets integration-armature natives system-packages corpus armature check bench bench-helpers bench-static sizes man profile mutants npm-lines managers parity parity-random check-elf generate package builder stack lifecycle publish verify-arm64 soak fuzz clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo "Settings: PLATFORM=$(PLATFORM) VERSION=$(VERSION) ARCHIVES=\"$(ARCHIVES)\" HOSTS=$(HOSTS)"

demo: ## Make everything, build and run the Express app for PLATFORM, and send it a request (ENGINE=docker: with pack and Docker)
	@scripts/$(if $(filter docker,$(ENGINE)),engine,emulation).sh $(PLATFORM)
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .demo

DEMO := PACK_HOME=$(abspath build/pack-home) PACK_VOLUME_KEY=armature-demo $(GO) run ./tools/demo -engine $(ENGINE) -armature $(abspath bin/armature) -platform $(PLATFORM) -pack $(abspath $(PACK)) \
  -builder $(BUILDER)/linux-$(ARCH)-on-linux-$(HOST_ARCH) -run-image build/stack/run-$(ARCH)

.PHONY: .demo .demo-image
.demo: bin/armature
.demo .demo-image: $(PACK) build/stack/run-$(ARCH)/index.json $(BUILDER)/linux-$(ARCH)-on-linux-$(HOST_ARCH)/index.json
.demo:
	@$(DEMO)
.demo-image:
	@$(DEMO) -engine docker -build-only

test: ## Everything that CI runs: format, vet, generated files, unit and integration tests
	@scripts/stages.sh "$(MAKE)" check unit integration integration-armature

check: ## Check format, vet and generated files
	@scripts/check.sh

unit: ## Unit tests, tests of the packaged programs, and structure tests of the build and run images
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS:-j2=-j3) .unit-first $(PACKAGES)/.done stack
	@scripts/unit.sh $(PACKAGES)

# Runs while make makes what the other tests need, which has the processors first:
# both wait for much, downloads and timers.
.PHONY: .unit-first
.unit-first:
	@nice -n 5 scripts/unit.sh

unit-releases: ## Unit tests of the release inventory and the code that reads it
	@$(GO) test ./tools/noderelease ./internal/node/inventory ./buildpacks/node-engine

integration: ## Integration tests of the packaged buildpacks and the builders, for both targets
	@scripts/engine.sh linux/arm64 linux/amd64
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .integration

.PHONY: .integration
.integration: $(PACK) bin/armature $(foreach a,$(ARCHES),build/stack/run-$(a)/index.json build/stack/run-tiny-$(a)/index.json $(BUILDER)/linux-$(a)-on-linux-$(HOST_ARCH)/index.json)
	@scripts/integration.sh $(VERSION) $(PACKAGES) $(BUILDER)

integration-targets: ## The integration tests with those apps that CI builds for the other target only; not in CI
	@ARMATURE_TARGETS=all $(MAKE) --no-print-directory integration

integration-armature: ## Integration tests of armature, as root and as an ordinary user, without an engine
	@scripts/emulation.sh linux/arm64 linux/amd64 || echo "  tests that run the other architecture are left out"
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .integration-armature

soak: ## Dozens of concurrent builds and killed calls, as root and as an ordinary user; not in CI
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .soak

.PHONY: .soak
.soak: bin/armature build/stack/run-arm64/index.json $(BUILDER)/linux-arm64-on-linux-$(HOST_ARCH)/index.json
	@ARMATURE_TESTS=all ARMATURE=$(abspath bin/armature) ARMATURE_BUILDERS=$(abspath $(BUILDER)) ARMATURE_STACK=$(abspath build/stack) \
	  nice $(GO) test -tags soak -count=1 -timeout 60m -v -run Soak ./integration/armature

FUZZTIME ?= 30s
fuzz: ## Fuzz all parsers of untrusted input, for FUZZTIME each
	@scripts/fuzz.sh $(FUZZTIME)

npm-lines: ## The tests that run npm, with every release line of npm; not in CI
	@$(MAKE) --no-print-directory $(JOBS) $(PACKAGES)/.done
	@ARMATURE_NPM_LINES=all scripts/unit.sh $(PACKAGES) ./buildpacks/npm-install

# `make managers PARTS=installs,images` runs some of its parts.
PARTS ?=
managers: ## The tests of all package managers, with every line of their programs, a package with all, and a table of what passed; CORPUS names a folder with public apps; not in CI
	@$(MAKE) --no-print-directory package OFFLINE=1 NODE=24
	@scripts/emulation.sh linux/arm64 linux/amd64 || echo "  tests that run the other architecture are left out"
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .managers

# `make parity CORPUS=DIR` compares the installer with npm on the apps below a folder;
# PARITY has more flags: "-app nest -targets arm64 -forms plain".
CORPUS ?=
PARITY ?=
parity: ## Compare the installer of npm's lockfiles with npm itself, on the apps below CORPUS
	@$(GO) run ./tools/parity -corpus "$(CORPUS)" $(PARITY)

# RANDOM=60 is how many; PARITY="-seed 2 -from 100" draws others.
RANDOM ?= 200
parity-random: ## Compare the installer with npm itself on RANDOM random sets of public packages; not in CI
	@$(GO) run ./tools/parity -random $(RANDOM) $(PARITY)

# `make corpus APPS=next,astro PLATFORMS=linux/arm64` is a part; CORPUS_FLAGS has more
# flags for armature's builds: "--binding FOLDER".
APPS ?=
PLATFORMS ?=
CORPUS_FLAGS ?=
corpus: ## Make, build, run and call the apps of docs/corpus.md, for both targets, one emulated (APPS, PLATFORMS); at most two hours; CI runs APPS=ci
	@scripts/emulation.sh linux/arm64 linux/amd64
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .corpus

.PHONY: .corpus
.corpus: bin/armature $(foreach a,$(ARCHES),$(BUILDER)/linux-$(a)-on-linux-$(HOST_ARCH)/index.json)
	@scripts/corpus.sh $(abspath $(PACKAGES)) -armature bin/armature -builder $(BUILDER) -apps "$(APPS)" -platforms "$(PLATFORMS)" -flags "$(CORPUS_FLAGS)"

# Packages in which a fault does most harm: keys, checksums, sandboxes, version
# selection, caches.
MUTANTS ?= ./internal/download/checksum ./internal/download/fetch ./internal/node/inventory ./internal/node/versionfile ./internal/node/npmrange \
  ./buildpacks/node-engine ./internal/modules/key.go ./buildpacks/npm-start ./buildpacks/static-site/internal/server \
  ./platform/internal/phases ./platform/internal/home ./platform/internal/loopback ./platform/internal/sandbox
SAMPLE ?= 300
SEED ?=
mutants: ## Mutation tests of critical packages (MUTANTS, SAMPLE, SEED): print the survivors; 90 % must be killed; not in CI
	@ARMATURE_TESTS=sandboxes $(GO) run ./tools/mutants -sample $(SAMPLE) -for 20m -want 90 $(if $(SEED),-seed $(SEED)) $(MUTANTS)

man: ## Man pages of armature, in build/man
	@CGO_ENABLED=0 $(GO) test -count=1 -run '^TestThePagesForManHaveEveryCommand$$' ./cmd/armature -man $(abspath build/man)

.PHONY: .integration-armature .sizes .managers
# The builders for this host and, for emulated builds, the other host's own. The
# fourth, for this target on the other host, is what CI's other machine has.
.integration-armature .natives .system-packages .sizes .managers: bin/armature $(foreach a,$(ARCHES),build/stack/run-$(a)/index.json build/stack/run-tiny-$(a)/index.json $(BUILDER)/linux-$(a)-on-linux-$(HOST_ARCH)/index.json)
.integration-armature .natives .system-packages .sizes: $(BUILDER)/linux-$(OTHER_ARCH)-on-linux-$(OTHER_ARCH)/index.json
.natives: $(BUILDER)/linux-$(HOST_ARCH)-on-linux-$(OTHER_ARCH)/index.json
.managers: $(PACKAGES)/.done
.integration-armature .natives .system-packages .sizes .managers: export ARMATURE := $(abspath bin/armature)
.integration-armature .natives .system-packages .sizes .managers: export ARMATURE_BUILDERS := $(abspath $(BUILDER))
.integration-armature .natives .system-packages .sizes .managers: export ARMATURE_STACK := $(abspath build/stack)
.integration-armature .natives .system-packages .sizes .managers: export ARMATURE_PACKAGES := $(abspath $(PACKAGES))
.integration-armature .natives .system-packages .sizes .managers: export ARMATURE_TESTS := all
.integration-armature:
	@scripts/integration-armature.sh
.managers:
	@CORPUS="$(CORPUS)" scripts/managers.sh $(PACKAGES) $(subst $(comma),$(space),$(PARTS))

sizes: ## Record the sizes of images and programs in docs/benchmarks/sizes.json; integration-armature fails if they differ by 3 %
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .sizes

.sizes:
	@$(GO) test -count=1 -run '^TestSizesAreThoseOnRecord$$' ./integration/armature -record-sizes

natives: ## Build apps with native modules on every host for every target, some emulated; takes an hour or more
	@scripts/emulation.sh linux/arm64 linux/amd64
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .natives

.PHONY: .natives
.natives:
	@ARMATURE_NATIVES=1 $(GO) test -count=1 -timeout 3h -v -run 'TestNativeModules' ./integration/armature

system-packages: ## Run ffmpeg, ImageMagick, Chromium and fonts of Debian in images for both targets, one emulated; downloads some 400 MB
	@scripts/emulation.sh linux/arm64 linux/amd64
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .system-packages

.PHONY: .system-packages
.system-packages:
	@CGO_ENABLED=0 ARMATURE_SYSTEM_PACKAGES=1 $(GO) test -count=1 -timeout 1h -v -run 'SystemPackages' ./integration/armature

generate: ## Render generated files from their sources
	@$(GO) generate ./...

package: ## Buildpackages for both targets, in build/packages/VERSION (OFFLINE=1 NODE=24,22: with archives)
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) $(if $(OFFLINE),$(PACKAGES),build/packages/$(VERSION))/.done
	@ls $(if $(OFFLINE),$(PACKAGES),build/packages/$(VERSION))/*.cnb

# `make bench SCENARIOS=cold,rebuild WAYS=cross,native,floor ROUNDS=1` measures a
# part, without an engine.
SCENARIOS ?=
WAYS ?=
ROUNDS ?= 0

bench: ## Measure builds, a Dockerfile's build and the lower bound (SCENARIOS=cold,rebuild WAYS=cross,floor ROUNDS=1: a part)
	@scripts/$(if $(or $(findstring dockerfile,$(WAYS)),$(if $(WAYS),,all)),engine,emulation).sh linux/arm64 linux/amd64
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .bench

.PHONY: .bench
.bench: bin/armature $(foreach a,$(ARCHES),build/stack/run-$(a)/index.json build/stack/build-$(a)/index.json $(BUILDER)/linux-$(a)-on-linux-$(HOST_ARCH)/index.json) $(BUILDER)/linux-$(OTHER_ARCH)-on-linux-$(OTHER_ARCH)/index.json
	@$(GO) run ./tools/bench -builder $(BUILDER) -archives build/archives$(WITH) -scenarios "$(SCENARIOS)" -ways "$(WAYS)" -rounds $(ROUNDS)

bench-helpers: ## Start-up time of the helpers, compared with an empty program
	@$(GO) test -run '^$$' -bench HelperStart -benchtime 300x ./buildpacks

bench-static: ## Measure the server of static sites against Debian's nginx; it has to keep up
	@command -v nginx >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y --no-install-recommends nginx-light >/dev/null; }
	@$(GO) test -run '^$$' -bench AgainstNginx -benchtime 1x ./buildpacks/static-site/cmd/static-server

profile: ## CPU and allocation profiles of expensive code with real inputs, in build/profiles
	@$(if $(WITH),,$(error [profile-without-archives] ARCHIVES is empty, but what node-engine does is measured with archives of Node.js: want for example make profile ARCHIVES=24))
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) .profile

.PHONY: .profile
.profile: $(PACKAGES)/.done $(if $(WITH),build/archives$(WITH)/.done) $(BUILDER)/linux-$(ARCH)-on-linux-$(HOST_ARCH)/index.json
	@scripts/profile.sh $(PACKAGES) $(BUILDER)/linux-$(ARCH)-on-linux-$(HOST_ARCH) build/archives$(WITH)

check-elf: ## Check that every Node.js version in the inventory can start on the run images
	@scripts/needs.sh stack
	@rm -f build/check-elf.done
	@$(MAKE) --no-print-directory $(JOBS) build/check-elf.done

builder: ## The builder for PLATFORM on all HOSTS, as one OCI index
	@scripts/needs.sh stack
	@$(MAKE) --no-print-directory $(JOBS) $(BUILDER)/linux-$(ARCH)/index.json
	@echo "$(BUILDER)/linux-$(ARCH)"

publish: ## Push the builder and run images for PLATFORM to REPOSITORY (registry/name)
	@$(if $(findstring /,$(REPOSITORY)),,$(error [repository-unset] REPOSITORY is "$(REPOSITORY)": want registry/name, for example make publish REPOSITORY=registry.example.com/armature))
	@$(MAKE) --no-print-directory $(JOBS) builder
	@$(GO) run ./tools/publish build/stack/run-$(ARCH)=$(REPOSITORY)/run:$(ARCH) build/stack/run-tiny-$(ARCH)=$(REPOSITORY)/run-tiny:$(ARCH) $(BUILDER)/linux-$(ARCH)=$(REPOSITORY)/builder:$(ARCH)

stack: $(foreach a,$(ARCHES),build/stack/run-$(a)/index.json build/stack/run-tiny-$(a)/index.json build/stack/build-$(a)/index.json) ## Build and run images for both architectures

lifecycle: $(foreach h,$(ARCHES),$(foreach t,$(ARCHES),build/lifecycle/linux-$(h)-for-linux-$(t).tgz)) ## The lifecycle for every pair of host and target

armature: bin/armature $(foreach a,$(ARCHES),bin/armature-linux-$(a)) ## The program armature, for this host and for both architectures
	@ls $^

verify-arm64: ## Boot the app image on an arm64 kernel under qemu, and send it a request
	@scripts/verify-arm64.sh

clean: ## Remove all build output
	@rm -rf build bin

# --- parts ---------------------------------------------------------------

$(PACK): tools/pack/go.mod tools/pack/go.sum
	@echo "  compiling pack $(PACK_VERSION) ..."
	@mkdir -p $(@D)
	@CGO_ENABLED=0 $(GO) build -C tools/pack -trimpath -ldflags "-s -w -X github.com/buildpacks/pack/pkg/client.Version=$(PACK_VERSION)" -o $(abspath $@) github.com/buildpacks/pack

# Statically linked: it starts itself again in other root file systems.
bin/armature: $(SOURCES) $(call setting,VERSION)
	@echo "  compiling armature ..."
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./cmd/armature

bin/armature-linux-%: $(SOURCES) $(call setting,VERSION)
	@CGO_ENABLED=0 GOOS=linux GOARCH=$* $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./cmd/armature

build/stack/run-%/index.json: $(STACK_SOURCES)
	@$(GO) run -trimpath ./tools/stack -kind run -target linux/$* -out $(@D)
	@touch $@

build/stack/run-tiny-%/index.json: $(STACK_SOURCES)
	@$(GO) run -trimpath ./tools/stack -kind run-tiny -target linux/$* -out $(@D)
	@touch $@

build/stack/build-%/index.json: $(STACK_SOURCES)
	@$(GO) run -trimpath ./tools/stack -kind build -target linux/$* -out $(@D)
	@touch $@

define lifecycle_rule
build/lifecycle/linux-$(1)-for-linux-$(2).tgz: $(LIFECYCLE_SOURCES)
	@$(GO) run ./tools/lifecycle -host linux/$(1) -target linux/$(2) -out $$@
endef
$(foreach h,$(ARCHES),$(foreach t,$(ARCHES),$(eval $(call lifecycle_rule,$(h),$(t)))))

build/archives$(WITH)/.done: buildpacks/node-engine/buildpack.toml
	@scripts/archives.sh "$(ARCHIVES)" $(@D)
	@touch $@

# Only versions that can start on the run images are packaged.
RUN_LAYOUTS := $(foreach k,run run-tiny,$(foreach a,$(ARCHES),build/stack/$(k)-$(a)))
build/check-elf.done: buildpacks/node-engine/releases.lock.json $(CHECK_ELF_SOURCES) $(addsuffix /index.json,$(RUN_LAYOUTS))
	@$(GO) run ./tools/noderelease -dir buildpacks/node-engine -check-elf $(addprefix -run-image ,$(RUN_LAYOUTS))
	@touch $@

build/packages/$(VERSION)/.done: $(BUILDPACKS) $(PACKAGER_SOURCES) $(PACK) build/check-elf.done
	@$(GO) run ./tools/packager -version $(VERSION) -out $(@D) -pack $(abspath $(PACK))
	@touch $@

ifneq ($(OFFLINE),)
$(PROGRAMS)/.done: internal/node/managerreleases/releases.txt
	@scripts/managerarchives.sh "$(MANAGERS)" $(@D)
	@touch $@
endif

ifneq ($(WITH),)
$(PACKAGES)/.done: $(BUILDPACKS) $(PACKAGER_SOURCES) $(PACK) build/archives$(WITH)/.done build/check-elf.done $(if $(PROGRAMS),$(PROGRAMS)/.done)
	@$(GO) run ./tools/packager -version $(VERSION) -out $(@D) -pack $(abspath $(PACK)) -archives build/archives$(WITH) -programs "$(PROGRAMS)"
	@touch $@
endif

# The folder's name has the builder's hosts: one, or all of HOSTS.
BUILDER_PARTS := $(BUILDER_SOURCES) $(PACK) $(PACKAGES)/.done
make_builder = $(GO) run ./tools/builder -target linux/$(1) -hosts $(2) -version $(VERSION) -repository $(REPOSITORY) -packages $(PACKAGES) -pack $(abspath $(PACK)) -out $(@D)

define pair_rule
$(BUILDER)/linux-$(2)-on-linux-$(1)/index.json: $(BUILDER_PARTS) build/lifecycle/linux-$(1)-for-linux-$(2).tgz build/stack/build-$(1)/index.json build/stack/run-$(2)/index.json build/stack/run-tiny-$(2)/index.json
	@$$(call make_builder,$(2),linux/$(1))
	@touch $$@
endef
$(foreach h,$(ARCHES),$(foreach t,$(ARCHES),$(eval $(call pair_rule,$(h),$(t)))))

define index_rule
$(BUILDER)/linux-$(1)/index.json: $(BUILDER_PARTS) $(call setting,HOSTS) $(foreach h,$(notdir $(subst $(comma), ,$(HOSTS))),build/lifecycle/linux-$(h)-for-linux-$(1).tgz build/stack/build-$(h)/index.json) build/stack/run-$(1)/index.json build/stack/run-tiny-$(1)/index.json
	@$$(call make_builder,$(1),$$(HOSTS))
	@touch $$@
endef
$(foreach t,$(ARCHES),$(eval $(call index_rule,$(t))))
