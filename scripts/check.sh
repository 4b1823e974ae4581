#!/bin/sh
# Format, vet, and that generated files are what their sources say.
set -eu
. "$(dirname "$0")/lib.sh"

unformatted=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l)
[ -z "$unformatted" ] || fail unformatted "gofmt would change: $(printf '%s' "$unformatted" | tr '\n' ' ')" "gofmt -w those files."
say "  format: ok"

go vet ./...
say "  vet: ok"

# The tree may hold uncommitted work, so what `go generate` changes is told by
# comparing before with after, not with the last commit.
state() { git ls-files -z --cached --others --exclude-standard | xargs -0 sha256sum 2>/dev/null | sha256sum; }
before=$(state)
go generate ./...
[ "$before" = "$(state)" ] || fail stale-generated "generated files were out of date: $(git diff --stat | tr '\n' ' ')" "commit what \`make generate\` made."
say "  generated files: ok"

go mod tidy -diff >/dev/null || fail go-mod-untidy "go.mod or go.sum is not tidy" "run go mod tidy."
say "  go.mod: ok"
