package stack_test

import (
	"archive/tar"
	"crypto/x509"
	"debug/elf"
	"encoding/pem"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

func TestConfigurationIsThatOfTheTarget(t *testing.T) {
	forAllImages(t, func(t *testing.T, img image) {
		if got := img.config.OS + "/" + img.config.Architecture; got != img.target.String() {
			t.Errorf("platform: got %s, want %s", got, img.target)
		}
		if got, want := img.config.Config.User, "1001:1000"; got != want {
			t.Errorf("user: got %s, want %s", got, want)
		}
		if !img.config.Created.Equal(oci.ModTime) {
			t.Errorf("created: got %s, want %s", img.config.Created, oci.ModTime)
		}
		if n := len(img.config.RootFS.DiffIDs); n != 1 {
			t.Errorf("got %d layers, want 1", n)
		}
		env := img.config.Config.Env
		for _, want := range []string{"CNB_USER_ID=1001", "CNB_GROUP_ID=1000"} {
			if got := slices.Contains(env, want); got != (img.kind == "build") {
				t.Errorf("environment %q has %s: got %v, want it in the build image only", env, want, got)
			}
		}
	})
}

func TestNoFileLendsRightsOrRemembersTheMoment(t *testing.T) {
	forAllImages(t, func(t *testing.T, img image) {
		for name, f := range img.files {
			if f.Mode&0o6000 != 0 {
				t.Errorf("/%s is setuid or setgid: mode %o", name, f.Mode)
			}
			if !f.ModTime.Equal(oci.ModTime) {
				t.Errorf("/%s: modified %s, want %s", name, f.ModTime, oci.ModTime)
			}
			if !slices.Contains([]byte{tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeLink}, f.Typeflag) {
				t.Errorf("/%s is neither file, folder nor link: type %q", name, f.Typeflag)
			}
			for record := range f.PAXRecords {
				if strings.HasPrefix(record, "SCHILY.xattr.") {
					t.Errorf("/%s has the extended attribute %s", name, record)
				}
			}
			if dir := path.Dir(name); dir != "." && img.files[dir].Header == nil {
				t.Errorf("/%s: its folder has no entry", name)
			}
		}
	})
}

func TestWhatMustNotBeThere(t *testing.T) {
	everywhere := []string{"usr/bin/dpkg", "usr/bin/perl", "usr/bin/su", "usr/bin/mount",
		"usr/share/man", "usr/share/locale", "usr/share/info", "var/cache", "var/log", "var/lib/apt", "var/lib/dpkg/status", "etc/apt/trusted.gpg.d"}
	inRun := []string{"etc/apt", "usr/bin/apt", "usr/bin/apt-get", "usr/bin/dpkg-deb", "usr/share/keyrings", "usr/bin/openssl", "usr/bin/python3", "usr/bin/gcc", "usr/bin/git", "usr/bin/tar", "usr/bin/find", "usr/include/stdio.h"}
	forAllImages(t, func(t *testing.T, img image) {
		absent := everywhere
		if img.kind != "build" {
			absent = slices.Concat(everywhere, inRun)
		}
		for _, name := range absent {
			if _, ok := img.files[name]; ok {
				t.Errorf("/%s is there", name)
			}
		}
	})
}

// scripted are the programs that scripts and packages take for granted at
// launch, besides what a shell does itself.
var scripted = strings.Fields("bash env cat cp mv rm mkdir ls ln chmod touch mktemp echo true false sleep date id uname nproc " +
	"head tail wc cut tr sort uniq basename dirname readlink realpath tee getconf")

func TestWhatMustBeThere(t *testing.T) {
	everywhere := []string{"etc/os-release", "etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/services", "etc/protocols",
		"usr/share/zoneinfo/Europe/Berlin", "usr/share/zoneinfo/UTC", "dev", "proc", "sys", "tmp", "root"}
	inRun := []string{"bin/sh"}
	for _, program := range scripted {
		inRun = append(inRun, "usr/bin/"+program)
	}
	inBuild := []string{"bin/sh", "bin/bash", "usr/bin/env", "usr/bin/git", "usr/bin/ssh", "usr/bin/python3", "usr/bin/make", "usr/bin/cc", "usr/bin/gcc",
		"usr/bin/c++", "usr/bin/g++", "usr/bin/ld", "usr/bin/ar", "usr/bin/strip", "usr/bin/pkg-config", "usr/bin/patch", "usr/bin/tar", "usr/bin/gzip",
		"usr/bin/xz", "usr/bin/find", "usr/bin/grep", "usr/bin/sed", "usr/bin/awk", "usr/bin/which", "usr/bin/diff", "usr/bin/getconf", "usr/bin/ldd", "usr/bin/hostname",
		"usr/include/stdio.h", "usr/include/c++/14/vector", "usr/lib/git-core/git-remote-https",
		"usr/bin/apt-get", "usr/bin/apt-cache", "usr/bin/dpkg-deb", "usr/bin/sqv", "usr/lib/apt/methods/https", "usr/share/dpkg/cputable",
		"usr/share/keyrings/debian-archive-keyring.pgp", "etc/apt/sources.list"}
	forAllImages(t, func(t *testing.T, img image) {
		also := map[string][]string{"run": inRun, "build": inBuild}
		names := slices.Concat(everywhere, also[img.kind])
		for _, name := range names {
			if _, ok := img.resolve(name); !ok {
				t.Errorf("/%s is not there", name)
			}
		}
		for _, library := range []string{"libatomic.so.1", "libstdc++.so.6", "libgcc_s.so.1", "libc.so.6", "libm.so.6"} {
			if !img.findLibrary("", library, nil) {
				t.Errorf("%s is not there", library)
			}
		}
	})
}

// Node.js's own flags for an addon: C++20, position independent. What is
// compiled with them needs these of the other target.
func TestTheBuildImageCompilesForTheOtherTarget(t *testing.T) {
	forEveryImage(t, "build", func(t *testing.T, img image) {
		for _, other := range targets.All() {
			if other == img.target {
				continue
			}
			for _, program := range []string{"gcc", "g++", "ar", "ld", "strip", "ranlib", "nm", "objcopy"} {
				if _, ok := img.resolve("usr/bin/" + other.Triplet() + "-" + program); !ok {
					t.Errorf("/usr/bin/%s-%s is not there", other.Triplet(), program)
				}
			}
			for _, name := range []string{"include/stdio.h", "include/c++/14/vector", "lib/libc.so.6", "lib/libstdc++.so.6", "lib/libatomic.so.1"} {
				if _, ok := img.resolve("usr/" + other.Triplet() + "/" + name); !ok {
					t.Errorf("/usr/%s/%s is not there", other.Triplet(), name)
				}
			}
		}
	})
}

// A program that is there could be a shell under another name.
func TestTheTinyImageHasNoProgram(t *testing.T) {
	forEveryImage(t, "run-tiny", func(t *testing.T, img image) {
		for name, f := range img.files {
			dir := path.Dir(name)
			if path.Base(dir) == "bin" || path.Base(dir) == "sbin" {
				t.Errorf("/%s is there", name)
			}
			executable := f.Typeflag == tar.TypeReg && f.Mode&0o111 != 0
			library := strings.HasPrefix(name, "usr/lib/"+img.target.Triplet()+"/")
			if executable && !library {
				t.Errorf("/%s can be executed", name)
			}
		}
	})
}

// The timezones and the authorities do not depend on who takes the smaller
// image.
func TestTheTinyImageKnowsAsMuchOfTheWorld(t *testing.T) {
	for _, tg := range targets.All() {
		whole, tiny := load(t, "run", tg), load(t, "run-tiny", tg)
		for name := range whole.files {
			for _, folder := range []string{"usr/share/zoneinfo/", "etc/ssl/certs/", "usr/share/ca-certificates/"} {
				if _, ok := tiny.files[name]; !ok && strings.HasPrefix(name, folder) {
					t.Errorf("%s: /%s is not there", tg, name)
				}
			}
		}
	}
}

func TestUserOwnsItsHome(t *testing.T) {
	forAllImages(t, func(t *testing.T, img image) {
		for _, line := range []string{"root:x:0:0:", "nobody:x:65534:65534:", "cnb:x:1001:1000:cnb:/home/cnb:"} {
			if !strings.Contains(string(img.files["etc/passwd"].content), line) {
				t.Errorf("/etc/passwd has no line %q", line)
			}
		}
		if home := img.files["home/cnb"]; home.Uid != 1001 || home.Gid != 1000 || home.Mode != 0o755 {
			t.Errorf("/home/cnb: got %d:%d mode %o, want 1001:1000 mode 755", home.Uid, home.Gid, home.Mode)
		}
		for _, name := range []string{"tmp", "var/tmp"} {
			if mode := img.files[name].Mode; mode != 0o1777 {
				t.Errorf("/%s: got mode %o, want 1777", name, mode)
			}
		}
	})
}

func TestEveryELFFileIsOfTheTarget(t *testing.T) {
	atLeast := map[string]int{"run": 55, "run-tiny": 12, "build": 200}
	forAllImages(t, func(t *testing.T, img image) {
		files := img.elfFiles(t)
		if len(files) < atLeast[img.kind] {
			t.Errorf("got %d ELF files, want at least %d", len(files), atLeast[img.kind])
		}
		for name, f := range files {
			if want := img.targetOf(name).ELF(); f.Machine != want {
				t.Errorf("/%s: got %v, want %v", name, f.Machine, want)
			}
		}
	})
}

// Dependencies of packages are not followed, or only in part: this is what
// proves that no library is missing.
func TestEveryNeededLibraryIsThere(t *testing.T) {
	forAllImages(t, func(t *testing.T, img image) {
		for name, f := range img.elfFiles(t) {
			needed, err := f.ImportedLibraries()
			if err != nil {
				t.Errorf("/%s: %v", name, err)
			}
			runPaths, err := f.DynString(elf.DT_RUNPATH)
			if err != nil {
				t.Errorf("/%s: %v", name, err)
			}
			for _, library := range needed {
				if !img.findLibrary(name, library, runPaths) {
					t.Errorf("/%s needs %s, which is not there", name, library)
				}
			}
			if loader := interpreter(f); loader != "" && img.targetOf(name) == img.target {
				if _, ok := img.resolve(strings.TrimPrefix(loader, "/")); !ok {
					t.Errorf("/%s is started by %s, which is not there", name, loader)
				}
			}
		}
	})
}

func interpreter(f *elf.File) string {
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			loader := make([]byte, p.Filesz)
			if _, err := p.ReadAt(loader, 0); err != nil {
				return err.Error()
			}
			return strings.TrimRight(string(loader), "\x00")
		}
	}
	return ""
}

