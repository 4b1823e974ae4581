package npmrc

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
)

// npmrcs are texts of npmrc files, and the settings that npm takes from them
// which are text.
var npmrcs = []struct {
	name, text string
	want       map[string]string
}{
	{"nothing", "", nil},
	{"spaces and quotes", " a = \"b c\" \nd='e'", map[string]string{"a": "b c", "d": "e"}},
	{"comments", "# a=1\n; b=2\n  # c=3\nd=4 ; five\ne=5#6", map[string]string{"d": "4", "e": "5"}},
	{"escaped comments", `a=1\;2\#3\\4\5` + "\nb=\\", map[string]string{"a": `1;2#3\4\5`, "b": `\`}},
	{"quoted comments", `a="1;2#3"`, map[string]string{"a": "1;2#3"}},
	{"line ends of Windows and of an old Mac", "a=1\r\nb=2\rc=3", map[string]string{"a": "1", "b": "2", "c": "3"}},
	{"a byte order mark", "\ufeffa=1\n", map[string]string{"a": "1"}},
	{"an equals sign in a value", "//r.example/:_auth=YTpi==", map[string]string{"//r.example/:_auth": "YTpi=="}},
	{"a key alone, and one that is nothing", "a\nb=\n=c", map[string]string{"b": ""}},
	{"the last of two", "a=1\na=2", map[string]string{"a": "2"}},
	{"lists", "a[]=1\nb=2\nb[]=3\nc[]=4\nc=5\nd=6", map[string]string{"d": "6"}},
	{"a section", "a=1\n[other]\na=2\nb=3", map[string]string{"a": "1"}},
	{"a section without a name", "a=1\n[]\na=2", map[string]string{"a": "1"}},
	{"a section with dots and quotes", "a=1\n[\"x.y\"]  \na=2", map[string]string{"a": "1"}},
	{"a section is not left", "[other]\na=1\n\n# end\nb=2", nil},
	{"an indented head is none", "a=1\n [other]\na=2", map[string]string{"a": "2"}},
	{"a head with a comment behind it is none", "a=1\n[other] ; x\na=2", map[string]string{"a": "2"}},
	{"a variable in a value and a key", "a=${SET}/x\n//${SET}/:b=1", map[string]string{"a": "value/x", "//value/:b": "1"}},
	{"a variable that is set to nothing", "a=x${EMPTY}y", map[string]string{"a": "xy"}},
	{"a variable that is not set", "a=${NOT_SET}", map[string]string{"a": "${NOT_SET}"}},
	{"an optional one", "a=x${NOT_SET?}\nb=${SET?}", map[string]string{"a": "x", "b": "value"}},
	{"two variables", "a=${SET}-${SET}", map[string]string{"a": "value-value"}},
	{"an escaped variable", `a=\${SET}`, map[string]string{"a": "${SET}"}},
	{"an escaped variable between quotes", `a="\\${SET}"`, map[string]string{"a": "${SET}"}},
	{"backslashes before a variable", `a=\\\\${SET}` + "\n" + `b=\\\\\\${SET}`, map[string]string{"a": `\value`, "b": `\${SET}`}},
	{"what only looks like a variable", "a=${}\nb=${A$B}\nc=${SET\nd=$SET", map[string]string{"a": "${}", "b": "${A$B}", "c": "${SET", "d": "$SET"}},
	{"a variable inside a brace", "a=${${SET}}", map[string]string{"a": "${value}"}},
	{"quotes that do not fit", `a="b` + "\n" + `c='d"`, map[string]string{"a": `"b`, "c": `'d"`}},
	{"one quote", `a="` + "\n" + `b='`, map[string]string{"a": `"`, "b": ""}},
	{"JSON that is none", `a="\x"`, map[string]string{"a": `"\x"`}},
	{"JSON between single quotes", `a='"b"'`, map[string]string{"a": "b"}},
	{"quotes around a key", `"a b"=1`, map[string]string{"a b": "1"}},
	{"white space of other scripts", "\u00a0a\u3000=\u00a01\u2003", map[string]string{"a": "1"}},
}

var npmrcEnviron = environ.List{"SET=value", "EMPTY="}

func TestParse(t *testing.T) {
	for _, row := range npmrcs {
		t.Run(row.name, func(t *testing.T) {
			if got := parse(row.text, npmrcEnviron.Lookup); !maps.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// oracle does with npm's own modules what npm does with its files.
const oracle = `
const [npm, texts, env] = process.argv.slice(1)
const ini = require(npm + '/node_modules/ini')
const replace = require(npm + '/node_modules/@npmcli/config/lib/env-replace.js')
console.log(JSON.stringify(JSON.parse(texts).map(text => {
  const found = {}
  for (const [key, value] of Object.entries(ini.parse(text))) {
    if (typeof value === 'string') found[replace(key, JSON.parse(env))] = replace(value.trim(), JSON.parse(env))
  }
  return found
})))
`

func TestTheTableOfParseIsWhatNPMSays(t *testing.T) {
	program, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("there is no npm on the PATH, which is asked")
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		t.Fatal(err)
	}
	npm := filepath.Dir(filepath.Dir(program))
	if _, err := os.Stat(filepath.Join(npm, "node_modules", "ini")); err != nil {
		t.Skipf("npm's modules are not in %s", npm)
	}
	var texts []string
	for _, row := range npmrcs {
		texts = append(texts, row.text)
	}
	output, err := exec.Command("node", "--eval", oracle, npm, encode(t, texts), encode(t, map[string]string{"SET": "value", "EMPTY": ""})).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %s", err, output)
	}
	var answers []map[string]string
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatal(err)
	}
	for i, row := range npmrcs {
		if !maps.Equal(row.want, answers[i]) {
			t.Errorf("%s: npm says %q, the table %q", row.name, answers[i], row.want)
		}
	}
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
