package ansi

import "testing"

func TestCleanLeavesWhatATerminalWouldShow(t *testing.T) {
	for text, want := range map[string]string{
		"\x1b]0;title\ax":               "x",
		"\x1b]52;c;Y29weQ==\x1b\\x":     "x",
		"\u009d52;c;Y29weQ==\u009cx":    "x",
		"\x1bPq#0\x1b\\x":               "x",
		"user\u202etxt.exe\u2066\u2069": "usertxt.exe",
		"a\u2028b":                      "ab",
		"a\x1b[31mb\x1b[0m":             "ab",
		"10 %\r100 %\r":                 "100 %",
		"\x1b]8;;http://x\x1b\\y\a":     "y",
		"tab\tstays, \x07\x08 do not":   "tab\tstays,  do not",
		"\u009b2Jc\xff":                 "c\ufffd",
		"grüße 日本":                      "grüße 日本",
	} {
		if got := Clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestColoursStayToTheirEnd(t *testing.T) {
	for text, want := range map[string]string{
		"\x1b[31mred\x1b[2J": "\x1b[31mred\x1b[0m",
		"10 %\r100 %":        "100 %",
		"grüße\ttab":         "grüße\ttab",
	} {
		if got := Coloured(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