func TestCertificates(t *testing.T) {
	// As "openssl x509 -subject_hash" prints them: plain ones, one with spaces
	// and digits, one in Latin-1, one with letters beyond ASCII.
	known := map[string]string{
		"4042bcee.0": "ISRG_Root_X1",
		"607986c7.0": "DigiCert_Global_Root_G2",
		"2923b3f9.0": "emSign_Root_CA_-_G1",
		"aee5f10d.0": "Entrust.net_Premium_2048_Secure_Server_CA",
		"988a38cb.0": "NetLock_Arany_=Class_Gold=_Főtanúsítvány",
	}
	hashLink := regexp.MustCompile(`^etc/ssl/certs/[0-9a-f]{8}\.\d$`)
	forAllImages(t, func(t *testing.T, img image) {
		bundle := strings.Count(string(img.files["etc/ssl/certs/ca-certificates.crt"].content), "-----BEGIN CERTIFICATE-----")
		links := 0
		for name := range img.files {
			if !hashLink.MatchString(name) {
				continue
			}
			links++
			f, ok := img.resolve(name)
			if !ok {
				t.Errorf("/%s leads nowhere", name)
				continue
			}
			block, _ := pem.Decode(f.content)
			if block == nil {
				t.Errorf("/%s leads to what is not PEM", name)
			} else if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				t.Errorf("/%s: %v", name, err)
			}
		}
		if bundle <= 100 || links != bundle {
			t.Errorf("got %d certificates in the bundle and %d hash links, want more than 100 of each and as many", bundle, links)
		}
		for link, name := range known {
			if _, ok := img.files["etc/ssl/certs/"+name+".pem"]; !ok && name != "ISRG_Root_X1" {
				t.Logf("Debian no longer has the certificate %s, its hash is not looked at", name)
				continue
			}
			if got := img.files["etc/ssl/certs/"+link]; got.Header == nil || got.Linkname != name+".pem" {
				t.Errorf("/etc/ssl/certs/%s: got %+v, want a link to %s.pem", link, got.Header, name)
			}
		}
	})
}
