package nodeengine

//go:generate go run ../../tools/noderelease -table ../../docs/node-releases.md -table ../../README.md
