package command

// Patient returns a script whose shell survives the signals that it and its
// server get, and waits for the server. Otherwise the shell would die at once,
// with the signal's status in place of the server's. The script's own traps
// replace these, and programs start without them.
func Patient(script string) string {
	return "trap exit TERM INT QUIT HUP; trap : USR1 USR2\n" + script
}
