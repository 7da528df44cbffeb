# log2table. For any make: GNU's, FreeBSD's, OpenBSD's. `make help` lists what it does.

PREFIX = /usr/local
ETCDIR = /etc/log2table
# Empty: /var/lib/log2table, on the BSDs /var/db/log2table.
STATEDIR =
DESTDIR =

# The Node to test with: a major version, several of them, or `any` (the machine's own where it is new enough, else 24).
TEST_NODE = any
# The test files that `make test` runs: empty for all but test/long.
TESTS =

library = $(PREFIX)/lib/log2table
examples = $(PREFIX)/share/examples/log2table
dependencies = node_modules/.package-lock.json
run_tests = node --disable-warning=ExperimentalWarning --test --test-concurrency=2 --test-timeout=600000 --test-reporter=spec

#: make             build into dist/
build: $(dependencies)
	tools/node any npm run --silent build

#: make run         the daemon at work on this machine's logs, with tables that touch nothing; state in ./.run
run: $(dependencies)
	@tools/node any bin/log2table run --try

#: make test        everything that must hold: check, then all tests (TEST_NODE="22 24" for both, TESTS=FILE... for some)
test: check tests

tests: programs $(dependencies)
	@for node in $(TEST_NODE); do \
	  tests='$(TESTS)'; \
	  : $${tests:=$$(find src test -name '*.test.ts' ! -path 'test/long/*' | sort)}; \
	  tools/node $$node node -p '"testing with Node " + process.version' && \
	  tools/node $$node $(run_tests) $$tests || exit 1; \
	done

#: make test-long   the tests that take longer than a few minutes
test-long:
	@tests=$$(echo $$(find test/long -name '*.test.ts' | sort)); \
	[ "$$tests" ] || { echo 'test/long holds no tests' && exit 1; }; \
	$(MAKE) tests TEST_NODE='$(TEST_NODE)' TESTS="$$tests"

#: make check       format, lint, types, unused code
check: $(dependencies)
	tools/node any npm run --silent check

#: make bench       measure, against the peers in turn
bench: programs build
	@tools/node any node --disable-warning=ExperimentalWarning bench/bench.ts

#: make install     as root; into PREFIX (/usr/local), ETCDIR (/etc/log2table) and STATEDIR, below DESTDIR
install: dist/cli/main.js
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' ETCDIR='$(ETCDIR)' STATEDIR='$(STATEDIR)' tools/node any tools/install

#: make uninstall   what install brought; leaves your configuration and the state
uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/log2table'
	rm -rf '$(DESTDIR)$(library)' '$(DESTDIR)$(examples)'
	@rmdir '$(DESTDIR)$(ETCDIR)' 2>/dev/null || echo 'left as it is: $(DESTDIR)$(ETCDIR)'

#: make clean       remove what was built, and the state of make run
clean:
	rm -rf dist .run

#: make distclean   remove what was fetched too
distclean: clean
	rm -rf node_modules .tools

help:
	@sed -n 's/^#: //p' Makefile

dist/cli/main.js:
	@$(MAKE) build

$(dependencies): package-lock.json
	tools/node any npm ci --ignore-scripts --no-audit --no-fund

programs:
	@tools/programs

.PHONY: build run test tests test-long check bench install uninstall clean distclean help programs
