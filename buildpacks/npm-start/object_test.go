package npmstart

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func decode(t *testing.T, text string) object {
	t.Helper()
	fields, err := decodeObject([]byte(text))
	if err != nil {
		t.Fatalf("%s: %s", text, err)
	}
	return fields
}

// shown returns an object on one line.
func shown(o object) string {
	var all []string
	for _, m := range o {
		all = append(all, fmt.Sprintf("%s=%v", m.key, m.value))
	}
	return strings.Join(all, " ")
}

// As JSON.parse and Object.keys do.
func TestMembersAreInTheOrderOfJavaScript(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                            "",
		`{"b":1,"a":2}`:                 "b=1 a=2",
		`{"b":1,"10":2,"9":3,"0":4}`:    "0=4 9=3 10=2 b=1",
		`{"a":1,"b":2,"a":3}`:           "a=3 b=2",
		`{"01":1,"1":2,"-1":3,"1.0":4}`: "1=2 01=1 -1=3 1.0=4",
		`{"x":1,"4294967295":2,"4294967294":3,"4294967296":4}`: "4294967294=3 x=1 4294967295=2 4294967296=4",
		`{"4294967296":1,"x":2}`:                               "4294967296=1 x=2",
		`{"a":[1,"b",null,[]],"c":true}`:                       "a=[1 b <nil> []] c=true",
	} {
		if got := shown(decode(t, text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":[1`, `{"a":[1}`, "[]", "1", "null", "{} {}", "{} x", `{"a":{"b":}}`} {
		if got, err := decodeObject([]byte(text)); err == nil {
			t.Errorf("%q: got %v and no error", text, got)
		}
	}
}

// As String(value) does.
func TestValuesAreTextsAsInJavaScript(t *testing.T) {
	for value, want := range map[any]string{
		"text": "text", true: "true",
		json.Number("0"): "0", json.Number("-0"): "0", json.Number("0.0"): "0", json.Number("1"): "1", json.Number("1.50"): "1.5", json.Number("-3"): "-3",
		json.Number("1e3"): "1000", json.Number("1e20"): "100000000000000000000", json.Number("1e21"): "1e+21", json.Number("-1e21"): "-1e+21",
		json.Number("0.000001"): "0.000001", json.Number("0.0000001"): "1e-7", json.Number("1.5e300"): "1.5e+300",
		json.Number("1e999"): "Infinity", json.Number("1.7976931348623157e308"): "1.7976931348623157e+308", json.Number("-1.7976931348623157e308"): "-1.7976931348623157e+308", json.Number("-1e999"): "-Infinity", json.Number("1e-999"): "0",
	} {
		if got := inJavaScript(value); got != want {
			t.Errorf("%v: got %s, want %s", value, got, want)
		}
	}
	if got := inJavaScript(decode(t, `{"a":12345678901}`).get("a")); got != "12345678901" {
		t.Errorf("a large number of a file: got %s", got)
	}
	for value, want := range map[any]bool{nil: true, "": true, "0": false, false: true, true: false, json.Number("0"): true, json.Number("1"): false} {
		if got := isFalse(value); got != want {
			t.Errorf("%v: got %v, want %v", value, got, want)
		}
	}
	for _, value := range []any{object{}, []any{}} {
		if isFalse(value) {
			t.Errorf("%v is taken for false", value)
		}
	}
}

// As npm normalizes the field bin, and directories.bin (package.json in npm's
// documentation).
func TestProgramsAreThoseOfNPM(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"bin/one", "bin/.hidden", "bin/.dir/x", "bin/sub/two", "empty/.none"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		`{"name":"app","bin":"./cli.js"}`:                       "app=cli.js",
		`{"name":"@scope/app","bin":"cli.js"}`:                  "app=cli.js",
		`{"bin":"cli.js"}`:                                      "",
		`{"name":7,"bin":"cli.js"}`:                             "7=cli.js",
		`{"bin":{"a":"./x/../a.js","b":"/b.js","c":"../c.js"}}`: "a=a.js b=b.js c=c.js",
		`{"bin":{"../x/a":"a.js","b":"b.js"}}`:                  "b=b.js a=a.js",
		`{"bin":{"x/b":"1.js","b":"2.js"}}`:                     "b=1.js",
		`{"bin":{"b":"2.js","x/b":"1.js"}}`:                     "b=1.js",
		`{"bin":{"a":"","b":7,"":"c.js",".":"d.js","e":"."}}`:   "",
		`{"bin":{"a":"dir/","b":"a\\b.js","c":"a:b.js"}}`:       "a=dir/ b=a/b.js c=a/b.js",
		`{"bin":["./a/x.js",7,"y.js"]}`:                         "x.js=a/x.js y.js=y.js",
		`{"bin":["1.js","b","0"]}`:                              "0=0 1.js=1.js b=b",
		`{"bin":true,"name":"app"}`:                             "",
		`{"bin":"","directories":{"bin":"./bin"}}`:              "one=bin/one sub=bin/sub two=bin/sub/two",
		`{"directories":{"bin":"bin"},"bin":{"a":"a"}}`:         "a=a",
		`{"directories":{"bin":"../bin"}}`:                      "one=bin/one sub=bin/sub two=bin/sub/two",
		`{"directories":{"bin":"empty"}}`:                       "",
		`{"directories":{"bin":"none"}}`:                        "",
		`{"directories":{"bin":7}}`:                             "",
		`{"directories":7}`:                                     "",
	} {
		if got := shown((start{dir: dir}).programs(decode(t, text))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// More programs than that are a mistake.
func TestProgramsHaveANumber(t *testing.T) {
	dir := t.TempDir()
	var list []any
	for i := range maxPrograms + 1 {
		list = append(list, fmt.Sprintf("p%d", i))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := len((start{}).programs(object{{"bin", list}})); got != maxPrograms {
		t.Errorf("a list: got %d", got)
	}
	folder := object{{"directories", object{{"bin", filepath.Base(dir)}}}}
	if got := (start{dir: filepath.Dir(dir)}).programs(folder); len(got) != 0 {
		t.Errorf("a folder of more: got %d", len(got))
	}
	if err := os.Remove(filepath.Join(dir, "0")); err != nil {
		t.Fatal(err)
	}
	if got := (start{dir: filepath.Dir(dir)}).programs(folder); len(got) != maxPrograms {
		t.Errorf("a folder of as many: got %d", len(got))
	}
}
