package npmstart

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// programs normalizes the field bin as npm does: paths by name, both cleaned.
// Without that field, they are the files of the folder directories.bin.
func (s start) programs(fields object) object {
	bin := fields.get("bin")
	if isFalse(bin) {
		return s.programsOf(fields)
	}
	switch bin := bin.(type) {
	case string:
		if name := fields.get("name"); !isFalse(name) {
			return named(object{{inJavaScript(name), bin}})
		}
	case []any:
		all := object{}
		for _, one := range bin[:min(len(bin), maxPrograms)] {
			if text, ok := one.(string); ok {
				all = all.with(path.Base(text), text)
			}
		}
		return named(all.ordered())
	case object:
		return named(bin)
	}
	return nil
}

// isFalse is true for falsy values of JavaScript.
func isFalse(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case object, []any:
		return false
	}
	return inJavaScript(value) == "0"
}

// maxPrograms is the maximal number of a package's programs, and of files in its
// folder of programs. A package with more means something else.
const maxPrograms = 2000

// named normalizes the programs' names, and removes those without a valid one. A
// renamed program moves to the end, or replaces the one with its new name.
func named(programs object) object {
	all := append(object{}, programs[:min(len(programs), maxPrograms)]...)
	for _, one := range slices.Clone(all) {
		name, target := "", ""
		if text, ok := all.get(one.key).(string); ok {
			target = insidePackage(text)
			if name = insidePackage(one.key); name != "" {
				name = path.Base(name)
			}
		}
		if name == "" || target == "" || name != one.key {
			all = all.without(one.key)
		}
		if name != "" && target != "" {
			all = all.with(name, target)
		}
	}
	return all.ordered()
}

// insidePackage normalizes a path in a package as npm does: relative to the
// package's folder, and never outside of it. It is empty for the folder itself.
func insidePackage(text string) string {
	text = strings.NewReplacer(`\`, "/", ":", "/").Replace(text)
	clean := strings.TrimPrefix(path.Join("/", text), "/")
	if clean != "" && strings.HasSuffix(text, "/") {
		return clean + "/"
	}
	return clean
}

// programsOf returns the files of the folder directories.bin, by their base
// names. A folder with more than [maxPrograms] files has none.
func (s start) programsOf(fields object) object {
	directories, _ := fields.get("directories").(object)
	text, _ := directories.get("bin").(string)
	if text == "" {
		return nil
	}
	folder := insidePackage(text)
	all, seen := object{}, 0
	root := filepath.Join(s.dir, folder)
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || file == root {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if seen++; seen > maxPrograms {
			return os.ErrInvalid
		}
		all = all.with(entry.Name(), folder+"/"+insidePackage(filepath.ToSlash(strings.TrimPrefix(file, root))))
		return nil
	})
	if err != nil {
		return nil
	}
	return all.ordered()
}
