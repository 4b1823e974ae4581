//go:build linux

package images_test

import (
	"strings"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/images"
)

func TestNames(t *testing.T) {
	for _, good := range []string{
		"app", "team/app:1.0", "localhost/app", "localhost:5000/team/app", "registry.example.com/a/bc:V1_.-", "[::1]:5000/app", "REGISTRY.example:5000/app",
		"my_host:5000/app", "a__b", "a---b", "127.0.0.1:5000/xx", strings.Repeat("a", 255), "app:" + strings.Repeat("t", 128),
	} {
		if _, err := images.ParseTag(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, tc := range []struct{ text, says string }{
		{"", "must be specified"},
		{"x", "at least two"},
		{"x:1", "at least two"},
		{"localhost:5000/x", "at least two"},
		{"localhost:5000/x:1", "at least two"},
		{"127.0.0.1:5998/x", "at least two"},
		{"https://registry.example.com/app", "want registry.example.com/app"},
		{"docker://registry.example.com/app", "docker://"},
		{"oci://x/y", "oci://"},
		{"App", "App"},
		{"team/App", "App"},
		{"team//app", "team//app"},
		{"team/../app", "team/../app"},
		{"./app", "registry"},
		{"/app", "/app"},
		{"app/", "app/"},
		{"-app", "-app"},
		{"app-", "app-"},
		{"a..b", "a..b"},
		{"a___b", "a___b"},
		{"app:", "tag"},
		{"app:-x", "tag"},
		{"app:.x", "tag"},
		{"app:a b", "tag"},
		{"app:" + strings.Repeat("t", 129), "tag"},
		{strings.Repeat("a", 256), "255"},
		{":5000/app", "registry"},
		{"app:1:2", `"app:1:2" has 2 colons, want at most one`},
		{"host:5000/app:1:2", `"app:1:2" has 2 colons, want at most one`},
		{"localhost:65536/app", `"65536", want a number from 1 to 65535`},
		{"localhost:0/app", `"0", want a number from 1 to 65535`},
		{"[::1]:99999999/app", `"99999999", want a number from 1 to 65535`},
		{"host:port/app", "registries"},
		{"user@host.com/app", "@"},
		{"app@sha256:" + strings.Repeat("0", 64), "digest"},
		{"grüße", "gr"},
		{"app\n", "app"},
		{" app", "app"},
	} {
		if tag, err := images.ParseTag(tc.text); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%q: got %v, %v, want %q", tc.text, tag, err, tc.says)
		}
	}
}
