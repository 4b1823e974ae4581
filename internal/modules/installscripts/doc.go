// Package installscripts runs the lifecycle scripts of installed packages and of
// the project, for every package manager, natively and for another target than the
// host.
//
// A manager installs with scripts off. It then makes a [Tree] of what it has
// installed, with [FromGraph] or [Scan], and a [Plan] of it in its own order, and
// lets a [Runner] run the plan:
//
//	tree, err := installscripts.FromGraph(dir, graph)
//	runner := installscripts.Runner{Env: env, Target: target, Host: host, MayRun: allowed, Preparing: part.Preparing, Log: log}
//	removed, err := runner.Run(tree, tree.ByPackage())
//	err = runner.RunProject(tree, "preinstall", "install", "postinstall", "prepare")
//
// Scripts that prepare ([IsPreparing]) run only with a Preparing function, which the
// install for the build has.
//
// For another target than the host, scripts run with the host's Node.js and the
// target's compiler, so that no program of the target runs. The scripts of packages
// that have binaries for the target already are left out: some of them, such as
// esbuild's, would replace these with the host's.
package installscripts
