#!/bin/sh
# Every test of the module but those that need the packaged parts.
set -eu
# shellcheck disable=SC2046 # a list of packages
go test $(go list ./... | grep -v '/integration$')
