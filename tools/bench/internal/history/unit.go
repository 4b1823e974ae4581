package history

import "fmt"

// Text formats a value: "7.42 s", "45.1 MB". Values below half a second are in
// ms, below half a megabyte in kB.
func (u Unit) Text(value float64) string {
	switch {
	case u == Seconds && value >= 10:
		return fmt.Sprintf("%.1f s", value)
	case u == Seconds && value >= 0.5:
		return fmt.Sprintf("%.2f s", value)
	case u == Seconds:
		return fmt.Sprintf("%.1f ms", value*1e3)
	case u == Bytes && value >= 5e5:
		return fmt.Sprintf("%.1f MB", value/1e6)
	case u == Bytes && value < 1e3:
		return fmt.Sprintf("%.0f B", value)
	case u == Bytes:
		return fmt.Sprintf("%.1f kB", value/1e3)
	}
	return fmt.Sprintf("%g %s", value, string(u))
}
