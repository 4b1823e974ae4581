#!/bin/sh
# Checks format, vet, staticcheck, vulnerabilities, generated files and go.mod.
set -eu
. "$(dirname "$0")/lib.sh"

unformatted=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l)
[ -z "$unformatted" ] || fail unformatted "gofmt would change: $(printf '%s' "$unformatted" | tr '\n' ' ')" "gofmt -w those files."
say "  format: ok"

# The nested modules: the foreign tools, and tests that call them.
modules=$(git ls-files 'tools/**/go.mod' 'integration/**/go.mod' | xargs -n1 dirname)

# What waits for the network runs beside the rest, until files may change.
beside=$(mktemp -d)
trap 'rm -rf "$beside"' EXIT
{
  if go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... >"$beside/vulnerabilities" 2>&1; then : >"$beside/secure"; fi
  for module in . $modules; do
    go -C "$module" mod tidy -diff >/dev/null 2>&1 || printf ' %s' "$module"
  done >"$beside/untidy"
} &

go vet ./...
go vet -C integration/contract ./...
say "  vet: ok"

# Tools run by version, so that they are not in the product's go.mod.
# staticcheck.conf lists the disabled checks.
found=$(go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./... 2>&1) || fail staticcheck "staticcheck found: $(printf '\n%s' "$found")" "mend what it names."
say "  staticcheck: ok"

wait
# The database of known vulnerabilities is not reachable from everywhere.
if [ -e "$beside/secure" ]; then
  say "  known vulnerabilities: none"
elif grep -q 'fetching vulnerabilities:' "$beside/vulnerabilities"; then
  say "  known vulnerabilities: not looked for, since their database cannot be reached from here"
else
  fail govulncheck "govulncheck found: $(printf '\n' && cat "$beside/vulnerabilities")" "use a version of the module that has the fix."
fi

untidy=$(cat "$beside/untidy")
[ -z "$untidy" ] || fail go-mod-untidy "go.mod or go.sum is not tidy in:$untidy" "run go mod tidy there."
say "  go.mod: ok"

# spec runs a function once to number its specs and again for each: in a loop
# over a map, another spec may run than the named one.
loops=$(git grep -lz sclevine/spec -- '*_test.go' | xargs -0 grep -nE 'range map\[' || true)
[ -z "$loops" ] || fail specs-of-a-map "a file with specs loops over a map: $(printf '\n%s' "$loops")" "loop over a slice of structs."
say "  specs: ok"

# The tree may have uncommitted work, so compare the files before and after `go
# generate`, not with the last commit.
state() { git ls-files -z --cached --others --exclude-standard | xargs -0 sha256sum 2>/dev/null | sha256sum; }
before=$(state)
go generate ./...
[ "$before" = "$(state)" ] || fail stale-generated "generated files were out of date: $(git diff --stat | tr '\n' ' ')" "commit what \`make generate\` made."
say "  generated files: ok"
