package command

// Patient returns a script whose shell outlives the signals that go to it and
// to the server that it waits for. Without that it would die at once, and its
// status would be the signal's in place of the server's. A script's own traps
// take the place of these, and programs start without them.
func Patient(script string) string {
	return "trap exit TERM INT QUIT HUP; trap : USR1 USR2\n" + script
}
