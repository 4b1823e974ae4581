//go:build linux

package phases

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/files/regular"
)

// readCacheMetadata is readCacheList for the path of a cache folder.
func readCacheMetadata(folder string) ([]labels.BuildpackLayers, map[string]json.RawMessage, error) {
	dir, err := os.OpenRoot(folder)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	return readCacheList(dir)
}

// readCacheList reads a cache folder's list of layers, and the other fields
// beside it. The lifecycle restores no layer whose digest differs from the list's
// (cache/volume_cache.go of lifecycle 0.21). Programs of the app could write the
// list: one that the lifecycle could read and armature cannot is an error.
func readCacheList(dir *os.Root) ([]labels.BuildpackLayers, map[string]json.RawMessage, error) {
	text, err := regular.Read(dir, cacheList, maxCacheList)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, imageChanged("the list of the layers in its cache: " + err.Error())
	}
	var list labels.LifecycleMetadata
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil || json.Unmarshal(text, &list) != nil {
		return nil, nil, nil // the lifecycle restores nothing from it
	}
	return list.Buildpacks, all, nil
}

// cachedLayers lists the layers in the lifecycle's cache.
func (b *Build) cachedLayers(image v1.Image) ([]labels.BuildpackLayers, error) {
	if b.CacheImage == "" {
		list, _, err := readCacheMetadata(b.cacheFolder())
		return list, err
	}
	if image == nil {
		return nil, nil
	}
	var list labels.LifecycleMetadata
	err := labels.Read(image, labels.Cache, &list)
	return list.Buildpacks, err
}

// dropFromCache removes unverified layers from the cache's list, so that the next
// build makes them again. A cache image with one is not pushed.
func (b *Build) dropFromCache(kept []cleanLayer, known []cleanLayers) error {
	var drop []layerName
	for _, layer := range kept {
		if same, _ := compareWithAll(known, layer); !same {
			drop = append(drop, layer.Name)
		}
	}
	if len(drop) == 0 {
		return nil
	}
	b.Log.Note(fmt.Sprintf("the next build makes %s anew: nothing says that no program of the app wrote to it", drop[0]))
	if b.CacheImage != "" {
		b.badCache = true
		return nil
	}
	return dropCached(b.cacheFolder(), drop, b.builder.user, b.builder.group, !b.Way.OneID())
}

func dropCached(folder string, drop []layerName, user, group int, chown bool) error {
	dir, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	list, all, err := readCacheList(dir)
	if err != nil || all == nil {
		return err
	}
	for _, one := range list {
		for layer := range one.Layers {
			if slices.Contains(drop, nameOf(one.Key, one.Version, layer)) {
				delete(one.Layers, layer)
			}
		}
	}
	all["buildpacks"] = asJSON(list)
	err = dir.Remove(cacheList) // it may be a hard link to another file
	if err == nil {
		err = dir.WriteFile(cacheList, asJSON(all), 0o644)
	}
	if err == nil && chown {
		err = dir.Lchown(cacheList, user, group)
	}
	return err
}
