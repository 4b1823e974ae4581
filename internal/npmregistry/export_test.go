package npmregistry

import "time"

// Hasten sets for how long a server may be silent, and the pause before the second
// attempt.
func (a *Archives) Hasten(idle, pause time.Duration) { a.client.Idle, a.client.Pause = idle, pause }
