package program

import "time"

// Hurry has tests wait for less than people do.
func Hurry() {
	patience, endTime, drainTime = time.Second, 200*time.Millisecond, 300*time.Millisecond
}
