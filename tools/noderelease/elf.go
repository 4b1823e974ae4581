package main

// Program is what an ELF program needs to start.
type Program struct {
	Interpreter string            `json:"interpreter"` // "/lib/ld-linux-aarch64.so.1"
	Needed      []string          `json:"needed"`      // shared libraries, as DT_NEEDED names them, sorted
	Versions    map[string]string `json:"versions"`    // highest symbol version of each family: "GLIBC" → "2.28"
}
