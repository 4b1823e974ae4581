package npminstall_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

// All packages are in one app, so that one install does.
func TestNativeFilesAreJudgedByTheirPackage(t *testing.T) {
	t.Parallel()
	needNPM(t)
	host, other := hostTarget(t), otherTarget(t)
	ours, theirs := library(host.ELF()), library(other.ELF())
	prebuilt := func(one targets.Target) string { return "prebuilds/linux-" + one.Node() + "/x.node" }
	rows := []struct {
		name     string
		contents files
		wrong    string // what the failure names, or empty
	}{
		{"a library for the target", files{"build/Release/x.node": ours}, ""},
		{"a library for another architecture", files{"build/Release/x.node": theirs}, "build/Release/x.node is for " + other.String()},
		{"a program for another architecture", files{"bin/p": theirs}, "bin/p is for " + other.String()},
		{"prebuilt for many, the target among them", files{prebuilt(host): ours, prebuilt(other): theirs, "prebuilds/darwin-arm64/x.node": "\xcf\xfa\xed\xfe1234567890123456"}, ""},
		{"prebuilt for others only", files{prebuilt(other): theirs}, "" + prebuilt(other) + " is for"},
		{"prebuilt for others, and compiled", files{prebuilt(other): theirs, "build/Release/x.node": ours}, ""},
		{"names of files tell the architecture", files{"lib/x-linux-" + host.Node() + ".node": ours, "lib/x-linux-" + other.Node() + ".node": theirs}, ""},
		{"a wrong one beside the right prebuilt one", files{prebuilt(host): ours, "build/Release/x.node": theirs}, "build/Release/x.node"},
		{"from a Mac, vendored", files{"build/Release/x.node": "\xcf\xfa\xed\xfe1234567890123456"}, "build/Release/x.node is for macOS or Windows"},
		{"for an architecture that nobody targets", files{"x.node": library(elf.EM_RISCV)}, "x.node is for riscv"},
		{"an object file, which nothing loads", files{"build/x.o": object(theirs)}, ""},
		{"text that is called so", files{"x.node": "hello"}, ""},
		{"an empty file", files{"x.node": ""}, ""},
	}
	npms := newRegistry(t)
	var wanted []string
	called := func(i int) string { return fmt.Sprintf("p%d", i) }
	for i, row := range rows {
		npms.publish(called(i), "1.0.0", nil, row.contents)
		wanted = append(wanted, `"`+called(i)+`":"1.0.0"`)
	}
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t).With("CNB_TARGET_ARCH", host.Arch)}
	s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{` + strings.Join(wanted, ",") + `}}`})
	err, log := s.build(t.TempDir())
	if !errors.Is(err, &failure.Failure{ID: "native-module-wrong-architecture"}) {
		t.Fatalf("got %v\n%s", err, log)
	}
	for i, row := range rows {
		if got := strings.Contains(err.Error(), "\n  "+called(i)+": "); got != (row.wrong != "") {
			t.Errorf("%s: whether %s is named is %t: %v", row.name, called(i), got, err)
		}
		if row.wrong != "" && !strings.Contains(err.Error(), called(i)+": "+row.wrong) {
			t.Errorf("%s: got %v, want that it names %s: %s", row.name, err, called(i), row.wrong)
		}
	}
}

// object turns a library into an object file: e_type is at byte 16.
func object(library string) string {
	return library[:16] + string(rune(elf.ET_REL)) + library[17:]
}
