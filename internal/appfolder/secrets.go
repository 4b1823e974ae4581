package appfolder

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// secret is a file that looks like a secret.
type secret struct {
	file, why string
	needed    bool // the app needs the file, but not the secret in it
}

// Read limits in bytes: for possible keys, and for lists of packages.
const (
	maxKey  = 16 << 10
	maxList = 64 << 20
)

var (
	privateKey = regexp.MustCompile(`(?m)^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----`)
	// token matches a setting of npm or Yarn with a literal credential.
	token = regexp.MustCompile(`(?mi)^\s*(?:"?//[^\s=]*:)?(?:_authToken|_auth|_password|npmAuthToken|npmAuthIdent)"?\s*[=:]\s*["']?([^\s"'$][^\s"']*)`)

	keyNames  = []string{"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"}
	keyEnds   = []string{".p12", ".pfx", ".jks", ".keystore", ".ppk"}
	logins    = []string{".netrc", ".git-credentials", ".pgpass"}
	examples  = []string{"example", "sample", "template", "dist", "defaults", "schema"}
	npmrcs    = []string{".npmrc", ".yarnrc", ".yarnrc.yml"}
	pkgsLists = []string{"package.json", npmlock.PackageLock, npmlock.Shrinkwrap, "yarn.lock", "pnpm-lock.yaml", "bun.lock"}
)

// look records a file that looks like a secret. It ignores keys in modules,
// which are public and for tests.
func (w *walk) look(place, name string, info fs.FileInfo) error {
	if info.Size() == 0 || within(name, nodemodules.Dir) || within(name, gitfolder.Name) {
		return nil
	}
	why, needed := kindOf(path.Base(name), place, info.Size())
	if why != "" {
		w.secrets = append(w.secrets, secret{name, why, needed})
	}
	return nil
}

// kindOf returns why a file looks like a secret, and whether the app needs the
// file anyway.
func kindOf(base, place string, size int64) (why string, needed bool) {
	has := func(most int64, match func([]byte) bool) bool {
		if size > most {
			return false
		}
		text, err := regular.ReadFile(place)
		return err == nil && match(text)
	}
	lower := strings.ToLower(base)
	switch {
	case isEnvFile(lower):
		return "variables of an environment", false
	case slices.Contains(logins, lower):
		return "names and passwords", false
	case slices.Contains(keyNames, lower), slices.Contains(keyEnds, path.Ext(lower)):
		return "a private key", false
	case slices.Contains(npmrcs, lower):
		if has(maxKey, token.Match) {
			return "a token or a password of a registry", false
		}
	case slices.Contains(pkgsLists, lower):
		if has(maxList, npmlock.HasCredentials) {
			return "credentials in addresses", true
		}
	case size <= maxKey && hasPrivateKey(place):
		return "a private key", false
	}
	return "", false
}

// hasPrivateKey reads a small file. Apps have many, so it makes only three
// system calls.
func hasPrivateKey(place string) bool {
	file, err := syscall.Open(place, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer syscall.Close(file)
	var text [maxKey]byte
	n, err := syscall.Read(file, text[:])
	return err == nil && bytes.Contains(text[:n], []byte("PRIVATE KEY")) && privateKey.Match(text[:n])
}

// isEnvFile reports whether a file's name is that of an .env file, and not of
// an example.
func isEnvFile(name string) bool {
	if name == ".envrc" {
		return true
	}
	parts := strings.Split(name, ".")
	if len(parts) < 2 || parts[0] != "" || parts[1] != "env" {
		return false
	}
	return !slices.ContainsFunc(parts[2:], func(part string) bool { return slices.Contains(examples, part) })
}

func (f Folder) warnOfSecrets(all []secret) {
	if len(all) == 0 {
		return
	}
	const most = 10
	f.log.Process("WARNING: [secret-in-image] whoever has the image can read these files of the app:")
	needed := false
	for _, one := range all[:min(len(all), most)] {
		f.log.Subprocess("%s: %s", plain(one.file), one.why)
		needed = needed || one.needed
	}
	if more := len(all) - most; more > 0 {
		f.log.Subprocess("and %d more", more)
	}
	f.log.Action("Leave them out with a line in .dockerignore, or in exclude of project.toml, and give a container what it needs when it starts.")
	f.log.Action("A .npmrc that .dockerignore names is still there when npm installs; a service binding of type npmrc does without.")
	if needed {
		f.log.Action("Take the credentials out of addresses in package.json and the lockfile: npm finds them in .npmrc, too.")
	}
	f.log.Break()
}
