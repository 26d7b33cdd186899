# cadabra: one program, built out of tree into build/$(BUILD), which is debug, release, asan, tsan, cov or fuzz.
#
#   make                     builds the debug program         make BUILD=release     the one to ship
#   make install             to PREFIX=/usr/local, below DESTDIR
#   make check               every test: test, test-vectors, test-workflows, test-fault
#   make test                test-unit (Check), test-wire (raw bytes), test-sdk (real clients)
#   make workflow-full       the order history with all its lines
#   make fuzz                each fuzz target for FUZZ_SECONDS; test-fuzz runs their corpora alone
#   make lint                lint-format, lint-text (layers, sizes, headers, shell, spelling), lint-tidy, lint-readme
#   make format              clang-format in place
#   make readme              the table of operations in README.md
#   make cov                 lines that the unit tests ran
#   make bench               start, memory, DynamoDB, Kinesis; also bench-dynamodb, bench-kinesis, bench-lambda, bench-s3, bench-sqs, bench-sns
#   make clean               removes build/

BUILD ?= debug
O ?= build/$(BUILD)
PREFIX ?= /usr/local
PYTHON ?= python3
CC = $(if $(filter fuzz,$(BUILD)),clang,gcc)
V ?= 0
SHELL = /bin/bash
Q = $(if $(filter 0,$(V)),@,)

PACKAGES = libmicrohttpd sqlite3 jansson libcrypto libnghttp2 expat libpcre2-8 libzip zlib libxxhash
# server/duckdb needs nothing here: it declares what it uses, and loads what server/get-duckdb.sh gets.
# Loaded when they are first needed (server/base/library.h): only their headers are used here.
LOADED = libcurl
ifneq ($(MAKECMDGOALS),clean)
ifneq ($(shell pkg-config --exists $(PACKAGES) $(LOADED) && echo yes),yes)
$(error a library is missing; on Debian run: .ci/install build)
endif
endif

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wundef \
           -Wno-missing-field-initializers -Werror
FLAGS_debug = -O1 -g3
FLAGS_release = -O2 -g -DNDEBUG -fno-plt -fno-semantic-interposition
FLAGS_asan = -O1 -g1 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined -DCADABRA_ASAN
FLAGS_tsan = -O1 -g1 -fsanitize=thread -fno-omit-frame-pointer
FLAGS_cov = -Og -g1 --coverage
FLAGS_fuzz = -O1 -g1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -DCADABRA_ASAN
ifeq ($(FLAGS_$(BUILD)),)
$(error BUILD is one of debug, release, asan, tsan, cov; not '$(BUILD)')
endif

CPPFLAGS += -D_GNU_SOURCE -I. -I$(O) -I$(O)/gen $(shell pkg-config --cflags $(PACKAGES))
CFLAGS += -std=gnu17 $(WARNINGS) $(FLAGS_$(BUILD)) -pthread -fstack-protector-strong
LDFLAGS += $(FLAGS_$(BUILD)) -pthread -Wl,-z,relro,-z,now -Wl,--gc-sections
LDLIBS += $(shell pkg-config --libs $(PACKAGES)) -lm

# --- what is built ---------------------------------------------------------------------------------------

MODELS = $(sort $(wildcard server/model/*.model))
GEN_SRC = $(MODELS:server/model/%.model=$(O)/gen/%.c)
GEN_HDR = $(GEN_SRC:.c=.h)
GEN_OBJ = $(GEN_SRC:.c=.o)

# Files that the program carries inside: see server/base/embed.h.
EMBEDDED = $(sort $(wildcard storage/schema/*.sql web/*.html web/*.js web/*.css handlers/lambda/runtime/bootstrap.* \
           handlers/lambda/runtime/java/*.java))
EMBED_OBJ = $(EMBEDDED:%=$(O)/embed/%.o)

SRC = $(sort $(filter-out server/main.c server/model/modelc.c server/model/modelc_%,\
        $(wildcard server/*.c server/*/*.c storage/*.c handlers/*/*.c)))
