//go:build linux

package platform_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/armature-cnb/armature/platform"
)

// A program that makes an image of the folder my-app, with the builder that
// $ARMATURE_BUILDER names, and says what it is made of. This is all of its main.
func ExampleBuild() {
	platform.Reexec()
	result, err := platform.Build(context.Background(), platform.Request{
		App: "my-app", Image: "my-app", Output: "oci:image", Getenv: os.Getenv,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Reference)
	for _, material := range result.Materials() {
		fmt.Println(material.Digest, material.Reference)
	}
}
