package installscripts

import "fmt"

// Terms are a manager's own for the remedy of a script that lacks something. The zero
// value is npm, which runs scripts of the project in every install.
type Terms struct {
	Add    string // the command that adds a dependency: "pnpm add"
	Dev    string // its flag for devDependencies: "--save-dev"
	Extend string // where a package gets a dependency that it forgets; empty if every package finds those of the project
}

// Terms of the managers.
var (
	PNPM         = Terms{Add: "pnpm add", Dev: "--save-dev", Extend: "packageExtensions in pnpm-workspace.yaml (up to pnpm 10 also below pnpm in package.json)"}
	YarnClassic  = Terms{Add: "yarn add", Dev: "--dev"}
	Yarn         = Terms{Add: "yarn add", Dev: "--dev", Extend: "packageExtensions in .yarnrc.yml"}
	Bun          = Terms{Add: "bun add", Dev: "--dev"}
	npm          = Terms{Add: "npm install", Dev: "--save-dev"}
	noProduction = "an install for production has no devDependencies"
)

// missing is the remedy for something that a script calls and that is not installed.
func (f Failed) missing(what string) string {
	own := f.Package.Path == "" || f.Package.Linked
	without := fmt.Sprintf("or let the script do nothing without it (`%s || true`)", f.Command)
	terms, isNPM := f.Terms, f.Terms == Terms{}
	if isNPM {
		terms = npm
	}
	switch {
	case own && (IsPreparing(f.Event) || !isNPM):
		return fmt.Sprintf("add %s to devDependencies (`%s %s PACKAGE`), %s.", what, terms.Add, terms.Dev, without)
	case own:
		return fmt.Sprintf("make %s a dependency (`%s PACKAGE`), %s: %s.", what, terms.Add, without, noProduction)
	case terms.Extend != "":
		return fmt.Sprintf("the package finds its own dependencies alone: give it %s with %s, and tell its authors.", what, terms.Extend)
	}
	return fmt.Sprintf("make %s a dependency of the app (`%s PACKAGE`), and tell the package's authors: %s.", what, terms.Add, noProduction)
}
