package npmstart

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// nextConfigs are the files that Next.js prefers to next.config.ts.
var nextConfigs = []string{"next.config.js", "next.config.mjs"}

// typescriptMissing is true for a start of Next.js 15 that reads its
// next.config.ts with typescript, which the app image does not have.
func (o oracle) typescriptMissing(program string, arguments []string) bool {
	if program != "next" || !slices.Contains(arguments, "start") || !isFile(filepath.Join(o.dir, "next.config.ts")) {
		return false
	}
	for _, name := range nextConfigs {
		if isFile(filepath.Join(o.dir, name)) {
			return false
		}
	}
	return strings.HasPrefix(o.version("next"), "15.") && o.onlyForDevelopment("typescript") && o.module("typescript") == absent
}

func (o oracle) nextWithoutTypescript() fate {
	return fate{
		kind: dies, pkg: "typescript",
		why: fmt.Sprintf("calls next, and Next.js %s reads next.config.ts with typescript whenever it starts, and the app image does not have that: it is under devDependencies of %s", o.version("next"), packagejson.FileName),
		fix: "take Next.js 16, or write next.config.js",
	}
}
