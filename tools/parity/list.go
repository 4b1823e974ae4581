package main

import "runtime"

// hostCPU is this machine's CPU in Node's terms.
var hostCPU = map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
