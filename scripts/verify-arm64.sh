#!/bin/sh
# Boots the Express app's arm64 image on an arm64 kernel under qemu and sends it
# a request, and checks that an image with another machine's launcher is
# refused.
set -eu
scripts/engine.sh
scripts/needs.sh stack verify-arm64
make --no-print-directory .demo-image PLATFORM=linux/arm64
mkdir -p build/verify-arm64
docker save -o build/verify-arm64/app.tar armature-demo:arm64
go run ./tools/verifyarm64 -image build/verify-arm64/app.tar -expect 'Hello World!'
ARMATURE_BOOT_TEST=1 go test -count=1 ./tools/verifyarm64
