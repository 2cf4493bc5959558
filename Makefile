# execlog.  GNU make; everything built goes under build/.
#
#   make            build/execlogd, build/execlog, build/libexeclog.so and .a
#   make deps       install what is missing (Debian packages; needs root)
#   make demo       one execution of real work, live, on a throw-away database
#   make check      all tests; installs what is missing when root
#   make unit, make e2e      the halves of "check"; e2e takes ARGS="-k follow",
#                   and JOBS=4 tests at once
#   make soak       kills, I/O errors and power cuts, many rounds; takes ARGS
#   make fuzz       random input for FUZZ_SECONDS=20 each (needs clang);
#                   FUZZ=tests/fuzz/fuzz_mask.c for one of them
#   make bench      ours against bare SQLite; ARGS="--rounds 1 --only ingest", -h
#   make install    DESTDIR= PREFIX=/usr/local
#   make SAN=address,undefined [check]   the same with sanitizers, beside it
#   make clean

PREFIX	?= /usr/local
DESTDIR	?=
SAN	?=
ARGS	?=
FUZZ	?= $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_SECONDS ?= 20
JOBS	?= 4

comma	:= ,
B	:= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
PYTHON	:= /usr/bin/python3

PKGS	:= sqlite3 libevent_core jansson libsystemd
DEBS	:= gcc make pkg-config libsqlite3-dev libevent-dev libjansson-dev \
	   libsystemd-dev libcmocka-dev python3-pytest python3-hypothesis \
	   python3-pytest-xdist \
	   sqlite3 systemd strace e2fsprogs bubblewrap podman runc \
	   busybox-static libfaketime

WARN	:= -Wall -Wextra -Werror -Wconversion -Wformat=2 -Wvla -Walloca \
	   -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	   -Wpointer-arith -Wcast-qual -Wundef
HARDEN	:= -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	   $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
CFLAGS	?= -O2 -g
OUR_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -I$(B) $(WARN) $(HARDEN) -fPIC \
	   $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) $(CFLAGS)
OUR_LDFLAGS = -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) \
	   $(LDFLAGS)
LIBS	= $(shell pkg-config --libs $(PKGS)) -pthread

# make V=1 shows whole commands.
Q	= $(if $(V),,@echo '  build $@';)

objects	= $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))
PROTO	:= $(call objects,proto)
SQL	:= $(call objects,sql) $(B)/sql/text.o
DAEMON	:= $(call objects,daemon)
CLIENT	:= $(call objects,client)
LIBRARY	:= $(patsubst %,$(B)/client/%.o,handle capture masks streamfd \
	   sender ring link stamp) $(PROTO)
SUPPORT	:= $(patsubst %,$(B)/tests/unit/%.o,support shim masking \
	   sweeping clocks asking)
UNITS	:= $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
SOAK	:= $(patsubst %,tests/e2e/test_%.py,crash durable power interleaved \
	   output_bytes capture_kills raw_memory engine sweep \
	   sweep_clock long_log)
BENCH	:= $(addprefix $(B)/bench/,rawloop load engine stamp)
SQLTEXT	:= sql/statements.sql $(sort $(wildcard sql/schema/*.sql))

all: $(B)/execlogd $(B)/execlog $(B)/libexeclog.so $(B)/libexeclog.a

$(B)/execlogd: $(DAEMON) $(SQL) $(PROTO)
	$(Q)$(CC) $(OUR_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/execlog: $(CLIENT) $(SQL) $(PROTO)
	$(Q)$(CC) $(OUR_LDFLAGS) -o $@ $^ -lsqlite3 -ljansson -pthread

# Only what execlog.h declares is seen from outside.
$(B)/libexeclog.so: $(LIBRARY) client/execlog.map
	$(Q)$(CC) -shared -Wl,-soname,libexeclog.so.0 \
	    -Wl,--version-script=client/execlog.map \
	    $(filter-out -pie,$(OUR_LDFLAGS)) -o $@ $(LIBRARY) -ljansson -pthread
	@ln -sf libexeclog.so $@.0

$(B)/libexeclog.a: $(LIBRARY)
	$(Q)ld -r -o $(B)/libexeclog.o $^ && objcopy -w \
	    --keep-global-symbol='execlog_*' $(B)/libexeclog.o && \
	    rm -f $@ && ar rcs $@ $(B)/libexeclog.o

$(B)/unit/%: $(B)/tests/unit/%.o $(SUPPORT) $(filter-out %/main.o,$(DAEMON)) $(SQL) \
    $(PROTO) $(filter-out %/main.o,$(CLIENT))
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(B)/%.o: %.c $(B)/sql/text.h Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/sql/text.o: $(B)/sql/text.c
	$(Q)$(CC) $(OUR_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/sql/text.h $(B)/sql/text.c: $(B)/sql/text.%: $(SQLTEXT) sql/embed.awk
	@mkdir -p $(@D)
	$(Q)awk -v out=$* -f sql/embed.awk $(SQLTEXT) >$@.tmp && mv $@.tmp $@

# Says what is missing, and installs it when it may.
deps:
	@missing=; for p in $(DEBS); do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | \
	    grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	echo "missing packages:$$missing" >&2; \
	if [ "$$(id -u)" -ne 0 ]; then \
	    echo "run: sudo apt-get install$$missing" >&2; exit 1; fi; \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -q -y --no-install-recommends $$missing

check: deps
	$(MAKE) unit
	$(MAKE) e2e

unit: $(UNITS)
	@for t in $(UNITS); do echo "unit $${t##*/}"; \
	    $$t >$(B)/unit.log 2>&1 || { cat $(B)/unit.log; exit 1; }; done

# They wait more than they work: several at once.
e2e: all
	$(PYTHON) -m pytest -q -p no:cacheprovider -n $(JOBS) tests $(ARGS) \
	    --build $(abspath $(B))

# Instead of SOAK: ARGS=tests/e2e/test_power.py.  EXECLOG_SEED= repeats a run.
soak: all
	EXECLOG_SOAK=1 $(PYTHON) -m pytest -q -p no:cacheprovider \
	    $(or $(ARGS),$(SOAK)) --build $(abspath $(B))

# What is found is a file crash-* in the folder of that program, under build/.
fuzz: $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ))
	@for f in $(^F); do echo "fuzz $$f"; \
	    mkdir -p $(B)/fuzz/$$f.run/corpus && cd $(B)/fuzz/$$f.run && \
	    ../$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    -rss_limit_mb=1024 corpus >log 2>&1 || { tail -40 log; exit 1; }; \
	    tail -1 log; cd $(CURDIR); done

