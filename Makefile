# The front door. The extension is built by PGXS (extension/Makefile), everything else by CMake (CMakeLists.txt).
#
#   make demo           packages, build, a private throw-away PostgreSQL with a market in it, and a tour
#   make check          packages, build, all tests; the last line is "N passed, N failed"
#   make check T=tests/loader/sync_test.sh     only these
#   make                builds the extension          make install        installs it (PG_CONFIG, DESTDIR)
#   make loader         builds build/release/pgcandle          make install-loader   installs it (PREFIX, DESTDIR)
#   make installcheck   tests the installed one on the running server that PGHOST etc. name
#   make bench          measures against COPY, built-in window functions and TA-Lib
#   make compat         compiles against the headers of the PostgreSQL majors of Debian 13 and testing
#   . build/demo/env    then a shell's psql and pgcandle are in the demo; make psql is the same for once
#   make demo-stop      stops the demo and removes it
#   make clean

PG_CONFIG ?= pg_config
export PG_CONFIG

all:
	@command -v $(PG_CONFIG) >/dev/null || { echo "$(PG_CONFIG) not found: 'make setup' installs what is missing" >&2; exit 1; }
	$(MAKE) -C extension

install uninstall: all
	$(MAKE) -C extension $@

PREFIX ?= /usr/local
loader:
	@mkdir -p build
	cmake -S . -B build/release >build/cmake.log || { cat build/cmake.log >&2; exit 1; }
	cmake --build build/release --target pgcandle_documents

install-loader: loader
	cmake --install build/release --prefix $(PREFIX)

setup:
	.ci/setup

demo: setup
	$(MAKE) all
	tests/demo start

psql:
	@. build/demo/env && psql

demo-stop:
	tests/demo stop

check: setup
	$(MAKE) all
	tests/run $(T)

installcheck:
	tests/run_sql

bench: setup
	$(MAKE) all
	tests/bench/run

compat:
	tests/compat

clean:
	[ -z "$$(command -v $(PG_CONFIG))" ] || $(MAKE) -C extension clean
	rm -rf build

.PHONY: all install uninstall loader install-loader setup demo psql demo-stop check installcheck bench compat clean
