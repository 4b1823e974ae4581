//go:build linux

package platform_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/armature-cnb/armature/platform"
)

// This is a complete program: it makes an image of the folder my-app, with the
// builder in $ARMATURE_BUILDER, and prints the image and its inputs.
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
