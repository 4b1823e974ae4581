package npminstall_test

import (
	"debug/elf"
	"errors"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestNativeFilesAreJudgedByTheirPackage(t *testing.T) {
	needNPM(t)
	host, other := hostTarget(t), otherTarget(t)
	ours, theirs := library(host.ELF()), library(other.ELF())
	prebuilt := func(one targets.Target) string { return "prebuilds/linux-" + one.Node() + "/x.node" }
	for _, tc := range []struct {
		name     string
		contents files
		wrong    string // what the failure names, or empty
	}{
		{"a library for the target", files{"build/Release/x.node": ours}, ""},
		{"a library for another architecture", files{"build/Release/x.node": theirs}, "p: build/Release/x.node is for " + other.String()},
		{"a program for another architecture", files{"bin/p": theirs}, "p: bin/p is for " + other.String()},
		{"prebuilt for many, the target among them", files{prebuilt(host): ours, prebuilt(other): theirs, "prebuilds/darwin-arm64/x.node": "\xcf\xfa\xed\xfe1234567890123456"}, ""},
		{"prebuilt for others only", files{prebuilt(other): theirs}, "p: " + prebuilt(other) + " is for"},
		{"prebuilt for others, and compiled", files{prebuilt(other): theirs, "build/Release/x.node": ours}, ""},
		{"names of files tell the architecture", files{"lib/x-linux-" + host.Node() + ".node": ours, "lib/x-linux-" + other.Node() + ".node": theirs}, ""},
		{"a wrong one beside the right prebuilt one", files{prebuilt(host): ours, "build/Release/x.node": theirs}, "p: build/Release/x.node"},
		{"from a Mac, vendored", files{"build/Release/x.node": "\xcf\xfa\xed\xfe1234567890123456"}, "p: build/Release/x.node is for macOS or Windows"},
		{"for an architecture that nobody targets", files{"x.node": library(elf.EM_RISCV)}, "p: x.node is for riscv"},
		{"an object file, which nothing loads", files{"build/x.o": object(theirs)}, ""},
		{"text that is called so", files{"x.node": "hello"}, ""},
		{"an empty file", files{"x.node": ""}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			npms := newRegistry(t)
			npms.publish("p", "1.0.0", nil, tc.contents)
			s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t).With("CNB_TARGET_ARCH", host.Arch)}
			s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"p":"1.0.0"}}`})
			err, log := s.build(t.TempDir())
			if tc.wrong == "" {
				if err != nil {
					t.Errorf("got %v\n%s", err, log)
				}
				return
			}
			if !errors.Is(err, &failure.Failure{ID: "native-module-wrong-architecture"}) || !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("got %v, want that it names %s", err, tc.wrong)
			}
		})
	}
}

// object turns a library into an object file: e_type is at byte 16.
func object(library string) string {
	return library[:16] + string(rune(elf.ET_REL)) + library[17:]
}
