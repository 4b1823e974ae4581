package npmtree

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// dependencyFields are the fields of a package.json with dependencies.
var dependencyFields = []string{"dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"}

// normalize brings a package.json into the form in which npm keeps it in a
// lockfile. Forms that are rare are a [Handover].
func normalize(manifest *object) (*object, error) {
	m := manifest.clone()
	if m.object("directories").is("bin") {
		return nil, handover("directories.bin is set")
	}
	if program := m.text("bin"); program != "" && m.text("name") != "" {
		o := newObject()
		o.set(path.Base(m.text("name")), strings.TrimPrefix(path.Clean("/"+program), "/"))
		m.set("bin", o)
	}
	if programs, ok := m.values["bin"].(*object); ok {
		o := newObject()
		for _, key := range programs.keys {
			o.set(key, strings.TrimPrefix(path.Clean("/"+programs.text(key)), "/"))
		}
		m.set("bin", o)
	}
	if list, has := m.values["bundledDependencies"]; has && m.values["bundleDependencies"] == nil {
		m.set("bundleDependencies", list)
	}
	m.remove("bundledDependencies")
	if m.values["bundleDependencies"] == false {
		m.set("bundleDependencies", []any{})
	}
	if optional, ok := m.values["optionalDependencies"].(*object); ok {
		if all, ok := m.values["dependencies"].(*object); ok {
			all = all.clone()
			for _, key := range optional.keys {
				all.remove(key)
			}
			m.set("dependencies", all)
		}
	}
	if address := m.text("funding"); address != "" {
		o := newObject()
		o.set("url", address)
		m.set("funding", o)
	}
	return m, isNormal(m)
}

// isNormal reports as an error what npm would change in an entry, depending on its
// version.
func isNormal(entry *object) error {
	if name, has := entry.values["name"]; has {
		if text, ok := name.(string); !ok || text != strings.TrimSpace(text) {
			return errors.New("its name is not a name")
		}
	}
	for _, field := range dependencyFields {
		if err := isMap(entry, field); err != nil {
			return err
		}
	}
	if programs, has := entry.values["bin"]; has {
		object, ok := programs.(*object)
		if !ok || slices.ContainsFunc(object.keys, func(key string) bool { return !isProgram(key, object.text(key)) }) {
			return errors.New("its bin has another form than npm writes")
		}
	}
	if list, has := entry.values["bundleDependencies"]; has {
		if _, ok := list.([]any); !ok {
			return errors.New("its bundleDependencies are not a list")
		}
	}
	for _, field := range []string{"bundledDependencies", "acceptDependencies", "patched", "packageExtensionsApplied", "npmExtensionApplied"} {
		if entry.is(field) {
			return fmt.Errorf("it has %s", field)
		}
	}
	for _, key := range entry.object("optionalDependencies").keys {
		if entry.object("dependencies").is(key) {
			return fmt.Errorf("%s is an optional dependency and another one", key)
		}
	}
	if _, ok := entry.values["funding"].(string); ok {
		return errors.New("its funding is a text")
	}
	return nil
}

// isMap reports as an error a field that is no object, or whose ranges are no
// texts.
func isMap(entry *object, field string) error {
	value, has := entry.values[field]
	if !has {
		return nil
	}
	ranges, ok := value.(*object)
	if !ok {
		return fmt.Errorf("its %s are no object", field)
	}
	if ranges.odd != "" {
		return fmt.Errorf("its %s have %q, which JavaScript treats in a special way", field, ranges.odd)
	}
	for _, name := range ranges.keys {
		_, isText := ranges.values[name].(string)
		_, isObject := ranges.values[name].(*object)
		if field == "peerDependenciesMeta" && !isObject || field != "peerDependenciesMeta" && !isText || !validName.MatchString(name) {
			return fmt.Errorf("its %s have %q", field, name)
		}
	}
	return nil
}

// isProgram reports whether an entry of bin is in npm's normal form.
func isProgram(name, target string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, `/\:`) && sortable(name) &&
		target != "" && !strings.ContainsAny(target, `\:`) && !strings.HasSuffix(target, "/") &&
		"/"+target == path.Clean("/"+target)
}

// sameDependencies reports whether two entries have the same dependencies.
func sameDependencies(a, b *object) bool {
	for _, field := range dependencyFields {
		x, y := a.object(field), b.object(field)
		if len(x.keys) != len(y.keys) {
			return false
		}
		for _, name := range x.keys {
			if _, has := y.values[name]; !has || x.text(name) != y.text(name) ||
				x.object(name).is("optional") != y.object(name).is("optional") {
				return false
			}
		}
	}
	return true
}
