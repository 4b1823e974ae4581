package npmlock_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

func TestPackagesThatAreTakenOutOfALockfile(t *testing.T) {
	const text = "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n    \"a\": {\n      \"x\": \"}\"\n    },\n    \"b\": {},\n    \"c\": {}\n  },\n  \"z\": 1\n}\n"
	for _, row := range []struct {
		paths      []string
		text, want string
	}{
		{nil, text, text},
		{[]string{"none"}, text, text},
		{[]string{"a"}, text, "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n    \"b\": {},\n    \"c\": {}\n  },\n  \"z\": 1\n}\n"},
		{[]string{"b", "c"}, text, "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n    \"a\": {\n      \"x\": \"}\"\n    }\n  },\n  \"z\": 1\n}\n"},
		{[]string{"a", "b", "c"}, text, "{\n  \"lockfileVersion\": 3,\n  \"packages\": {},\n  \"z\": 1\n}\n"},
		{[]string{"a"}, `{"packages":{"a":{"b":{}},"c":{"d":{}}}}`, `{"packages":{"c":{"d":{}}}}`},
	} {
		got, err := npmlock.WithoutPackages([]byte(row.text), row.paths)
		if err != nil || string(got) != row.want {
			t.Errorf("without %q: got %s, %v, want %s", row.paths, got, err, row.want)
		}
	}
	for _, bad := range []string{"", "{", "[]", `{"packages":[]}`, `{"packages":{"a"`, `{"lockfileVersion":1}`} {
		if got, err := npmlock.WithoutPackages([]byte(bad), []string{"a"}); err == nil {
			t.Errorf("%s: got %s, want an error", bad, got)
		}
	}
}
