package machine

import "testing"

func TestCPU(t *testing.T) {
	for _, c := range []struct{ what, content, want string }{
		{"amd64, the first of several", "processor\t: 0\nmodel name\t: Fast 3000 @ 2 GHz\nmodel name\t: Other\n", "Fast 3000 @ 2 GHz"},
		{"arm64 has numbers only", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "implementer 0x41, part 0xd0c"},
		{"nothing of either", "processor\t: 0\n", "unknown"},
	} {
		if got := cpu([]byte(c.content)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestMemory(t *testing.T) {
	got, err := memory([]byte("MemTotal:       24682264 kB\nMemFree: 1 kB\n"))
	if err != nil || got != 24682264<<10 {
		t.Errorf("got %d, %v, want %d", got, err, 24682264<<10)
	}
	if _, err := memory([]byte("MemFree: 1 kB\n")); err == nil {
		t.Error("no MemTotal: got no error")
	}
}

func TestLoad(t *testing.T) {
	if got, err := load([]byte("0.42 0.50 0.60 1/200 3000\n")); err != nil || got != 0.42 {
		t.Errorf("got %v, %v, want 0.42", got, err)
	}
	if _, err := load([]byte("idle")); err == nil {
		t.Error("no number: got no error")
	}
}

func TestReadFillsEveryFact(t *testing.T) {
	facts, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	if facts.CPU == "" || facts.Cores == 0 || facts.Memory == 0 || facts.Kernel == "" || facts.Platform == "" {
		t.Errorf("something is missing: %+v", facts)
	}
}
