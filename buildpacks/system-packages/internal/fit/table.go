package fit

// How a variable joins its paths with what is set already.
const (
	after   = "after"   // after it, with colons
	instead = "instead" // only where nothing is set
)

// variable is a variable of the app's process that tells programs where their files
// are: their own paths begin at the root.
type variable struct {
	name     string
	patterns []string // of paths in the layer; all that match, in this order
	how      string
	rest     string // what follows the paths
}

// variables is the table of all of them. A variable without a path is not set.
var variables = []variable{
	{name: "PATH", how: after, patterns: []string{"usr/bin", "usr/sbin", "usr/games"}},
	{name: "XDG_DATA_DIRS", how: instead, patterns: []string{"usr/share"}, rest: ":/usr/local/share:/usr/share"},

	// fontconfig: see fonts.go.
	{name: "FONTCONFIG_PATH", how: instead, patterns: []string{"etc/fonts"}},
	{name: "FONTCONFIG_FILE", how: instead, patterns: []string{"etc/fonts/fonts.conf"}},

	// ImageMagick: its "resources" page.
	{name: "MAGICK_CONFIGURE_PATH", how: instead, patterns: []string{"etc/ImageMagick-*", "usr/share/ImageMagick-*", "usr/lib/*/ImageMagick-*/config-*"}},
	{name: "MAGICK_CODER_MODULE_PATH", how: instead, patterns: []string{"usr/lib/*/ImageMagick-*/modules-*/coders"}},
	{name: "MAGICK_CODER_FILTER_PATH", how: instead, patterns: []string{"usr/lib/*/ImageMagick-*/modules-*/filters"}},

	{name: "LIBHEIF_PLUGIN_PATH", how: instead, patterns: []string{"usr/lib/*/libheif/plugins"}},

	// Mesa and libglvnd.
	{name: "LIBGL_DRIVERS_PATH", how: instead, patterns: []string{"usr/lib/*/dri"}},
	{name: "GBM_BACKENDS_PATH", how: instead, patterns: []string{"usr/lib/*/gbm"}},
	{name: "__EGL_VENDOR_LIBRARY_DIRS", how: instead, patterns: []string{"usr/share/glvnd/egl_vendor.d"}},

	{name: "XKB_CONFIG_ROOT", how: instead, patterns: []string{"usr/share/X11/xkb"}},
	{name: "ALSA_CONFIG_PATH", how: instead, patterns: []string{"usr/share/alsa/alsa.conf"}},
	{name: "GS_LIB", how: instead, patterns: []string{"usr/share/ghostscript/*/Resource/Init", "usr/share/ghostscript/*/Resource/Font", "usr/share/ghostscript/*/Resource", "usr/share/ghostscript/*/lib", "usr/share/ghostscript/*/iccprofiles"}},
	{name: "TESSDATA_PREFIX", how: instead, patterns: []string{"usr/share/tesseract-ocr/*/tessdata"}},
	{name: "MAGIC", how: instead, patterns: []string{"usr/lib/file/magic.mgc"}},
	{name: "PERL5LIB", how: instead, patterns: []string{"usr/share/perl5", "usr/lib/*/perl5/*", "usr/share/perl/5.*.*", "usr/lib/*/perl/5.*.*", "usr/lib/*/perl-base"}},

	// Where programs that drive a browser look for it.
	{name: "CHROME_BIN", how: instead, patterns: []string{"usr/bin/chromium"}},
	{name: "PUPPETEER_EXECUTABLE_PATH", how: instead, patterns: []string{"usr/bin/chromium"}},
}

// direct are programs whose scripts need programs that the run images do not have,
// or paths from the root, and what they start in the end. The layer has links to
// these in their place.
var direct = map[string]string{
	"usr/bin/chromium": "/usr/lib/chromium/chromium",
}
