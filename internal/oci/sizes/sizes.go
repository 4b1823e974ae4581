// Package sizes measures images and their layers.
package sizes

import (
	"errors"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Layer is a layer of an image, or several layers of one owner.
type Layer struct {
	Owner        string `json:"owner"`
	Compressed   int64  `json:"compressed"`   // bytes
	Uncompressed int64  `json:"uncompressed"` // bytes
}

// Of measures all layers of an image, the lowest first. Owners are the layers'
// names by digest; a layer without one gets its digest as its name.
func Of(image v1.Image, owners map[string]string) ([]Layer, error) {
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	var all []Layer
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return nil, err
		}
		one := Layer{Owner: owners[digest.String()]}
		if one.Owner == "" {
			one.Owner = digest.String()
		}
		if one.Compressed, err = layer.Size(); err != nil {
			return nil, err
		}
		content, err := layer.Uncompressed()
		if err != nil {
			return nil, err
		}
		one.Uncompressed, err = io.Copy(io.Discard, content)
		if err := errors.Join(err, content.Close()); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// Total is the sum of layers.
func Total(layers []Layer) (sum Layer) {
	for _, one := range layers {
		sum.Compressed += one.Compressed
		sum.Uncompressed += one.Uncompressed
	}
	return sum
}
