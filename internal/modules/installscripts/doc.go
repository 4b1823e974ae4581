// Package installscripts runs the lifecycle scripts of installed packages and of
// the project, for every package manager, natively and for another target than the
// host.
//
// A manager installs with scripts off. It then makes a [Tree] of what it has
// installed, with [FromGraph] or [Scan], and a [Plan] of it in its own order, and
// lets a [Runner] run the plan:
//
//	tree, err := installscripts.FromGraph(dir, graph)
//	runner := installscripts.Runner{Dir: dir, Env: env, Target: target, Host: host, MayRun: allowed, Log: log}
//	removed, err := runner.Run(tree.ByPackage(graph))
//	err = runner.RunProject(tree.Root(), "preinstall", "install", "postinstall")
//
// For another target than the host, scripts run with the host's Node.js and the
// target's compiler, so that no program of the target runs. The scripts of packages
// that have binaries for the target already are left out: some of them, such as
// esbuild's, would replace these with the host's.
package installscripts
