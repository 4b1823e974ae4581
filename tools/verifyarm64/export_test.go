package main

// What the tests, which are a package of their own, call.
var (
	Run       = run
	Initramfs = initramfs
	OpenImage = openImage
	TaskOf    = taskOf
	Judge     = judge
)
