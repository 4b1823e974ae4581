package command_test

import (
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
)

func TestSplitTakesPlainCommands(t *testing.T) {
	for _, tc := range []struct {
		script string
		want   []string
	}{
		{"node node.js", []string{"node", "node.js"}},
		{"  node\t node.js ", []string{"node", "node.js"}},
		{"node 'a b.js'", []string{"node", "a b.js"}},
		{`node "a b.js"`, []string{"node", "a b.js"}},
		{`node a\ b.js`, []string{"node", "a b.js"}},
		{`node "a\"b\\c\d"`, []string{"node", `a"b\c\d`}},
		{`node '$HOME *'`, []string{"node", "$HOME *"}},
		{`node '' ""`, []string{"node", "", ""}},
		{`node a'b'"c"d`, []string{"node", "abcd"}},
		{`node "*"`, []string{"node", "*"}},
		{`node \$HOME`, []string{"node", "$HOME"}},
		{"node --port=3000", []string{"node", "--port=3000"}},
		{"node a~b c#d", []string{"node", "a~b", "c#d"}},
		{"node -r dotenv/config ./dist/main.js", []string{"node", "-r", "dotenv/config", "./dist/main.js"}},
		{"./start.sh", []string{"./start.sh"}},
		{"node if", []string{"node", "if"}},
		{"PORT=3000 node a.js", []string{"PORT=3000", "node", "a.js"}},
		{`A=1 _b2="x y" node c=3`, []string{"A=1", "_b2=x y", "node", "c=3"}},
		{"EMPTY= node a.js", []string{"EMPTY=", "node", "a.js"}},
		{"A=x=y node a.js", []string{"A=x=y", "node", "a.js"}},
	} {
		t.Run(tc.script, func(t *testing.T) {
			got, plain := command.Split(tc.script)
			if !plain || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %q, %v, want %q", got, plain, tc.want)
			}
			if shell := throughShell(t, tc.script); !reflect.DeepEqual(got, shell) {
				t.Errorf("got %q, but sh splits it into %q", got, shell)
			}
		})
	}
}

// throughShell splits a command with a real shell.
func throughShell(t *testing.T, script string) []string {
	t.Helper()
	output, err := exec.Command("sh", "-c", `printf '%s\n' `+strings.Trim(script, " \t\n")).Output() // an empty first line would end printf
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(output), "\n"), "\n")
}

func TestSplitLeavesTheRestToAShell(t *testing.T) {
	for _, tc := range []struct{ why, script string }{
		{"nothing", " "},
		{"a variable", "node $FILE"},
		{"a variable in quotes", `node "$FILE"`},
		{"a pipe", "node a.js | tee log"},
		{"a list", "node a.js && node b.js"},
		{"a sequence", "node a.js; node b.js"},
		{"the background", "node a.js &"},
		{"a redirection", "node a.js > log"},
		{"a subshell", "(node a.js)"},
		{"backquotes", "node `which a`"},
		{"backquotes in quotes", "node \"`which a`\""},
		{"a pattern", "node *.js"},
		{"a pattern of one character", "node a?.js"},
		{"a pattern of a set", "node [ab].js"},
		{"a home folder", "~/start"},
		{"a comment", "node a.js # hello"},
		{"nothing but a variable", "PORT=3000"},
		{"a variable with the value of another", "PORT=$OTHER node a.js"},
		{"a variable with a home folder", "FILE=~/a node a.js"},
		{"a home folder further in", "FILES=a:~/b node a.js"},
		{"another path, by which a shell would find the command", "PATH=/opt node a.js"},
		{"what begins like a variable and is none", "my-port=3000 node a.js"},
		{"a variable in quotes, which is the command", `"PORT=3000" node a.js`},
		{"a command of the shell's own behind a variable", "PORT=3000 exec node a.js"},
		{"two lines", "node a.js\nnode b.js"},
		{"a line that goes on", "node \\\n a.js"},
		{"a quote that is not closed", "node 'a.js"},
		{"a double quote that is not closed", `node "a.js`},
		{"a backslash at the end", `node a.js \`},
		{"a reserved word", "if true"},
		{"a command of the shell's own", "exec node a.js"},
		{"another one", "cd dist"},
		{"one that a run image may not have as a program", "echo hello"},
		{"negation", "! node a.js"},
	} {
		t.Run(tc.why, func(t *testing.T) {
			if got, plain := command.Split(tc.script); plain {
				t.Errorf("got %q, want that a shell is needed", got)
			}
		})
	}
}

func TestVariablesAreThoseThatAShellSets(t *testing.T) {
	for _, script := range []string{
		`A=1 printenv A B`,
		`A='x y' B="\"" printenv A B`,
		`A= B=a=b printenv A B`,
		`A=1 A=2 printenv A`,
		`A=a\ b printenv A`,
	} {
		words, plain := command.Split(script)
		if !plain {
			t.Errorf("%s: got that a shell is needed", script)
			continue
		}
		variables, line := command.Variables(words)
		cmd := exec.Command(line[0], line[1:]...)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, variables...)
		got, _ := cmd.Output()
		inShell := exec.Command("sh", "-c", script)
		inShell.Env = []string{"PATH=" + os.Getenv("PATH")}
		if want, _ := inShell.Output(); string(got) != string(want) {
			t.Errorf("%s: got %q, want %q as in a shell", script, got, want)
		}
	}
}

func FuzzSplitAgreesWithTheShell(f *testing.F) {
	for _, seed := range []string{"node node.js", `node "a b" 'c d' e\ f`, "a=b c", "node $x", `"\a"`, "a#b #c", " \n0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		words, plain := command.Split(script)
		if !plain || strings.ContainsAny(script, "\x00\r\v\f") || strings.Contains(strings.Join(words, ""), "\n") {
			t.Skip("only what is split, and what printf and this test can tell apart")
		}
		if shell := throughShell(t, script); !reflect.DeepEqual(words, shell) {
			t.Errorf("%q: got %q, but sh splits it into %q", script, words, shell)
		}
	})
}