OBJ = $(SRC:%.c=$(O)/%.o)
LIB = $(O)/libcadabra.a

UNIT_SRC = $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN = $(UNIT_SRC:tests/unit/%.c=$(O)/unit/%)

.PHONY: all unit clean
all: $(O)/cadabra

# Rebuild everything when the flags change.
$(O)/flags: force
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' >$@
.PHONY: force
force:

$(O)/modelc: server/model/modelc.c $(wildcard server/model/modelc_*.c) $(O)/flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) -std=gnu17 $(WARNINGS) -O1 -g -D_GNU_SOURCE -I. -o $@ $(filter %.c,$^)

# modelc writes header and tables of one service in one run.
$(O)/gen/%.h $(O)/gen/%.c &: server/model/%.model $(wildcard server/model/*.custom) $(O)/modelc
	@mkdir -p $(O)/gen
	@echo "  MODEL $*"
	$(Q)$(O)/modelc $< $(O)/gen/$*.h $(O)/gen/$*.c

$(O)/gen/%.o: $(O)/gen/%.c $(O)/flags | $(GEN_HDR)
	@echo "  CC    $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/%.o: %.c $(O)/flags | $(GEN_HDR)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# embed_storage_schema_kinesis_001_sql and ..._end: the file's bytes and a NUL after them.
$(O)/embed/%.o: %
	@mkdir -p $(@D)
	@echo "  EMBED $<"
	$(Q)s=embed_$$(echo '$<' | tr -c 'a-zA-Z0-9\n' _); \
	printf '.section .rodata\n.global %s\n.global %s_end\n%s:\n.incbin "%s"\n%s_end:\n.byte 0\n.section .note.GNU-stack,"",%%progbits\n' \
	    $$s $$s $$s '$<' $$s | $(CC) -x assembler -c -o $@ -

$(LIB): $(OBJ) $(GEN_OBJ) $(EMBED_OBJ)
	@echo "  AR    $@"
	@rm -f $@
	$(Q)ar rcs $@ $^

$(O)/cadabra: $(O)/server/main.o $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# --- tests -----------------------------------------------------------------------------------------------
#
# Run one after another (no -j here: two of them would build the same files); each builds what it needs on all cores.
# Tests of C run in the sanitized build; those of clients against build/$(TEST_BUILD)/cadabra.

TEST_BUILD ?= asan
ROOT = $(patsubst %/,%,$(dir $(O)))
ASAN = $(MAKE) -j$$(nproc) --no-print-directory BUILD=asan O=$(ROOT)/asan
RELEASE = $(MAKE) -j$$(nproc) --no-print-directory BUILD=release O=$(ROOT)/release
VENV = $(CURDIR)/build/venv
WITH_TOOLS = PATH=$(VENV)/bin:$$PATH CADABRA_BINARY=$(CURDIR)/$(ROOT)/$(TEST_BUILD)/cadabra
# Two cores run more than two clients: most of a client's time is waiting for the other side.
JOBS ?= 4

$(O)/unit/%: $(O)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check)

$(O)/wire: $(O)/tests/wire/run.o $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

unit: $(UNIT_BIN)
.SECONDARY:

.PHONY: check test test-unit test-wire test-vectors test-sdk test-workflows test-fault test-fuzz workflow-full
check: test test-vectors test-workflows test-fault

test: test-unit test-wire test-sdk

test-unit:
	$(Q)$(ASAN) unit
	$(Q)tests/unit/run.sh $(ROOT)/asan/unit

test-wire:
	$(Q)$(ASAN) $(ROOT)/asan/wire
	$(Q)$(ROOT)/asan/wire tests/wire

test-vectors:
	$(Q)tests/vectors/run.sh $(ROOT)/asan

# Models that tests/vectors/vectors.py makes of the suites, and the program that runs them.
$(O)/vectors/gen/%.o: $(O)/vectors/gen/%.c $(O)/flags
	$(Q)$(CC) $(CPPFLAGS) -I$(O)/vectors $(CFLAGS) -O0 -g0 -c -o $@ $<

$(O)/vectors/driver: $(patsubst %.c,%.o,$(wildcard $(O)/vectors/gen/*.c)) $(O)/tests/vectors/driver.o \
                     $(O)/tests/vectors/values.o $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

test-sdk:
	$(Q)$(MAKE) -j$$(nproc) --no-print-directory BUILD=$(TEST_BUILD) O=$(ROOT)/$(TEST_BUILD)
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python -m pytest -n $(JOBS) tests/sdk
	$(Q)$(VENV)/bin/python tests/tools/trace.py build/sdk/trace.jsonl $(ROOT)/$(TEST_BUILD)/cadabra

test-workflows:
	$(Q)$(RELEASE)
	$(Q)$(WITH_TOOLS) CADABRA_BINARY=$(CURDIR)/$(ROOT)/release/cadabra $(VENV)/bin/python -m pytest -n 2 tests/workflows

# All 541,909 orders instead of the first 20,000.
workflow-full:
	$(Q)$(RELEASE)
	$(Q)$(WITH_TOOLS) CADABRA_BINARY=$(CURDIR)/$(ROOT)/release/cadabra WORKFLOW_ORDERS=all \
	    $(VENV)/bin/python -m pytest tests/workflows/order_history

test-fault:
	$(Q)$(MAKE) -j$$(nproc) --no-print-directory BUILD=$(TEST_BUILD) O=$(ROOT)/$(TEST_BUILD)
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python -m pytest -n $(JOBS) tests/fault

# --- fuzzing: clang's libFuzzer, one binary per tests/fuzz/fuzz_*.c; FUZZ_SECONDS each -----------------------

FUZZ_SECONDS ?= 60
FUZZ_SRC = $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_NAMES = $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)

.PHONY: fuzz fuzz-build
fuzz-build:
	$(Q)$(MAKE) --no-print-directory BUILD=fuzz O=$(ROOT)/fuzz fuzzers

.PHONY: fuzzers
fuzzers: $(FUZZ_NAMES:%=$(O)/fuzz_%)

$(O)/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

# New findings are kept in build/; seeds and past findings in tests/fuzz/corpus are replayed first.
fuzz: fuzz-build
	$(Q)tests/fuzz/run.sh $(ROOT)/fuzz $(FUZZ_SECONDS) $(FUZZ_NAMES)

# Every seed and past finding once, without looking for new ones.
test-fuzz: fuzz-build
	$(Q)tests/fuzz/run.sh $(ROOT)/fuzz 0 $(FUZZ_NAMES)

# --- benchmarks --------------------------------------------------------------------------------------------

.PHONY: bench
bench:
	$(Q)$(RELEASE) $(ROOT)/release/cadabra $(ROOT)/release/bench
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python tests/bench/run.py $(ROOT)/release
.PHONY: bench-sqs
bench-sqs:
	$(Q)$(RELEASE) $(ROOT)/release/cadabra $(ROOT)/release/bench
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python tests/bench/sqs.py $(ROOT)/release

.PHONY: bench-sns
bench-sns:
	$(Q)$(RELEASE) $(ROOT)/release/cadabra
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python tests/bench/sns.py $(ROOT)/release

.PHONY: bench-dynamodb
bench-dynamodb:
	$(Q)$(RELEASE) $(ROOT)/release/cadabra $(ROOT)/release/bench
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python tests/bench/dynamodb.py $(ROOT)/release

.PHONY: bench-kinesis
bench-kinesis:
	$(Q)$(RELEASE) $(ROOT)/release/cadabra $(ROOT)/release/bench
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python tests/bench/kinesis.py $(ROOT)/release

.PHONY: bench-lambda
bench-lambda:
	$(Q)$(RELEASE) $(ROOT)/release/cadabra
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python tests/bench/lambda.py $(ROOT)/release

# Five minutes, and 10 GB on the disk for that time.
.PHONY: bench-kinesis-large
bench-kinesis-large:
	$(Q)$(RELEASE) $(ROOT)/release/cadabra
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python tests/bench/kinesis_large.py $(ROOT)/release

# BENCH_KEYS=1000000 BENCH_UPLOAD_GIB=5 is the full size; it needs 60 GiB of disk.
.PHONY: bench-s3
bench-s3:
	$(Q)$(RELEASE) $(ROOT)/release/cadabra $(ROOT)/release/bench
	$(Q)$(WITH_TOOLS) $(VENV)/bin/python tests/bench/s3.py $(ROOT)/release

BENCH_SRC = $(sort $(wildcard tests/bench/*.c))
.PHONY: $(O)/bench
$(O)/bench: $(BENCH_SRC:tests/bench/%.c=$(O)/bench_%)
$(O)/bench_%: $(O)/tests/bench/%.o $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# --- lint, format, coverage --------------------------------------------------------------------------------

C_FILES = $(shell git ls-files '*.c' '*.h')
TIDY_SRC ?= $(SRC) server/main.c server/model/modelc.c $(wildcard server/model/modelc_*.c)

.PHONY: lint lint-readme lint-format lint-tidy lint-text format cov
lint: lint-format lint-text lint-tidy lint-readme

lint-readme: $(O)/cadabra
	$(Q)tests/tools/readme.sh $(O)/cadabra --check

lint-format:
	$(Q)clang-format --dry-run -Werror $(C_FILES)

lint-text: $(GEN_HDR)
	$(Q)tests/tools/layers.sh
	$(Q)tests/tools/sizes.sh
	$(Q)tests/tools/headers.sh "$(CC) $(CPPFLAGS) -std=gnu17 $(WARNINGS)"
	$(Q)shellcheck $$(git ls-files '*.sh' .ci/run .ci/install)
	$(Q)codespell -q 3 -I .codespell-ignore $$(git ls-files | grep -vE 'corpus|\.model$$|package-lock|vectors')

lint-tidy: $(GEN_HDR)
	$(Q)echo $(TIDY_SRC) | xargs -P $$(nproc) -n 4 sh -c 'clang-tidy --quiet "$$@" -- -std=gnu17 $(CPPFLAGS)' _ 2>&1 \
	    | grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' ; test $${PIPESTATUS[1]} = 0

format:
	$(Q)clang-format -i $(C_FILES)

# Unit tests, counted: build/cov/coverage.txt lists the lines of each file that ran.
cov:
	$(Q)$(MAKE) --no-print-directory BUILD=cov O=$(ROOT)/cov unit $(ROOT)/cov/cadabra
	$(Q)tests/unit/run.sh $(ROOT)/cov/unit
	$(Q)find $(ROOT)/cov -name '*.gcda' | xargs gcov -n 2>/dev/null | awk -F"'" '\
	    /^File/ {file = $$2} \
	    /^Lines/ && file ~ /^(handlers|server|storage)\/.*\.c$$/ {split($$0, part, /[:% ]+/); all += part[5]; \
	        ran += part[3] * part[5] / 100; printf "%6.2f %% of %5d  %s\n", part[3], part[5], file} \
	    /^Lines/ {file = ""} \
	    END {printf "%6.2f %% of %5d  in all\n", all ? 100 * ran / all : 0, all}' | sort -k5 >$(ROOT)/cov/coverage.txt
	@echo "$(ROOT)/cov/coverage.txt"

# The operations that work, as README.md lists them.
.PHONY: readme
readme: $(O)/cadabra
	$(Q)tests/tools/readme.sh $(O)/cadabra

# --- install -----------------------------------------------------------------------------------------------

.PHONY: install help
install: $(O)/cadabra
	install -D -m 755 $(O)/cadabra $(DESTDIR)$(PREFIX)/bin/cadabra
	if [ -f build/duckdb/libduckdb.so ]; then \
	    install -D -m 644 build/duckdb/libduckdb.so $(DESTDIR)$(PREFIX)/lib/cadabra/libduckdb.so; fi
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/cadabra/LICENSE

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

clean:
	rm -rf build

-include $(wildcard $(O)/*/*.d $(O)/*/*/*.d $(O)/*/*/*/*.d)
