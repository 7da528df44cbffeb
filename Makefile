# log2table. For any make: GNU's, FreeBSD's, OpenBSD's. `make help` lists what it does.

PREFIX = /usr/local
ETCDIR = /etc/log2table
# Empty: /var/lib/log2table, on the BSDs /var/db/log2table.
STATEDIR =
# Empty: PREFIX/share/man, on OpenBSD PREFIX/man.
MANDIR =
# Empty: PREFIX/share/examples/log2table.
EXAMPLEDIR =
# A folder with bin/node, which is installed too; `none` for none. Empty: the one that was fetched because the machine's is too old.
NODEDIR =
DESTDIR =
DEBDIR = .
TARBALLDIR = .
PORTSDIR = .tools/ports

# The Node to test with: a major version, several of them, or `any` (the machine's own where it is new enough, else 24).
TEST_NODE = any
# The test files that `make test` runs: empty for all but test/long.
TESTS =
# The parts of `make bench`: empty for all.
PARTS =

library = $(PREFIX)/lib/log2table
dependencies = node_modules/.package-lock.json
wasm = src/matching/wasm/module.generated.ts
# Programs are started from TypeScript hundreds of times; what Node made of it is kept.
run_tests = env NODE_COMPILE_CACHE="$$PWD/.tools/compile-cache" node --disable-warning=ExperimentalWarning --test --test-timeout=$(test_ms_max) --test-reporter=spec
test_ms_max = 900000
# Tests of what must happen within seconds, and those that build: one file at a time, after all others.
alone = test/bad-input test/chaos test/e2e test/package.test.ts test/packaging/ports.test.ts

#: make             build into dist/
build: $(dependencies)
	tools/node any npm run --silent build

#: make run         the daemon at work on this machine's logs, with tables that touch nothing; state in ./.run
run: $(wasm)
	@NODE_COMPILE_CACHE="$$PWD/.tools/compile-cache" tools/node any bin/log2table run --try

#: make test        everything that must hold: check, then all tests (TEST_NODE="22 24" for both, TESTS=FILE... for some)
test: check tests

tests: programs $(wasm)
	@alone='$(TESTS)'; others=; \
	if [ ! "$$alone" ]; then \
	  alone=$$(find $(alone) -name '*.test.ts' | sort); \
	  others=$$(find src test -name '*.test.ts' ! -path 'test/long/*' | sort | grep -v -x -F "$$alone"); \
	fi; \
	for node in $(TEST_NODE); do \
	  tools/node $$node node -p '"testing with Node " + process.version' && \
	  { [ ! "$$others" ] || tools/node $$node $(run_tests) --test-concurrency=2 $$others; } && \
	  tools/node $$node $(run_tests) --test-concurrency=1 $$alone || exit 1; \
	done

#: make test-long   the tests that take longer than a few minutes
test-long:
	@tests=$$(echo $$(find test/long -name '*.test.ts' | sort)); \
	[ "$$tests" ] || { echo 'test/long holds no tests' && exit 1; }; \
	$(MAKE) tests TEST_NODE='$(TEST_NODE)' TESTS="$$tests" test_ms_max=7200000

#: make check       format, lint, types, unused code
check: $(dependencies)
	tools/node any npm run --silent check

#: make bench       measure, against the peers in turn (PARTS="matcher load" for some)
bench: programs build
	@tools/node any node --disable-warning=ExperimentalWarning bench/bench.ts $(PARTS)

#: make pictures    docs/pictures, from what the programs really print; fetches a browser for it
pictures: programs $(wasm)
	@tools/chromium
	@tools/node any $(run_tests) tools/pictures.ts

#: make install     as root; into PREFIX (/usr/local), ETCDIR (/etc/log2table) and STATEDIR, below DESTDIR
install: dist/cli/main.js
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' ETCDIR='$(ETCDIR)' STATEDIR='$(STATEDIR)' MANDIR='$(MANDIR)' \
	  EXAMPLEDIR='$(EXAMPLEDIR)' NODEDIR='$(NODEDIR)' tools/node any tools/install

#: make uninstall   what install brought; leaves your configuration and the state
uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/log2table'
	examples='$(EXAMPLEDIR)'; rm -rf '$(DESTDIR)$(library)' "$(DESTDIR)$${examples:-$(PREFIX)/share/examples/log2table}"
	@for folder in '$(MANDIR)' '$(PREFIX)/share/man' '$(PREFIX)/man'; do \
	  for page in packaging/man/*.[58]; do rm -f "$(DESTDIR)$$folder/man$${page##*.}/$${page##*/}"; done; \
	done
	@for file in bash-completion/completions/log2table zsh/site-functions/_log2table fish/vendor_completions.d/log2table.fish; do \
	  rm -f "$(DESTDIR)$(PREFIX)/share/$$file"; \
	done
	@rmdir '$(DESTDIR)$(ETCDIR)' 2>/dev/null || echo 'left as it is: $(DESTDIR)$(ETCDIR)'

#: make deb         a package for Debian, with a Node of its own; DEBDIR names the folder for it
deb: build
	@DEBDIR='$(DEBDIR)' tools/node any tools/debian

#: make tarball     a release: all that `make install` takes, built; TARBALLDIR names the folder for it
tarball: build
	@TARBALLDIR='$(TARBALLDIR)' tools/node any tools/tarball

#: make ports       from that, ports for OpenBSD and FreeBSD, in PORTSDIR
ports: build
	@tarball=$$(TARBALLDIR='$(PORTSDIR)' tools/node any tools/tarball) && \
	TARBALL="$$tarball" PORTSDIR='$(PORTSDIR)' tools/node any tools/ports

#: make clean       remove what was built, and the state of make run
clean:
	rm -rf dist .run

#: make distclean   remove what was fetched too
distclean: clean
	rm -rf node_modules .tools $(wasm)

help:
	@sed -n 's/^#: //p' Makefile

dist/cli/main.js:
	@$(MAKE) build

# What the scanner runs in WebAssembly: see docs/matching.md.
$(wasm): $(dependencies) tools/build-wasm.js src/matching/wasm/assembly/*.ts
	@tools/node any npm run --silent wasm
	@touch $(wasm)

$(dependencies): package-lock.json
	tools/node any npm ci --ignore-scripts --no-audit --no-fund

programs:
	@tools/programs

.PHONY: build run test tests test-long check bench pictures install uninstall deb tarball ports clean distclean help programs
