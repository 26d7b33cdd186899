# cadabra: one program, built out of tree into build/$(BUILD).
#
#   make                    debug build                    make test        unit, wire and SDK tests
#   make BUILD=release      the one to ship                make lint        format, clang-tidy, layers, sizes
#   make install PREFIX=/usr/local DESTDIR=                make help        all targets

BUILD ?= debug
O ?= build/$(BUILD)
PREFIX ?= /usr/local
PYTHON ?= python3
CC = gcc
V ?= 0
Q = $(if $(filter 0,$(V)),@,)

PACKAGES = libmicrohttpd sqlite3 jansson libcrypto libnghttp2 expat libpcre2-8 libzip zlib
DEBIAN_PACKAGES = libmicrohttpd-dev libsqlite3-dev libjansson-dev libssl-dev libnghttp2-dev libexpat1-dev \
                  libpcre2-dev libzip-dev zlib1g-dev
ifneq ($(MAKECMDGOALS),clean)
ifneq ($(shell pkg-config --exists $(PACKAGES) && echo yes),yes)
$(error a library is missing; on Debian: apt-get install build-essential pkg-config $(DEBIAN_PACKAGES))
endif
endif

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wundef \
           -Wno-missing-field-initializers -Werror
FLAGS_debug = -O1 -g3
FLAGS_release = -O2 -g -DNDEBUG -fno-plt -fno-semantic-interposition
FLAGS_asan = -O1 -g3 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined -DCADABRA_ASAN
FLAGS_tsan = -O1 -g3 -fsanitize=thread -fno-omit-frame-pointer
FLAGS_cov = -O0 -g3 --coverage
ifeq ($(FLAGS_$(BUILD)),)
$(error BUILD is one of debug, release, asan, tsan, cov; not '$(BUILD)')
endif

CPPFLAGS += -D_GNU_SOURCE -I. -I$(O)/gen $(shell pkg-config --cflags $(PACKAGES))
CFLAGS += -std=gnu17 $(WARNINGS) $(FLAGS_$(BUILD)) -pthread -fstack-protector-strong
LDFLAGS += $(FLAGS_$(BUILD)) -pthread -Wl,-z,relro,-z,now -Wl,--gc-sections
LDLIBS += $(shell pkg-config --libs $(PACKAGES)) -lm

# --- what is built ---------------------------------------------------------------------------------------

MODELS = $(sort $(wildcard server/model/*.model))
GEN_SRC = $(MODELS:server/model/%.model=$(O)/gen/%.c)
GEN_HDR = $(GEN_SRC:.c=.h)
GEN_OBJ = $(GEN_SRC:.c=.o)

# Files that the program carries inside: see server/base/embed.h.
EMBEDDED = $(sort $(wildcard storage/schema/*.sql web/*.html web/*.js web/*.css handlers/lambda/runtime/*))
EMBED_OBJ = $(EMBEDDED:%=$(O)/embed/%.o)

SRC = $(sort $(filter-out server/main.c server/model/modelc.c,\
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
$(O)/gen/%.h $(O)/gen/%.c &: server/model/%.model $(O)/modelc
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

$(O)/unit/%: $(O)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check)

unit: $(UNIT_BIN)
.SECONDARY:

.PHONY: test-unit
test-unit:
	$(Q)$(MAKE) --no-print-directory BUILD=asan O=$(patsubst %/$(BUILD),%,$(O))/asan unit
	$(Q)tests/unit/run.sh $(patsubst %/$(BUILD),%,$(O))/asan/unit

clean:
	rm -rf build

-include $(wildcard $(O)/*/*.d $(O)/*/*/*.d $(O)/*/*/*/*.d)
