# execlog.  GNU make; everything built goes under build/.
#
#   make            the programs and the library
#   make deps       install what is missing (Debian packages; needs root)
#   make demo       one execution of real work, live, on a throw-away database
#   make check      all tests
#   make install    DESTDIR= PREFIX=/usr/local
#   make SAN=address,undefined [check]   the same with sanitizers, beside it
#   make clean

PREFIX	?= /usr/local
DESTDIR	?=
SAN	?=

CC	?= cc
B	:= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
comma	:= ,

PKGS	:= sqlite3 libevent_core jansson libsystemd
DEBS	:= gcc make pkg-config libsqlite3-dev libevent-dev libjansson-dev \
	   libsystemd-dev libcmocka-dev python3-pytest sqlite3 systemd

WARN	:= -Wall -Wextra -Werror -Wconversion -Wformat=2 -Wvla -Walloca \
	   -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	   -Wpointer-arith -Wcast-qual -Wundef
HARDEN	:= -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	   $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
CFLAGS	?= -O2 -g
CFLAGS	+= $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LDFLAGS	+= -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN))
CPPFLAGS += -D_GNU_SOURCE -I. -I$(B)
ALL_CFLAGS = -std=c11 $(WARN) $(HARDEN) -fPIC $(CFLAGS)

PROTO	:= $(wildcard proto/*.c)
SQL	:= $(wildcard sql/*.c) $(B)/sql/text.c
DAEMON	:= $(wildcard daemon/*.c)
CLIENT	:= $(wildcard client/*.c)

obj	= $(patsubst %.c,$(B)/%.o,$(patsubst $(B)/%,%,$(1)))

all: $(B)/execlogd $(B)/execlog

.PHONY: all
