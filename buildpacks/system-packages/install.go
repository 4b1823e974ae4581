package systempackages

import (
	"archive/tar"
	"context"
	"fmt"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/apt"
	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/deb"
	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/fit"
	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/scripts"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/sbom"
)

// unpack fills a layer's folder with downloaded packages.
func (run *build) unpack(ctx context.Context, dir string, selected []apt.Selected) (env packit.Environment, err error) {
	defer func() {
		if diskfull.Is(err) {
			err = diskfull.Failure("unpacking system packages", err, dir, "--home")
		}
	}()
	root, err := rootfs.Open(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var packages []scripts.Package
	for _, s := range selected {
		control, err := deb.Control(ctx, s.File)
		if err != nil {
			return nil, err
		}
		packages = append(packages, scripts.Package{Name: s.Name, Arch: run.target.Arch, Control: control})
		err = deb.Files(ctx, s.File, func(archive *tar.Reader) error { return root.Add(archive) })
		if err != nil {
			return nil, err
		}
	}
	if err := root.Link(); err != nil {
		return nil, err
	}
	alternatives := scripts.Alternatives{}
	for _, p := range packages {
		if err := scripts.Run(ctx, p, root, alternatives); err != nil {
			return nil, err
		}
	}
	if err := alternatives.Apply(root); err != nil {
		return nil, err
	}
	if err := root.Relink(); err != nil {
		return nil, err
	}
	env, err = fit.Apply(root)
	if err != nil {
		return nil, fmt.Errorf("letting programs find their files: %w", err)
	}
	return env, nil
}

// document is the SBOM of the packages.
func (run *build) document(selected []apt.Selected) sbom.Document {
	document := sbom.Document{Name: packagesLayer}
	for _, s := range selected {
		document.Components = append(document.Components, sbom.Component{
			Name: s.Name, Version: s.Version, PURL: sbom.DebPURL(s.Name, s.Version, s.Arch, run.distro),
			Checksums: map[string]string{"sha256": s.SHA256},
		})
	}
	return document
}
