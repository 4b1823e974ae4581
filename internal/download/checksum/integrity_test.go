package checksum_test

import (
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/download/checksum"
)

func TestIntegrity(t *testing.T) {
	ofABC, err := checksum.Parse("sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
	if err != nil {
		t.Fatal(err)
	}
	const text = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="
	if got := ofABC.Integrity(); got != text {
		t.Errorf("got %s, want %s", got, text)
	}
	for _, tc := range []struct {
		name, text, refused string
	}{
		{"of a registry", text, ""},
		{"after a weaker one", "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0= " + text, ""},
		{"with options", text + "?ct=application/gzip", ""},
		{"a weaker one alone", "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "want sha512-<base64>"},
		{"none", "", "want sha512-<base64>"},
		{"no digest", "sha512-?", "got 0 bytes, want 64"},
		{"cut off", text[:20], "illegal base64"},
	} {
		got, err := checksum.FromIntegrity(tc.text)
		if tc.refused == "" && (err != nil || got != ofABC) || tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)) {
			t.Errorf("%s: got %s, %v", tc.name, got, err)
		}
	}
}
