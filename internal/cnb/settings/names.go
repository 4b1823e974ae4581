package settings

// Names of settings that more than one package knows. A setting of one package
// has its name there; docs/settings.md lists all of them.
const (
	ProjectPath  = "BP_NODE_PROJECT_PATH"  // of a project below the app's root
	StartScript  = "BP_NPM_START_SCRIPT"   // the script that starts the app
	StartCommand = "BP_START_COMMAND"      // the command that starts the app; with _TYPE, that of another process
	LaunchPoint  = "BP_LAUNCHPOINT"        // the file that node runs, in place of the usual ones
	StaticRoot   = "BP_STATIC_ROOT"        // the folder of a static site
	StartCheck   = "BP_NODE_START_CHECK"   // what becomes of an app that is known not to start
	RunScripts   = "BP_NODE_RUN_SCRIPTS"   // the scripts that build the app
	ModulesCheck = "BP_NODE_MODULES_CHECK" // what becomes of native files for another platform
	NodeVersion  = "BP_NODE_VERSION"
	NPMVersion   = "BP_NPM_VERSION"
	DisableSBOM  = "BP_DISABLE_SBOM"
	ImageLabels  = "BP_IMAGE_LABELS"
)
