package modules

import (
	"testing"
)

func TestAnImageForTestsHasDevDependenciesOfItsTarget(t *testing.T) {
	s := newScene(t)
	s.source["package.json"] = `{"name":"app","version":"1.0.0","scripts":{"build":"x"},"dependencies":{"a":"1"},"devDependencies":{"tool":"1"}}`
	s.env = s.env.With("CNB_TARGET_ARCH", other(t).Arch)
	s.built(forLaunch)
	s.has(s.in("launch-modules", "node_modules"), "a/package.json", "b/package.json")
	production := s.layers["launch-modules"].Metadata[keyMetadata]

	s.env = s.env.With("CNB_EXEC_ENV", "test").With("BP_NODE_KEEP_MODULES", "false")
	s.built(forLaunch)
	s.called("run build", "install build "+other(t).String())
	s.has(s.in("launch-modules", "node_modules"), "a/package.json", "b/package.json", "tool/package.json")
	s.leads("", s.in("launch-modules", "node_modules"))
	test := s.layers["launch-modules"]
	if test.Metadata[keyMetadata] == production || test.Metadata["any-target"] != nil {
		t.Errorf("got the key %v, production's is %v, and %v", test.Metadata[keyMetadata], production, test.Metadata)
	}
	s.built(forLaunch)
	s.called("run build")
}

func TestOneForDevelopmentIsNotBuilt(t *testing.T) {
	for _, row := range []struct {
		set  string
		want []string
	}{
		{"", []string{"install build " + host(t).String()}},
		{"build", []string{"install build " + host(t).String(), "run build", "install build " + host(t).String()}},
	} {
		s := newScene(t)
		s.source["package.json"] = `{"name":"app","version":"1.0.0","scripts":{"build":"x"},"devDependencies":{"tool":"1"}}`
		s.env = s.env.With("CNB_EXEC_ENV", "development").With("BP_NODE_RUN_SCRIPTS", row.set)
		s.built(forLaunch)
		s.called(row.want...)
		s.has(s.in("launch-modules", "node_modules"), "a/package.json", "b/package.json", "tool/package.json")
	}
}

func TestAnEnvironmentThatNobodyKnowsIsAnError(t *testing.T) {
	s := newScene(t)
	s.env = s.env.With("CNB_EXEC_ENV", "staging")
	if err := s.build(forLaunch); err == nil {
		t.Error("got none")
	}
}
