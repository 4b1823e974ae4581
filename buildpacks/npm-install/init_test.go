package npminstall_test

import (
	"testing"

	"github.com/sclevine/spec"
	"github.com/sclevine/spec/report"
)

func TestNPMInstall(t *testing.T) {
	t.Parallel()
	suite := spec.New("npm-install", spec.Report(report.Terminal{}), spec.Parallel())
	suite("Detect", testDetect)
	suite("Build", testBuild)
	suite("BuildAndLaunch", testBuildAndLaunch)
	suite("Vendored", testVendored)
	suite("OtherTarget", testOtherTarget)
	suite("ChosenNPM", testChosenNPM)
	suite("BillOfMaterials", testBillOfMaterials)
	suite("BuildScripts", testBuildScripts)
	suite("ChosenScripts", testChosenScripts)
	suite("Workspace", testWorkspace)
	suite("WorkspaceLinks", testWorkspaceLinks)
	suite.Run(t)
}
