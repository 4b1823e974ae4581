package pnpmlock

import "testing"

// The folders are those that pnpm made.
func TestFolders(t *testing.T) {
	const long = "(@typescript-eslint/parser@7.18.0(eslint@8.57.1)(typescript@5.5.4))(eslint-import-resolver-node@0.3.10)(eslint@8.57.1)"
	for _, tc := range []struct {
		key    string
		format format
		line   int
		want   string
	}{
		{"/JSONStream/1.3.5", format5, 7, "JSONStream@1.3.5_r3os6ifnv5rfzwtsmjig3b325i"},
		{"/eslint-module-utils/2.14.0_x5q7y55sgnstjg2milm55ocxhi", format5, 7, "eslint-module-utils@2.14.0_x5q7y55sgnstjg2milm55ocxhi"},
		{"file:local_react@18.3.1", format5, 7, "file+local_react@18.3.1"},
		{"/JSONStream@1.3.5", format6, 8, "JSONStream@1.3.5_r3os6ifnv5rfzwtsmjig3b325i"},
		{"/@babel/helper-module-transforms@7.29.14(@babel/core@7.29.13)", format6, 8, "@babel+helper-module-transforms@7.29.14_@babel+core@7.29.13"},
		{"file:local(react@18.3.1)", format6, 8, "file+local_react@18.3.1"},
		{"github.com/o/a/c0ffee", format6, 8, "github.com+o+a@c0ffee"},
		{"JSONStream@1.3.5", format9, 9, "JSONStream@1.3.5_r3os6ifnv5rfzwtsmjig3b325i"},
		{"JSONStream@1.3.5", format9, 10, "JSONStream@1.3.5_fb8f73c374dcf7070ffed90b688edabd"},
		{"eslint-module-utils@2.14.0" + long, format9, 9, "eslint-module-utils@2.14.0_@typescript-eslint+parser@7.18.0_eslint@8.57.1_typescript@5.5.4__e_zdvx4do7ixf67u6qrgixpv4kbu"},
		{"eslint-module-utils@2.14.0" + long, format9, 10, "eslint-module-utils@2.14.0_@typescript-eslint+parser@7.18.0_eslint@8.57.1_typescript@5._df924a316342af28d5bdd419c02fb677"},
		{"local@file:local(react@18.3.1)", format9, 12, "local@file+local_react@18.3.1"},
	} {
		if got := folder(tc.key, tc.format, tc.line); got != tc.want {
			t.Errorf("%s of pnpm %d: got %s, want %s", tc.key, tc.line, got, tc.want)
		}
	}
}
