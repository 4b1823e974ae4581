//go:build linux

package platform

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/descriptor"
)

func TestADescriptorSaysWhatAPlanSays(t *testing.T) {
	const odd = "node \"a\\b\" \u0007\tü"
	app := t.TempDir()
	plan := AppPlan{App: app, Decisions: []Decision{
		{Topic: "node", Decision: "24.1.0", Evidence: "a\n[build]\nx = 1 \u2028y", Setting: "BP_NODE_VERSION=24.1.0"},
		{Topic: "process", Name: "web", Decision: odd, Setting: "BP_START_COMMAND=" + odd},
		{Topic: "native", Name: "a", Decision: "is compiled"},
	}}
	path, err := plan.Init(false)
	if err != nil {
		t.Fatal(err)
	}
	read, err := descriptor.Find(app)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Env) != 2 || read.Env["BP_NODE_VERSION"] != "24.1.0" || read.Env["BP_START_COMMAND"] != odd || len(read.Ignored) > 0 {
		t.Errorf("got %+v", read)
	}
	if read.Filter("project.toml") || !read.Filter("web/project.toml") {
		t.Error("it leaves out something else than itself")
	}
	var refused *failure.Failure
	if _, err := plan.Init(false); !errors.As(err, &refused) || refused.ID != "project-toml-exists" {
		t.Errorf("a second time: got %v", err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Init(true); err != nil {
		t.Fatal(err)
	}
	if again, err := descriptor.Find(filepath.Dir(path)); err != nil || again.Env["BP_NODE_VERSION"] != "24.1.0" {
		t.Errorf("with force: got %+v, %v", again, err)
	}
}

func TestAPlanEndsWithTheFirstErrorThatIsAsked(t *testing.T) {
	if err := (AppPlan{Decisions: []Decision{{Topic: "node"}}}).Asked(); err != nil {
		t.Errorf("got %v", err)
	}
	err := AppPlan{Decisions: []Decision{{Topic: "asked", Name: "a-b", Decision: "cause", Evidence: "remedy."}, {Topic: "asked", Name: "c"}}}.Asked()
	if err == nil || err.Error() != "[a-b] cause\nTo fix it: remedy." {
		t.Errorf("got %v", err)
	}
}