FUZZFLAGS = address,undefined -fno-sanitize-recover=all -g -O1

$(B)/fuzz/fuzz_%: $(B)/fuzz/tests/fuzz/fuzz_%.o \
    $(patsubst $(B)/%,$(B)/fuzz/%,$(PROTO))
	$(Q)clang -fsanitize=fuzzer,$(FUZZFLAGS) -o $@ $^ -ljansson

$(B)/fuzz/%.o: %.c Makefile
	@mkdir -p $(@D)
	@command -v clang >/dev/null || { echo "make fuzz needs clang" >&2; \
	    exit 1; }
	$(Q)clang -std=c11 -D_GNU_SOURCE -I. $(WARN) \
	    -fsanitize=fuzzer-no-link,$(FUZZFLAGS) -MMD -MP -c -o $@ $<

# Figures go to docs/BENCHMARKS.md by hand.
bench: all $(BENCH)
	@$(PYTHON) tests/bench/bench.py $(abspath $(B)) $(ARGS)

$(B)/bench/%: $(B)/tests/bench/%.o $(B)/tests/bench/common.o $(B)/libexeclog.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_LDFLAGS) -o $@ $^ -Wl,--as-needed -lsqlite3 -ljansson \
	    -pthread

demo: deps
	@$(MAKE) -s all
	@tests/demo $(abspath $(B))

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
	    $(DESTDIR)$(PREFIX)/include \
	    $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system \
	    $(DESTDIR)$(PREFIX)/share/doc/execlog \
	    $(DESTDIR)$(PREFIX)/share/execlog
	install $(B)/execlog $(DESTDIR)$(PREFIX)/bin/execlog
	install $(B)/execlogd $(DESTDIR)$(PREFIX)/sbin/execlogd
	install -m 644 client/execlog.h $(DESTDIR)$(PREFIX)/include/execlog.h
	install $(B)/libexeclog.so $(DESTDIR)$(PREFIX)/lib/libexeclog.so.0
	ln -sf libexeclog.so.0 $(DESTDIR)$(PREFIX)/lib/libexeclog.so
	install -m 644 $(B)/libexeclog.a $(DESTDIR)$(PREFIX)/lib/libexeclog.a
	sed 's|@PREFIX@|$(PREFIX)|g' client/execlog.pc.in \
	    >$(DESTDIR)$(PREFIX)/lib/pkgconfig/execlog.pc
	install -m 644 README.md LICENSE docs/*.md \
	    $(DESTDIR)$(PREFIX)/share/doc/execlog
	install -m 644 sql/state_change_trigger.sql \
	    $(DESTDIR)$(PREFIX)/share/execlog
	for u in execlogd.service execlogd.socket; do \
	    sed 's|@PREFIX@|$(PREFIX)|g' systemd/$$u \
	    >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$u || exit 1; done

clean:
	rm -rf build

.PHONY: all deps check unit e2e soak fuzz bench demo install clean
.DELETE_ON_ERROR:
.SECONDARY:

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)
