package program

import "time"

// Hurry has tests wait for less than people do.
func Hurry() {
	exitTime, endTime, drainTime = time.Second, 200*time.Millisecond, 300*time.Millisecond
}
