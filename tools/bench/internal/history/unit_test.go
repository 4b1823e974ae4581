package history_test

import (
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		unit  history.Unit
		value float64
		want  string
	}{
		{history.Seconds, 54.06, "54.1 s"},
		{history.Seconds, 7.416, "7.42 s"},
		{history.Seconds, 0.5, "0.50 s"},
		{history.Seconds, 0.0123, "12.3 ms"},
		{history.Bytes, 45_123_456, "45.1 MB"},
		{history.Bytes, 8_651, "8.7 kB"},
		{history.Bytes, 0, "0 B"},
		{"furlongs", 3, "3 furlongs"},
	} {
		if got := c.unit.Text(c.value); got != c.want {
			t.Errorf("%v %s: got %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
