package fit

import (
	"fmt"
	"path"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
)

// Fontconfig's folders, its configuration, and the part of it with the layer's fonts.
const (
	fontsDir  = "usr/share/fonts"
	fontsFile = "etc/fonts/fonts.conf"
	fontsPart = "etc/fonts/conf.d/00-layer.conf"
)

const fontsPartText = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
	<dir>%s</dir>
</fontconfig>
`

// fontsFileText is for layers with fonts and without fontconfig, for programs that
// have their own. The cache is of no use on a read-only root and no fault there.
const fontsFileText = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
	<dir>/usr/share/fonts</dir>
	<dir>/usr/local/share/fonts</dir>
	<dir prefix="xdg">fonts</dir>
	<include ignore_missing="yes">conf.d</include>
	<cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`

// fonts lets fontconfig find the layer's fonts, if there are any.
func fonts(root *rootfs.Root) error {
	_, noFonts := root.Stat(fontsDir)
	_, noFile := root.Stat(fontsFile)
	if noFonts != nil && noFile != nil {
		return nil
	}
	if noFile != nil {
		if err := root.Write(fontsFile, fontsFileText, 0o644); err != nil {
			return err
		}
	}
	return root.Write(fontsPart, fmt.Sprintf(fontsPartText, path.Join(root.Dir, fontsDir)), 0o644)
}
