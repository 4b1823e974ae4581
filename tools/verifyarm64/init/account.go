//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// account is the user of the entrypoint.
type account struct {
	credential syscall.Credential
	home       string
}

// lookUp finds the user of an image's configuration in etc/passwd and etc/group
// below root, as container engines do: "" is root, numbers need no entry, and a
// user without a group gets its primary and supplementary groups.
func lookUp(root, user string) (account, error) {
	name, group, grouped := strings.Cut(user, ":")
	if name == "" {
		name = "0"
	}
	entry, known := row(rows(filepath.Join(root, "etc/passwd"), 7), name)
	a := account{home: "/"}
	if known {
		a.home = entry[5]
	} else {
		entry = []string{name, "", name, "0"}
	}
	uid, err := id("user", entry[2])
	if err != nil {
		return account{}, fmt.Errorf("the image's user %q: %w", user, err)
	}
	groups := rows(filepath.Join(root, "etc/group"), 4)
	gidText := entry[3]
	if grouped {
		gidText = group
		if r, ok := row(groups, group); ok {
			gidText = r[2]
		}
	}
	gid, err := id("group", gidText)
	if err != nil {
		return account{}, fmt.Errorf("the image's user %q: %w", user, err)
	}
	a.credential = syscall.Credential{Uid: uid, Gid: gid}
	if known && !grouped {
		a.credential.Groups = memberOf(groups, entry[0])
	}
	return a, nil
}

// rows reads a file of colon-separated fields, and skips rows with fewer.
func rows(path string, fields int) [][]string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil // an image may have none
	}
	var all [][]string
	for line := range strings.Lines(string(raw)) {
		if row := strings.Split(strings.TrimSpace(line), ":"); len(row) >= fields {
			all = append(all, row)
		}
	}
	return all
}

// row finds the row with a name in its first column or an id in its third.
func row(rows [][]string, nameOrID string) ([]string, bool) {
	for _, column := range []int{0, 2} {
		for _, r := range rows {
			if r[column] == nameOrID {
				return r, true
			}
		}
	}
	return nil, false
}

func id(what, text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("no %s is called %q in the image, and it is no number", what, text)
	}
	return uint32(n), nil
}

func memberOf(groups [][]string, name string) []uint32 {
	var ids []uint32
	for _, row := range groups {
		if gid, err := id("group", row[2]); err == nil && slices.Contains(strings.Split(row[3], ","), name) {
			ids = append(ids, gid)
		}
	}
	return ids
}

// environ returns env with the defaults of container engines.
func (a account) environ(env []string) []string {
	for _, entry := range []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + a.home,
		"HOSTNAME=verifyarm64",
	} {
		if name, _, _ := strings.Cut(entry, "="); value(env, name) == "" {
			env = append(env, entry)
		}
	}
	return env
}

// value returns the value of the last entry with a name, or "".
func value(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			return v
		}
	}
	return ""
}
