package scripts_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/scripts"
	"github.com/armature-cnb/armature/internal/failure"
)

// run runs a postinst on a layer with some files and applies the alternatives.
func run(t *testing.T, script, templates string, files ...string) (*rootfs.Root, error) {
	t.Helper()
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	for _, name := range files {
		if err := root.Write(name, name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	alternatives := scripts.Alternatives{}
	p := scripts.Package{Name: "x", Arch: "arm64", Control: map[string]string{"postinst": script, "templates": templates}}
	if err := scripts.Run(t.Context(), p, root, alternatives); err != nil {
		return root, err
	}
	return root, alternatives.Apply(root)
}

func TestAlternativesBecomeLinks(t *testing.T) {
	root, err := run(t, `#!/bin/sh
set -e
if [ "$1" = "configure" ]; then
    for prog in convert magick; do
	if dpkg --compare-versions "$2" lt-nl "8:6.9"; then
	    update-alternatives --remove-all $prog
	fi
	update-alternatives --install /usr/bin/$prog \
	    $prog /usr/bin/$prog-im7 100 \
	    --slave /usr/share/man/man1/$prog.1.gz $prog.1.gz /usr/share/man/man1/$prog-im7.1.gz
    done
    update-alternatives --install /usr/bin/convert convert /usr/bin/convert-im6 50
    update-alternatives --install /usr/bin/gone gone /usr/bin/not-there 50
fi
`, "", "usr/bin/convert-im7", "usr/bin/convert-im6", "usr/bin/magick-im7")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"usr/bin/convert": "convert-im7", "usr/bin/magick": "magick-im7", "usr/bin/gone": "", "usr/share/man/man1/convert.1.gz": ""} {
		if got, _ := root.Readlink(name); got != want {
			t.Errorf("%s: got a link to %q, want %q", name, got, want)
		}
	}
}

func TestDebconfHasTheDefaults(t *testing.T) {
	root, err := run(t, `#!/bin/sh
set -e
. /usr/share/debconf/confmodule
db_version 2.0
db_get x/style
case "$RET" in
slight) ln -s /usr/share/x/slight.conf /etc/x/style.conf ;;
*) ln -s /usr/share/x/other.conf /etc/x/style.conf ;;
esac
db_get x/unknown || mkdir -p /etc/x/unknown
if [ -h /etc/x/style.conf ]; then rm /etc/x/old.conf; fi
rm -f /etc/x/none
db_stop
`, "Template: x/style\nType: select\nDefault: slight\n", "usr/share/x/slight.conf", "etc/x/old.conf")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := root.Readlink("etc/x/style.conf"); got != "../../usr/share/x/slight.conf" {
		t.Errorf("got a link to %q", got)
	}
	if _, err := root.Lstat("etc/x/old.conf"); err == nil {
		t.Error("what the script removes is there")
	}
	if _, err := root.Lstat("etc/x/unknown"); err != nil {
		t.Error("a question without a template has an answer")
	}
}

func TestWhatAnImageDoesNotNeedIsLeftOut(t *testing.T) {
	for _, row := range []struct{ name, script string }{
		{"caches", "#!/bin/sh\nldconfig\nfc-cache -s -f -v 1>/var/log/fontconfig.log 2>&1 || exit 1\nupdate-mime-database /usr/share/mime\n"},
		{"a cache's own path", "#! /bin/sh\n/usr/lib/glib-2.0/glib-compile-schemas /usr/share || true\n"},
		{"a cache of a list of files", "#!/bin/sh\nset -e\nD=/usr/lib/a/gdk-pixbuf-2.0/2.10.0\nmkdir -p $D/loaders\nif [ -d $D ]; then\n  $D/gdk-pixbuf-query-loaders $(find $D /none -name *.so 2>/dev/null | LC_ALL=C sort) > $D/loaders.cache || true\nfi\n"},
		{"services", "#!/bin/sh\nset -e\nif deb-systemd-helper --quiet was-enabled x.service; then systemctl daemon-reload >/dev/null || true; fi\n"},
		{"an older version", "#!/bin/sh\nset -e\nif dpkg --compare-versions \"$2\" lt-nl 2; then adduser x; fi\ndpkg-maintscript-helper rm_conffile /etc/x 1~ -- \"$@\"\n"},
		{"an upgrade", "#!/bin/bash\nif [ \"$1\" = upgrade ] || [ -n \"$2\" ]; then cp /a /b; fi\nexit 0\n"},
		{"a program that is not there", "#!/bin/sh\nif command -v sh >/dev/null; then cp /a /b; fi\nif which bash; then cp /a /b; fi\n[ -x /bin/sh ] && cp /a /b\ntrue\n"},
		{"the host's files", "#!/bin/sh\nif [ -e /etc/passwd ] || [ -d /usr/bin ]; then cp /a /b; fi\nfor f in /etc/*; do [ \"$f\" = '/etc/*' ] || cp $f /b; done\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := run(t, row.script, ""); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAScriptThatDoesMoreIsAnError(t *testing.T) {
	for _, row := range []struct{ name, script, says string }{
		{"a user", "#!/bin/sh\nset -e\nadduser --system x\n", `postinst that does more than a layer can have, in line 3: "adduser --system x"`},
		{"in a pipe", "#!/bin/sh\n\necho x | adduser x\ntrue\n", "in line 3"},
		{"in a substitution", "#!/bin/sh\nA=$(getent passwd x)\ntrue\n", "in line 2"},
		{"whose failure is caught", "#!/bin/sh\nadduser x || true\n", "in line 2"},
		{"a file", "#!/bin/sh\ntrue\necho x >/etc/x.conf\n", `in line 3: "echo x >/etc/x.conf": it writes /etc/x.conf`},
		{"a copy", "#!/bin/sh\ncp /usr/share/x /etc/x\n", "in line 2"},
		{"a file of the host", "#!/bin/sh\n. /etc/os-release\n", "line 1"},
		{"rights", "#!/bin/sh\nchmod u+s /usr/bin/x\n", "in line 2"},
		{"another language", "#!/usr/bin/perl\nprint 1;\n", "in line 1: \"#!/usr/bin/perl\": it is no shell script"},
		{"a failure", "#!/bin/sh\nexit 3\n", "exit status 3"},
		{"no script at all", "#!/bin/sh\nif\n", "line 1"},
		{"an option of alternatives", "#!/bin/sh\nupdate-alternatives --config x\n", "want --install LINK NAME PATH PRIORITY"},
		{"a search that removes", "#!/bin/sh\nfind /usr -name x -delete\n", "in line 2"},
		{"a file in a variable", "#!/bin/sh\nA=/etc/x\necho x >$A\n", "in line 3"},
		{"a removal of folders", "#!/bin/sh\nrm -rf /usr\n", "in line 2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := run(t, row.script, "")
			if !errors.Is(err, &failure.Failure{ID: scripts.UnsupportedID}) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want [%s] with %s", err, scripts.UnsupportedID, row.says)
			}
		})
	}
}

func TestAScriptWithoutAnEndIsStopped(t *testing.T) {
	scripts.Limit(t)
	if _, err := run(t, "#!/bin/sh\nwhile :; do :; done\n", ""); err == nil {
		t.Error("got no error")
	}
}
