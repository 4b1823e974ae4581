//go:build linux

package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/phases"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Project is one of several projects in an app's folder, such as a workspace.
type Project struct {
	Path  string // its folder, relative to the app's, with slashes
	Image string // the image's name: NAME[:TAG]
}

// ProjectResult is what became of a project.
type ProjectResult struct {
	Project
	Result
	Took time.Duration // without the wait for other projects
	Err  error         // why there is no image, or nil
}

// Size returns the bytes of the image's layers, compressed, for all targets.
func (r ProjectResult) Size() (size int64) {
	for _, image := range r.Images {
		size += image.Size
	}
	return size
}

// BuildProjects makes an image of each of several projects of one folder, as [Build]
// does with BP_NODE_PROJECT_PATH. It copies the folder for all of them before it
// builds any, and builds one after the other: a first build begins with the cache
// that the one before left. A project that fails leaves the others; the results are
// in the order of the projects. An error means that nothing was built.
//
// The request's Image is not used. Each project has its own folder of an Output of
// files and of SBOMDir, its own CacheKey and tag of CacheImage, which end with the
// project's path: "apps-api".
func BuildProjects(ctx context.Context, r Request, projects []Project) (results []ProjectResult, err error) {
	defer explain(&err)
	log := newLog(r.Progress)
	defer log.Close()
	all, err := r.readProjects(projects, log)
	if err != nil {
		return nil, err
	}
	h, err := home.Open(r.Home, environment(r.Getenv))
	if err != nil {
		return nil, err
	}
	defer h.Finish()
	if err := startProjects(ctx, r.Sandbox, h, all); err != nil {
		return nil, err
	}
	defer func() {
		for _, p := range all {
			p.release()
		}
	}()
	var before *projectBuild
	for _, p := range all {
		if p.build(ctx, before); p.result.Err == nil {
			before.release()
			before = p
		} else {
			p.release()
		}
		results = append(results, p.result)
	}
	return results, nil
}

// startProjects checks and then starts the builds of projects. An error is one of all.
func startProjects(ctx context.Context, asked Way, h home.Home, all []*projectBuild) error {
	fit := slices.DeleteFunc(slices.Clone(all), func(p *projectBuild) bool { return p.check(ctx, h) != nil })
	if len(fit) == 0 {
		return nil
	}
	way, err := findWay(ctx, asked, h)
	if err != nil {
		return err
	}
	// A lock of each project is held at once: calls that take them in one order
	// cannot deadlock.
	slices.SortFunc(fit, func(a, b *projectBuild) int { return cmp.Compare(a.result.Path, b.result.Path) })
	for _, p := range fit {
		p.start(ctx, way)
	}
	return nil
}

// readProjects validates a request for its projects.
func (r Request) readProjects(projects []Project, log *progress.Log) (all []*projectBuild, err error) {
	if _, given := r.Env[settings.ProjectPath]; given {
		return nil, projectInvalid(settings.ProjectPath+" is given for several projects", "leave it out: --project names each.")
	}
	seen := map[string]string{}
	for _, project := range projects {
		project.Path = path.Clean(filepath.ToSlash(project.Path))
		if !filepath.IsLocal(project.Path) {
			return nil, projectInvalid(fmt.Sprintf("the project %q is not in the app's folder", project.Path), "name a folder in it, relative to it: --project apps/api.")
		}
		own := r.forProject(project)
		b, err := own.read(log.ForProject(project.Path))
		if err != nil {
			return nil, err
		}
		for what, text := range map[string]string{"path": project.called(), "image": b.name.Name()} {
			if other, taken := seen[what+" "+text]; taken {
				return nil, projectInvalid(fmt.Sprintf("the projects %s and %s have the same %s %s", other, project.Path, what, text), "name each once, and each image: --project PATH=NAME.")
			}
			seen[what+" "+text] = project.Path
		}
		all = append(all, &projectBuild{job: b, result: ProjectResult{Project: project}})
	}
	if len(all) == 0 {
		return nil, projectInvalid("there is no project", "name at least one: --project apps/api.")
	}
	return all, nil
}

