package program

import "time"

// Hurry shortens the waits for tests.
func Hurry() {
	exitTime, endTime, drainTime = time.Second, 200*time.Millisecond, 300*time.Millisecond
}
