package devmodules

import "testing"

func TestRoutesOut(t *testing.T) {
	const heading = "Iface\tDestination\tGateway\n"
	const lo6 = "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo\n"
	for _, tc := range []struct {
		name, four, six string
		want            bool
	}{
		{"a network of its own", heading, lo6, false},
		{"no IPv6 at all", heading, "", false},
		{"IPv4", heading + "eth0\t00000000\t010200C0\n", lo6, true},
		{"IPv6 alone", heading, lo6 + "fe80 40 00 00 00 00000100 00000001 00000000 00000001     eth0\n", true},
		{"nothing", "", "", false},
	} {
		if got := routesOut(tc.four, tc.six); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}