func projectInvalid(cause, remedy string) error {
	return &failure.Failure{ID: "project-invalid", Cause: cause, Remedy: remedy}
}

// called is the project's path in names of files and caches.
func (p Project) called() string {
	if p.Path == "." {
		return "root"
	}
	return strings.ReplaceAll(p.Path, "/", "-")
}

// forProject returns the request for one project.
func (r Request) forProject(project Project) Request {
	called := project.called()
	r.Image = project.Image
	r.Env = maps.Clone(r.Env)
	if r.Env == nil {
		r.Env = map[string]string{}
	}
	r.Env[settings.ProjectPath] = project.Path
	switch kind, place, _ := strings.Cut(r.Output, ":"); kind {
	case "oci":
		r.Output = kind + ":" + filepath.Join(place, called)
	case "tar":
		extension := filepath.Ext(place)
		r.Output = kind + ":" + strings.TrimSuffix(place, extension) + "-" + called + extension
	}
	if r.SBOMDir != "" {
		r.SBOMDir = filepath.Join(r.SBOMDir, called)
	}
	if r.CacheKey != "" {
		r.CacheKey += " project " + project.Path
	}
	if r.CacheImage != "" {
		r.CacheImage = withSuffix(r.CacheImage, called)
	}
	return r
}

// withSuffix appends to an image's tag, which is latest if it has none.
func withSuffix(image, suffix string) string {
	if !strings.Contains(image[strings.LastIndexByte(image, '/')+1:], ":") {
		image += ":latest"
	}
	return image + "-" + suffix
}

// projectBuild is the build of one of several projects.
type projectBuild struct {
	job    *build
	builds []*phases.Build
	result ProjectResult
}

// check runs the checks that need no build.
func (p *projectBuild) check(ctx context.Context, h home.Home) error {
	p.job.home = h
	p.job.started()
	p.result.Err = p.job.checkFirst(ctx)
	return p.result.Err
}

// start prepares the project's builds: from then on they have their own copies of the
// app.
func (p *projectBuild) start(ctx context.Context, way sandbox.Way) {
	began := time.Now()
	p.job.options.Way = way
	if p.result.Err = ctx.Err(); p.result.Err == nil {
		p.builds, p.result.Result, p.result.Err = p.job.prepare(ctx)
	}
	p.result.Took = time.Since(began)
}

// build makes the project's image and reports what became of it. Before is the last
// project that has an image, or nil.
func (p *projectBuild) build(ctx context.Context, before *projectBuild) {
	began := time.Now()
	if p.result.Err == nil {
		p.result.Err = cmp.Or(ctx.Err(), p.takeCaches(before))
	}
	if p.result.Err == nil {
		p.result.Written, p.result.Err = p.job.finish(ctx, p.builds, p.job.options.Created)
	}
	p.job.log.Close()
	p.result.Took += time.Since(began)
	if p.result.Err = Explain(p.result.Err); p.result.Err != nil && ctx.Err() != nil {
		p.result.Err = ctx.Err()
	}
	if p.result.Err == nil {
		p.job.log.Image(p.result.Reference)
	}
	p.job.log.EndProject(ProjectEnded{Reference: p.result.Reference, Bytes: p.result.Size(), Took: p.result.Took, Err: p.result.Err})
}

// takeCaches lets first builds begin with the caches of another project's.
func (p *projectBuild) takeCaches(before *projectBuild) error {
	if before == nil {
		return nil
	}
	for i, b := range p.builds {
		if err := b.TakeCacheOf(before.builds[i]); err != nil {
			return err
		}
	}
	return nil
}

// release closes the project's builds. What cannot be removed does not spoil the
// image: a later call removes it.
func (p *projectBuild) release() {
	if p == nil {
		return
	}
	var failed []error
	for _, b := range p.builds {
		failed = append(failed, b.Close())
	}
	p.builds = nil
	if err := errors.Join(failed...); err != nil {
		p.job.log.Note("something of the build stays until a later call can remove it: " + err.Error())
	}
}
