package installscripts

import (
	"fmt"

	"github.com/armature-cnb/armature/internal/failure"
)

// abandoned are packages that nobody maintains and that do not compile with a
// maintained Node.js, with what takes their place, in the imperative.
var abandoned = map[string]string{
	"node-sass":          "take sass instead: `npm install --save-dev sass`, and where a tool asks for node-sass itself, `npm install --save-dev node-sass@npm:sass`",
	"grpc":               "take @grpc/grpc-js instead, which has no native code",
	"fibers":             "remove it: sass and Meteor's successors do without",
	"phantomjs-prebuilt": "remove it, with what needs it: tests run in Chromium with puppeteer or playwright",
	"phantomjs":          "remove it, with what needs it: tests run in Chromium with puppeteer or playwright",
}

// Abandoned is the failure of a script of an abandoned package, or nil.
func (f Failed) Abandoned() *failure.Failure {
	remedy, ok := abandoned[f.Package.Manifest.Name]
	if !ok {
		return nil
	}
	return &failure.Failure{
		ID:     "package-abandoned",
		Cause:  fmt.Sprintf("%s failed: nobody maintains %s, and it does not compile with a Node.js that is maintained", f.Script(), f.Package.Manifest.Name),
		Remedy: remedy + ". Its output above says more.",
	}
}
