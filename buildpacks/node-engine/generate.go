package nodeengine

//go:generate go run ../../tools/noderelease
